"""What a model file means, in NumPy: the oracle that runnel, the exporter and the golden files are compared with.

    import runnel_reference
    model = runnel_reference.Reference(*runnel_reference.read("beats.safetensors"))
    scores = model.run(frames)              # carried: (T, D) → (T', K), one frame at a time
    scores = model.run_windows(windows)     # windowed: (W, T, D) → (W, K), (W, S, K)

    python runnel_reference.py FILE ...     # repeats the golden run of each file and says the largest error

It executes the description and the tensors, never the module that they came from: double precision, no torch, and
written to be read beside docs/cells.md §2 (PyTorch), §5 (ONNX) and §9 (variants), whose equations it repeats.
`run` is a stream: a frame goes in, what comes out comes out; rings hold the past of convolutions and pools, layers
that skip and stride give less than they get, branches meet by the index of their output.
"""

import json
import math
import struct
import sys

import numpy as np


class ModelError(ValueError):
    """What in a description or its tensors cannot be executed."""


# --- the file (safetensors, docs/cells.md §1)


def read(path):
    """The description and the tensors (float32) of a model file."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    description = json.loads(header.pop("__metadata__")["runnel.model"])
    tensors = {}
    for key, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if entry["dtype"] != "F32":
            raise ModelError(f"tensor '{key}' is {entry['dtype']}, expected F32")
        tensors[key] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).copy()
    return description, tensors


# --- elementwise: x of any shape


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def softmax(x):
    y = np.exp(x - x.max(-1, keepdims=True))
    return y / y.sum(-1, keepdims=True)


ERF = np.vectorize(math.erf, otypes=[float])
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017

# kind: (alpha, beta, function of x, alpha, beta)
ACTIVATIONS = {
    "none": (0, 0, lambda x, a, b: x),
    "relu": (0, 0, lambda x, a, b: np.maximum(x, 0)),
    "tanh": (0, 0, lambda x, a, b: np.tanh(x)),
    "sigmoid": (0, 0, lambda x, a, b: sigmoid(x)),
    "leaky_relu": (0.01, 0, lambda x, a, b: np.where(x > 0, x, a * x)),
    "elu": (1, 0, lambda x, a, b: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0)))),
    "selu": (0, 0, lambda x, a, b: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))),
    "softplus": (0, 0, lambda x, a, b: np.logaddexp(0, x)),
    "softsign": (0, 0, lambda x, a, b: x / (1 + np.abs(x))),
    "silu": (0, 0, lambda x, a, b: x * sigmoid(x)),
    "gelu": (0, 0, lambda x, a, b: x * 0.5 * (1 + ERF(x / math.sqrt(2)))),
    "hard_sigmoid": (1 / 6, 0.5, lambda x, a, b: np.clip(a * x + b, 0, 1)),
    "clip": (-1, 1, lambda x, a, b: np.clip(x, a, b)),
    "scaled_tanh": (1, 1, lambda x, a, b: a * np.tanh(b * x)),
    "affine": (1, 0, lambda x, a, b: a * x + b),
    "thresholded_relu": (1, 0, lambda x, a, b: np.where(x > a, x, 0)),
    "exp": (0, 0, lambda x, a, b: np.exp(x)),
}
HEADS = {"softmax": softmax, "sigmoid": sigmoid, "linear": lambda x: x}


def activation(value):
    """The function that an `activation` value names: a string, or {"kind", "alpha", "beta"}."""
    named = {"kind": value} if isinstance(value, str) else value
    if named["kind"] not in ACTIVATIONS:
        raise ModelError(f"activation '{named['kind']}' is not one of {', '.join(ACTIVATIONS)}")
    alpha, beta, function = ACTIVATIONS[named["kind"]]
    alpha, beta = named.get("alpha", alpha), named.get("beta", beta)
    return lambda x: function(x, alpha, beta)


# --- one step of each cell: x (..., I), state in, state out; W acts on x, R on h


def clipped(x, k):
    return x if k is None else np.clip(x, -k, k)


def rnn_step(layer, w, x, state):
    """Elman: h' = (1 − a) h + a act(W x + b_ih + R h + b_hh); docs/cells.md §2, leak §9."""
    (h,) = state
    leak = layer.get("leak", 1)
    new = activation(layer.get("activation", "tanh"))(x @ w["ih"].T + w["bih"] + h @ w["hh"].T + w["bhh"])
    h = new if leak == 1 else (1 - leak) * h + leak * new
    return h, (h,)


def gru_step(layer, w, x, state):
    """r z n; h' = (1 − z) n + z h; docs/cells.md §2 (reset after), §9 and §5 linear_before_reset = 0 (before)."""
    (h,) = state
    gate = activation(layer.get("gate_activation", "sigmoid"))
    candidate = activation(layer.get("activation", "tanh"))
    k = layer.get("gate_clip")
    xr, xz, xn = np.split(x @ w["ih"].T + w["bih"], 3, -1)
    br, bz, bn = np.split(w["bhh"], 3)
    rr, rz, rn = np.split(w["hh"], 3)
    r = gate(clipped(xr + h @ rr.T + br, k))
    z = gate(clipped(xz + h @ rz.T + bz, k))
    if layer.get("reset", "after") == "after":
        n = candidate(clipped(xn + r * (h @ rn.T + bn), k))
    else:
        n = candidate(clipped(xn + (r * h) @ rn.T + bn, k))
    h = (1 - z) * n + z * h
    return h, (h,)


def lstm_step(layer, w, x, state):
    """i f g o; c' = f c + i g; h' = o act(c'); docs/cells.md §2, peepholes and clip §5, coupled and cell clip §9."""
    h, c = state
    gate = activation(layer.get("gate_activation", "sigmoid"))
    k = layer.get("gate_clip")
    coupled = layer.get("coupled")
    gates = [name for name in "ifgo" if name != {"input": "i", "forget": "f"}.get(coupled)]
    sums = dict(zip(gates, np.split(x @ w["ih"].T + w["bih"] + h @ w["hh"].T + w["bhh"], len(gates), -1)))
    peephole = {}
    if layer.get("peepholes", False):
        holes = [name for name in gates if name != "g"]
        peephole = dict(zip(holes, np.split(w["peephole"], len(holes))))
    for name in "if":
        if name in peephole:
            sums[name] = sums[name] + peephole[name] * c
    i = gate(clipped(sums["i"], k)) if "i" in sums else None
    f = gate(clipped(sums["f"], k)) if "f" in sums else 1 - i
    i = 1 - f if i is None else i
    g = activation(layer.get("cell_activation", "tanh"))(clipped(sums["g"], k))
    c = clipped(f * c + i * g, layer.get("cell_clip"))
    o = sums["o"] + peephole["o"] * c if peephole else sums["o"]
    h = gate(clipped(o, k)) * activation(layer.get("output_activation", "tanh"))(c)
    if "hr" in w:
        h = h @ w["hr"].T
    return h, (h, c)


CELLS = {"rnn": (rnn_step, 1, "h"), "gru": (gru_step, 3, "h"), "lstm": (lstm_step, 4, "hc")}


# --- layers: width, time, weights; `push` one frame at a time, `whole` over windows (W, T, I)


class Layer:
    """A layer without memory: one frame in, one frame out. Subclasses say `compute`."""

    skip, stride, right, merges = 0, 1, 0, False

    def __init__(self, entry, width):
        self.entry, self.name, self.kind = entry, entry["name"], entry["kind"]
        self.input = entry.get("input", width)
        self.output = entry.get("output", self.input)
        if self.input != width and not self.merges:
            raise ModelError(f"layer '{self.name}': input is {self.input}, but {width} come in")

    def shapes(self):
        """Tensors by name without the layer's."""
        return {}

    def take(self, tensors):
        self.weights = tensors

    def begin(self, start=0, initial=None):
        pass

    def push(self, index, x):
        """Takes the frame of this grid index; what comes out, as (index, frame), or None."""
        return index, self.compute(x)

    def whole(self, x):
        return self.compute(x)

    def finals(self):
        return {}


class Linear(Layer):
    def shapes(self):
        bias = {"bias": (self.output,)} if self.entry.get("bias", True) else {}
        return {"weight": (self.output, self.input), **bias}

    def compute(self, x):
        y = x @ self.weights["weight"].T + self.weights.get("bias", 0)
        return activation(self.entry.get("activation", "none"))(y)


class Sliding(Layer):
    """Kernel, stride, dilation, padding [left, right]: output m comes out at input step skip + m stride."""

    filler = 0.0

    def __init__(self, entry, width):
        super().__init__(entry, width)
        self.kernel, self.dilation = entry["kernel"], entry.get("dilation", 1)
        self.stride = entry.get("stride", self.default_stride())
        self.past = (self.kernel - 1) * self.dilation
        self.left, self.right = entry.get("padding", self.default_padding())
        self.skip = self.past - self.left

    def begin(self, start=0, initial=None):
        if self.skip < 0:
            raise ModelError(f"layer '{self.name}': {self.left} frames of padding before a reach of {self.past}")
        self.ring = [np.full(self.input, self.filler) for _ in range(self.past + 1)]
        self.got = 0

    def push(self, index, x):
        self.ring = self.ring[1:] + [x]
        self.got += 1
        if self.got <= self.skip or (index - self.skip) % self.stride:
            return None
        return (index - self.skip) // self.stride, self.combine(np.stack(self.ring[:: self.dilation], -1))

    def whole(self, x):
        padded = np.pad(x, [(0, 0), (self.left, self.right), (0, 0)], constant_values=self.filler)
        count = (padded.shape[1] - self.past - 1) // self.stride + 1
        if count < 1:
            raise ModelError(f"layer '{self.name}': a window of {x.shape[1]} steps is shorter than its kernel")
        starts = [m * self.stride for m in range(count)]
        steps = [padded[:, s : s + self.past + 1 : self.dilation].swapaxes(1, 2) for s in starts]
        return np.stack([self.combine(taps) for taps in steps], 1)


class Conv(Sliding):
    """Cross-correlation, tap 0 the oldest; docs/cells.md §2."""

    def default_stride(self):
        return 1

    def default_padding(self):
        return [self.past, 0]

    def shapes(self):
        groups = self.entry.get("groups", 1)
        bias = {"bias": (self.output,)} if self.entry.get("bias", True) else {}
        return {"weight": (self.output, self.input // groups, self.kernel), **bias}

    def combine(self, taps):  # (..., I, kernel) → (..., O)
        groups = self.entry.get("groups", 1)
        weight = self.weights["weight"].reshape(groups, self.output // groups, self.input // groups, self.kernel)
        parts = taps.reshape(*taps.shape[:-2], groups, self.input // groups, self.kernel)
        y = np.einsum("...gik,goik->...go", parts, weight).reshape(*taps.shape[:-2], self.output)
        return activation(self.entry.get("activation", "none"))(y + self.weights.get("bias", 0))


class Pool(Sliding):
    def __init__(self, entry, width):
        self.filler = -np.inf if entry["kind"] == "maxpool" else 0.0
        super().__init__(entry, width)

    def default_stride(self):
        return self.kernel

    def default_padding(self):
        return [0, 0]

    def combine(self, taps):
        return taps.max(-1) if self.kind == "maxpool" else taps.sum(-1) / self.kernel


class Recurrent(Layer):
    """Levels of cells; a bidirectional level takes what both halves of the level below gave (PyTorch)."""

    def __init__(self, entry, width):
        super().__init__(entry, width)
        self.cell, self.gates, self.letters = CELLS[self.kind]
        if entry.get("coupled"):
            self.gates -= 1
        self.depth = entry.get("layers", 1)
        self.hidden = entry["hidden"]
        self.carries = entry.get("projection") or self.hidden  # the width of h
        self.direction = entry.get("direction", "forward")
        self.halves = [""] + (["_reverse"] if self.direction == "bidirectional" else [])
        self.output = self.carries * len(self.halves)

    def shapes(self):
        entry, rows, result = self.entry, self.gates * self.hidden, {}
        for k in range(self.depth):
            for half in self.halves:
                at = f"_l{k}{half}"
                result["weight_ih" + at] = (rows, self.input if k == 0 else self.output)
                result["weight_hh" + at] = (rows, self.carries)
                if entry.get("bias", True):
                    result["bias_ih" + at] = result["bias_hh" + at] = (rows,)
                if entry.get("projection"):
                    result["weight_hr" + at] = (self.carries, self.hidden)
                if entry.get("peepholes"):
                    result["weight_peephole" + at] = ((self.gates - 1) * self.hidden,)
                if entry.get("initial_state", "zero") == "learned":
                    result["initial_h" + at] = (self.carries,)
                    if "c" in self.letters:
                        result["initial_c" + at] = (self.hidden,)
        return result

    def of(self, k, half):
        """The weights of one level in one direction, by short names; absent biases are zeros."""
        at, zeros = f"_l{k}{half}", np.zeros(self.gates * self.hidden)
        named = {"ih": "weight_ih", "hh": "weight_hh", "hr": "weight_hr", "peephole": "weight_peephole"}
        w = {short: self.weights[name + at] for short, name in named.items() if name + at in self.weights}
        return {**w, "bih": self.weights.get("bias_ih" + at, zeros), "bhh": self.weights.get("bias_hh" + at, zeros)}

    def first(self, k, half):
        """The state before the first step: h, and c of an LSTM."""
        widths = [self.carries] + [self.hidden] * ("c" in self.letters)
        return tuple(
            self.weights.get(f"initial_{letter}_l{k}{half}", np.zeros(width))
            for letter, width in zip(self.letters, widths)
        )

    def begin(self, start=0, initial=None):
        if self.direction != "forward":
            raise ModelError(f"layer '{self.name}': direction {self.direction} needs the end of a window")
        self.state = initial or [self.first(k, "") for k in range(self.depth)]

    def push(self, index, x):
        self.state = list(self.state)
        for k in range(self.depth):
            x, self.state[k] = self.cell(self.entry, self.of(k, ""), x, self.state[k])
        return index, x

    def whole(self, x):
        self.state = []
        for k in range(self.depth):
            outputs = []
            for half in self.halves:
                backward = bool(half) or self.direction == "backward"
                steps = range(x.shape[1] - 1, -1, -1) if backward else range(x.shape[1])
                state = tuple(np.broadcast_to(s, (len(x), len(s))) for s in self.first(k, half))
                w, y = self.of(k, half), [None] * x.shape[1]
                for t in steps:
                    y[t], state = self.cell(self.entry, w, x[:, t], state)
                outputs.append(np.stack(y, 1))
                self.state.append(state)
            x = np.concatenate(outputs, -1)
        return x

    def finals(self):
        return {
            f"{self.name}.{letter}_l{k}": value
            for k in range(self.depth)
            for letter, value in zip(self.letters, self.state[k])
        }


class BatchNorm(Layer):
    """y = (x − mean) / √(var + ε) · weight + bias per feature; docs/cells.md §2."""

    def shapes(self):
        names = ["running_mean", "running_var"] + (["weight", "bias"] if self.entry.get("affine", True) else [])
        return {name: (self.input,) for name in names}

    def compute(self, x):
        w = self.weights
        y = (x - w["running_mean"]) / np.sqrt(w["running_var"] + self.entry.get("epsilon", 1e-5))
        return y * w.get("weight", 1) + w.get("bias", 0)


class LayerNorm(Layer):
    """Over the features of a frame, population variance; Ba et al. 2016."""

    def shapes(self):
        return {name: (self.input,) for name in ("weight", "bias")} if self.entry.get("affine", True) else {}

    def compute(self, x):
        centred = x - x.mean(-1, keepdims=True)
        y = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.entry.get("epsilon", 1e-5))
        return y * self.weights.get("weight", 1) + self.weights.get("bias", 0)


class Embedding(Layer):
    def shapes(self):
        return {"weight": (self.entry["classes"], self.output)}

    def compute(self, x):
        number = x[..., 0]
        if np.any((number != np.floor(number)) | (number < 0) | (number >= self.entry["classes"])):
            raise ModelError(f"layer '{self.name}': {number} is no class of 0..<{self.entry['classes']}")
        return self.weights["weight"][number.astype(int)]


class Activation(Layer):
    def compute(self, x):
        return activation(self.entry["activation"])(x)


class PReLU(Layer):
    def shapes(self):
        return {"weight": (1, self.input)}  # either

    def compute(self, x):
        return np.where(x > 0, x, self.weights["weight"] * x)


class Softmax(Layer):
    def compute(self, x):
        return softmax(x)


class Select(Layer):
    def compute(self, x):
        return x[..., self.entry["first"] : self.entry["first"] + self.output]


class Merge(Layer):
    """Branches that meet, by the index of their output: the earlier one waits."""

    merges = True

    def __init__(self, entry, widths):
        if entry["kind"] == "concat":
            width = entry.get("output", sum(widths))
            if width != sum(widths):
                raise ModelError(f"layer '{entry['name']}': output is {width}, but {sum(widths)} come in")
        else:
            width = entry.get("input", widths[0])
            if any(each != width for each in widths):
                raise ModelError(f"layer '{entry['name']}': branches of {widths} features cannot meet")
        super().__init__({**entry, "input": width, "output": width}, width)

    def compute(self, *x):
        if self.kind == "concat":
            return np.concatenate(x, -1)
        result = x[0]
        for each in x[1:]:
            result = result + each if self.kind == "add" else result * each
        return result


class GlobalPool(Layer):
    def whole(self, x):
        return (x.mean(1) if self.entry["of"] == "mean" else x.max(1))[:, None]


class Final(Layer):
    """The last output of the forward half, beside the backward half's output at step 0."""

    def __init__(self, entry, width, below):
        super().__init__(entry, width)
        self.below = below

    def whole(self, x):
        if self.below.direction == "backward":
            return x[:, :1]
        forward = self.below.carries
        return np.concatenate([x[:, -1:, :forward], x[:, :1, forward:]], -1)


KINDS = {
    "linear": Linear, "conv1d": Conv, "rnn": Recurrent, "gru": Recurrent, "lstm": Recurrent, "batchnorm": BatchNorm,
    "layernorm": LayerNorm, "maxpool": Pool, "avgpool": Pool, "embedding": Embedding, "activation": Activation,
    "prelu": PReLU, "softmax": Softmax, "add": Merge, "multiply": Merge, "concat": Merge, "select": Select,
    "globalpool": GlobalPool, "final": Final,
}  # fmt: skip


# --- the graph


class Graph:
    """Layers in order, each with the names that it takes; "input" is the frame."""

    def __init__(self, entries, width):
        self.width, self.layers, self.sources = width, [], {}
        by_name, before = {}, "input"
        for entry in entries:
            name, kind = entry["name"], entry["kind"]
            taken = entry.get("from", before)
            taken = [taken] if isinstance(taken, str) else list(taken)
            if kind not in KINDS:
                raise ModelError(f"layer '{name}': kind '{kind}' is not one of {', '.join(KINDS)}")
            if name in by_name or name == "input":
                raise ModelError(f"'{name}' names two layers")
            for each in taken:
                if each != "input" and each not in by_name:
                    raise ModelError(f"layer '{name}': no layer before it is named '{each}'")
            widths = [width if each == "input" else by_name[each].output for each in taken]
            if KINDS[kind].merges:
                if len(taken) < 2:
                    raise ModelError(f"layer '{name}': {kind} takes two or more")
                layer = Merge(entry, widths)
            elif len(taken) != 1:
                raise ModelError(f"layer '{name}': {kind} takes one layer, {len(taken)} are named")
            elif kind == "final":
                if not isinstance(by_name.get(taken[0]), Recurrent):
                    raise ModelError(f"layer '{name}': final takes a recurrent layer")
                layer = Final(entry, widths[0], by_name[taken[0]])
            else:
                layer = KINDS[kind](entry, widths[0])
            self.layers.append(layer)
            by_name[name], self.sources[name], before = layer, taken, name
        if not self.layers:
            raise ModelError("no layers")
        self.output = self.layers[-1].output

    def take(self, tensors, used):
        """Gives each layer its tensors in double precision; records their names in `used`."""
        for layer in self.layers:
            own = {}
            for key, shape in layer.shapes().items():
                name = f"{layer.name}.{key}"
                if name not in tensors and key.startswith("bias_") and "bias" not in layer.entry:
                    continue  # files from before the key `bias` existed leave the biases out
                if name not in tensors:
                    raise ModelError(f"tensor '{name}' is missing")
                found = np.shape(tensors[name])
                if found != shape and not (layer.kind == "prelu" and found in [(1,), (layer.input,)]):
                    raise ModelError(f"tensor '{name}' has shape {list(found)}, expected {list(shape)}")
                own[key] = np.asarray(tensors[name], dtype=np.float64)
                used.add(name)
            layer.take(own)

    def grid(self, name=None):
        """(first, stride, ahead) of a layer, the last without a name: output m comes out at frame first + m stride;
        `ahead` frames of it are padding on the right, which a stream waits for instead."""
        at = {"input": (0, 1, 0)}
        for layer in self.layers:
            below = [at[name] for name in self.sources[layer.name]]
            if len({stride for _, stride, _ in below}) > 1:
                raise ModelError(f"layer '{layer.name}': branches of strides {[each[1] for each in below]} cannot meet")
            first, stride, ahead = (max(each[k] for each in below) for k in range(3))
            at[layer.name] = (first + layer.skip * stride, stride * layer.stride, ahead + layer.right * stride)
        return at[name or self.layers[-1].name]

    def begin(self, start=0, initial=None):
        """State zero, or learned; the next frame has this grid index. `initial`: states by recurrent layer."""
        self.index = start
        self.waiting = {layer.name: {} for layer in self.layers}
        for layer in self.layers:
            layer.begin(start, (initial or {}).get(layer.name))

    def push(self, frame):
        """One frame (D): what comes out of the last layer, (K), or None."""
        made = {"input": (self.index, np.asarray(frame, dtype=np.float64))}
        self.index += 1
        for layer in self.layers:
            taken = self.sources[layer.name]
            if not layer.merges:
                item = made[taken[0]]
                made[layer.name] = None if item is None else layer.push(*item)
                continue
            waiting = self.waiting[layer.name]
            for place, name in enumerate(taken):
                if made[name] is not None:
                    index, x = made[name]
                    waiting.setdefault(index, {})[place] = x
            made[layer.name] = None
            for index in sorted(waiting):
                if len(waiting[index]) == len(taken):
                    parts = waiting.pop(index)
                    made[layer.name] = index, layer.compute(*(parts[k] for k in range(len(taken))))
                    break
        last = made[self.layers[-1].name]
        return None if last is None else last[1]

    def whole(self, x):
        """Windows (W, T, D), each from the initial state, to (W, T', K)."""
        made = {"input": np.asarray(x, dtype=np.float64)}
        for layer in self.layers:
            taken = [made[name] for name in self.sources[layer.name]]
            if len({each.shape[1] for each in taken}) > 1:
                raise ModelError(
                    f"layer '{layer.name}': branches of {[each.shape[1] for each in taken]} steps cannot meet"
                )
            made[layer.name] = layer.compute(*taken) if layer.merges else layer.whole(taken[0])
        return made[self.layers[-1].name]

    def recurrent(self):
        return [layer for layer in self.layers if isinstance(layer, Recurrent)]

    def finals(self):
        return {key: value for layer in self.layers for key, value in layer.finals().items()}


# --- the model


class Reference:
    """A description with its tensors, ready to run. Missing and unused tensors are errors."""

    def __init__(self, description, tensors):
        self.description = description
        self.windowed = description.get("regime", "carried") == "windowed"
        self.pattern = description.get("pattern", "many-to-many")
        self.graph = Graph(description["layers"], len(description["inputs"]))
        self.heads = description["heads"]
        used = set()
        self.graph.take(tensors, used)
        self.decoder = self.stage = None
        outputs = sum(len(head["labels"]) for head in self.heads)
        if "decoder" in description:
            self.decoder = description["decoder"]
            self.decoder_graph = Graph(self.decoder["layers"], self.decoder_width(outputs))
            self.decoder_graph.take(tensors, used)
        if "event_stage" in description:
            self.stage = description["event_stage"]
            self.stage_graph = Graph(self.stage["layers"], self.stage_width(self.stage))
            self.stage_graph.take(tensors, used)
        last = self.decoder_graph if self.decoder else self.graph
        if last.output != outputs:
            raise ModelError(f"{outputs} labels for the {last.output} outputs of the last layer")
        unused = [name for name in tensors if name not in used and not name.startswith("golden.")]
        if unused:
            raise ModelError(f"tensor '{sorted(unused)[0]}' belongs to no layer")

    def scores(self, logits):
        """Each head's activation over its part of (..., K)."""
        parts, first = [], 0
        for head in self.heads:
            count = len(head["labels"])
            parts.append(HEADS[head["activation"]](logits[..., first : first + count]))
            first += count
        return np.concatenate(parts, -1)

    # carried

    def run(self, frames, *, logits=False, start=0):
        """Frames (T, D) one at a time from the initial state: the outputs that came, (T', K). `start`: the first
        frame's index on the grid. Afterwards `states()` has the final h and c."""
        self.graph.begin(start)
        came = [y for y in (self.graph.push(frame) for frame in frames) if y is not None]
        result = np.stack(came) if came else np.zeros((0, self.graph.output))
        return result if logits else self.scores(result)

    def states(self):
        """Final h (and c), named as the golden tensors are without 'golden.'."""
        return self.graph.finals()

    def grid(self, name=None):
        """(first, stride, ahead) of the output, or of a layer."""
        return self.graph.grid(name)

    # windowed

    def normalised(self, windows):
        """Per window and feature (x − mean) / √(var + ε), population variance, where the file asks for it."""
        kind = self.description.get("conditioning", {}).get("normalisation", {"kind": "none"})
        if kind["kind"] != "window":
            return windows
        centred = windows - windows.mean(1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(1, keepdims=True) + kind.get("epsilon", 1e-5))

    def run_windows(self, windows, *, logits=False):
        """Windows (W, T, D): many-to-one (W, K), many-to-many (W, T', K), with a decoder (W, steps, K)."""
        windows = self.normalised(np.asarray(windows, dtype=np.float64))
        y = self.graph.whole(windows)
        target = self.description.get("window", {}).get("target", y.shape[1] - 1)
        if self.decoder:
            return self.decode(windows, y[:, target], logits)
        if self.pattern == "many-to-one":
            if not 0 <= target < y.shape[1]:
                raise ModelError(f"target {target} of {y.shape[1]} output steps")
            y = y[:, target]
        return y if logits else self.scores(y)

    # decoder

    def decoder_width(self, outputs):
        kind = self.decoder["input"]
        context = self.graph.output if "context" in kind else 0
        self.fed = 1 if self.decoder.get("feedback", "scores") == "class" else outputs
        return context + (self.fed if "feedback" in kind else 0)

    def decode(self, windows, contexts, logits):
        """Every step of every window, never cut by the stop class."""
        decoder, kind = self.decoder, self.decoder["input"]
        feedback = decoder.get("feedback", "scores")
        result = []
        for w, context in enumerate(contexts):
            initial = {}
            if decoder.get("state", "zero") == "encoder":
                self.graph.whole(windows[w : w + 1])
                states = [[tuple(s[0] for s in level) for level in layer.state] for layer in self.graph.recurrent()]
                levels = [level for layer in states for level in layer]
                for layer in self.decoder_graph.recurrent():
                    initial[layer.name] = [levels.pop(0) for _ in range(layer.depth)]
                if levels:
                    raise ModelError("the decoder has fewer recurrent levels than the encoder")
            self.decoder_graph.begin(0, initial)
            fed = np.asarray(decoder.get("start", [0.0] * self.fed), dtype=np.float64)
            steps = []
            for _ in range(decoder["steps"]):
                frame = {"context": [context], "feedback": [fed], "context+feedback": [context, fed]}[kind]
                y = self.decoder_graph.push(np.concatenate(frame))
                steps.append(y)
                if feedback == "logits":
                    fed = y
                elif feedback == "scores":
                    fed = self.scores(y)
                elif feedback == "onehot":
                    fed = np.eye(len(y))[y.argmax()]
                else:
                    fed = np.array([float(y.argmax())])
            result.append(np.stack(steps))
        result = np.stack(result)
        return result if logits else self.scores(result)

    # event stage

    def stage_width(self, stage):
        """Numbers that the features of an event are."""
        widths = {layer.name: layer.output for layer in self.graph.layers}
        named = self.description.get("decide", {}).get("head")
        head = next((each for each in self.heads if each["name"] == named), self.heads[0])
        count = 0
        for feature in stage["features"]:
            plain = feature.removeprefix("next:")
            if plain == "scores":
                count += len(head["labels"])
            elif plain == "hidden":
                count += widths[stage["hidden"]]
            else:
                count += 1
        return count

    def run_events(self, features, *, logits=False):
        """The event stage over E events (E, De) from the initial state: (E, Ke)."""
        self.stage_graph.begin()
        y = np.stack([self.stage_graph.push(each) for each in features])
        return y if logits else HEADS[self.stage["head"]["activation"]](y)


def check(description, tensors):
    """The largest error of a file's golden run, in parts of max(1e-3, largest |golden|), by golden tensor."""
    model = Reference(description, tensors)
    run = model.run_windows if model.windowed else model.run
    found = {"golden.output": run(tensors["golden.input"])}
    if not model.windowed:
        found.update({f"golden.{key}": value for key, value in model.states().items()})
    if model.stage:
        found["golden.event.output"] = model.run_events(tensors["golden.event.input"])
    errors = {}
    for key, value in found.items():
        if key not in tensors:
            raise ModelError(f"tensor '{key}' is missing")
        if tensors[key].shape != value.shape:
            raise ModelError(f"tensor '{key}' has shape {list(tensors[key].shape)}, the run gives {list(value.shape)}")
        errors[key] = float(np.abs(value - tensors[key]).max() / max(1e-3, np.abs(tensors[key]).max()))
    spare = [key for key in tensors if key.startswith("golden.") and key not in errors]
    spare = [key for key in spare if key not in ("golden.input", "golden.event.input")]
    if spare:
        raise ModelError(f"tensor '{sorted(spare)[0]}' belongs to no golden run")
    return errors


def main(paths):
    worst = 0.0
    for path in paths:
        description, tensors = read(path)
        errors = check(description, tensors)
        key = max(errors, key=errors.get)
        limit = description["golden"]["tolerance"]["float32"]
        worst = max(worst, errors[key] / limit)
        print(f"{'ok    ' if errors[key] <= limit else 'FAILED'}  {path}: {errors[key]:.3g} ({key}), limit {limit:g}")
    return 0 if paths and worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
