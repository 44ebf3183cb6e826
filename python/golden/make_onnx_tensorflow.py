"""ONNX fixtures as tf2onnx writes Keras models: python golden/make_onnx_tensorflow.py, from the folder python/, in an
environment with tensorflow-cpu, tf2onnx and onnxruntime.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
import tf2onnx
from keras import layers

import onnx_fixtures as fixtures
from onnx_fixtures import carried, windowed

T, D = 24, 3
TOOLS = {"tensorflow": tf.__version__, "keras": keras.__version__, "tf2onnx": tf2onnx.__version__}


def make(name, stack, spec, refused=None, steps=T):
    keras.utils.set_random_seed(sum(map(ord, name)))
    model = keras.Sequential([keras.Input((steps, D), batch_size=None), *stack])
    for weights in model.weights:
        if "variance" not in weights.path:
            weights.assign(tf.random.normal(weights.shape, stddev=0.4))
        else:
            weights.assign(tf.random.uniform(weights.shape, 0.5, 2))
    function = tf.function(lambda x: model(x, training=False), input_signature=[tf.TensorSpec((None, steps, D), tf.float32, name="x")])
    tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=15, output_path=fixtures.path(name))
    if refused:
        return fixtures.describe(name, spec, refused=refused, tools=TOOLS)
    x = fixtures.frames(T, D)
    fixtures.describe(name, spec, x, fixtures.run(name, {"x": x[None]})[0][0], tools=TOOLS)


def main():
    def soft():
        return layers.Dense(4, activation="softmax")

    make("keras-lstm", [layers.LSTM(6), soft()], windowed(4))
    make("keras-lstm-every", [layers.LSTM(6, return_sequences=True), layers.LSTM(5, return_sequences=True), layers.Dense(4)], carried(4), steps=None)
    make("keras-lstm-both", [layers.Bidirectional(layers.LSTM(6)), soft()], windowed(4))
    make("keras-lstm-both-every", [layers.Bidirectional(layers.LSTM(6, return_sequences=True)), layers.Dense(4)], windowed(4))
    make("keras-conv-lstm", [layers.Conv1D(8, 5, padding="causal"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling1D(2),
                             layers.LSTM(6), layers.Dropout(0.5), soft()], windowed(4))
    make("keras-conv-same", [layers.Conv1D(8, 5, padding="same", activation="tanh"), layers.LSTM(6, return_sequences=True),
                             layers.LayerNormalization(), layers.GlobalAveragePooling1D(), layers.Dense(4)], windowed(4))
    make("keras-gru", [layers.GRU(6), soft()], windowed(4), refused="save_keras")


if __name__ == "__main__":
    main()
