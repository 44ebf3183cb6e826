"""Compare runnel's recordings with programs that runnel's authors did not write, in both directions.

    python python/parity_recordings.py [--runnel .build/release/runnel]
    make test-parity                               the same in an environment of its own

Read: files of others (../shared/data/interop where it is there, and Tests/Golden/recordings) go through `runnel convert`
into CSV, and every value is held against what wfdb, pyedflib, sigmf, scipy, pyxdf and mcap read from the same file.
Written: a synthetic ECG with its beats, made and converted by runnel, is read by wfdb, pyedflib and mcap, the latter with
its sums validated, by its index and from the front; so are files that `runnel record` wrote, one of them killed. Exit code 1 where one value, mark or sum differs.

Needs numpy, scipy, wfdb, pyedflib, mcap, sigmf and pyxdf.
"""

import csv
import json
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np

from comparing.checks import ROOT, Runnel, check, main

GOLDEN = os.path.join(ROOT, "Tests", "Golden", "recordings")


class Converter(Runnel):
    def convert(self, source, name, *options):
        target = os.path.join(self.folder, name)
        return target, json.loads(self.run("convert", source, target, "--json", "--allow-loss", "--force", *options))

    def table(self, source, *options):
        """Row indexes and values (rows, channels), as runnel reads a recording."""
        path, result = self.convert(source, "read.csv", *options)
        with open(path, newline="") as file:
            lines = list(csv.reader(file))[1:]
        index = np.array([int(line[0]) for line in lines], np.int64)
        values = np.array([[float(text) if text else np.nan for text in line[2:]] for line in lines], float)
        return index, values.reshape(len(lines), -1), result


def same(found, expected):
    """The largest difference, in units of the largest value; NaN in the same places. Infinite where shapes differ."""
    expected = np.asarray(expected, float)
    if found.shape != expected.shape or not np.array_equal(np.isnan(found), np.isnan(expected)):
        return float("inf")
    if not found.size or np.isnan(found).all():
        return 0.0
    return float(np.nanmax(np.abs(found - expected)) / max(1e-300, np.nanmax(np.abs(expected))))


def compare(name, found, expected, limit=1e-12):
    error = same(found, expected)
    check(name, error <= limit, f"{found.shape[0]} rows of {found.shape[1]}, off by {error:.1e} of the largest at most")


# What others wrote ---------------------------------------------------------------------------------------------------


def read_wfdb(runnel, paths):
    import wfdb

    for path in paths:
        base = path[:-4]
        record = wfdb.rdrecord(base, smooth_frames=False)
        signals = record.e_p_signal if record.e_p_signal is not None else list(record.p_signal.T)
        rates = sorted({len(signal) for signal in signals}, reverse=True)
        for length in rates:
            columns = [signal for signal in signals if len(signal) == length]
            rate = record.fs * length / record.sig_len
            options = ["--track", f"{rate:g}Hz"] if len(rates) > 1 else []
            index, values, _ = runnel.table(path, *options)
            whole = np.full((length, values.shape[1]), np.nan)
            whole[index] = values
            compare(f"wfdb reads {os.path.basename(path)} {' '.join(options)}", whole, np.stack(columns, 1))


def read_edf(runnel, paths):
    import pyedflib

    for path in paths:
        try:
            reader = pyedflib.EdfReader(path)
        except OSError as problem:
            print(f"left out: pyedflib refuses {os.path.basename(path)}: {problem}")
            continue
        with reader:
            rates = [reader.getSampleFrequency(k) for k in range(reader.signals_in_file)]
            marks = reader.readAnnotations()
            for rate in sorted(set(rates)):
                columns = [reader.readSignal(k) for k, own in enumerate(rates) if own == rate]
                options = ["--track", f"{rate:g}Hz"] if len(set(rates)) > 1 else []
                _, values, result = runnel.table(path, *options)
                compare(f"pyedflib reads {os.path.basename(path)} {' '.join(options)}", values, np.stack(columns, 1))
            if rates:
                check(f"pyedflib counts the annotations of {os.path.basename(path)}",
                      result["annotations"] == len(marks[0]), f"{len(marks[0])}")


def read_others(runnel, data):
    import pyxdf
    import scipy.io.wavfile
    import sigmf

    for path in [os.path.join(GOLDEN, name) for name in ("pair.sigmf-meta", "radio.sigmf-meta")] + data("sigmf", ".sigmf-meta"):
        recording = sigmf.sigmffile.fromfile(path, autoscale=False)
        samples = np.asarray(recording.read_samples())
        samples = samples.reshape(len(samples), -1)
        if np.iscomplexobj(samples):
            samples = np.stack([samples.real, samples.imag], 2).reshape(len(samples), -1)
        _, values, result = runnel.table(path)
        compare(f"sigmf reads {os.path.basename(path)}", values, samples.astype(float))
        check(f"sigmf counts the annotations of {os.path.basename(path)}",
              result["annotations"] == len(recording.get_annotations()), f"{len(recording.get_annotations())}")
    for path in [os.path.join(GOLDEN, name) for name in sorted(os.listdir(GOLDEN)) if name.endswith(".wav")] + data("wav", ".wav"):
        rate, samples = scipy.io.wavfile.read(path)
        samples = samples.reshape(len(samples), -1)
        kind = str(samples.dtype)
        expected = (samples.astype(float) - (128 if kind == "uint8" else 0)) / {"uint8": 128, "int16": 2**15, "int32": 2**31}.get(kind, 1)
        _, values, result = runnel.table(path)
        compare(f"scipy reads {os.path.basename(path)}", values, expected)
    for path in [os.path.join(GOLDEN, "streams.xdf")] + data("xdf", ".xdf"):
        streams, _ = pyxdf.load_xdf(path)
        for stream in streams:
            name, rate = stream["info"]["name"][0], float(stream["info"]["nominal_srate"][0])
            if stream["info"]["channel_format"][0] == "string" or rate == 0:
                continue
            _, values, _ = runnel.table(path, "--track", name)
            compare(f"pyxdf reads '{name}' of {os.path.basename(path)}", values, np.asarray(stream["time_series"], float))


# What runnel writes --------------------------------------------------------------------------------------------------


def written(runnel):
    import wfdb

    folder = runnel.folder
    for code, name in (("16", "ecg16"), ("212", "ecg212")):
        base = os.path.join(folder, name)
        runnel.run("synth", "ecg", "-o", base, "--format", code, "--seconds", "60", "--ventricular", "0.1")
        record, marks = wfdb.rdrecord(base), wfdb.rdann(base, "atr")
        _, values, _ = runnel.table(base + ".hea")
        compare(f"wfdb reads a synthetic record in format {code}", values, record.p_signal)
    edf(runnel, base, record, marks)
    mcap_file(runnel, base, record, marks)
    # Back into WFDB, out of every format, in the format the values need.
    for suffix in ("mcap", "edf", "csv"):
        path, result = runnel.convert(os.path.join(folder, f"out.{suffix}"), f"back_{suffix}.hea")
        back = wfdb.rdrecord(path[:-4])
        # A table holds floats, which WFDB rounds to steps of 32 bits.
        limit = 1e-9 if suffix == "csv" else 1e-12
        compare(f"wfdb reads what came back from {suffix}", back.p_signal[: record.sig_len], record.p_signal, limit)
        if suffix != "csv":
            found = wfdb.rdann(path[:-4], "atr")
            check(f"its beats are those that went into {suffix}",
                  np.array_equal(found.sample, marks.sample) and found.symbol == marks.symbol, f"{len(marks.sample)} beats")
    # Wide values choose wide formats.
    for limit, code in ((8_000_000, "24"), (2_000_000_000, "32")):
        values = np.random.default_rng(limit).integers(-limit, limit, (50, 2))
        table = os.path.join(folder, "wide.csv")
        with open(table, "w") as file:
            file.write("sample,time_s,a [mV],b [mV]\n" + "".join(f"{k},{k / 100},{a},{b}\n" for k, (a, b) in enumerate(values)))
        path, _ = runnel.convert(table, f"wide{code}.hea")
        back = wfdb.rdrecord(path[:-4])
        check(f"values up to {limit} are written in format {code}", back.fmt == [code, code], str(back.fmt))
        compare(f"wfdb reads format {code}", back.p_signal, values)


def edf(runnel, base, record, marks):
    import pyedflib

    for suffix in ("edf", "bdf"):
        path, result = runnel.convert(base + ".hea", f"out.{suffix}")
        with pyedflib.EdfReader(path) as reader:
            signals = np.stack([reader.readSignal(k) for k in range(reader.signals_in_file)], 1)[: record.sig_len]
            times, _, texts = reader.readAnnotations()
            compare(f"pyedflib reads a record in {suffix}", signals, record.p_signal)
            check(f"pyedflib finds the beats in {suffix}",
                  np.array_equal(np.round(np.array(times) * record.fs).astype(int), marks.sample) and list(texts) == marks.symbol,
                  f"{len(texts)} annotations")
    runnel.convert(base + ".hea", "out.csv")


def mcap_file(runnel, base, record, marks):
    import mcap.reader
    import mcap.stream_reader

    path, _ = runnel.convert(base + ".hea", "out.mcap")
    with open(path, "rb") as file:
        reader = mcap.reader.make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        indexed = [(channel, message) for _, channel, message in reader.iter_messages(log_time_order=True)]
    check("mcap reads the summary", summary.statistics.message_count == len(indexed) and summary.statistics.chunk_count == len(summary.chunk_indexes),
          f"{summary.statistics.message_count} messages in {summary.statistics.chunk_count} chunks")
    with open(path, "rb") as file:
        records = list(mcap.stream_reader.StreamReader(file, validate_crcs=True).records)
    streamed = [item for item in records if type(item).__name__ == "Message"]
    check("mcap reads the same from the front, sums validated", len(streamed) == len(indexed), f"{len(streamed)} messages")
    data = [message.data for channel, message in indexed if channel.message_encoding == "runnel.v1"]
    headers = [struct.unpack_from("<4sBBBBHHIQQQqdII", item) for item in data]
    samples = np.concatenate([np.frombuffer(item[64:], "<i2").reshape(-1, head[-2]) for item, head in zip(data, headers)])
    check("the indexes of its messages follow each other", [head[10] for head in headers] == list(np.cumsum([0] + [head[-1] for head in headers])[:-1]))
    compare("its samples are those of the record", samples.astype(float) / 200, record.p_signal)
    labels = [json.loads(message.data) for channel, message in indexed if channel.topic.startswith("l/")]
    check("its labels are the beats", [(label["at"], label["label"]) for label in labels] == list(zip(marks.sample.tolist(), marks.symbol)),
          f"{len(labels)} labels")


def recorded(runnel):
    """What `runnel record` wrote: ended in order, split, and killed and mended."""
    import mcap.reader

    base = os.path.join(runnel.folder, "recorded")
    runnel.run("synth", "ecg", "-o", base, "--format", "16", "--seconds", "600")
    samples = np.fromfile(base + ".dat", "<i2").reshape(-1, 1)
    for name, options, ending in (
            ("recorded", [], signal.SIGTERM), ("split", ["--split-size", "1MiB"], signal.SIGTERM), ("killed", [], signal.SIGKILL)):
        path = os.path.join(runnel.folder, name + ".mcap")
        recorder = subprocess.Popen(
            [runnel.program, "record", "-o", path, "tcp://127.0.0.1:*", "--bind", *options], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        endpoint = recorder.stderr.readline().split()[1]
        runnel.run("replay", base + ".hea", "--to", endpoint, "--connect", "--speed", "max", "--chunk", "16")
        if ending == signal.SIGKILL:
            # What came is in the file a second later at most.
            while subprocess.run([runnel.program, "convert", path, base + ".csv", "--allow-loss", "--force"], capture_output=True).returncode:
                time.sleep(0.1)
            time.sleep(1.5)
        recorder.send_signal(ending)
        recorder.communicate()
        if ending == signal.SIGKILL:
            runnel.run("record", "--recover", path)
        names = sorted(entry for entry in os.listdir(runnel.folder) if entry.startswith(name) and entry.endswith(".mcap"))
        data = []
        for entry in names:
            with open(os.path.join(runnel.folder, entry), "rb") as file:
                reader = mcap.reader.make_reader(file, validate_crcs=True)
                summary = reader.get_summary()
                messages = list(reader.iter_messages(log_time_order=False))
                check(f"mcap reads the summary of {entry}", summary.statistics.message_count == len(messages)
                      and summary.statistics.chunk_count == len(summary.chunk_indexes), f"{len(messages)} messages")
                data += [message.data for _, channel, message in messages if channel.message_encoding == "runnel.v1"]
        # Kind 1 is samples.
        found = np.concatenate([np.frombuffer(item[64:], "<i2") for item in data if item[5] == 1]).reshape(-1, 1)
        check(f"mcap finds every sample that was published in {name}", np.array_equal(found, samples), f"{len(found)} of {len(samples)}")


def compare_all(runnel):
    runnel = Converter(runnel.program, runnel.folder)
    interop = os.path.join(ROOT, "..", "shared", "data", "interop")
    if not os.path.isdir(interop):
        print("left out: the files of others, whose folder ../shared/data/interop is absent")

    def data(folder, suffix):
        place = os.path.join(interop, folder)
        return [os.path.join(place, name) for name in sorted(os.listdir(place)) if name.endswith(suffix)] if os.path.isdir(place) else []

    golden = [os.path.join(GOLDEN, name) for name in ("packed.hea", "wide.hea", "rates.hea", "vary.hea")]
    read_wfdb(runnel, golden + data("wfdb", ".hea"))
    read_edf(runnel, [os.path.join(GOLDEN, name) for name in ("plus.edf", "plain.edf", "plus.bdf")] + data("edf", ".edf"))
    read_others(runnel, data)
    written(runnel)
    recorded(runnel)


if __name__ == "__main__":
    main(__doc__, ["wfdb", "pyedflib", "mcap", "sigmf", "pyxdf", "scipy", "numpy"], compare_all)
