"""Trains the ECG beat model of runnel on the MIT-BIH Arrhythmia Database and writes it as one model file.

    python3 python/train_ecg.py --data mitdb --runnel .build/release/runnel --out ecg-beats.safetensors

The network: causal Conv1d (24 features, 1/8 s, ReLU), LSTM 64, Linear to none N S V F, at 120 steps a second.
What it learns: at every step, whether a beat lay 0.35 s ago (within 40 ms), and of which AAMI class.

This script conditions nothing itself. It writes an untrained model file, lets `runnel dataset RECORD… --whole` say what
the network will see, and trains on that: training and service cannot drift apart. Whoever has that folder already gives
it with --conditioned (RECORD.x.npy, float32 [T, 1], row k is frame k). The targets are made here, because each epoch
stretches and disturbs the records in another way.

Records come from DS1 of de Chazal's inter-patient split (IEEE TBME 51(7):1196-1206, 2004). Four are held out: they
choose epoch and thresholds, so their figures are kind to the model. DS2 is neither needed nor read; 201 is left out
because it shows the patient of 202, which is in DS2.

Needs numpy and PyTorch; about 20 minutes on one core. The same seed, PyTorch and processor give the same file.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from torch import nn

TRAINED_ON = "101 106 109 112 114 115 116 118 122 124 203 205 207 208 209 215 230".split()
HELD_OUT = "108 119 220 223".split()
LEAD = "MLII"

RECORDED_RATE = 360  # Hz
RATE = 120  # Hz, of the network's steps; frame k lies at input sample 3k
DELAY = 42  # steps = 0.35 s, from R to the middle of its box; the lag of conditioning is part of it
BOX = 0.04 * RATE  # steps on both sides of R
LABELS = ["none", "N", "S", "V", "F"]
CLASS_WEIGHTS = [0.3, 0.6, 3.0, 1.5, 2.0]  # F is rare, S is rare and easily taken for N
SEGMENT = 3 * RATE  # steps of truncated back-propagation
ROTATIONS = 4  # of each record in a batch
EPOCHS = 9

CONDITIONING = {
    "filters": [{"design": "band-pass", "order": 2, "low": 0.5, "high": 40.0}],
    "normalisation": {"kind": "none"},
}

WHERE = """\
The MIT-BIH Arrhythmia Database 1.0.0 (Moody and Mark, IEEE EMB 20(3):45-50, 2001) is at
https://physionet.org/content/mitdb/1.0.0/ , doi 10.13026/C2F305, under the Open Data Commons Attribution License 1.0."""


# MARK: The network


class Beats(nn.Module):
    """Frames (B, T, 1) in mV to logits (B, T, 5). Starts from zeros, carries (h, c) and the last frames on."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 24, 15)
        self.relu = nn.ReLU()
        self.lstm = nn.LSTM(24, 64)
        self.head = nn.Linear(64, len(LABELS))

    def forward(self, frames, state=None):
        """The whole of a short signal; `carry` is the same with a past."""
        return self.carry(nn.functional.pad(frames[:, :, 0], (self.history, 0)), state)[0]

    def carry(self, frames, state):
        """`frames` (B, history + T) begins with the last frames of the past, zeros where there is none."""
        features = self.relu(self.conv(frames[:, None, :]))  # (B, 24, T)
        hidden, state = self.lstm(features.permute(2, 0, 1).contiguous(), state)  # steps outermost
        return self.head(hidden.transpose(0, 1)), state

    @property
    def history(self):
        return self.conv.kernel_size[0] - 1


# MARK: Annotations


# Codes of MIT annotation files (WFDB's ecgcodes.h) that mean something here.
CODES = {
    1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 9: "S", 10: "E", 11: "j", 12: "/", 13: "Q",
    25: "B", 30: "?", 32: "[", 33: "]", 34: "e", 35: "n", 38: "f", 41: "r",
}  # fmt: skip
AAMI = {symbol: name for name, symbols in
        {"N": "NLRBej", "S": "AaJSn", "V": "VEr", "F": "F", "Q": "/fQ?"}.items() for symbol in symbols}  # fmt: skip


class Truth:
    """What the annotators said of one record: `beats` [(sample index, AAMI class)], `flutter` [(from, to)]."""

    def __init__(self, path):
        self.beats, self.flutter = [], []
        for at, symbol in annotations(path):
            if symbol == "[":
                self.flutter.append((at, np.inf))
            elif symbol == "]" and self.flutter:
                self.flutter[-1] = (self.flutter[-1][0], at)
            elif symbol in AAMI:
                self.beats.append((at, AAMI[symbol]))

    def in_flutter(self, at):
        return any(first <= at <= last for first, last in self.flutter)


def annotations(path):
    """(sample index, symbol) of an MIT annotation file: 16-bit words, code in the upper 6 bits, step in the others."""
    words = np.fromfile(path, "<u2").tolist()
    at, place = 0, 0
    while place < len(words) and words[place] != 0:
        code, step = words[place] >> 10, words[place] & 0x3FF
        place += 1
        if code == 59:  # SKIP: a long step, upper half first
            step = (words[place] << 16) | words[place + 1]
            at += step - (1 << 32 if step >= 1 << 31 else 0)
            place += 2
        elif code == 63:  # AUX: so many bytes of text
            place += (step + 1) // 2
        elif code not in (60, 61, 62):  # NUM, SUB, CHN carry no time
            at += step
            if code in CODES:
                yield at, CODES[code]


# MARK: Records


class Record:
    """One conditioned record and what to learn of it."""

    def __init__(self, name, frames, truth):
        self.name = name
        self.frames = frames  # (T,) float32, mV
        self.truth = truth
        self.at = np.array([at for at, _ in truth.beats]) * (RATE / RECORDED_RATE)  # steps
        self.classes = np.array([LABELS.index(name) if name in LABELS else -1 for _, name in truth.beats])
        self.mask = np.zeros(len(frames), bool)  # frames whose loss counts nothing, on the time of the signal
        for first, last in truth.flutter:
            self.mask[int(first / 3) : int(min(last / 3, len(frames)))] = True

    def rotated(self, random):
        """The record from a random place on, wrapped round, a little faster or slower, louder or upside down:
        frames (T,) float32, targets (T,) int64 with -1 where the loss is masked."""
        length = len(self.frames)
        offset = random.integers(length)
        speed = np.exp(random.uniform(-0.12, 0.12)) if random.random() < 0.5 else 1.0
        places = (offset + np.arange(length) * speed) % length
        frames = np.interp(places, np.arange(length), self.frames).astype(np.float32)

        targets = np.zeros(length, np.int64)
        # The lag of conditioning stays what it is when the signal is stretched: 6 steps, nearly all the resampler's.
        for turn in (0, 1):  # at speed > 1 the record begins a second time
            middles = ((self.at + 6 - offset) % length + turn * length) / speed - 6 + DELAY
            for middle, kind in zip(middles, self.classes):
                first, last = int(np.ceil(middle - BOX)), int(np.floor(middle + BOX))
                targets[max(first, 0) : max(last + 1, 0)] = kind
        if self.mask.any():
            masked = self.mask[places.astype(np.int64)]
            later = np.concatenate([np.zeros(DELAY, bool), masked[:-DELAY]])
            targets[masked | later] = -1
        return disturb(frames, random), targets


def disturb(frames, random):
    """Gain, polarity, white noise; sometimes what is left of wander and mains hum after the band-pass."""
    length = len(frames)
    seconds = np.arange(length, dtype=np.float32) / RATE
    gain = np.exp(random.normal(0, 0.35)) * (-1 if random.random() < 0.25 else 1)
    frames = frames * np.float32(gain)
    frames += np.float32(abs(random.normal(0, 0.02))) * random.standard_normal(length, np.float32)
    if random.random() < 0.3:
        for _ in range(2):
            frequency, phase = random.uniform(0.1, 0.6), random.uniform(0, 2 * np.pi)
            frames += np.float32(random.uniform(0, 0.1)) * np.sin(2 * np.pi * frequency * seconds + phase)
    if random.random() < 0.2:
        frequency, phase = random.choice([50.0, 59.9]), random.uniform(0, 2 * np.pi)
        frames += np.float32(random.uniform(0, 0.05)) * np.sin(2 * np.pi * frequency * seconds + phase)
    return frames.astype(np.float32)


def condition(names, data, runnel, untrained, folder):
    """What the network sees of the records, from runnel itself. The lead goes by name: 114 has its leads reversed."""
    headers = [os.path.join(data, name + ".hea") for name in names]
    command = [runnel, "dataset", *headers, "--whole", "-o", folder, "-m", untrained, "--channels", LEAD]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"train_ecg: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")


def load(name, folder, data):
    path = os.path.join(folder, name + ".x.npy")
    frames = np.load(path)
    if frames.dtype != np.float32 or frames.ndim != 2 or frames.shape[1] != 1:
        sys.exit(f"train_ecg: {path} holds {frames.dtype} {list(frames.shape)}, not float32 [T, 1]")
    return Record(name, np.ascontiguousarray(frames[:, 0]), Truth(os.path.join(data, name + ".atr")))


def verify(data):
    """Every record file is there and is the one the figures were made with."""
    wrong = []
    for line in SHA256SUMS.split("\n"):
        digest, name = line.split()
        path = os.path.join(data, name)
        if not os.path.isfile(path):
            wrong.append(f"{name} is missing")
        else:
            with open(path, "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    wrong.append(f"{name} differs from release 1.0.0")
    if wrong:
        shown = "\n  ".join(wrong[:6] + [f"and {len(wrong) - 6} more"] * (len(wrong) > 6))
        sys.exit(f"train_ecg: not the records to train on, in {data}:\n  {shown}\n{WHERE}")


# MARK: Training


def restart(frames, targets, which):
    """Makes rows `which` of a segment (B, history + T) begin here, as a lane after a reset does: no past in the
    convolution, a high-pass in the steady state of its first sample, and nothing known of beats before."""
    history = frames.shape[1] - targets.shape[1]
    angle = 2 * np.pi * 0.5 / np.sqrt(2) * torch.arange(targets.shape[1]) / RATE
    step = torch.exp(-angle) * (torch.cos(angle) - torch.sin(angle))  # of a Butterworth high-pass, order 2
    frames[which, history:] -= frames[which, history, None] * step
    frames[which, :history] = 0
    targets[which, : DELAY - 5] = 0
    targets[which, DELAY - 5 : DELAY + 7] = -1  # a beat cut in two may be found or not


def train(model, records, held_out, epochs, seed, report):
    """Trains in place; ends with the weights of the epoch that served the held-out records best: between patients never
    seen, epochs differ far more than their losses. Returns (epoch, decision, figures)."""
    random = np.random.default_rng(seed)
    length = min(len(record.frames) for record in records)
    segments = length // SEGMENT
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    warm = 100
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda n: min(1, (n + 1) / warm) * 0.5 * (1 + np.cos(np.pi * min(1, n / (epochs * segments)))),
    )
    weights = torch.tensor(CLASS_WEIGHTS)
    best = None
    for epoch in range(1, epochs + 1):
        began = time.monotonic()
        rows = [record.rotated(random) for record in records for _ in range(ROTATIONS)]
        past = np.zeros((len(rows), model.history), np.float32)
        frames = torch.from_numpy(np.concatenate([past, np.stack([row[0] for row in rows])], axis=1))
        targets = torch.from_numpy(np.stack([row[1] for row in rows]))
        del rows
        state, total = None, 0.0
        for segment in range(segments):
            first = segment * SEGMENT
            seen = frames[:, first : first + SEGMENT + model.history].clone()
            wanted = targets[:, first : first + SEGMENT].clone()
            fresh = torch.from_numpy(random.random(len(seen)) < 0.03)
            if state is not None and fresh.any():
                restart(seen, wanted, fresh)
                kept = (~fresh).float()[None, :, None]
                state = (state[0] * kept, state[1] * kept)
            logits, state = model.carry(seen, state)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), weights, ignore_index=-1)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            state = (state[0].detach(), state[1].detach())
            total += loss.item()
        trained = time.monotonic()
        decision, figures, worth = choose(scores(model, held_out), held_out)
        report(epoch, total / segments, figures, trained - began)
        if best is None or worth > best[0]:
            best = (worth, epoch, decision, figures, {k: v.clone() for k, v in model.state_dict().items()})
    model.load_state_dict(best[4])
    return best[1:4]


def scores(model, records):
    """Scores (T, 5) of each record, the state carried from zeros over the whole of it."""
    length = max(len(record.frames) for record in records)
    frames = np.zeros((len(records), model.history + length), np.float32)
    for row, record in zip(frames, records):
        row[model.history : model.history + len(record.frames)] = record.frames
    frames, state, parts = torch.from_numpy(frames), None, []
    with torch.no_grad():
        for first in range(0, length, 4096):
            logits, state = model.carry(frames[:, first : first + 4096 + model.history], state)
            parts.append(torch.softmax(logits, -1))
    all = torch.cat(parts, 1).numpy()
    return [row[: len(record.frames)] for row, record in zip(all, records)]


# MARK: Deciding and scoring


def smoothed(scores, steps):
    """Mean over the last `steps` steps, fewer at the start."""
    sums = np.cumsum(np.concatenate([np.zeros((1, scores.shape[1])), scores]), 0)
    last = np.arange(1, len(scores) + 1)
    first = np.maximum(last - steps, 0)
    return (sums[last] - sums[first]) / (last - first)[:, None]


def peaks(scores, steps, decision):
    """The `peaks` rule of runnel on scores already smoothed over `steps`: [(sample index, class)]."""
    bump = 1 - scores[:, 0]
    lag = DELAY + (steps - 1) // 2
    widest = round(decision["max_width"] * RATE)
    refractory = round(decision["refractory"] * RATE)
    opening = np.flatnonzero(bump >= decision["enter"])
    closing = np.append(np.flatnonzero(bump < decision["leave"]), len(bump))
    found, last, first = [], -np.inf, 0
    while True:
        place = np.searchsorted(opening, first)
        if place == len(opening):
            return found
        start = opening[place]
        end = min(closing[np.searchsorted(closing, start)], start + widest)
        at = start + int(np.argmax(bump[start:end])) - lag
        if at - last >= refractory and at >= 0:
            kind = LABELS[1 + int(np.argmax(scores[start:end, 1:].sum(0)))]
            found.append((at * (RECORDED_RATE // RATE), kind))
            last = at
        first = end


def pairs(truth, found):
    """(true class or O, found class or None) by the rules of EC57 as bxb applies them: 150 ms, one annotation of
    look-ahead, first 5 minutes left out, unmatched detections in flutter not counted."""
    window, begin = 0.15 * RECORDED_RATE, 300 * RECORDED_RATE
    true = [beat for beat in truth.beats if beat[0] >= begin]
    found = [beat for beat in found if beat[0] >= begin]
    i = j = 0
    far = np.inf
    result = []
    while i < len(true) or j < len(found):
        a = true[i][0] if i < len(true) else far
        b = found[j][0] if j < len(found) else far
        if b < a:  # the detection comes first: does the next one fit better?
            after = found[j + 1][0] if j + 1 < len(found) else far
            if a - b <= window and a - b <= abs(after - a):
                result.append((true[i][1], found[j][1]))
                i += 1
            elif not truth.in_flutter(b):
                result.append(("O", found[j][1]))
            j += 1
        else:
            after = true[i + 1][0] if i + 1 < len(true) else far
            if b - a <= window and b - a <= abs(after - b):
                result.append((true[i][1], found[j][1]))
                j += 1
            else:
                result.append((true[i][1], None))
            i += 1
    return result


def figures(paired):
    """Sensitivity and positive predictivity, as fractions, of QRS, V and S; None where there is nothing to find."""

    def ratio(a, b):
        return round(a / b, 5) if b else None

    def count(true, found):
        return sum(1 for t, f in paired if (true is None or t in true) and (found is None or f in found))

    hit = sum(1 for t, f in paired if t != "O" and f is not None)
    result = {
        "QRS": {
            "sensitivity": ratio(hit, sum(1 for t, _ in paired if t != "O")),
            "positive_predictivity": ratio(hit, sum(1 for _, f in paired if f is not None)),
        }
    }
    for name, false in (("V", "NSO"), ("S", "NVFO")):  # F and Q called V are none of V's errors
        right = count(name, [name])
        result[name] = {
            "sensitivity": ratio(right, count(name, None)),
            "positive_predictivity": ratio(right, right + count(false, [name])),
            "true_positive": right,
            "of": count(name, None),
            "false_positive": count(false, [name]),
        }
    return result


def harmonic(figure):
    a, b = figure["sensitivity"] or 0, figure["positive_predictivity"] or 0
    return 2 * a * b / (a + b) if a + b else 0


def choose(scored, records):
    """The decision that serves the held-out records best: (decision, {gross, records}, worth)."""
    best = None
    for milliseconds in (50, 75, 100):
        steps = round(milliseconds * RATE / 1000)
        smooth = [smoothed(s, steps) for s in scored]
        for enter in (0.5, 0.6, 0.7, 0.8, 0.9):
            for leave in (0.1, 0.2, 0.3):
                decision = {
                    "emit": "peaks", "enter": enter, "leave": leave, "refractory": 0.2, "max_width": 0.3,
                    "smooth": f"mean {milliseconds}ms",
                }  # fmt: skip
                paired = [pairs(r.truth, peaks(s, steps, decision)) for r, s in zip(records, smooth)]
                gross = figures(sum(paired, []))
                # QRS stands at a few tenths of a percent from 1 and matters to every label: it counts ten times.
                worth = 10 * harmonic(gross["QRS"]) + harmonic(gross["V"])
                if best is None or worth > best[2] + 1e-12:
                    each = {record.name: figures(p) for record, p in zip(records, paired)}
                    best = (decision, {"gross": gross, "records": each}, worth)
    return best


def shown(figure):
    def percent(x):
        return "   -  " if x is None else f"{100 * x:6.2f}"

    return "  ".join(
        f"{name} {percent(figure[name]['sensitivity'])} /{percent(figure[name]['positive_predictivity'])}"
        for name in ("QRS", "V", "S")
    )


# MARK: The model file


def example():
    """What the golden tensors are made of, 256 steps: beats made of Gaussian bumps, not one sample of any recording."""
    random = np.random.default_rng(2)
    seconds = np.arange(256) / RATE
    signal = 0.01 * random.standard_normal(256)
    # P, Q, R, S, T: millivolts, seconds from R, width
    waves = [(0.1, -0.17, 0.025), (-0.1, -0.03, 0.01), (1.0, 0, 0.011), (-0.2, 0.03, 0.011), (0.25, 0.26, 0.05)]
    wide = [(1.4, 0.01, 0.035), (-0.6, 0.22, 0.06)]
    for at, shape in ((0.2, waves), (0.85, waves), (1.27, wide), (2.0, waves)):
        for height, place, width in shape:
            signal += height * np.exp(-0.5 * ((seconds - at - place) / width) ** 2)
    return (signal - signal.mean()).astype(np.float32)[:, None]


def write(model, path, decision, provenance):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import runnel_export

    runnel_export.save(
        model,
        path,
        example=example(),
        name="ecg-beats",
        labels={"beat": LABELS},
        rate=float(RATE),
        trained_rate=float(RECORDED_RATE),
        regime="carried",
        delay=DELAY / RATE,
        warmup=1.5,
        inputs=[{"name": "lead", "unit": "mV"}],
        conditioning=CONDITIONING,
        decide=decision,
        provenance=provenance,
    )


def provenance(options, epoch, held_out):
    """What the weights are made of. No date: the same command gives the same bytes."""
    return {
        "data": "MIT-BIH Arrhythmia Database 1.0.0",
        "doi": "10.13026/C2F305",
        "data_licence": "ODC-By 1.0",
        "lead": LEAD,
        "trained_on": TRAINED_ON,
        "held_out": HELD_OUT,
        "held_out_chose": "epoch and thresholds",
        "held_out_figures": held_out,
        "scoring": "EC57 as bxb: 150 ms, first 5 minutes left out, AAMI classes, F and Q called V are no errors of V",
        "script": "python/train_ecg.py",
        "seed": options.seed,
        "epochs": options.epochs,
        "epoch": epoch,
        "torch": torch.__version__.split("+")[0],
    }


def main():
    parser = argparse.ArgumentParser(description="Train the ECG beat model of runnel.", epilog=WHERE)
    parser.add_argument("--data", required=True, metavar="DIR", help="folder with RECORD.hea, .dat and .atr")
    parser.add_argument("--runnel", default="runnel", metavar="PATH", help="the binary that conditions the records")
    parser.add_argument("--conditioned", metavar="DIR", help="read RECORD.x.npy here, without runnel")
    parser.add_argument("--out", default="ecg-beats.safetensors", metavar="FILE")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(1)  # more gain nothing at this size, and sums keep their order
    torch.manual_seed(options.seed)
    verify(options.data)
    model = Beats()
    with tempfile.TemporaryDirectory() as folder:
        source = options.conditioned or os.path.join(folder, "whole")
        if options.conditioned is None:
            untrained = os.path.join(folder, "untrained.safetensors")
            write(model, untrained, {"emit": "peaks"}, {"untrained": True})
            condition(TRAINED_ON + HELD_OUT, options.data, options.runnel, untrained, source)
        records = [load(name, source, options.data) for name in TRAINED_ON]
        held_out = [load(name, source, options.data) for name in HELD_OUT]

    def report(epoch, loss, figures, seconds):
        line = f"epoch {epoch}/{options.epochs}  loss {loss:.4f}  {shown(figures['gross'])}  {seconds:.0f} s"
        print(line, flush=True)

    print(f"{len(records)} records, {options.epochs} epochs; held-out sensitivity / positive predictivity in percent:")
    epoch, decision, figures = train(model, records, held_out, options.epochs, options.seed, report)
    write(model, options.out, decision, provenance(options, epoch, figures))
    for name, figure in figures["records"].items():
        print(f"{name:>6}  {shown(figure)}")
    print(f" gross  {shown(figures['gross'])}\n{options.out}: epoch {epoch}, {decision}")


# MARK: Records and their digests


SHA256SUMS = """\
441cdd6486cfdf4c53e344d1048ab81296773e7058d53069022adc68543a0663  101.atr
698d1ea6f472d23ca50317c72c96cda2698badd8578220ed0380cdf241e39006  101.dat
d5f02fbe8673fa05465442191b98ca0d28a1670e7ef0e83fb9ef8723113a311c  101.hea
585347e6d1bd3ad89cdb52cb80945878a5e51026d81f871a376bb6e13936f7fa  106.atr
c017bc18b95b1f970bca143a044ee5d54168648b541e47aa656f2737a59c1202  106.dat
ad5ed3ee5603926a07a09f0d0c9e2a7ff10a705dbafcde3d185317730a8839ab  106.hea
ea227008ac3bc4ada87807117909e77ae0643d5a8bc09f32b9096a35f140cbf3  108.atr
229a4ef62679dc5c6ea781bfbaec2bd784151fc9f9517f4cdecd533a9431eb20  108.dat
1c461d963db1883589a975daa80b4104eee6cabb2f5cfec3e0d63b78e7a6a405  108.hea
2eef456587bab17263a126063321c040affa29bc4ccfdf2a2bc7fe50709fa1b8  109.atr
267afd6ced7a1fd5a8bcd21fcc2b83287e37e3ef57f32e8a0fe39a6e021951cd  109.dat
3b21402a9a096acb6a2199b25681e40b0dd201494cb023ded514cd9726bb7fad  109.hea
69cf7ee24d65a5430162ae9b6452be9d4855c2af47f91976b7f02038ea115002  112.atr
3c7af9758687314255b5d946a58d9509d53ecf2a300230684fa8ecf00b774bdb  112.dat
a78dc4b0907b3db806395cff76b3a2e9a70e889b9dc3702c7de55aa8b41abd7d  112.hea
5280acb082b654d64944137987a00fbc2105b3a3fcdda75d0bf11d4644e40d9f  114.atr
2ae83463edcfec256b79ce93716dcb40f289bacbe9e5e7a66cd00d0a31099d4b  114.dat
830ba89cebf60945db0c78332e3cc6c64acbe218f6f16594660d4f17423ee889  114.hea
4980667b19b7a637729d40762f071b483d69f5431db818cbddc9a8ae64cc4da2  115.atr
34185efe9889608c76ebfbf5a467d3457970c6d11b77a2bf81b94bcf46e07c41  115.dat
3212847a692bf3bc5e1dde0343d272e7d56735983276031420060d51d0cdd41c  115.hea
abd31e2c878073e67319d5a6fa34923fe117cca02e5c80318378405c853ccbef  116.atr
0ab38cfca76d816673213dcd570504bb3ab02ef76d51540fd7a6075bc580ad85  116.dat
5553273cafa68c106468ddfaa3bd1d6a30daec53cff1642d3592a20110b2edad  116.hea
77afd5400648d128223d5029a49c442f5abd65ba997f732489cb8eed39d71551  118.atr
66ea4b70b7d64abd0f49089ae1b8f0f577664c46e5b29ac23b291934e063df15  118.dat
48a3d0c4e7742ca0e39a2cbb3ea5142a4d41261adbd0bb25651e0fcd9c6aef2b  118.hea
fd919c8ea20eed4a22fb37984977f30ce48d382eefd2d90934bf947a88e0fd7b  119.atr
02a286a28e69b441568add915f16a2856b22bab893bf8729ee9654411ed3a5aa  119.dat
658f01382d7280a06e2f4c06363569d477394a6898c69ee788bb383f6092df63  119.hea
34966d92a94c72126253c0297407cff78e53be1f72c6814e28676bcda8be90de  122.atr
a700c794bfe23565603d75dc5706915f5436e522802d260e758683d11f5b9e13  122.dat
b43ca64ed2c6e69d15def2c30f8cb2cbf25cb807f9530b1e7d5cfed2fd496f70  122.hea
f9c8cac368f1f6ba8895ae47f5771c82597374c1e6b030385ca2eb186454677c  124.atr
296988e49d2653eb499ad0b17c46826b4296b7eaf94df3f76f1ba2dcdf6bc48b  124.dat
2200f917fe7a1fa817b79069a274d3291a6fa66289521af5e7d38edeb3e82bce  124.hea
2573f948e54a538983a44bf946e3e61cdda60e898b4c65ca8559b57c4877c706  203.atr
5ba7d2237fc838438efd8bb0a3baeffc5de2e70c76e3ab7e401e811ad82f43e0  203.dat
25b3a3107dd00221b245ef5c23ffdfbd07caaf58e2cf377734f3a947361b26a5  203.hea
0ae55e31175b9ba36e09c3b556b15e3e70f254936a2634d5ff341dfb86a74ea9  205.atr
8a513c39e6d9a1d732de0b3909a87aa1fcfd4bd55ab5f59a5b810967d252af36  205.dat
739f76bbcbbfdad1f260a043a5f7106f6e912894065b15ea75bee42af0380a2a  205.hea
cceb64d68033a277d2d5669458d49258295102dd3e20614a0ca7d63b67009404  207.atr
139f99250366fbf347cba4d8ea1fbe788f98cb1b93b70f50ccba70122d908605  207.dat
7645d488d4c304760aae0a709193ffa13692c317b551bcbdcbb37011032178d8  207.hea
33878519ee34d00cb233fdb15b11c2b8da0b0aea2e643d31b07105cc3392edf4  208.atr
22873623623c44ee413a5b60cacb15d4af2723734836fb3ae45d9ff96bdb36e7  208.dat
5a27efda1bea972440a0b5f40a1c322898693e9602d5ce4722fe750b7dea46e9  208.hea
c0697b176e7caf49e34f93e28eaeeff7167e2de380a8698f6cb3fb3a5fcb1c84  209.atr
e2516dd126ea85529d9a0e8442fef5d880a492d41f0692a76e648c8437f15c5f  209.dat
9ac1abedc17f898bf6a1db9c64c38ccf4f065ebc3989ee7740f4c0796655e590  209.hea
94968307b89eb0be766cbb88617f08571ed41b3b25b294d19a72b7ffd2525aee  215.atr
9e28799b5733a2d60470653e6f6ca26610143303233a1b7559cff54e2ad26ef9  215.dat
a326c25698a0773a6be986f2cae499981224d3c61d8fdcddfbb3beaf3ff0bcbd  215.hea
9cf9f330823e2a9850d51a7fce1f8ecfe5bb84e80e89412bd9f4de6a67f9ccc7  220.atr
c01ca1a76fb3a89e96134a08f2e5aa6e760eda59ea9086ba8aaa13ba0cca9cff  220.dat
af40adc6deb9c0e942432e69a7153e41ac252eb6c15a24a715ef258469cda2e5  220.hea
beaa5cb3eb5fb64a5f9e1dfcac9297f9564b379c9c354cbf8f9f927d9b81ccf1  223.atr
1d42aa9e13f7349287ae5f0f00b40078c01aadd39e2cad1001ab42d3b7484594  223.dat
bbd414e57b6eafa53204fb7eeb1212c9d47f598f36e8838b103bfb68a316ca85  223.hea
403d0d4842ba7135b1e14b9e5c50cba214753a0e17bf979090b2c6a8018f7eae  230.atr
fba09ea54d9caa342c54c46e0df247335345b02444f7d15162906adfef55d057  230.dat
5738bb479316dcc324b27807bbbffd8878da6156707c6cfbc08dcd0fa4771671  230.hea"""


if __name__ == "__main__":
    main()
