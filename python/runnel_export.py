"""Write a PyTorch network as one file that runnel runs sample by sample.

    import runnel_export
    runnel_export.save(module, "beats.safetensors", example=x, labels=["none", "N", "V"], rate=120.0)

The module's children are read in the order of their definition: Conv1d (causal), LSTM, Linear, ReLU, Tanh, Sigmoid,
Dropout. Its forward may reshape between them and pad on the left, nothing else. `save` steps that list of layers one
frame at a time, state carried, compares with `module(example)`, and refuses where they differ: what is exported is
what was trained. The result of that run goes into the file as golden tensors, by which every machine proves itself.

    python runnel_export.py --selftest

Needs torch and numpy, nothing else. What it does not do: train, convert ONNX or Keras, export windowed networks.
"""

import argparse
import copy
import hashlib
import json
import os
import struct
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

TOLERANCE = 1e-5  # of max(1e-3, largest value)
GOLDEN_STEPS = 256
COMPARED_STEPS = 2048

ACTIVATIONS = {
    nn.ReLU: ("relu", torch.relu),
    nn.Tanh: ("tanh", torch.tanh),
    nn.Sigmoid: ("sigmoid", torch.sigmoid),
}
FUNCTIONS = {"none": lambda x: x, **{name: function for name, function in ACTIVATIONS.values()}}
HEADS = {"softmax": lambda x: torch.softmax(x, -1), "sigmoid": torch.sigmoid, "linear": lambda x: x}


class ExportError(ValueError):
    """Why this module cannot be written, and what to change."""


def save(
    module,
    path,
    *,
    example,
    labels,
    rate,
    regime="carried",
    name=None,
    delay=0.0,
    warmup=0.0,
    hop=1,
    trained_rate=None,
    inputs=None,
    conditioning=None,
    decide=None,
    head_activation="softmax",
    provenance=None,
):
    """Write `module` to `path`, or raise ExportError and write nothing.

    example          [T, D] or [1, T, D], what the network sees after conditioning; None: seeded noise
    labels           names of the outputs; a dict of lists where the output is several heads side by side
    rate             Hz of the network's steps; trained_rate: Hz of the recordings it was trained on
    delay, warmup    seconds; a score at step n speaks of n - delay, lag of the conditioning included
    inputs           names, or {"name", "unit"}, one per feature
    conditioning     {"filters": [...], "normalisation": {...}}; decide: the default label rule; provenance: any JSON
    Returns a dict: steps compared, the largest difference, the digest, the size in bytes.
    """
    if regime != "carried":
        raise ExportError(f"regime '{regime}' is not supported yet; supported: carried")
    if head_activation not in HEADS:
        raise ExportError(f"head_activation '{head_activation}' is not one of {', '.join(HEADS)}")
    network = copy.deepcopy(module).to(device="cpu", dtype=torch.float32).eval()
    layers, unknown = read_layers(network, head_activation)
    heads = read_heads(labels, head_activation, layers[-1].output)
    frames = read_example(example, layers[0].input)
    tensors = {key: value for layer in layers for key, value in layer.tensors().items()}
    for key, value in tensors.items():
        if not torch.isfinite(value).all():
            raise ExportError(f"tensor '{key}' holds NaN or infinity: the training diverged")
    with torch.no_grad():
        scores, _ = stream(layers, frames, head_activation)
        difference = compare(network, layers, frames, scores, head_activation, unknown)
        golden_scores, states = stream(layers, frames[:GOLDEN_STEPS], head_activation)
    tensors["golden.input"] = frames[:GOLDEN_STEPS]
    tensors["golden.output"] = golden_scores
    tensors.update({f"golden.{key}": value for key, value in states.items()})
    description = {
        "format": 1,
        "name": name or os.path.splitext(os.path.basename(path))[0],
        "regime": regime,
        "pattern": "many-to-many",
        "rate": float(rate),
        "hop": int(hop),
        "delay": float(delay),
        "trained_rate": float(rate if trained_rate is None else trained_rate),
        "warmup": float(warmup),
        "inputs": read_inputs(inputs, layers[0].input),
        "conditioning": conditioning or {"filters": [], "normalisation": {"kind": "none"}},
        "layers": [layer.description() for layer in layers],
        "heads": heads,
        "decide": decide or {"emit": "every"},
        "golden": {"tolerance": {"float32": TOLERANCE}},
        "provenance": provenance or {},
    }
    data, digest = encode(description, {key: value.numpy() for key, value in tensors.items()})
    write(path, data)
    return {"steps": len(frames), "difference": difference, "digest": digest, "bytes": len(data)}


# --- layers: how each is read, described, stored and stepped


class Conv:
    def __init__(self, name, module):
        require(name, module, groups=1, stride=(1,), padding_mode="zeros")
        self.name, self.module, self.activation = name, module, "none"
        self.input, self.output = module.in_channels, module.out_channels
        self.kernel, self.dilation = module.kernel_size[0], module.dilation[0]
        self.past = (self.kernel - 1) * self.dilation
        padding = module.padding
        if padding == "same":
            self.padding = self.past / 2
        else:
            self.padding = 0 if padding == "valid" else padding[0]

    def tensors(self):
        bias = self.module.bias if self.module.bias is not None else torch.zeros(self.output)
        return {f"{self.name}.weight": self.module.weight.detach(), f"{self.name}.bias": bias.detach()}

    def description(self):
        return {"kind": "conv1d", "name": self.name, "input": self.input, "output": self.output,
                "kernel": self.kernel, "dilation": self.dilation, "activation": self.activation}

    def begin(self):
        self.frames = [torch.zeros(self.input)] * (self.past + 1)

    def step(self, x):
        self.frames = self.frames[1:] + [x]
        taps = torch.stack(self.frames[:: self.dilation], dim=1)
        sums = (self.module.weight * taps).sum((1, 2))
        return FUNCTIONS[self.activation](sums if self.module.bias is None else sums + self.module.bias)

    def whole(self, x):
        padded = F.pad(x.T[None], (self.past, 0))
        y = F.conv1d(padded, self.module.weight, self.module.bias, dilation=self.dilation)
        return FUNCTIONS[self.activation](y[0].T)

    def states(self):
        return {}


class Linear:
    def __init__(self, name, module):
        self.name, self.module, self.activation = name, module, "none"
        self.input, self.output = module.in_features, module.out_features

    def tensors(self):
        bias = self.module.bias if self.module.bias is not None else torch.zeros(self.output)
        return {f"{self.name}.weight": self.module.weight.detach(), f"{self.name}.bias": bias.detach()}

    def description(self):
        return {"kind": "linear", "name": self.name, "input": self.input, "output": self.output,
                "activation": self.activation}

    def begin(self):
        pass

    def step(self, x):
        return FUNCTIONS[self.activation](F.linear(x, self.module.weight, self.module.bias))

    whole = step

    def states(self):
        return {}


class LSTM:
    activation = None

    def __init__(self, name, module):
        if module.bidirectional:
            raise ExportError(f"layer '{name}': a bidirectional LSTM needs the future and cannot run sample by sample; "
                              "train it with bidirectional=False")
        if module.proj_size:
            raise ExportError(f"layer '{name}': an LSTM with proj_size is not supported yet")
        self.name, self.module = name, module
        self.input, self.output, self.depth = module.input_size, module.hidden_size, module.num_layers

    def tensors(self):
        return {f"{self.name}.{key}": value.detach() for key, value in self.module.named_parameters()}

    def description(self):
        return {"kind": "lstm", "name": self.name, "input": self.input, "hidden": self.output, "layers": self.depth}

    def begin(self):
        self.h = [torch.zeros(self.output) for _ in range(self.depth)]
        self.c = [torch.zeros(self.output) for _ in range(self.depth)]

    def step(self, x):
        for k in range(self.depth):
            of = lambda key: getattr(self.module, f"{key}_l{k}")
            gates = F.linear(x, of("weight_ih")) + F.linear(self.h[k], of("weight_hh"))
            if self.module.bias:
                gates = gates + of("bias_ih") + of("bias_hh")
            i, f, g, o = gates.chunk(4)
            self.c[k] = torch.sigmoid(f) * self.c[k] + torch.sigmoid(i) * torch.tanh(g)
            x = self.h[k] = torch.sigmoid(o) * torch.tanh(self.c[k])
        return x

    def whole(self, x):
        return self.module(x[None] if self.module.batch_first else x[:, None])[0].reshape(len(x), -1)

    def states(self):
        return {f"{self.name}.{key}_l{k}": value[k] for k in range(self.depth) for key, value in (("h", self.h), ("c", self.c))}


def require(name, module, **wanted):
    for key, value in wanted.items():
        if getattr(module, key) != value:
            raise ExportError(f"layer '{name}': {key}={getattr(module, key)!r} is not supported; use {key}={value!r}")


def leaves(module, prefix=""):
    children = list(module.named_children())
    if not children or type(module) in KINDS:
        yield prefix or "layer", module
        return
    for key, child in children:
        yield from leaves(child, f"{prefix}.{key}" if prefix else key)


KINDS = {nn.Conv1d: Conv, nn.LSTM: LSTM, nn.Linear: Linear}


def read_layers(network, head_activation):
    """The layers in order of definition, and the names of modules without parameters that only a comparison can judge."""
    layers, unknown = [], []
    modules = list(leaves(network))
    direct = [key for key, value in network.named_parameters() if "." not in key]
    if direct and type(network) not in KINDS:
        raise ExportError(f"parameter '{direct[0]}' belongs to no layer; runnel knows {supported()}")
    for index, (name, module) in enumerate(modules):
        last = index == len(modules) - 1
        if hasattr(module, "parametrizations") or hasattr(module, "weight_g"):
            raise ExportError(f"layer '{name}': fold the weight norm first (torch.nn.utils.remove_weight_norm or "
                              "torch.nn.utils.parametrize.remove_parametrizations)")
        if type(module) in KINDS:
            layers.append(KINDS[type(module)](name, module))
        elif type(module) in ACTIVATIONS:
            kind = ACTIVATIONS[type(module)][0]
            if last and kind == head_activation:
                continue
            if last and kind == "sigmoid":
                raise ExportError("the module ends in Sigmoid: say head_activation='sigmoid'")
            if not layers or layers[-1].activation != "none":
                after = f"'{layers[-1].name}'" if layers else "the input"
                raise ExportError(f"'{name}': {kind} after {after} cannot be expressed; it may follow Conv1d or Linear once")
            layers[-1].activation = kind
        elif isinstance(module, (nn.Softmax, nn.LogSoftmax)):
            if not last or head_activation != "softmax":
                raise ExportError(f"'{name}': softmax is supported as the head only, with head_activation='softmax'")
        elif isinstance(module, (nn.Dropout, nn.Dropout1d, nn.Identity)):
            continue
        elif any(True for _ in module.parameters()) or any(True for _ in module.buffers()):
            raise ExportError(f"layer '{name}': {type(module).__name__} is not supported; supported: {supported()}")
        else:
            unknown.append(f"'{name}' ({type(module).__name__})")
    if not layers:
        raise ExportError(f"the module has no layers; runnel knows {supported()}")
    for below, above in zip(layers, layers[1:]):
        if below.output != above.input:
            raise ExportError(f"layer '{above.name}' takes {above.input} features, '{below.name}' before it gives "
                              f"{below.output}: are the children defined in the order in which forward runs them?")
    return layers, unknown


def supported():
    return "Conv1d, LSTM, Linear, ReLU, Tanh, Sigmoid, Dropout"


def read_heads(labels, activation, outputs):
    named = labels if isinstance(labels, dict) else {"label": list(labels)}
    heads = [{"name": key, "activation": activation, "labels": [str(x) for x in value]} for key, value in named.items()]
    total = sum(len(head["labels"]) for head in heads)
    if len(heads) > 1 and activation == "softmax":
        raise ExportError("several heads with softmax cannot be compared with one output; save them one by one")
    if total != outputs:
        raise ExportError(f"{total} labels for {outputs} outputs of the last layer")
    if any(len(set(head["labels"])) != len(head["labels"]) for head in heads):
        raise ExportError("a label is named twice")
    return heads


def read_inputs(inputs, count):
    if inputs is None:
        return [{"name": "input" if count == 1 else f"input{k}"} for k in range(count)]
    named = [{"name": each} if isinstance(each, str) else dict(each) for each in inputs]
    if len(named) != count:
        raise ExportError(f"{len(named)} inputs are named, the first layer takes {count}")
    return named


def read_example(example, features):
    if example is None:
        noise = np.random.default_rng(1).standard_normal((GOLDEN_STEPS, features))
        return torch.from_numpy(noise.astype(np.float32))
    x = example.detach().cpu() if isinstance(example, torch.Tensor) else torch.from_numpy(np.array(example))
    x = x.to(torch.float32)
    if x.ndim == 3 and x.shape[0] == 1:
        x = x[0]
    if x.ndim != 2 or x.shape[1] != features or len(x) == 0:
        raise ExportError(f"the example has shape {list(x.shape)}; expected [T, {features}] or [1, T, {features}]")
    if not torch.isfinite(x).all():
        raise ExportError("the example holds NaN or infinity")
    return x[:COMPARED_STEPS].contiguous()


# --- the proof: stepped against whole


def stream(layers, frames, head_activation):
    """Scores [T, K] of the layer list, one frame at a time with the state carried, and the final states."""
    for layer in layers:
        layer.begin()
    scores = []
    for x in frames:
        for layer in layers:
            x = layer.step(x)
        scores.append(HEADS[head_activation](x))
    return torch.stack(scores), {key: value for layer in layers for key, value in layer.states().items()}


def compare(network, layers, frames, scores, head_activation, unknown):
    """Refuses where the stepped scores differ from torch's own layers over the whole, or from the module itself."""
    x = frames
    for layer in layers:
        x = layer.whole(x)
    largest = judge(HEADS[head_activation](x), scores)[0]
    if largest > 1:
        raise ExportError(f"stepping differs from torch's own layers by {largest * TOLERANCE:.3g} of the largest score; "
                          "are the weights finite and the example of the right scale?")
    outputs = list(called(network, frames, scores.shape[1]))
    if not outputs:
        padded = [layer for layer in layers if isinstance(layer, Conv) and layer.padding]
        if padded:
            raise ExportError(remedy(padded[0]))
        if unknown:
            raise ExportError(f"cannot tell what {', '.join(unknown)} does: the module could not be called on the example")
        return float(largest * TOLERANCE)
    variants = [HEADS[head_activation], lambda y: y] + ([torch.exp] if head_activation == "softmax" else [])
    judged = [judge(variant(y), scores[len(scores) - len(y):]) + (len(y),) for y in outputs for variant in variants]
    worst, step, amount, length = min(judged, key=lambda each: each[0])
    if worst <= 1:
        return float(max(largest, worst) * TOLERANCE)
    raise ExportError(why(layers, step, amount, length, len(frames)))


def judge(y, scores):
    """Largest difference in units of the tolerance, the first step beyond it, the difference there."""
    scale = TOLERANCE * max(1e-3, float(scores.abs().max()))
    difference = (y - scores).abs().amax(1)
    difference = torch.where(torch.isfinite(difference), difference, torch.inf)
    beyond = torch.nonzero(difference > scale)
    step = int(beyond[0]) if len(beyond) else 0
    return float(difference.max()) / scale, step, float(difference[step])


def called(network, frames, outputs):
    """module(example) in every layout that it takes, each as [T', K] with T' up to T."""
    steps, features = frames.shape
    shapes = [frames[None], frames[None].transpose(1, 2), frames[:, None], frames]
    if features == 1:
        shapes += [frames.T, frames[:, 0]]
    for x in shapes:
        try:
            y = network(x.contiguous())
        except Exception:  # whatever a foreign forward raises: it does not take this layout
            continue
        while isinstance(y, (tuple, list)) and y:
            y = y[0]
        if not isinstance(y, torch.Tensor) or not y.is_floating_point():
            continue
        y = y.squeeze(0) if y.ndim == 3 and y.shape[0] == 1 else y.squeeze(1) if y.ndim == 3 and y.shape[1] == 1 else y
        if y.ndim == 2 and y.shape[1] == outputs and 1 <= len(y) <= steps:
            yield y
        if y.ndim == 2 and y.shape[0] == outputs and 1 <= y.shape[1] <= steps:
            yield y.T
        if y.ndim == 1 and outputs == 1 and len(y) <= steps:
            yield y[:, None]


def remedy(layer):
    return (f"layer '{layer.name}': Conv1d with padding={layer.module.padding!r} looks {layer.padding:g} frames into the "
            f"future. Use padding=0 and pad on the left only, x = F.pad(x, ({layer.past}, 0)) before it, and train "
            "again; then it can run sample by sample")


def why(layers, step, amount, length, steps):
    text = f"stepped sample by sample the scores differ from module(example), first at step {step} by {amount:.3g}. "
    padded = [layer for layer in layers if isinstance(layer, Conv) and layer.padding]
    if padded:
        return text + remedy(padded[0])
    convs = [layer for layer in layers if isinstance(layer, Conv) and layer.past]
    if length < steps and convs:
        return text + (f"The module gives {length} steps for {steps}: pad on the left, "
                       f"x = F.pad(x, ({convs[0].past}, 0)) before '{convs[0].name}', and train again")
    return text + ("Usual causes: children defined in another order than forward runs them, a layer used twice, an "
                   "activation or a skip connection in forward that is no child (use nn.ReLU and its like), "
                   "a state that does not start from zero, normalisation over time")


# --- the file (safetensors: FORMATS C.1)


def encode(description, tensors):
    """The bytes of the file and its digest."""
    digest = "sha256:" + "0" * 64
    text = json.dumps({**description, "digest": digest}, ensure_ascii=False, allow_nan=False)
    if text.count(digest) != 1:
        raise ExportError("the provenance may not hold a digest of 64 zeros")
    header, body = {"__metadata__": {"format": "pt", "runnel.model": text}}, []
    offset = 0
    for key in sorted(tensors):
        value = np.ascontiguousarray(tensors[key], dtype="<f4").reshape(np.shape(tensors[key]))
        header[key] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
        body.append(value.tobytes())
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    data = struct.pack("<Q", len(head)) + head + b"".join(body)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return data.replace(b"sha256:" + b"0" * 64, digest.encode(), 1), digest


def write(path, data):
    """All or nothing: the file appears whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


# --- self-test


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


class Backwards(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = nn.Linear(4, 4)
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


def selftest():
    torch.manual_seed(1)
    results = []

    def check(what, passed):
        results.append(passed)
        print(("ok      " if passed else "FAILED  ") + what)

    def refuses(what, word, module, **more):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.safetensors")
            try:
                save(module, path, **{"example": None, "labels": ["a", "b", "c"], "rate": 100, **more})
                check(what, False)
            except ExportError as error:
                check(f"{what}: {error}", word in str(error) and not os.path.exists(path))

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.safetensors")
        report = save(Causal(), path, example=None, labels=["none", "N", "V"], rate=120)
        data = open(path, "rb").read()
        zeroed = data.replace(report["digest"].encode(), b"sha256:" + b"0" * 64)
        check("the digest is that of the file with its digits as zeros",
              "sha256:" + hashlib.sha256(zeroed).hexdigest() == report["digest"])
        check("conv, LSTM and head step as they run whole", report["difference"] < 1e-5)
        x = np.random.default_rng(2).standard_normal((1, 700, 3)).astype(np.float32)
        deep = nn.Sequential(nn.LSTM(3, 5, num_layers=2), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))
        report = save(deep, path, example=x, labels=["a", "b"], rate=50, head_activation="sigmoid")
        check("a Sequential whose LSTM returns a tuple is stepped against torch's own layers", report["difference"] < 1e-5)
        conv = nn.Sequential(nn.ConstantPad1d((6, 0), 0.0), nn.Conv1d(3, 4, 3, dilation=3), nn.ReLU(), nn.Conv1d(4, 2, 1))
        report = save(conv, path, example=x, labels=["a", "b"], rate=50, head_activation="linear")
        check("a dilated convolution padded on the left", report["difference"] < 1e-5 and report["steps"] == 700)
        try:
            from safetensors.numpy import load

            check("the safetensors package reads it",
                  load(open(path, "rb").read())["golden.output"].shape == (GOLDEN_STEPS, 2))
        except ImportError:
            print("skipped the safetensors package reads it (not installed)")
    refuses("symmetric padding", "F.pad(x, (4, 0))", Causal(symmetric=True))
    refuses("symmetric padding in a Sequential", "F.pad", nn.Sequential(nn.Conv1d(1, 3, 5, padding=2)))
    refuses("no padding", "252 steps for 256: pad on the left", Causal(pad=False))
    refuses("bidirectional", "bidirectional", nn.Sequential(nn.LSTM(2, 3, bidirectional=True), nn.Linear(6, 3)))
    refuses("children in another order", "order", Backwards(), labels=list("abcd"))
    refuses("GRU", "GRU is not supported", nn.Sequential(nn.GRU(2, 3)))
    refuses("wrong count of labels", "2 labels for 3 outputs", Causal(), labels=["a", "b"])
    refuses("NaN weights", "NaN", broken(Causal()))
    refuses("windowed", "not supported yet", Causal(), regime="windowed")
    refuses("an example of another shape", "expected [T, 1]", Causal(), example=np.zeros((5, 2)))
    return all(results)


def broken(module):
    with torch.no_grad():
        module.head.bias[0] = float("nan")
    return module


def main():
    parser = argparse.ArgumentParser(description="Write a PyTorch network as one file that runnel runs. Import it: "
                                     "runnel_export.save(module, path, example=x, labels=[...], rate=360.0)")
    parser.add_argument("--selftest", action="store_true", help="check this exporter on networks of every kind it knows")
    if not parser.parse_args().selftest:
        parser.print_help()
        return 64
    return 0 if selftest() else 1


if __name__ == "__main__":
    sys.exit(main())
