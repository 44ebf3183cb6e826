"""Finds the layers of a torch module: tries the layouts that it may take, traces it, and falls back to its children."""

import copy
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from exporting import cells, operations, recurrent
from exporting.found import Found, layers_of, strip
from exporting.graph import ExportError, is_keras
from exporting.tracing import Trace, tensors_in
from exporting.values import Unknown, Value

BY = f"PyTorch {torch.__version__.split('+')[0]}"

# name: axes, how frames [T, D] become the tensor
LAYOUTS = {
    "batch, time, features": (((), ("T",), ("F",)), lambda x: x[None]),
    "batch, features, time": (((), ("F",), ("T",)), lambda x: x.T[None]),
    "time, batch, features": ((("T",), (), ("F",)), lambda x: x[:, None]),
    "time, features": ((("T",), ("F",)), lambda x: x),
    "features, time": ((("F",), ("T",)), lambda x: x.T),
}
LAYOUTS_OF_ONE = {
    "batch, time": (((), ("T",)), lambda x: x.T),
    "time": ((("T",),), lambda x: x[:, 0]),
}


class NotCallable(ExportError):
    """The module takes the example in no layout."""


def prepared(module):
    """The module for inference, the user's own left as it is; or what to do with what is no module."""
    if isinstance(module, (str, os.PathLike)):
        raise ExportError(
            f"'{module}' is a path: a pickle holds no network that can be read safely; build the module in "
            "Python, module.load_state_dict(torch.load(path, weights_only=True)), and save that"
        )
    if isinstance(module, dict):
        raise ExportError(
            "a state_dict has weights but no forward: build the module, module.load_state_dict(it), and save that"
        )
    if isinstance(module, type):
        raise ExportError(f"{module.__name__} is a class: give an object of it, with its trained weights")
    if is_keras(module):
        raise ExportError("this is a Keras model: use runnel_export.save_keras")
    if isinstance(module, torch.jit.ScriptModule):
        raise ExportError(
            "a TorchScript module hides its forward: save the nn.Module that it was made from. Where that is lost: "
            "safetensors.torch.save_file(module.state_dict(), 'w.safetensors'), runnel model template w.safetensors"
        )
    if isinstance(module, torch.fx.GraphModule) or isinstance(module, torch.export.ExportedProgram):
        raise ExportError(
            "an exported or symbolically traced module has operators in place of layers: save the nn.Module that it was "
            "made from"
        )
    if not isinstance(module, nn.Module):
        raise ExportError(f"{type(module).__name__} is no torch.nn.Module")
    while isinstance(getattr(module, "_orig_mod", None), nn.Module):  # torch.compile
        module = module._orig_mod
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        module = module.module
    try:
        module = copy.deepcopy(module)
    except RuntimeError:
        pass  # the old weight norm cannot be copied
    kinds = {value.dtype for value in module.parameters() if value.is_floating_point()} - {torch.float32}
    module = module.to(device="cpu", dtype=torch.float32).eval()
    module.converted = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
    for name, value in list(module.named_parameters()) + list(module.named_buffers()):
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ExportError(f"tensor '{name}' holds NaN or infinity: the training diverged")
    return module


def leaves(module, prefix=""):
    children = list(module.named_children())
    if not children or isinstance(module, (nn.RNNBase, cells.Recurrent)):
        yield prefix or "layer", module
        return
    for key, child in children:
        yield from leaves(child, f"{prefix}.{key}" if prefix else key)


def widths(module):
    """Features that the module may take: what its layers take, in the order of their definition."""
    found = []
    for _, leaf in leaves(module):
        if isinstance(leaf, nn.Embedding):
            return [None]  # there may be features beside the class
        found += [getattr(leaf, key) for key in ("in_features", "in_channels", "input_size") if hasattr(leaf, key)]
    return list(dict.fromkeys(found)) or [None]


def first_classes(module):
    """Classes of an embedding that comes first, or None."""
    leaf = next(iter(leaves(module)), (None, None))[1]
    return leaf.num_embeddings if isinstance(leaf, nn.Embedding) else None


def find(module, frames, labels, activations, carried=True, names=None):
    """The layers of `module`, traced on frames (T, D). names: of its parts by id, where it is part of another."""
    width = frames.shape[1]
    layouts = dict(LAYOUTS) | (LAYOUTS_OF_ONE if width == 1 else {})
    whole = any(isinstance(child, nn.Embedding) for child in module.modules()) and bool(
        (frames == frames.round()).all()
    )
    reasons, ran = [], []
    for name, (axes, arrange) in layouts.items():
        for dtype in [torch.float32] + ([torch.long] if whole else []):
            prepare = lambda x, arrange=arrange, dtype=dtype: arrange(torch.as_tensor(x)).to(dtype).contiguous()
            try:
                found = traced(module, frames, axes, prepare, labels, activations, names)
            except ExportError as reason:
                reasons.append((progress(str(reason)), name, reason))
                if progress(str(reason)):
                    break  # it takes this layout; that it also runs in another one would mean another network
            except Exception as error:  # whatever a foreign forward raises: it does not take this layout
                ran.append(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            else:
                found.notes.append(f"takes ({name})")
                if getattr(module, "converted", ""):
                    found.notes.append(f"weights were {module.converted}: compared, and run, in float32")
                return found
        if any(weight for weight, _, _ in reasons):
            break
    chain = by_children(module, frames, labels, activations, reasons, names)
    if chain is not None:
        return chain
    if reasons:
        raise max(reasons, key=lambda each: each[0])[2]
    raise NotCallable(
        "the module could not be called on the example in any layout; tried "
        + "; ".join(ran[:3])
        + (
            ". States that forward takes beside the frames are given with them: example=(x, h0, c0)"
            if any("positional argument" in each for each in ran)
            else ". Does module(example) work?"
        )
    )


def progress(reason):
    """How much a reason says: one about axes is said of a layout that the module does not take."""
    return 0 if "axes here" in reason else 1


class Rest:
    """What forward keeps in its modules from call to call (`self.hidden = h`) is put back: every run begins alike."""

    def __init__(self, module):
        self.kept = [(child, dict(child.__dict__)) for child in module.modules()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child, kept in self.kept:
            child.__dict__.clear()
            child.__dict__.update(kept)


class Called(nn.Module):
    """forward(frames, *rest) as a function of the frames: further inputs are states at their beginning."""

    def __init__(self, module, rest):
        super().__init__()
        self.module, self.rest = module, rest  # names begin with module., which is not written

    def forward(self, x):
        return self.module(x, *self.rest)


def with_rest(module, example):
    """(module, frames) of an example (frames, h0, c0): what torch.onnx.export takes too."""
    if not isinstance(example, tuple) or not any(isinstance(each, torch.Tensor) for each in example[1:]):
        return module, example
    rest = []
    for each in example[1:]:
        if isinstance(each, torch.Tensor) and each.ndim == 3 and each.shape[1] > 1:
            if not torch.equal(each, each[:, :1].expand_as(each)):
                raise ExportError("a state in the example differs from row to row of the batch; give the one to begin with")
            each = each[:, :1]
        floats = isinstance(each, torch.Tensor) and each.is_floating_point()
        rest.append(each.detach().cpu().float() if floats else each)
    called = Called(module, rest)
    called.converted = getattr(module, "converted", "")
    return called, example[0]


def traced(module, frames, axes, prepare, labels, activations, names=None):
    trace = Trace(module, frames.shape[1], names=names)
    width = frames.shape[1]
    if width == 1:
        axes = tuple(() if axis == ("F",) else axis for axis in axes)
    tensor = prepare(frames)
    with Rest(module):
        output = trace.run((tensor, Value("input", width, axes, len(frames))))
    outputs = picked(output, labels)
    values = []
    for each in outputs:
        value = trace.of(each)
        if isinstance(value, Value) and value.pieces and len(value.pieces) == 1:
            value = operations.piece(trace, value)
        if isinstance(value, Unknown):
            raise ExportError(value.reason)
        if value is None:
            raise ExportError(
                "the output does not depend on the example: was the module called in another way than by its forward?"
            )
        if value.pieces or value.pad[:2] != (0, 0):
            raise ExportError("the output is a padded tensor or a whole final state; give the scores")
        values.append(value)
    if len({(value.step, value.steps) for value in values}) > 1:
        raise ExportError("the heads speak of different steps")
    sources, heads = [], []
    for value, activation in zip(values, activations if len(values) > 1 else activations[:1]):
        source, ending = strip(trace.graph, value.source, activation)
        if ending in ("softmax", "log_softmax") and len(values) == 1 and len(activations) > 1:
            raise ExportError("one softmax over several heads cannot be cut: let forward return one tensor per head")
        sources.append(source)
        heads.append((value.width, ending))
    if any(source == "input" for source in sources):
        raise ExportError(f"the module has no layers; runnel knows {operations.supported()}")
    last = sources[0]
    if len(sources) > 1:
        last = trace.graph.add(
            "concat", "heads", sources, sum(width for width, _ in heads), output=sum(width for width, _ in heads)
        )
    entries, tensors, decoder = layers_of(trace, last, values[0].steps)

    def call(x):
        with torch.no_grad(), Rest(module):
            results = picked(module(prepare(x)), labels)
        return np.concatenate([arranged(np.array(each), value) for each, value in zip(results, values)], -1)

    def states(x, counts):
        again = Trace(module, width, names=names)
        with Rest(module):
            again.run((prepare(x), Value("input", width, axes, len(x))))
        result = {}
        for name, count in counts.items():
            own, taken, given = again.recurrent[name]
            with torch.no_grad():
                letters = recurrent.finals(own, taken, given, count)
            for letter, value in zip("hc", letters):
                result.update({f"{name}.{letter}_l{k}": row for k, row in enumerate(value)})
        return result

    return Found(
        entries,
        tensors,
        heads,
        values[0].step,
        values[0].steps,
        call,
        states,
        BY,
        list(dict.fromkeys(trace.notes)),
        decoder,
    )


def picked(output, labels):
    """The tensors of the heads among what forward returned."""
    count = len(labels)
    if isinstance(output, dict):
        missing = [name for name in labels if name not in output]
        if count == 1 and (missing or len(output) == 1):
            return [next(iter(tensors_in(output)))]
        if missing:
            raise ExportError(
                f"forward returns {', '.join(map(str, output))}; labels has '{missing[0]}', which is none of them"
            )
        return [output[name] for name in labels]
    if isinstance(output, (tuple, list)):
        flat = [each for each in output if isinstance(each, torch.Tensor)]
        sizes = [len(each) for each in labels.values()]
        if count > 1 and len(flat) >= count and not (flat[0].ndim and flat[0].shape[-1] == sum(sizes)):
            return flat[:count]
        return [next(iter(tensors_in(output)))]
    if not isinstance(output, torch.Tensor):
        raise ExportError(f"forward returns {type(output).__name__}, not a tensor")
    return [output]


def arranged(y, value):
    """The original's output as (S, K): S steps, one where it gives one."""
    order = sorted(range(y.ndim), key=lambda k: ("T",) != value.axes[k])
    steps = value.steps if value.step is None else 1
    y = y.transpose(
        [k for k in order if value.axes[k] == ("T",)]
        + [k for k in order if value.axes[k] == ()]
        + [k for k in order if value.axes[k] == ("F",)]
    )
    return y.reshape(-1 if value.step is None else steps, value.width)


# --- the fallback: children in order of their definition


class Chain(nn.Module):
    """The children one after the other: what a forward with control flow, or a Sequential with an LSTM, may mean."""

    def __init__(self, named):
        super().__init__()
        self.leaves = [(name, unrolled(leaf)) for name, leaf in named]

    def forward(self, x):  # (1, T, D)
        for _, leaf in self.leaves:
            if isinstance(leaf, (nn.RNNBase, cells.Recurrent)):
                x = leaf(x)[0] if leaf.batch_first else leaf(x.transpose(0, 1))[0].transpose(0, 1)
            elif isinstance(leaf, nn.Conv1d):
                x = x.transpose(1, 2)
                if leaf.padding in ("valid", (0,)):
                    x = F.pad(x, ((leaf.kernel_size[0] - 1) * leaf.dilation[0], 0))
                x = leaf(x).transpose(1, 2)
            elif isinstance(leaf, (nn.BatchNorm1d, nn.MaxPool1d, nn.AvgPool1d, nn.PReLU)):
                x = leaf(x.transpose(1, 2)).transpose(1, 2)
            elif isinstance(leaf, nn.Embedding):
                x = leaf(x[..., 0].long())
            elif isinstance(leaf, (nn.ConstantPad1d, nn.Flatten)):
                continue
            else:
                x = leaf(x)
                x = x[0] if isinstance(x, tuple) else x
        return x


def unrolled(leaf):
    """A cell that a loop steps, as the layer with its equations and weights."""
    if not isinstance(leaf, nn.RNNCellBase):
        return leaf
    kind = {nn.RNNCell: nn.RNN, nn.GRUCell: nn.GRU, nn.LSTMCell: nn.LSTM}.get(type(leaf))
    more = {"nonlinearity": leaf.nonlinearity} if kind is nn.RNN else {}
    whole = kind(leaf.input_size, leaf.hidden_size, bias=leaf.bias, batch_first=True, **more)
    whole.load_state_dict({f"{key}_l0": value for key, value in leaf.state_dict().items()})
    return whole.eval()


def by_children(module, frames, labels, activations, reasons, names):
    """The layers in order of definition, judged by what the module itself gives where it can be called; None where that
    does not agree."""
    if any(True for key, _ in module.named_parameters() if "." not in key) and list(module.children()):
        return None
    chain = Chain(leaves(module))
    axes, arrange = LAYOUTS["batch, time, features"]
    prepare = lambda x: arrange(torch.as_tensor(x)).contiguous()
    names = {id(leaf): name for name, leaf in chain.leaves} | (names or {})
    try:
        found = traced(chain, frames, axes, prepare, labels, activations, names)
    except ExportError as reason:
        reasons.append((1 if not reasons else 0, "children", reason))
        return None
    except Exception:  # a child that does not take what the one before it gives
        return None
    width = sum(width for width, _ in found.heads)
    outputs = list(called(module, frames, width))
    if not outputs and not isinstance(module, nn.Sequential):
        return None
    if not outputs:
        found.notes.append(
            "the module could not be called on the example: its children in order of definition were taken, "
            "and compared with torch's own layers one after the other"
        )
        return found
    wanted = found.call(frames)
    scale = max(1e-3, float(np.abs(wanted).max()))
    for y, call in outputs:
        last = len(y) == 1 < len(wanted)  # of a loop that returns what it ends with
        if (last or y.shape == wanted.shape) and np.abs(y - wanted[-len(y) :]).max() <= 1e-5 * scale:
            found.call = call
            found.step = found.steps - 1 if last else None
            found.notes.append("forward could not be traced: its children in order of definition give what it gives")
            return found
    return None


def called(module, frames, width):
    """module(example) in every layout that it takes, as (output [T, K], the way to call it)."""
    for _, arrange in (LAYOUTS | (LAYOUTS_OF_ONE if frames.shape[1] == 1 else {})).values():
        for turn in (lambda y: y, lambda y: y.T):

            def call(x, arrange=arrange, turn=turn):
                with torch.no_grad(), Rest(module):
                    y = next(iter(tensors_in(module(arrange(torch.as_tensor(x)).contiguous()))))
                y = turn(np.array(y).squeeze())
                return y if y.ndim != 1 else y[None] if width > 1 else y[:, None]

            try:
                y = call(frames)
            except Exception:  # it does not take this layout
                continue
            if y.ndim == 2 and y.shape[1] == width:
                yield y, call
