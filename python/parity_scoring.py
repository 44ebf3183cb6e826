"""Compare what runnel makes of labels with programs that runnel's authors did not write.

    python python/parity_scoring.py [--runnel .build/release/runnel]
    make test-parity                               the same in an environment of its own

Labels of a synthetic ECG, written by `runnel label` in every form, are read by wfdb, pyedflib and mcap, and are those of
the JSON lines; `runnel diff` says so too. `runnel score` is held against wfdb's compare_annotations for beats, and against
scikit-learn's confusion matrices and NumPy's quantiles for classes, episodes and onsets, moment by moment. Exit code 1
where one figure differs.

Needs numpy, scikit-learn, wfdb, pyedflib and mcap.
"""

import json
import os

import numpy as np

from comparing.checks import ROOT, check, main

MODEL = os.path.join(ROOT, "models", "ecg-beats.safetensors")


def forms(runnel):
    """Every form of the same labels, in the eyes of others."""
    import mcap.reader
    import pyedflib
    import wfdb

    messages = [json.loads(line) for line in open(os.path.join(runnel.folder, "labels.jsonl"))]
    beats = [(m["at"], m["label"]) for m in messages if m.get("phase") == "point"]
    marks = wfdb.rdann(os.path.join(runnel.folder, "labels"), "rnl")
    check("wfdb reads the labels", list(zip(marks.sample.tolist(), marks.symbol)) == beats, f"{len(beats)} beats")
    with pyedflib.EdfReader(os.path.join(runnel.folder, "labels.edf")) as reader:
        times, _, texts = reader.readAnnotations()
    check("pyedflib reads the labels",
          list(zip(np.round(np.array(times) * 360).astype(int).tolist(), texts)) == beats, f"{len(texts)} annotations")
    with open(os.path.join(runnel.folder, "labels.mcap"), "rb") as file:
        found = [json.loads(message.data) for _, _, message in mcap.reader.make_reader(file, validate_crcs=True).iter_messages()]
    check("mcap reads the messages", found == messages, f"{len(found)} messages")
    for form in ("rnl", "edf", "mcap", "csv"):
        runnel.run("diff", "labels.jsonl", f"labels.{form}", "--rate", "360Hz")
    check("runnel diff finds them the same", True)


def beats(runnel, seed):
    """A detector that misses, makes up, shifts and confuses, written by wfdb. wfdb pairs by nearness in its own way; on a
    record whose beats lie well apart both ways agree."""
    import wfdb
    import wfdb.processing
    from sklearn.metrics import confusion_matrix

    random = np.random.default_rng(seed)
    truth = wfdb.rdann(os.path.join(runnel.folder, "ecg"), "atr")
    kept = [(at + int(random.integers(-50, 51)), symbol if random.random() < 0.85 else random.choice(list("NVAFQ")))
            for at, symbol in zip(truth.sample.tolist(), truth.symbol) if random.random() < 0.92 and at > 50]
    between = [(int(a + 0.5 * (b - a)), "N") for a, b in zip(truth.sample, truth.sample[1:]) if b - a > 250 and random.random() < 0.05]
    test = sorted(kept + between)
    wfdb.wrann("ecg", "tst", np.array([at for at, _ in test]), [symbol for _, symbol in test], write_dir=runnel.folder)
    ours = json.loads(runnel.run(
        "score", "ecg.hea", "--truth-extension", "atr", "--labels", "{}.tst", "--learning", "0s", "--json"))["gross"]
    theirs = wfdb.processing.compare_annotations(truth.sample, np.array([at for at, _ in test]), 54)
    counts = tuple(ours["QRS"][key] for key in ("true_positive", "false_negative", "false_positive"))
    check(f"wfdb counts the beats, seed {seed}", (theirs.tp, theirs.fn, theirs.fp) == counts, f"{counts}")
    group = {"N": "N", "V": "V", "A": "S", "S": "S", "F": "F", "Q": "Q"}
    matched = [(group[truth.symbol[i]], group[test[j][1]]) for i, j in enumerate(theirs.matching_sample_nums) if j >= 0]
    expected = confusion_matrix(*zip(*matched), labels=list("NSVFQ"))
    found = [[ours["matrix"][t + c] for c in "nsvfq"] for t in "NSVFQ"]
    check(f"scikit-learn's matrix of classes, seed {seed}", expected.tolist() == found, f"{expected.sum()} pairs")


def episodes(runnel, seed):
    """Random states on either side: every figure from masks of rows."""
    from sklearn.metrics import confusion_matrix

    random = np.random.default_rng(seed)
    rate, rows, learning = 250, 250 * 600, 250 * 30
    sides = {}
    for side in ("truth", "test"):
        edges = np.sort(random.choice(np.arange(1, rows), 40, replace=False))
        labels = random.choice(["none", "a", "b"], 41)
        sides[side] = [(first, last, label) for first, last, label in zip([0, *edges], [*edges, rows], labels) if label != "none"]
        with open(os.path.join(runnel.folder, f"{side}.csv"), "w") as file:
            file.write("first,count,t_ns,channel,label,id,p\n" + "".join(f"{f},{l - f},,,{label},,\n" for f, l, label in sides[side]))
    with open(os.path.join(runnel.folder, "long.hea"), "w") as file:
        file.write(f"long 0 {rate} {rows}\n")
    found = json.loads(runnel.run(
        "score", "long.hea", "--truth", "truth.csv", "--labels", "test.csv", "--episodes", "--learning", "30s", "--json"))
    masks = {}
    for side, spans in sides.items():
        masks[side] = np.full(rows, "nothing")
        for first, last, label in spans:
            masks[side][first:last] = label
    names = ["a", "b", "nothing"]
    expected = confusion_matrix(masks["truth"][learning:], masks["test"][learning:], labels=names) / rate
    cells = {(cell["true"] or "nothing", cell["called"] or "nothing"): cell["s"] for cell in found["matrix_s"]}
    check(f"scikit-learn's matrix of time, seed {seed}",
          np.allclose(expected, [[cells[t, c] for c in names] for t in names], atol=1e-9), f"{expected.sum():g} s")
    for label in "ab":
        ours = found["gross"][label]
        on = {side: masks[side] == label for side in masks}
        runs = {side: spans_of(on[side], learning) for side in on}
        hit = {side: [bool(on[other][a:b].any()) for a, b, _ in runs[side]] for side, other in (("truth", "test"), ("test", "truth"))}
        both = (on["truth"] & on["test"])[learning:].sum()
        fine = (ours["true"], ours["found"], ours["called"], ours["right"]) == (
            len(hit["truth"]), sum(hit["truth"]), len(hit["test"]), sum(hit["test"]))
        fine &= np.isclose(ours["duration_sensitivity"], both / on["truth"][learning:].sum())
        fine &= np.isclose(ours["duration_positive_predictivity"], both / on["test"][learning:].sum())
        check(f"episodes of {label} from masks, seed {seed}", bool(fine), f"{ours['found']} of {ours['true']}, {ours['right']} of {ours['called']}")
        errors = onsets(runs["truth"], runs["test"], rate)
        quantiles = np.quantile(errors, [0.05, 0.25, 0.5, 0.75, 0.95]) if errors else [None] * 5
        ours = [ours["onset_error_s"][key] for key in ("p5", "p25", "p50", "p75", "p95")]
        check(f"NumPy's quantiles of onsets of {label}, seed {seed}",
              ours == list(quantiles) if not errors else np.allclose(ours, quantiles), f"{len(errors)} pairs")


def spans_of(mask, start):
    """Runs of True from `start` on, with whether the run began there or after."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask[start:].astype(int), [0]]))) + start
    return [(a, b, a > start or not mask[start - 1]) for a, b in zip(edges[::2], edges[1::2])]


def onsets(truth, test, rate):
    first = lambda a, b, others: next((k for k, (c, d, _) in enumerate(others) if c < b and a < d), None)
    errors = []
    for number, (a, b, is_whole) in enumerate(truth):
        k = first(a, b, test)
        if k is not None and first(test[k][0], test[k][1], truth) == number and is_whole and test[k][2]:
            errors.append((test[k][0] - a) / rate)
    return errors


def compare_all(runnel):
    runnel.run("synth", "ecg", "-o", "ecg", "--seconds", "600", "--ventricular", "0.1", "--supraventricular", "0.05")
    for form in ("jsonl", "rnl", "edf", "mcap", "csv"):
        runnel.run("label", "ecg.hea", "-m", MODEL, "--channels", "MLII", "-o", f"labels.{form}")
    forms(runnel)
    for seed in range(4):
        beats(runnel, seed)
        episodes(runnel, seed)


if __name__ == "__main__":
    main(__doc__, ["wfdb", "pyedflib", "mcap", "scikit-learn", "numpy"], compare_all)
