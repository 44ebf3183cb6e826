"""Fixtures in RTNeural's JSON, in the state_dict JSON used with it, and as bare safetensors of PyTorch and Keras, with
the outputs of the network that they came from: python golden/make_rtneural.py, from the folder python/.

The writer follows the layout of RTNeural's own (docs/cells.md §8): kernels [in][out], gates i f c o and z r h, two
bias rows of a GRU. NAME.rtneural or NAME.safetensors is the file; NAME.json holds spec, input and golden output, as beside the
ONNX fixtures.
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from keras import layers
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F

import destination
import onnx_fixtures as fixtures

FOLDER = destination.folder("rtneural")
T, D = 24, 3
TOOLS = {"torch": torch.__version__, "keras": keras.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}


def path(name, suffix):
    return os.path.join(FOLDER, name + suffix)


def describe(name, spec, x, y, by):
    record = {"spec": spec, "golden_by": by, "input": fixtures.array(x), "output": fixtures.array(y), "tools": TOOLS}
    with open(path(name, ".json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))
        file.write("\n")
    print(name)


def lists(x):
    return np.asarray(x, np.float32).astype(float).round(9).tolist()


# --- RTNeural from Keras: its weights have the layout already


def layer(part, width):
    weights = part.get_weights()
    kind = type(part).__name__
    activation = getattr(getattr(part, "activation", None), "__name__", "")
    record = {"type": {"Dense": "dense", "LSTM": "lstm", "GRU": "gru", "Conv1D": "conv1d", "BatchNormalization": "batchnorm",
                       "PReLU": "prelu", "Activation": "activation"}[kind],
              "activation": "" if activation == "linear" else activation, "shape": [None, None, width], "weights": [lists(w) for w in weights]}
    if kind == "Conv1D":
        record.update(kernel_size=list(part.kernel_size), dilation=list(part.dilation_rate), groups=part.groups)
    if kind == "BatchNormalization":
        record.update(epsilon=part.epsilon)
    if kind == "PReLU":
        record["weights"] = [lists(weights[0].reshape(1, -1))]
    return record


def rtneural(name, stack, spec):
    keras.utils.set_random_seed(sum(map(ord, name)))
    model = keras.Sequential([keras.Input((T, D)), *stack])
    random = np.random.default_rng(4)
    for weight in model.weights:
        noise = random.standard_normal(weight.shape) * 0.5
        weight.assign(np.abs(noise) + 0.5 if "variance" in weight.path else noise)
    # Through the JSON and back, so that golden and file have the same numbers.
    record = {"in_shape": [None, None, D], "layers": [layer(part, part.output.shape[-1]) for part in model.layers]}
    with open(path(name, ".rtneural"), "w") as file:
        json.dump(record, file)
    x = fixtures.frames(T, D)
    describe(name, spec, x, keras.ops.convert_to_numpy(model(x[None], training=False))[0], f"Keras {keras.__version__}")
    return model, x


# --- a state_dict as JSON


class Amplifier(nn.Module):
    def __init__(self, unit, inputs, skip):
        super().__init__()
        self.rec, self.lin, self.skip = unit(inputs, 6, batch_first=True), nn.Linear(6, 1), skip

    def forward(self, x):
        y = self.lin(self.rec(x)[0])
        return y + x[..., : self.skip] if self.skip else y


def amplifier(name, unit, inputs, skip):
    torch.manual_seed(8)
    module = Amplifier(unit, inputs, skip).eval()
    record = {"model_data": {"model": "SimpleRNN", "input_size": inputs, "output_size": 1, "unit_type": unit.__name__, "num_layers": 1,
                             "hidden_size": 6, "skip": skip},
              "state_dict": {key: value.tolist() for key, value in module.state_dict().items()}}
    with open(path(name, ".rtneural"), "w") as file:
        json.dump(record, file)
    x = fixtures.frames(T, inputs)
    with torch.no_grad():
        y = module(torch.from_numpy(x)[None])[0].numpy()
    describe(name, {"rate": 44100, "labels": ["out"]}, x, y, f"PyTorch {torch.__version__}")


# --- bare safetensors


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv1d(D, 8, 5), nn.BatchNorm1d(8)
        self.encoder = nn.ModuleDict({"rnn": nn.LSTM(8, 6, num_layers=2, batch_first=True, bidirectional=True)})
        self.cell, self.ln, self.head = nn.GRUCell(12, 5), nn.LayerNorm(5), nn.Linear(5, 4)

    def forward(self, x):
        y = torch.relu(self.norm(self.conv(F.pad(x.transpose(1, 2), (4, 0)))))
        y = self.encoder["rnn"](y.transpose(1, 2))[0]
        h = torch.zeros(x.shape[0], 5)
        for t in range(y.shape[1]):
            h = self.cell(y[:, t], h)
        return self.head(self.ln(h))


def bare():
    torch.manual_seed(9)
    module = Wrapped().eval()
    with torch.no_grad():
        module.norm.running_mean.uniform_(-1, 1)
        module.norm.running_var.uniform_(0.5, 2)
    state = {"module._orig_mod." + key: value.numpy() for key, value in module.state_dict().items()}
    save_file(state, path("bare-pytorch", ".safetensors"))
    os.chmod(path("bare-pytorch", ".safetensors"), 0o644)
    spec = {"rate": 100, "regime": "windowed", "window": {"length": T}, "pattern": "many-to-one", "labels": ["a", "b", "c", "d"], "layers": [
        {"kind": "conv1d", "name": "conv", "input": D, "output": 8, "kernel": 5},
        {"kind": "batchnorm", "name": "norm", "input": 8},
        {"kind": "activation", "name": "relu", "input": 8, "activation": "relu"},
        {"kind": "lstm", "name": "encoder.rnn", "input": 8, "hidden": 6, "layers": 2, "direction": "bidirectional"},
        {"kind": "gru", "name": "gru", "tensors": "cell", "input": 12, "hidden": 5},
        {"kind": "layernorm", "name": "ln", "input": 5},
        {"kind": "linear", "name": "head", "input": 5, "output": 4}]}
    x = fixtures.frames(T, D)
    with torch.no_grad():
        y = module(torch.from_numpy(x)[None])[0].numpy()
    describe("bare-pytorch", spec, x, y, f"PyTorch {torch.__version__}")


def bare_keras():
    keras.utils.set_random_seed(10)
    model = keras.Sequential([
        keras.Input((T, D)), layers.Conv1D(8, 5, padding="causal", name="conv"), layers.BatchNormalization(name="norm"),
        layers.Bidirectional(layers.LSTM(6, return_sequences=True), name="both"), layers.GRU(5, return_sequences=True, name="after"),
        layers.GRU(5, return_sequences=True, reset_after=False, name="before"), layers.SimpleRNN(4, return_sequences=True, name="plain"),
        layers.LayerNormalization(name="ln"), layers.Dense(4, name="head")])
    random = np.random.default_rng(4)
    for weight in model.weights:
        noise = random.standard_normal(weight.shape) * 0.5
        weight.assign(np.abs(noise) + 0.5 if "variance" in weight.path else noise)
    tensors = {w.path: np.ascontiguousarray(keras.ops.convert_to_numpy(w)) for w in model.weights if "seed" not in w.path}
    save_file(tensors, path("bare-keras", ".safetensors"))
    os.chmod(path("bare-keras", ".safetensors"), 0o644)
    spec = {"rate": 100, "regime": "windowed", "window": {"length": T}, "pattern": "many-to-many", "labels": ["a", "b", "c", "d"],
            "layout": "keras", "layers": [
                {"kind": "conv1d", "name": "conv", "input": D, "output": 8, "kernel": 5},
                {"kind": "batchnorm", "name": "norm", "input": 8},
                {"kind": "lstm", "name": "both", "input": 8, "hidden": 6, "direction": "bidirectional"},
                {"kind": "gru", "name": "after", "input": 12, "hidden": 5},
                {"kind": "gru", "name": "before", "input": 5, "hidden": 5, "reset": "before"},
                {"kind": "rnn", "name": "plain", "input": 5, "hidden": 4},
                {"kind": "layernorm", "name": "ln", "input": 4},
                {"kind": "linear", "name": "head", "input": 4, "output": 4}]}
    x = fixtures.frames(T, D)
    describe("bare-keras", spec, x, keras.ops.convert_to_numpy(model(x[None], training=False))[0], f"Keras {keras.__version__}")


def main():
    labels = {"rate": 100, "labels": ["a", "b", "c", "d"]}
    rtneural("lstm", [layers.LSTM(6, return_sequences=True), layers.Dense(4, activation="softmax")], labels)
    rtneural("gru", [layers.Dense(5, activation="elu"), layers.GRU(6, return_sequences=True), layers.Dense(4, activation="sigmoid")], labels)
    rtneural("conv", [layers.Conv1D(6, 3, dilation_rate=2, padding="causal", activation="tanh"), layers.BatchNormalization(),
                      layers.PReLU(shared_axes=[1]), layers.Conv1D(6, 2, groups=2, padding="causal"), layers.Activation("relu"),
                      layers.Dense(4, use_bias=False)], labels)
    amplifier("amplifier-lstm", nn.LSTM, 1, 1)
    amplifier("amplifier-gru", nn.GRU, 2, 1)
    bare()
    bare_keras()


if __name__ == "__main__":
    main()
