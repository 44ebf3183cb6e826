"""Publish an array (rows, channels) in runnel's own format: python3 publish_samples.py ecg.npy tcp://127.0.0.1:5556

What goes over the wire is described in docs/wire-format.md, §3 to §6; no code of runnel's is needed. Sent as fast as it is
taken, or with a rate as a device would: publish_samples.py ecg.npy tcp://127.0.0.1:5556 360
"""
import json, struct, sys, time
import numpy, zmq

STREAM, RATE, CHANNELS = "bed7", 360.0, [{"name": "MLII", "unit": "mV"}]
EPOCH = time.time_ns()  # another one at every start
SAMPLES, HEARTBEAT, END = 1, 2, 3


def header(kind, seq, first, rows=0, t_ns=None):
    flags = 0 if t_ns is None else 1
    return struct.pack(
        "<4sBBBBHHIQQQqdII", b"RNL1", 1, kind, 8, 0, 64, flags, 0,  # dtype 8: f32; layout 0: row after row
        EPOCH, seq, first, t_ns or 0, RATE, len(CHANNELS), rows)


signal = numpy.load(sys.argv[1]).astype("<f4")
pace = float(sys.argv[3]) if len(sys.argv) > 3 else None  # rows a second
samples, about = f"s/{STREAM}/".encode(), f"m/{STREAM}/".encode()
description = {"v": 1, "stream": STREAM, "epoch": str(EPOCH), "rate": RATE, "channels": CHANNELS}

with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
    socket.setsockopt(zmq.XPUB_NODROP, 1)  # waits for a slow subscriber
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # hears of every subscription
    socket.bind(sys.argv[2])
    subscription = b""
    while subscription[:1] != b"\x01" or not samples.startswith(subscription[1:]):
        subscription = socket.recv()  # 1 or 0, and the topic's beginning: runnel subscribes to s/, and to m/
    seq, first, start, next_heartbeat, next_description = 0, 0, time.time(), time.time() + 1, 0
    for chunk in numpy.array_split(signal, len(signal) // 18 + 1):
        now = time.time()
        if now >= next_description:
            socket.send_multipart([about, json.dumps(description).encode()])
            next_description = now + 2
        if now >= next_heartbeat:
            socket.send_multipart([samples, header(HEARTBEAT, seq, first), struct.pack("<QQ", seq, 0)])
            next_heartbeat = now + 1
        socket.send_multipart([samples, header(SAMPLES, seq, first, len(chunk), time.time_ns()), chunk.tobytes()])
        seq, first = seq + 1, first + len(chunk)
        if pace:
            time.sleep(max(0, start + first / pace - time.time()))
    socket.send_multipart([samples, header(END, seq, first), b""])
