"""Conv2d and its company: maps of channels and columns over time, as convolutions over time.

A Conv2d along (time, columns) sees a frame as `columns` times `channels` features. A kernel of one column is a grouped
Conv1d, a group for each column, all with the same weights; a wider one is a Conv1d over all features whose weights are
zero where the kernel does not reach. DeepConvLSTM and the CRNNs of keyword spotting are built of these.
"""

import math

import numpy as np

from exporting.checks import constant, no_levels, shown
from exporting.graph import array
from exporting.layers import pool
from exporting.registry import function

# What may be done to a map before it is flattened.
ALLOWED = {
    *("contiguous", "clone", "float", "to", "type", "detach", "cpu", "data", "alias", "double", "requires_grad"),
    *("type_as", "dropout", "feature_dropout", "dropout2d", "transpose", "swapaxes", "swapdims", "permute", "T", "mT"),
    *("movedim", "moveaxis", "unsqueeze", "squeeze", "reshape", "view", "flatten", "unflatten", "view_as", "reshape_as"),
    *("relu", "tanh", "sigmoid", "selu", "softsign", "silu", "leaky_relu", "elu", "celu", "gelu", "hardsigmoid"),
    *("hardtanh", "relu6", "hardswish", "conv2d", "max_pool2d", "avg_pool2d", "batch_norm", "add", "iadd", "pad", "mean"),
    *("getitem", "softplus", "mish", "half", "bfloat16"),
}
WEIGHTS = 1 << 26  # of one layer, 256 MiB


def plane(t, x, what):
    """(dimension of time, that of the columns, channels, columns) of a tensor [batch, channels, …, …]."""
    no_levels(t, x, what)
    if len(x.axes) < 3 or ("T",) not in x.axes[-2:]:
        raise t.cannot(what, f"{what} runs over other axes than time and one of features (axes here: {shown(x)})")
    time = len(x.axes) - (2 if x.axes[-2] == ("T",) else 1)
    across = 2 * len(x.axes) - 3 - time
    channel, space = x.axes[-3], x.axes[across]
    if x.columns > 1 and channel in ((), ("F",)) and space == ("S",):
        return time, across, x.width // x.columns, x.columns
    if x.columns == 1 and channel == () and space in ((), ("F",)):
        return time, across, 1, x.width
    if x.columns == 1 and channel == ("F",) and space == ():
        return time, across, x.width, 1
    raise t.cannot(what, f"{what} runs over other axes than time and one of features (axes here: {shown(x)})")


def pair(value, time, rank):
    """(along time, along the columns)"""
    first, second = (value, value) if isinstance(value, int) else (value * 2 if len(value) == 1 else value)
    return (first, second) if time == rank - 2 else (second, first)


@function("conv2d")
def conv2d(t, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    time, across, channels, columns = plane(t, x, "Conv2d")
    rank = len(x.axes)
    weight = array(constant(t, weight, "conv2d"))
    weight = weight if time == rank - 2 else weight.transpose(0, 1, 3, 2)  # [O, I, along time, along columns]
    outputs, _, kernel, reach = weight.shape
    (stride, step), (dilation, apart) = pair(stride, time, rank), pair(dilation, time, rank)
    past, wide = (kernel - 1) * dilation, (reach - 1) * apart
    if padding == "same":
        left, right, above, below = past // 2, past - past // 2, wide // 2, wide - wide // 2
    else:
        along, aside = pair(0 if padding == "valid" else padding, time, rank)
        left, right, above, below = along, along, aside, aside
    if (x.pad[0] or x.pad[1]) and x.pad[2] != 0:
        raise t.cannot("conv2d", f"padding with {x.pad[2]} is not supported; pad with zeros")
    left, right = left + x.pad[0], right + x.pad[1]
    made = (columns + above + below - wide - 1) // step + 1
    if channels != weight.shape[1] * groups:
        raise t.cannot("conv2d", f"takes {weight.shape[1] * groups} channels, the map has {channels}")
    if reach == 1 and step == 1 and made == columns:
        taps, groups = np.tile(weight[..., 0], (columns, 1, 1)), groups * columns
    else:
        taps, groups = banded(t, weight, groups, channels, columns, made, step, apart, above), 1
    keys = {"input": x.width, "output": outputs * made, "kernel": kernel}
    keys |= {key: value for key, value in (("stride", stride), ("dilation", dilation), ("groups", groups)) if value != 1}
    keys["padding"] = [left, right]
    tensors = {"weight": taps}
    if bias is None:
        keys["bias"] = False
    else:
        tensors["bias"] = np.tile(array(bias), made)
    steps = (x.steps + left + right - past - 1) // stride + 1
    y = t.add("conv1d", t.named("conv"), x.but(pad=(0, 0, 0.0)), outputs * made, tensors, steps=steps, **keys)
    return mapped(y, across, outputs, made)


def banded(t, weight, groups, channels, columns, made, step, apart, above):
    """[made · O, columns · I, taps]: the kernel at each of its places, zeros beside it."""
    outputs, own, kernel, reach = weight.shape
    if made < 1 or made * outputs * columns * channels * kernel > WEIGHTS:
        raise t.cannot(
            "conv2d",
            f"over {columns} columns of {channels} channels is a Conv1d with more than {WEIGHTS} weights; pool or "
            "stride over the columns earlier",
        )
    taps = np.zeros((made, outputs, columns, channels, kernel), np.float32)
    for place in range(made):
        for k in range(reach):
            column = place * step + k * apart - above
            if not 0 <= column < columns:
                continue
            for group in range(groups):
                rows = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
                taps[place, rows, column, group * own : (group + 1) * own] = weight[rows, :, :, k]
    return taps.reshape(made * outputs, columns * channels, kernel)


def mapped(y, across, channels, columns):
    """The value of a map: channels three dimensions from the end."""
    axes = list(y.axes)
    single = columns == 1 or channels == 1  # one axis of features is enough
    axes[-3] = ("F",) if channels > 1 else ()
    axes[across] = () if columns == 1 else ("F",) if channels == 1 else ("S",)
    return y.but(axes=tuple(axes), columns=1 if single else columns)


@function("max_pool2d")
def max_pool2d(t, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return pool2d(t, x, "maxpool", kernel_size, stride, padding, dilation, ceil_mode, -math.inf)


@function("avg_pool2d")
def avg_pool2d(t, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor=None):
    if divisor is not None or (not count_include_pad and padding not in (0, (0, 0))):
        raise t.cannot("avg_pool2d", "count_include_pad=False and divisor_override are not supported")
    return pool2d(t, x, "avgpool", kernel_size, stride, padding, 1, ceil_mode, 0.0)


def pool2d(t, x, kind, kernel, stride, padding, dilation, ceil_mode, filler):
    time, across, channels, columns = plane(t, x, kind)
    rank = len(x.axes)
    stride = kernel if stride in (None, [], ()) else stride
    (kernel, reach), (stride, step) = pair(kernel, time, rank), pair(stride, time, rank)
    (left, above), (dilation, _) = pair(padding, time, rank), pair(dilation, time, rank)
    if reach > 1 or step > 1 or above:
        if kind == "maxpool" or ceil_mode:
            raise t.cannot(
                kind,
                f"pools {reach} columns (features) into one, and no layer here takes a maximum over features; pool over "
                "time alone, use AvgPool2d over the columns, or a stride of the Conv2d",
            )
        weight = np.full((channels, 1, 1, reach), 1 / reach, np.float32)
        weight = weight if time == rank - 2 else weight.transpose(0, 1, 3, 2)
        turn = (lambda a, b: (a, b)) if time == rank - 2 else (lambda a, b: (b, a))
        x = conv2d(t, x, weight, None, turn(1, step), turn(0, above), 1, channels)
    if kernel == stride == 1 and not left:
        return x
    flat = x.but(axes=((), ("F",) if x.width > 1 else (), ("T",)), columns=1)
    y = pool(t, flat, kind, kernel, stride, left, dilation, ceil_mode, filler)
    return y.but(axes=x.axes, columns=x.columns)
