"""What each operation on sequences means as layers: takes the trace (or the walk over a Keras model) and values, gives
the value of the result. The names and arguments are those of torch's functions; weights are arrays of any framework.

registry     which function of torch is understood by which
axes         turned, named and taken in parts
states       final states and single steps
layers       with weights, convolutions, pooling, padding, norms
pointwise    activations and constants
joins        sums, products, features side by side
reductions   over time
planes       the same in two dimensions; maps: what becomes of those
checks       what an operation asks of its values
"""

from exporting import planes  # noqa: F401  it registers its functions
from exporting.axes import context, cropped, getitem, part, reshape
from exporting.checks import features
from exporting.joins import add, cat, div, hardswish, merged, mish, mul, sub, tanhshrink
from exporting.layers import embedding, linear
from exporting.pointwise import activate, affine, by_feature, log_softmax, scale, softmax
from exporting.reductions import over_all
from exporting.registry import FUNCTIONS, REASONS, supported
from exporting.states import final, piece

__all__ = [
    "FUNCTIONS",
    "REASONS",
    "activate",
    "add",
    "affine",
    "by_feature",
    "cat",
    "context",
    "cropped",
    "div",
    "embedding",
    "features",
    "final",
    "getitem",
    "hardswish",
    "linear",
    "log_softmax",
    "merged",
    "mish",
    "mul",
    "over_all",
    "part",
    "piece",
    "reshape",
    "scale",
    "softmax",
    "sub",
    "supported",
    "tanhshrink",
]
