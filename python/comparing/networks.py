"""Random networks of PyTorch, drawn by a seed: what can stand before, in and behind a recurrent network.

Recurrent weights are scaled down so that the state forgets: what a rounding changed is not amplified, and a difference
in the scores is a difference between the networks.
"""

import dataclasses

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from exporting import cells

ACTIVATIONS = [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.LeakyReLU, nn.Softplus, nn.Softsign, nn.SiLU, nn.GELU,
               nn.Hardsigmoid, nn.Hardtanh, nn.ReLU6, nn.SELU, nn.Hardswish, nn.Mish, nn.LogSigmoid, nn.Tanhshrink]
CLASSES = 7


@dataclasses.dataclass
class Drawn:
    """A network and how it is run."""

    network: nn.Module
    frames: np.ndarray  # (T, D), or windows (W, T, D)
    labels: object  # a list, or a dict of lists by head
    regime: dict  # what `runnel_export.save` is told
    ending: str  # none, softmax or sigmoid: what the scores went through

    def scores(self, frames=None):
        """What the network says of frames, its own where none are given: (T', K), (W, K) or (W, S, K)."""
        frames = self.frames if frames is None else frames
        with torch.no_grad():
            y = self.network(torch.from_numpy(frames if frames.ndim == 3 else frames[None]))
        y = torch.cat(list(y.values()) if isinstance(y, dict) else [y], -1).numpy()
        return y if frames.ndim == 3 else y[0]

    @property
    def options(self):
        """Options of `runnel model run` that give the same scores."""
        return [] if self.ending == "none" else ["--scores"]

    def words(self):
        """The layers in a line."""
        words = ["windowed" if self.frames.ndim == 3 else "carried"]
        for each in self.network.modules():
            if not list(each.children()) and not isinstance(each, (nn.Dropout, nn.Identity)):
                both = " both ways" if getattr(each, "bidirectional", False) else ""
                projected = f" to {each.proj_size}" if getattr(each, "proj_size", 0) else ""
                flags = getattr(each, "flags", {}) | ({"learned": True} if getattr(each, "learned_state", False) else {})
                flags = f" {flags}" if flags else ""
                name = f"cells.{type(each).__name__}" if isinstance(each, cells.Recurrent) else type(each).__name__
                words.append(name + projected + both + flags)
        return ", ".join(words)


# --- parts that torch.nn has not


class Turned(nn.Module):
    """A layer that wants (batch, features, time) in a network that has (batch, time, features)."""

    def __init__(self, *layers, left=0):
        super().__init__()
        self.layer, self.left = layers[0] if len(layers) == 1 else nn.Sequential(*layers), left

    def forward(self, x):
        return self.layer(F.pad(x.transpose(1, 2), (self.left, 0))).transpose(1, 2)


class Only(nn.Module):
    """The outputs of a recurrent layer without its states; `learned`: from an initial state of its own."""

    def __init__(self, layer, learned=False):
        super().__init__()
        self.layer = layer
        if learned:
            self.first = nn.Parameter(torch.randn(layer.num_layers, 1, layer.hidden_size) * 0.5)

    def forward(self, x):
        if not hasattr(self, "first"):
            return self.layer(x)[0]
        h = self.first.expand(-1, x.shape[0], -1).contiguous()
        return self.layer(x, (h, torch.zeros_like(h)) if isinstance(self.layer, nn.LSTM) else h)[0]


class Beside(nn.Module):
    """A layer and what went around it: added, side by side, or as a gate."""

    def __init__(self, layer, join):
        super().__init__()
        self.layer, self.join = layer, join

    def forward(self, x):
        y = self.layer(x)
        return x + y if self.join == "add" else x * torch.sigmoid(y) if self.join == "gate" else torch.cat([x, y], 2)


class Classes(nn.Module):
    """The first feature is the number of a class, looked up in a table; the others stay beside it."""

    def __init__(self, width, features):
        super().__init__()
        self.table, self.alone = nn.Embedding(CLASSES, width), features == 1

    def forward(self, x):
        y = self.table(x[..., 0].long())
        return y if self.alone else torch.cat([y, x[..., 1:]], -1)


class Last(nn.Module):
    def forward(self, x):
        return x[:, -1]


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


class Largest(nn.Module):
    def forward(self, x):
        return x.amax(1)


class Adaptive(nn.Module):
    def __init__(self, pool):
        super().__init__()
        self.pool = pool(1)

    def forward(self, x):
        return self.pool(x.transpose(1, 2)).flatten(1)


class Final(nn.Module):
    """The final states of the last layer of a recurrent network, both directions beside each other."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        h = self.layer(x)[1]
        h = h[0] if isinstance(h, tuple) else h
        return torch.cat([h[-2], h[-1]], 1) if self.layer.bidirectional else h[-1]


class Repeat(nn.Module):
    """One vector, at every step of a sequence."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def forward(self, x):
        return x.unsqueeze(1).repeat(1, self.steps, 1)


class Heads(nn.Module):
    def __init__(self, width, outputs, ending):
        super().__init__()
        self.heads = nn.ModuleDict({key: nn.Linear(width, count) for key, count in outputs.items()})
        self.ending = ended(ending)

    def forward(self, x):
        return {key: self.ending(head(x)) for key, head in self.heads.items()}


def ended(ending):
    return {"none": nn.Identity, "softmax": lambda: nn.Softmax(-1), "sigmoid": nn.Sigmoid}[ending]()


# --- the draw


def contract(layer):
    """Recurrent weights of a norm below one, so that the state forgets."""
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            if "weight_hh" in name:
                parts = weight.chunk(max(1, weight.shape[0] // max(1, layer.hidden_size)))
                for part in parts:
                    part.mul_(0.5 / max(0.5, float(torch.linalg.matrix_norm(part, 2))))
    return layer


def variant(rng, kind, projection):
    """Flags of a cell of `exporting.cells`."""
    maybe = lambda value, p=0.35: value if rng.random() < p else None
    gate = maybe(rng.choice(["hard_sigmoid", "old"]))
    gate = {"kind": "hard_sigmoid", "alpha": 0.2, "beta": 0.5} if gate == "old" else gate and str(gate)
    act = lambda: maybe(str(rng.choice(["softsign", "tanh", "hard_sigmoid", "leaky_relu", "elu"])), 0.25)
    flags = {"learned_state": bool(rng.random() < 0.3)}
    if kind == "RNN":
        return flags | {"leak": maybe(float(rng.uniform(0.1, 1)), 0.6), "activation": act()}
    if kind == "GRU":
        return flags | {"reset": maybe("before", 0.6), "gate_activation": gate, "activation": act(),
                        "gate_clip": maybe(float(rng.uniform(0.3, 2)))}
    return flags | {"peepholes": bool(rng.random() < 0.5), "coupled": maybe(str(rng.choice(["input", "forget"]))),
                    "gate_activation": gate, "cell_activation": act(), "output_activation": act(),
                    "cell_clip": maybe(float(rng.uniform(0.2, 1))), "gate_clip": maybe(float(rng.uniform(0.3, 2))),
                    "projection": projection or None}


def cell(rng, width, windowed, everything):
    """A recurrent layer and what it gives out."""
    hidden, depth = int(rng.integers(3, 24)), int(rng.integers(1, 3))
    common = {"batch_first": True, "num_layers": depth, "bias": bool(rng.random() < 0.8),
              "bidirectional": bool(windowed and rng.random() < 0.5)}
    kind = str(rng.choice(["RNN", "GRU", "LSTM"] + ["projected"] * everything))
    projection = int(rng.integers(1, hidden)) if kind == "projected" else 0
    kind = "LSTM" if projection else kind
    if everything and rng.random() < 0.4:
        layer = getattr(cells, kind)(width, hidden, **common, **variant(rng, kind, projection))
    elif kind == "RNN":
        layer = nn.RNN(width, hidden, nonlinearity=str(rng.choice(["tanh", "relu"])), **common)
    elif kind == "GRU":
        layer = nn.GRU(width, hidden, **common)
    else:
        layer = nn.LSTM(width, hidden, proj_size=projection, **common)
    return contract(layer), (projection or hidden) * (2 if layer.bidirectional else 1)


def recurrent(rng, width, windowed, everything):
    layer, out = cell(rng, width, windowed, everything)
    plain = isinstance(layer, nn.RNNBase) and not layer.bidirectional and not layer.proj_size
    return Only(layer, learned=plain and rng.random() < 0.2), out


def convolution(rng, width):
    groups = int(rng.choice([each for each in (1, 2, width) if width % each == 0]))
    out = groups * int(rng.integers(1, 5))
    kernel, dilation, stride = int(rng.integers(1, 8)), int(rng.integers(1, 3)), int(rng.choice([1, 1, 1, 2]))
    past = (kernel - 1) * dilation
    padding = past // 2 if rng.random() < 0.3 else 0
    left = past if padding == 0 and rng.random() < 0.8 else 0
    layer = nn.Conv1d(width, out, kernel, stride=stride, dilation=dilation, groups=groups, padding=padding,
                      bias=bool(rng.random() < 0.8))
    behind = [normalised(nn.BatchNorm1d(out), rng)] if rng.random() < 0.4 else []
    behind += [activation(rng)] if rng.random() < 0.5 else []
    return Turned(layer, *behind, left=left), out


def pool(rng):
    kernel, stride = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    padding = int(rng.integers(0, kernel // 2 + 1)) if rng.random() < 0.4 else 0
    if rng.random() < 0.5:
        return Turned(nn.AvgPool1d(kernel, stride, padding))
    return Turned(nn.MaxPool1d(kernel, stride, padding, dilation=int(rng.integers(1, 3))))


def normalised(layer, rng):
    """A normalisation that has seen something."""
    with torch.no_grad():
        if isinstance(layer, nn.BatchNorm1d):
            layer.running_mean.copy_(torch.from_numpy(rng.normal(size=layer.num_features) * 0.2))
            layer.running_var.copy_(torch.from_numpy(rng.uniform(0.5, 2, layer.num_features)))
        for each in layer.parameters():
            each.add_(torch.from_numpy(rng.normal(size=tuple(each.shape)) * 0.1).to(each.dtype))
    return layer


def activation(rng):
    return ACTIVATIONS[rng.integers(len(ACTIVATIONS))]()


def block(rng, width, windowed, everything):
    kind = rng.choice(["recurrent", "recurrent", "conv", "conv", "norm", "linear", "pool", "prelu", "residual", "concat",
                       "gate", "halves"])
    if kind == "recurrent":
        return recurrent(rng, width, windowed, everything)
    if kind == "conv":
        return convolution(rng, width)
    if kind == "norm":
        layer = nn.LayerNorm(width) if rng.random() < 0.5 else nn.BatchNorm1d(width)
        layer = normalised(layer, rng)
        return (layer if isinstance(layer, nn.LayerNorm) else Turned(layer)), width
    if kind == "pool":
        return pool(rng), width
    if kind == "prelu":
        return Turned(nn.PReLU(width if rng.random() < 0.5 else 1)), width
    if kind in ("residual", "gate"):
        inner = nn.Sequential(nn.Linear(width, width), activation(rng))
        return Beside(inner, "add" if kind == "residual" else "gate"), width
    out = int(rng.integers(2, 9))
    if kind == "concat":
        return Beside(nn.Sequential(nn.Linear(width, out), activation(rng)), "concat"), width + out
    if kind == "halves":
        return nn.Sequential(nn.Linear(width, 2 * out), nn.GLU(-1)), out
    return nn.Sequential(nn.Linear(width, out, bias=bool(rng.random() < 0.8)), activation(rng)), out


def summary(rng, width, everything):
    """What makes one vector of a window, and its width."""
    kind = rng.integers(6)
    if kind == 0:
        layer, out = cell(rng, width, True, everything)
        return [Final(layer)], out
    ends = [Last, Last, Mean, Largest, lambda: Adaptive(nn.AdaptiveAvgPool1d), lambda: Adaptive(nn.AdaptiveMaxPool1d)]
    layer, out = recurrent(rng, width, True, everything)
    return [layer, ends[rng.integers(len(ends))]()], out


def draw(seed, everything=True, steps=1000, window=64, count=16):
    """everything: also what ONNX has not, projections and the variants of `exporting.cells`.

    steps: of a stream; count windows of `window` frames each.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    windowed = bool(rng.random() < 0.4)
    features = width = int(rng.integers(1, 4))
    shape = (count, window, features) if windowed else (steps, features)
    frames = rng.normal(size=shape).astype(np.float32)
    layers = []
    if rng.random() < 0.15:
        frames[..., 0] = rng.integers(0, CLASSES, shape[:-1])
        out = int(rng.integers(2, 7))
        layers, width = [Classes(out, features)], out + features - 1
    for _ in range(int(rng.integers(1, 5))):
        layer, width = block(rng, width, windowed, everything)
        layers.append(layer)
    decodes = False
    if windowed and rng.random() < 0.8:
        more, width = summary(rng, width, everything)
        layers += more
        decodes = rng.random() < 0.2
        if decodes:
            layer, out = recurrent(rng, width, False, everything)
            layers, width = [*layers, Repeat(int(rng.integers(2, 12))), layer], out
    else:
        layer, width = recurrent(rng, width, windowed, everything)
        layers.append(layer)
    layers.append(nn.Dropout(0.3))
    ending = str(rng.choice(["none", "none", "none", "softmax", "sigmoid"]))
    counts = [int(each) for each in rng.integers(2, 5, 2 if rng.random() < 0.2 and not decodes else 1)]
    names = [[f"k{k}" for k in range(count)] for count in counts]
    if len(counts) > 1:
        labels = {f"head{k}": each for k, each in enumerate(names)}
        layers.append(Heads(width, {key: len(each) for key, each in labels.items()}, ending))
    else:
        labels = names[0]
        layers += [nn.Linear(width, counts[0]), ended(ending)]
    regime = {"regime": "windowed", "window": window, "hop": 8} if windowed else {"regime": "carried"}
    return Drawn(nn.Sequential(*layers).eval(), frames, labels, regime, ending)
