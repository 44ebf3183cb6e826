"""Stands in for Open Ephys's ZMQ Interface: python3 open_ephys.py ecg.npy tcp://127.0.0.1:5556

Written from the plugin's messages, byte for byte: an envelope with a byte of 0, a JSON header over several lines, one
channel a message in f32; TTL events and spikes among them. Columns of the array are channels CH1, CH2 …; a REP socket
at the next port answers heartbeats. With --old the words are those of GUI 0.5, with --cut the header ends too early, as
it does where a name is not ASCII.
"""
import argparse
import json
import struct
import threading
import time

import numpy
import zmq


class ZMQInterface:
    def __init__(self, socket, stream, rate, old=False, cut=False):
        self.socket, self.stream, self.rate, self.old, self.cut = socket, stream, rate, old, cut
        self.message = 0

    def send(self, envelope, header, body):
        text = json.dumps(header, indent=2, ensure_ascii=False)
        raw = text.encode()
        # The plugin counts characters and sends so many bytes.
        self.socket.send_multipart([envelope, raw[: len(text)] if self.cut else raw, body])

    def count(self):
        self.message += 1
        return self.message

    def block(self, number, first, names, columns):
        for channel, (name, values) in enumerate(zip(names, columns)):
            body = numpy.ascontiguousarray(values, "<f4")
            if self.old:
                padded = numpy.concatenate([body, numpy.zeros(5, "<f4")])
                content = {"stream_id": 1, "channel_num": channel, "n_samples": len(padded),
                           "n_real_samples": len(body), "timestamp": first, "sample_rate": self.rate}
                header = {"message_no": self.count(), "type": "data", "content": content,
                          "data_size": padded.nbytes}
                body = padded
            else:
                content = {"stream": self.stream, "channel_num": channel, "channel_name": name,
                           "num_samples": len(body), "sample_num": first, "sample_rate": self.rate}
                header = {"message_num": self.count(), "type": "data", "content": content,
                          "data_size": body.nbytes, "timestamp": int(time.time() * 1000)}
            self.send(b"DATA\0", header, body.tobytes())

    def event(self, first):
        content = {"stream": self.stream, "source_node": 100, "type": 3, "sample_num": first}
        header = {"message_num": self.count(), "type": "event", "content": content, "data_size": 10,
                  "timestamp": int(time.time() * 1000)}
        self.send(b"EVENT\0", header, struct.pack("<BBQ", 2, 1, 4))

    def spike(self, first):
        spike = {"stream": self.stream, "source_node": 101, "electrode": "Stereotrode 1", "sample_num": first,
                 "num_channels": 2, "num_samples": 40, "sorted_id": 0, "threshold": [-50, -50]}
        self.send(b"EVENT\0", {"message_num": self.count(), "type": "spike", "spike": spike}, bytes(2 * 40 * 4))


def answer_heartbeats(context, endpoint, heard):
    with context.socket(zmq.REP) as socket:
        socket.bind(endpoint)
        while True:
            try:
                request = json.loads(socket.recv())
                if request["type"] == "heartbeat":
                    heard.append(request["application"])
                socket.send_string("heartbeat received")
            except (ValueError, KeyError):
                socket.send_string("JSON message could not be read")
            except zmq.ContextTerminated:
                return


def main():
    options = argparse.ArgumentParser()
    options.add_argument("array")
    options.add_argument("endpoint")
    options.add_argument("--rate", type=float, default=360.0)
    options.add_argument("--stream", default="acquisition board")
    options.add_argument("--names", default="CH1,CH2,CH3,CH4,CH5,CH6,CH7,CH8")
    options.add_argument("--block", type=int, default=64)
    options.add_argument("--old", action="store_true")
    options.add_argument("--cut", action="store_true")
    options = options.parse_args()
    signal = numpy.load(options.array)
    names = options.names.split(",")[: signal.shape[1]]
    context = zmq.Context()
    heard = []
    if options.endpoint.startswith("tcp://"):
        place, port = options.endpoint.rsplit(":", 1)
        beats = threading.Thread(target=answer_heartbeats, args=(context, f"{place}:{int(port) + 1}", heard))
        beats.daemon = True
        beats.start()
    with context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.bind(options.endpoint)
        socket.recv()
        plugin = ZMQInterface(socket, options.stream, options.rate, options.old, options.cut)
        for number, first in enumerate(range(0, len(signal), options.block)):
            plugin.block(number, first, names, signal[first : first + options.block].T)
            if number % 10 == 3:
                plugin.event(first)
            if number % 10 == 7:
                plugin.spike(first)
    if heard:
        print(f"heartbeats of {', '.join(sorted(set(heard)))}")
    context.term()


main()
