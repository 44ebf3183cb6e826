"""Layers with weights, convolutions, pooling, padding and norms."""

import math

import numpy as np

from exporting.axes import cropped
from exporting.checks import constant, features, no_levels, one, over_time, shown, with_features
from exporting.graph import array
from exporting.maps import tiled
from exporting.registry import function
from exporting.values import Value


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
        each if each is None else tiled(x, each) for each in (running_mean, running_var, weight, bias)
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
