"""Random networks through PyTorch and through runnel: the same numbers?

    python python/parity_models.py [--count 40] [--seed 1] [--runnel .build/release/runnel]

Each seed draws a stack of layers (convolutions with stride and dilation, pools, normalisations, RNN, LSTM, GRU with and
without projection, several on top of each other or both ways, residual sums, concatenations, activations), exports it with
`runnel_export.save` and lets `runnel model run` compute 1000 frames, or windows of them, whole and in random chunks with
the state through a file in between. The largest difference must stay within 1e-5 of max(1e-3, the largest output of
PyTorch), and the chunks must give the bits of the whole. The stacks are contractive: recurrent weights are scaled down, so
that what a rounding changed is forgotten and not amplified.

Needs torch, numpy and a runnel binary. Ends with 1 where one network differs, and says which seed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import runnel_export  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
STEPS = 1000
LIMIT = 1e-5
ACTIVATIONS = [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.LeakyReLU, nn.Softplus, nn.Softsign, nn.SiLU, nn.GELU,
               nn.Hardsigmoid, nn.Hardtanh, nn.ReLU6, nn.SELU]


class Turned(nn.Module):
    """A layer that wants (batch, features, time) in a network that has (batch, time, features)."""

    def __init__(self, layer, left=0):
        super().__init__()
        self.layer, self.left = layer, left

    def forward(self, x):
        return self.layer(F.pad(x.transpose(1, 2), (self.left, 0))).transpose(1, 2)


class Only(nn.Module):
    """The outputs of a recurrent layer without its states."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


class Beside(nn.Module):
    """A layer and what went around it, added or side by side."""

    def __init__(self, layer, join):
        super().__init__()
        self.layer, self.join = layer, join

    def forward(self, x):
        y = self.layer(x)
        return x + y if self.join == "add" else torch.cat([x, y], 2)


class Last(nn.Module):
    def forward(self, x):
        return x[:, -1]


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


def contract(layer):
    """Recurrent weights of a norm below one, so that the state forgets."""
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            if "weight_hh" in name:
                parts = weight.chunk(max(1, weight.shape[0] // max(1, layer.hidden_size)))
                for part in parts:
                    part.mul_(0.5 / max(0.5, float(torch.linalg.matrix_norm(part, 2))))
    return layer


def recurrent(rng, width, windowed):
    hidden, depth = int(rng.integers(3, 24)), int(rng.integers(1, 3))
    common = {"batch_first": True, "num_layers": depth, "bias": bool(rng.random() < 0.8),
              "bidirectional": bool(windowed and rng.random() < 0.5)}
    kind = rng.integers(4)
    if kind == 0:
        layer = nn.RNN(width, hidden, nonlinearity=str(rng.choice(["tanh", "relu"])), **common)
    elif kind == 1:
        layer = nn.GRU(width, hidden, **common)
    else:
        projection = int(rng.integers(1, hidden)) if kind == 3 else 0
        layer = nn.LSTM(width, hidden, proj_size=projection, **common)
    out = (getattr(layer, "proj_size", 0) or hidden) * (2 if layer.bidirectional else 1)
    return Only(contract(layer)), out


def convolution(rng, width):
    groups = int(rng.choice([each for each in (1, 2, width) if width % each == 0]))
    out = groups * int(rng.integers(1, 5))
    kernel, dilation, stride = int(rng.integers(1, 8)), int(rng.integers(1, 3)), int(rng.choice([1, 1, 1, 2]))
    past = (kernel - 1) * dilation
    padding = past // 2 if rng.random() < 0.3 else 0
    left = past if padding == 0 and rng.random() < 0.8 else 0
    layer = nn.Conv1d(width, out, kernel, stride=stride, dilation=dilation, groups=groups, padding=padding,
                      bias=bool(rng.random() < 0.8))
    return Turned(layer, left), out


def normalised(layer, rng):
    with torch.no_grad():
        if isinstance(layer, nn.BatchNorm1d):
            layer.running_mean.copy_(torch.from_numpy(rng.normal(size=layer.num_features) * 0.2))
            layer.running_var.copy_(torch.from_numpy(rng.uniform(0.5, 2, layer.num_features)))
        for each in layer.parameters():
            each.add_(torch.from_numpy(rng.normal(size=tuple(each.shape)) * 0.1).to(each.dtype))
    return layer


def block(rng, width, windowed):
    kind = rng.choice(["recurrent", "recurrent", "conv", "norm", "linear", "pool", "prelu", "residual", "concat"])
    if kind == "recurrent":
        return recurrent(rng, width, windowed)
    if kind == "conv":
        return convolution(rng, width)
    if kind == "norm":
        layer = nn.LayerNorm(width) if rng.random() < 0.5 else nn.BatchNorm1d(width)
        layer = normalised(layer, rng)
        return (layer if isinstance(layer, nn.LayerNorm) else Turned(layer)), width
    if kind == "pool":
        kernel = int(rng.integers(2, 4))
        return Turned((nn.MaxPool1d if rng.random() < 0.5 else nn.AvgPool1d)(kernel)), width
    if kind == "prelu":
        return Turned(nn.PReLU(width if rng.random() < 0.5 else 1)), width
    if kind == "residual":
        return Beside(nn.Sequential(nn.Linear(width, width), activation(rng)), "add"), width
    if kind == "concat":
        out = int(rng.integers(2, 9))
        return Beside(nn.Sequential(nn.Linear(width, out), activation(rng)), "concat"), width + out
    out = int(rng.integers(2, 17))
    return nn.Sequential(nn.Linear(width, out, bias=bool(rng.random() < 0.8)), activation(rng)), out


def activation(rng):
    return ACTIVATIONS[rng.integers(len(ACTIVATIONS))]()


def draw(seed):
    """A network, how it is run, and what goes in."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    windowed = bool(rng.random() < 0.4)
    features, outputs = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    layers, width = [], features
    for _ in range(int(rng.integers(2, 6))):
        layer, width = block(rng, width, windowed)
        layers.append(layer)
    layer, width = recurrent(rng, width, windowed)
    layers += [layer, nn.Dropout(0.3), nn.Linear(width, outputs)]
    if windowed:
        layers.insert(len(layers) - 2, Last() if rng.random() < 0.7 else Mean())
    more = {"regime": "windowed", "window": 64, "hop": 8} if windowed else {"regime": "carried"}
    shape = (16, 64, features) if windowed else (STEPS, features)
    frames = rng.normal(size=shape).astype(np.float32)
    return nn.Sequential(*layers).eval(), more, frames, [f"k{k}" for k in range(outputs)]


def words(network):
    """The layers in a line."""
    names = []
    for each in network.modules():
        if not list(each.children()) and not isinstance(each, (nn.Dropout, Last, Mean)):
            both = " both ways" if getattr(each, "bidirectional", False) else ""
            projected = f" to {each.proj_size}" if getattr(each, "proj_size", 0) else ""
            names.append(type(each).__name__ + projected + both)
    return ", ".join(names)


def run(runnel, *arguments):
    result = subprocess.run([runnel, "model", "run", *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"runnel model run {' '.join(arguments)} ended with {result.returncode}: {result.stderr.strip()}")


def trial(seed, runnel, folder):
    """The largest difference in units of the limit, and a line about it."""
    network, more, frames, labels = draw(seed)
    path = lambda name: os.path.join(folder, name)
    runnel_export.save(network, path("m.safetensors"), example=frames, labels=labels, rate=100.0, **more)
    np.save(path("x.npy"), frames)
    run(runnel, path("m.safetensors"), "--input", path("x.npy"), "--output", path("y.npy"))
    found = np.load(path("y.npy"))
    with torch.no_grad():
        wanted = network(torch.from_numpy(frames if frames.ndim == 3 else frames[None])).numpy()
    if frames.ndim == 2:
        # Behind the last frame torch pads on; a stream goes on.
        wanted = wanted[0][: len(found)]
        if len(found) == 0:
            raise RuntimeError("no step came out")
        if not np.array_equal(found, chunked(seed, runnel, frames, path)):
            return float("inf"), "chunks differ from the whole in their bits"
    if found.shape != wanted.shape:
        return float("inf"), f"shape {found.shape}, PyTorch's is {wanted.shape}"
    scale = max(1e-3, float(np.abs(wanted).max()))
    difference = float(np.abs(found - wanted).max()) / scale
    return difference / LIMIT, f"{difference:.2e} of {scale:.3g}, {'windowed' if frames.ndim == 3 else 'carried'}: {words(network)}"


def chunked(seed, runnel, frames, path):
    """The same in two runs with the state in a file between them, each in chunks."""
    rng = np.random.default_rng(seed)
    cut = int(rng.integers(1, len(frames)))
    parts = []
    for k, part in enumerate((frames[:cut], frames[cut:])):
        np.save(path("part.npy"), part)
        state = ["--state-in", path("s0.npz")] if k else []
        run(runnel, path("m.safetensors"), "--input", path("part.npy"), "--output", path("out.npy"), "--chunk",
            str(int(rng.integers(1, 50))), *state, "--state-out", path(f"s{k}.npz"))
        parts.append(np.load(path("out.npy")))
    return np.concatenate(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runnel", default=os.path.join(ROOT, ".build", "release", "runnel"))
    parser.add_argument("--count", type=int, default=40, help="networks to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the first")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    worst, failed, refused = 0.0, [], []
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        with tempfile.TemporaryDirectory() as folder:
            try:
                amount, text = trial(seed, arguments.runnel, folder)
            except runnel_export.ExportError as error:
                refused.append(seed)
                print(f"seed {seed}: not exported: {error}")
                continue
            except RuntimeError as error:
                amount, text = float("inf"), str(error)
        print(f"seed {seed}: {'ok' if amount <= 1 else 'FAILED'}: {text}")
        worst = max(worst, amount)
        if not amount <= 1:
            failed.append(seed)
    print(f"torch {torch.__version__}: {arguments.count} networks, {len(refused)} not exported, {len(failed)} failed; "
          f"largest difference {worst * LIMIT:.3g}, limit {LIMIT:g}")
    sys.exit(int(bool(failed) or len(refused) > arguments.count // 4))


if __name__ == "__main__":
    main()
