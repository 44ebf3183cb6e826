"""Keras layers that take each step by itself: Dense, norms, activations, an embedding."""

import numpy as np

from exporting import operations
from exporting.keras_activations import activate
from exporting.keras_walk import SAME, described, last_axis, layer, weight


@layer("Dense")
def dense(w, layer, x):
    bias = weight(layer.bias) if layer.use_bias else None
    return activate(w, operations.linear(w, x, weight(layer.kernel).T, bias), layer.activation)


@layer("TimeDistributed")
def time_distributed(w, layer, x):
    inner = layer.layer
    if type(inner).__name__ not in (
        "Dense",
        "Activation",
        "BatchNormalization",
        "LayerNormalization",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "Softmax",
        *SAME,
    ):
        raise w.cannot("TimeDistributed", f"of {type(inner).__name__} is not supported")
    w.layer = inner if inner.name != layer.name else layer
    return described(w, inner, x)


@layer("Activation")
def activation(w, layer, x):
    return activate(w, x, layer.activation)


@layer("ReLU")
def relu(w, layer, x):
    slope, limit, threshold = layer.negative_slope, layer.max_value, layer.threshold
    if threshold:
        if slope or limit is not None:
            raise w.cannot("ReLU", "a threshold together with a slope or a limit is not supported")
        return operations.activate(w, x, "thresholded_relu", threshold)
    if slope and limit is not None:
        raise w.cannot("ReLU", "a slope together with a limit is not supported")
    if slope:
        return operations.activate(w, x, "leaky_relu", slope)
    return operations.activate(w, x, "relu") if limit is None else operations.activate(w, x, "clip", 0, limit)


@layer("LeakyReLU")
def leaky_relu(w, layer, x):
    return operations.activate(w, x, "leaky_relu", layer.negative_slope)


@layer("ELU")
def elu(w, layer, x):
    return operations.activate(w, x, "elu", layer.alpha)


@layer("PReLU")
def prelu(w, layer, x):
    alpha = weight(layer.alpha)
    if any(size > 1 for size in alpha.shape[:-1]):
        raise w.cannot("PReLU", "has a slope for each step; say shared_axes=[1]")
    return w.add("prelu", w.named("prelu"), x, x.width, {"weight": alpha.reshape(-1)}, input=x.width)


@layer("Softmax")
def softmax(w, layer, x):
    last_axis(w, x, layer.axis)
    return operations.softmax(w, x, -1)


@layer("BatchNormalization")
def batch_normalization(w, layer, x):
    last_axis(w, x, layer.axis)
    tensors = {
        "running_mean": weight(layer.moving_mean),
        "running_var": weight(layer.moving_variance),
        "weight": weight(layer.gamma) if layer.scale else np.ones(x.width),
        "bias": weight(layer.beta) if layer.center else np.zeros(x.width),
    }
    return w.add("batchnorm", w.named("batchnorm"), x, x.width, tensors, input=x.width, epsilon=float(layer.epsilon))


@layer("LayerNormalization")
def layer_normalization(w, layer, x):
    last_axis(w, x, layer.axis)
    if getattr(layer, "rms_scaling", False):
        raise w.cannot("LayerNormalization", "rms_scaling=True is not supported")
    tensors = {
        "weight": weight(layer.gamma) if layer.scale else np.ones(x.width),
        "bias": weight(layer.beta) if layer.center else np.zeros(x.width),
    }
    return w.add("layernorm", w.named("layernorm"), x, x.width, tensors, input=x.width, epsilon=float(layer.epsilon))


@layer("Rescaling")
def rescaling(w, layer, x):
    factor, offset = (operations.by_feature(w, x, value, "Rescaling") for value in (layer.scale, layer.offset))
    return operations.affine(w, x, factor, offset, "scale")


@layer("Normalization")
def normalization(w, layer, x):
    mean, variance = weight(layer.mean).reshape(-1), weight(layer.variance).reshape(-1)
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    return operations.affine(
        w,
        x,
        operations.by_feature(w, x, 1 / deviation, "scale"),
        operations.by_feature(w, x, -mean / deviation, "offset"),
        "scale",
    )


@layer("Embedding")
def embedding(w, layer, x):
    if layer.mask_zero:
        raise w.cannot("Embedding", "mask_zero=True masks steps, which is not supported; say mask_zero=False")
    return operations.embedding(w, x, weight(layer.embeddings))
