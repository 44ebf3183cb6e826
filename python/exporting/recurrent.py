"""Recurrent layers of PyTorch, and of `cells`, as layers of a description."""

import numpy as np
import torch
from torch import nn

from exporting import cells
from exporting.checks import features, shown, with_features
from exporting.graph import array
from exporting.values import Value


def layer(t, module, result, args, kwargs):
    """RNN, LSTM, GRU and runnel_export.cells: the values of (y, final states)."""
    kind = type(module).__name__
    if isinstance(module, nn.RNNCellBase):
        raise t.cannot(
            kind,
            f"{kind} is stepped by a loop in forward; use {kind.removesuffix('Cell')}, which has the same "
            "equations and parameters (weight_ih becomes weight_ih_l0)",
        )
    x, given = (list(args) + [None])[:2]
    given = kwargs.get("hx", kwargs.get("state", given))
    packed = isinstance(x, torch.nn.utils.rnn.PackedSequence)
    value = t.of(x.data if packed else x)
    if value is None:
        raise t.cannot(
            kind,
            "runs over what is no frame, from the state of another layer: it is a decoder; "
            "save(…, regime='windowed', pattern='encoder-decoder', decoder={…}), see python/README.md",
        )
    batched = len(value.axes) == 3
    if ("T",) not in value.axes and value.step is not None:
        raise t.cannot(
            kind,
            "is stepped by a loop, or begins with one step of the window: a loop over time is given to the layer whole, "
            "a decoder is described (decoder={…}, its `start` a constant), see python/README.md",
        )
    time = (1 if module.batch_first else 0) if batched else 0
    if value.axes[time] != ("T",) or (batched and value.axes[1 - time] != ()):
        raise t.cannot(
            kind,
            f"batch_first={module.batch_first} makes it run over another axis than time (axes here: {shown(value)})",
        )
    features(t, value, -1, kind)
    if list(t.involved([given])):
        raise t.cannot(
            kind,
            "an initial state that depends on the input is supported only in a decoder: "
            "save(…, pattern='encoder-decoder', decoder=…)",
        )
    entry, tensors = described(module)
    tensors |= initial(t, module, given, entry)
    width = (module.proj_size or module.hidden_size) * (2 if module.bidirectional else 1)
    keys = {key: each for key, each in entry.items() if key != "kind"}
    y = t.add(entry["kind"], t.path() or "layer", value, width, tensors, **keys)
    if packed:
        x = x.data.unsqueeze(0 if module.batch_first else 1)
    t.recurrent[y.source] = (module, x, given)
    halves = range(2 if module.bidirectional else 1)
    axes = (("L",), (), ("F",)) if batched or packed else (("L",), ("F",))
    states = []
    for letter in "hc" if entry["kind"] == "lstm" else "h":
        size = module.hidden_size if letter == "c" else width // len(halves)
        pieces = tuple((letter, level, half) for level in range(module.num_layers) for half in halves)
        states.append(
            Value(y.source, size, axes if size > 1 else axes[:-1] + ((),), y.steps, None, (0, 0, 0.0), pieces)
        )
    return [y.but(axes=with_features(value, -1, width)), *states]


def described(module):
    """The entry of a recurrent module and its tensors, without the initial state."""
    if isinstance(module, cells.Recurrent):
        entry = {
            "kind": module.kind,
            "input": module.input_size,
            "hidden": module.hidden_size,
            "layers": module.num_layers,
        }
        entry |= module.flags | ({"initial_state": "learned"} if module.learned_state else {})
    else:
        kind = {"RNN": "rnn", "LSTM": "lstm", "GRU": "gru"}[module.mode.split("_")[0]]
        entry = {"kind": kind, "input": module.input_size, "hidden": module.hidden_size, "layers": module.num_layers}
        if module.mode == "RNN_RELU":
            entry["activation"] = "relu"
    if not module.bias:
        entry["bias"] = False
    if module.proj_size:
        entry["projection"] = module.proj_size
    if module.bidirectional:
        entry["direction"] = "bidirectional"
    tensors = {}
    for k in range(module.num_layers):
        for half in ["", "_reverse"] if module.bidirectional else [""]:
            for name in (
                "weight_ih",
                "weight_hh",
                "bias_ih",
                "bias_hh",
                "weight_hr",
                "weight_peephole",
                "initial_h",
                "initial_c",
            ):
                value = getattr(module, f"{name}_l{k}{half}", None)
                if value is not None:
                    tensors[f"{name}_l{k}{half}"] = value
    return entry, tensors


def initial(t, module, given, entry):
    """Tensors of an initial state that forward gives, where it is not zero: (L, B, H), the same for each of the batch."""
    if given is None:
        return {}
    given = given if isinstance(given, (tuple, list)) else (given,)
    if not any(bool(each.any()) for each in given):
        return {}
    entry["initial_state"] = "learned"
    halves = ["", "_reverse"] if module.bidirectional else [""]
    tensors = {}
    for letter, state in zip("hc", given):
        rows = array(state).reshape(module.num_layers * len(halves), -1)
        for place, row in enumerate(rows):
            tensors[f"initial_{letter}_l{place // len(halves)}{halves[place % len(halves)]}"] = row
    return tensors


def finals(module, x, given, steps):
    """(h, c) or (h,), each [L, H], after `steps` steps of what the module got."""
    batched = x.ndim == 3
    time = (1 if module.batch_first else 0) if batched else 0
    result = module(x.narrow(time, 0, steps), *([] if given is None else [given]))[1]
    states = result if isinstance(result, tuple) else (result,)
    return [np.array(each.reshape(each.shape[0], -1)) for each in states]
