"""Keras layers that look along time: convolutions, pools, padding, what turns a window into features and back."""

import numpy as np

from exporting import operations
from exporting.keras_activations import activate
from exporting.keras_walk import channels_last, layer, number, weight


def padding(w, x, layer, kernel, stride, dilation):
    """[left, right] as Keras pads: 'same' keeps ceil(T / stride) steps, for a T that is a multiple of the stride."""
    past = (kernel - 1) * dilation
    if layer.padding == "causal":
        return [past, 0]
    if layer.padding == "valid":
        return [0, 0]
    total = max(0, past + 1 - (stride if x.steps % stride == 0 else x.steps % stride))
    return [total // 2, total - total // 2]


def convolved(w, layer, x, taps, bias, groups, name):
    """taps: (out, in / groups, kernel)."""
    channels_last(w, layer)
    kernel, stride, dilation = taps.shape[2], number(layer.strides), number(layer.dilation_rate)
    left, right = padding(w, x, layer, kernel, stride, dilation)
    if x.axes[-2:-1] != (("T",),):
        raise w.cannot(name, "runs over another axis than time")
    if (x.pad[0] or x.pad[1]) and x.pad[2] != 0:
        raise w.cannot(name, "padding other than zeros is not supported")
    left, right = left + x.pad[0], right + x.pad[1]
    keys = {"input": x.width, "output": taps.shape[0], "kernel": kernel}
    keys |= {"stride": stride} if stride != 1 else {}
    keys |= {"dilation": dilation} if dilation != 1 else {}
    keys |= {"groups": groups} if groups != 1 else {}
    keys |= {"padding": [left, right]} | ({"bias": False} if bias is None else {})
    tensors = {"weight": taps} | ({} if bias is None else {"bias": bias})
    steps = (x.steps + left + right - (kernel - 1) * dilation - 1) // stride + 1
    w.total_stride *= stride
    return w.add("conv1d", layer.name, x.but(pad=(0, 0, 0.0)), taps.shape[0], tensors, steps=steps, **keys)


@layer("Conv1D")
def conv(w, layer, x):
    taps = weight(layer.kernel).transpose(2, 1, 0)
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, convolved(w, layer, x, taps, bias, layer.groups, "Conv1D"), layer.activation)


@layer("DepthwiseConv1D")
def depthwise(w, layer, x):
    kernel = weight(layer.kernel)  # [kernel, in, multiplier]
    taps = kernel.transpose(1, 2, 0).reshape(-1, 1, kernel.shape[0])
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, convolved(w, layer, x, taps, bias, kernel.shape[1], "DepthwiseConv1D"), layer.activation)


@layer("SeparableConv1D")
def separable(w, layer, x):
    kernel = weight(layer.depthwise_kernel)
    taps = kernel.transpose(1, 2, 0).reshape(-1, 1, kernel.shape[0])
    y = convolved(w, layer, x, taps, None, kernel.shape[1], "SeparableConv1D")
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, operations.linear(w, y, weight(layer.pointwise_kernel)[0].T, bias), layer.activation)


@layer("MaxPooling1D", "AveragePooling1D")
def pooling(w, layer, x):
    channels_last(w, layer)
    kind = "maxpool" if type(layer).__name__ == "MaxPooling1D" else "avgpool"
    kernel, stride = number(layer.pool_size), number(layer.strides)
    left, right = padding(w, x, layer, kernel, stride, 1)
    if kind == "avgpool" and left + right:
        raise w.cannot(
            kind, "padding='same' leaves the padding out of the mean, which is not supported; use padding='valid'"
        )
    if x.pad[0] or x.pad[1]:
        raise w.cannot(kind, "ZeroPadding1D before a pool is not supported")
    steps = (x.steps + left + right - kernel) // stride + 1
    w.total_stride *= stride
    return w.add(
        kind, layer.name, x, x.width, steps=steps, input=x.width, kernel=kernel, stride=stride, padding=[left, right]
    )


@layer("GlobalAveragePooling1D", "GlobalMaxPooling1D")
def global_pooling(w, layer, x):
    channels_last(w, layer)
    of = "mean" if "Average" in type(layer).__name__ else "max"
    return operations.over_all(w, x, 1, layer.keepdims, of)


@layer("ZeroPadding1D")
def zero_padding(w, layer, x):
    left, right = layer.padding
    return x.but(pad=(x.pad[0] + left, x.pad[1] + right, 0.0))


@layer("Cropping1D")
def cropping(w, layer, x):
    return operations.cropped(w, x, *layer.cropping)


@layer("Flatten")
def flatten(w, layer, x):
    letters = tuple(letter for axis in x.axes for letter in axis)
    return x.but(axes=((), letters))


@layer("Reshape")
def reshape(w, layer, x):
    shape = [size for size in layer.target_shape]
    sizes = [x.size(axis) for axis in x.axes[1:]]
    total = int(np.prod(sizes))
    if -1 in shape:
        shape[shape.index(-1)] = total // -int(np.prod(shape))
    w.result_shape = (1, *shape)
    return operations.reshape(w, x)


@layer("RepeatVector")
def repeat_vector(w, layer, x):
    x = x if x.step is not None else x.but(step=x.steps - 1) if x.axes[0] == ("T",) and x.steps == 1 else x
    if x.step is None:
        raise w.cannot("RepeatVector", "repeats what is no single step")
    return operations.context(w, x, layer.n, ((), ("T",), ("F",) if x.width > 1 else ()))
