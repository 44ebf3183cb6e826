#!/usr/bin/env python3
"""Test vectors of the formats that other programs publish (docs/foreign-formats.md §1 to §5), made without any code of
runnel's: tags and their values by GNU Radio's own pmt, maps by msgpack, the rest with struct and NumPy.

    /usr/bin/python3 python/golden/make_live.py Tests/Golden/wire       needs Debian's gnuradio and python3-msgpack

writes live.txt, a message a line, in the form that make_wire.py has. Messages of one scenario follow each other and go
to one decoder, which `decoder` in the first of them describes. `samples` are in row order, null for a missing one.
"""

import json
import os
import platform
import struct
import sys

import msgpack
import numpy as np
import pmt
from gnuradio import gr

LINES = []
T_NS = 1763923532123456789


def add(scenario, parts, decoder=None, says="samples", samples=None, **fields):
    said = ({"decoder": decoder} if decoder else {}) | {"says": says} | fields
    if samples is not None:
        array = np.asarray(samples, "f8")
        array = array[:, None] if array.ndim == 1 else array
        said |= {"rows": array.shape[0], "channels": array.shape[1],
                 "samples": [None if np.isnan(v) else v for v in array.ravel().tolist()]}
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    LINES.append("\t".join([scenario, text] + [p.hex() for p in parts]))


def raw():
    for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"):
        name = dtype[0] + str(8 * int(dtype[1]))
        values = np.arange(6).reshape(3, 2) - (0 if dtype[0] == "u" else 2)
        for order in "<>":
            decoder = {"format": "raw", "dtype": name, "byte_order": "little" if order == "<" else "big", "channels": 2}
            add(f"raw-{name}-{order}", [values.astype(order + dtype).tobytes()], decoder, samples=values, topic="")
    values = np.arange(12).reshape(3, 4)
    add("raw-planar", [b"adc/1", values.T.astype("<i2").tobytes()],
        {"format": "raw", "dtype": "i16", "layout": "channel_major", "channels": 4}, samples=values, topic="adc/1")
    values = np.array([[-8388608, 8388607], [0, -1]])
    cells = b"".join(int(v).to_bytes(3, "big", signed=True) for v in values.ravel())
    add("raw-i24", [b"a", b"b", cells],
        {"format": "raw", "dtype": "i24", "byte_order": "big", "channels": 2, "topic_parts": 2}, samples=values, topic="a")
    add("raw-empty", [b""], {"format": "raw", "dtype": "f32", "channels": 2}, samples=np.zeros((0, 2)), topic="")


def tag_header(offset, tags):
    """tag_headers.cc: host order, then PMT values as GNU Radio writes them."""
    text = struct.pack("<HBQQ", 0x5FF0, 1, offset, len(tags))
    for item, key, value in tags:
        text += struct.pack("<Q", item) + pmt.serialize_str(pmt.intern(key)) + pmt.serialize_str(value)
        text += pmt.serialize_str(pmt.PMT_F)
    return text


def gnuradio():
    floats = {"format": "gnuradio", "dtype": "f32", "channels": 1}
    complexes = {"format": "gnuradio", "dtype": "f32", "channels": 2}
    tagged = {"pass_tags": True}
    ramp = np.arange(5, dtype="<f4") / 4
    pairs = np.array([[1, -1], [2, -2], [3, -3]], "<f4")
    add("gnuradio-bare", [ramp.tobytes()], floats, samples=ramp, topic="")
    add("gnuradio-key", [b"lo", pairs.tobytes()], complexes, samples=pairs, topic="lo")
    add("gnuradio-short", [np.array([[1, 2, 3]], "<i2").tobytes()],
        {"format": "gnuradio", "dtype": "i16", "channels": 3}, samples=[[1, 2, 3]], topic="")
    add("gnuradio-no-tags", [tag_header(2**40, []) + ramp.tobytes()], floats | tagged, samples=ramp, first=2**40,
        topic="")
    time = pmt.make_tuple(pmt.from_uint64(1763923532), pmt.from_double(0.123456789))
    at_first = [(1000, "rx_time", time), (1000, "rx_rate", pmt.from_double(48000.0)),
                (1000, "rx_freq", pmt.from_double(1e8))]
    add("gnuradio-time", [b"k", tag_header(1000, at_first) + ramp.tobytes()], floats | tagged, samples=ramp, first=1000,
        t_ns=str(T_NS), rate=48000.0, topic="k")
    late = [(1004, "rx_rate", pmt.from_double(8.0)), (1004, "rx_time", time)]
    add("gnuradio-late-time", [tag_header(1000, late) + ramp.tobytes()], floats | tagged, samples=ramp, first=1000,
        t_ns=str(T_NS - 500_000_000), rate=8.0, topic="")
    add("gnuradio-configured-rate", [tag_header(1000, late[1:]) + ramp.tobytes()], floats | tagged | {"rate": 4.0},
        samples=ramp, first=1000, t_ns=str(T_NS - 1_000_000_000), topic="")
    add("gnuradio-no-rate", [tag_header(1000, late[1:]) + ramp.tobytes()], floats | tagged, samples=ramp, first=1000,
        topic="")
    elsewhere = [(7, "rx_time", time)]
    add("gnuradio-time-elsewhere", [tag_header(1000, elsewhere) + ramp.tobytes()], floats | tagged, samples=ramp,
        first=1000, topic="")
    other = [pmt.PMT_T, pmt.PMT_F, pmt.PMT_NIL, pmt.intern("word"), pmt.from_long(-3), pmt.from_double(2.5),
             pmt.from_complex(1 + 2j), pmt.from_uint64(2**63), pmt.cons(pmt.from_long(1), pmt.from_long(2)),
             pmt.list3(pmt.PMT_T, pmt.intern("a"), pmt.from_double(1)), pmt.make_vector(3, pmt.from_long(9)),
             pmt.make_tuple(pmt.from_long(1), pmt.intern("b"), pmt.PMT_NIL),
             pmt.to_pmt({"freq": 1e9, "nested": {"gain": 3, "list": [1, 2, 3]}}),
             pmt.list1(pmt.list1(pmt.list1(pmt.list1(pmt.PMT_NIL))))]
    other += [pmt.init_u8vector(3, [1, 2, 3]), pmt.init_s8vector(1, [-1]), pmt.init_u16vector(2, [1, 2]),
              pmt.init_s16vector(1, [1]), pmt.init_u32vector(1, [1]), pmt.init_s32vector(1, [1]),
              pmt.init_u64vector(1, [1]), pmt.init_s64vector(1, [1]), pmt.init_f32vector(2, [1, 2]),
              pmt.init_f64vector(1, [1]), pmt.init_c32vector(1, [1j]), pmt.init_c64vector(2, [1j, 2])]
    tags = [(1000 + n % 5, f"tag{n}", value) for n, value in enumerate(other)]
    add("gnuradio-every-value", [tag_header(1000, tags + at_first) + ramp.tobytes()], floats | tagged, samples=ramp,
        first=1000, t_ns=str(T_NS), rate=48000.0, topic="")
    # By its name, but not of its type: no time.
    odd = [(1000, "rx_time", pmt.from_double(5.0)), (1000, "rx_rate", pmt.intern("fast")),
           (1000, "rx_time", pmt.make_tuple(pmt.from_uint64(5), pmt.from_long(1)))]
    add("gnuradio-odd-time", [tag_header(1000, odd) + ramp.tobytes()], floats | tagged, samples=ramp, first=1000, topic="")


def open_ephys():
    """What ZmqInterface.cpp writes, of both generations."""
    def data(channel, name, values, first, number, rate=2000.0, stream="acq board", **more):
        content = {"stream": stream, "channel_num": channel, "num_samples": len(values), "sample_num": first,
                   "sample_rate": rate}
        if name is not None:
            content["channel_name"] = name
        head = {"message_num": number, "type": "data", "content": content, "data_size": 4 * len(values),
                "timestamp": T_NS // 10**6} | more
        return [b"DATA\0", json.dumps(head, indent=2, ensure_ascii=False).encode(), np.asarray(values, "<f4").tobytes()]

    sent = T_NS // 10**6 * 10**6
    two = {"format": "openephys", "channels": ["CH1", "CH2"]}
    a, b = np.arange(4) + 0.5, np.arange(4) * -10.0
    block = np.stack([a, b], axis=1)
    hole = np.full(4, np.nan)
    more = {"rate": 2000.0, "topic": "acq board", "t_ns": str(sent - 2_000_000)}
    add("openephys", data(0, "CH1", a, 100, 1), two, says="kept")
    add("openephys", data(1, "CH2", b, 100, 2), samples=block, first=100, **more)
    event = {"message_num": 3, "type": "event", "content": {"stream": "acq board", "source_node": 100, "type": 3,
                                                            "sample_num": 101}, "data_size": 10, "timestamp": 1}
    add("openephys", [b"EVENT\0", json.dumps(event).encode(), struct.pack("<BBQ", 2, 1, 4)], says="ignored", reason="event")
    spike = {"message_num": 4, "type": "spike", "spike": {"stream": "acq board", "num_channels": 1, "num_samples": 2}}
    add("openephys", [b"EVENT\0", json.dumps(spike).encode(), struct.pack("<2f", 1, 2)], says="ignored", reason="event")
    add("openephys", data(1, "CH2", b, 104, 5), says="kept")
    add("openephys", data(2, "ADC1", b, 104, 6), says="ignored", reason="other-channel")
    add("openephys", data(0, "CH1", a, 104, 7), samples=block, first=104, **more)
    add("openephys", data(0, "CH1", a, 108, 8), says="kept")
    # CH2 of 108 is lost: the next block sends what is there.
    add("openephys", data(0, "CH1", a, 112, 10), samples=np.stack([a, hole], axis=1), first=108, **more)
    add("openephys", data(1, "CH2", b, 112, 11), samples=block, first=112, **more)
    # CH1 of 116 is lost, and the acquisition begins anew.
    add("openephys", data(1, "CH2", b, 116, 13), says="kept")
    add("openephys", data(0, "CH1", a, 0, 1), samples=np.stack([hole, b], axis=1), first=116, **more)
    add("openephys", data(1, "CH2", b, 0, 2), samples=block, first=0, **more)
    # Another stream was chosen in the GUI.
    add("openephys", data(0, "CH1", a, 4, 3), says="kept")
    add("openephys", data(0, "CH1", a, 4, 4, stream="probe"), samples=np.stack([a, hole], axis=1), first=4, **more)
    add("openephys", data(1, "CH2", b, 4, 5, stream="probe"), samples=block, first=4, **(more | {"topic": "probe"}))

    add("openephys-one", data(5, "CH6", a, 7, 1), {"format": "openephys", "channels": ["CH6"]}, samples=a, first=7, **more)
    add("openephys-unnamed", data(1, None, b, 0, 1), two, says="kept")
    add("openephys-unnamed", data(2, None, b, 0, 2), says="ignored", reason="other-channel")
    add("openephys-unnamed", data(0, None, a, 0, 3), samples=block, first=0, **more)

    def old(channel, values, real, first, number):
        content = {"stream_id": 3, "channel_num": channel, "n_samples": len(values), "n_real_samples": real,
                   "timestamp": first, "sample_rate": 30000}
        head = {"message_no": number, "type": "data", "content": content, "data_size": 4 * len(values)}
        return [b"DATA\0", json.dumps(head).encode(), np.asarray(values, "<f4").tobytes()]

    padded = lambda v: np.concatenate([v, np.zeros(3)])
    add("openephys-old", old(0, padded(a), 4, 900, 1), two, says="kept")
    add("openephys-old", old(1, padded(b), 4, 900, 2), samples=block, first=900, rate=30000.0, topic="")

    # The plugin takes the number of characters for that of bytes: each name that is not ASCII costs the end a byte.
    def cut(parts):
        text = parts[1].decode()
        return [parts[0], parts[1][:len(text)], parts[2]]

    german = {"format": "openephys", "channels": ["Kanal-ä"]}
    tight = dict(rate=2000.0, topic="acq", t_ns=str(sent - 2_000_000))
    add("openephys-cut", cut(data(0, "Kanal-ä", a, 0, 1, stream="acq")), german, samples=a, first=0, **tight)
    # So many that the digits of the time are cut, or may be: the time is not known.
    parts = cut(data(0, "Kanal-ä", a, 0, 1, stream="Gerät"))
    add("openephys-cut-twice", parts, german, samples=a, first=0, rate=2000.0, topic="Gerät")
    long = "äöü" * 4
    parts = cut(data(0, long, a, 0, 1, stream="acq"))
    add("openephys-cut-time", parts, {"format": "openephys", "channels": [long]}, samples=a, first=0, rate=2000.0,
        topic="acq")
    escaped = data(0, "Kanal-ä", a, 0, 1)
    escaped[1] = json.dumps(json.loads(escaped[1])).encode()
    add("openephys-escaped", escaped, german, samples=a, first=0, **more)


def maps():
    def both(scenario, decoder, value, topic=None, third=(), samples=None, **fields):
        for format, body in (("json", json.dumps(value).encode()), ("msgpack", msgpack.packb(value))):
            parts = [body] if topic is None else [topic.encode(), body, *third]
            add(f"{format}-{scenario}", parts, decoder | {"format": format}, samples=samples, topic=topic or "", **fields)

    ecg = {"channels": ["ecg"]}
    both("one", ecg, {"ecg": 0.5}, samples=[0.5])
    both("integer", ecg, {"ecg": -7, "note": {"ecg": [1]}}, samples=[-7.0])
    both("list", ecg, {"ecg": [1, 2.5, None, -4]}, samples=[1, 2.5, np.nan, -4])
    both("two", {"channels": ["ecg", "resp"]}, {"resp": [4, 5], "ecg": [1, 2]}, topic="bed", samples=[[1, 4], [2, 5]])
    both("absent", {"channels": ["ecg", "resp"]}, {"ecg": [1, 2]}, samples=[[1, np.nan], [2, np.nan]])
    both("null", {"channels": ["ecg", "resp"]}, {"ecg": None, "resp": 3}, samples=[[np.nan, 3]])
    both("order", ecg | {"time": "t", "sequence": "head.n", "first": "head.i"},
         {"t": 1763923532.5, "head": {"n": 17, "i": 2**53 + 1}, "ecg": [1, 2]}, samples=[1, 2], seq=17, first=2**53 + 1,
         t_ns="1763923532500000000")
    both("order-text", ecg | {"time": "t", "time_unit": "ns", "sequence": "n"},
         {"t": T_NS, "n": None, "ecg": 1}, samples=[1], t_ns=str(T_NS))
    both("milliseconds", ecg | {"time": "t", "time_unit": "ms"}, {"t": -5, "ecg": 1}, samples=[1], t_ns="-5000000")
    both("rows", {"channels": ["x.*.0", "x.*.1"]}, {"x": [[1, 2], [3, 4], [5, 6]]}, samples=[[1, 2], [3, 4], [5, 6]])
    both("rows-of-maps", {"channels": ["x.*.a", "x.*.b"]}, {"x": [{"a": 1, "b": 2, "c": 9}, {"b": 4, "a": 3}]},
         samples=[[1, 2], [3, 4]])
    both("escaped", {"channels": ["a\\.b.\\*", "ä"]}, {"a.b": {"*": 1}, "ä": 2}, samples=[[1, 2]])
    both("plotjuggler", ecg, {"ecg": 1}, topic="sim", third=[b"1763923532.123456789"], samples=[1], t_ns=str(T_NS))
    both("plotjuggler-more", ecg, {"ecg": 1}, topic="sim", third=[b"-0.5", b"more"], samples=[1], t_ns="-500000000")
    both("not-a-time", ecg, {"ecg": 1}, topic="frame.eye", third=[b"\x00\x01\x02"], samples=[1])
    # What Pupil Capture sends (docs/foreign-formats.md §4): its clock is its own.
    pupil = {"topic": "pupil.0.3d", "id": 0, "timestamp": 4711.25, "confidence": 0.98, "norm_pos": [0.25, 0.75],
             "diameter": 31.5, "diameter_3d": 3.125, "ellipse": {"center": [96.0, 48.0], "axes": [28.0, 31.5], "angle": 3.0}}
    both("pupil", {"channels": ["diameter_3d", "norm_pos.0", "norm_pos.1", "ellipse.axes.1"], "time": "timestamp"}, pupil,
         topic="pupil.0.3d", samples=[[3.125, 0.25, 0.75, 31.5]], t_ns="4711250000000")
    # Every width of MessagePack's numbers.
    widths = [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53, -1, -32, -33, -128, -129, -32768, -32769, -2**31,
              -2**31 - 1, -2**53, 1.5]
    both("widths", ecg, {"ecg": widths}, samples=widths)
    body = msgpack.packb({"ecg": [1.5, 2.0]}, use_single_float=True)
    add("msgpack-single", [body], ecg | {"format": "msgpack"}, samples=[1.5, 2.0], topic="")
    for count, seconds, nanoseconds in ((4, 1763923532, 0), (8, 1763923532, 123456789), (12, -2, 500000000)):
        stamp = msgpack.Timestamp(seconds, nanoseconds)
        body = msgpack.packb({"t": stamp, "ecg": 1, "blob": b"\0" * 300, "k" * 300: "v" * 40, 5: {}, "m": [None] * 20})
        add(f"msgpack-timestamp-{count}", [body], ecg | {"format": "msgpack", "time": "t"}, samples=[1.0], topic="",
            t_ns=str(seconds * 10**9 + nanoseconds))
    add("json-text-numbers", [b'{"t":"1763923532123456789","n":"9","ecg":1}'],
        ecg | {"format": "json", "time": "t", "time_unit": "ns", "sequence": "n"}, samples=[1.0], topic="", seq=9,
        t_ns=str(T_NS))
    add("json-escaped-key", [b'{"\\u00e4\\n":1}'], {"format": "json", "channels": ["ä\n"]}, samples=[1.0], topic="")


def main():
    raw()
    gnuradio()
    open_ephys()
    maps()
    made = (f"# python {platform.python_version()}, numpy {np.__version__}, gnuradio {gr.version()}, msgpack "
            f"{'.'.join(map(str, msgpack.version))}, python/golden/make_live.py")
    with open(os.path.join(sys.argv[1], "live.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join([made] + LINES) + "\n")


main()
