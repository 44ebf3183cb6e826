"""What the makers of ONNX fixtures share: each fixture is NAME.onnx (and NAME.onnx.data) beside NAME.json, which holds
the spec to import it with, an input, what ONNX Runtime makes of it, and the versions of the tools.

A fixture that is to be refused says in `refused` which words the refusal must hold.
"""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime

import destination

FOLDER = destination.folder("onnx")


def path(name):
    return os.path.join(FOLDER, name + ".onnx")


def frames(steps, features, seed=3):
    """(T, D), smooth with noise, within about ±1.5."""
    t = np.arange(steps)[:, None]
    noise = np.random.default_rng(seed).standard_normal((steps, features))
    return (np.sin(t * 0.31 * (1 + np.arange(features))) + 0.3 * noise).astype(np.float32)


def run(name, feeds):
    session = onnxruntime.InferenceSession(path(name), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def array(x):
    x = np.asarray(x)
    numbers = [int(v) for v in x.ravel()] if x.dtype.kind == "i" else [float(np.format_float_positional(v, unique=True)) for v in x.ravel().astype(np.float32)]
    return {"shape": list(x.shape), "values": numbers}


def describe(name, spec, x=None, y=None, refused=None, tools=None, by=None):
    """Writes NAME.json. x: (T, D) frames; y: (T', K), or (K) for a window."""
    model = onnx.load(path(name), load_external_data=False)
    record = {"spec": spec, "producer": f"{model.producer_name} {model.producer_version}".strip(),
              "opset": next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))}
    if refused is not None:
        record["refused"] = refused
    else:
        record["golden_by"] = by or f"ONNX Runtime {onnxruntime.__version__}"
        record["input"], record["output"] = array(x), array(y)
    record["tools"] = {"onnx": onnx.__version__, "python": sys.version.split()[0], "numpy": np.__version__, **(tools or {})}
    with open(path(name)[:-5] + ".json", "w") as file:
        json.dump(record, file, separators=(",", ":"))
        file.write("\n")
    print(f"{name:28} {'refused' if refused else 'ok':8} {os.path.getsize(path(name))} bytes")


LABELS = ["a", "b", "c", "d", "e", "f", "g", "h"]


def carried(labels, **more):
    return {"rate": 100, "regime": "carried", "labels": LABELS[:labels], **more}


def windowed(labels, length=None, **more):
    spec = {"rate": 100, "regime": "windowed", "labels": LABELS[:labels], **more}
    return {**spec, "window": {"length": length}} if length else spec
