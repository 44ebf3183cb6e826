"""Makes Tests/Golden/recordings: small synthetic recordings of every format, and what other programs read from them.

    python python/golden/make_recordings.py

Written by wfdb, pyedflib, sigmf, scipy and mcap where they write the variant; by the lines below, from the formats'
documents, where they do not. Read back by wfdb, pyedflib, sigmf, scipy, pyxdf and mcap: the JSON beside each file is what
that second program says it holds (`by`), `made` where nobody else reads the variant. Every sample comes from a seed.
"""

import datetime
import hashlib
import importlib.metadata
import json
import os
import struct
import wave

import numpy as np

import destination

FOLDER = destination.folder("recordings")
NS = 1_000_000_000


def version(name):
    return f"{name} {importlib.metadata.version(name)}"


def place(name):
    return os.path.join(FOLDER, name)


def expect(name, by, tracks, annotations=None, start=None):
    """What a reader must find. Physical values: rows of channels, null where a sample is missing."""
    for track in tracks:
        rows = track.pop("rows")
        track["values"] = [[None if v is None or np.isnan(v) else float(v) for v in row] for row in rows]
        track.setdefault("runs", [[0, len(rows)]])
    text = {"by": by, "start": start, "tracks": tracks, "annotations": annotations or []}
    with open(place(name + ".json"), "w") as file:
        file.write(json.dumps(text, separators=(",", ":")) + "\n")


def table(rows, columns, low, high, seed):
    random = np.random.default_rng(seed)
    return random.integers(low, high, size=(rows, columns), endpoint=True)


# WFDB ---------------------------------------------------------------------------------------------------------------


def pack(fmt, samples):
    """The bytes of a signal file, samples in their order."""
    values = [int(v) for v in samples]
    if fmt == 8:
        previous, out = 0, []
        for v in values:
            out.append((v - previous) & 0xFF)
            previous = v
        return bytes(out)
    if fmt == 61:
        return struct.pack(f">{len(values)}h", *values)
    if fmt == 80:
        return bytes(v + 128 for v in values)
    if fmt == 160:
        return struct.pack(f"<{len(values)}H", *[v + 32768 for v in values])
    values += [0] * (-len(values) % 3)
    out = b""
    for a, b, c in zip(values[::3], values[1::3], values[2::3]):
        a, b, c = a & 0x3FF, b & 0x3FF, c & 0x3FF
        if fmt == 310:
            out += struct.pack("<HH", a << 1 | (c & 0x1F) << 11, b << 1 | (c >> 5) << 11)
        else:
            out += struct.pack("<I", a | b << 10 | c << 20)
    return out


def wfdb_expectation(name, **read):
    import wfdb

    record = wfdb.rdrecord(place(name), **read)
    return record


def wfdb_files():
    import wfdb

    by = version("wfdb")
    # One file a format that wfdb does not write.
    ranges = {8: 127, 61: 32767, 80: 127, 160: 32767, 310: 511, 311: 511}
    lines = []
    for number, (fmt, limit) in enumerate(ranges.items()):
        samples = table(50, 1, -limit, limit, fmt)[:, 0]
        if fmt == 8:
            samples = np.cumsum(table(50, 1, -127, 127, fmt)[:, 0])
        with open(place(f"packed.{fmt}"), "wb") as file:
            file.write(pack(fmt, samples))
        total = int(samples.sum()) & 0xFFFF
        lines.append(f"packed.{fmt} {fmt} 100(3)/mV 16 0 {0 if fmt == 8 else samples[0]} {total} 0 fmt {fmt}")
    with open(place("packed.hea"), "w") as file:
        file.write(f"packed {len(lines)} 100 50 10:00:00 01/02/2020\n" + "\n".join(lines) + "\n")
    record = wfdb_expectation("packed")
    expect(
        "packed.hea", by,
        [{"rate": 100.0, "names": record.sig_name, "units": record.units, "rows": record.p_signal.tolist()}],
        start=int(datetime.datetime(2020, 2, 1, 10, tzinfo=datetime.timezone.utc).timestamp()) * NS)

    # Formats that wfdb writes, 24 and 32 beside 16, and several samples a frame.
    frames = [table(40, 1, -8388607, 8388607, 1)[:, 0], table(40, 1, -(2**31) + 1, 2**31 - 1, 2)[:, 0],
              table(40, 1, -32767, 32767, 3)[:, 0]]
    wfdb.wrsamp("wide", fs=250, units=["uV", "mV", "V"], sig_name=["a", "b", "c"], d_signal=np.stack(frames, 1),
                fmt=["24", "32", "16"], adc_gain=[10.0, 1000.0, 2.5], baseline=[5, 0, -7], write_dir=FOLDER)
    record = wfdb_expectation("wide")
    expect("wide.hea", by, [
        {"rate": 250.0, "names": record.sig_name, "units": record.units, "rows": record.p_signal.tolist()}])

    # Two rates in one file: three samples of the first signal in each frame, one of the second, which lags by two.
    fast, slow = table(60, 1, -2000, 2000, 4)[:, 0], table(20, 1, -2000, 2000, 5)[:, 0]
    body = []
    for frame in range(20):
        body += [*fast[3 * frame : 3 * frame + 3], slow[frame]]
    with open(place("rates.dat"), "wb") as file:
        file.write(struct.pack(f"<{len(body)}h", *body))
    with open(place("rates.hea"), "w") as file:
        file.write("rates 2 50 20\n")
        file.write(f"rates.dat 16x3 200/mV 16 0 {fast[0]} {int(fast.sum()) & 0xFFFF} 0 fast\n")
        file.write(f"rates.dat 16:2 100(10)/mmHg 16 0 {slow[0]} {int(slow.sum()) & 0xFFFF} 0 slow\n")
    record = wfdb_expectation("rates", smooth_frames=False)
    assert np.array_equal(record.e_p_signal[0], fast / 200)
    late = [(v - 10) / 100 for v in slow[2:]] + [None, None]
    assert np.array_equal(record.e_p_signal[1][:18], np.array(late[:18], float))
    expect("rates.hea", by, [
        {"rate": 150.0, "names": ["fast"], "units": ["mV"], "rows": [[v] for v in record.e_p_signal[0].tolist()]},
        {"rate": 50.0, "names": ["slow"], "units": ["mmHg"], "rows": [[v] for v in late]}])

    # Segments: fixed, with a gap; and with a layout, signals that come and go, another gain in one of them.
    parts = [table(30, 2, -1000, 1000, 6), table(25, 2, -1000, 1000, 7)]
    for number, part in enumerate(parts):
        wfdb.wrsamp(f"fixed_{number}", fs=100, units=["mV", "mV"], sig_name=["I", "II"], d_signal=part,
                    fmt=["16", "16"], adc_gain=[200.0, 200.0], baseline=[0, 0], write_dir=FOLDER)
    with open(place("fixed.hea"), "w") as file:
        file.write("fixed/3 2 100 65\nfixed_0 30\n~ 10\nfixed_1 25\n")
    # wfdb stumbles over a gap in a fixed layout.
    expect("fixed.hea", "made", [
        {"rate": 100.0, "names": ["I", "II"], "units": ["mV", "mV"], "runs": [[0, 30], [40, 65]],
         "rows": np.concatenate([part / 200 for part in parts]).tolist()}])
    wfdb.wrsamp("vary_0", fs=100, units=["mV"], sig_name=["II"], d_signal=parts[0][:, :1], fmt=["16"],
                adc_gain=[200.0], baseline=[0], write_dir=FOLDER)
    wfdb.wrsamp("vary_1", fs=100, units=["mV", "mV"], sig_name=["V", "II"], d_signal=parts[1], fmt=["16", "16"],
                adc_gain=[100.0, 400.0], baseline=[0, 8], write_dir=FOLDER)
    with open(place("vary_layout.hea"), "w") as file:
        file.write("vary_layout 2 100 0\n~ 0 200/mV 16 0 0 0 0 II\n~ 0 100/mV 16 0 0 0 0 V\n")
    with open(place("vary.hea"), "w") as file:
        file.write("vary/4 2 100 65\nvary_layout 0\nvary_0 30\n~ 10\nvary_1 25\n")
    record = wfdb_expectation("vary")
    columns = [record.sig_name.index("II"), record.sig_name.index("V")]
    rows = record.p_signal[:, columns]
    assert np.isnan(rows[30:40]).all() and np.isnan(rows[:30, 1]).all()
    expect("vary.hea", by, [
        {"rate": 100.0, "names": ["II", "V"], "units": ["mV", "mV"], "runs": [[0, 30], [40, 65]],
         "rows": np.concatenate([rows[:30], rows[40:]]).tolist()}])


# EDF ----------------------------------------------------------------------------------------------------------------


def edf_files():
    import pyedflib

    by = version("pyedflib")
    for name, kind, limit, bits in [("plus.edf", pyedflib.FILETYPE_EDFPLUS, 32767, 16),
                                    ("plus.bdf", pyedflib.FILETYPE_BDFPLUS, 8388607, 24),
                                    ("plain.edf", pyedflib.FILETYPE_EDF, 32767, 16)]:
        fast, slow = table(300, 1, -limit, limit, 11)[:, 0], table(30, 1, -limit, limit, 12)[:, 0]
        with pyedflib.EdfWriter(place(name), 3, file_type=kind) as writer:
            writer.setStartdatetime(datetime.datetime(2019, 4, 5, 6, 7, 8))
            if kind != pyedflib.FILETYPE_EDF:
                writer.setPatientCode("P17")
            for channel, (label, rate, low, high) in enumerate(
                    [("EEG Fpz-Cz", 100, -250.0, 250.0), ("EOG", 100, 99.5, -99.5), ("Temp", 10, 34.0, 40.5)]):
                writer.setSignalHeader(channel, {
                    "label": label, "dimension": ["uV", "uV", "degC"][channel], "sample_frequency": rate,
                    "physical_min": low, "physical_max": high, "digital_min": -limit - 1, "digital_max": limit,
                    "transducer": "none", "prefilter": "HP:0.1Hz"})
            writer.writeSamples([samples.astype(np.int32) for samples in (fast, -fast, slow)], digital=True)
            if kind != pyedflib.FILETYPE_EDF:
                writer.writeAnnotation(0.5, -1, "V")
                writer.writeAnnotation(1.25, 0.5, "Sleep stage W")
                writer.writeAnnotation(2.99, -1, "Größe ≥ 3")
        with pyedflib.EdfReader(place(name)) as reader:
            signals = [reader.readSignal(k) for k in range(3)]
            marks = [[t, max(d, 0), text] for t, d, text in zip(*reader.readAnnotations())]
            units = [reader.getPhysicalDimension(k) for k in range(3)]
        expect(name, by, [
            {"rate": 100.0, "names": ["EEG Fpz-Cz", "EOG"], "units": units[:2], "rows": np.stack(signals[:2], 1).tolist()},
            {"rate": 10.0, "names": ["Temp"], "units": units[2:], "rows": [[v] for v in signals[2].tolist()]}],
            annotations=[[round(t * 100), round(d * 100), text] for t, d, text in marks],
            start=int(datetime.datetime(2019, 4, 5, 6, 7, 8, tzinfo=datetime.timezone.utc).timestamp()) * NS)
    discontinuous()


def discontinuous():
    """EDF+D, which pyedflib refuses: records at 0.25, 1.25 and 5 s."""
    times, samples = [0.25, 1.25, 5.0], table(30, 1, -2048, 2047, 13)[:, 0]
    def field(text, width):
        return text.ljust(width).encode()
    head = field("0", 8) + field("X X X X", 80) + field("Startdate 01-JAN-2020 X X X", 80) + b"01.01.20" + b"00.00.00"
    head += field("768", 8) + field("EDF+D", 44) + field("3", 8) + field("1", 8) + field("2", 4)
    for values, width in [(["Flow", "EDF Annotations"], 16), (["", ""], 80), (["l/s", ""], 8), (["-10", "-1"], 8),
                          (["10", "1"], 8), (["-2048", "-32768"], 8), (["2047", "32767"], 8), (["", ""], 80),
                          (["10", "20"], 8), (["", ""], 32)]:
        head += b"".join(field(value, width) for value in values)
    body = b""
    for number, time in enumerate(times):
        tal = f"+{time:g}\x14\x14\0".encode() + (b"+5.35\x150.2\x14apnea\x14\0" if number == 2 else b"")
        body += struct.pack("<10h", *samples[10 * number : 10 * number + 10]) + tal.ljust(40, b"\0")
    with open(place("gaps.edf"), "wb") as file:
        file.write(head + body)
    scale = 20 / 4095
    expect("gaps.edf", "made", [
        {"rate": 10.0, "names": ["Flow"], "units": ["l/s"], "runs": [[0, 20], [48, 58]],
         "rows": [[(int(v) + 2048) * scale - 10] for v in samples]}], annotations=[[51, 2, "apnea"]],
        start=1577836800 * NS + NS // 4)


# SigMF, WAV, CSV ----------------------------------------------------------------------------------------------------


def sigmf_files():
    import sigmf

    by = version("sigmf")
    values = (table(40, 1, -1000, 1000, 21)[:, 0] + 1j * table(40, 1, -1000, 1000, 22)[:, 0]).astype(np.complex64) / 8
    values.tofile(place("radio.sigmf-data"))
    meta = sigmf.SigMFFile(data_file=place("radio.sigmf-data"), global_info={
        "core:datatype": "cf32_le", "core:sample_rate": 1e6, "core:version": "1.0.0", "core:description": "synthetic"})
    meta.add_capture(0, metadata={"core:datetime": "2021-03-04T05:06:07.5Z", "core:global_index": 100})
    meta.add_capture(24, metadata={"core:global_index": 200})
    meta.add_annotation(5, 10, metadata={"core:label": "burst"})
    meta.add_annotation(30, 2, metadata={"core:comment": "noise"})
    meta.tofile(place("radio.sigmf-meta"), overwrite=True)
    back = sigmf.sigmffile.fromfile(place("radio.sigmf-meta"))
    assert back.get_global_field("core:sha512") == hashlib.sha512(values.tobytes()).hexdigest()
    read = back.read_samples()
    expect("radio.sigmf-meta", by, [
        {"rate": 1e6, "names": ["I", "Q"], "units": [None, None], "runs": [[0, 24], [100, 116]],
         "rows": np.stack([read.real, read.imag], 1).tolist()}],
        annotations=[[5, 10, "burst"], [106, 2, "noise"]], start=1614834367 * NS + NS // 2)
    shorts = table(20, 2, -32768, 32767, 23).astype(">i2")
    shorts.tofile(place("pair.sigmf-data"))
    meta = sigmf.SigMFFile(data_file=place("pair.sigmf-data"), global_info={
        "core:datatype": "ri16_be", "core:sample_rate": 48000, "core:version": "1.0.0", "core:num_channels": 2})
    meta.add_capture(0)
    meta.tofile(place("pair.sigmf-meta"), overwrite=True)
    # read_samples scales fixed point unless told otherwise; the raw numbers are what a recording holds.
    read = sigmf.sigmffile.fromfile(place("pair.sigmf-meta"), autoscale=False).read_samples()
    assert np.array_equal(np.asarray(read, dtype=float), shorts.astype(float))
    expect("pair.sigmf-meta", by, [
        {"rate": 48000.0, "names": ["signal0", "signal1"], "units": [None, None], "rows": shorts.astype(float).tolist()}])


def wav_files():
    import scipy.io.wavfile

    by = version("scipy")
    random = np.random.default_rng(31)
    for name, values in [
            ("u8.wav", random.integers(0, 255, (30, 2), endpoint=True).astype(np.uint8)),
            ("i16.wav", random.integers(-32768, 32767, (30, 1), endpoint=True).astype(np.int16)),
            ("i32.wav", random.integers(-(2**31), 2**31 - 1, (30, 3), endpoint=True).astype(np.int32)),
            ("f32.wav", random.normal(0, 0.3, (30, 2)).astype(np.float32)),
            ("f64.wav", random.normal(0, 0.3, (30, 1)))]:
        scipy.io.wavfile.write(place(name), 8000, values)
        wav_expect(name, by)
    with wave.open(place("i24.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(44100)
        file.writeframes(random.bytes(30 * 6))
    wav_expect("i24.wav", by)
    # Extensible, with chunks before and an odd one among them; RF64 with its sizes in ds64.
    body = struct.pack("<20h", *range(-10, 10))
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 1000, 4000, 4, 16, 22, 16, 3) + guid
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(body)) + body
    with open(place("extensible.wav"), "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks)
    wav_expect("extensible.wav", by)
    form = struct.pack("<HHIIHH", 1, 1, 1000, 2000, 2, 16)
    rest = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 0xFFFFFFFF) + body
    ds64 = struct.pack("<QQQI", 4 + 36 + len(rest), len(body), 20, 0)
    with open(place("rf64.wav"), "wb") as file:
        file.write(b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + b"ds64" + struct.pack("<I", 28) + ds64 + rest)
    wav_expect("rf64.wav", by)


def wav_expect(name, by):
    import scipy.io.wavfile

    rate, values = scipy.io.wavfile.read(place(name))
    values = values.reshape(len(values), -1)
    scale = {"uint8": 128, "int16": 2**15, "int32": 2**31}.get(str(values.dtype), 1)
    physical = (values.astype(float) - (128 if values.dtype == np.uint8 else 0)) / scale
    columns = physical.shape[1]
    expect(name, by, [{"rate": float(rate), "names": [f"signal{k}" for k in range(columns)],
                       "units": [None] * columns, "rows": physical.tolist()}])


def csv_files():
    random = np.random.default_rng(41)
    values = random.normal(0, 1, (25, 2))
    values[3, 1] = np.nan
    index = list(range(10, 25)) + list(range(40, 50))
    with open(place("index.csv"), "w", newline="") as file:
        file.write('sample,t_ns,"EEG [uV]",Pulse (mmHg)\r\n')
        for row, (a, b) in zip(index, values.tolist()):
            file.write(f"{row},{1600000000 * NS + row * 4_000_000},{a!r},{'' if np.isnan(b) else repr(b)}\r\n")
    expect("index.csv", "made", [
        {"rate": 250.0, "names": ["EEG", "Pulse"], "units": ["uV", "mmHg"], "runs": [[10, 25], [40, 50]],
         "rows": values.tolist()}], start=1600000000 * NS)
    with open(place("openbci.csv"), "w") as file:
        file.write("%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 125 Hz\n")
        for a, b in values.tolist():
            file.write(f"{a!r}; {'nan' if np.isnan(b) else repr(b)}\n")
    expect("openbci.csv", "made", [
        {"rate": 125.0, "names": ["signal0", "signal1"], "units": [None, None], "rows": values.tolist()}])
    with open(place("times.tsv"), "w") as file:
        file.write("time\tForce\tState\n")
        for row in range(20):
            file.write(f"{(row if row < 12 else row + 30) / 50}\t{row}\t{'on' if row % 2 else 'off'}\n")
    expect("times.tsv", "made", [
        {"rate": 50.0, "names": ["Force"], "units": [None], "runs": [[0, 12], [42, 50]],
         "rows": [[float(row)] for row in range(20)]}])


# XDF ----------------------------------------------------------------------------------------------------------------


def xdf_files():
    import pyxdf

    def chunk(tag, content):
        length = len(content) + 2
        return struct.pack("<BB", 1, length) if length < 256 else struct.pack("<BI", 4, length), struct.pack("<H", tag), content

    def write(file, tag, content):
        file.write(b"".join(chunk(tag, content)))

    def header(name, kind, count, rate, form, labels=()):
        channels = "".join(f"<channel><label>{text}</label><unit>microvolts</unit></channel>" for text in labels)
        return (f"<?xml version=\"1.0\"?><info><name>{name}</name><type>{kind}</type><channel_count>{count}</channel_count>"
                f"<nominal_srate>{rate}</nominal_srate><channel_format>{form}</channel_format>"
                f"<desc><channels>{channels}</channels></desc></info>").encode()

    eeg, wide = table(60, 2, -30000, 30000, 51), np.random.default_rng(52).normal(0, 1, (40, 1))
    boundary = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
    with open(place("streams.xdf"), "wb") as file:
        file.write(b"XDF:")
        write(file, 1, b"<?xml version=\"1.0\"?><info><version>1.0</version></info>")
        write(file, 2, struct.pack("<I", 1) + header("BioSemi &amp; Co", "EEG", 2, 100, "int16", ["Fz", "Cz"]))
        write(file, 2, struct.pack("<I", 2) + header("Force", "Misc", 1, 50, "double64"))
        write(file, 2, struct.pack("<I", 3) + header("Keys", "Markers", 1, 0, "string"))
        for first in range(0, 60, 20):
            content = struct.pack("<IBB", 1, 1, 20)
            for row in range(first, first + 20):
                # A break of two seconds before the last third.
                time = 500 + row / 100 + (2 if row >= 40 else 0)
                content += (struct.pack("<Bd", 8, time) if row % 20 == 0 else b"\0") + struct.pack("<2h", *eeg[row])
            write(file, 3, content)
            write(file, 4, struct.pack("<Idd", 1, 500 + first / 100, -0.5))
            write(file, 5, boundary)
        content = struct.pack("<IBI", 2, 4, 40)
        for row in range(40):
            content += struct.pack("<Bd", 8, 499.5 + row / 50) + struct.pack("<d", wide[row, 0])
        write(file, 3, content)
        write(file, 3, struct.pack("<IBB", 3, 1, 2) + struct.pack("<BdBB", 8, 499.7, 1, 5) + b"start"
              + struct.pack("<BdBI", 8, 500.1, 4, 1) + b"V")
        for number in (1, 2, 3):
            write(file, 6, struct.pack("<I", number) + b"<?xml version=\"1.0\"?><info></info>")
    streams, _ = pyxdf.load_xdf(place("streams.xdf"), dejitter_timestamps=False)
    by_name = {stream["info"]["name"][0]: stream for stream in streams}
    assert np.array_equal(by_name["BioSemi & Co"]["time_series"], eeg)
    stamps = by_name["BioSemi & Co"]["time_stamps"]
    marks = [[round((t - stamps[0]) * 100), 0, text[0]] for t, text in
             zip(by_name["Keys"]["time_stamps"], by_name["Keys"]["time_series"])]
    expect("streams.xdf", version("pyxdf"), [
        {"name": "BioSemi & Co", "rate": 100.0, "names": ["Fz", "Cz"], "units": ["uV", "uV"],
         "runs": [[0, 40], [240, 260]], "rows": by_name["BioSemi & Co"]["time_series"].astype(float).tolist()},
        {"name": "Force", "rate": 50.0, "names": ["signal0"], "units": [None],
         "rows": by_name["Force"]["time_series"].tolist()}], annotations=marks)


# MCAP ---------------------------------------------------------------------------------------------------------------


def mcap_files():
    import mcap.reader
    import mcap.writer

    samples = table(90, 2, -30000, 30000, 61).astype("<i2")
    epoch = 1700000000 * NS
    description = {"v": 1, "stream": "bed7", "epoch": str(epoch), "rate": 360.0, "dtype": "i16", "channels": [
        {"name": "MLII", "unit": "mV", "gain": 200.0, "baseline": 1024.0}, {"name": "V1", "unit": "mV", "gain": 100.0, "baseline": 0.0}]}
    for name, compression, chunked in [("bare.mcap", mcap.writer.CompressionType.NONE, True),
                                       ("zstd.mcap", mcap.writer.CompressionType.ZSTD, True),
                                       ("lz4.mcap", mcap.writer.CompressionType.LZ4, True),
                                       ("unchunked.mcap", mcap.writer.CompressionType.NONE, False)]:
        with open(place(name), "wb") as file:
            writer = mcap.writer.Writer(file, chunk_size=600, compression=compression, use_chunking=chunked,
                                        enable_crcs=True)
            writer.start(profile="", library="golden")
            schema = writer.register_schema("x.Any", "jsonschema", b"{}")
            other = writer.register_channel("/other", "json", schema)
            channel = writer.register_channel("s/bed7/", "runnel.v1", 0, {"description": json.dumps(description)})
            label = writer.register_channel("l/bed7/beats/MLII/", "json", schema)
            for number, first in enumerate([0, 18, 36, 72]):  # rows 54 to 71 were lost
                rows = samples[first : first + 18]
                time = epoch + first * NS // 360
                head = b"RNL1" + struct.pack("<BBBBHHIQQQqdII", 1, 1, 3, 0, 64, 1, 0, epoch, number, first, time, 360.0, 2, len(rows))
                writer.add_message(channel, time, head + rows.tobytes(), time, number)
                writer.add_message(other, time, b'{"a":1}', time, number)
                if number == 2:
                    text = json.dumps({"v": 1, "kind": "event", "phase": "point", "event": 0, "stream": "bed7",
                                       "channel": "MLII", "pipeline": "beats", "seq": 0, "at": 40, "first": 38, "last": 44,
                                       "decided": 50, "label": "V", "level": "sequenced", "quality": "ok", "missing": 0})
                    writer.add_message(label, time, text.encode(), time, 0)
            writer.add_attachment(epoch, epoch, "notes.txt", "text/plain", b"synthetic")
            writer.add_metadata("about", {"made": "of a seed"})
            writer.finish()
        with open(place(name), "rb") as file:
            reader = mcap.reader.make_reader(file, validate_crcs=True)
            found = [message.data for _, channel, message in reader.iter_messages() if channel.topic == "s/bed7/"]
        rows = np.concatenate([np.frombuffer(data[64:], "<i2").reshape(-1, 2) for data in found]).astype(float)
        rows = np.stack([(rows[:, 0] - 1024) / 200, rows[:, 1] / 100], 1)
        expect(name, version("mcap"), [
            {"name": "bed7", "rate": 360.0, "names": ["MLII", "V1"], "units": ["mV", "mV"], "runs": [[0, 54], [72, 90]],
             "rows": rows.tolist()}], annotations=[[40, 0, "V"]], start=epoch)


wfdb_files()
edf_files()
sigmf_files()
wav_files()
csv_files()
xdf_files()
mcap_files()
