"""Keras' recurrent layers and cells, one way and both ways.

Layouts and equations: docs/cells.md §3. Kernels are [in, out]; an LSTM's gates are i f c o as in PyTorch; a GRU's z r h
become r z n.
"""

import numpy as np

from exporting import operations
from exporting.keras_activations import activation_of
from exporting.keras_walk import REMEDIES, layer, values_in, weight
from exporting.values import Unknown

CELLS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn", "LSTMCell": "lstm", "GRUCell": "gru", "SimpleRNNCell": "rnn"}


def cell_of(w, cell, x, name, direction="forward", backward=None):
    """Adds one level; `backward`: the other direction's cell, for bidirectional."""
    kind = CELLS[type(cell).__name__]
    entry = {"input": x.width, "hidden": cell.units}
    if kind == "rnn":
        value = activation_of(w, cell.activation)
        entry |= {"activation": value} if value != "tanh" else {}
    else:
        gate, value = activation_of(w, cell.recurrent_activation), activation_of(w, cell.activation)
        entry |= {"gate_activation": gate} if gate != "sigmoid" else {}
        if value != "tanh":
            entry |= {"activation": value} if kind == "gru" else {"cell_activation": value, "output_activation": value}
    if kind == "gru":
        entry["reset"] = "after" if cell.reset_after else "before"
    if not cell.use_bias:
        entry["bias"] = False
    if direction != "forward":
        entry["direction"] = direction
    tensors = level(cell, kind, "")
    if backward is not None:
        tensors |= level(backward, kind, "_reverse")
    width = cell.units * (2 if direction == "bidirectional" else 1)
    operations.features(w, x, -1, "the layer")
    if x.axes[-2:-1] != (("T",),):
        raise w.cannot(kind, "runs over another axis than time")
    return w.add(kind, name, x, width, tensors, **entry)


def level(cell, kind, half):
    """The weights of one level by PyTorch's names."""
    kernel, recurrent = weight(cell.kernel).T, weight(cell.recurrent_kernel).T
    rows = len(kernel)
    first = second = np.zeros(rows, np.float32)
    if cell.use_bias:
        bias = weight(cell.bias)
        first, second = (bias[0], bias[1]) if bias.ndim == 2 else (bias, second)
    values = {"weight_ih": kernel, "weight_hh": recurrent}
    values |= {"bias_ih": first, "bias_hh": second} if cell.use_bias else {}
    if kind == "gru":
        values = {key: swapped(value) for key, value in values.items()}
    return {f"{key}_l0{half}": value for key, value in values.items()}


def swapped(value):
    """z r h to r z n."""
    z, r, h = np.split(value, 3)
    return np.concatenate([r, z, h])


@layer("LSTM", "GRU", "SimpleRNN", "RNN")
def recurrent(w, layer, x, *states, **more):
    states = [each for each in values_in([states, more])]
    if states or any(each is not None for each in more.values()):
        raise w.cannot(
            "state", "an initial state is supported only in a decoder: say pattern='encoder-decoder', decoder={…}"
        )
    cells = getattr(layer.cell, "cells", [layer.cell])
    if any(type(cell).__name__ not in CELLS for cell in cells):
        raise w.cannot("RNN", f"a cell of type {type(cells[0]).__name__} is not supported")
    direction = "backward" if layer.go_backwards else "forward"
    if direction == "backward" and (layer.return_sequences or len(cells) > 1):
        raise w.cannot(
            "go_backwards",
            "go_backwards=True with return_sequences=True gives the steps in reverse order; use "
            "Bidirectional, or return_sequences=False",
        )
    y = x
    for k, cell in enumerate(cells):
        y = cell_of(w, cell, y, layer.name if len(cells) == 1 else f"{layer.name}.{k}", direction)
        w.layers[y.source] = (layer, k)
    if not layer.return_sequences:
        gone = y.axes[:-2] + y.axes[-1:]
        y = y.but(axes=gone, step=0 if direction == "backward" else y.steps - 1)
    if layer.return_state:
        count = sum(2 if CELLS[type(cell).__name__] == "lstm" else 1 for cell in cells)
        return [y] + [
            Unknown(
                f"layer '{layer.name}': a final state that is used on its own is not supported; "
                "return_sequences=False gives the last h"
            )
        ] * count
    return y


@layer("Bidirectional")
def bidirectional(w, layer, x, *states, **more):
    if any(each is not None for each in (*states, *more.values())):
        raise w.cannot("state", "an initial state is not supported in a bidirectional layer")
    forward, backward = layer.forward_layer, layer.backward_layer
    same = type(forward) is type(backward) and forward.units == backward.units if hasattr(forward, "units") else False
    if (
        not same
        or type(forward).__name__ not in CELLS
        or forward.go_backwards
        or layer.return_state
        or forward.cell.use_bias != backward.cell.use_bias
        or [getattr(forward, key, None) for key in ("activation", "recurrent_activation", "reset_after")]
        != [getattr(backward, key, None) for key in ("activation", "recurrent_activation", "reset_after")]
    ):
        raise w.cannot("Bidirectional", REMEDIES["Bidirectional"])
    y = cell_of(w, forward.cell, x, layer.name, "bidirectional", backward.cell)
    units = forward.units
    if not layer.return_sequences:
        name = operations.final(w, y.source, 2 * units)
        y = y.but(source=name, step=0, steps=1, axes=y.axes[:-2] + y.axes[-1:])
    if layer.merge_mode == "concat":
        return y
    halves = [operations.part(w, y, len(y.axes) - 1, slice(first, first + units)) for first in (0, units)]
    if layer.merge_mode is None:
        return halves
    y = operations.merged(w, "multiply" if layer.merge_mode == "mul" else "add", *halves)
    return operations.scale(w, y, 0.5, 0.0) if layer.merge_mode == "ave" else y
