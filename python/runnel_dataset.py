"""Loads what `runnel dataset` wrote, as NumPy arrays that a training takes as they are.

    import runnel_dataset

    X, y, mask = runnel_dataset.windows("train")            # (N, T, D), (N,), (N,): batch first
    X, y, mask = runnel_dataset.windows("train", time_first=True)       # (T, N, D), for batch_first=False

    for record in runnel_dataset.records("whole"):          # of --whole: one after the other, state carried
        record.name, record.x, record.y, record.mask        # (T, D), (T,), (T,)
        for part in record.parts():                         # slices between which state begins anew
            ...

    X, y, mask = runnel_dataset.events("beats")             # (E, F), (E,), (E,)

What the arrays are is in manifest.json: classes in the order of y, rate, conditioning, and what a model must be exported
with (`runnel_export.save(..., rate=, conditioning=, delay=, window=, hop=)`).

y counts from 0, -1 where nobody knows. mask is True where a row may be learned; a loss over all rows is to be multiplied
by it, or y set to -1 where it is False and `ignore_index=-1` given. Needs numpy only.
"""

import json
import os
import sys
from collections import namedtuple

import numpy as np

Windows = namedtuple("Windows", "X y mask")


class Record(namedtuple("Record", "name x y mask starts")):
    """One record of a `--whole` set. `starts`: rows at which state begins anew, after gaps that were too long."""

    def parts(self):
        """Slices of rows over which h and c are carried on; a step is taken in each row that is not missing."""
        ends = [*self.starts[1:], len(self.x)]
        return [slice(first, end) for first, end in zip(self.starts, ends) if first < end]


def manifest(folder):
    """The set's own description, a dictionary."""
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        return json.load(file)


def windows(folder, time_first=False, records=None):
    """X (N, T, D), y (N,) or (N, T), mask the same, of a set made with --window.

    `records` are names: only their windows. Split by record, never by window: neighbours overlap, and one patient's beats
    are alike. Windows are gathered here, each with its own copy; for a set that does not fit into memory read x.npy with
    mmap_mode="r" and gather a batch at a time, with the same line.
    """
    described = _of_kind(folder, "windows")
    x, index, y, mask = (np.load(os.path.join(folder, f"{name}.npy"), mmap_mode="r") for name in
                         ("x", "index", "y", "mask"))  # fmt: skip
    cut = described["window"]
    places = index[:, None] + np.arange(cut["length"])  # (N, T)
    chosen = np.ones(len(index), bool)
    if records is not None:
        chosen = _within(index, [r["frames"] for r in described["records"] if r["name"] in set(records)])
        places = places[chosen]
    X = np.asarray(x[places])  # (N, T, D)
    normalisation = described["conditioning"].get("normalisation", {})
    if normalisation.get("kind") == "window":  # as the network will do it
        mean, variance = X.mean(1, dtype=np.float64, keepdims=True), X.var(1, dtype=np.float64, keepdims=True)
        X = ((X - mean) / np.sqrt(variance + normalisation.get("epsilon", 1e-5))).astype(np.float32)
    if cut["target"] == "all":
        y, mask = y[places], mask[places]
    else:
        y, mask = y[chosen], mask[chosen]
    y, mask = np.asarray(y), np.asarray(mask).astype(bool)
    if time_first:
        X = X.swapaxes(0, 1)  # (T, N, D)
        if y.ndim == 2:
            y, mask = y.swapaxes(0, 1), mask.swapaxes(0, 1)
    return Windows(X, y, mask)


def records(folder):
    """The records of a set made with --whole, in its order."""
    described = _of_kind(folder, "whole")
    for each in described["records"]:
        x, y, mask = (np.load(os.path.join(folder, f"{each['name']}.{name}.npy")) for name in ("x", "y", "mask"))
        frames = described["rate"] / each["rate"]
        starts = [0] + [int(np.ceil(gap["rows"][1] * frames - 1e-9)) for gap in each["gaps"] if gap["reset"]]
        yield Record(each["name"], x, y, mask.astype(bool), starts)


def events(folder, records=None):
    """X (E, F), y (E,), mask (E,) of a set made with --events; columns are named in the manifest."""
    described = _of_kind(folder, "events")
    X, y, mask = (np.load(os.path.join(folder, f"{name}.npy")) for name in ("x", "y", "mask"))
    if records is not None:
        chosen = _within(
            np.arange(len(y)), [r["frames"] for r in described["records"] if r["name"] in set(records)])
        X, y, mask = X[chosen], y[chosen], mask[chosen]
    return Windows(X, y, mask.astype(bool))


def _of_kind(folder, kind):
    described = manifest(folder)
    if described["kind"] != kind:
        raise ValueError(f"{folder} holds {described['kind']}, not {kind}: make it with runnel dataset")
    return described


def _within(places, ranges):
    chosen = np.zeros(len(places), bool)
    for first, end in ranges:
        chosen |= (places >= first) & (places < end)
    return chosen


def main():
    """What is in a folder, in a few lines."""
    folder = sys.argv[1]
    described = manifest(folder)
    print(f"{folder}: {described['kind']}, classes {' '.join(described['classes'])}, {described['rate']:g} Hz")
    if described["kind"] == "whole":
        for record in records(folder):
            print(f"  {record.name}: x {record.x.shape}, {record.mask.sum()} of {len(record.y)} rows to learn from")
        return
    X, y, mask = windows(folder) if described["kind"] == "windows" else events(folder)
    print(f"  X {X.shape}, y {y.shape}, {mask.sum()} of {mask.size} to learn from")
    for number, name in enumerate(described["classes"]):
        print(f"  {name}: {np.count_nonzero((y == number) & mask)}")


if __name__ == "__main__":
    main()
