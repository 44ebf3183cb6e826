"""Values that meet each other: sums, products and features side by side."""

import numpy as np

from exporting.axes import part, unsqueeze
from exporting.checks import features, no_levels, shown
from exporting.graph import array
from exporting.pointwise import activate, affine, by_feature, hardsigmoid, scale, softplus
from exporting.registry import function
from exporting.states import final, single
from exporting.values import Value


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


# --- activations that meet their own input


@function("hardswish")
def hardswish(t, x):
    return mul(t, x, hardsigmoid(t, x))


@function("mish")
def mish(t, x):
    return mul(t, x, activate(t, softplus(t, x), "tanh"))


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
