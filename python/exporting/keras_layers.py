"""Finds the layers of a Keras 3 model, Sequential or functional, by walking its graph with values in place of tensors.

Layouts and equations: docs/cells.md §3. Kernels are [in, out]; an LSTM's gates are i f c o as in PyTorch; a GRU's z r h
become r z n. Keras is not imported before a model is given, and any backend will do.
"""

import json

import numpy as np

from exporting import operations
from exporting.found import Found, layers_of, strip
from exporting.graph import ExportError, Graph
from exporting.values import Cannot, Unknown, Value, layer_on

SAME = (
    "Dropout",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
    "InputLayer",
)
CELLS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn", "LSTMCell": "lstm", "GRUCell": "gru", "SimpleRNNCell": "rnn"}
# Keras' names of activations, as (kind, alpha, beta)
NAMED = {
    "linear": ("none",),
    "relu": ("relu",),
    "tanh": ("tanh",),
    "sigmoid": ("sigmoid",),
    "elu": ("elu", 1.0),
    "selu": ("selu",),
    "softplus": ("softplus",),
    "softsign": ("softsign",),
    "silu": ("silu",),
    "swish": ("silu",),
    "gelu": ("gelu",),
    "hard_sigmoid": ("hard_sigmoid", 1 / 6, 0.5),
    "hard_tanh": ("clip", -1.0, 1.0),
    "relu6": ("clip", 0.0, 6.0),
    "leaky_relu": ("leaky_relu", 0.2),
    "exponential": ("exp",),
}
COMPOSED = {
    "mish": operations.mish,
    "hard_silu": operations.hardswish,
    "hard_swish": operations.hardswish,
    "tanh_shrink": operations.tanhshrink,
}
REMEDIES = {
    "Masking": "masked steps are not supported: give every step, or cut the windows to one length",
    "MultiHeadAttention": "attention looks at every step at once and is not supported",
    "Attention": "attention looks at every step at once and is not supported",
    "AdditiveAttention": "attention looks at every step at once and is not supported",
    "GroupQueryAttention": "attention looks at every step at once and is not supported",
    "Conv1DTranspose": "it makes more steps than came in; not supported",
    "UpSampling1D": "it makes more steps than came in; not supported",
    "GroupNormalization": "it takes statistics over time; use LayerNormalization over the features or BatchNormalization",
    "UnitNormalization": "is not supported; use LayerNormalization",
    "Lambda": "runs Python that cannot be seen; use layers",
    "Permute": "turns time and features round, which is not supported",
    "ConvLSTM1D": "is not supported; use Conv1D and LSTM",
    "Conv2D": "is not supported; use Conv1D over time with the other axis as features",
    "Bidirectional": "is not supported in this form; both directions must be LSTM, GRU or SimpleRNN of one configuration",
}


def prepared(model):
    """The model, stateless, or what to do with what is none."""
    import keras

    if isinstance(model, (str, bytes)):
        raise ExportError(f"'{model}' is a path: model = keras.models.load_model(path), and save that")
    if not isinstance(model, keras.Model):
        raise ExportError(
            f"{type(model).__module__}.{type(model).__name__} is no model of Keras {keras.__version__}"
            + (
                "; load a Keras 2 model with Keras 3 (keras.models.load_model of its .keras or .h5 file)"
                if "keras" in type(model).__module__
                else ""
            )
        )
    functional = getattr(model, "_functional", None) or model
    if not hasattr(functional, "_run_through_graph"):
        raise ExportError(
            f"{type(model).__name__} is a subclass whose call() cannot be seen: build the model with "
            "keras.Sequential or the functional API"
            if model.built or not hasattr(model, "_functional")
            else "the model is not built yet: give it an Input layer, or call it once"
        )
    if len(functional.inputs) != 1:
        raise ExportError(f"the model takes {len(functional.inputs)} inputs; concatenate them into one")
    for path, value in ((weight.path, weight) for weight in model.weights):
        if not np.isfinite(keras.ops.convert_to_numpy(value)).all():
            raise ExportError(f"weight '{path}' holds NaN or infinity: the training diverged")
    return stateless(model)


def stateless(model):
    """A copy with stateful=False and a batch of any size, where a layer carries its state from call to call."""
    text = json.dumps(model.get_config(), default=str)
    return free(model) if '"stateful": true' in text else model


def free(model):
    """A copy that keeps no state between calls and takes any number of examples and steps."""
    import keras

    def cleared(x):
        if isinstance(x, dict):
            x = {key: cleared(value) for key, value in x.items()}
            if x.get("stateful") is True:
                x["stateful"] = False
            for key in ("batch_shape", "batch_input_shape"):
                if isinstance(x.get(key), (list, tuple)) and len(x[key]) == 3:
                    x[key] = [None, None, x[key][2]]
            return x
        return [cleared(each) for each in x] if isinstance(x, (list, tuple)) else x

    copy = type(model).from_config(cleared(model.get_config()))
    if not copy.built:
        copy.build([None, None, model.inputs[0].shape[-1]])
    copy.set_weights([keras.ops.convert_to_numpy(weight) for weight in model.weights])
    return copy


def functional_of(model):
    return getattr(model, "_functional", None) or model


def first_width(model):
    functional = functional_of(model)
    given = functional.inputs[0]
    return None if len(given.shape) == 2 and whole_numbers(functional) else given.shape[-1]


class Walk:
    """The graph under construction; what operations ask of a trace."""

    def __init__(self, width):
        self.graph, self.recurrent, self.finals, self.layers = Graph(width), {}, {}, {}
        self.layer, self.total_stride = None, 1
        self.encoder = self.context = None

    def cannot(self, what, reason):
        return Cannot(f"layer '{self.layer.name}' ({type(self.layer).__name__}): {reason}")

    def named(self, what):
        return self.layer.name

    def add(self, kind, name, value, width, tensors=None, /, steps=None, **keys):
        changed = layer_on(self, kind, name, value, width, tensors, steps, keys)
        return changed.but(axes=changed.axes[:-1] + (("F",) if width > 1 else (),)) if value.axes else changed

    def call(self, layer):
        """What `layer` does to values."""

        def run(*args, **kwargs):
            outer, self.layer = self.layer, layer
            try:
                kwargs = {key: value for key, value in kwargs.items() if key not in ("training", "mask")}
                for value in values_in([args, kwargs]):
                    if isinstance(value, Unknown):
                        return value
                try:
                    return described(self, layer, *args, **kwargs)
                except (Cannot, ExportError) as reason:
                    return Unknown(str(reason))
            finally:
                self.layer = outer

        return run


def values_in(thing):
    if isinstance(thing, (Value, Unknown)):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for each in thing:
            yield from values_in(each)
    elif isinstance(thing, dict):
        yield from values_in(list(thing.values()))


def described(w, layer, *args, **kwargs):
    kind = type(layer).__name__
    if hasattr(layer, "_run_through_graph") or getattr(layer, "_functional", None) is not None:
        inner = functional_of(layer)
        return inner._run_through_graph(list(values_in(args)), operation_fn=w.call)
    if kind in SAME:
        return args[0]
    if kind in REMEDIES and kind != "Bidirectional":
        raise w.cannot(kind, REMEDIES[kind])
    own = LAYERS.get(kind)
    if own is None or type(layer).__module__.split(".")[0] != "keras":
        raise w.cannot(
            kind, f"is not supported; supported: {', '.join(sorted(name for name in LAYERS if name[0].isupper()))}"
        )
    return own(w, layer, *args, **kwargs)


LAYERS = {}


def layer(*names):
    def register(function):
        for name in names:
            LAYERS[name] = function
        return function

    return register


def number(value):
    return int(value[0]) if isinstance(value, (tuple, list)) else int(value)


def weight(value):
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value), dtype=np.float32)


def activation_of(w, function):
    """An activation function of Keras as the value of a description."""
    import keras

    name = keras.activations.serialize(function)
    name = name if isinstance(name, str) else getattr(function, "__name__", str(name))
    if name not in NAMED:
        raise w.cannot("activation", f"activation '{name}' is not supported here")
    kind, *numbers = NAMED[name]
    return kind if not numbers else dict(zip(("kind", "alpha", "beta"), (kind, *numbers)))


def activate(w, x, function):
    import keras

    name = keras.activations.serialize(function)
    name = name if isinstance(name, str) else getattr(function, "__name__", str(name))
    if name == "linear":
        return x
    if name in ("softmax", "log_softmax"):
        return FEATURE_WISE[name](w, x)
    if name in COMPOSED:
        return COMPOSED[name](w, x)
    value = activation_of(w, function)
    value = value if isinstance(value, dict) else {"kind": value}
    return operations.activate(w, x, value["kind"], value.get("alpha"), value.get("beta"))


FEATURE_WISE = {
    "softmax": lambda w, x: operations.softmax(w, x, -1),
    "log_softmax": lambda w, x: operations.log_softmax(w, x, -1),
}


def channels_last(w, layer):
    if getattr(layer, "data_format", "channels_last") == "channels_first":
        raise w.cannot("layout", "data_format='channels_first' is not supported; use channels_last")


def last_axis(w, x, axis):
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if len(axes) != 1 or axes[0] not in (-1, len(x.axes) - 1):
        raise w.cannot("axis", f"axis={axis} is not the features alone; use axis=-1")


# --- layers of one step


@layer("Dense")
def dense(w, layer, x):
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, operations.linear(w, x, weight(layer.kernel).T, bias), layer.activation)


@layer("TimeDistributed")
def time_distributed(w, layer, x):
    inner = layer.layer
    if type(inner).__name__ not in (
        "Dense",
        "Activation",
        "BatchNormalization",
        "LayerNormalization",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "Softmax",
        *SAME,
    ):
        raise w.cannot("TimeDistributed", f"of {type(inner).__name__} is not supported")
    w.layer = inner if inner.name != layer.name else layer
    return described(w, inner, x)


@layer("Activation")
def activation(w, layer, x):
    return activate(w, x, layer.activation)


@layer("ReLU")
def relu(w, layer, x):
    slope, limit, threshold = layer.negative_slope, layer.max_value, layer.threshold
    if threshold:
        if slope or limit is not None:
            raise w.cannot("ReLU", "a threshold together with a slope or a limit is not supported")
        return operations.activate(w, x, "thresholded_relu", threshold)
    if slope and limit is not None:
        raise w.cannot("ReLU", "a slope together with a limit is not supported")
    if slope:
        return operations.activate(w, x, "leaky_relu", slope)
    return operations.activate(w, x, "relu") if limit is None else operations.activate(w, x, "clip", 0, limit)


@layer("LeakyReLU")
def leaky_relu(w, layer, x):
    return operations.activate(w, x, "leaky_relu", layer.negative_slope)


@layer("ELU")
def elu(w, layer, x):
    return operations.activate(w, x, "elu", layer.alpha)


@layer("PReLU")
def prelu(w, layer, x):
    alpha = weight(layer.alpha)
    if any(size > 1 for size in alpha.shape[:-1]):
        raise w.cannot("PReLU", "has a slope for each step; say shared_axes=[1]")
    return w.add("prelu", w.named("prelu"), x, x.width, {"weight": alpha.reshape(-1)}, input=x.width)


@layer("Softmax")
def softmax(w, layer, x):
    last_axis(w, x, layer.axis)
    return operations.softmax(w, x, -1)


@layer("BatchNormalization")
def batch_normalization(w, layer, x):
    last_axis(w, x, layer.axis)
    tensors = {
        "running_mean": weight(layer.moving_mean),
        "running_var": weight(layer.moving_variance),
        "weight": weight(layer.gamma) if layer.scale else np.ones(x.width),
        "bias": weight(layer.beta) if layer.center else np.zeros(x.width),
    }
    return w.add("batchnorm", w.named("batchnorm"), x, x.width, tensors, input=x.width, epsilon=float(layer.epsilon))


@layer("LayerNormalization")
def layer_normalization(w, layer, x):
    last_axis(w, x, layer.axis)
    if getattr(layer, "rms_scaling", False):
        raise w.cannot("LayerNormalization", "rms_scaling=True is not supported")
    tensors = {
        "weight": weight(layer.gamma) if layer.scale else np.ones(x.width),
        "bias": weight(layer.beta) if layer.center else np.zeros(x.width),
    }
    return w.add("layernorm", w.named("layernorm"), x, x.width, tensors, input=x.width, epsilon=float(layer.epsilon))


@layer("Rescaling")
def rescaling(w, layer, x):
    factor, offset = (operations.by_feature(w, x, value, "Rescaling") for value in (layer.scale, layer.offset))
    return operations.affine(w, x, factor, offset, "scale")


@layer("Normalization")
def normalization(w, layer, x):
    mean, variance = weight(layer.mean).reshape(-1), weight(layer.variance).reshape(-1)
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    return operations.affine(
        w,
        x,
        operations.by_feature(w, x, 1 / deviation, "scale"),
        operations.by_feature(w, x, -mean / deviation, "offset"),
        "scale",
    )


@layer("Embedding")
def embedding(w, layer, x):
    if layer.mask_zero:
        raise w.cannot("Embedding", "mask_zero=True masks steps, which is not supported; say mask_zero=False")
    return operations.embedding(w, x, weight(layer.embeddings))


# --- layers over time


def padding(w, x, layer, kernel, stride, dilation):
    """[left, right] as Keras pads: 'same' keeps ceil(T / stride) steps, for a T that is a multiple of the stride."""
    past = (kernel - 1) * dilation
    if layer.padding == "causal":
        return [past, 0]
    if layer.padding == "valid":
        return [0, 0]
    total = max(0, past + 1 - (stride if x.steps % stride == 0 else x.steps % stride))
    return [total // 2, total - total // 2]


def convolved(w, layer, x, taps, bias, groups, name):
    """taps: (out, in / groups, kernel)."""
    channels_last(w, layer)
    kernel, stride, dilation = taps.shape[2], number(layer.strides), number(layer.dilation_rate)
    left, right = padding(w, x, layer, kernel, stride, dilation)
    if x.axes[-2:-1] != (("T",),):
        raise w.cannot(name, "runs over another axis than time")
    if (x.pad[0] or x.pad[1]) and x.pad[2] != 0:
        raise w.cannot(name, "padding other than zeros is not supported")
    left, right = left + x.pad[0], right + x.pad[1]
    keys = {"input": x.width, "output": taps.shape[0], "kernel": kernel}
    keys |= {"stride": stride} if stride != 1 else {}
    keys |= {"dilation": dilation} if dilation != 1 else {}
    keys |= {"groups": groups} if groups != 1 else {}
    keys |= {"padding": [left, right]} | ({"bias": False} if bias is None else {})
    tensors = {"weight": taps} | ({} if bias is None else {"bias": bias})
    steps = (x.steps + left + right - (kernel - 1) * dilation - 1) // stride + 1
    w.total_stride *= stride
    return w.add("conv1d", layer.name, x.but(pad=(0, 0, 0.0)), taps.shape[0], tensors, steps=steps, **keys)


@layer("Conv1D")
def conv(w, layer, x):
    taps = weight(layer.kernel).transpose(2, 1, 0)
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, convolved(w, layer, x, taps, bias, layer.groups, "Conv1D"), layer.activation)


@layer("DepthwiseConv1D")
def depthwise(w, layer, x):
    kernel = weight(layer.kernel)  # [kernel, in, multiplier]
    taps = kernel.transpose(1, 2, 0).reshape(-1, 1, kernel.shape[0])
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, convolved(w, layer, x, taps, bias, kernel.shape[1], "DepthwiseConv1D"), layer.activation)


@layer("SeparableConv1D")
def separable(w, layer, x):
    kernel = weight(layer.depthwise_kernel)
    taps = kernel.transpose(1, 2, 0).reshape(-1, 1, kernel.shape[0])
    y = convolved(w, layer, x, taps, None, kernel.shape[1], "SeparableConv1D")
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, operations.linear(w, y, weight(layer.pointwise_kernel)[0].T, bias), layer.activation)


@layer("MaxPooling1D", "AveragePooling1D")
def pooling(w, layer, x):
    channels_last(w, layer)
    kind = "maxpool" if type(layer).__name__ == "MaxPooling1D" else "avgpool"
    kernel, stride = number(layer.pool_size), number(layer.strides)
    left, right = padding(w, x, layer, kernel, stride, 1)
    if kind == "avgpool" and left + right:
        raise w.cannot(
            kind, "padding='same' leaves the padding out of the mean, which is not supported; use padding='valid'"
        )
    if x.pad[0] or x.pad[1]:
        raise w.cannot(kind, "ZeroPadding1D before a pool is not supported")
    steps = (x.steps + left + right - kernel) // stride + 1
    w.total_stride *= stride
    return w.add(
        kind, layer.name, x, x.width, steps=steps, input=x.width, kernel=kernel, stride=stride, padding=[left, right]
    )


@layer("GlobalAveragePooling1D", "GlobalMaxPooling1D")
def global_pooling(w, layer, x):
    channels_last(w, layer)
    of = "mean" if "Average" in type(layer).__name__ else "max"
    return operations.over_all(w, x, 1, layer.keepdims, of)


@layer("ZeroPadding1D")
def zero_padding(w, layer, x):
    left, right = layer.padding
    return x.but(pad=(x.pad[0] + left, x.pad[1] + right, 0.0))


@layer("Cropping1D")
def cropping(w, layer, x):
    return operations.cropped(w, x, *layer.cropping)


@layer("Flatten")
def flatten(w, layer, x):
    letters = tuple(letter for axis in x.axes for letter in axis)
    return x.but(axes=((), letters))


@layer("Reshape")
def reshape(w, layer, x):
    shape = [size for size in layer.target_shape]
    sizes = [x.size(axis) for axis in x.axes[1:]]
    total = int(np.prod(sizes))
    if -1 in shape:
        shape[shape.index(-1)] = total // -int(np.prod(shape))
    w.result_shape = (1, *shape)
    return operations.reshape(w, x)


@layer("RepeatVector")
def repeat_vector(w, layer, x):
    x = x if x.step is not None else x.but(step=x.steps - 1) if x.axes[0] == ("T",) and x.steps == 1 else x
    if x.step is None:
        raise w.cannot("RepeatVector", "repeats what is no single step")
    return operations.context(w, x, layer.n, ((), ("T",), ("F",) if x.width > 1 else ()))


# --- joins, as layers and as operations of the graph


def operands(args):
    return list(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple)) else list(args)


@layer("Add", "Multiply", "Subtract", "Average", "TrueDivide", "Divide")
def join(w, layer, *args):
    kind = type(layer).__name__
    function = {
        "Add": operations.add,
        "Average": operations.add,
        "Multiply": operations.mul,
        "Subtract": operations.sub,
        "TrueDivide": operations.div,
        "Divide": operations.div,
    }[kind]
    parts = [value if isinstance(value, Value) else weight(value) for value in operands(args)]
    result = parts[0]
    for each in parts[1:]:
        result = function(w, result, each)
    return operations.scale(w, result, 1 / len(parts), 0.0) if kind == "Average" else result


@layer("Concatenate")
def concatenate(w, layer, *args):
    parts = operands(args)
    w.result_shape = (1,) * len(parts[0].axes)
    return operations.cat(w, parts, layer.axis)


@layer("GetItem")
def get_item(w, layer, x, key):
    return operations.getitem(w, x, key)


@layer("Relu", "Tanh", "Sigmoid", "Silu", "Softplus", "Softsign", "Exp", "Selu")
def function(w, layer, x):
    return operations.activate(w, x, type(layer).__name__.lower())


# --- recurrent layers


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


# --- the whole


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


def whole_numbers(functional):
    return "int" in str(functional.inputs[0].dtype) or any(
        type(operation).__name__ == "Embedding" for operation in functional.operations[:2]
    )


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
