"""ONNX fixtures as PyTorch's two exporters write them: python golden/make_onnx_pytorch.py [NAME ...], from
the folder python/.

Weights are seeded. ONNX Runtime makes the golden outputs from the exported file, so that a fixture is independent of
PyTorch and of runnel alike.
"""

import os
import subprocess
import sys
import warnings

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

import onnx_fixtures as fixtures
from onnx_fixtures import carried, windowed

TOOLS = {"torch": torch.__version__}
T = 24
WANTED = set(sys.argv[1:])


class Last(nn.Module):
    """(N, T, D) → recurrent → one step → linear → softmax."""

    def __init__(self, cell, index=-1, soft=True, **more):
        super().__init__()
        self.rnn = cell(3, 6, batch_first=True, **more)
        self.fc = nn.Linear(12 if more.get("bidirectional") else 6, 4)
        self.index, self.soft = index, soft

    def forward(self, x):
        y = self.fc(self.rnn(x)[0][:, self.index])
        return torch.softmax(y, -1) if self.soft else y


class Every(nn.Module):
    def __init__(self, cell, first=True, **more):
        super().__init__()
        self.rnn = cell(3, 6, batch_first=first, **more)
        self.fc = nn.Linear(12 if more.get("bidirectional") else 6, 4)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


class Final(nn.Module):
    """Both final states of a bidirectional layer."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 4)

    def forward(self, x):
        h = self.rnn(x)[1]
        return self.fc(torch.cat([h[-2], h[-1]], 1))


class ConvLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 5)
        self.norm = nn.BatchNorm1d(8)
        self.down = nn.Conv1d(8, 8, 3, stride=2, groups=4, padding=2, dilation=2)
        self.pool = nn.MaxPool1d(2)
        self.rnn = nn.LSTM(8, 6, batch_first=True)
        self.layer = nn.LayerNorm(6)
        self.fc = nn.Linear(6, 4)
        with torch.no_grad():
            self.norm.running_mean.uniform_(-0.5, 0.5)
            self.norm.running_var.uniform_(0.5, 2)
            self.norm.weight.uniform_(0.5, 2)
            self.norm.bias.uniform_(-0.5, 0.5)

    def forward(self, x):
        y = torch.relu(self.norm(self.conv(F.pad(x.transpose(1, 2), (4, 0)))))
        y = self.pool(F.leaky_relu(self.down(y), 0.2))
        return self.fc(self.layer(self.rnn(y.transpose(1, 2))[0]))


class States(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 6, num_layers=2, batch_first=True)
        self.fc = nn.Linear(6, 4)

    def forward(self, x, h, c):
        y, (h, c) = self.rnn(x, (h, c))
        return self.fc(y), h, c


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 6, batch_first=True)
        self.arm, self.grip = nn.Linear(6, 3), nn.Linear(6, 2)

    def forward(self, x):
        y = self.rnn(x)[0]
        return torch.softmax(self.arm(y), -1), torch.sigmoid(self.grip(y))


class Residual(nn.Module):
    """A temporal convolutional network: padded on both sides, cut on the right; branches; many activations."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv1d(3, 6, 3, padding=4, dilation=2), nn.Conv1d(6, 6, 3, padding=2)
        self.skip = nn.Conv1d(3, 6, 1)
        self.slope = nn.PReLU(6)
        self.gate = nn.Linear(6, 6)
        self.fc = nn.Linear(18, 4)

    def forward(self, x):
        z = x.transpose(1, 2)
        y = self.slope(self.a(z)[:, :, :-4])
        y = F.elu(self.b(y)[:, :, :-2]) + self.skip(z)
        y = y.transpose(1, 2)
        g = torch.sigmoid(self.gate(y)) * torch.tanh(y)
        s, t = torch.split(F.silu(y), [2, 4], -1)
        return self.fc(torch.cat([g, F.softplus(s), F.gelu(t), F.hardtanh(y) - y], -1))


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 4)

    def forward(self, x):
        return torch.sigmoid(self.fc(self.rnn(x)[0].mean(1)))


class Adaptive(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.pool, self.fc = nn.Conv1d(3, 6, 5), nn.AvgPool1d(2, 2), nn.Linear(6, 4)

    def forward(self, x):
        y = self.pool(torch.tanh(self.conv(x.transpose(1, 2))))
        return self.fc(F.adaptive_avg_pool1d(y, 1).flatten(1))


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.out = nn.Conv1d(3, 4, 5, stride=2), nn.Linear(4 * 10, 6), nn.Linear(6, 4)

    def forward(self, x):
        return self.out(torch.relu(self.fc(torch.relu(self.conv(x.transpose(1, 2))).flatten(1))))


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.rnn, self.fc = nn.Embedding(9, 5), nn.LSTM(5, 6, batch_first=True), nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.rnn(self.embed(x))[0])


class Words(nn.Module):
    """A class number beside a measurement."""

    def __init__(self):
        super().__init__()
        self.table, self.rnn, self.fc = nn.Embedding(9, 5), nn.GRU(7, 6, batch_first=True), nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.rnn(torch.cat([self.table(x[..., 0].long()), x[..., 1:]], -1))[0])


class Functions(nn.Module):
    """Activations that the exporters write out in nodes of their own."""

    def __init__(self):
        super().__init__()
        self.wide, self.fc = nn.Linear(3, 12), nn.Linear(14, 4)

    def forward(self, x):
        a, b, c, d = self.wide(x).chunk(4, -1)
        y = torch.cat([F.softsign(a), F.mish(b), F.logsigmoid(c), F.tanhshrink(d), F.glu(torch.cat([a, d[..., :1]], -1))], -1)
        return self.fc(y)


class Stacked(nn.Module):
    """Both final states of the last of two bidirectional layers."""

    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(3, 6, num_layers=2, batch_first=True, bidirectional=True), nn.Linear(12, 4)

    def forward(self, x):
        h = self.rnn(x)[1]
        return self.fc(torch.cat([h[-2], h[-1]], 1))


class Largest(nn.Module):
    """A pool as long as the window, whose axis of one step goes."""

    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.LSTM(3, 6, batch_first=True), nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(F.adaptive_max_pool1d(self.rnn(x)[0].transpose(1, 2), 1).flatten(1))


class Repeated(nn.Module):
    """A context at every step of a decoder."""

    def __init__(self):
        super().__init__()
        self.rnn, self.decoder, self.fc = nn.LSTM(3, 6, batch_first=True), nn.GRU(6, 6, batch_first=True), nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.decoder(self.rnn(x)[0][:, -1].unsqueeze(1).repeat(1, 5, 1))[0])


class Learned(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(3, 6, batch_first=True), nn.Linear(6, 4)
        self.h0 = nn.Parameter(torch.randn(1, 1, 6))

    def forward(self, x):
        return self.fc(self.rnn(x, self.h0.expand(1, x.shape[0], 6).contiguous())[0][:, -1])


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.LSTMCell(3, 6), nn.Linear(6, 4)

    def forward(self, x):
        h = c = torch.zeros(x.shape[0], 6)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
        return self.fc(h)


class Projected(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.LSTM(3, 8, batch_first=True, proj_size=6), nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


class Likelihood(nn.Module):
    """Two heads as they are trained: one with a negative log likelihood, one with a binary cross entropy of logits."""

    def __init__(self):
        super().__init__()
        self.rnn, self.arm, self.grip = nn.GRU(3, 6, batch_first=True), nn.Linear(6, 3), nn.Linear(6, 2)

    def forward(self, x):
        y = self.rnn(x)[0][:, -1]
        return F.log_softmax(self.arm(y), -1), self.grip(y)


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.LSTM(3, 6, batch_first=True), nn.Linear(6, 4)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, x):
        y = self.rnn(x)[0]
        return self.fc(self.attention(y, y, y)[0][:, -1])


class Backwards(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(3, 6, batch_first=True), nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.rnn(torch.flip(x, [1]))[0][:, -1])


def export(name, module, example, dynamo, dynamic=False, **more):
    module.eval()
    example = example if isinstance(example, tuple) else (example,)
    if dynamic:
        names = ["x", "h", "c"][: len(example)]
        axes = {"x": {0: "n", 1: "t"}, "h": {1: "n"}, "c": {1: "n"}}
        more.update(input_names=names, dynamic_axes={key: axes[key] for key in names})
    torch.onnx.export(module, example, fixtures.path(name), dynamo=dynamo, verbose=False, **more)
    # Stack traces name files of the machine that exported.
    model = onnx.load(fixtures.path(name), load_external_data=False)
    for part in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output,
                 *model.graph.initializer, model]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    with open(fixtures.path(name), "wb") as file:
        file.write(model.SerializeToString())


def make(name, module, spec, dynamo, features=3, steps=T, refused=None, time_first=False, integers=0, classes=0, extra=(), **more):
    torch.manual_seed(sum(map(ord, name.split("-")[0])))
    for value in module.parameters():
        with torch.no_grad():
            value.copy_(torch.randn_like(value) * 0.5)
    # Only now: the next network is made with the numbers that follow.
    if WANTED and name not in WANTED:
        return
    if "dynamic_shapes" in more and WANTED != {name}:
        # What the exporter makes of a free axis depends on what it exported before, down to failing.
        subprocess.run([sys.executable, __file__, "--into", os.path.dirname(fixtures.FOLDER), name], check=True)
        return
    x = fixtures.frames(steps, features)
    if classes:
        x[:, 0] = np.random.default_rng(5).integers(0, classes, steps)
    if integers:
        x = np.random.default_rng(5).integers(0, integers, (steps, 1))
    shaped = torch.from_numpy(x[:, 0][None] if integers else x[:, None] if time_first else x[None])
    export(name, module, (shaped, *extra), dynamo, **more)
    if refused:
        return fixtures.describe(name, spec, refused=refused, tools=TOOLS)
    inputs = onnx.load(fixtures.path(name), load_external_data=False).graph.input
    feeds = dict(zip([i.name for i in inputs], [shaped.numpy(), *[e.numpy() for e in extra]]))
    outputs = fixtures.run(name, feeds)
    if "heads" in name:
        y = np.concatenate([o[0] for o in outputs], -1)
    else:
        y = outputs[0][:, 0] if time_first else outputs[0][0]
    fixtures.describe(name, spec, x, y, tools=TOOLS)


class Plane(nn.Module):
    """Convolutions over time and a second axis (DeepConvLSTM, keyword spotting), flattened filter by filter or column by
    column; the second one turns the axes round."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.conv = nn.Conv2d(1, 4, (3, 5) if kind == "turned" else (5, 1), padding=(1, 0) if kind == "turned" else 0)
        self.norm, self.deep = nn.BatchNorm2d(4), nn.Conv2d(4, 2, 3 if kind == "wide" else 1, groups=2, padding=(0, 1) if kind == "wide" else 0)
        self.pool = nn.MaxPool2d((2, 1)) if kind == "filters" else nn.Identity()
        self.lstm, self.head = nn.LSTM(6, 5, batch_first=True), nn.Linear(5, 4)
        self.norm.running_mean += torch.linspace(-0.2, 0.2, 4)
        self.norm.running_var *= torch.linspace(0.5, 1.5, 4)

    def forward(self, x):
        x = (x.transpose(1, 2) if self.kind == "turned" else x).unsqueeze(1)
        x = self.pool(torch.relu(self.deep(torch.relu(self.norm(self.conv(x))))))
        x = x.transpose(2, 3) if self.kind == "turned" else x
        x = x.permute(0, 2, 3, 1) if self.kind == "columns" else x.permute(0, 2, 1, 3)
        return self.head(self.lstm(x.flatten(2))[0])


class Weighed(nn.Module):
    """Attention pooling over one feature: a softmax over time."""

    def __init__(self):
        super().__init__()
        self.lstm, self.weigh = nn.LSTM(3, 1, batch_first=True), nn.Linear(1, 1)

    def forward(self, x):
        y = self.lstm(x)[0]
        return (torch.softmax(self.weigh(y), 1) * y).mean(1)


class Normed(nn.Module):
    """Weight norm, which the older exporter writes out."""

    def __init__(self):
        super().__init__()
        self.conv, self.gru = nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 5, 3, padding=2)), nn.GRU(5, 4, batch_first=True)

    def forward(self, x):
        return self.gru(torch.relu(self.conv(x.transpose(1, 2))[:, :, :-2]).transpose(1, 2))[0]


def main():
    warnings.filterwarnings("ignore")
    zeros = (torch.zeros(2, 1, 6), torch.zeros(2, 1, 6))
    for exporter, dynamo in (("script", False), ("dynamo", True)):
        make(f"lstm-last-{exporter}", Last(nn.LSTM), windowed(4), dynamo)
        make(f"lstm-stack-both-{exporter}", Last(nn.LSTM, num_layers=2, bidirectional=True, soft=False), windowed(4), dynamo)
        make(f"gru-final-both-{exporter}", Final(), windowed(4), dynamo)
        make(f"gru-every-{exporter}", Every(nn.GRU, num_layers=2, bias=False), carried(4), dynamo)
        make(f"gru-time-first-{exporter}", Every(nn.GRU, first=False), carried(4), dynamo, time_first=True)
        make(f"conv-lstm-{exporter}", ConvLSTM(), carried(4), dynamo)
        make(f"lstm-states-{exporter}", States(), {"rate": 100, "labels": ["a", "b", "c", "d"]}, dynamo, extra=zeros)
        make(f"gru-heads-{exporter}", Heads(), {**carried(5), "labels": {"arm": ["l", "m", "r"], "grip": ["o", "c"]}}, dynamo)
        make(f"residual-{exporter}", Residual(), carried(4), dynamo)
        make(f"gru-mean-{exporter}", Mean(), windowed(4), dynamo)
        make(f"conv-average-{exporter}", Adaptive(), windowed(4), dynamo)
        for kind in ("filters", "columns", "wide", "turned"):
            make(f"plane-{kind}-{exporter}", Plane(kind), carried(4), dynamo)
        make(f"attention-{exporter}", Weighed(), windowed(1), dynamo, refused="attention pooling")
        make(f"weight-norm-{exporter}", Normed(), carried(4), dynamo)
        make(f"conv-flat-{exporter}", Flat(), windowed(4), dynamo)
        make(f"lstm-embedded-{exporter}", Embedded(), carried(4), dynamo, integers=9)
        make(f"gru-learned-{exporter}", Learned(), windowed(4), dynamo)
        make(f"lstm-step-{exporter}", Last(nn.LSTM, index=-5, soft=False), windowed(4), dynamo)
        make(f"functions-{exporter}", Functions(), carried(4), dynamo)
        make(f"gru-words-{exporter}", Words(), carried(4), dynamo, classes=9)
        make(f"gru-final-stack-{exporter}", Stacked(), windowed(4), dynamo)
        make(f"lstm-largest-{exporter}", Largest(), windowed(4), dynamo)
        make(f"repeated-{exporter}", Repeated(), windowed(4), dynamo, refused="for a decoder")
        make(f"cells-{exporter}", Cells(), windowed(4), dynamo, steps=6, refused="out step by step")
        make(f"likelihood-heads-{exporter}", Likelihood(), {**windowed(5), "labels": {"arm": ["l", "m", "r"], "grip": ["o", "c"]}}, dynamo)
        make(f"attention-heads-{exporter}", Attending(), windowed(4), dynamo, refused="as attention does")
    make("attention-dynamic", Attending(), windowed(4, T), False, dynamic=True, refused="as attention does")
    make("backwards-dynamic", Backwards(), windowed(4, T), False, dynamic=True, refused="turns an axis around")
    make("conv-flat-dynamic", Flat(), windowed(4, T), False, dynamic=True)
    make("lstm-last-dynamic", Last(nn.LSTM), windowed(4, T), False, dynamic=True)
    make("lstm-step-dynamic", Last(nn.LSTM, index=-5, soft=False), windowed(4, T), False, dynamic=True)
    make("lstm-states-dynamic", States(), {"rate": 100, "labels": ["a", "b", "c", "d"]}, False, extra=zeros, dynamic=True)
    make("lstm-stack-dynamic", Last(nn.LSTM, num_layers=2, bidirectional=True), windowed(4, T), False, dynamic=True)
    make("conv-lstm-dynamic", ConvLSTM(), carried(4), False, dynamic=True)
    make("lstm-one-step-script", States(), {"rate": 100, "labels": ["a", "b", "c", "d"]}, False, steps=1, extra=zeros)
    make("lstm-last-dynamo-dynamic", Last(nn.LSTM), windowed(4, T), True, dynamic_shapes=({1: torch.export.Dim("t", min=2, max=4096)},))
    make("conv-lstm-dynamo-dynamic", ConvLSTM(), carried(4), True, dynamic_shapes=({1: torch.export.Dim.DYNAMIC},))
    make("gru-final-dynamo-dynamic", Final(), windowed(4, T), True, dynamic_shapes=({1: torch.export.Dim.DYNAMIC},))
    make("rnn-relu-script", Every(nn.RNN, num_layers=2, nonlinearity="relu"), carried(4), False)
    make("rnn-last-script", Last(nn.RNN), windowed(4), False)
    make("rnn-unrolled-dynamo", Every(nn.RNN), carried(4), True, steps=6, refused="dynamo=False")
    make("lstm-projected-dynamo", Projected(), windowed(4), True,
         refused="proj_size")
    make("lstm-inline-dynamo", Last(nn.LSTM), windowed(4), True, external_data=False)
    make("conv-lstm-opset13", ConvLSTM(), carried(4), False, opset_version=13)
    if not WANTED:
        outside()


def outside():
    """The same with every weight outside."""
    model = onnx.load(fixtures.path("lstm-last-script"))
    name = "lstm-outside-script"
    weights = os.path.join(fixtures.FOLDER, name + ".weights")
    if os.path.exists(weights):
        os.remove(weights)  # onnx appends
    onnx.save(model, fixtures.path(name), save_as_external_data=True, location=name + ".weights", size_threshold=0)
    x = fixtures.frames(T, 3)
    fixtures.describe(name, windowed(4), x, fixtures.run(name, {model.graph.input[0].name: x[None]})[0][0], tools=TOOLS)


if __name__ == "__main__":
    main()
