#!/usr/bin/env python3
"""Fills in `expected` of every case of Tests/Golden/ec57/pairs.json with the figures of python/ec57.py.

  add_ec57_expected.py FILE

The cases come from make_ec57_pairs.py, which says how they are laid out. Cells of the matrix that are 0 are left out,
fractions too: they follow from the counts.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import ec57

WINDOW = 0.15
COUNTS = ["true_positive", "false_negative", "false_positive"]


def marks(entries: list[list]) -> list[dict]:
    return [{"at": at, "symbol": symbol} | ({"subtype": rest[0]} if rest else {}) for at, symbol, *rest in entries]


def expected(case: dict) -> dict:
    grouping = ec57.BXB if case["class_map"] == "bxb" else ec57.AAMI
    window = ec57.samples(WINDOW, case["rate"])
    truth, test = (ec57.Track(marks(case[side]), grouping, window) for side in ["truth", "test"])
    start = ec57.samples(case["learning_s"], case["rate"])
    counts = ec57.compare(truth, test, window, start, case["length"])
    figures = {name: {key: row[key] for key in COUNTS} for name, row in ec57.statistics(counts).items()}
    return {"matrix": {cell: count for cell, count in counts.items() if count}} | figures


def main() -> None:
    file = Path(sys.argv[1])
    golden = json.loads(file.read_text(encoding="utf-8"))
    for case in golden["cases"]:
        case["expected"] = expected(case)
    golden["tool"] = f"python/golden/make_ec57_pairs.py; expected: python/ec57.py, Python {sys.version.split()[0]}"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in golden["cases"])
    file.write_text(f'{{"tool":{json.dumps(golden["tool"])},"cases":[\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
