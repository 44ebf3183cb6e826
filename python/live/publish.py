"""Publishes an array (rows, channels) as other people's programs do: python3 publish.py FORMAT ecg.npy tcp://127.0.0.1:5556

FORMAT is raw, raw-i16, gnuradio, gnuradio-tags, array-1.0, json, json-rows, msgpack, plotjuggler or pickle. GNU Radio
itself and Open Ephys have scripts of their own beside this one.
"""
import json
import struct
import sys

import numpy
import zmq

RATE, START = 360.0, 1763923532.123456


def tag_header(first, tags=()):
    """gr-zeromq's, in front of the items of a sink with pass_tags."""
    text = struct.pack("<HBQQ", 0x5FF0, 1, first, len(tags))
    for key, value in tags:
        text += struct.pack("<Q", first) + b"\x02" + struct.pack(">H", len(key)) + key + value + b"\x01"
    return text


def parts(format, signal):
    """The messages, one after the other."""
    tags = ((b"rx_rate", b"\x04" + struct.pack(">d", RATE)), )
    for number, first in enumerate(range(0, len(signal), 18)):
        rows = signal[first : first + 18]
        floats = numpy.ascontiguousarray(rows, "<f4")
        t = START + first / RATE
        if format == "raw":
            yield [b"adc/1", floats.tobytes()]
        elif format == "raw-i16":
            yield [numpy.round(rows * 200).astype(">i2").T.tobytes()]
        elif format == "gnuradio":
            yield [floats.tobytes()]
        elif format == "gnuradio-tags":
            yield [b"ecg", tag_header(first, tags if number == 0 else ()) + floats.tobytes()]
        elif format == "array-1.0":
            head = {"htype": "array-1.0", "type": "float32", "shape": floats.shape, "frame": number, "timeStamp": t,
                    "encoding": "", "ndattr": {"gain": 2}}
            yield [json.dumps(head).encode(), floats.tobytes()]
        elif format == "json":
            for offset, row in enumerate(rows):
                yield [json.dumps({"timestamp": t + offset / RATE, "seq": first + offset, "ecg": {"MLII": float(row[0])}}).encode()]
        elif format == "json-rows":
            yield [b"ecg", json.dumps({"t": t, "first": first, "rows": rows.tolist()}).encode()]
        elif format == "msgpack":
            import msgpack
            yield [b"ecg", msgpack.packb({"timestamp": t, "n": number, "MLII": rows[:, 0].tolist()})]
        elif format == "plotjuggler":
            yield [b"sim", json.dumps({"MLII": rows[:, 0].tolist()}).encode(), f"{t:.9f}".encode()]
        elif format == "pickle":
            import pickle
            yield [pickle.dumps(rows)]
        else:
            sys.exit(f"no format {format}")


def main():
    format, path, endpoint = sys.argv[1:]
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:  # XPUB: a PUB that hears who subscribes
        socket.setsockopt(zmq.XPUB_NODROP, 1)  # waits for a slow subscriber
        socket.bind(endpoint)
        socket.recv()
        for message in parts(format, numpy.load(path)):
            socket.send_multipart(message)


main()
