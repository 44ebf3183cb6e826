"""Model files for the Swift tests, from Keras models: python golden/make_keras_models.py [NAME ...], from the folder
python/. Weights are seeded by the file's name; the versions of the tools stand in each file's provenance.
"""

import os
import sys
import zlib

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import Input, Model, Sequential, layers  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import destination  # noqa: E402
import runnel_export  # noqa: E402

FOLDER = destination.folder("models")
CELL_STEPS, LAYER_STEPS = 1000, 300
WANTED, MADE = set(), []


def example(name, steps, features):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t = np.arange(steps)[:, None]
    return (np.sin(t * 0.11 * (1 + np.arange(features))) + 0.3 * rng.standard_normal((steps, features))).astype(
        np.float32
    )


def make(name, model, features=2, steps=LAYER_STEPS, scale=1.5, labels=("a", "b"), x=None, **more):
    """Writes Tests/Golden/models/{name}.safetensors. model: a function without arguments."""
    if WANTED and name not in WANTED:
        return
    MADE.append(name)
    seed = zlib.crc32(name.encode())
    keras.utils.clear_session()  # so that names of layers do not count on from file to file
    keras.utils.set_random_seed(seed)
    network, rng = model(), np.random.default_rng(seed)
    for layer in network._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            shape = layer.moving_mean.shape
            layer.set_weights(
                [
                    rng.uniform(0.5, 1.5, shape),
                    rng.uniform(-0.3, 0.3, shape),
                    rng.uniform(-0.5, 0.5, shape),
                    rng.uniform(0.3, 2.0, shape),
                ]
            )
    for weight in network.trainable_weights:
        value = np.asarray(keras.ops.convert_to_numpy(weight))
        weight.assign(value * scale + (0.2 * rng.standard_normal(value.shape) if "bias" in weight.path else 0))
    tools = {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "python": sys.version.split()[0],
    }
    x = example(name, steps, features) if x is None else x
    report = runnel_export.save_keras(
        network,
        os.path.join(FOLDER, name + ".safetensors"),
        example=x,
        labels=labels if isinstance(labels, dict) else list(labels),
        golden_steps=steps,
        provenance={"made_by": "python/golden/make_keras_models.py", "tools": tools},
        **{"rate": 100.0, **more},
    )
    print(f"{name:32} {report['bytes']:6} bytes  {report['difference']:.2g}")


def stack(*parts, features=2, length=None):
    return Sequential([Input((length, features)), *parts])


def make_carried():
    def cell(name, layer, **more):
        make(name, lambda: stack(layer(), layers.Dense(2)), steps=CELL_STEPS, head_activation="linear", **more)

    cell("keras-lstm", lambda: layers.LSTM(12, return_sequences=True))
    cell("keras-lstm-hard-sigmoid", lambda: layers.LSTM(12, recurrent_activation="hard_sigmoid", return_sequences=True))
    cell("keras-lstm-softsign", lambda: layers.LSTM(10, activation="softsign", use_bias=False, return_sequences=True))
    cell("keras-gru-reset-after", lambda: layers.GRU(12, return_sequences=True))
    cell("keras-gru-reset-before", lambda: layers.GRU(12, reset_after=False, return_sequences=True))
    cell(
        "keras-gru-hard-sigmoid",
        lambda: layers.GRU(10, reset_after=False, recurrent_activation="hard_sigmoid", return_sequences=True),
    )
    cell("keras-simple-rnn", lambda: layers.SimpleRNN(12, return_sequences=True), scale=1.1)
    cell("keras-simple-rnn-relu", lambda: layers.SimpleRNN(10, activation="relu", return_sequences=True), scale=0.8)
    cell(
        "keras-rnn-of-cells",
        lambda: layers.RNN([layers.LSTMCell(8), layers.GRUCell(7), layers.SimpleRNNCell(6)], return_sequences=True),
        scale=0.8,
    )
    make(
        "keras-cnn-lstm",
        lambda: stack(
            layers.Conv1D(8, 5, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(8, 3, padding="causal", dilation_rate=2, groups=2, activation="elu"),
            layers.AveragePooling1D(2),
            layers.Dropout(0.3),
            layers.LSTM(9, return_sequences=True),
            layers.TimeDistributed(layers.Dense(3, activation="softmax")),
        ),
        steps=600,
        labels=("a", "b", "c"),
        scale=1.8,
    )
    make(
        "keras-conv-strides",
        lambda: stack(
            layers.Conv1D(6, 7, strides=3, padding="same", activation="tanh"),
            layers.SeparableConv1D(5, 3, padding="same"),
            layers.DepthwiseConv1D(3, depth_multiplier=2, padding="valid"),
            layers.Dense(2),
        ),
    )
    make(
        "keras-normalisation",
        lambda: stack(
            layers.Dense(6),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.LayerNormalization(),
            layers.PReLU(shared_axes=[1], alpha_initializer="uniform"),
            layers.Dense(2),
        ),
    )
    make("keras-activations", lambda: activations(), labels=("a", "b", "c"))
    make(
        "keras-two-heads",
        two_heads,
        labels={"beat": ["none", "N", "V"], "level": ["high"]},
        head_activation={"beat": "softmax", "level": "sigmoid"},
    )
    words = np.random.default_rng(4).integers(0, 9, (LAYER_STEPS, 1)).astype(np.float32)
    make(
        "keras-embedding",
        lambda: Sequential(
            [
                Input((None,), dtype="int32"),
                layers.Embedding(9, 6),
                layers.GRU(8, return_sequences=True),
                layers.Dense(2),
            ]
        ),
        x=words,
        scale=3.0,
    )


def activations():
    names = [
        "relu",
        "tanh",
        "sigmoid",
        "elu",
        "selu",
        "softplus",
        "softsign",
        "silu",
        "gelu",
        "hard_sigmoid",
        "hard_tanh",
        "relu6",
        "leaky_relu",
        "exponential",
        "softmax",
        "mish",
        "hard_silu",
    ]
    given = Input((None, 2))
    spread = layers.Dense(5)(given)
    return Model(given, layers.Dense(3)(layers.Concatenate()([layers.Activation(name)(spread) for name in names])))


def two_heads():
    """A residual block of causal convolutions, its input beside it, a GRU, two heads."""
    given = Input((None, 2))
    x = layers.Conv1D(6, 3, padding="causal", activation="relu")(given)
    y = layers.Conv1D(6, 3, padding="causal", dilation_rate=2)(x)
    x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.GRU(8, return_sequences=True)(layers.Concatenate()([x, given]))
    beat = layers.Dense(3, activation="softmax", name="beat")(x)
    return Model(given, [beat, layers.Dense(1, activation="sigmoid", name="level")(x)])


def make_windowed():
    def window(name, model, length=24, count=12, features=2, **more):
        x = example(name, length * count, features).reshape(count, length, features)
        make(name, model, x=x, steps=length * count, regime="windowed", hop=length // 2, **more)

    window(
        "keras-window-lstm-stack",
        lambda: stack(layers.LSTM(8, return_sequences=True), layers.LSTM(7), layers.Dense(2), length=24),
    )
    window(
        "keras-window-bidirectional",
        lambda: stack(
            layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
            layers.Bidirectional(layers.GRU(5)),
            layers.Dense(2),
        ),
    )
    window(
        "keras-window-bidirectional-sum",
        lambda: stack(
            layers.Bidirectional(layers.GRU(6, reset_after=False, return_sequences=True), merge_mode="sum"),
            layers.Dense(2),
        ),
    )
    window(
        "keras-window-backwards",
        lambda: stack(layers.LSTM(8, go_backwards=True), layers.Dense(1, activation="sigmoid")),
        labels=("high",),
    )
    window(
        "keras-window-cnn",
        lambda: stack(
            layers.Conv1D(6, 5, strides=2, padding="same", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(10, activation="relu"),
            layers.Dense(3, activation="softmax"),
            length=32,
        ),
        length=32,
        count=10,
        labels=("a", "b", "c"),
    )
    window(
        "keras-window-global",
        lambda: stack(layers.Conv1D(6, 3), layers.GlobalMaxPooling1D(), layers.Dense(2)),
        length=20,
    )
    window(
        "keras-decoder-repeat",
        lambda: stack(
            layers.LSTM(8),
            layers.RepeatVector(6),
            layers.GRU(7, return_sequences=True),
            layers.TimeDistributed(layers.Dense(3)),
            length=16,
        ),
        length=16,
        labels=("a", "b", "c"),
    )


def main():
    WANTED.update(sys.argv[1:])
    make_carried()
    make_windowed()
    missing = WANTED - set(MADE)
    if missing:
        raise SystemExit(f"no file is named {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
