"""Where branches of a Keras model meet or part, as layers and as operations of the graph."""

from exporting import operations
from exporting.keras_walk import layer, weight
from exporting.values import Value


def operands(args):
    return list(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple)) else list(args)


@layer("Add", "Multiply", "Subtract", "Average", "TrueDivide", "Divide")
def join(w, layer, *args):
    kind = type(layer).__name__
    function = {
        "Add": operations.add,
        "Average": operations.add,
        "Multiply": operations.mul,
        "Subtract": operations.sub,
        "TrueDivide": operations.div,
        "Divide": operations.div,
    }[kind]
    parts = [value if isinstance(value, Value) else weight(value) for value in operands(args)]
    result = parts[0]
    for each in parts[1:]:
        result = function(w, result, each)
    return operations.scale(w, result, 1 / len(parts), 0.0) if kind == "Average" else result


@layer("Concatenate")
def concatenate(w, layer, *args):
    parts = operands(args)
    w.result_shape = (1,) * len(parts[0].axes)
    return operations.cat(w, parts, layer.axis)


@layer("GetItem")
def get_item(w, layer, x, key):
    return operations.getitem(w, x, key)


@layer("Relu", "Tanh", "Sigmoid", "Silu", "Softplus", "Softsign", "Exp", "Selu")
def function(w, layer, x):
    return operations.activate(w, x, type(layer).__name__.lower())
