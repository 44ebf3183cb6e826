"""What was found in a module or a Keras model: layers, and a way to run the original."""

import dataclasses
from typing import Callable

import numpy as np

from exporting.graph import ExportError
from runnel_reference import HEADS, sigmoid, softmax

# What the original gives for the logits of a head, by what it ends in.
ENDINGS = {
    "logits": lambda x: x,
    "softmax": softmax,
    "sigmoid": sigmoid,
    "log_softmax": lambda x: np.log(softmax(x)),
}


@dataclasses.dataclass
class Found:
    """entries, tensors  the layers, ready for a description
    heads       (width, ending) of each output of the original, side by side
    step        the one step of `steps` that the original gives; None: it gives all
    call        frames (T, D), float32 → the original's output (S, K), heads side by side
    states      (frames, {layer: steps}) → final h and c by golden name
    by          who runs the original: "PyTorch 2.15.0"
    notes       what a person should know
    decoder     of a description, where the original gives a sequence made of a context; `entries` are then the encoder's
    """

    entries: list
    tensors: dict
    heads: list
    step: int | None
    steps: int
    call: Callable
    states: Callable
    by: str
    notes: list = dataclasses.field(default_factory=list)
    decoder: dict | None = None

    def ended(self, logits):
        """What the original would give for these logits (…, K)."""
        return self.each(logits, lambda ending, x: ENDINGS[ending](x))

    def scores(self, output, heads):
        """The scores of the description's heads, from what the original gave (…, K)."""
        activations = [head["activation"] for head in heads]
        if len(heads) == len(self.heads):
            parts = iter(activations)
            return self.each(output, lambda ending, x: scored(ending, next(parts), x))
        result, first = [], 0
        ((_, ending),) = self.heads
        for head, activation in zip(heads, activations):
            count = len(head["labels"])
            result.append(scored(ending, activation, output[..., first : first + count]))
            first += count
        return np.concatenate(result, -1)

    def each(self, x, function):
        parts, first = [], 0
        for width, ending in self.heads:
            parts.append(function(ending, x[..., first : first + width]))
            first += width
        return np.concatenate(parts, -1)


def layers_of(walk, last, steps):
    """(entries, tensors, decoder or None) of what was walked, ending in `last`."""
    entries, tensors = walk.graph.finish(last)
    middle = next((entry["name"] for entry in entries if entry["kind"] == "log_softmax"), None)
    if middle:
        raise ExportError(f"'{middle}': log_softmax is supported at the end only")
    if walk.encoder is None:
        return entries, tensors, None
    decoder = {"steps": steps, "input": "context", "layers": entries}
    if walk.context == "input":
        walk.context = walk.encoder.add("activation", "context", ["input"], walk.encoder.widths["input"],
                                        input=walk.encoder.widths["input"], activation="none")
    entries, own = walk.encoder.finish(walk.context)
    return entries, tensors | own, decoder


def scored(ending, activation, x):
    if ending == "logits":
        return HEADS[activation](x)
    return np.exp(x) if ending == "log_softmax" else x


def strip(graph, source, activation):
    """Takes off the end what the head does: (source, ending)."""
    entry = graph.entries.get(source, {"kind": "input"})
    kind = entry["kind"]
    if kind == "activation" and entry["activation"] == "sigmoid":
        if activation == "softmax":
            raise ExportError("the module ends in Sigmoid: say head_activation='sigmoid'")
        return (entry["from"][0], "sigmoid") if activation == "sigmoid" else (source, "logits")
    if kind == "softmax" and activation == "softmax":
        return entry["from"][0], "softmax"
    if kind in ("softmax", "log_softmax") and activation == "sigmoid":
        raise ExportError("the module ends in softmax: say head_activation='softmax'")
    if kind == "log_softmax":
        if activation != "softmax":
            raise ExportError("the module ends in log_softmax: say head_activation='softmax'")
        return entry["from"][0], "log_softmax"
    return source, "logits"
