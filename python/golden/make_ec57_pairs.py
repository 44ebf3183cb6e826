#!/usr/bin/env python3
"""Random pairs of annotation lists, for testing the EC57 comparison.

  make_ec57_pairs.py pairs FILE             cases without results, for an independent implementation to fill in
  make_ec57_pairs.py bxb FILE --bxb PROGRAM cases with the counts of bxb (WFDB software, 2002 or later)

FILE is one JSON object: {"tool": ..., "cases": [CASE, ...]}, where a case is

  {"seed": 1, "rate": 360, "length": 20000, "learning_s": 5, "class_map": "aami" or "bxb",
   "truth": [[at, "N"], [at, "~", subtype], ...], "test": [...],
   "expected": {"matrix": {"Nn": 12, ...}, "QRS": {"true_positive": ..., "false_negative": ..., "false_positive": ...},
                "S": {...}, "V": {...}}}

`at` is a sample index; cells of the matrix that are 0 may be left out. The cases crowd what is rare in recordings:
beats closer together than two windows, detections that lie between two beats, beats at the ends of the learning
period and of the record, flutter with detections in it, and (bxb only) shutdown.
"""

import argparse
import json
import random
import re
import subprocess
import tempfile
from pathlib import Path

from annotations import annotation_file, distinct

BEATS = "NLRBejAaJSnVErF/fQ?"
QUESTIONS = {"QRS": "QRS", "VEB": "V", "SVEB": "S"}


def pair(seed, shutdown):
    r = random.Random(seed)
    rate = r.choice([128, 250, 360])
    window = int(0.15 * rate + 0.5)
    learning = r.choice([0, 1, 5])
    length = int(rate * r.uniform(15, 30))
    fast = r.random() < 0.5
    truth, test = [], []
    at, quiet = r.randint(1, rate), 0
    while at < length + window:
        symbol = r.choice("NNNNNNVVSAF" + BEATS)
        truth.append([at, symbol])
        if r.random() < 0.9:
            shift = r.choice([0, 0, r.randint(-8, 8), r.randint(-window - 3, window + 3), window, -window])
            called = symbol if r.random() < 0.8 else r.choice("NSVFQ")
            test.append([max(1, at + shift), called])
        if r.random() < 0.08:
            test.append([at + r.randint(1, 2 * window), r.choice("NSVFQ")])
        if r.random() < 0.1:
            r.choice([truth, test]).append([at + r.randint(1, 5), r.choice('+|~"=')])
        quiet += 1
        gap = r.randint(window // 2, 3 * window) if fast else r.randint(rate // 3, rate)
        if quiet > 3 and r.random() < 0.12:
            at, quiet = silence(r, rate, at, truth, test, shutdown), 0
        at += gap
    # Of two beats of one list at the same sample only the first is kept.
    return rate, length, learning, ended(distinct(truth)), ended(distinct(test))


def silence(r, rate, at, truth, test, shutdown):
    """A span without beats, flutter or (one in two, if wanted) shutdown, with detections in it."""
    start, end = at + r.randint(rate // 5, rate // 2), at + r.randint(rate, 2 * rate)
    if shutdown and r.random() < 0.5:
        side = r.choice([truth, test])
        other = test if side is truth else truth
        side.append([start, "~", 48])
        if r.random() < 0.7:
            side.append([end, "~", r.choice([0, 1, 16])])
        other += [[r.randint(start - 20, end + 20), r.choice("NSV")] for _ in range(r.randint(0, 3))]
    else:
        truth += [[start, "["], [end, "]"]]
        truth += [[r.randint(start + 1, end - 1), r.choice('!!"NV')] for _ in range(r.randint(0, 4))]
        test += [[r.randint(start - 20, end + 20), r.choice("NSV")] for _ in range(r.randint(0, 4))]
    return end


def ended(annotations):
    """With an end for a shutdown at the end of the list: bxb forgets the one of the test there if it saw one before."""
    last = annotations[-1]
    return annotations + [[last[0] + 50, "~", 0]] if last[2:] == [48] else annotations


def bxb(program, case):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "case.hea").write_text(f"case 0 {case['rate']} {case['length']}\n")
        Path(folder, "case.ref").write_bytes(annotation_file(case["truth"]))
        Path(folder, "case.tst").write_bytes(annotation_file(case["test"]))
        command = [program, "-r", "case", "-a", "ref", "tst", "-f", str(case["learning_s"]), "-S", "-"]
        text = subprocess.run(command, cwd=folder, env={"WFDB": "."}, capture_output=True, text=True, check=True).stdout
    matrix = {}
    for row, counts in re.findall(r"^ ([NSVFQOX]) \|([ \d]+)$", text, re.M):
        matrix |= {row + column: int(n) for column, n in zip("nsvfqox", counts.split()) if n != "0"}
    expected = {"matrix": matrix}
    for name, key in QUESTIONS.items():
        true, truths = map(int, re.search(rf" {name} sensitivity: .*\((\d+)/(\d+)\)", text).groups())
        called = int(re.search(rf"\b{name} positive predictivity: .*\(\d+/(\d+)\)", text).group(1))
        expected[key] = {"true_positive": true, "false_negative": truths - true, "false_positive": called - true}
    return expected


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=["pairs", "bxb"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--bxb", help="the program")
    parser.add_argument("--version", default="", help="what to call it in the file")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cases = []
    for seed in range(options.seed, options.seed + options.count):
        rate, length, learning, truth, test = pair(seed, shutdown=options.kind == "bxb")
        map_name = "bxb" if options.kind == "bxb" or seed % 2 else "aami"
        case = {"seed": seed, "rate": rate, "length": length, "learning_s": learning, "class_map": map_name,
                "truth": truth, "test": test}
        if options.kind == "bxb":
            case["expected"] = bxb(options.bxb, case)
        cases.append(case)
    tool = options.version or "python/golden/make_ec57_pairs.py"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    options.file.write_text(f'{{"tool":{json.dumps(tool)},"cases":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
