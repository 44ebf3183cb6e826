"""Random networks of Keras 3, drawn by a seed. Recurrent weights are scaled down, as in `networks`."""

import keras
import numpy as np
from keras import layers

ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "selu", "softplus", "softsign", "silu", "gelu", "hard_sigmoid", "relu6",
               "leaky_relu", "hard_silu", "mish", "exponential"]


def activation(rng):
    return str(rng.choice(ACTIVATIONS[:-1]))


def recurrent(rng, windowed, every=True):
    """A recurrent layer, both ways where windows allow it."""
    units, kind = int(rng.integers(3, 16)), rng.integers(4)
    common = {"return_sequences": every, "use_bias": bool(rng.random() < 0.8)}
    gates = {"recurrent_activation": "hard_sigmoid"} if rng.random() < 0.25 else {}
    inner = {"activation": str(rng.choice(["softsign", "relu", "elu"]))} if rng.random() < 0.25 else {}
    if kind == 0:
        layer = layers.SimpleRNN(units, **common, **inner)
    elif kind == 1:
        layer = layers.GRU(units, reset_after=bool(rng.random() < 0.5), **common, **gates, **inner)
    elif kind == 2:
        layer = layers.LSTM(units, **common, **gates, **inner)
    else:
        cells = [layers.LSTMCell(units), layers.GRUCell(units, reset_after=bool(rng.random() < 0.5))]
        layer = layers.RNN(cells[: int(rng.integers(1, 3))], return_sequences=every)
    if windowed and kind < 3 and rng.random() < 0.5:
        return layers.Bidirectional(layer, merge_mode=str(rng.choice(["concat", "sum", "ave", "mul"])))
    return layer


def convolution(rng, width):
    kind = rng.integers(4)
    padding = str(rng.choice(["causal", "causal", "same", "valid"]))
    stride = int(rng.choice([1, 1, 1, 2, 3]))
    dilation = int(rng.integers(1, 3)) if stride == 1 else 1
    kernel, act = int(rng.integers(1, 6)), activation(rng) if rng.random() < 0.6 else None
    if kind == 2 and padding != "causal":
        return layers.DepthwiseConv1D(kernel, strides=stride, padding=padding, depth_multiplier=int(rng.integers(1, 3)),
                                      activation=act)
    if kind == 3:
        return layers.SeparableConv1D(int(rng.integers(2, 8)), kernel, strides=stride, padding=padding, activation=act)
    groups = int(rng.choice([each for each in (1, 2) if width % each == 0]))
    return layers.Conv1D(groups * int(rng.integers(1, 5)), kernel, strides=stride, padding=padding, groups=groups,
                         dilation_rate=dilation, activation=act, use_bias=bool(rng.random() < 0.8))


def block(rng, x, windowed):
    """One more layer, or a branch and what went around it."""
    width = int(x.shape[-1])
    kind = rng.choice(["recurrent", "recurrent", "conv", "conv", "norm", "dense", "pool", "prelu", "add", "concat", "gate"])
    if kind == "recurrent":
        return recurrent(rng, windowed)(x)
    if kind == "conv":
        return convolution(rng, width)(x)
    if kind == "norm":
        return (layers.LayerNormalization() if rng.random() < 0.5 else layers.BatchNormalization())(x)
    if kind == "pool":
        pool = layers.MaxPooling1D if rng.random() < 0.5 else layers.AveragePooling1D
        # An average with padding="same" leaves the padding out of its mean, which no layer here does.
        same = pool is layers.MaxPooling1D and rng.random() < 0.4
        return pool(int(rng.integers(1, 4)), strides=int(rng.integers(1, 4)), padding="same" if same else "valid")(x)
    if kind == "prelu":
        return layers.PReLU(shared_axes=[1], alpha_initializer="uniform")(x)
    if kind == "dense":
        dense = layers.Dense(int(rng.integers(2, 17)), activation=activation(rng), use_bias=bool(rng.random() < 0.8))
        return layers.TimeDistributed(dense)(x) if rng.random() < 0.3 else dense(x)
    if kind == "concat":
        return layers.Concatenate()([x, layers.Dense(int(rng.integers(2, 9)), activation=activation(rng))(x)])
    y = layers.Dense(width, activation="sigmoid" if kind == "gate" else activation(rng))(x)
    join = {"gate": layers.Multiply, "add": [layers.Add, layers.Subtract, layers.Average][rng.integers(3)]}[str(kind)]
    return join()([x, y])


def summary(rng, x, windowed):
    """One vector of a window."""
    kind = rng.integers(5)
    if kind == 0:
        return layers.GlobalAveragePooling1D()(x)
    if kind == 1:
        return layers.GlobalMaxPooling1D()(x)
    if kind == 2:
        return layers.Flatten()(x)
    return recurrent(rng, windowed, every=False)(x)


def settle(model, rng):
    """Weights as after training: norms that have seen something, biases that are not zero, a state that forgets."""
    for weight in model.weights:
        value = keras.ops.convert_to_numpy(weight)
        if "seed" in weight.path:
            continue
        if "recurrent_kernel" in weight.path:
            units = value.shape[0]
            parts = np.split(value, value.shape[1] // units, 1)
            value = np.concatenate([part * 0.5 / max(0.5, np.linalg.norm(part, 2)) for part in parts], 1)
        elif "moving_variance" in weight.path:
            value = rng.uniform(0.5, 2, value.shape)
        elif value.ndim == 1 or "bias" in weight.path:
            value = value + 0.1 * rng.standard_normal(value.shape)
        weight.assign(value)


def draw(seed, steps=200, window=24, count=6):
    """(model, frames (T, D) or windows (W, T, D), labels, how it is run)."""
    rng = np.random.default_rng(seed)
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    windowed, features = bool(rng.random() < 0.4), int(rng.integers(1, 4))
    shape = (count, window, features) if windowed else (steps, features)
    if rng.random() < 0.12:
        frames = rng.integers(0, 9, (*shape[:-1], 1)).astype(np.float32)
        given = keras.Input((window if windowed else None,), dtype="int32")
        x = layers.Embedding(9, int(rng.integers(2, 7)))(given)
    else:
        frames = rng.normal(size=shape).astype(np.float32)
        x = given = keras.Input((window if windowed else None, features))
    for _ in range(int(rng.integers(1, 5))):
        x = block(rng, x, windowed)
    decodes = False
    if windowed and rng.random() < 0.8:
        x = summary(rng, recurrent(rng, windowed)(x), windowed)
        decodes = rng.random() < 0.2
        if decodes:
            x = recurrent(rng, False)(layers.RepeatVector(int(rng.integers(2, 9)))(x))
    else:
        x = recurrent(rng, windowed)(x)
    x = layers.Dropout(0.3)(x)
    ending = [None, None, "softmax", "sigmoid"][rng.integers(4)]
    heads = {f"head{k}": int(rng.integers(2, 5)) for k in range(2 if rng.random() < 0.2 and not decodes else 1)}
    outputs = [layers.Dense(count, activation=ending, name=name)(x) for name, count in heads.items()]
    model = keras.Model(given, outputs if len(outputs) > 1 else outputs[0])
    settle(model, rng)
    labels = {name: [f"k{k}" for k in range(count)] for name, count in heads.items()}
    regime = {"regime": "windowed", "window": window, "hop": 8} if windowed else {"regime": "carried"}
    return model, frames, labels if len(labels) > 1 else labels["head0"], regime, ending


def scores(model, frames):
    """What the model says of frames (T, D) or windows (W, T, D)."""
    windows = frames if frames.ndim == 3 else frames[None]
    y = model(windows[..., 0] if len(model.input_shape) == 2 else windows, training=False)
    y = np.concatenate([keras.ops.convert_to_numpy(each) for each in (y if isinstance(y, (list, tuple)) else [y])], -1)
    return y if frames.ndim == 3 else y[0]


def words(model):
    """The layers in a line."""
    named = []
    for layer in model._flatten_layers(include_self=False, recursive=False):
        if isinstance(layer, (layers.InputLayer, layers.Dropout)):
            continue
        inner = getattr(layer, "layer", None)
        named.append(type(layer).__name__ + (f" of {type(inner).__name__}" if inner is not None else ""))
    return ", ".join(named)
