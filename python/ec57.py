"""Beat-by-beat comparison of two annotation lists as ANSI/AAMI EC57 asks for and bxb does it: a second, independent
implementation, to test `runnel score` against.

    python python/ec57.py --rate 360 truth.jsonl test.jsonl [truth2.jsonl test2.jsonl ...]

Each file has one JSON object a line: {"at": 1234, "symbol": "N"}, optionally with "subtype" (which tells `~` marks
that mean "no signal is readable" from others). `at` is a sample index. The report is JSON on standard output:
{"classes": ..., "gross": ..., "records": [...], "mean": ...}, fractions, null where a quotient is 0/0.

How bxb pairs (WFDB software package, app/bxb.c, last revised 27 April 2020; the names are those of its functions)

  main, the loop. At every moment it holds four beats: T and T' (the current and the next of the truth), t and t' (the
  current and the next of the test). Exactly one of four things happens, and what was used is replaced by its next:
    (1) t < T, T - t <= window, and T - t < |T - t'| or |T' - t'| < |T - t'|: T and t are a pair. Else
    (2) t < T: t is a detection without a beat (a pair of "O" and t; see rpann).
    (3) t >= T, t - T <= window, and t - T < |t - T'| or |t' - T'| < |t - T'|: T and t are a pair. Else
    (4) t >= T: T is a beat without a detection (a pair of T and "o"; see tpann).
  So the window is closed (<=); a partner may be lost to the next annotation of the earlier side only if that one is
  at least as near (a tie loses), and not even then if the next one is itself nearer to the next of the other side.
  This second condition came on 24 November 2002: before it, 96 and 160 against 128 and 185 (window 37) gave one pair
  instead of two. It matters above 200 beats a minute only. Greedy: nothing is ever paired anew.
  main, before the loop. The test period begins at `start` (5 minutes). The first T is the first beat at or after it.
  A last detection t before the start may still be paired with that T: when T - t <= window and T - t < |T - t'|, t'
  being the first detection at or after the start. If it is not, t is forgotten, and the first detection in the period
  is skipped uncounted if it lies within one window of the start and the one after it is nearer to T: its partner
  may lie before the start. With start = 0 there is nothing before the period, and these two rules are not applied.
  init. Window and start in samples: floor(seconds * rate + 0.5).
  getref, gettest. Only beats are read (QRS labels); whatever stands between `[` and `]` is passed over, beats too, in
  either file. A `~` whose subtype has bits 4 and 5 set begins a shutdown, ended by the next annotation if that is a
  `~` without them; if it is anything else (the AHA way: one mark in the middle) the shutdown runs from one window
  after the beat (or `]`) before it to one window before the annotation after it.
  rpann. The label of an unmatched detection: none at all (not counted) inside a `[` `]` of the truth, ends included;
  else X inside a shutdown of the truth; else O.
  tpann. The label of a missed beat: x inside a shutdown of the test, else o. Flutter in the test forgives nothing.
  main, the end. The loop goes on while T or t lies in the record, so that a beat after its end counts only as a partner.
  print_results. Sums as in `statistics` below.

Where this differs from bxb: it remembers every flutter and shutdown, where bxb knows the last two of each; a `[`
without `]` lasts to the end of the record, where bxb forgives nothing after an earlier `]`; `!` is no beat anywhere,
where bxb reads one outside `[` `]` as a beat without a class. Apart from these, and with the classes of `--aami bxb`,
390 of 400 random pairs of lists gave the matrix of bxb -S itself. Of the ten others three were looked into: each has a
`[` without its `]`. The seven that remain were not opened.
"""

import argparse
import json
import math
import sys

BEATS = set("NLRBaAJSnejVErF/fQ?")
CLASSES = "NSVFQ"

# The usual grouping: escape beats of the atria and the node are N. bxb has them in S.
AAMI = {"N": "NLRBej", "S": "AaJSn", "V": "VEr", "F": "F", "Q": "/fQ?"}
BXB = {"N": "NLRB", "S": "AaJSnej", "V": "VEr", "F": "F", "Q": "/fQ?"}

FAR = math.inf


def samples(seconds: float, rate: float) -> int:
    """Seconds as samples, rounded as WFDB's strtim does."""
    return math.floor(seconds * rate + 0.5)


class Track:
    """The beats of one file as (at, class), and its periods of flutter and of shutdown."""

    def __init__(self, marks: list[dict], grouping: dict[str, str], window: int):
        letter = {symbol: name for name, symbols in grouping.items() for symbol in symbols}
        marks = sorted(marks, key=lambda mark: mark["at"])  # stable: equal times keep the file's order
        self.beats: list[tuple[int, str]] = []
        self.flutter: list[tuple[float, float]] = []
        self.shutdown: list[tuple[float, float]] = []
        index = 0
        while index < len(marks):
            mark = marks[index]
            if mark["symbol"] in BEATS:
                self.beats.append((mark["at"], letter[mark["symbol"]]))
            elif mark["symbol"] == "[":
                index = self._pass_flutter(marks, index)
            elif self._unreadable(mark):
                index = self._pass_shutdown(marks, index, window)
            index += 1

    @staticmethod
    def _unreadable(mark: dict) -> bool:
        return mark["symbol"] == "~" and mark.get("subtype", 0) & 0x30 == 0x30

    def _pass_flutter(self, marks: list[dict], index: int) -> int:
        """The index of the `]` that ends the flutter, or of the last mark."""
        onset = marks[index]["at"]
        for end in range(index + 1, len(marks)):
            if marks[end]["symbol"] == "]":
                self.flutter.append((onset, marks[end]["at"]))
                return end
        self.flutter.append((onset, FAR))
        return len(marks)

    def _pass_shutdown(self, marks: list[dict], index: int, window: int) -> int:
        """The index of the mark that ends the shutdown, or the present one where the next is to be read as usual."""
        onset = marks[index]["at"]
        if index + 1 == len(marks):
            self.shutdown.append((onset, FAR))
            return index
        after = marks[index + 1]
        if after["symbol"] == "~" and not self._unreadable(after):
            self.shutdown.append((onset, after["at"]))
            return index + 1
        before = max([at for at, _ in self.beats[-1:]] + [end for _, end in self.flutter[-1:]] + [0])
        end = after["at"] - window
        self.shutdown.append((min(before + window, end), end))
        return index

    def in_flutter(self, at: float) -> bool:
        return any(onset <= at <= end for onset, end in self.flutter)

    def in_shutdown(self, at: float) -> bool:
        return any(onset <= at <= end for onset, end in self.shutdown)


class Reader:
    """The current beat and the next one, of beats from an index on."""

    def __init__(self, beats: list[tuple[int, str]], index: int):
        self.beats, self.index = beats, index

    def at(self, ahead: int = 0) -> float:
        place = self.index + ahead
        return self.beats[place][0] if 0 <= place < len(self.beats) else (-FAR if place < 0 else FAR)

    @property
    def letter(self) -> str:
        return self.beats[self.index][1]

    def step(self) -> None:
        self.index += 1


def first_from(beats: list[tuple[int, str]], start: int) -> int:
    return next((index for index, (at, _) in enumerate(beats) if at >= start), len(beats))


def apart(a: float, b: float) -> float:
    """|a - b|; two ends of lists are far apart, not 'not a number'."""
    return FAR if math.isinf(a) or math.isinf(b) else abs(a - b)


def compare(truth: Track, test: Track, window: int, start: int, length: int | None = None) -> dict[str, int]:
    """The confusion matrix as counts by two letters: truth in capitals (N S V F Q O X), test in small ones.

    `length` is the record's, in samples; without it the comparison runs to the end of both lists.
    """
    end = FAR if length is None else length + 1
    counts = {big + small: 0 for big in CLASSES + "OX" for small in "nsvfqox" if big not in "OX" or small not in "ox"}

    def count(big: str, small: str) -> None:
        counts[big + small.lower()] += 1

    reference = Reader(truth.beats, first_from(truth.beats, start))
    detected = Reader(test.beats, first_from(test.beats, start))
    if start > 0:
        # `detected` on the last detection before the period, as bxb has it.
        detected.index -= 1
        distance = apart(reference.at(), detected.at())
        if distance <= window and distance < apart(reference.at(), detected.at(1)):
            count(reference.letter, detected.letter)
            reference.step()
            detected.step()
        else:
            detected.step()
            nearer = apart(reference.at(), detected.at(1)) < apart(reference.at(), detected.at())
            if detected.at() - start <= window and nearer:
                detected.step()

    while reference.at() < end or detected.at() < end:
        early = detected.at() < reference.at()
        distance = apart(reference.at(), detected.at())
        following = apart(reference.at(), detected.at(1)) if early else apart(detected.at(), reference.at(1))
        both = apart(reference.at(1), detected.at(1))
        if distance <= window and (distance < following or both < following):
            count(reference.letter, detected.letter)
            reference.step()
            detected.step()
        elif early:
            at = detected.at()
            if not truth.in_flutter(at):
                count("X" if truth.in_shutdown(at) else "O", detected.letter)
            detected.step()
        else:
            count(reference.letter, "x" if test.in_shutdown(reference.at()) else "o")
            reference.step()
    return counts


def quotient(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def figures(true_positive: int, false_negative: int, false_positive: int) -> dict:
    return {
        "true_positive": true_positive, "false_negative": false_negative, "false_positive": false_positive,
        "sensitivity": quotient(true_positive, true_positive + false_negative),
        "positive_predictivity": quotient(true_positive, true_positive + false_positive)}


def statistics(counts: dict[str, int]) -> dict:
    """QRS: any pair of beat and detection is true. A class: F and Q called V are no false V; Q called S is no false S.
    The standard and bxb have no line for N: it is counted like S, so that an unclassifiable beat called N is no false N."""

    def total(bigs: str, smalls: str) -> int:
        return sum(counts.get(big + small, 0) for big in bigs for small in smalls)

    return {
        "QRS": figures(total(CLASSES, "nsvfq"), total(CLASSES, "ox"), total("OX", "nsvfq")),
        "N": figures(total("N", "n"), total("N", "svfqox"), total("SVFOX", "n")),
        "S": figures(total("S", "s"), total("S", "nvfqox"), total("NVFOX", "s")),
        "V": figures(total("V", "v"), total("V", "nsfqox"), total("NSOX", "v"))}


def mean(records: list[dict]) -> dict:
    """Means over the records with at least ten such beats; a quotient 0/0 is left out of its mean."""
    means = {}
    for name in ["QRS", "N", "S", "V"]:
        rows = [record[name] for record in records]
        rows = [row for row in rows if row["true_positive"] + row["false_negative"] >= 10]
        means[name] = {"records": len(rows)}
        for key in ["sensitivity", "positive_predictivity"]:
            values = [row[key] for row in rows if row[key] is not None]
            means[name][key] = quotient(math.fsum(values), len(values)) if values else None
    return means


def read(path: str) -> list[dict]:
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def matrix(counts: dict[str, int]) -> dict:
    return {big: {small: counts[big + small] for small in "nsvfqox" if big + small in counts} for big in CLASSES + "OX"}


def report(pairs: list[tuple[list[dict], list[dict]]], rate: float, start: float, window: float, grouping: dict,
           length: int | None = None) -> dict:
    """Everything that is printed, for marks already read."""
    wide, begin = samples(window, rate), samples(start, rate)
    records, gross = [], {}
    for truth, test in pairs:
        counts = compare(Track(truth, grouping, wide), Track(test, grouping, wide), wide, begin, length)
        records.append({"matrix": matrix(counts)} | statistics(counts))
        gross = {key: gross.get(key, 0) + value for key, value in counts.items()}
    return {
        "classes": grouping, "window": wide, "start": begin, "gross": {"matrix": matrix(gross)} | statistics(gross),
        "records": records, "mean": mean(records)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("files", nargs="+", help="TRUTH TEST, as JSON lines; more pairs may follow")
    arguments.add_argument("--rate", type=float, required=True, help="samples per second")
    arguments.add_argument("--start", type=float, default=300, help="seconds left out at the beginning")
    arguments.add_argument("--window", type=float, default=0.15, help="match window in seconds")
    arguments.add_argument("--aami", choices=["usual", "bxb"], default="usual", help="bxb: e and j count as S")
    arguments.add_argument("--length", type=int, help="samples in each record; default: to the end of both lists")
    given = arguments.parse_args()
    if len(given.files) % 2:
        arguments.error("files come in pairs: TRUTH TEST")
    pairs = [(read(truth), read(test)) for truth, test in zip(given.files[::2], given.files[1::2])]
    grouping = BXB if given.aami == "bxb" else AAMI
    json.dump(report(pairs, given.rate, given.start, given.window, grouping, given.length), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
