"""Model files for the Swift tests, from PyTorch modules: python golden/make_torch_models.py [NAME ...], from the folder
python/. Weights are seeded by the file's name; the versions of the tools stand in each file's provenance.

Cells run for 1000 steps, layers for 400 or less; with names only those files are made. Where a cell is one that ONNX
defines too, ONNX Runtime must agree with the golden output (`onnx_agrees`).
"""

import os
import sys
import zlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import destination  # noqa: E402
import runnel_export  # noqa: E402
from runnel_export import cells  # noqa: E402

FOLDER = destination.folder("models")
CELL_STEPS, LAYER_STEPS = 1000, 300
TOOLS = {"torch": torch.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}


class Head(nn.Module):
    """A recurrent layer and a linear one: every step's scores."""

    def __init__(self, layer, width, outputs=2):
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(width, outputs)

    def forward(self, x):
        return self.head(self.layer(x)[0])


class Last(Head):
    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


class Ends(Head):
    """The final states of both directions."""

    def forward(self, x):
        final = self.layer(x)[1]
        h = final[0] if isinstance(final, tuple) else final
        return self.head(torch.cat([h[-2], h[-1]], 1))


class Pooled(Head):
    def __init__(self, layer, width, of):
        super().__init__(layer, width)
        self.of = of

    def forward(self, x):
        y = self.layer(x)[0]
        return self.head(y.mean(1) if self.of == "mean" else y.amax(1))


class Channels(nn.Module):
    """A stack that takes (batch, features, time), fed with (batch, time, features)."""

    def __init__(self, *layers):
        super().__init__()
        self.stack = nn.Sequential(*layers)

    def forward(self, x):
        return self.stack(x.transpose(1, 2)).transpose(1, 2)


class Activations(nn.Module):
    """Every activation on the same six features, side by side."""

    def __init__(self):
        super().__init__()
        self.spread = nn.Linear(1, 6)
        self.kinds = nn.ModuleList(
            [
                nn.ReLU(),
                nn.Tanh(),
                nn.Sigmoid(),
                nn.LeakyReLU(),
                nn.LeakyReLU(0.3),
                nn.ELU(),
                nn.ELU(0.7),
                nn.SELU(),
                nn.Softplus(),
                nn.Softsign(),
                nn.SiLU(),
                nn.GELU(),
                nn.Hardsigmoid(),
                nn.Hardtanh(),
                nn.Hardtanh(-0.4, 1.5),
                nn.ReLU6(),
                nn.Threshold(0.3, 0.0),
            ]
        )
        self.head = nn.Linear(6 * 21, 3)

    def forward(self, x):
        x = self.spread(x)
        parts = [kind(x) for kind in self.kinds]
        parts += [1.7159 * torch.tanh(2 / 3 * x), (0.2 * x + 0.5).clamp(0, 1), torch.exp(x), 0.5 * x - 0.25]
        return self.head(torch.cat(parts, -1))


class Fused(nn.Module):
    """Activations that follow Linear and Conv1d."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 6, 3)
        self.linear = nn.Linear(6, 6)
        self.deep = nn.Linear(6, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        x = F.elu(self.conv(F.pad(x.transpose(1, 2), (2, 0)))).transpose(1, 2)
        return self.head(F.gelu(self.deep(F.silu(self.linear(x)))))


class CNNLSTM(nn.Module):
    """A typical network for an ECG: two convolutions with normalisation and pooling, an LSTM at a quarter of the rate."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv1d(1, 8, 7, padding="same"), nn.BatchNorm1d(8)
        self.conv2, self.norm2 = nn.Conv1d(8, 10, 5, padding="same"), nn.BatchNorm1d(10)
        self.pool, self.drop = nn.MaxPool1d(2), nn.Dropout(0.3)
        self.lstm = nn.LSTM(10, 12, batch_first=True)
        self.head = nn.Linear(12, 4)

    def features(self, x):
        x = self.pool(F.relu(self.norm1(self.conv1(x.transpose(1, 2)))))
        x = self.pool(F.relu(self.norm2(self.conv2(x))))
        return self.lstm(self.drop(x).transpose(1, 2))

    def forward(self, x):
        return self.head(self.features(x)[0])


class CNNLSTMLast(CNNLSTM):
    def forward(self, x):
        return F.log_softmax(self.head(self.features(x)[1][0][-1]), -1)


class Residual(nn.Module):
    """Two temporal blocks (Bai et al. 2018): padding on both sides, the right taken off; skip by a 1 × 1 convolution."""

    def __init__(self):
        super().__init__()
        self.a1, self.a2 = nn.Conv1d(2, 8, 3, padding=2), nn.Conv1d(8, 8, 3, padding=2)
        self.b1, self.b2 = nn.Conv1d(8, 8, 3, padding=8, dilation=4), nn.Conv1d(8, 8, 3, padding=8, dilation=4)
        self.down = nn.Conv1d(2, 8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        y = F.relu(self.a2(F.relu(self.a1(x)[..., :-2]))[..., :-2])
        x = F.relu(y + self.down(x))
        y = F.relu(self.b2(F.relu(self.b1(x)[..., :-8]))[..., :-8])
        return self.head(F.relu(y + x).transpose(1, 2))


class Branches(nn.Module):
    """Kernels of three lengths beside each other, and the sum with a valid convolution cut to fit."""

    def __init__(self):
        super().__init__()
        self.short, self.middle, self.long = (nn.Conv1d(2, 4, k, padding="same") for k in (3, 5, 9))
        self.gru = nn.GRU(12, 9, batch_first=True)
        self.head = nn.Linear(21, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        y = torch.cat([torch.tanh(f(x)) for f in (self.short, self.middle, self.long)], 1).transpose(1, 2)
        return self.head(torch.cat([y, self.gru(y)[0]], -1))


class Rates(nn.Module):
    """Two branches that come to the same stride on different ways, so that one waits for the other."""

    def __init__(self):
        super().__init__()
        self.fast = nn.Conv1d(2, 6, 4, stride=4)
        self.first, self.second = nn.Conv1d(2, 6, 3, stride=2), nn.AvgPool1d(2)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        slow = self.second(torch.tanh(self.first(F.pad(x, (2, 0)))))
        return self.head((self.fast(x) + slow).transpose(1, 2))


class Gated(nn.Module):
    """GLU halves, a product of branches, a gate of one feature spread over all, softmax over the features inside."""

    def __init__(self):
        super().__init__()
        self.pair = nn.Linear(2, 12)
        self.weight, self.gate = nn.Linear(6, 6), nn.Linear(6, 1)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        a, b = self.pair(x).chunk(2, -1)
        y = torch.tanh(a) * torch.sigmoid(b)
        y = y * F.softmax(self.weight(y), -1)
        return self.head(y * torch.sigmoid(self.gate(y)))


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 10, batch_first=True)
        self.beat, self.level = nn.Linear(10, 3), nn.Linear(10, 1)

    def forward(self, x):
        y, _ = self.lstm(x)
        return {"beat": F.softmax(self.beat(y), -1), "level": torch.sigmoid(self.level(y))}


class Words(nn.Module):
    """A class number and a measurement."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 5)
        self.gru = nn.GRU(6, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.gru(torch.cat([self.embedding(x[..., 0].long()), x[..., 1:]], -1))[0])


class Flat(nn.Module):
    """Flatten over a window."""

    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv1d(2, 6, 5, padding=2), nn.MaxPool1d(2)
        self.hidden, self.head = nn.Linear(6 * 15, 10), nn.Linear(10, 3)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv(x.transpose(1, 2))))
        return self.head(torch.relu(self.hidden(torch.flatten(x, 1))))


class Joined(nn.Module):
    """The last state beside the mean over time."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 8, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        y, h = self.gru(x)
        return self.head(torch.cat([h[-1], y.mean(1)], 1))


def example(name, steps, features):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t = np.arange(steps)[:, None]
    return (np.sin(t * 0.11 * (1 + np.arange(features))) + 0.3 * rng.standard_normal((steps, features))).astype(
        np.float32
    )


def seeded(name, make, scale=1.0):
    """The module, with weights that depend on the file's name alone and normalisations that have seen something."""
    torch.manual_seed(zlib.crc32(name.encode()))
    module = make()
    with torch.no_grad():
        for value in module.parameters():
            value.mul_(scale)
        for child in module.modules():
            if isinstance(child, nn.BatchNorm1d):
                child.running_mean.uniform_(-0.5, 0.5)
                child.running_var.uniform_(0.3, 2.0)
            if isinstance(child, (nn.BatchNorm1d, nn.LayerNorm)) and child.weight is not None:
                child.weight.uniform_(0.5, 1.5)
                child.bias.uniform_(-0.3, 0.3)
    return module


WANTED, MADE = set(), []


def make(name, module, features=2, steps=LAYER_STEPS, scale=1.0, labels=("a", "b"), x=None, **more):
    """Writes Tests/Golden/models/{name}.safetensors. module: a function without arguments."""
    if WANTED and name not in WANTED:
        return
    MADE.append(name)
    network = seeded(name, module, scale)
    provenance = {"made_by": "python/golden/" + os.path.basename(sys.argv[0]), "tools": TOOLS}
    if isinstance(network, Head) and "regime" not in more and onnx_agrees(network.layer, example(name, 1000, features)):
        import onnxruntime

        provenance["agrees_with"] = f"ONNX Runtime {onnxruntime.__version__}"
    path = os.path.join(FOLDER, name + ".safetensors")
    x = example(name, steps, features) if x is None else x
    labels = labels if isinstance(labels, dict) else list(labels)
    report = runnel_export.save(
        network, path, example=x, labels=labels, provenance=provenance, golden_steps=steps, **{"rate": 100.0, **more}
    )
    print(f"{name:28} {report['bytes']:6} bytes  {report['difference']:.2g}  {provenance.get('agrees_with', '')}")


def onnx_agrees(layer, x):
    """Whether ONNX defines this cell; then its runtime must agree with the layer, or this stops."""
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    flags = dict(getattr(layer, "flags", {}))
    reset = flags.pop("reset", "after")
    supported = {"gate_clip", "gate_activation", "activation", "cell_activation", "output_activation", "peepholes"}
    coupled = flags.pop("coupled", None)
    if (
        layer.num_layers > 1
        or layer.proj_size
        or getattr(layer, "learned_state", False)
        or set(flags) - supported
        or coupled == "input"
        or not isinstance(layer, cells.Recurrent)
    ):
        return False
    hidden, kind = layer.hidden_size, layer.kind
    order = {"lstm": "iofg", "gru": "zrn", "rnn": "h"}[kind]
    mine = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}[kind]
    mine = mine.replace("f", "") if coupled == "forget" else mine

    def rows(value):
        parts = dict(zip(mine, np.split(value.detach().numpy(), len(mine))))
        return np.concatenate([parts.get(gate, np.zeros_like(parts[mine[0]])) for gate in order])

    w, r = rows(layer.weight_ih_l0)[None], rows(layer.weight_hh_l0)[None]
    zeros = np.zeros(len(order) * hidden, np.float32)
    b = np.concatenate([rows(layer.bias_ih_l0), rows(layer.bias_hh_l0)] if layer.bias else [zeros, zeros])[None]
    kinds = {
        "lstm": ["gate_activation", "cell_activation", "output_activation"],
        "gru": ["gate_activation", "activation"],
        "rnn": ["activation"],
    }[kind]
    names = {
        "sigmoid": "Sigmoid",
        "tanh": "Tanh",
        "relu": "Relu",
        "softsign": "Softsign",
        "hard_sigmoid": "HardSigmoid",
        "leaky_relu": "LeakyRelu",
        "elu": "Elu",
        "scaled_tanh": "ScaledTanh",
        "affine": "Affine",
        "thresholded_relu": "ThresholdedRelu",
        "softplus": "Softplus",
    }
    values = [flags.get(key, "sigmoid" if key == "gate_activation" else "tanh") for key in kinds]
    values = [value if isinstance(value, dict) else {"kind": value} for value in values]
    own = {"kind": "hard_sigmoid", "alpha": 1 / 6, "beta": 0.5}  # ONNX has another default
    values = [own if value == {"kind": "hard_sigmoid"} else value for value in values]
    attributes = {"hidden_size": hidden, "activations": [names[value["kind"]] for value in values]}
    alphas = [value["alpha"] for value in values if "alpha" in value]
    betas = [value["beta"] for value in values if "beta" in value]
    attributes |= {"activation_alpha": alphas} if alphas else {}
    attributes |= {"activation_beta": betas} if betas else {}
    attributes |= {"clip": float(flags["gate_clip"])} if "gate_clip" in flags else {}
    attributes |= {"linear_before_reset": int(reset == "after")} if kind == "gru" else {}
    attributes |= {"input_forget": 1} if coupled else {}
    inputs = ["x", "w", "r", "b"]
    tensors = [numpy_helper.from_array(value.astype(np.float32), key) for key, value in (("w", w), ("r", r), ("b", b))]
    if flags.get("peepholes"):
        holes = [gate for gate in "ifo" if gate in mine]
        parts = dict(zip(holes, np.split(layer.weight_peephole_l0.detach().numpy(), len(holes))))
        p = np.concatenate([parts.get(gate, np.zeros(hidden, np.float32)) for gate in "iof"])[None]
        tensors.append(numpy_helper.from_array(p, "p"))
        inputs += ["", "", "", "p"]
    node = helper.make_node(kind.upper(), inputs, ["y"], **attributes)
    value = lambda key, shape: helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "cell", [value("x", [len(x), 1, x.shape[1]])], [value("y", None)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    y = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x[:, None]})[0].reshape(len(x), hidden)
    with torch.no_grad():
        own = layer(torch.from_numpy(x)[None])[0][0].numpy()
    difference = np.abs(y - own).max() / np.abs(own).max()
    if difference > 1e-5:
        raise SystemExit(f"{layer}: ONNX Runtime differs by {difference:.3g}")
    return True


def make_cells():
    first = {"batch_first": True}

    def cell(name, layer, width, scale=1.8, **more):
        make(name, lambda: Head(layer(), width), steps=CELL_STEPS, scale=scale, head_activation="linear", **more)

    cell("rnn-tanh", lambda: nn.RNN(2, 12, **first), 12, 1.4)
    cell("rnn-relu", lambda: nn.RNN(2, 12, nonlinearity="relu", **first), 12, 1.2)
    cell("rnn-2-layers-no-bias", lambda: nn.RNN(2, 9, 2, bias=False, **first), 9, 1.4)
    cell("rnn-leaky", lambda: cells.RNN(2, 16, leak=0.3, **first), 16, 2.0)
    cell("rnn-softsign", lambda: cells.RNN(2, 7, activation="softsign", **first), 7, 1.5)
    cell(
        "rnn-scaled-tanh",
        lambda: cells.RNN(2, 7, activation={"kind": "scaled_tanh", "alpha": 1.2, "beta": 0.7}, **first),
        7,
    )
    cell("lstm-plain", lambda: nn.LSTM(2, 16, **first), 16)
    cell("lstm-no-bias", lambda: nn.LSTM(2, 11, bias=False, **first), 11)
    cell("lstm-3-layers", lambda: nn.LSTM(2, 9, 3, **first), 9)
    cell("lstm-projection", lambda: nn.LSTM(2, 12, proj_size=5, **first), 5)
    cell("lstm-projection-2-layers", lambda: nn.LSTM(2, 12, 2, proj_size=5, **first), 5)
    cell("lstm-peephole", lambda: cells.LSTM(2, 12, peepholes=True, **first), 12)
    cell("lstm-coupled-input", lambda: cells.LSTM(2, 12, coupled="input", **first), 12)
    cell("lstm-coupled-forget", lambda: cells.LSTM(2, 12, coupled="forget", **first), 12)
    cell("lstm-coupled-peephole", lambda: cells.LSTM(2, 10, coupled="forget", peepholes=True, **first), 10)
    cell("lstm-cell-clip", lambda: cells.LSTM(2, 12, cell_clip=0.6, **first), 12, 2.5)
    cell("lstm-gate-clip", lambda: cells.LSTM(2, 12, gate_clip=0.8, peepholes=True, **first), 12, 2.5)
    cell(
        "lstm-hard-sigmoid-2",
        lambda: cells.LSTM(2, 12, gate_activation={"kind": "hard_sigmoid", "alpha": 0.2, "beta": 0.5}, **first),
        12,
    )
    cell("lstm-hard-sigmoid-3", lambda: cells.LSTM(2, 12, gate_activation="hard_sigmoid", **first), 12)
    cell(
        "lstm-activations",
        lambda: cells.LSTM(
            2, 10, cell_activation="softsign", output_activation={"kind": "leaky_relu", "alpha": 0.1}, **first
        ),
        10,
        2.0,
    )
    cell("lstm-learned-state", lambda: cells.LSTM(2, 10, 2, learned_state=True, **first), 10)
    cell(
        "lstm-all-variants",
        lambda: cells.LSTM(
            2,
            11,
            2,
            peepholes=True,
            coupled="input",
            cell_clip=0.7,
            gate_clip=2.0,
            projection=6,
            learned_state=True,
            gate_activation="hard_sigmoid",
            **first,
        ),
        6,
        3.0,
    )
    cell("gru-reset-after", lambda: nn.GRU(2, 14, **first), 14)
    cell("gru-reset-before", lambda: cells.GRU(2, 14, reset="before", **first), 14)
    cell("gru-2-layers-no-bias", lambda: nn.GRU(2, 9, 2, bias=False, **first), 9)
    cell("gru-gate-clip", lambda: cells.GRU(2, 10, gate_clip=0.7, **first), 10, 2.5)
    cell(
        "gru-before-hard-sigmoid",
        lambda: cells.GRU(
            2,
            10,
            2,
            reset="before",
            gate_activation={"kind": "hard_sigmoid", "alpha": 0.2, "beta": 0.5},
            activation="relu",
            **first,
        ),
        10,
        1.6,
    )
    cell("gru-learned-state", lambda: cells.GRU(2, 9, learned_state=True, **first), 9)


def make_layers():
    three = ("a", "b", "c")
    make("activations", Activations, features=1, labels=three, scale=1.5, x=example("activations", 300, 1) * 2)
    make("activations-fused", Fused, labels=three, scale=2.0)
    make(
        "conv-stride",
        lambda: Channels(nn.Conv1d(2, 6, 5, stride=3, padding=2), nn.ReLU(), nn.Conv1d(6, 2, 2, stride=2)),
    )
    make(
        "conv-groups",
        lambda: Channels(
            nn.Conv1d(2, 8, 4, groups=2), nn.Tanh(), nn.Conv1d(8, 8, 5, groups=8, bias=False), nn.Conv1d(8, 2, 1)
        ),
    )
    make(
        "conv-same",
        lambda: Channels(nn.Conv1d(2, 6, 6, padding="same"), nn.Tanh(), nn.Conv1d(6, 2, 3, padding=1)),
        delay=0.05,
    )
    make("conv-valid", lambda: Channels(nn.Conv1d(2, 6, 4, dilation=3), nn.Sigmoid(), nn.Conv1d(6, 2, 5, padding=1)))
    make(
        "batchnorm",
        lambda: Channels(
            nn.BatchNorm1d(2),
            nn.Conv1d(2, 6, 3),
            nn.BatchNorm1d(6, eps=1e-3),
            nn.ReLU(),
            nn.BatchNorm1d(6, affine=False),
            nn.Conv1d(6, 2, 1),
        ),
    )
    make(
        "layernorm",
        lambda: nn.Sequential(
            nn.Linear(2, 8),
            nn.LayerNorm(8),
            nn.ReLU(),
            nn.LayerNorm(8, elementwise_affine=False, eps=1e-3),
            nn.Linear(8, 2),
        ),
    )
    make(
        "maxpool",
        lambda: Channels(
            nn.MaxPool1d(3, stride=2, padding=1),
            nn.Conv1d(2, 5, 2),
            nn.MaxPool1d(3, stride=1, dilation=2),
            nn.Conv1d(5, 2, 1),
        ),
    )
    make(
        "avgpool",
        lambda: Channels(nn.AvgPool1d(4, stride=3, padding=1), nn.Conv1d(2, 5, 3), nn.AvgPool1d(2), nn.Conv1d(5, 2, 1)),
    )
    make("prelu", lambda: Channels(nn.Conv1d(2, 6, 3), nn.PReLU(6, init=0.4), nn.Conv1d(6, 2, 1), nn.PReLU()))
    words = example("embedding", LAYER_STEPS, 2)
    words[:, 0] = np.random.default_rng(3).integers(0, 7, len(words))
    make("embedding", Words, labels=three, x=words)
    make("gated", Gated, labels=three, scale=4.0)
    make("residual", Residual, labels=three, scale=1.5)
    make("branches", Branches, labels=three, scale=1.5)
    make("two-rates", Rates, labels=three, scale=1.5)
    make(
        "two-heads",
        TwoHeads,
        labels={"beat": ["none", "N", "V"], "level": ["high"]},
        scale=1.8,
        head_activation={"beat": "softmax", "level": "sigmoid"},
    )
    make("cnn-lstm-pool", CNNLSTM, features=1, labels=["none", "N", "S", "V"], scale=2.5, steps=1000, rate=250.0)


class Translator(nn.Module):
    """Sutskever et al. 2014: the encoder's state starts the decoder, which gets its own scores back."""

    def __init__(self, layers=1):
        super().__init__()
        self.encoder = nn.LSTM(2, 10, layers, batch_first=True)
        self.decoder = nn.LSTM(4, 10, layers, batch_first=True)
        self.out = nn.Linear(10, 4)

    def forward(self, x):
        _, state = self.encoder(x)
        fed, steps = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]), []
        for _ in range(8):
            y, state = self.decoder(fed, state)
            steps.append(self.out(y))
            fed = torch.softmax(steps[-1], -1)
        return torch.cat(steps, 1)


class Speller(nn.Module):
    """Cho et al. 2014: the context at every step beside the last class; from one vector."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(3, 8), nn.Tanh())
        self.decoder = nn.GRU(8 + 4, 9, batch_first=True)
        self.out = nn.Linear(9, 4)

    def forward(self, x):
        context, state = self.encoder(x[:, -1:]), None
        fed, steps = torch.zeros(1, 1, 4), []
        for _ in range(10):
            y, state = self.decoder(torch.cat([context, fed], -1), state)
            steps.append(self.out(y))
            fed = F.one_hot(steps[-1].argmax(-1), 4).float()
        return torch.cat(steps, 1)


class Words2(nn.Module):
    """The last class comes back as its number, through an embedding; cells stepped by a loop."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.GRU(2, 8, batch_first=True)
        self.embedding, self.cell, self.out = nn.Embedding(4, 5), nn.GRUCell(5, 8), nn.Linear(8, 4)

    def forward(self, x):
        h = self.encoder(x)[1][-1]
        fed, steps = torch.tensor([2]), []
        for _ in range(6):
            h = self.cell(self.embedding(fed), h)
            steps.append(self.out(h))
            fed = steps[-1].argmax(-1)
        return torch.stack(steps, 1)


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(2, 9, batch_first=True)
        self.decoder = nn.LSTM(9, 8, batch_first=True)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        context = self.encoder(x)[1][0][-1]
        return self.out(self.decoder(context.unsqueeze(1).repeat(1, 7, 1))[0])


def make_patterns():
    four = ("a", "b", "c", "end")

    def windows(name, module, length, count, features, **more):
        x = example(name, length * count, features).reshape(count, length, features)
        make(
            name,
            module,
            x=x,
            steps=length * count,
            regime="windowed",
            hop=max(1, length // 2),
            **{"scale": 2.0, **more},
        )

    windows(
        "decoder-state-scores",
        Translator,
        16,
        12,
        2,
        labels=four,
        decoder={
            "steps": 8,
            "input": "feedback",
            "feedback": "scores",
            "state": "encoder",
            "start": [1, 0, 0, 0],
            "stop": "end",
            "decoder": ["decoder", "out"],
        },
    )
    windows(
        "decoder-state-2-layers",
        lambda: Translator(2),
        12,
        10,
        2,
        labels=four,
        decoder={
            "steps": 8,
            "input": "feedback",
            "feedback": "scores",
            "state": "encoder",
            "start": [1, 0, 0, 0],
            "decoder": ["decoder", "out"],
        },
    )
    windows(
        "decoder-one-to-many",
        Speller,
        1,
        40,
        3,
        labels=four,
        scale=3.0,
        pattern="one-to-many",
        decoder={
            "steps": 10,
            "input": "context+feedback",
            "feedback": "onehot",
            "stop": "end",
            "decoder": ["decoder", "out"],
        },
    )
    windows(
        "decoder-class-embedding",
        Words2,
        14,
        12,
        2,
        labels=four,
        scale=3.0,
        decoder={
            "steps": 6,
            "input": "feedback",
            "feedback": "class",
            "start": [2],
            "state": "encoder",
            "decoder": ["embedding", "cell", "out"],
        },
    )
    windows("decoder-context", Repeated, 14, 12, 2, labels=("a", "b", "c"))
    torch.manual_seed(5)
    rhythm = nn.Sequential(nn.Linear(3 + 6 + 5, 8), nn.Tanh(), nn.GRU(8, 7, batch_first=True), nn.Linear(7, 3))
    make(
        "event-stage",
        lambda: nn.Sequential(nn.LSTM(1, 6, batch_first=True), nn.Linear(6, 3)),
        features=1,
        labels=["none", "N", "V"],
        scale=2.0,
        decide={"emit": "peaks", "enter": 0.5, "leave": 0.3, "refractory": 0.2},
        event_stage={
            "module": rhythm,
            "features": ["scores", "hidden", "interval", "ratio:8", "ratio:300", "regularity", "next:interval"],
            "hidden": "0",
            "wait": 1,
            "labels": ["N", "S", "V"],
            "example": np.abs(example("event-stage-events", 200, 14)),
        },
    )
    torch.manual_seed(6)
    plain = nn.Sequential(nn.Linear(3 + 2, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        # So that some events are dropped and not all.
        for weight in plain.parameters():
            weight.mul_(4)
        plain[2].bias.copy_(torch.tensor([1.5, 4.0, 0.0]))

    def sharp():
        network = nn.Sequential(nn.GRU(1, 6, batch_first=True), nn.Linear(6, 3))
        with torch.no_grad():
            network[1].weight.mul_(6)
        return network

    make(
        "event-stage-no-wait",
        sharp,
        features=1,
        labels=["none", "N", "V"],
        scale=2.0,
        decide={"emit": "peaks", "enter": 0.5, "leave": 0.3, "refractory": 0.2},
        event_stage={
            "module": plain,
            "features": ["scores", "interval", "ratio:8"],
            "labels": ["N", "V", "noise"],
            "none": "noise",
            "example": np.abs(example("event-stage-plain", 200, 5)),
        },
    )


def make_windowed():
    def window(name, module, length=24, count=12, features=2, **more):
        x = example(name, length * count, features).reshape(count, length, features)
        make(name, module, x=x, steps=length * count, regime="windowed", hop=length // 4, **{"scale": 1.8, **more})

    first = {"batch_first": True}
    both = {"batch_first": True, "bidirectional": True}
    three = ("a", "b", "c")
    window("window-lstm-last", lambda: Last(nn.LSTM(2, 10, **first), 10))
    window("window-gru-target", lambda: Head(nn.GRU(2, 10, 2, **first), 10), target=12)
    window("window-rnn-every", lambda: Head(nn.RNN(2, 8, **first), 8))
    window("window-lstm-learned", lambda: Last(cells.LSTM(2, 8, learned_state=True, **first), 8))
    window(
        "window-lstm-normalised",
        lambda: Last(nn.LSTM(2, 8, **first), 8),
        conditioning={"filters": [], "normalisation": {"kind": "window", "epsilon": 1e-5}},
    )
    window("window-bilstm-final", lambda: Ends(nn.LSTM(2, 9, **both), 18))
    window("window-bilstm-2-layers", lambda: Head(nn.LSTM(2, 7, 2, **both), 14))
    window("window-bilstm-projection", lambda: Ends(nn.LSTM(2, 9, 2, proj_size=4, **both), 8))
    window("window-bigru-final", lambda: Ends(nn.GRU(2, 8, 2, bias=False, **both), 16))
    window("window-bigru-before", lambda: Head(cells.GRU(2, 8, reset="before", learned_state=True, **both), 16))
    window("window-birnn-mean", lambda: Pooled(nn.RNN(2, 8, nonlinearity="relu", **both), 16, "mean"), scale=1.2)
    window("window-bilstm-peephole-max", lambda: Pooled(cells.LSTM(2, 7, peepholes=True, **both), 14, "max"))
    window("window-cnn-flatten", Flat, length=30, labels=three)
    window("window-cnn-lstm", CNNLSTMLast, length=64, count=6, features=1, labels=["none", "N", "S", "V"])
    window("window-joined", Joined, labels=three)
    window("window-residual", Residual, labels=three, target=11)
    window(
        "window-cnn-same",
        lambda: Channels(nn.Conv1d(2, 6, 7, padding="same"), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(6, 2, 3, padding=1)),
    )


def main():
    WANTED.update(sys.argv[1:])
    make_cells()
    make_layers()
    make_windowed()
    make_patterns()
    missing = WANTED - set(MADE)
    if missing:
        raise SystemExit(f"no file is named {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
