"""Finds the layers of a Keras 3 model, Sequential or functional, by walking its graph with values in place of tensors.

keras_models       what of a model can be walked
keras_walk         the walk, and which layer is understood by which function
keras_activations  activations
keras_pointwise    layers of one step
keras_time         layers along time
keras_joins        where branches meet
keras_recurrent    recurrent layers
"""

import numpy as np

from exporting import keras_joins, keras_pointwise, keras_time  # noqa: F401  they register their functions
from exporting.found import Found, layers_of, strip
from exporting.graph import ExportError
from exporting.keras_models import free, functional_of, whole_numbers
from exporting.keras_recurrent import CELLS
from exporting.keras_walk import Walk, values_in, weight
from exporting.values import Unknown, Value


def find(model, frames, labels, activations, carried=True):
    """The layers of a Keras model, walked for frames (T, D)."""
    import keras

    (given,) = functional_of(model).inputs
    rank, width = len(given.shape), frames.shape[1]
    if carried and rank == 3 and given.shape[1] is not None:
        try:
            model = free(model)
        except Exception:  # whatever cannot be built without knowing the length
            pass
    functional = functional_of(model)
    (given,) = functional.inputs
    if rank == 2 and whole_numbers(functional):
        axes = ((), ("T",))
    elif rank == 2:
        axes = (("T",), ("F",) if width > 1 else ())
    elif rank == 3:
        axes = ((), ("T",), ("F",) if width > 1 else ())
    else:
        raise ExportError(f"the model takes {rank - 1} axes per example; expected (time, features)")
    expected = given.shape[-1] if rank == 3 or axes[0] == ("T",) else 1
    if expected is not None and expected != width:
        raise ExportError(f"the example has {width} features, the model takes {expected}")
    length = given.shape[1] if axes[0] == () else None
    if length is not None and len(frames) > length:
        raise ExportError(
            f"the model is built for {length} steps and the example has {len(frames)}; build it with "
            f"Input((None, {width})) and set_weights, or give an example of {length} steps"
        )
    multiple = 1
    for _ in range(2 if carried else 1):  # once more with a length that every stride divides
        walk, steps = Walk(width), -(-len(frames) // multiple) * multiple
        value = Value("input", width, axes, steps if length is None else length)
        outputs = functional._run_through_graph([value], operation_fn=walk.call)
        multiple = walk.total_stride if carried else 1
    outputs = list(values_in(outputs))
    names = list(getattr(model, "output_names", None) or [])
    if len(outputs) > 1 and len(labels) > 1 and set(labels) <= set(names):
        order = [names.index(name) for name in labels]
    else:
        order = list(range(min(len(outputs), len(labels))))
    values = [outputs[k] for k in order]
    for each in values:
        if isinstance(each, Unknown):
            raise ExportError(each.reason)
    if len({(each.step, each.steps) for each in values}) > 1:
        raise ExportError("the heads speak of different steps")
    sources, heads = [], []
    for each, activation in zip(values, activations if len(values) > 1 else activations[:1]):
        source, ending = strip(walk.graph, each.source, activation)
        if ending in ("softmax", "log_softmax") and len(values) == 1 and len(activations) > 1:
            raise ExportError("one softmax over several heads cannot be cut: give the model one output per head")
        if source == "input":
            raise ExportError("the model has no layers")
        sources.append(source)
        heads.append((each.width, ending))
    last = sources[0]
    if len(sources) > 1:
        total = sum(width for width, _ in heads)
        last = walk.graph.add("concat", "heads", sources, total, output=total)
    entries, tensors, decoder = layers_of(walk, last, values[0].steps)

    def arrange(x):
        x = np.asarray(x, np.float32)
        if axes[0] == ("T",):
            return x
        whole = length or -(-len(x) // multiple) * multiple
        x = np.concatenate([x, np.zeros((whole - len(x), width), np.float32)])[None]
        return x[..., 0].astype("int32" if "int" in str(given.dtype) else "float32") if rank == 2 else x

    def call(x):
        results = model(keras.ops.convert_to_tensor(arrange(x)), training=False)
        results = list(results.values()) if isinstance(results, dict) else results
        results = results if isinstance(results, (list, tuple)) else [results]
        results = [np.asarray(keras.ops.convert_to_numpy(results[k])) for k in order]
        return np.concatenate([y.reshape(-1, value.width) for y, value in zip(results, values)], -1)

    def states(x, counts):
        return final_states(model, walk, arrange(x), counts)

    by = f"Keras {keras.__version__} ({keras.backend.backend()})"
    return Found(entries, tensors, heads, values[0].step, values[0].steps, call, states, by, [], decoder)


def final_states(model, walk, x, counts):
    """Final h and c after so many steps, from a twin of each layer that returns its state."""
    import keras

    taken_by, result = {}, {}

    def seen(layer):
        def run(*args, **kwargs):
            if hasattr(layer, "_run_through_graph") or getattr(layer, "_functional", None) is not None:
                return functional_of(layer)._run_through_graph(list(args), operation_fn=seen)
            taken_by[id(layer)] = args[0]
            return layer(*args, **kwargs)

        return run

    functional_of(model)._run_through_graph([keras.ops.convert_to_tensor(x)], operation_fn=seen)
    for name, count in counts.items():
        layer, place = walk.layers[name]
        taken = np.asarray(keras.ops.convert_to_numpy(taken_by[id(layer)]))
        config = layer.get_config() | {"return_state": True, "return_sequences": True, "name": None}
        twin = type(layer).from_config(config)
        twin.build(taken.shape)
        twin.set_weights([weight(each) for each in layer.weights])
        _, *found = twin(keras.ops.convert_to_tensor(taken[:, :count]), training=False)
        flat = [each for state in found for each in (state if isinstance(state, (list, tuple)) else [state])]
        cells = getattr(layer.cell, "cells", [layer.cell])
        kinds = [CELLS[type(cell).__name__] for cell in cells]
        first = sum(2 if kind == "lstm" else 1 for kind in kinds[:place])
        for k, letter in enumerate("hc" if kinds[place] == "lstm" else "h"):
            result[f"{name}.{letter}_l0"] = weight(flat[first + k])[0]
    return result
