"""Publish an array (rows, channels) for runnel: python3 publish_array.py ecg.npy tcp://127.0.0.1:5556

The format is pyzmq's own recipe for NumPy arrays, `format: array` in runnel's configuration. A device would send each
chunk as it samples it; this sends them as fast as they are taken.
"""
import sys
import numpy, zmq
signal = numpy.load(sys.argv[1])
with zmq.Context() as context, context.socket(zmq.XPUB) as socket:  # XPUB: a PUB that hears who subscribes
    socket.setsockopt(zmq.XPUB_NODROP, 1)  # waits for a slow subscriber
    socket.bind(sys.argv[2])
    socket.recv()  # a subscription: runnel is there
    for chunk in numpy.array_split(signal, len(signal) // 18 + 1):
        socket.send_json({"dtype": str(chunk.dtype), "shape": chunk.shape}, zmq.SNDMORE)
        socket.send(chunk)
