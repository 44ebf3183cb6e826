#!/usr/bin/env python3
"""Test vectors of the wire formats (docs/foreign-formats.md §3, docs/wire-format.md §3 to §8), made without any code of
runnel's.

    python3 python/golden/make_wire.py Tests/Golden/wire

writes messages.txt (samples, heartbeats, ends, descriptions), arrays.txt and labels.txt (a label message a line). A message is one line:

    name <tab> what it says, as JSON <tab> part 0 in hex <tab> part 1 in hex <tab> ...

`samples` in the JSON are the values in row order, whatever the layout of the payload.
"""

import json
import os
import platform
import struct
import sys

import numpy as np


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283

EPOCH = 1763923532123456789
DTYPES = {
    "i8": (1, "<i1"), "u8": (2, "<u1"), "i16": (3, "<i2"), "u16": (4, "<u2"), "i32": (5, "<i4"),
    "u32": (6, "<u4"), "i64": (7, "<i8"), "f32": (8, "<f4"), "f64": (9, "<f8"), "i24": (10, None),
}


def escape(name):
    return name.replace("%", "%25").replace("/", "%2F").replace(" ", "%20")


def values(dtype, rows, channels):
    """Both ends of the type's range, then a slope."""
    count = rows * channels
    if dtype in ("f32", "f64"):
        special = [0.0, -0.0, 1.5, -2.25, 1e-30, -3e30]
    else:
        bits = int(dtype[1:])
        low, high = (0, 2**bits - 1) if dtype[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if dtype == "i64":
            low, high = -(2**53), 2**53  # so that any JSON reader can compare
        special = [low, high, 0, 1]
    return [special[n] if n < len(special) else n for n in range(count)]


def pack(dtype, rows, channels, layout):
    flat = values(dtype, rows, channels)
    if dtype == "i24":
        cells = [v.to_bytes(3, "little", signed=True) for v in flat]
        if layout == 1:
            cells = [cells[r * channels + c] for c in range(channels) for r in range(rows)]
        return flat, b"".join(cells)
    array = np.array(flat).astype(DTYPES[dtype][1]).reshape(rows, channels)
    return flat, (array.T if layout == 1 else array).tobytes()


def header(kind, dtype, layout, flags, epoch, seq, first, t_ns, rate, channels, rows, crc=0):
    return struct.pack(
        "<4sBBBBHHIQQQqdII", b"RNL1", 1, kind, dtype, layout, 64, flags, crc, epoch, seq, first, t_ns, rate, channels,
        rows)


def message(stream, kind, dtype, layout, flags, seq, first, t_ns, rate, channels, rows, payload, checked):
    topic = f"s/{escape(stream)}/".encode()
    args = (kind, dtype, layout, flags, EPOCH, seq, first, t_ns, rate, channels, rows)
    crc = crc32c(topic + header(*args) + payload) if checked else 0
    return [topic, header(*args, crc), payload]


def line(name, says, parts):
    text = json.dumps(says, ensure_ascii=False, separators=(",", ":"))
    return "\t".join([name, text] + [p.hex() for p in parts])


def runnel_messages():
    lines = []
    for number, (dtype, (code, _)) in enumerate(DTYPES.items()):
        for layout in (0, 1):
            rows, channels = (5, 2) if layout == 0 else (3, 4)
            flat, payload = pack(dtype, rows, channels, layout)
            checked, gap = number % 2 == 0, number % 3 == 0
            t_ns = EPOCH + number if number % 4 else None
            flags = (t_ns is not None) | gap << 1
            seq, first = 7 + number, (2**31 + 5, 2**53 + 1, 0)[number % 3]
            stream = ("bed7", "ward 3/bed 7", "50%", "Bett-ä")[number % 4]
            rate = (360.0, 0.0, 44100.5)[number % 3]
            says = {"says": "samples", "stream": stream, "epoch": str(EPOCH), "seq": seq, "first": first,
                    "t_ns": t_ns, "rate": rate, "discontinuity": gap, "dtype": dtype, "layout": layout,
                    "rows": rows, "channels": channels, "checked": checked, "samples": flat}
            lines.append(line(f"{dtype}-{layout}", says, message(
                stream, 1, code, layout, flags, seq, first, t_ns or 0, rate, channels, rows, payload, checked)))
    says = {"says": "samples", "stream": "bed7", "epoch": str(EPOCH), "seq": 0, "first": 0, "t_ns": None, "rate": 360.0,
            "discontinuity": False, "dtype": "i16", "layout": 0, "rows": 0, "channels": 2, "checked": True,
            "samples": []}
    lines.append(line("no-rows", says, message("bed7", 1, 3, 0, 0, 0, 0, 0, 360.0, 2, 0, b"", True)))

    for name, endpoint, checked in (("heartbeat", "tcp://127.0.0.1:5557", True), ("heartbeat-bare", "", False)):
        oldest = 12 if endpoint else 42
        payload = struct.pack("<QQ", oldest, 3) + endpoint.encode()
        says = {"says": "heartbeat", "stream": "bed7", "epoch": str(EPOCH), "next": 42, "index": 15120, "rate": 360.0,
                "dtype": "i16", "channels": 2, "oldest": oldest, "dropped": 3, "endpoint": endpoint,
                "checked": checked}
        lines.append(line(name, says, message("bed7", 2, 3, 0, 0, 42, 15120, 0, 360.0, 2, 0, payload, checked)))
    says = {"says": "end", "stream": "bed7", "epoch": str(EPOCH), "next": 43, "index": 15156, "rate": 360.0,
            "dtype": "i16", "channels": 2, "checked": True}
    lines.append(line("end", says, message("bed7", 3, 3, 0, 0, 43, 15156, 0, 360.0, 2, 0, b"", True)))

    description = {
        "v": 1, "stream": "ward 3/bed 7", "epoch": str(EPOCH), "rate": 360.0, "dtype": "i16",
        "channels": [{"name": "MLII", "unit": "mV", "scale": 0.005, "offset": -5.12},
                     {"name": "V5", "unit": "mV", "gain": 200.0, "baseline": 1024.0}, {"name": "Ä"}],
        "subject": "p\"17\"", "device": "monitor\t3", "synthetic": True}
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()
    lines.append(line("description", {"says": "description"} | description, [b"m/ward%203%2Fbed%207/", text]))
    small = {"v": 1, "stream": "bed7", "epoch": str(EPOCH), "channels": []}
    text = json.dumps(small | {"later": {"key": [1, None]}}, indent=1).encode()
    lines.append(line("description-small", {"says": "description"} | small, [b"m/bed7/", text]))
    return lines


def array_messages():
    """What `dict(dtype=str(A.dtype), shape=A.shape)` and A.tobytes() make (docs/foreign-formats.md §3)."""
    lines = []

    def add(name, array, extra=None, topic=None, keys=("dtype", "shape"), dtype=None, layout="time_major", **says):
        descriptor = {keys[0]: dtype or str(array.dtype), keys[1]: array.shape} | (extra or {})
        parts = [json.dumps(descriptor).encode(), array.tobytes()]
        rows_first = array if layout == "time_major" or array.ndim == 1 else array.T
        says = {"layout": layout, "rows": rows_first.shape[0], "channels": 1 if array.ndim == 1 else rows_first.shape[1],
                "samples": [v.item() for v in rows_first.ravel()], "topic": (topic or b"").decode()} | says
        lines.append(line(name, says, ([topic] if topic is not None else []) + parts))

    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"):
        array = (np.arange(12).reshape(6, 2) - (0 if dtype[0] == "u" else 5)).astype(dtype)
        add(dtype, array)
        add(dtype + "-str", array, dtype=array.dtype.str, topic=b"ecg/1")
        swapped = array.astype(array.dtype.newbyteorder(">"))
        add(dtype + "-swapped", swapped)
    ecg = np.linspace(-1, 1, 5).astype("float32")
    add("one-axis", ecg)
    add("native-mark", ecg, dtype="=f4")
    add("channel-major", np.arange(8, dtype="int16").reshape(2, 4), layout="channel_major")
    add("no-rows", np.zeros((0, 3), "int16"))
    add("extras", ecg, extra={"seq": 7, "first": 2**53 + 1, "t_ns": EPOCH, "rate": 360, "epoch": str(EPOCH),
                              "note": {"any": ["thing", None, 1e5]}},
        seq=7, first=2**53 + 1, t_ns=str(EPOCH), rate=360.0, epoch=str(EPOCH))
    add("nulls", ecg, extra={"seq": None, "first": 0, "t_ns": str(-EPOCH), "rate": None}, first=0, t_ns=str(-EPOCH))
    add("array-1.0", ecg, keys=("type", "shape"),
        extra={"htype": "array-1.0", "frame": 91, "timeStamp": 1132703532.5, "encoding": "", "ndattr": {"gain": 2}},
        seq=91)
    add("array-1.0-big", ecg.astype(">f4"), keys=("type", "shape"), dtype="float32",
        extra={"htype": "array-1.0", "frame": 92, "endianness": "big"}, seq=92)
    add("own-words", ecg, extra={"type": "ecg", "frame": "left", "encoding": "utf8", "endianness": 3})
    return lines


def f32(value):
    """The shortest decimal that reads back to the same f32, which is what NumPy prints."""
    return str(np.float32(value))


def seconds(t_ns):
    """Seven decimals, cut, without trailing zeros."""
    whole, rest = divmod(abs(t_ns) // 100, 10**7)
    return ("-" if t_ns < 0 else "") + f"{whole}.{rest:07d}".rstrip("0").rstrip(".")


def numbers(values):
    return "[" + ",".join(map(f32, values)) + "]"


def sequence(steps, distance=None):
    """A label of several steps, each a class and its score; the last one beside them."""
    name = {None: "unknown", 1: "N", 2: "V"}
    last = [("label", name[steps[-1][0]]), ("id", steps[-1][0]), ("p", f32(steps[-1][1]).encode())] if steps else []
    lists = [("labels", [name[k] for k, _ in steps]), ("ids", [k for k, _ in steps]),
             ("ps", numbers(p for _, p in steps).encode())]
    scores = ",".join(numbers([1 - p, p / 2, p / 2]) for _, p in steps)
    return (last + lists + ([("scores", f"[{scores}]".encode())] if steps else [])
            + ([("step", distance)] if distance else []))


def label_lines():
    model = "sha256:" + "0123456789abcdef" * 4

    def put(pairs):
        """Keys in the order given; a value that is bytes is raw JSON."""
        return "{" + ",".join(
            json.dumps(k) + ":" + (v.decode() if isinstance(v, bytes) else json.dumps(
                v, ensure_ascii=False, separators=(",", ":"))) for k, v in pairs) + "}"

    def names(canonical=False):
        return ([] if canonical else [("input", "beds")]) + [
            ("stream", "bed7"), ("channel", "MLII"), ("pipeline", "beats"), ("model", model)]

    epochs = [("epoch", str(EPOCH)), ("input_epoch", str(EPOCH - 17))]

    def position(seq, key="seq"):
        return [(key, seq), ("at", 98765530), ("first", 98765512), ("last", 98765618), ("decided", 98765700)]

    time = [("t_ns", str(EPOCH)), ("t", seconds(EPOCH).encode()), ("t_source", "sender")]
    scores = [0.01, 0.017, 0.973, 1e-7, 1.0, 0.0, 1 / 3, 65536.5]
    decision = [("label", "V"), ("id", 2), ("p", f32(0.973).encode()),
                ("scores", ("[" + ",".join(map(f32, scores)) + "]").encode()),
                ("values", ('{"rate_bpm":' + f32(72.1) + ',"qt":' + f32(-0.4) + "}").encode())]
    trust = [("level", "replayable"), ("quality", "ok"), ("missing", 0)]
    v = [("v", 1)]
    label = v + [("kind", "label")]
    point = v + [("kind", "event"), ("phase", "point"), ("event", 311)]
    return [
        put(label + names() + epochs + position(42) + time + decision + trust + [("latency_us", 184)]),
        put(label + names(True) + position(42) + decision + trust),
        put(point + names() + epochs[:1] + position(43) + time + decision
            + [("level", "sequenced"), ("quality", "lead-off"), ("missing", 17), ("usable", False),
               ("synthetic", True), ("repeat", True), ("latency_us", 9)]),
        put(v + [("kind", "status"), ("status", "gap"), ("reason", "lost")] + names() + epochs[:1] + position(44)
            + [("level", "sequenced"), ("quality", "filled"), ("missing", 106)]),
        put(v + [("kind", "status"), ("status", "stale")] + names() + epochs[:1] + [("next", 45)]),
        put(v + [("kind", "heartbeat")] + names() + epochs[:1] + [("next", 45)]),
        put(label + [("input", "Bett \"ä\"\\/"), ("stream", "ward 3/bed 7"), ("channel", "50%"), ("pipeline", "é😀")]
            + [("seq", 2**53 + 1), ("at", -12), ("first", 0), ("last", 2**61), ("decided", 2**61)]
            + [("t_ns", "-1500000000"), ("t", seconds(-1500000000).encode()), ("t_source", "index")]
            + [("label", "\u0001\n"), ("level", "unsequenced"), ("quality", "warming"), ("missing", 0)]),
        put(label + names() + epochs[:1] + position(46) + time + sequence([(1, 0.9), (None, 0.4), (2, 0.8)], 25 / 12)
            + trust + [("latency_us", 7)]),
        put(label + names(True) + position(46) + sequence([(1, 0.9), (None, 0.4), (2, 0.8)], 9) + trust),
        put(label + names(True) + position(47) + sequence([]) + trust),
    ]


def main():
    folder = sys.argv[1]
    made = f"# python {platform.python_version()}, numpy {np.__version__}, python/golden/make_wire.py"
    for name, lines in (("messages.txt", [made] + runnel_messages()), ("arrays.txt", [made] + array_messages()),
                        ("labels.txt", [made] + label_lines())):
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
