"""Makes Tests/Golden/wfdb: synthetic WFDB records and annotations, and what wfdb-python reads back from them.

    python python/golden/make_wfdb.py

Every sample is made here from a seed; nothing comes from a recording of anybody. The files are written by the wfdb
package and read back by it: the JSON beside them is what a second implementation says they hold.
"""

import datetime
import json
import pathlib
import shutil

import numpy as np
import wfdb

folder = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden" / "wfdb"
tools = {"wfdb": wfdb.__version__, "numpy": np.__version__}


def samples(rows: int, low: int, high: int, seed: int) -> np.ndarray:
    """Three signals (rows, 3): a sine with noise, a ramp, and noise over the format's whole range."""
    random = np.random.default_rng(seed)
    time = np.arange(rows)
    sine = np.round(800 * np.sin(time / 7) + random.normal(0, 20, rows))
    ramp = np.linspace(low + 1, high, rows).round()
    noise = random.integers(low + 1, high + 1, rows)
    table = np.stack([sine, ramp, noise], axis=1).astype(np.int64)
    table[5, 0] = low  # the format's "no sample here"
    return table


def record(name: str, code: str, rows: int, low: int, high: int, seed: int) -> None:
    table = samples(rows, low, high, seed)
    wfdb.wrsamp(
        name, fs=360.5, units=["mV", "mV", "NU"], sig_name=["MLII", "V1 low", "noise"], d_signal=table,
        fmt=[code] * 3, adc_gain=[200.0, 1234.5, 1.0], baseline=[0, 1024 if code == "212" else -7, 0],
        comments=["synthetic: no patient", "seed %d" % seed],
        base_datetime=datetime.datetime(2024, 2, 29, 23, 59, 58, 250000), write_dir=str(folder))
    back = wfdb.rdrecord(str(folder / name), physical=False)
    physical = wfdb.rdrecord(str(folder / name))
    text = {
        "tools": tools, "fs": back.fs, "rows": back.sig_len, "names": back.sig_name, "units": back.units,
        "gain": back.adc_gain, "baseline": back.baseline, "init": back.init_value, "checksum": back.checksum,
        "unix_ns": int(back.base_datetime.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) * 1_000_000,
        "comments": back.comments, "samples": back.d_signal.tolist(),
        "physical_row_9": physical.p_signal[9].tolist(),
    }
    (folder / f"{name}.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")


def annotations(name: str, extension: str, fs: float | None) -> None:
    """Short and long intervals, every modifier, texts of odd and even length, code after code at one instant."""
    at = [0, 18, 18, 77, 1100, 1100 + 1023, 1100 + 1023 + 1024, 70_000, 5_000_000, 5_000_001]
    symbol = ["+", "N", "V", "A", "~", '"', "N", "[", "]", "/"]
    subtype = [0, 1, 2, 0, 48, 0, 127, 0, 16, 0]
    chan = [0, 0, 1, 1, 255, 0, 0, 2, 0, 0]
    num = [0, 3, 3, 4, 4, 0, 0, 127, 126, 0]
    aux = ["(N", "", "a", "ab", "", "a longer comment", "", "", "(VFL", ""]
    wfdb.wrann(
        name, extension, np.array(at), symbol=symbol, subtype=np.array(subtype), chan=np.array(chan),
        num=np.array(num), aux_note=aux, fs=fs, write_dir=str(folder))
    back = wfdb.rdann(str(folder / name), extension)
    text = {
        "tools": tools, "fs": back.fs if fs else None, "at": back.sample.tolist(), "symbol": back.symbol,
        "subtype": back.subtype.tolist(), "channel": back.chan.tolist(), "number": back.num.tolist(),
        "text": [note.rstrip("\0") for note in back.aux_note],
    }
    (folder / f"{name}.{extension}.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")


shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
record("synth212", "212", 199, -2048, 2047, 1)
record("synth16", "16", 199, -32768, 32767, 2)
annotations("synth212", "atr", None)
annotations("synth212", "res", 1000.0)
np.save(folder / "f8.npy", np.array([[0.5, -1.25], [np.inf, 3e-300], [np.pi, -0.0]], dtype="<f8"))
np.save(folder / "i2.npy", np.array([-32768, 0, 32767], dtype="<i2"))
