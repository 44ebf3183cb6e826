"""Does every golden model file still belong to the script that makes it?

    python python/parity_fixtures.py [models onnx rtneural]

Runs the makers of `golden/` into a temporary folder and compares what they make with Tests/Golden, file by file: the same
bytes; or, where a tool has another version than the one that made the file, the same description and weights, and golden
outputs within 1e-5 of the largest. A file that no maker makes, or that is made and not there, is an error. What needs a
program that is not installed here (TensorFlow, tf2onnx) is named as not rebuilt.

Ends with 1 where one file is not that of its script.
"""

import argparse
import collections
import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "Tests", "Golden")
LIMIT = 1e-5
# Scripts and what they need.
MAKERS = {
    "models": {"make_torch_models.py": ["torch", "onnxruntime"], "make_keras_models.py": ["keras", "torch"]},
    "onnx": {
        "make_onnx_pytorch.py": ["torch", "onnx", "onnxruntime", "onnxscript"],
        "make_onnx_nodes.py": ["onnx", "onnxruntime"],
        "make_onnx_tensorflow.py": ["tensorflow", "tf2onnx"],
    },
    "rtneural": {"make_rtneural.py": ["keras", "torch", "safetensors"]},
}
# Written by the first exporter and made no more (golden/make_models.py): files of that time are read for ever.
KEPT = {"conv-lstm.safetensors", "lstm-2-layers.safetensors", "lstm-odd.safetensors", "conv-dilated.safetensors"}


class Different(Exception):
    """Why a file is not what its script makes."""


def make(script, folder):
    path = os.path.join(HERE, "golden", script)
    result = subprocess.run([sys.executable, path, "--into", folder], capture_output=True, text=True, cwd=HERE)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise Different(f"{script} ended with {result.returncode}: {lines[-1] if lines else ''}")


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


# --- what is compared


def compared(name, old, new):
    """How the file of the script agrees with the one that is there: a word. Raises Different."""
    if read_bytes(old) == read_bytes(new):
        return "the same bytes"
    if name.endswith(".safetensors"):
        return compared_models(old, new)
    if name.endswith(".json"):
        return compared_records(old, new)
    # A graph: its outputs are in the JSON beside it.
    before, after = (record(os.path.join(os.path.dirname(path), stem(name) + ".json")) for path in (old, new))
    if versions(before) == versions(after):
        raise Different("other bytes from the same versions")
    return "another version's bytes"


def stem(name):
    return name.split(".")[0]


def record(path):
    with open(path) as file:
        return json.load(file)


def versions(record):
    return {"producer": record.get("producer"), **record.get("tools", {})}


def compared_models(old, new):
    (description, tensors), (made, again) = read_model(old), read_model(new)
    newer = versions(description.get("provenance", {})) != versions(made.get("provenance", {}))
    for key in sorted(set(description) | set(made)):
        if key not in ("provenance", "digest", "golden") and description.get(key) != made.get(key):
            raise Different(f"'{key}' of its description is another")
    if {key: value.shape for key, value in tensors.items()} != {key: value.shape for key, value in again.items()}:
        raise Different("it has other tensors")
    worst = 0.0
    for key, value in tensors.items():
        if key.startswith("golden."):
            worst = max(worst, distance(value, again[key]))
        elif not (np.allclose(value, again[key], rtol=1e-6, atol=1e-7) if newer else np.array_equal(value, again[key])):
            raise Different(f"tensor '{key}' has other numbers")
    return verdict(worst, newer)


def read_model(path):
    data = read_bytes(path)
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    description = json.loads(header.pop("__metadata__", {}).get("runnel.model", "{}"))
    tensors = {}
    for key, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[key] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return description, tensors


def compared_records(old, new):
    before, after = record(old), record(new)
    newer = versions(before) != versions(after)
    for key in ("spec", "refused", "opset", "input"):
        if before.get(key) != after.get(key) and not (key == "opset" and newer):
            raise Different(f"'{key}' is another")
    if "output" not in before:
        return verdict(0.0, newer)
    was, now = (np.reshape(each["output"]["values"], each["output"]["shape"]) for each in (before, after))
    return verdict(distance(was, now), newer)


def distance(was, now):
    if was.shape != now.shape:
        raise Different(f"golden outputs of shape {was.shape} have become {now.shape}")
    return float(np.abs(was.astype(float) - now).max(initial=0)) / max(1e-3, float(np.abs(was).max(initial=0)))


def verdict(worst, newer):
    if worst > LIMIT:
        raise Different(f"golden outputs differ by {worst:.2g} of the largest")
    by = "another version" if newer else "the same versions"
    return f"the same numbers from {by}" if worst == 0 else f"outputs within 1e-5 from {by}"


# --- a folder


def rebuilt(name, counts, failed):
    """Makes a folder of Tests/Golden again and compares it."""
    began, there = time.monotonic(), os.path.join(GOLDEN, name)
    with tempfile.TemporaryDirectory() as folder:
        absent = []
        for script, needs in MAKERS[name].items():
            missing = [each for each in needs if importlib.util.find_spec(each) is None]
            if missing:
                absent.append(script)
                print(f"{name}: {script} not run: {', '.join(missing)} not installed", flush=True)
                continue
            print(f"{name}: {script} …", flush=True)
            try:
                make(script, folder)
            except Different as reason:
                failed.append(str(reason))
                print(f"FAILED: {reason}", flush=True)
        made = set(os.listdir(os.path.join(folder, name))) if os.path.isdir(os.path.join(folder, name)) else set()
        have = {each for each in os.listdir(there) if not each.startswith(".")}
        for each in sorted(made | have):
            try:
                counts[judged(each, there, os.path.join(folder, name), made, have, absent)] += 1
            except Different as reason:
                failed.append(f"{name}/{each}")
                print(f"FAILED: {name}/{each}: {reason}", flush=True)
    print(f"{name}: {len(made)} files made, {len(have)} there ({time.monotonic() - began:.0f} s)", flush=True)


def judged(each, there, folder, made, have, absent):
    if each not in have:
        raise Different("its script makes it, and it is not in Tests/Golden")
    if each in made:
        return compared(each, os.path.join(there, each), os.path.join(folder, each))
    if each in KEPT:
        return "kept as it was"
    beside = os.path.join(there, stem(each) + ".json")
    tools = record(beside).get("tools", {}) if os.path.exists(beside) else {}
    if absent and "tensorflow" in tools:
        print(f"not rebuilt: {each}", flush=True)
        return "not rebuilt"
    raise Different("no script makes it")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", default=[], help=f"of {', '.join(MAKERS)}; all")
    folders = parser.parse_args().folders or list(MAKERS)
    counts, failed, began = collections.Counter(), [], time.monotonic()
    for name in folders:
        rebuilt(name, counts, failed)
    told = "; ".join(f"{count} {word}" for word, count in counts.most_common())
    print(f"{'FAILED' if failed else 'ok'}: golden files of {', '.join(folders)}: {told}; {len(failed)} failed "
          f"({time.monotonic() - began:.0f} s)")
    sys.exit(int(bool(failed)))


if __name__ == "__main__":
    main()
