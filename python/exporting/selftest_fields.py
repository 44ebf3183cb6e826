"""Networks as their fields write them: activity recognition, keyword spotting, voice activity, guitar amplifiers. Part of
the selftest."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from exporting.selftest import WINDOW

FOUR = {"labels": ["a", "b", "c", "d"]}


class Activity(nn.Module):
    """DeepConvLSTM (Ordóñez and Roggen, Sensors 16(1):115, 2016) with fewer channels: convolutions along time alone, the
    maps flattened filter by filter or column by column."""

    def __init__(self, turned=False, filters_first=True):
        super().__init__()
        shape = (1, 5) if turned else (5, 1)
        self.turned, self.filters_first = turned, filters_first
        self.conv1, self.norm = nn.Conv2d(1, 6, shape), nn.BatchNorm2d(6)
        self.conv2, self.drop = nn.Conv2d(6, 4, shape), nn.Dropout2d(0.3)
        self.lstm, self.head = nn.LSTM(4 * 3, 7, 2), nn.Linear(7, 4)

    def forward(self, x):  # (B, T, 3)
        x = (x.transpose(1, 2) if self.turned else x).unsqueeze(1)
        x = F.relu(self.conv2(self.drop(F.relu(self.norm(self.conv1(x))))))
        x = x.transpose(2, 3) if self.turned else x  # (B, 4, T, 3)
        x = x.permute(2, 0, 1, 3) if self.filters_first else x.permute(2, 0, 3, 1)
        x = x.reshape(x.shape[0], x.shape[1], -1)
        return self.head(self.lstm(x)[0][-1])


class Keywords(nn.Module):
    """Arik et al. (2017): a kernel over time and frequency, strides along both, recurrent layers."""

    def __init__(self, pooled=False, mean=False):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, (5, 3), stride=(2, 2), padding=(2, 1))
        self.deep = nn.Conv2d(4, 6, 3, padding=(0, 1), groups=2)
        self.pool = nn.Sequential(nn.AvgPool2d((1, 2)), nn.MaxPool2d((2, 1))) if pooled else nn.Identity()
        self.mean = mean
        columns = 1 if mean else 2 if pooled else 5
        self.gru, self.head = nn.GRU(6 * columns, 7, batch_first=True), nn.Linear(7, 4)

    def forward(self, x):  # (B, T, 9)
        x = self.pool(torch.relu(self.deep(F.elu(self.conv(x.unsqueeze(1))))))
        x = x.mean(3) if self.mean else x.transpose(1, 2).flatten(2).transpose(1, 2)
        return self.head(self.gru(x.transpose(1, 2))[0])


class Packed(nn.Module):
    def __init__(self, last=False, ordered=True):
        super().__init__()
        self.gru, self.head = nn.GRU(2, 5, 2, batch_first=True), nn.Linear(5, 3)
        self.last, self.ordered = last, ordered

    def forward(self, x, lengths=None):
        lengths = torch.full((len(x),), x.shape[1]) if lengths is None else lengths
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=self.ordered)
        y, h = self.gru(packed)
        if self.last:
            return self.head(h[-1])
        return self.head(nn.utils.rnn.pad_packed_sequence(y, batch_first=True)[0] * 2.0)


class Voice(nn.Module):
    """Convolutions, an LSTM whose states come in and go out."""

    def __init__(self):
        super().__init__()
        self.conv, self.lstm, self.head = nn.Conv1d(2, 4, 3), nn.LSTM(4, 5, 2, batch_first=True), nn.Linear(5, 3)

    def forward(self, x, h, c):
        x = F.relu(self.conv(F.pad(x.transpose(1, 2), (2, 0)))).transpose(1, 2)
        y, (h, c) = self.lstm(x, (h, c))
        return self.head(y), h, c


class Amplifier(nn.Module):
    """The state is kept in the module; the input is added to what comes out."""

    def __init__(self):
        super().__init__()
        self.rec, self.lin, self.hidden = nn.LSTM(1, 6), nn.Linear(6, 1), None

    def forward(self, x):  # (T, B, 1)
        y, self.hidden = self.rec(x, self.hidden)
        return self.lin(y) + x


class Stepped(nn.Module):
    """A loop over cells that returns what it ends with."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.LSTMCell(2, 4), nn.GRUCell(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        h, c, g = torch.zeros(len(x), 4), torch.zeros(len(x), 4), x.new_zeros(len(x), 5)
        for t in range(x.shape[1]):
            h, c = self.first(x[:, t], (h, c))
            g = self.second(h, g)
        return self.head(g)


class Echo(nn.Module):
    """A leaky state in a loop of its own."""

    def __init__(self):
        super().__init__()
        self.taken, self.kept, self.head = nn.Linear(2, 6), nn.Linear(6, 6, bias=False), nn.Linear(6, 3)

    def forward(self, x):
        state, states = x.new_zeros(len(x), 6), []
        for t in range(x.shape[1]):
            state = 0.7 * state + 0.3 * torch.tanh(self.taken(x[:, t]) + self.kept(state))
            states.append(state)
        return self.head(torch.stack(states, 1))


class Forecast(nn.Module):
    """A decoder that begins with the last value of the window."""

    def __init__(self, last=True):
        super().__init__()
        self.encoder, self.decoder, self.head = (
            nn.GRU(2, 5, batch_first=True),
            nn.GRU(1, 5, batch_first=True),
            nn.Linear(5, 1),
        )
        self.last = last

    def forward(self, x):
        h = self.encoder(x)[1]
        y, all = x[:, -1:, :1] if self.last else torch.zeros(len(x), 1, 1), []
        for _ in range(4):
            z, h = self.decoder(y, h)
            y = self.head(z)
            all.append(y)
        return torch.cat(all, 1)


class Weighed(nn.Module):
    """Attention pooling."""

    def __init__(self):
        super().__init__()
        self.lstm, self.weigh, self.head = nn.LSTM(2, 4, batch_first=True), nn.Linear(4, 1), nn.Linear(4, 3)

    def forward(self, x):
        y = self.lstm(x)[0]
        return self.head((torch.softmax(self.weigh(y), 1) * y).sum(1))


class Loudest(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.pool, self.head = nn.Conv2d(1, 2, (3, 1)), nn.MaxPool2d((1, 2)), nn.Linear(2, 3)

    def forward(self, x):
        x = self.pool(self.conv(x.unsqueeze(1)))  # (B, 2, T, 1)
        return self.head(x.squeeze(3).transpose(1, 2))


def run(test):
    windows, noise = {**WINDOW, **FOUR}, np.random.default_rng(3)
    for turned in (False, True):
        for filters_first in (False, True):
            test.save(
                f"activity: Conv2d along time, {'turned, ' * turned}{'filters' if filters_first else 'columns'} first",
                lambda turned=turned, filters_first=filters_first: Activity(turned, filters_first),
                example=noise.standard_normal((3, 12, 3)),
                **{key: value for key, value in windows.items() if key != "example"},
            )
    frames = noise.standard_normal((60, 9))
    test.save("keywords: Conv2d over time and frequency", Keywords, **FOUR, example=frames)
    test.save("keywords: AvgPool2d over frequency, MaxPool2d over time", lambda: Keywords(True), **FOUR, example=frames)
    test.save("keywords: the mean over frequency", lambda: Keywords(mean=True), **FOUR, example=frames)
    test.save("a packed sequence", Packed)
    test.save("a packed sequence in any order", lambda: Packed(ordered=False))
    test.save("the final state of a packed sequence", lambda: Packed(True), **WINDOW)
    zeros, ones = torch.zeros(2, 1, 5), torch.full((2, 3, 5), 0.5)
    x = torch.as_tensor(noise.standard_normal((1, 50, 2)), dtype=torch.float32)
    test.save("states beside the frames", Voice, example=(x, zeros, zeros))
    test.save(
        "states that begin elsewhere than at zero",
        Voice,
        example=(x, ones, ones),
        expect=lambda description, _: description["layers"][1]["initial_state"] == "learned",
    )
    test.refuses("states that are not given", "example=(x, h0, c0)", Voice())
    test.save(
        "a state kept in the module",
        Amplifier,
        example=noise.standard_normal((1, 40, 1)),
        labels=["out"],
        head_activation="linear",
    )
    test.save("a loop over cells that returns its end", Stepped, **WINDOW)
    test.save("float64", lambda: Packed().double(), expect=lambda _, report: any("float64" in n for n in report["notes"]))
    test.save("bfloat16", lambda: Packed().bfloat16(), example=x.bfloat16())
    test.save("an array that is not contiguous", Packed, example=noise.standard_normal((2, 80))[:, ::-2].T)
    test.refuses("a leaky loop", "runnel_export.cells", Echo())
    test.refuses("a decoder that is not described", "decoder={", Forecast(False), **{**WINDOW, "labels": ["y"]})
    test.refuses(
        "a decoder that begins with the window's last value",
        "`start`",
        Forecast(),
        **{**WINDOW, "labels": ["y"], "pattern": "encoder-decoder", "head_activation": "linear"},
        decoder={"steps": 4, "input": "feedback", "feedback": "logits", "state": "encoder", "decoder": ["decoder", "head"]},
    )
    test.refuses("attention pooling", "attention pooling", Weighed(), **WINDOW)
    test.refuses("a maximum over columns", "AvgPool2d", Loudest(), example=frames[:, :2])
    module = Voice()
    test.refuses("TorchScript", "model template", torch.jit.script(module))
    test.refuses("an exported program", "save the nn.Module", torch.export.export(module, (x, zeros, zeros)).module())
