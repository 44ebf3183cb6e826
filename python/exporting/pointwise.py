"""Activations, softmax, and constants: what is done to each step alone."""

import math

import numpy as np

from exporting.checks import features, no_levels
from exporting.graph import array
from exporting.registry import function
from exporting.values import Value


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


@function("logsigmoid", "log_sigmoid")
def logsigmoid(t, x):
    """log(sigmoid(x)) = −softplus(−x)"""
    return scale(t, activate(t, scale(t, x, -1, 0), "softplus"), -1, 0)


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


# --- constants


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
