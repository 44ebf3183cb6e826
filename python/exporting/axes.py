"""Operations that turn, name or take parts of the axes of a tensor; most are no layer."""

from exporting.maps import unfolded
from exporting.registry import function
from exporting.states import levels, piece, single
from exporting.values import Value


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
    return unfolded(t, x.but(axes=tuple(axes)))


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
