"""Random networks through torch.onnx.export and `runnel model import`: the same numbers?

    python python/parity_onnx.py [--count 25] [--seed 1] [--exporter script] [--runnel .build/release/runnel]

The networks of `parity_models.py` without projections and the cells that PyTorch lacks, which neither exporter writes,
through both exporters (script: dynamo=False; networks with an nn.RNN only through that). Each is imported and run over 400 frames, or 16 windows of 32, whole and in random chunks, against PyTorch. Where ONNX Runtime gives
another answer than PyTorch for the same file, the exporter wrote another network; then ONNX Runtime is the judge.

A refusal is counted by its reason, and must be one that docs/import.md tells of. Ends with 1 where a network differs, or
is refused for another reason.

Needs torch, numpy, onnx, onnxruntime, onnxscript and a runnel binary.
"""

import collections
import contextlib
import json
import logging
import os
import re
import sys

import numpy as np
import onnxruntime
import torch
from torch import nn

from comparing import networks, trial

DOCUMENT = os.path.join(trial.ROOT, "docs", "import.md")
# What a refusal says, and the words of docs/import.md that tell of it.
REASONS = {
    r"torch\.onnx\.export": None,
    r"out step by step": "wrote out step by step",
    r"proj_size": "`proj_size` from the dynamo exporter",
    r"repeats what flows": "a vector repeated for a decoder",
}


def run(seed, place, arguments):
    drawn = networks.draw(seed, everything=False, steps=400, window=32)
    results = []
    # The dynamo exporter writes an nn.RNN out step by step, which takes long and is refused.
    known = ["script"] if any(isinstance(each, nn.RNN) for each in drawn.network.modules()) else ["script", "dynamo"]
    for exporter in [each for each in known if arguments.exporter in (each, "both")]:
        try:
            amount, text = through(exporter, seed, place, drawn)
        except trial.Refused as reason:
            amount, text = None, f"{reason} ({drawn.words()})"
        except trial.Failed as reason:
            amount, text = np.inf, f"{reason} ({drawn.words()})"
        results.append((exporter, amount, text))
    return results


def through(exporter, seed, place, drawn):
    """One network through one exporter."""
    example = drawn.frames[:1] if drawn.frames.ndim == 3 else drawn.frames[None, :64]
    export(drawn.network, torch.from_numpy(example), place.path("m.onnx"), exporter == "dynamo")
    spec = {"rate": 100, "regime": drawn.regime["regime"], "labels": drawn.labels}
    if drawn.frames.ndim == 3:
        spec |= {"window": {"length": drawn.regime["window"]}, "hop": drawn.regime["hop"]}
    with open(place.path("spec.yaml"), "w") as file:
        json.dump(spec, file)
    files = [place.path("m.onnx"), "--spec", place.path("spec.yaml"), "-o", place.path("m.safetensors")]
    try:
        trial.runnel(place.binary, "model", "import", *files)
    except trial.Failed as reason:
        raise trial.Refused(str(reason).split(": ", 1)[-1].replace(place.folder, "").replace("\n", " ")) from None
    given, own = judged(place.path("m.onnx"), example), drawn.scores(example)
    if given.shape != own.shape or trial.difference(given, own) > trial.LIMIT:
        found = place.run(example, *drawn.options)
        return trial.difference(found, given[:, : found.shape[1]]), f"(ONNX Runtime's, not PyTorch's) {drawn.words()}"
    return trial.compare(place, seed, drawn.frames, drawn.scores(), *drawn.options), drawn.words()


@contextlib.contextmanager
def silence():
    """The exporters speak much, some of it past Python."""
    sys.stdout.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nothing, stream)
        yield
        sys.stdout.flush()
    finally:
        for stream, old in zip((1, 2), kept):
            os.dup2(old, stream)
            os.close(old)
        os.close(nothing)


def export(network, example, path, dynamo):
    try:
        with silence(), torch.no_grad():
            torch.onnx.export(network, (example,), path, dynamo=dynamo, verbose=False)
    except Exception as error:
        words = str(error).strip().splitlines() or [""]
        raise trial.Refused(f"torch.onnx.export: {type(error).__name__}: {words[0]}") from None


def judged(path, example):
    """What ONNX Runtime makes of the file: the scores of all heads of the one window or stream in it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.concatenate(session.run(None, {session.get_inputs()[0].name: example}), -1)


def check(refused):
    """Prints how often each reason was given; sentences about those that the document does not tell of."""
    with open(DOCUMENT) as file:
        document = " ".join(file.read().split())
    counts, complaints = collections.Counter(), []
    for sentence in refused:
        found = next((key for key in REASONS if re.search(key, sentence)), None)
        if found is None:
            complaints.append(f"no reason that is known here: {sentence}")
        elif REASONS[found] is not None and REASONS[found] not in document:
            complaints.append(f"docs/import.md does not say '{REASONS[found]}': {sentence}")
        counts[found] += 1
    for key, count in counts.most_common():
        print(f"{count} refused: {REASONS.get(key) or key}")
    return complaints


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    exporters = {"choices": ["script", "dynamo", "both"], "default": "both"}
    more = lambda parser: parser.add_argument("--exporter", **exporters)
    tool = f"imported from ONNX of torch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}"
    trial.main(__doc__, run, tool, count=25, check=check, more=more)
