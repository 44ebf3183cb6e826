"""Keras models of every kind. Part of the selftest."""

import numpy as np

import runnel_export
from exporting.selftest import WINDOW


def run(test, keras):
    layers = keras.layers
    keras.utils.set_random_seed(1)

    def stack(*parts, length=None):
        return keras.Sequential([keras.Input((length, 2)), *parts])

    def save(what, model, **more):
        return test.save("Keras: " + what, lambda: model, save=runnel_export.save_keras, **more)

    def refuses(what, word, model, **more):
        test.refuses("Keras: " + what, word, model, save=runnel_export.save_keras, **more)

    each = {"return_sequences": True}
    save("LSTM", stack(layers.LSTM(5, **each), layers.Dense(3, activation="softmax")))
    save("GRU, reset after", stack(layers.GRU(5, **each), layers.TimeDistributed(layers.Dense(3))))
    save(
        "GRU, reset before, hard_sigmoid",
        stack(layers.GRU(5, reset_after=False, recurrent_activation="hard_sigmoid", **each), layers.Dense(3)),
    )
    save("RNN of cells", stack(layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)], **each), layers.Dense(3)))
    save(
        "a stateful model",
        keras.Sequential([keras.Input(batch_shape=(4, 20, 2)), layers.LSTM(5, stateful=True, **each), layers.Dense(3)]),
        example=np.random.rand(64, 2),
    )
    save(
        "convolutions with strides, pools, norms",
        stack(
            layers.Conv1D(6, 5, padding="same", strides=3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling1D(2),
            layers.Conv1D(4, 3, dilation_rate=2, padding="causal", groups=2),
            layers.LeakyReLU(),
            layers.LayerNormalization(),
            layers.SimpleRNN(4, use_bias=False, **each),
            layers.PReLU(shared_axes=[1]),
            layers.Dense(3),
        ),
        example=np.random.rand(101, 2),
    )
    given = keras.Input((None, 2))
    x = layers.Conv1D(5, 3, padding="causal")(given)
    x = layers.Concatenate()([layers.Add()([x, layers.Activation("silu")(x)]) * 2.0, given])
    x = layers.GRU(5, **each)(x)
    model = keras.Model(
        given,
        [layers.Dense(3, activation="softmax", name="beat")(x), layers.Dense(1, activation="sigmoid", name="level")(x)],
    )
    save("a functional model with two heads", model, labels={"beat": ["a", "b", "c"], "level": ["high"]})
    save(
        "a stack for the last step",
        stack(layers.LSTM(5, **each), layers.Dropout(0.5), layers.LSTM(4), layers.Dense(3)),
        **WINDOW,
        expect=lambda d, r: d["window"]["target"] == 11,
    )
    save(
        "bidirectional",
        stack(
            layers.Bidirectional(layers.LSTM(5, **each)),
            layers.Bidirectional(layers.GRU(4), merge_mode="ave"),
            layers.Dense(3),
        ),
        **WINDOW,
    )
    save("backwards", stack(layers.LSTM(5, go_backwards=True), layers.Dense(3)), **WINDOW)
    save(
        "a flattened window",
        stack(layers.Conv1D(5, 3, padding="same", strides=2), layers.Flatten(), layers.Dense(3), length=12),
        **WINDOW,
    )
    save(
        "a repeated vector",
        stack(layers.LSTM(5), layers.RepeatVector(6), layers.GRU(4, **each), layers.Dense(3)),
        **WINDOW,
        expect=lambda d, r: d["pattern"] == "encoder-decoder",
    )
    refuses("masking", "Masking", stack(layers.Masking(), layers.LSTM(5, **each), layers.Dense(3)))
    refuses(
        "attention", "attention", keras.Model(given, layers.Dense(3)(layers.MultiHeadAttention(2, 4)(given, given)))
    )
    refuses("one step in carried", "every step", stack(layers.LSTM(5), layers.Dense(3)))
    refuses("a path", "load_model", "model.keras")
    test.refuses("a Keras model in save", "save_keras", model)
