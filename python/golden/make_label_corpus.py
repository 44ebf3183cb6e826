#!/usr/bin/env python3
"""Writes inputs for `make fuzz` of what labels, is labelled and asks: recorded messages, files of labels, recordings that
were cut, requests.

    python3 python/golden/make_label_corpus.py Tests/Golden Fuzz/Corpus

A message is u8 number of parts (with more in its upper bits, see Fuzz/RunnelFuzz/LabellingFuzz.swift), then of each u16
length, little-endian, and its bytes.
"""

import json
import math
import os
import shutil
import struct
import sys

from make_wire import header
from make_wire_corpus import messages

# Steps of time, in the upper bits of a message's first byte: 1 µs, 10 µs, … 10 s.
SECOND, TEN_SECONDS = 6 << 4, 7 << 4
ALONE = 0x80  # not packed with its parts' lengths


def packed(parts, upper=0):
    return bytes([upper | len(parts)]) + b"".join(struct.pack("<H", len(part)) + part for part in parts)


def text(value):
    return json.dumps(value, separators=(",", ":")).encode()


def description(stream, rate=100.0, names=("a",), epoch=5, **more):
    channels = [{"name": name, "unit": "mV", "scale": 0.01, "offset": 0.0} for name in names]
    described = {"v": 1, "stream": stream, "epoch": str(epoch), "rate": rate, "channels": channels, **more}
    return [b"m/%s/" % stream.encode(), text(described)]


def samples(stream, first, rows, seq=0, epoch=5, rate=100.0, channels=1, flags=0):
    """A beat every second: enough for a peak now and then."""
    values = [int(900 * math.exp(-(((first + n) % 100 - 50) / 4) ** 2)) + 7 * c for n in range(rows) for c in range(channels)]
    topic = b"s/%s/" % stream.encode()
    return [topic, header(1, 3, 0, flags, epoch, seq, first, 0, rate, channels, rows), struct.pack(f"<{len(values)}h", *values)]


def ending(stream, seq, first, epoch=5, kind=3):
    payload = struct.pack("<QQ", 0, 0) if kind == 2 else b""
    return [b"s/%s/" % stream.encode(), header(kind, 3, 0, 0, epoch, seq, first, 0, 100.0, 1, 0), payload]


def far(epoch):
    """A publisher, a flowgraph and a daemon that say they have lost as much as can be said."""
    most = (1 << 62) - 1
    for place in (0, most):
        yield ending("bed7", place, place, epoch, kind=2)
        label = {"v": 1, "kind": "heartbeat", "stream": "a", "pipeline": "p", "channel": "c", "epoch": str(epoch), "next": place}
        yield [b"l/a/p/c/", text(label)]
    for place in (0, 10, most - 80):
        yield [struct.pack("<HBQQ", 0x5FF0, 1, place, 0) + bytes(80)]


def rates():
    """Open Ephys whose messages state one rate and another: now and then, where indexes go back, and for good. The network's
    is 100 Hz; at the lowest there is nothing to label."""
    for first, rate, upper in (
            (0, 100, 0), (30, 100, 4 << 4), (0, 250, 4 << 4), (60, 100, 4 << 4), (90, 250, SECOND), (90, 250, TEN_SECONDS),
            (120, 250, 4 << 4), (150, 100, 4 << 4), (800, 250, 4 << 4), (0, 1e-6, 4 << 4), (30, 1e-6, 4 << 4),
            (830, 250, 4 << 4), (860, 250, 4 << 4)):
        for channel in range(2):
            values = [math.exp(-(((first + n) % 100 - 50) / 4) ** 2) for n in range(30)]
            content = {"stream": "acq", "channel_num": channel, "channel_name": f"CH{channel + 1}", "num_samples": 30,
                       "sample_num": first, "sample_rate": rate}
            yield packed([b"DATA\0", text({"content": content}), struct.pack("<30f", *values)], upper if channel == 0 else 0)


def verdict(topic, kind, **more):
    return [b"j/%s/" % topic.encode(), text({"v": 1, "kind": kind, "input": "beds", "number": 0, **more})]


def session(stream, start=0, epoch="5", cause="first", **more):
    return verdict(stream, "session", stream=stream, endpoint="tcp://127.0.0.1:5556", epoch=epoch, cause=cause,
                   start=start, level="sequenced", **more)


def admitted():
    """Recordings of what a daemon admitted."""
    opening = [packed(description("bed7")), packed(session("bed7"), ALONE)]
    yield "rows", opening + [packed(samples("bed7", n, 60), ALONE) for n in (0, 60)] + [
        packed(verdict("bed7", "end", at=120), ALONE)]
    yield "gaps", opening + [
        packed(samples("bed7", 0, 30), ALONE), packed(verdict("bed7", "gap", first=30, end=33), ALONE),
        packed(samples("bed7", 33, 30), ALONE), packed(verdict("bed7", "gap", at=63), ALONE),
        packed(samples("bed7", 63, 30), ALONE), packed(verdict("bed7", "gap", first=93, end=500), ALONE),
        packed(samples("bed7", 500, 30), ALONE), packed(verdict("bed7", "overflow", events=3), ALONE),
        packed(verdict("bed7", "stale", at=530), ALONE), packed(samples("bed7", 540, 20), ALONE)]
    yield "sessions", opening + [
        packed(samples("bed7", 0, 40)), packed(description("bed7", rate=50.0, names=("a", "b"), epoch=9)),
        packed(session("bed7", epoch="9", cause="new-epoch"), ALONE),
        packed(samples("bed7", 0, 40, epoch=9, rate=50.0, channels=2)), packed(verdict("bed7", "end", at=40))]
    yield "joined", [
        packed(description("bed7", subject="x", synthetic=True)), packed(session("bed7", start=7000, joined=True)),
        packed(samples("bed7", 7000, 60)), packed(verdict("other", "stale", at=1))]


def arrived(golden):
    """What arrived, of each format; the first byte is the number of the format in the fuzzer's list."""
    yield "runnel", 0, [packed(description("bed7"))] + [
        packed(samples("bed7", n, 30, seq=n // 30), 4 << 4) for n in (0, 30, 60, 150)] + [packed(ending("bed7", 6, 180))]
    yield "rival", 0, [packed(description("bed7")), packed(description("bed7", epoch=9))] + [
        packed(samples("bed7", 0, 30)), packed(samples("bed7", 0, 30, epoch=9)), packed(samples("bed7", 30, 30, seq=1)),
        packed(samples("bed7", 30, 30, seq=1, epoch=9), TEN_SECONDS), packed(samples("bed7", 60, 30, seq=2, epoch=9))]
    yield "late", 0, [packed(samples("bed7", 0, 30)), packed(description("bed7"), SECOND), packed(samples("bed7", 30, 30, seq=1))]
    yield "heartbeats", 0, [
        packed(description("bed7")), packed(samples("bed7", 0, 30)), packed(ending("bed7", 3, 90, kind=2), SECOND),
        packed(ending("bed7", 3, 90, kind=2), TEN_SECONDS), packed(samples("bed7", 90, 20, seq=3, flags=2))]
    yield "rates", 5, list(rates())
    yield "far", 0, [packed(parts) for epoch in range(1, 6) for parts in far(epoch)]
    for name, number, source, wanted in (
            ("auto", 1, "live.txt", "gnuradio-time"), ("array", 2, "arrays.txt", "array-1.0"),
            ("raw", 3, "live.txt", "raw-i16-<"), ("gnuradio", 4, "live.txt", "gnuradio-time"),
            ("openephys", 5, "live.txt", "openephys"), ("json", 6, "live.txt", "json-rows"),
            ("msgpack", 7, "live.txt", "msgpack-widths")):
        found = [parts for label, parts in messages(os.path.join(golden, "wire", source)) if label == wanted]
        yield name, number, [packed(parts, 4 << 4) for parts in found]


REQUESTS = {
    "status": [{"do": "status"}],
    "window": [{"do": "window", "lane": "bed7/beats/MLII", "last": 2.5}, {"do": "window", "lane": "x"}],
    "record": [{"do": "record"}],
    "refused": [{"do": "reload"}, {"do": "status", "x": 1}, {"do": "window", "last": -1}, []],
}


def marks(golden):
    """Files of labels, of every kind that is read."""
    with open(os.path.join(golden, "wire", "labels.txt"), encoding="utf-8") as file:
        lines = [text for text in file if not text.startswith("#")]
    yield "labels.jsonl", "".join(lines[:: max(1, len(lines) // 4)]).encode()
    states = [
        {"v": 1, "kind": "event", "phase": "onset", "event": 1, "stream": "bed7", "channel": "MLII", "pipeline": "p",
         "epoch": "1", "seq": 0, "at": 10, "label": "AF", "id": 1, "p": 0.5},
        {"v": 1, "kind": "event", "phase": "offset", "event": 1, "stream": "bed7", "channel": "MLII", "pipeline": "p",
         "epoch": "1", "seq": 1, "at": 90, "label": "AF", "id": 1, "p": 0.5},
        {"v": 1, "kind": "status", "status": "end", "stream": "bed7", "channel": "MLII", "pipeline": "p", "epoch": "1",
         "seq": 2, "at": 90, "first": 90, "last": 90}]
    yield "states.jsonl", b"\n".join(text(state) for state in states)
    yield "table.csv", b"first,count,t_ns,channel,label,id,p\n7,0,,MLII,N,1,0.5\n20,30,1700000000000000000,V5,\"a,b\",2,\n"
    yield "seconds.csv", b"onset,duration,description\n0.5,1.25,AF\n3,,N\n"
    # 20 N, 300 V, an auxiliary text, a skip: (code << 10 | interval), code 59 skips.
    words = [1 << 10 | 20, 5 << 10 | 300, 28 << 10 | 4, 63 << 10 | 4]
    skip = struct.pack("<HHH", 59 << 10, 1, 0) + struct.pack("<H", 1 << 10)
    yield "beats.atr", b"".join(struct.pack("<H", word) for word in words) + b"(AFIB"[:4] + skip + b"\0\0"
    for name in ("plus.edf", "unchunked.mcap"):
        with open(os.path.join(golden, "recordings", name), "rb") as file:
            yield name, file.read()


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def main():
    golden, corpus = sys.argv[1:]
    for target in ("admitted", "arrived", "control", "discover", "marks", "recovery"):
        shutil.rmtree(os.path.join(corpus, target), ignore_errors=True)
    for name, parts in admitted():
        write(os.path.join(corpus, "admitted"), name, b"".join(parts))
    for name, number, parts in arrived(golden):
        write(os.path.join(corpus, "arrived"), name, bytes([number]) + b"".join(parts))
        # What discover makes of the same messages.
        write(os.path.join(corpus, "discover"), name, b"".join(parts))
    for name, requests in REQUESTS.items():
        write(os.path.join(corpus, "control"), name, b"\n".join(text(request) for request in requests) + b"\n")
    for name, data in marks(golden):
        write(os.path.join(corpus, "marks"), name, data)
    for name in ("bare", "zstd", "lz4", "unchunked"):
        with open(os.path.join(golden, "recordings", name + ".mcap"), "rb") as file:
            data = file.read()
        write(os.path.join(corpus, "recovery"), name + ".mcap", data)
        write(os.path.join(corpus, "recovery"), name + "-cut.mcap", data[: len(data) * 2 // 3])


if __name__ == "__main__":
    main()
