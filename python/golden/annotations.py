"""Lists of annotations, [sample index, symbol] or [sample index, symbol, subtype or text], as files of the MIT format."""

import struct

CODES = {symbol: code for code, symbol in enumerate("·NLRaVFJASEj/Q~\0|\0sT*D\"=pB^t+u?![]en@xf()r")}


def distinct(annotations):
    """In their order, and of those at one sample the first."""
    kept = {}
    for annotation in annotations:
        kept.setdefault(annotation[0], annotation)
    return [kept[at] for at in sorted(kept)]


def annotation_file(annotations):
    """MIT format (docs/foreign-formats.md §7)."""
    out, last = b"", 0
    for at, symbol, *more in annotations:
        step = at - last
        if step > 1023:
            out += struct.pack("<HHH", 59 << 10, step >> 16, step & 0xFFFF)
            step = 0
        out += struct.pack("<H", CODES[symbol] << 10 | step)
        for each in more:
            if isinstance(each, int):
                out += struct.pack("<H", 61 << 10 | each & 0xFF)
            else:
                text = each.encode()
                out += struct.pack("<H", 63 << 10 | len(text)) + text + b"\0" * (len(text) % 2)
        last = at
    return out + b"\0\0"
