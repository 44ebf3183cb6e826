#!/usr/bin/env python3
"""Random pairs of lists of episodes with the counts of epicmp, for testing the EC57 comparison of episodes.

  make_epicmp_pairs.py FILE --epicmp PROGRAM --version "epicmp of WFDB ..."

FILE is one JSON object: {"tool": ..., "cases": [CASE, ...]}, where a case is

  {"seed": 1, "rate": 250, "length": 60000, "learning_s": 5, "shortest_s": 0,
   "truth": [[at, "+", "(AFIB"], [at, "["], ...], "test": [...],
   "expected": {"AFIB": {"found": 3, "missed": 1, "right": 2, "wrong": 0, "covered_s": 50.2, "true_s": ..., "called_s": ...},
                "VF": {...}}}

`covered_s` is what episodes of the test have in common with the truth. Nothing is left out of the comparison (epicmp
without -x, as EC57 asks). Cases avoid what epicmp does by accident: an episode at sample 0, or one that ends exactly where
the test period begins.
"""

import argparse
import json
import random
import re
import subprocess
import tempfile
from pathlib import Path

from annotations import annotation_file, distinct


def rhythms(r, rate, length, names, others):
    """Rhythm changes, one after the other."""
    at, out, last = r.randint(1, 3 * rate), [], None
    while at < length:
        name = r.choice([name for name in names + others if name != last])
        out.append([at, "+", name])
        last = name
        at += r.randint(rate // 2, 20 * rate)
    return out


def shaken(r, rate, length, truth):
    """What a detector might make of it: later, earlier, too short, missed, and a few of its own."""
    out = []
    for at, symbol, name in truth:
        if r.random() < 0.15:
            continue
        out.append([min(length - 1, max(1, at + r.randint(-3 * rate, 4 * rate))), symbol, name if r.random() < 0.85 else "(N"])
    for _ in range(r.randint(0, 4)):
        out.append([r.randint(1, length - 1), "+", r.choice(["(AFIB", "(N", "(AFL"])])
    return distinct(out)


def flutter(r, rate, length):
    at, out = r.randint(1, 30 * rate), []
    while at + 2 * rate < length:
        end = min(length - 1, at + r.randint(rate, 15 * rate))
        out += [[at, "["], [end, "]"]]
        at = end + r.randint(rate // 2, 40 * rate)
    return out


def seconds(text):
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part)
    return round(total, 3)


def epicmp(program, case):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "case.hea").write_text(f"case 0 {case['rate']} {case['length']}\n")
        Path(folder, "case.ref").write_bytes(annotation_file(case["truth"]))
        Path(folder, "case.tst").write_bytes(annotation_file(case["test"]))
        expected = {}
        for option, label in (("-A", "AFIB"), ("-V", "VF")):
            command = [program, "-r", "case", "-a", "ref", "tst", option, "-", "-f", str(case["learning_s"])]
            if case["shortest_s"]:
                command += ["-i", str(case["shortest_s"])]
            text = subprocess.run(command, cwd=folder, env={"WFDB": "."}, capture_output=True, text=True, check=True).stdout
            found, truths = map(int, re.search(r"Episode sensitivity: .*\((\d+)/(\d+)\)", text).groups())
            right, called = map(int, re.search(r"Episode positive predictivity: .*\((\d+)/(\d+)\)", text).groups())
            covered, called_s = re.search(r"Duration positive predictivity: .*\(([\d:.]+)/([\d:.]+)\)", text).groups()
            true_s = re.search(r"Duration of reference episodes: +([\d:.]+)", text).group(1)
            expected[label] = {"found": found, "missed": truths - found, "right": right, "wrong": called - right,
                               "covered_s": seconds(covered), "true_s": seconds(true_s), "called_s": seconds(called_s)}
    return expected


def case(seed):
    r = random.Random(seed)
    rate, learning = r.choice([125, 250, 500]), r.choice([0, 5, 30])
    length = rate * r.randint(120, 400)
    truth = rhythms(r, rate, length, ["(AFIB", "(AFIB", "(N"], r.choice([[], ["(SVTA"], ["(AFL"]]))
    test = shaken(r, rate, length, truth)
    truth, test = distinct(truth + flutter(r, rate, length)), distinct(test + flutter(r, rate, length))
    start = learning * rate
    clear = lambda annotations: [a for a in annotations if a[0] != start]
    return {"seed": seed, "rate": rate, "length": length, "learning_s": learning, "shortest_s": r.choice([0, 0, 4]),
            "truth": balanced(clear(truth)), "test": balanced(clear(test))}


def balanced(annotations):
    """Without a ] that lost its [, and the other way round."""
    out, is_open = [], False
    for annotation in annotations:
        if annotation[1] in "[]":
            if (annotation[1] == "[") == is_open:
                continue
            is_open = not is_open
        out.append(annotation)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--epicmp", required=True, help="the program")
    parser.add_argument("--version", required=True, help="what to call it in the file")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cases = [case(seed) for seed in range(options.seed, options.seed + options.count)]
    for each in cases:
        each["expected"] = epicmp(options.epicmp, each)
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
    options.file.write_text(f'{{"tool":{json.dumps(options.version)},"cases":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
