"""Golden numbers of the signal floor: scipy's filter designs and responses, and the resampler's formula in numpy.

Writes filters.json, resampler.json and chain.json into Tests/Golden:

    python3 python/golden/conditioning.py

The input is x[n] = 0.5 + ((7919 n + 13 n^2) mod 2001 - 1000) / 1000, rounded to f32; no file holds it.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import signal

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden"
TOOLS = {"numpy": np.__version__, "scipy": scipy.__version__, "script": "python/golden/conditioning.py"}


def test_signal(count):
    n = np.arange(count, dtype=np.int64)
    return (0.5 + ((7919 * n + 13 * n * n) % 2001 - 1000) / 1000).astype(np.float32).astype(np.float64)


# kind, order, corners, rate; a notch has its quality for an order
FILTERS = [
    ("low-pass", 1, [40.0], 360.0),
    ("low-pass", 4, [40.0], 360.0),
    ("low-pass", 5, [100.0], 250.0),
    ("low-pass", 12, [60.0], 360.0),
    ("high-pass", 1, [0.5], 360.0),
    ("high-pass", 2, [0.5], 360.0),
    ("high-pass", 3, [90.0], 360.0),
    ("high-pass", 7, [20.0], 250.0),
    ("band-pass", 1, [5.0, 15.0], 360.0),
    ("band-pass", 1, [0.5, 150.0], 360.0),
    ("band-pass", 2, [0.5, 40.0], 360.0),
    ("band-pass", 3, [0.5, 170.0], 360.0),
    ("band-pass", 6, [20.0, 400.0], 1000.0),
    ("notch", 30.0, [50.0], 360.0),
    ("notch", 2.0, [60.0], 128.0),
]


def design(kind, order, corners, rate):
    if kind == "notch":
        b, a = signal.iirnotch(corners[0], order, fs=rate)
        return np.concatenate([b, a])[None, :]
    btype = {"low-pass": "lowpass", "high-pass": "highpass", "band-pass": "bandpass"}[kind]
    return signal.butter(order, corners if len(corners) > 1 else corners[0], btype, fs=rate, output="sos")


def filters():
    x = test_signal(120)
    cases = []
    for kind, order, corners, rate in FILTERS:
        sos = design(kind, order, corners, rate)
        output, _ = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[0])
        at = np.array([0.002, 0.01, 0.05, 0.11, 0.2, 0.31, 0.45]) * rate
        _, response = signal.sosfreqz(sos, at, fs=rate)
        cases.append(
            {
                "kind": kind,
                "order": order,
                "corners": corners,
                "rate": rate,
                "sections": sos.tolist(),
                "frequencies": at.tolist(),
                "real": response.real.tolist(),
                "imaginary": response.imag.tolist(),
                "output": output.tolist(),
            }
        )
    return {"tools": TOOLS, "cases": cases}


def resample(x, first, p, q):
    """SIGNAL: y_k = sum of x[m] g(c - A - m), taps of each phase normalised; history before the first sample = x[0]."""
    r = min(1.0, p / q)
    half = 5 / r
    lowest = -(-first * p // q)
    ends = -(-(first + len(x)) * p // q)
    frames = []
    for k in range(lowest, ends):
        newest = k * q // p
        # Relative to the newest sample, so that large indexes lose nothing.
        m = np.arange(newest - int(np.ceil(2 * half)) - 2, newest + 1)
        d = (k * q - newest * p) / p + (newest - m) - half
        # The window's end must not hang on rounding: |d| < A in integers.
        inside = np.abs((k * q - m * p) * 1.0 - half * p) < half * p - 1e-6
        u = np.clip(1 - (d / half) ** 2, 0, None)
        g = np.where(inside, r * np.sinc(r * d) * np.i0(6 * np.sqrt(u)) / np.i0(6.0), 0.0)
        g /= g.sum()
        values = np.where(m < first, x[0], x[np.clip(m - first, 0, len(x) - 1)])
        frames.append(float(np.dot(values, g)))
    return lowest, frames


def resampler():
    cases = []
    for p, q, first, count in [(1, 3, 0, 300), (1, 3, 100, 120), (12, 25, 0, 120), (4, 3, 7, 60), (25, 9, 5, 40),
                               (160, 441, 1000, 150), (3, 1, 2, 40), (1, 7, 20, 400)]:
        x = test_signal(count)
        lowest, frames = resample(x, first, p, q)
        cases.append({"p": p, "q": q, "first": first, "count": count, "firstFrame": lowest, "output": frames})
    return {"tools": TOOLS, "cases": cases}


def normalise(x, rate, tau, mean, variance, epsilon):
    a, m, v, frames = 1 - np.exp(-1 / (tau * rate)), mean, variance, []
    for value in x:
        old = m
        m += a * (value - m)
        v += a * ((value - old) * (value - m) - v)
        frames.append(float(np.float32((value - m) / np.sqrt(v + epsilon))))
    return frames


def chain():
    """Band-pass, notch, resampler and running normalisation in a row, on a session joined at `first`."""
    cases = []
    for rate, p, q, first, count in [(360.0, 1, 3, 0, 400), (250.0, 12, 25, 13, 300), (128.0, 15, 16, 1 << 33, 200)]:
        x = test_signal(count)
        for sos in [design("band-pass", 2, [0.5, 40.0], rate), design("notch", 30.0, [50.0], rate)]:
            x, _ = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[0])
        lowest, frames = resample(x, first, p, q)
        output = normalise(np.array(frames, np.float32).astype(np.float64), rate * p / q, 1.0, 0.1, 0.5, 1e-6)
        cases.append({"p": p, "q": q, "rate": rate, "first": first, "count": count, "firstFrame": lowest, "output": output})
    return {"tools": TOOLS, "cases": cases}


def write(name, value):
    text = json.dumps(value, separators=(",", ":"))
    for start in ['{"kind"', '{"p"']:
        text = text.replace(start, "\n" + start)
    (GOLDEN / name).write_text(text + "\n")


GOLDEN.mkdir(parents=True, exist_ok=True)
write("filters.json", filters())
write("resampler.json", resampler())
write("chain.json", chain())
