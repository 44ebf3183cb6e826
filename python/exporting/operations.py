"""What each operation on sequences means as layers: takes the trace (or the walk over a Keras model) and values, gives
the value of the result. The names and arguments are those of torch's functions; weights are arrays of any framework."""

import math

import numpy as np

from exporting.graph import array
from exporting.values import Unknown, Value

FUNCTIONS = {}

REASONS = {
    "scaled_dot_product_attention": "looks at every step at once: attention is not supported",
    "multi_head_attention_forward": "looks at every step at once: attention is not supported",
    "conv_transpose1d": "makes more steps than came in: not supported",
    "interpolate": "makes other steps than came in: not supported; sample at the model's rate instead",
    "group_norm": "takes statistics over time: use LayerNorm over the features, or BatchNorm1d",
    "instance_norm": "takes statistics over time: use LayerNorm over the features, or BatchNorm1d",
    "flip": "turns time round: use a bidirectional layer (regime='windowed')",
    "max_pool2d_with_indices": "gives places of maxima, which cannot be described",
    "repeat_interleave": "makes other steps than came in: not supported",
    "cumsum": "sums over all of the past: not supported; use an RNN",
}


def supported():
    return (
        "Conv1d, Linear, RNN, LSTM, GRU (runnel_export.cells has variants), BatchNorm1d, LayerNorm, MaxPool1d, "
        "AvgPool1d, Embedding, the usual activations, softmax, +, *, cat, slices of features, mean or max over time"
    )


def function(*names):
    def register(f):
        for name in names:
            FUNCTIONS[name] = f
        return f

    return register


# --- axes: no layer


@function(
    "contiguous",
    "clone",
    "float",
    "to",
    "type",
    "detach",
    "cpu",
    "data",
    "alias",
    "double",
    "long",
    "int",
    "requires_grad",
    "type_as",
    "dropout",
    "feature_dropout",
    "alpha_dropout",
    "feature_alpha_dropout",
    "dropout1d",
    "dropout2d",
    "half",
    "bfloat16",
)
def same(t, x, *_, **__):
    return x


@function(
    *("new_zeros", "new_ones", "new_full", "new_empty", "new_tensor", "zeros_like", "ones_like", "full_like"),
    *("empty_like", "rand_like", "randn_like"),
)
def apart(t, *_, **__):
    """A tensor that has the size of another and nothing else of it."""
    return None


@function("transpose", "swapaxes", "swapdims")
def transpose(t, x, first, second):
    axes = list(x.axes)
    axes[first], axes[second] = axes[second], axes[first]
    return x.but(axes=tuple(axes))


@function("permute")
def permute(t, x, *order, dims=None):
    order = order or dims
    order = order[0] if isinstance(order[0], (tuple, list)) else order
    return x.but(axes=tuple(x.axes[k] for k in order))


@function("T", "mT", "t")
def turn(t, x):
    return transpose(t, x, -1, -2) if len(x.axes) > 1 else x


@function("movedim", "moveaxis")
def move(t, x, source, destination):
    axes = list(x.axes)
    axis = axes.pop(source)
    axes.insert(destination % len(x.axes), axis)
    return x.but(axes=tuple(axes))


@function("unsqueeze")
def unsqueeze(t, x, dim):
    axes = list(x.axes)
    axes.insert(dim % (len(axes) + 1), ())
    return x.but(axes=tuple(axes))


@function("squeeze")
def squeeze(t, x, dim=None):
    dim = tuple(range(len(x.axes))) if dim is None else dim
    dims = [d % len(x.axes) for d in ([dim] if isinstance(dim, int) else dim)]
    if x.pieces and len(x.pieces) == 1 and any(x.axes[k] == ("L",) for k in dims):
        x = piece(t, x.but(axes=tuple(() if axis == ("L",) else axis for axis in x.axes)))
    return x.but(axes=tuple(axis for k, axis in enumerate(x.axes) if k not in dims or x.size(axis) != 1))


@function("reshape", "view", "flatten", "unflatten", "ravel", "view_as", "reshape_as")
def reshape(t, x, *shape, **more):
    """Deals the letters out again, in order, to axes of the new sizes."""
    wanted = t.result_shape
    letters = [letter for axis in x.axes for letter in axis]
    axes = []
    for size in wanted:
        axis = ()
        while letters and x.size(axis) < size:
            axis += (letters.pop(0),)
        while letters and x.size(letters[0]) == 1:
            axis += (letters.pop(0),)
        if x.size(axis) != size:
            raise t.cannot("reshape", f"reshape to {list(wanted)} cuts the features or the time in pieces")
        axes.append(axis)
    axes[-1] += tuple(letters)
    if x.pieces and ("L", "F") in axes:
        return levels(t, x.but(axes=tuple(axes)))
    return planes.unfolded(t, x.but(axes=tuple(axes)))


@function("repeat", "expand", "tile", "expand_as")
def repeat(t, x, *_, **__):
    """One step made into many: the context of a decoder."""
    shape = tuple(t.result_shape)
    axes = ((),) * (len(shape) - len(x.axes)) + x.axes
    changed = [k for k, axis in enumerate(axes) if x.size(axis) != shape[k]]
    if not changed:
        return x.but(axes=axes)
    if len(changed) > 1 or axes[changed[0]] != () or x.step is None:
        raise t.cannot("repeat", "repeats what is no single step")
    return context(t, x, shape[changed[0]], axes[: changed[0]] + (("T",),) + axes[changed[0] + 1 :])


def context(t, x, steps, axes):
    """What comes after belongs to a decoder that takes x at each of its steps."""
    if t.encoder is not None:
        raise t.cannot("repeat", "a second sequence is made of one step; one decoder is supported")
    x = x if x.step == x.steps - 1 else single(t, x)
    t.encoder, t.context = t.graph, x.source
    t.graph = type(t.graph)(x.width, t.graph.taken)
    return Value("input", x.width, axes, steps)


# --- parts


@function("index_select")
def index_select(t, x, dim, index):
    if x.axes[dim] == () and x.size(()) == t.result_shape[dim]:
        return x  # the order of a batch of one
    raise t.cannot("index_select", "an index that is a tensor cannot be described; write it as x[…]")


@function("pack_padded_sequence")
def pack(t, x, lengths, batch_first=False):
    """A sequence as long as its tensor, without the axis of the batch."""
    if t.result_shape[0] != x.length:
        raise t.cannot("pack_padded_sequence", "the lengths are shorter than the sequence; runnel's are always whole")
    dim = 0 if batch_first else 1
    return [x.but(axes=x.axes[:dim] + x.axes[dim + 1 :]), None]


@function("pad_packed_sequence")
def unpack(t, x, sizes, batch_first=False, value=0.0, total=None):
    y = unsqueeze(t, x, 0 if batch_first else 1)
    if t.result_shape[1 if batch_first else 0] != y.length:
        raise t.cannot("pad_packed_sequence", "total_length is longer than the sequence")
    return [y, None]


@function("getitem", "select", "narrow")
def getitem(t, x, index, *more):
    if more:
        raise t.cannot("select", "write it as x[…]")
    index = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(each, (list, Value)) or hasattr(each, "shape") for each in index):
        raise t.cannot("x[…]", "an index that is a list or a tensor cannot be described")
    taken = sum(each is not None and each is not Ellipsis for each in index)
    if Ellipsis in index:
        at = index.index(Ellipsis)
        index[at : at + 1] = [slice(None)] * (len(x.axes) - taken)
    else:
        index += [slice(None)] * (len(x.axes) - taken)
    dim = 0
    for each in index:
        if each is None:
            x, dim = unsqueeze(t, x, dim), dim + 1
            continue
        if each != slice(None):
            x = part(t, x, dim, each)
        if isinstance(each, slice):
            dim += 1
    return x


def part(t, x, dim, each):
    """x[each] along one axis."""
    axis = x.axes[dim]
    size = x.size(axis)
    if x.columns > 1 and axis in (("F",), ("S",)):
        raise t.cannot("x[…]", "channels or columns of a map cannot be taken; flatten it first")
    gone = x.axes[:dim] + x.axes[dim + 1 :] if not isinstance(each, slice) else x.axes[:dim] + ((),) + x.axes[dim + 1 :]
    if not isinstance(each, slice):
        start, stop, stride = each % size, each % size + 1, 1
    else:
        start, stop, stride = each.indices(size)
    count = len(range(start, stop, stride))
    if axis == ("L",):
        x = x.but(pieces=x.pieces[start:stop:stride])
        return piece(t, x.but(axes=gone)) if not isinstance(each, slice) else x
    if axis == () or count == size:
        return x.but(axes=gone) if not isinstance(each, slice) else x
    if axis == ("F",) and stride == 1:
        name = t.named("select")
        y = t.add("select", name, x, count, input=x.width, first=start, output=count)
        return y.but(axes=gone) if count == 1 else y
    if axis == ("T",):
        if count == 1:
            if x.pad[:2] != (0, 0):
                raise t.cannot("x[:, t]", "a step of a padded tensor cannot be described")
            return x.but(axes=gone, step=start)
        if stride > 1 and start == 0 and stop == size:
            y = t.add("maxpool", t.named("every"), x, x.width, steps=count, input=x.width, kernel=1, stride=stride)
            return y
        if stride == 1:
            return cropped(t, x, start, size - stop)
    raise t.cannot("x[…]", "this part of a tensor cannot be described as layers")


def cropped(t, x, left, right):
    """Steps taken off again: from the padding that a layer, or F.pad, put there."""
    pad = x.pad
    if pad[0] >= left and pad[1] >= right:
        return x.but(pad=(pad[0] - left, pad[1] - right, pad[2]))
    name, above = x.source, []
    while t.graph.kind(name) in ("activation", "batchnorm", "layernorm", "prelu", "linear") and pad[:2] == (0, 0):
        above.append(name)
        name = t.graph.entries[name]["from"][0]
    entry = t.graph.entries.get(name, {})
    if entry.get("kind") in ("conv1d", "maxpool", "avgpool") and pad[:2] == (0, 0):
        padding, stride = entry["padding"], entry.get("stride", 1)
        if stride == 1 and padding[0] >= left and padding[1] >= right:
            name = t.graph.copy_of(name, padding=[padding[0] - left, padding[1] - right])
            for layer in reversed(above):
                t.graph.entries[layer]["from"], old = [name], t.graph.entries[layer]["from"]
                copy = t.graph.copy_of(layer)
                t.graph.entries[layer]["from"] = old
                name = copy
            return x.but(source=name, steps=x.steps - left - right)
    raise t.cannot(
        "x[:, a:b]",
        f"takes away {left} steps at the start and {right} at the end, which no padding put there; "
        "cut the example, not the tensor inside forward",
    )


@function("chunk", "split", "tensor_split", "split_with_sizes")
def split(t, x, how, dim=0):
    dim %= len(x.axes)
    parts, first = [], 0
    for shape in t.result_shapes:
        parts.append(part(t, x, dim, slice(first, first + shape[dim])))
        first += shape[dim]
    return parts


@function("unbind")
def unbind(t, x, dim=0):
    return [part(t, x, dim % len(x.axes), k) for k in range(len(t.result_shapes))]


# --- final states


def piece(t, x):
    """One level's half of h_n as what it is: the last step of a forward layer, or half of `final`."""
    ((letter, level, half),) = x.pieces
    module, _, _ = t.recurrent[x.source]
    if letter == "c":
        raise t.cannot("c_n", "the cell state c cannot be taken as a layer's output; use h_n")
    if level != module.num_layers - 1:
        raise t.cannot(
            "h_n",
            f"the final state of level {level} of {module.num_layers} cannot be taken; split the layer "
            "into several of num_layers=1",
        )
    x = x.but(pieces=None, axes=tuple(tuple(each for each in axis if each != "L") for axis in x.axes))
    if not module.bidirectional:
        return x.but(step=x.steps - 1)
    last = final(t, x.source, x.width * 2)
    name = t.graph.add(
        "select", last + ".half", [last], x.width, input=2 * x.width, first=half * x.width, output=x.width
    )
    return x.but(source=name, step=0, steps=1)


def final(t, source, width):
    if source not in t.finals:
        t.finals[source] = t.graph.add("final", source + ".final", [source], width, input=width)
    return t.finals[source]


def levels(t, x):
    """h_n laid side by side, (1, L F): both halves of a single level."""
    module, _, _ = t.recurrent[x.source]
    if len(x.pieces) == 1:
        return piece(t, x)
    if [each[1] for each in x.pieces] != [module.num_layers - 1] * 2:
        raise t.cannot(
            "h_n", "final states of several levels side by side cannot be taken; use the last level's, h_n[-1]"
        )
    axes = tuple(tuple(each for each in axis if each != "L") for axis in x.axes)
    name = final(t, x.source, 2 * x.width)
    return x.but(source=name, width=2 * x.width, axes=axes, pieces=None, step=0, steps=1)


def single(t, x):
    """A step of a sequence as a sequence of one: what can meet a pooled value."""
    if x.step == 0 and x.steps == 1:
        return x
    kind = t.graph.kind(x.source)
    entry = t.graph.entries.get(x.source, {})
    last = {"forward": x.steps - 1, "backward": 0}.get(entry.get("direction", "forward"))
    if kind in ("rnn", "gru", "lstm") and x.step == last:
        return x.but(source=final(t, x.source, x.width), step=0, steps=1)
    raise t.cannot(
        "join",
        "steps of a sequence meet each other, or a value over the whole window; only the last step of a recurrent layer "
        "can. A loop over time cannot be seen: give the whole sequence to nn.RNN, nn.LSTM or nn.GRU, or to "
        "runnel_export.cells, which has leaky and other cells",
    )


# --- layers with weights


def features(t, x, dim, what):
    """That dimension `dim` holds the features."""
    axis = x.axes[dim] if -len(x.axes) <= dim < len(x.axes) else None
    if axis != ("F",) and not (axis == () and x.width == 1):
        raise t.cannot(what, f"{what} runs over another axis than the features (axes here: {shown(x)})")


def shown(x):
    words = {"T": "time", "F": "features", "L": "levels", "S": "columns"}
    return ", ".join("·".join(words[letter] for letter in axis) or "1" for axis in x.axes)


def with_features(x, dim, width):
    """The axes with the features in dimension `dim`, where there are any to see."""
    axes = list(x.axes)
    axes[dim] = ("F",) if width > 1 else ()
    return tuple(axes)


def constant(t, value, what):
    if isinstance(value, (Value, Unknown)):
        raise t.cannot(what, "weights that depend on the input are not supported")
    return value


def no_levels(t, x, what):
    if x.pieces:
        raise t.cannot(what, "takes final states of several levels; choose one, h_n[-1]")


@function("linear")
def linear(t, x, weight, bias=None):
    constant(t, weight, "linear")
    no_levels(t, x, "linear")
    name, out = t.named("linear"), weight.shape[0]
    tensors = {"weight": weight} | ({"bias": bias} if bias is not None else {})
    keys = {} if bias is not None else {"bias": False}
    if sorted(x.axes[-1]) == ["F", "T"] or (x.axes[-1] == ("T",) and x.width == 1 and weight.shape[1] == x.length):
        return flattened(t, x, name, weight, bias, keys)
    features(t, x, -1, "Linear")
    y = t.add("linear", name, x, out, tensors, input=x.width, output=out, **keys)
    return y.but(axes=with_features(x, -1, out))


def flattened(t, x, name, weight, bias, keys):
    """Linear over a flattened window: a convolution as long as the window, of which one step comes out."""
    if x.pad[:2] != (0, 0):
        raise t.cannot("flatten", "a padded tensor is flattened; pad before a convolution")
    weight, out = array(weight), weight.shape[0]
    if x.axes[-1] == ("T", "F"):
        taps = weight.reshape(out, x.steps, x.width).transpose(0, 2, 1)
    else:
        taps = weight.reshape(out, x.width, x.steps)
    tensors = {"weight": taps} | ({"bias": bias} if bias is not None else {})
    name = t.graph.add(
        "conv1d", name, [x.source], out, tensors, input=x.width, output=out, kernel=x.steps, padding=[0, 0], **keys
    )
    axes = x.axes[:-1] + (("F",) if out > 1 else (),)
    return x.but(source=name, width=out, axes=axes, steps=1, step=0)


@function("matmul", "mm")
def matmul(t, x, weight):
    if not isinstance(x, Value) or len(constant(t, weight, "matmul").shape) != 2:
        raise t.cannot("matmul", "only x @ weight with a weight [in, out] is supported")
    return linear(t, x, array(weight).T)


@function("conv1d")
def conv1d(t, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    constant(t, weight, "conv1d")
    over_time(t, x, "Conv1d")
    kernel, stride, dilation = weight.shape[2], one(stride), one(dilation)
    past = (kernel - 1) * dilation
    if padding == "same":
        left, right = past // 2, past - past // 2
    else:
        left = right = 0 if padding == "valid" else one(padding)
    if (x.pad[0] or x.pad[1]) and x.pad[2] != 0:
        raise t.cannot("conv1d", f"padding with {x.pad[2]} is not supported; pad with zeros")
    left, right = left + x.pad[0], right + x.pad[1]
    keys = {"input": x.width, "output": weight.shape[0], "kernel": kernel}
    if stride != 1:
        keys["stride"] = stride
    if dilation != 1:
        keys["dilation"] = dilation
    if groups != 1:
        keys["groups"] = groups
    keys["padding"] = [left, right]
    if bias is None:
        keys["bias"] = False
    tensors = {"weight": weight} | ({"bias": bias} if bias is not None else {})
    steps = (x.steps + left + right - past - 1) // stride + 1
    y = t.add("conv1d", t.named("conv"), x.but(pad=(0, 0, 0.0)), weight.shape[0], tensors, steps=steps, **keys)
    return y.but(axes=with_features(x, -2, weight.shape[0]))


def over_time(t, x, what):
    """That the last dimension is time and the one before the features."""
    no_levels(t, x, what)
    if len(x.axes) < 2 or x.axes[-1] != ("T",):
        raise t.cannot(what, f"{what} runs over another axis than time (axes here: {shown(x)})")
    features(t, x, -2, what)


def one(value):
    return int(value[0]) if isinstance(value, (tuple, list)) else int(value)


@function("max_pool1d")
def max_pool(t, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return pool(t, x, "maxpool", kernel_size, stride, padding, dilation, ceil_mode, -math.inf)


@function("avg_pool1d")
def avg_pool(t, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    if not count_include_pad and one(padding):
        raise t.cannot("avg_pool1d", "count_include_pad=False is not supported with padding; use padding=0")
    return pool(t, x, "avgpool", kernel_size, stride, padding, 1, ceil_mode, 0.0)


def pool(t, x, kind, kernel, stride, padding, dilation, ceil_mode, filler):
    over_time(t, x, kind)
    kernel, dilation, padding = one(kernel), one(dilation), one(padding)
    stride = one(stride) if stride not in (None, [], ()) else kernel
    left, right = padding, padding
    if x.pad[0] or x.pad[1]:
        if x.pad[2] != filler:
            raise t.cannot(kind, f"F.pad with {x.pad[2]} before {kind} is not supported; pad with {filler}")
        left, right = left + x.pad[0], right + x.pad[1]
    reach = (kernel - 1) * dilation + 1
    if ceil_mode and (x.steps + left + right - reach) % stride:
        raise t.cannot(kind, "ceil_mode=True pools what is not there at the end; use ceil_mode=False")
    keys = {"input": x.width, "kernel": kernel, "stride": stride}
    if dilation != 1:
        keys["dilation"] = dilation
    keys["padding"] = [left, right]
    steps = (x.steps + left + right - reach) // stride + 1
    return t.add(kind, t.named(kind), x.but(pad=(0, 0, 0.0)), x.width, steps=steps, **keys)


@function("pad")
def pad(t, x, pad, mode="constant", value=None):
    if mode != "constant":
        raise t.cannot("pad", f"padding by {mode} is not supported; pad with zeros")
    pad = list(pad)
    changed = x
    for k in range(0, len(pad), 2):
        dim = len(x.axes) - 1 - k // 2
        if pad[k] == pad[k + 1] == 0:
            continue
        if x.axes[dim] != ("T",):
            raise t.cannot("pad", f"pads another axis than time (axes here: {shown(x)})")
        left, right, value = pad[k], pad[k + 1], float(value or 0)
        if (x.pad[0] or x.pad[1]) and x.pad[2] != value:
            raise t.cannot("pad", "padding twice with different values is not supported")
        if left < 0 or right < 0:
            changed = cropped(t, changed, max(0, -left), max(0, -right))
        before = changed.pad
        changed = changed.but(pad=(before[0] + max(0, left), before[1] + max(0, right), value))
    return changed


@function("batch_norm")
def batch_norm(t, x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if training or running_mean is None:
        raise t.cannot(
            "batch_norm",
            "normalises by the statistics of the batch (track_running_stats=False, or training "
            "mode); train with track_running_stats=True",
        )
    features(t, x, 1 if len(x.axes) > 1 else 0, "BatchNorm")
    running_mean, running_var, weight, bias = (
        each if each is None else planes.tiled(x, each) for each in (running_mean, running_var, weight, bias)
    )
    statistics = {"running_mean": running_mean, "running_var": running_var}
    return norm(t, x, "batchnorm", statistics, weight, bias, eps)


@function("layer_norm")
def layer_norm(t, x, normalized_shape, weight=None, bias=None, eps=1e-5, *_):
    shape = list(normalized_shape)
    if len(shape) != 1:
        raise t.cannot("layer_norm", "normalises over time too; use LayerNorm over the features alone")
    features(t, x, -1, "LayerNorm")
    return norm(t, x, "layernorm", {}, weight, bias, eps)


def norm(t, x, kind, tensors, weight, bias, eps):
    """A norm with its scale and offset, of which one alone is completed by what changes nothing."""
    keys = {"epsilon": float(eps)}
    if weight is None and bias is None:
        keys["affine"] = False
    else:
        tensors["weight"] = weight if weight is not None else np.ones(x.width)
        tensors["bias"] = bias if bias is not None else np.zeros(x.width)
    return t.add(kind, t.named(kind), x, x.width, tensors, input=x.width, **keys)


@function("embedding")
def embedding(t, x, weight, padding_idx=None, *_, **__):
    if not isinstance(x, Value) or x.width != 1:
        raise t.cannot("embedding", f"takes one class number per step, {getattr(x, 'width', 0)} come in")
    classes, out = weight.shape
    y = t.add("embedding", t.named("embedding"), x, out, {"weight": weight}, input=1, classes=classes, output=out)
    axes = x.axes + (("F",) if out > 1 else (),)
    return y.but(axes=axes)


# --- elementwise


def activate(t, x, kind, alpha=None, beta=None):
    value = (
        kind
        if alpha is None
        else {"kind": kind, "alpha": float(alpha)} | ({} if beta is None else {"beta": float(beta)})
    )
    keeps = kind in ("relu", "leaky_relu", "tanh", "silu", "elu", "selu", "gelu", "softsign") and x.pad[2] == 0
    pad, x = (x.pad, x.but(pad=(0, 0, 0.0))) if keeps else ((0, 0, 0.0), x)  # these leave zeros zero
    no_levels(t, x, kind)
    return t.add("activation", t.named(kind), x, x.width, input=x.width, activation=value).but(pad=pad)


def plain(kind):
    return lambda t, x, *_, **__: activate(t, x, kind)


for names, kind in {
    ("relu",): "relu",
    ("tanh",): "tanh",
    ("sigmoid",): "sigmoid",
    ("selu",): "selu",
    ("softsign",): "softsign",
    ("silu",): "silu",
    ("exp",): "exp",
}.items():
    function(*names)(plain(kind))


@function("leaky_relu")
def leaky_relu(t, x, negative_slope=0.01):
    return activate(t, x, "leaky_relu", negative_slope)


@function("rrelu")
def rrelu(t, x, lower=1 / 8, upper=1 / 3, training=False):
    return activate(t, x, "leaky_relu", (lower + upper) / 2)


@function("elu")
def elu(t, x, alpha=1.0):
    return activate(t, x, "elu", alpha)


@function("celu")
def celu(t, x, alpha=1.0):
    if alpha != 1:
        raise t.cannot("celu", "is supported with alpha=1 only; use ELU")
    return activate(t, x, "elu", 1.0)


@function("softplus")
def softplus(t, x, beta=1.0, threshold=20.0):
    if beta == 1:
        return activate(t, x, "softplus")
    return scale(t, activate(t, scale(t, x, beta, 0), "softplus"), 1 / beta, 0)


@function("gelu")
def gelu(t, x, approximate="none"):
    if approximate != "none":
        raise t.cannot("gelu", "approximate='tanh' is another function; use approximate='none'")
    return activate(t, x, "gelu")


@function("hardsigmoid")
def hardsigmoid(t, x):
    return activate(t, x, "hard_sigmoid", 1 / 6, 0.5)


@function("hardtanh")
def hardtanh(t, x, min_val=-1.0, max_val=1.0):
    return activate(t, x, "clip", min_val, max_val)


@function("relu6")
def relu6(t, x):
    return activate(t, x, "clip", 0, 6)


@function("clamp", "clip", "clamp_min", "clamp_max")
def clamp(t, x, min=None, max=None):
    if min == 0 and max is None:
        return activate(t, x, "relu")
    if min is None or max is None or any(hasattr(each, "shape") or isinstance(each, Value) for each in (min, max)):
        raise t.cannot("clamp", "needs two numbers, clamp(low, high)")
    return activate(t, x, "clip", min, max)


@function("threshold")
def threshold(t, x, threshold, value):
    if value != 0:
        raise t.cannot("threshold", "is supported with value=0 only")
    return activate(t, x, "thresholded_relu", threshold)


@function("hardswish")
def hardswish(t, x):
    return mul(t, x, hardsigmoid(t, x))


@function("mish")
def mish(t, x):
    return mul(t, x, activate(t, softplus(t, x), "tanh"))


@function("logsigmoid", "log_sigmoid")
def logsigmoid(t, x):
    """log(sigmoid(x)) = −softplus(−x)"""
    return scale(t, activate(t, scale(t, x, -1, 0), "softplus"), -1, 0)


@function("tanhshrink")
def tanhshrink(t, x):
    return sub(t, x, activate(t, x, "tanh"))


@function("glu")
def glu(t, x, dim=-1):
    features(t, x, dim, "GLU")
    half = slice(0, x.width // 2), slice(x.width // 2, x.width)
    return mul(
        t, part(t, x, dim % len(x.axes), half[0]), activate(t, part(t, x, dim % len(x.axes), half[1]), "sigmoid")
    )


@function("prelu")
def prelu(t, x, weight):
    if math.prod(weight.shape) > 1:
        features(t, x, 1 if len(x.axes) > 1 else 0, "PReLU")
    return t.add("prelu", t.named("prelu"), x, x.width, {"weight": array(weight).reshape(-1)}, input=x.width)


@function("softmax")
def softmax(t, x, dim=None, *_, **__):
    if dim is not None and "T" in x.axes[dim]:
        raise t.cannot(
            "softmax",
            "over time (attention pooling) weighs each step by all the others, which is not supported; take the last step, "
            "or the mean or the largest over time (y.mean(1), y.amax(1)), and train again",
        )
    features(t, x, -1 if dim is None else dim, "softmax")
    return t.add("softmax", t.named("softmax"), x, x.width, input=x.width)


@function("log_softmax")
def log_softmax(t, x, dim=None, *_, **__):
    features(t, x, -1 if dim is None else dim, "log_softmax")
    return t.add("log_softmax", t.named("log_softmax"), x, x.width, input=x.width)


# --- joins and constants


def scale(t, x, factor, offset):
    """factor x + offset, both numbers."""
    if factor == 1 and offset == 0:
        return x
    return activate(t, x, "affine", factor, offset)


def by_feature(t, x, constant, what):
    """A constant as one number, or one per feature; refused where it changes over time."""
    c = array(constant)
    if c.size == 1:
        return float(c.reshape(-1)[0])
    c = c.reshape((1,) * max(0, len(x.axes) - c.ndim) + c.shape)
    if c.ndim > len(x.axes):
        raise t.cannot(what, "a constant with more axes than the tensor cannot be described")
    dim = x.axis("F")
    for k, size in enumerate(c.shape):
        if size > 1 and k != dim:
            if x.axes[k] == () and x.width == 1:
                raise t.cannot(what, "one feature meets a vector: write a Linear")
            if not np.array_equal(np.broadcast_to(c.take([0], k), c.shape), c):
                raise t.cannot(
                    what, "a constant that differs from step to step (a positional encoding?) cannot be described"
                )
            c = c.take([0], k)
    vector = c.reshape(-1)
    return float(vector[0]) if bool((vector == vector[0]).all()) else vector


def affine(t, x, factor, offset, what):
    """factor x + offset, numbers or vectors over the features: a grouped convolution of one tap."""
    if isinstance(factor, float) and isinstance(offset, float):
        return scale(t, x, factor, offset)
    weight = (np.zeros(x.width) + factor).reshape(-1, 1, 1)
    bias = np.zeros(x.width) + offset
    return t.add(
        "conv1d",
        t.named(what),
        x,
        x.width,
        {"weight": weight, "bias": bias},
        input=x.width,
        output=x.width,
        kernel=1,
        groups=x.width,
        padding=[0, 0],
    )


def met(t, values, what):
    """The values made to agree in time and width, and their common axes."""
    for x in values:
        no_levels(t, x, what)
        if x.pad[:2] != (0, 0):
            raise t.cannot(what, f"F.pad before {what} cannot be described")
    if any(x.step is not None for x in values):
        if any(x.step is None for x in values):
            raise t.cannot(
                what,
                "a value over the whole window meets every step of it (subtracting a mean, squeeze and "
                "excitation), which is not supported; normalise in the conditioning, or use LayerNorm",
            )
        if len({(x.step, x.steps) for x in values}) > 1:
            values = [single(t, x) for x in values]
    if len({x.steps for x in values}) > 1:
        raise t.cannot(what, f"sequences of {[x.steps for x in values]} steps meet")
    return values


def merged(t, kind, x, y):
    x, y = met(t, [x, y], kind)
    if x.columns != y.columns or (x.columns > 1 and x.axes != y.axes):
        raise t.cannot(kind, f"maps of {x.columns} and {y.columns} columns meet, or lie otherwise")
    if x.width != y.width:
        narrow, wide = (x, y) if x.width < y.width else (y, x)
        if narrow.width != 1:
            raise t.cannot(kind, f"{x.width} features meet {y.width}")
        name = t.graph.add(
            "linear",
            t.named("spread"),
            [narrow.source],
            wide.width,
            {"weight": np.ones((wide.width, 1))},
            input=1,
            output=wide.width,
            bias=False,
        )
        narrow = narrow.but(source=name)
        x, y = (narrow, wide) if x.width < y.width else (wide, narrow)
    axes = wider(x, y)
    letters = [letter for axis in axes for letter in axis]
    if len(set(letters)) < len(letters) or any(
        each.axes not in (axes, axes[-len(each.axes) :]) and each.width > 1 for each in (x, y)
    ):
        raise t.cannot(kind, f"axes {shown(x)} meet {shown(y)}")
    width = max(x.width, y.width)
    if x.source == y.source:
        if kind == "add":
            return scale(t, x, 2.0, 0.0)
        y = y.but(
            source=t.graph.add("activation", t.named("same"), [x.source], x.width, input=x.width, activation="none")
        )
    name = t.graph.add(kind, t.named(kind), [x.source, y.source], width, input=width)
    return x.but(source=name, width=width, axes=axes)


def wider(x, y):
    """Axes of a broadcast result."""
    count = max(len(x.axes), len(y.axes))
    first = ((),) * (count - len(x.axes)) + x.axes
    second = ((),) * (count - len(y.axes)) + y.axes
    return tuple(a or b for a, b in zip(first, second))


@function("add", "iadd", "radd")
def add(t, x, y, alpha=1):
    if not isinstance(x, Value):
        x, y = y, x if alpha == 1 else array(x) * alpha
    elif alpha != 1:
        y = scale(t, y, float(alpha), 0.0) if isinstance(y, Value) else array(y) * alpha
    if isinstance(y, Value):
        return merged(t, "add", x, y)
    if x.columns > 1:
        raise t.cannot("add", "a constant added to a map of two dimensions is not supported; use the bias of a Conv2d")
    return affine(t, x, 1.0, by_feature(t, x, y, "add"), "offset")


@function("mul", "multiply", "imul", "rmul")
def mul(t, x, y):
    if not isinstance(x, Value):
        x, y = y, x
    if isinstance(y, Value):
        return merged(t, "multiply", x, y)
    return affine(t, x, by_feature(t, x, y, "mul"), 0.0, "scale")


@function("sub", "subtract", "isub")
def sub(t, x, y, alpha=1):
    y = neg(t, y) if isinstance(y, Value) else -array(y)
    return add(t, x, y, alpha=alpha)


@function("rsub")
def rsub(t, x, y, alpha=1):
    return sub(t, y, x, alpha=alpha)


@function("neg", "negative")
def neg(t, x):
    return scale(t, x, -1.0, 0.0)


@function("div", "divide", "true_divide", "idiv", "truediv", "itruediv")
def div(t, x, y, **_):
    if not isinstance(x, Value) or isinstance(y, Value):
        raise t.cannot("division", "by a value that depends on the input is not supported")
    return mul(t, x, 1 / array(y).astype(float))


@function("cat", "concat", "concatenate")
def cat(t, tensors, dim=0, axis=None):
    dim = (dim if axis is None else axis) % len(t.result_shape)
    values = list(tensors)
    known = [x for x in values if isinstance(x, Value)]
    if len(known) < len(values):
        return padded(t, values, dim)
    if any(x.pieces for x in values):
        raise t.cannot("cat", "of whole final states is not supported; take h_n[-1], or h_n[-2] and h_n[-1]")
    if any(x.axes[dim] != ("F",) and not (x.axes[dim] == () and x.width == 1) for x in values):
        raise t.cannot(
            "cat", f"joins another axis than the features (axes here: {shown(values[0])}); steps cannot be joined"
        )
    halves = both_halves(t, values)
    values = met(t, values, "cat") if halves is None else values
    width = sum(x.width for x in values)
    axes = tuple(axis if k != dim else ("F",) for k, axis in enumerate(values[0].axes))
    if halves is not None:
        return values[0].but(source=halves, width=width, axes=axes, step=0, steps=1)
    for x in values[1:]:
        if [axis for k, axis in enumerate(x.axes) if k != dim] != [axis for k, axis in enumerate(axes) if k != dim]:
            raise t.cannot("cat", f"axes {shown(values[0])} meet {shown(x)}")
    sources = [x.source for x in values]
    whole = together(t, sources)
    if whole:
        return values[0].but(source=whole, width=width, axes=axes)
    name = t.graph.add("concat", t.named("concat"), sources, width, output=width)
    return values[0].but(source=name, width=width, axes=axes)


def together(t, sources):
    """The layer of which these are all parts, in order."""
    entries = [t.graph.entries.get(name) for name in sources]
    if any(entry is None or entry["kind"] != "select" for entry in entries):
        return None
    below, first = entries[0]["from"], 0
    for entry in entries:
        if entry["from"] != below or entry["first"] != first:
            return None
        first += entry["output"]
    return below[0] if first == t.graph.widths[below[0]] else None


def both_halves(t, values):
    """cat([y[:, -1, :H], y[:, 0, H:]]) of a bidirectional layer y: `final`."""
    if len(values) != 2 or any(t.graph.kind(x.source) != "select" for x in values):
        return None
    x, y = values
    whole = together(t, [x.source, y.source])
    if (
        whole in t.recurrent
        and x.step == x.steps - 1
        and y.step == 0
        and x.steps > 1
        and t.recurrent[whole][0].bidirectional
    ):
        return final(t, whole, x.width + y.width)
    return None


def padded(t, values, dim):
    """Zeros joined to time are padding."""
    at = next(k for k, x in enumerate(values) if isinstance(x, Value))
    x = values[at]
    zeros = all(not array(each).any() for k, each in enumerate(values) if k != at)
    if zeros and x.axes[dim] == ("T",):
        left = sum(each.shape[dim] for each in values[:at])
        right = sum(each.shape[dim] for each in values[at + 1 :])
        return x.but(pad=(x.pad[0] + left, x.pad[1] + right, 0.0))
    raise t.cannot("cat", "with a constant is supported only for zeros before the first step (padding)")


@function("stack")
def stack(t, tensors, dim=0):
    if any(isinstance(x, Value) and x.step is not None for x in tensors):
        raise t.cannot(
            "stack",
            "joins steps that a loop made one by one, and a loop over time cannot be seen: give the whole sequence to "
            "nn.RNN, nn.LSTM or nn.GRU, or to runnel_export.cells, which has leaky and other cells (their weights are "
            "weight_ih_l0, weight_hh_l0 and the biases)",
        )
    if any(not isinstance(x, Value) or x.width != 1 for x in tensors):
        raise t.cannot("stack", "of sequences is not supported; use cat along the features")
    dim %= len(t.result_shape)
    return cat(t, [unsqueeze(t, x, dim) for x in tensors], dim)


# --- over time


def over_all(t, x, dim, keepdim, of):
    dims = [d % len(x.axes) for d in ([dim] if isinstance(dim, int) else dim)]
    if x.columns > 1 and of == "mean" and [x.axes[d] for d in dims if x.axes[d]] == [("S",)]:
        return planes.over_columns(t, x, dims, keepdim)
    if [x.axes[d] for d in dims if x.axes[d]] != [("T",)]:
        raise t.cannot(of, f"over another axis than time (axes here: {shown(x)})")
    y = t.add("globalpool", t.named("pool"), x, x.width, input=x.width, of=of)
    axes = [() if k in dims else axis for k, axis in enumerate(x.axes) if keepdim or k not in dims]
    return y.but(axes=tuple(axes), steps=1, step=0)


@function("mean")
def mean(t, x, dim=None, keepdim=False, **_):
    if dim is None:
        raise t.cannot("mean", "over everything; say mean(dim=…) of the time axis")
    return over_all(t, x, dim, keepdim, "mean")


@function("sum")
def total(t, x, dim=None, keepdim=False, **_):
    if dim is None:
        raise t.cannot("sum", "over everything; say sum(dim=…) of the time axis")
    return scale(t, over_all(t, x, dim, keepdim, "mean"), float(x.length), 0.0)


@function("amax", "max")
def largest(t, x, dim=None, keepdim=False, **_):
    if dim is None or isinstance(dim, Value):
        raise t.cannot("max", "of two tensors or over everything is not supported")
    y = over_all(t, x, dim, keepdim, "max")
    return [y, Unknown("the index of a maximum cannot be described")]


@function("adaptive_avg_pool1d")
def adaptive_mean(t, x, size):
    return adaptive(t, x, size, "mean")


@function("adaptive_max_pool1d")
def adaptive_max(t, x, size, return_indices=False):
    return adaptive(t, x, size, "max")


def adaptive(t, x, size, of):
    over_time(t, x, "adaptive pooling")
    if one(size) != 1:
        raise t.cannot(
            "adaptive pooling",
            f"to {one(size)} steps depends on the window's length; use output_size 1, or MaxPool1d or AvgPool1d",
        )
    return over_all(t, x, -1, True, of)


from exporting import planes  # noqa: E402  it registers its functions, and needs those above
