"""Activation functions of Keras, as layers and as the activation that another layer has."""

from exporting import operations

# Keras' names of activations, as (kind, alpha, beta)
NAMED = {
    "linear": ("none",),
    "relu": ("relu",),
    "tanh": ("tanh",),
    "sigmoid": ("sigmoid",),
    "elu": ("elu", 1.0),
    "selu": ("selu",),
    "softplus": ("softplus",),
    "softsign": ("softsign",),
    "silu": ("silu",),
    "swish": ("silu",),
    "gelu": ("gelu",),
    "hard_sigmoid": ("hard_sigmoid", 1 / 6, 0.5),
    "hard_tanh": ("clip", -1.0, 1.0),
    "relu6": ("clip", 0.0, 6.0),
    "leaky_relu": ("leaky_relu", 0.2),
    "exponential": ("exp",),
}
COMPOSED = {
    "mish": operations.mish,
    "hard_silu": operations.hardswish,
    "hard_swish": operations.hardswish,
    "tanh_shrink": operations.tanhshrink,
}


def activation_of(w, function):
    """An activation function of Keras as the value of a description."""
    import keras

    name = keras.activations.serialize(function)
    name = name if isinstance(name, str) else getattr(function, "__name__", str(name))
    if name not in NAMED:
        raise w.cannot("activation", f"activation '{name}' is not supported here")
    kind, *numbers = NAMED[name]
    return kind if not numbers else dict(zip(("kind", "alpha", "beta"), (kind, *numbers)))


def activate(w, x, function):
    import keras

    name = keras.activations.serialize(function)
    name = name if isinstance(name, str) else getattr(function, "__name__", str(name))
    if name == "linear":
        return x
    if name in ("softmax", "log_softmax"):
        return FEATURE_WISE[name](w, x)
    if name in COMPOSED:
        return COMPOSED[name](w, x)
    value = activation_of(w, function)
    value = value if isinstance(value, dict) else {"kind": value}
    return operations.activate(w, x, value["kind"], value.get("alpha"), value.get("beta"))


FEATURE_WISE = {
    "softmax": lambda w, x: operations.softmax(w, x, -1),
    "log_softmax": lambda w, x: operations.log_softmax(w, x, -1),
}
