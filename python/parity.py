"""Compare runnel's scores with PyTorch's, step for step, over a whole record.

    python python/parity.py                        record 119 of MIT-BIH where it is there, else 30 synthetic minutes
    python python/parity.py 223.hea --runnel .build/debug/runnel
    make test-parity                               the same in an environment of its own

The model file is read without runnel's exporter: torch's Conv1d, LSTM and Linear are filled with its tensors. `runnel label` writes what the network sees (--conditioned) and, in the same
run, the scores of every step; torch steps the same weights on the same frames, one at a time, state carried, and once
more over the whole record in one call. Exit code 1 where a score differs by 1e-5 or more.

Needs numpy and torch.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from torch import nn

import runnel_reference

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ACTIVATIONS = {"none": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
HEADS = {"softmax": lambda x: torch.softmax(x, -1), "sigmoid": torch.sigmoid, "linear": lambda x: x}
CONFIGURATION = """\
streams:
  record: {{connect: tcp://127.0.0.1:5556, topic: s/*/, format: runnel}}
models:
  model: {{file: {model}}}
pipelines:
  steps: {{from: record, channels: [{channel}], model: model, decide: {{emit: every, smooth: none}}}}
outputs:
  labels: {{bind: tcp://127.0.0.1:9872}}
"""


def read_model(path):
    """The description and the tensors of a model file."""
    description, tensors = runnel_reference.read(path)
    return description, {key: torch.from_numpy(value) for key, value in tensors.items()}


class Conv(nn.Module):
    """A causal Conv1d: zeros before the first frame, and then the frames that came."""

    def __init__(self, layer, tensors):
        super().__init__()
        dilation = layer.get("dilation", 1)
        self.conv = nn.Conv1d(layer["input"], layer["output"], layer["kernel"], dilation=dilation)
        self.conv.load_state_dict(tensors)
        self.activation = ACTIVATIONS[layer.get("activation", "none")]()
        self.past = torch.zeros(1, layer["input"], (layer["kernel"] - 1) * dilation)

    def forward(self, x):  # (T, input) → (T, output)
        x = torch.cat([self.past, x.T[None]], 2)
        self.past = x[:, :, x.shape[2] - self.past.shape[2] :]
        return self.activation(self.conv(x)[0].T)


class Recurrent(nn.Module):
    def __init__(self, layer, tensors):
        super().__init__()
        has_bias = "bias_ih_l0" in tensors
        self.lstm = nn.LSTM(layer["input"], layer["hidden"], layer.get("layers", 1), bias=has_bias)
        self.lstm.load_state_dict(tensors)
        self.state = None

    def forward(self, x):  # (T, D) → (T, H)
        x, self.state = self.lstm(x, self.state)
        return x


class Dense(nn.Module):
    def __init__(self, layer, tensors):
        super().__init__()
        self.linear = nn.Linear(layer["input"], layer["output"], bias="bias" in tensors)
        self.linear.load_state_dict(tensors)
        self.activation = ACTIVATIONS[layer.get("activation", "none")]()

    def forward(self, x):
        return self.activation(self.linear(x))


class Network(nn.Module):
    """The layers of the file in order, each with the state it carries; the first head's scores."""

    KINDS = {"conv1d": Conv, "lstm": Recurrent, "linear": Dense}

    def __init__(self, description, tensors):
        super().__init__()
        layers = []
        for layer in description["layers"]:
            name = layer["name"] + "."
            own = {key[len(name) :]: value for key, value in tensors.items() if key.startswith(name)}
            layers.append(self.KINDS[layer["kind"]](layer, own))
        self.layers = nn.Sequential(*layers).eval()
        head = description["heads"][0]
        self.head = HEADS[head["activation"]]
        self.outputs = len(head["labels"])

    @torch.no_grad()
    def forward(self, x):
        return self.head(self.layers(x)[:, : self.outputs])


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def find_record(runnel, folder):
    for data in (os.path.join(ROOT, "..", "shared", "data"), os.environ.get("RUNNEL_DATA", "")):
        path = os.path.join(data, "mitdb", "119.hea")
        if data and os.path.exists(path):
            return path
    path = os.path.join(folder, "synthetic")
    run([runnel, "synth", "ecg", "-o", path, "--seconds", "1800", "--seed", "7", "--ventricular", "0.1"])
    return path + ".hea"


def label(runnel, record, model, channel, description, folder):
    """What the network saw (T, D), and (step, scores) of every label."""
    configuration, frames = os.path.join(folder, "runnel.yaml"), os.path.join(folder, "frames.npy")
    with open(configuration, "w") as file:
        file.write(CONFIGURATION.format(model=json.dumps(os.path.abspath(model)), channel=channel))
    command = [runnel, "label", record, "-c", configuration, "--format", "jsonl", "--conditioned", frames]
    labels = [json.loads(line) for line in run(command).splitlines()]
    labels = [each for each in labels if each["kind"] == "label"]
    with open(record if record.endswith(".hea") else record + ".hea") as file:
        words = next(line for line in file if not line.startswith("#")).split()
    rate = float(words[2].split("/")[0])
    # A score at step n speaks of n - delay.
    steps = [(each["at"] / rate + description["delay"]) * description["rate"] for each in labels]
    return np.load(frames), np.round(steps).astype(int), np.array([each["scores"] for each in labels])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("record", nargs="?", help="a WFDB record, NAME.hea")
    parser.add_argument("--runnel", default=os.path.join(ROOT, ".build", "release", "runnel"))
    parser.add_argument("--model", default=os.path.join(ROOT, "models", "ecg-beats.safetensors"))
    parser.add_argument("--channel", default="MLII")
    parser.add_argument("--limit", type=float, default=1e-5, help="the difference that is too large")
    parser.add_argument("--whole", action="store_true", help="leave the stepping out, which takes a minute")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    description, tensors = read_model(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        record = arguments.record or find_record(arguments.runnel, folder)
        began = time.monotonic()
        frames, steps, scores = label(arguments.runnel, record, arguments.model, arguments.channel, description, folder)
        seconds = time.monotonic() - began
    if not np.isfinite(frames).all():
        sys.exit(f"{record} has missing samples; give a record without")
    # The labels of the first steps would speak of times before the record.
    if len(steps) == 0 or not np.array_equal(steps, np.arange(len(frames) - len(steps), len(frames))):
        sys.exit(f"{record}: {len(steps)} labels do not follow {len(frames)} frames step by step")
    minutes = len(frames) / description["rate"] / 60
    name = os.path.basename(record)
    print(f"{name}: {len(frames)} steps ({minutes:.1f} min), {len(steps)} scored by runnel in {seconds:.1f} s")

    x = torch.from_numpy(frames)
    ways = {"whole": lambda network: network(x)}
    if not arguments.whole:
        ways["step by step"] = lambda network: torch.cat([network(frame[None]) for frame in x])
    worst = 0.0
    for way, score in ways.items():
        began = time.monotonic()
        wanted = score(Network(description, tensors)).numpy()[steps]
        difference = np.abs(scores - wanted)
        step, k = np.unravel_index(difference.argmax(), difference.shape)
        worst = max(worst, difference.max())
        print(
            f"torch {torch.__version__} {way}: largest difference {difference.max():.3g} "
            f"(step {steps[step]}, output {k}), mean {difference.mean():.3g}, "
            f"the same class at {(scores.argmax(1) == wanted.argmax(1)).sum()} of {len(steps)} steps "
            f"({time.monotonic() - began:.1f} s)"
        )
    print(f"{'ok' if worst < arguments.limit else 'FAILED'}: {worst:.3g}, limit {arguments.limit:g}")
    sys.exit(int(worst >= arguments.limit))


if __name__ == "__main__":
    main()
