"""Recurrent layers that PyTorch lacks, to train with and to export: they take and give what nn.LSTM and nn.GRU do.

    self.lstm = runnel_export.cells.LSTM(3, 32, batch_first=True, peepholes=True, cell_clip=3.0)
    y, (h, c) = self.lstm(x)

Plain PyTorch, one step at a time: slower than nn.LSTM, the same gradient. Parameters have PyTorch's names and gate
orders; equations: docs/cells.md §2, §5, §9. Activations are names of runnel's: "tanh", "relu", "hard_sigmoid", …, or
{"kind", "alpha", "beta"}.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {
    "none": lambda x, a, b: x,
    "relu": lambda x, a, b: F.relu(x),
    "tanh": lambda x, a, b: torch.tanh(x),
    "sigmoid": lambda x, a, b: torch.sigmoid(x),
    "leaky_relu": lambda x, a, b: F.leaky_relu(x, 0.01 if a is None else a),
    "elu": lambda x, a, b: F.elu(x, 1.0 if a is None else a),
    "selu": lambda x, a, b: F.selu(x),
    "softplus": lambda x, a, b: F.softplus(x, threshold=1e9),
    "softsign": lambda x, a, b: F.softsign(x),
    "silu": lambda x, a, b: F.silu(x),
    "gelu": lambda x, a, b: F.gelu(x),
    "hard_sigmoid": lambda x, a, b: ((1 / 6 if a is None else a) * x + (0.5 if b is None else b)).clamp(0, 1),
    "clip": lambda x, a, b: x.clamp(-1.0 if a is None else a, 1.0 if b is None else b),
    "scaled_tanh": lambda x, a, b: (1.0 if a is None else a) * torch.tanh((1.0 if b is None else b) * x),
    "affine": lambda x, a, b: (1.0 if a is None else a) * x + (0.0 if b is None else b),
    "thresholded_relu": lambda x, a, b: torch.where(x > (1.0 if a is None else a), x, torch.zeros_like(x)),
    "exp": lambda x, a, b: torch.exp(x),
}


def activation(value):
    named = {"kind": value} if isinstance(value, str) else value
    function = ACTIVATIONS[named["kind"]]
    return lambda x: function(x, named.get("alpha"), named.get("beta"))


class Recurrent(nn.Module):
    """What the three have in common: parameters, levels, directions, the walk over time. Subclasses say `step`."""

    kind, gates, letters = "", 0, "h"

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        bidirectional=False,
        *,
        projection=None,
        learned_state=False,
        **flags,
    ):
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.proj_size, self.learned_state = projection or 0, learned_state
        self.flags = {key: value for key, value in flags.items() if value is not None and value is not False}
        carries = projection or hidden_size
        bound = 1 / math.sqrt(hidden_size)
        rows = self.rows() * hidden_size
        for k in range(num_layers):
            for half in self.halves():
                shapes = {
                    "weight_ih": (rows, input_size if k == 0 else carries * len(self.halves())),
                    "weight_hh": (rows, carries),
                }
                if bias:
                    shapes.update(bias_ih=(rows,), bias_hh=(rows,))
                if projection:
                    shapes["weight_hr"] = (carries, hidden_size)
                if self.flags.get("peepholes"):
                    shapes["weight_peephole"] = ((self.rows() - 1) * hidden_size,)
                if learned_state:
                    shapes.update({f"initial_{x}": (carries if x == "h" else hidden_size,) for x in self.letters})
                for name, shape in shapes.items():
                    self.register_parameter(
                        f"{name}_l{k}{half}", nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
                    )

    def rows(self):
        return self.gates - (1 if self.flags.get("coupled") else 0)

    def halves(self):
        return ["", "_reverse"] if self.bidirectional else [""]

    def of(self, name, at):
        return getattr(self, name + at, None)

    def forward(self, x, state=None):
        """x (B, T, I) with batch_first, else (T, B, I), or (T, I); y alike, and the final (h) or (h, c), each (L, B, H)."""
        batched = x.ndim == 3
        x = x if batched else x[None] if self.batch_first else x[:, None]
        x = x.transpose(0, 1) if self.batch_first else x  # (T, B, I)
        finals = []
        for k in range(self.num_layers):
            outputs = []
            for half in self.halves():
                at, place = f"_l{k}{half}", len(finals)
                h = self.begin(at, x.shape[1], place, state)
                steps, ys = range(len(x) - 1, -1, -1) if half else range(len(x)), {}
                for t in steps:
                    h = self.step(x[t], h, at)
                    ys[t] = h[0]
                outputs.append(torch.stack([ys[t] for t in range(len(x))]))
                finals.append(h)
            x = torch.cat(outputs, 2)
        y = x.transpose(0, 1) if self.batch_first else x
        states = [torch.stack(each) for each in zip(*finals)]
        if not batched:
            y, states = y.squeeze(0 if self.batch_first else 1), [each.squeeze(1) for each in states]
        return y, tuple(states) if len(states) > 1 else states[0]

    def begin(self, at, count, place, state):
        if state is not None:
            state = state if isinstance(state, tuple) else (state,)
            return tuple(each[place] for each in state)
        widths = [self.proj_size or self.hidden_size] + [self.hidden_size] * (len(self.letters) - 1)
        if self.learned_state:
            return tuple(self.of(f"initial_{x}", at).expand(count, -1) for x in self.letters)
        return tuple(self.of("weight_ih", at).new_zeros(count, width) for width in widths)

    def sums(self, x, h, at):
        """W x + b_ih and R h + b_hh, apart."""
        return F.linear(x, self.of("weight_ih", at), self.of("bias_ih", at)), F.linear(
            h, self.of("weight_hh", at), self.of("bias_hh", at)
        )

    def clipped(self, x):
        k = self.flags.get("gate_clip")
        return x if k is None else x.clamp(-k, k)


class RNN(Recurrent):
    """h' = (1 − leak) h + leak act(W x + R h + b): Elman, or a leaky integrator (echo state, Jaeger 2007)."""

    kind, gates = "rnn", 1

    def __init__(self, *sizes, leak=None, activation=None, **more):
        super().__init__(*sizes, leak=leak, activation=activation, **more)

    def step(self, x, state, at):
        a = self.flags.get("leak", 1.0)
        wx, rh = self.sums(x, state[0], at)
        return ((1 - a) * state[0] + a * activation(self.flags.get("activation", "tanh"))(wx + rh),)


class GRU(Recurrent):
    """Cho et al. 2014 with reset="before" (n = tanh(W x + R (r ⊙ h) + b)); PyTorch's with "after"."""

    kind, gates = "gru", 3

    def __init__(self, *sizes, reset=None, gate_activation=None, activation=None, gate_clip=None, **more):
        super().__init__(
            *sizes, reset=reset, gate_activation=gate_activation, activation=activation, gate_clip=gate_clip, **more
        )

    def step(self, x, state, at):
        (h,) = state
        gate = activation(self.flags.get("gate_activation", "sigmoid"))
        wx, rh = self.sums(x, h, at)
        (wr, wz, wn), (rr, rz, rn) = wx.chunk(3, 1), rh.chunk(3, 1)
        r, z = gate(self.clipped(wr + rr)), gate(self.clipped(wz + rz))
        if self.flags.get("reset", "after") == "before":
            weight, bias = self.of("weight_hh", at).chunk(3)[2], self.of("bias_hh", at)
            rn = F.linear(r * h, weight, None if bias is None else bias.chunk(3)[2])
        else:
            rn = r * rn
        n = activation(self.flags.get("activation", "tanh"))(self.clipped(wn + rn))
        return ((1 - z) * n + z * h,)


class LSTM(Recurrent):
    """i f g o with peepholes (Gers and Schmidhuber 2000), coupled="input" (i = 1 − f) or "forget" (f = 1 − i; its
    rows are left out of the weights), cell_clip, gate_clip, projection (Sak et al. 2014), other activations."""

    kind, gates, letters = "lstm", 4, "hc"

    def __init__(
        self,
        *sizes,
        peepholes=False,
        coupled=None,
        gate_activation=None,
        cell_activation=None,
        output_activation=None,
        cell_clip=None,
        gate_clip=None,
        **more,
    ):
        super().__init__(
            *sizes,
            peepholes=peepholes,
            coupled=coupled,
            gate_activation=gate_activation,
            cell_activation=cell_activation,
            output_activation=output_activation,
            cell_clip=cell_clip,
            gate_clip=gate_clip,
            **more,
        )

    def step(self, x, state, at):
        h, c = state
        flags = self.flags
        gate = activation(flags.get("gate_activation", "sigmoid"))
        missing = {"input": "i", "forget": "f"}.get(flags.get("coupled"), "")
        names = [name for name in "ifgo" if name != missing]
        wx, rh = self.sums(x, h, at)
        sums = dict(zip(names, (wx + rh).chunk(len(names), 1)))
        holes = {}
        if flags.get("peepholes"):
            names.remove("g")
            holes = dict(zip(names, self.of("weight_peephole", at).chunk(len(names))))
        opened = {
            name: gate(self.clipped(sums[name] + holes[name] * c if holes else sums[name]))
            for name in "if"
            if name in sums
        }
        i = opened["i"] if "i" in opened else 1 - opened["f"]
        f = opened["f"] if "f" in opened else 1 - opened["i"]
        c = f * c + i * activation(flags.get("cell_activation", "tanh"))(self.clipped(sums["g"]))
        if "cell_clip" in flags:
            c = c.clamp(-flags["cell_clip"], flags["cell_clip"])
        o = gate(self.clipped(sums["o"] + holes["o"] * c if holes else sums["o"]))
        h = o * activation(flags.get("output_activation", "tanh"))(c)
        return (h if not self.proj_size else F.linear(h, self.of("weight_hr", at))), c
