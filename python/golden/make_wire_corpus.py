#!/usr/bin/env python3
"""Writes the golden messages as inputs for `make fuzz`, a file a scenario or message:

    python3 python/golden/make_wire_corpus.py Tests/Golden/wire Fuzz/Corpus

A message is u8 number of parts, then of each u16 length, little-endian, and its bytes (Fuzz/RunnelFuzz/MessageFuzz.swift).
"""

import os
import struct
import sys

MOST = 14


def messages(path):
    """Name and parts of each line, in order."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                name, _, *parts = line.rstrip("\n").split("\t")
                yield name, [bytes.fromhex(part) for part in parts]


def packed(parts):
    return bytes([len(parts)]) + b"".join(struct.pack("<H", len(part)) + part for part in parts)


def main():
    golden, corpus = sys.argv[1:]
    seeds = {}
    for source in ("messages.txt", "arrays.txt", "live.txt"):
        for name, parts in messages(os.path.join(golden, source)):
            target = {"messages.txt": "runnel", "arrays.txt": "array"}.get(source, name.split("-")[0])
            scenario = seeds.setdefault(target, {})
            scenario[name] = scenario.get(name, b"") + packed(parts)
    for target, scenarios in seeds.items():
        folder = os.path.join(corpus, target)
        os.makedirs(folder, exist_ok=True)
        # Spread over them: neighbours are alike.
        names = list(scenarios)
        chosen = [names[n * len(names) // MOST] for n in range(MOST)] if len(names) > MOST else names
        for name in chosen:
            safe = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name)
            with open(os.path.join(folder, safe), "wb") as file:
                file.write(scenarios[name])


if __name__ == "__main__":
    main()
