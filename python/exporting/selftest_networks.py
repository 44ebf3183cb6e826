"""The PyTorch modules that the selftest saves, and those that it must refuse."""

import torch
from torch import nn
from torch.nn import functional as F


class Causal(nn.Module):
    """The shape of the first ECG model: left-padded convolution, LSTM, head."""

    def __init__(self, symmetric=False, pad=True):
        super().__init__()
        self.pad = pad and not symmetric
        self.conv = nn.Conv1d(1, 6, 5, padding=2 if symmetric else 0)
        self.relu = nn.ReLU()
        self.lstm = nn.LSTM(6, 7, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(7, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        if self.pad:
            x = F.pad(x, (4, 0))
        y = self.relu(self.conv(x)).transpose(1, 2)
        return self.head(self.drop(self.lstm(y)[0]))


class TwoSequences(nn.Module):
    """A context repeated for a decoder, and two heads for each of its steps."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.GRU(2, 4, batch_first=True), nn.GRU(4, 4, batch_first=True)
        self.a, self.b = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        y = self.decoder(self.encoder(x)[0][:, -1:].repeat(1, 5, 1))[0]
        return {"a": self.a(y), "b": self.b(y)}


class Backwards(nn.Module):
    """Children defined in another order than forward runs them."""

    def __init__(self):
        super().__init__()
        self.b = nn.Linear(4, 3)
        self.a = nn.Linear(2, 4)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


class Everything(nn.Module):
    """Norms, pools, skips, gates, functional calls, a constant per feature, a log_softmax."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv1d(2, 6, 5, padding="same"), nn.BatchNorm1d(6)
        self.side, self.pool = nn.Conv1d(6, 6, 3, padding=2, dilation=2, groups=3), nn.MaxPool1d(2)
        self.layernorm, self.gru = nn.LayerNorm(6), nn.GRU(6, 7, 2, batch_first=True)
        self.prelu, self.gate, self.head = nn.PReLU(7), nn.Linear(7, 1), nn.Linear(13, 3)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 0.5]))

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x.permute(0, 2, 1))))
        x = self.pool(x + F.leaky_relu(self.side(x), 0.2)).mT
        x = self.layernorm(x)
        y = self.prelu(self.gru(x)[0].transpose(1, 2)).transpose(1, 2)
        y = y * torch.sigmoid(self.gate(y)) - 0.5 * F.hardswish(y) + F.logsigmoid(y)
        return F.log_softmax(self.head(torch.cat([1.7 * torch.tanh(0.6 * x), y], -1)) / self.scale, -1)


class Temporal(nn.Module):
    """A temporal block whose right padding is taken off again, with weight norm."""

    def __init__(self):
        super().__init__()
        norm = torch.nn.utils.parametrizations.weight_norm
        self.first, self.second = (norm(nn.Conv1d(k, 5, 3, padding=4, dilation=2)) for k in (2, 5))
        self.down, self.head = nn.Conv1d(2, 5, 1), nn.Linear(5, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        y = F.elu(self.first(x))[:, :, :-4]
        return self.head(F.relu(self.second(y)[:, :, :-4] + self.down(x)).transpose(1, 2))


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.beat, self.level = nn.GRU(2, 5, batch_first=True), nn.Linear(5, 3), nn.Linear(5, 1)

    def forward(self, x):
        y, _ = self.gru(x)
        return {"level": torch.sigmoid(self.level(y)), "beat": self.beat(y).softmax(-1)}


class Loop(nn.Module):
    """A cell that forward steps by itself."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTMCell(2, 5), nn.Linear(5, 3)

    def forward(self, x):
        h = c = torch.zeros(x.shape[0], 5)
        y = []
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
            y.append(self.head(h))
        return torch.stack(y, 1)


class Start(nn.Module):
    """An initial state that was learned, given in forward."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(2, 5, proj_size=3, bias=False), nn.Linear(3, 3)
        self.h, self.c = nn.Parameter(torch.randn(1, 1, 3)), nn.Parameter(torch.randn(1, 1, 5))

    def forward(self, x):  # (T, B, D)
        state = self.h.expand(-1, x.shape[1], -1).contiguous(), self.c.expand(-1, x.shape[1], -1).contiguous()
        return self.head(self.lstm(x, state)[0])


class Classes(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.gru, self.head = nn.Embedding(5, 3), nn.GRU(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.gru(torch.cat([self.embedding(x[..., 0].long()), x[..., 1:]], -1))[0])


class Cell(nn.Module):
    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 3)

    def forward(self, x):
        return self.head(self.layer(x)[0])


class Taken(nn.Module):
    """What many networks take of a sequence for one answer."""

    def __init__(self, how, **more):
        super().__init__()
        self.how = how
        self.lstm = nn.LSTM(2, 5, batch_first=True, **more)
        self.head = nn.Linear(10 if more.get("bidirectional") else 5, 3)

    def forward(self, x):
        y, (h, _) = self.lstm(x)
        return self.head(
            {
                "last": lambda: y[:, -1],
                "third": lambda: y[:, 3, :],
                "state": lambda: h[-1],
                "mean": lambda: y.mean(1),
                "max and last": lambda: y.max(1).values + h[-1],
                "states": lambda: torch.cat([h[-2], h[-1]], 1),
                "permuted": lambda: h.permute(1, 0, 2).reshape(x.size(0), -1),
                "every": lambda: y,
                "ends": lambda: torch.cat([y[:, -1, :5], y[:, 0, 5:]], 1),
            }[self.how]()
        )


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv1d(1, 4, 3, padding=1), nn.AvgPool1d(2)
        self.hidden, self.head = nn.Linear(40, 6), nn.Linear(6, 1)

    def forward(self, x):
        return torch.sigmoid(self.head(F.elu(self.hidden(torch.flatten(self.pool(torch.tanh(self.conv(x))), 1)))))


class Translator(nn.Module):
    def __init__(self, forward=True):
        super().__init__()
        self.whole = forward
        self.encoder, self.decoder = nn.LSTM(2, 6, batch_first=True), nn.LSTM(3, 6, batch_first=True)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        if not self.whole:
            raise NotImplementedError
        state, fed, steps = self.encoder(x)[1], torch.zeros(1, 1, 3), []
        for _ in range(7):
            y, state = self.decoder(fed, state)
            steps.append(self.out(y))
            fed = steps[-1].softmax(-1)
        return torch.cat(steps, 1)


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.GRU(2, 6, batch_first=True), nn.GRU(6, 5, batch_first=True)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.decoder(self.encoder(x)[1][-1].unsqueeze(1).repeat(1, 9, 1))[0])


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 3)
        self.register_buffer("places", torch.randn(256, 2))

    def forward(self, x):
        return self.head(x + self.places[: x.shape[1]])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.attention(x, x, x)[0])


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        return self.head(F.dropout(x, 0.5))


def broken(module):
    with torch.no_grad():
        module.head.bias[0] = float("nan")
    return module
