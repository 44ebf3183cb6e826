"""Compute anew every label that `runnel label` gives for a record, and compare: scores, places, classes and their number.

    python python/parity_labels.py                  all models of the golden files, on 20 synthetic seconds
    python python/parity_labels.py MODEL …          these; --record NAME.hea takes another record

`runnel label --conditioned` writes what the network sees. Everything behind it is done here a second time, in NumPy and
in fractions, from what the design says: networks by runnel_reference.py, windows on the grid of the record, the place of
each output less the delay, the peaks of a decision, the features of an event stage. Exit code 1 where something differs.

Needs numpy.
"""

import argparse
import collections
import glob
import json
import math
import os
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np

import runnel_reference

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIMIT = 1e-5


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def nearest(x):
    """To the nearest integer, halves up."""
    return math.floor(x + Fraction(1, 2))


class Grid:
    """Frames among the rows of a record."""

    def __init__(self, description, rate):
        own = Fraction(description["rate"]).limit_denominator(10**6)
        trained = Fraction(description.get("trained_rate", description["rate"])).limit_denominator(10**6)
        self.rows = rate / own  # from frame to frame
        lag = lambda other: 0 if other == own else 5 / min(other, own)  # a resampler's: five periods of the lower rate
        frames = nearest(Fraction(description.get("delay", 0)) * own)
        self.delay = frames * self.rows + (lag(rate) - lag(trained)) * rate

    def newest(self, frame):
        return math.floor(frame * self.rows)

    def place(self, frame, decided):
        """What a label speaks of: no row that has not come."""
        return min(nearest(frame * self.rows - self.delay), self.newest(decided))


# --- outputs: (frame it speaks of, newest frame it rests on, scores)


def carried(model, frames):
    first, stride, _ = model.grid()
    return [(first + m * stride, first + m * stride, scores) for m, scores in enumerate(model.run(frames))]


def windowed(model, frames):
    description = model.description
    length, hop = description["window"]["length"], description.get("hop", 1)
    starts = range(0, len(frames) - length + 1, hop)
    scores = model.run_windows(np.stack([frames[start : start + length] for start in starts]))
    first, stride, ahead = model.grid()
    steps = model.graph.whole(np.zeros((1, length, frames.shape[1]))).shape[1]
    target = description["window"].get("target", steps - 1)
    collapses = any(layer.kind in ("globalpool", "final") for layer in model.graph.layers) or model.decoder
    spoken = length - 1 if collapses else first + target * stride - ahead
    decided = length - 1
    if not needs_whole_windows(model):
        # Side by side: frames behind the target's change nothing, so windows that the end cuts there count too.
        decided = first + target * stride
        late = range(starts[-1] + hop if starts else 0, len(frames) - decided, hop)
        more = [np.pad(frames[start : start + length], ((0, start + length - len(frames)), (0, 0))) for start in late]
        if more:
            scores = np.concatenate([scores, model.run_windows(np.stack(more))])
            starts = [*starts, *late]
    return [(start + spoken, start + decided, each) for start, each in zip(starts, scores)]


def needs_whole_windows(model):
    description = model.description
    return (
        description["pattern"] != "many-to-one"
        or description.get("conditioning", {}).get("normalisation", {}).get("kind") == "window"
        or any(
            layer.kind in ("globalpool", "final")
            or layer.right > 0
            or layer.entry.get("direction", "forward") != "forward"
            for layer in model.graph.layers
        )
    )


# --- decisions


def stopped(model, scores):
    """The steps of a sequence before the class that ends it."""
    names = model.heads[0]["labels"]
    if model.decoder and "stop" in model.decoder:
        ends = np.flatnonzero(scores.argmax(1) == names.index(model.decoder["stop"]))
        return scores[: ends[0]] if len(ends) else scores
    return scores


Peak = collections.namedtuple("Peak", "position peak decided means")


def peaks(rule, scores, rate, names):
    """Candidates open at s ≥ enter and close below leave or at max_width; scores (M, K)."""
    count = lambda seconds: max(1, math.floor(seconds * rate + 0.5)) if seconds else 0
    smooth = rule.get("smooth", "none")
    size = 1 if smooth == "none" else count(float(smooth.split()[1].removesuffix("ms")) / 1000)
    none = names.index(rule.get("none", "none"))
    enter, leave = np.float32(rule.get("enter", 0.6)), np.float32(rule.get("leave", 0.4))
    found, opened, last = [], None, None
    for step in range(len(scores)):
        window = scores[max(0, step - size + 1) : step + 1]
        mean = window.mean(0)
        s = 1 - mean[none]
        closes = False
        if opened and s < leave:
            closes = True
        elif opened or s >= enter:
            opened = opened or []
            opened.append((s, step, step - (len(window) - 1) // 2, mean))
            closes = len(opened) >= count(rule.get("max_width", 1.0))
        if not closes:
            continue
        _, peak, position, _ = max(opened, key=lambda each: each[0])
        if last is None or position - last >= count(rule.get("refractory", 0)):
            found.append(Peak(position, peak, step, np.mean([each[3] for each in opened], 0)))
            last = position
        opened = None
    return found


def judged(model, frames, found, rate):
    """What the event stage makes of the peaks: (scores, step at which it is known) of each that it could judge."""
    stage = model.stage
    hidden = None
    if "hidden" in stage:
        part = model.description["layers"]
        end = next(k for k, layer in enumerate(part) if layer["name"] == stage["hidden"]) + 1
        graph = runnel_reference.Graph(part[:end], frames.shape[1])
        graph.take(model.tensors, set())
        graph.begin()
        hidden = [y for y in map(graph.push, frames) if y is not None]
        hidden = hidden[len(hidden) - model.outputs :]
    told, intervals = [], []
    for k, peak in enumerate(found):
        interval = (peak.position - found[k - 1].position) / rate if k else None
        if k:
            intervals.append(interval)
        recent = intervals[-8:]
        own = {
            "scores": list(peak.means),
            "hidden": list(hidden[peak.peak]) if hidden else [],
            "interval": [interval or 0],
            "regularity": [np.std(recent) / np.mean(recent) if len(recent) > 1 else 0],
        }
        for feature in stage["features"]:
            if "ratio:" in feature:
                size = int(feature.split("ratio:")[1])
                own[f"ratio:{size}"] = [interval / np.median(intervals[-size:]) if k else 1]
        told.append(own)
    waits = stage.get("wait", 0)
    rows = []
    for k in range(len(told) - waits):
        row = []
        for feature in stage["features"]:
            row += told[k + 1][feature[5:]] if feature.startswith("next:") else told[k][feature]
        rows.append(row)
    scores = model.run_events(np.array(rows)) if rows else []
    return [(scores[k], found[k + waits].decided) for k in range(len(rows))]


# --- a model


def wanted(model, frames, grid):
    """Per label: at, decided, scores."""
    description = model.description
    outputs = windowed(model, frames) if model.windowed else carried(model, frames)
    rule = description.get("decide", {})
    head = next((each for each in model.heads if each["name"] == rule.get("head")), model.heads[0])
    before = sum(len(each["labels"]) for each in model.heads[: model.heads.index(head)])
    cut = slice(before, before + len(head["labels"]))
    if rule.get("emit", "every") == "every":
        hop = 1 if model.windowed else description.get("hop", 1)
        for m, (spoken, decided, scores) in enumerate(outputs):
            if (m + 1) % hop == 0:
                yield grid.place(spoken, decided), grid.newest(decided), stopped(model, scores)[..., cut]
        return
    first, stride, _ = model.grid()
    rate = description["rate"] / stride
    model.outputs, model.none = len(outputs), head["labels"].index(rule.get("none", "none"))
    found = peaks(rule, np.stack([each[2] for each in outputs])[:, cut], rate, head["labels"])
    frame = lambda step: first + step * stride
    events = [(peak.means, peak.decided) for peak in found]
    if model.stage:
        events = judged(model, frames, found, rate)
    names = model.stage["head"]["labels"] if model.stage else head["labels"]
    for peak, (scores, decided) in zip(found, events):
        if not model.stage or model.stage.get("none") != names[scores.argmax()]:
            yield grid.place(frame(peak.position), frame(peak.position)), grid.newest(frame(decided)), scores


def compare(path, runnel, record, channels, rate, folder):
    """The number of labels, and the largest difference of a score; a sentence where it is not the same."""
    description, tensors = runnel_reference.read(path)
    model = runnel_reference.Reference(description, tensors)
    model.tensors = tensors
    inputs = [each["name"] for each in description["inputs"]]
    bound = ",".join(f"{name}={channels[k % len(channels)]}" for k, name in enumerate(inputs))
    seen = os.path.join(folder, "frames.npy")
    lines = run([runnel, "label", record, "-m", path, "--channels", bound, "--format", "jsonl", "--conditioned", seen])
    messages = [json.loads(line) for line in lines.splitlines()]
    found = [each for each in messages if each["kind"] in ("label", "event")]
    frames = np.load(seen).astype(np.float64)
    if not np.isfinite(frames).all():
        return 0, 0, "the record has missing samples"
    expected = [each for each in wanted(model, frames, Grid(description, rate)) if each[0] >= 0]
    if len(found) != len(expected):
        return len(found), 0, f"{len(found)} labels, expected {len(expected)}"
    worst, scale = 0.0, max([1e-3, *(np.abs(each[2]).max() for each in expected if np.size(each[2]))])
    for message, (at, decided, scores) in zip(found, expected):
        if (message["at"], message["decided"]) != (at, decided):
            return len(found), worst, f"label {message['seq']} is at {message['at']}, {message['decided']}, not {at}, {decided}"
        given = np.array(message["scores"] if "scores" in message else np.zeros(np.shape(scores)))
        if given.shape != np.shape(scores):
            return len(found), worst, f"label {message['seq']} has scores {given.shape}, not {np.shape(scores)}"
        if given.size:
            worst = max(worst, np.abs(given - scores).max() / scale)
            last = given.reshape(-1, given.shape[-1])[-1].copy()
            if model.stage is None and message["kind"] == "event":
                last[model.none] = -np.inf  # a peak is of another class
            if message.get("id") != last.argmax():
                return len(found), worst, f"label {message['seq']} has class {message.get('id')}"
    return len(found), worst, None if worst < LIMIT else f"scores differ by {worst:.3g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--record", help="a WFDB record, NAME.hea, without missing samples")
    parser.add_argument("--runnel", default=os.path.join(ROOT, ".build", "release", "runnel"))
    arguments = parser.parse_args()
    models = arguments.models or sorted(glob.glob(os.path.join(ROOT, "Tests", "Golden", "models", "*.safetensors")))
    failed = total = 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        record = arguments.record
        if not record:
            record = os.path.join(folder, "synthetic")
            options = ["--seconds", "20", "--seed", "7", "--leads", "2", "--ventricular", "0.1"]
            run([arguments.runnel, "synth", "ecg", "-o", record, *options])
            record += ".hea"
        with open(record) as file:
            lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
        rate, channels = Fraction(lines[0][2].split("/")[0]), [line[-1] for line in lines[1:]]
        for path in models:
            name = os.path.basename(path).removesuffix(".safetensors")
            if any(each["kind"] == "embedding" and each["input"] == 1 for each in runnel_reference.read(path)[0]["layers"]):
                print(f"{name}: its input is a class, and the record has none")
                continue
            count, difference, mistake = compare(path, arguments.runnel, record, channels, rate, folder)
            worst, total = max(worst, difference), total + count
            if mistake or count == 0:
                failed += 1
                print(f"{name}: {mistake or 'no label'}")
    print(f"{'FAILED' if failed else 'ok'}: {total} labels of {len(models)} models, largest difference {worst:.3g}")
    sys.exit(int(failed > 0))


if __name__ == "__main__":
    main()
