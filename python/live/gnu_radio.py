"""A flowgraph of GNU Radio that publishes a column of an array: /usr/bin/python3 gnu_radio.py ecg.npy tcp://127.0.0.1:5556

Its ZMQ PUB sink is GNU Radio's own; --tags and --key are the sink's options. With --complex the items are complex, the
column and its negative. The samples go at --rate, as the throttle lets them; before them go as many zeros as it takes
until a subscriber is there, for a PUB sink waits for nobody.
"""
import argparse

import numpy
import pmt
from gnuradio import blocks, gr, zeromq


class Published(gr.top_block):
    def __init__(self, options, items):
        gr.top_block.__init__(self)
        size = gr.sizeof_gr_complex if options.complex else gr.sizeof_float
        tags = []
        if options.tags:
            time = pmt.make_tuple(pmt.from_uint64(1763923532), pmt.from_double(0.25))
            for key, value in (("rx_time", time), ("rx_rate", pmt.from_double(options.true_rate))):
                tags.append(gr.tag_utils.python_to_tag((0, pmt.intern(key), value, pmt.PMT_F)))
        vector = blocks.vector_source_c if options.complex else blocks.vector_source_f
        source = vector(items.tolist(), False, 1, tags)
        throttle = blocks.throttle(size, options.rate)
        sink = zeromq.pub_sink(size, 1, options.endpoint, 100, options.tags, -1, options.key)
        self.connect(source, throttle, sink)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("array")
    options.add_argument("endpoint")
    options.add_argument("--rate", type=float, default=36000.0, help="items a second on their way")
    options.add_argument("--true-rate", type=float, default=360.0, help="what rx_rate says")
    options.add_argument("--tags", action="store_true")
    options.add_argument("--key", default="")
    options.add_argument("--complex", action="store_true")
    options.add_argument("--lead", type=float, default=1.0, help="seconds of zeros before")
    options = options.parse_args()
    column = numpy.load(options.array)[:, 0].astype("f4")
    items = numpy.concatenate([numpy.zeros(int(options.lead * options.rate), "f4"), column])
    if options.complex:
        items = (items - 1j * items).astype("c8")
    graph = Published(options, items)
    graph.run()


main()
