"""The walk over the graph of a Keras model, with values in place of tensors: which layers are understood, and by which of
our functions."""

import numpy as np

from exporting.graph import ExportError, Graph
from exporting.keras_models import functional_of
from exporting.values import Cannot, Unknown, Value, layer_on

SAME = (
    "Dropout",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
    "InputLayer",
)
REMEDIES = {
    "Masking": "masked steps are not supported: give every step, or cut the windows to one length",
    "MultiHeadAttention": "attention looks at every step at once and is not supported",
    "Attention": "attention looks at every step at once and is not supported",
    "AdditiveAttention": "attention looks at every step at once and is not supported",
    "GroupQueryAttention": "attention looks at every step at once and is not supported",
    "Conv1DTranspose": "it makes more steps than came in; not supported",
    "UpSampling1D": "it makes more steps than came in; not supported",
    "GroupNormalization": "it takes statistics over time; use LayerNormalization over the features or BatchNormalization",
    "UnitNormalization": "is not supported; use LayerNormalization",
    "Lambda": "runs Python that cannot be seen; use layers",
    "Permute": "turns time and features round, which is not supported",
    "ConvLSTM1D": "is not supported; use Conv1D and LSTM",
    "Conv2D": "is not supported; use Conv1D over time with the other axis as features",
    "Bidirectional": "is not supported in this form; both directions must be LSTM, GRU or SimpleRNN of one configuration",
}


class Walk:
    """The graph under construction; what operations ask of a trace."""

    def __init__(self, width):
        self.graph, self.recurrent, self.finals, self.layers = Graph(width), {}, {}, {}
        self.layer, self.total_stride = None, 1
        self.encoder = self.context = None

    def cannot(self, what, reason):
        return Cannot(f"layer '{self.layer.name}' ({type(self.layer).__name__}): {reason}")

    def named(self, what):
        return self.layer.name

    def add(self, kind, name, value, width, tensors=None, /, steps=None, **keys):
        changed = layer_on(self, kind, name, value, width, tensors, steps, keys)
        return changed.but(axes=changed.axes[:-1] + (("F",) if width > 1 else (),)) if value.axes else changed

    def call(self, layer):
        """What `layer` does to values."""

        def run(*args, **kwargs):
            outer, self.layer = self.layer, layer
            try:
                kwargs = {key: value for key, value in kwargs.items() if key not in ("training", "mask")}
                for value in values_in([args, kwargs]):
                    if isinstance(value, Unknown):
                        return value
                try:
                    return described(self, layer, *args, **kwargs)
                except (Cannot, ExportError) as reason:
                    return Unknown(str(reason))
            finally:
                self.layer = outer

        return run


def values_in(thing):
    if isinstance(thing, (Value, Unknown)):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for each in thing:
            yield from values_in(each)
    elif isinstance(thing, dict):
        yield from values_in(list(thing.values()))


def described(w, layer, *args, **kwargs):
    kind = type(layer).__name__
    if hasattr(layer, "_run_through_graph") or getattr(layer, "_functional", None) is not None:
        inner = functional_of(layer)
        return inner._run_through_graph(list(values_in(args)), operation_fn=w.call)
    if kind in SAME:
        return args[0]
    if kind in REMEDIES and kind != "Bidirectional":
        raise w.cannot(kind, REMEDIES[kind])
    own = LAYERS.get(kind)
    if own is None or type(layer).__module__.split(".")[0] != "keras":
        raise w.cannot(
            kind, f"is not supported; supported: {', '.join(sorted(name for name in LAYERS if name[0].isupper()))}"
        )
    return own(w, layer, *args, **kwargs)


LAYERS = {}


def layer(*names):
    def register(function):
        for name in names:
            LAYERS[name] = function
        return function

    return register


def number(value):
    return int(value[0]) if isinstance(value, (tuple, list)) else int(value)


def weight(value):
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value), dtype=np.float32)


def channels_last(w, layer):
    if getattr(layer, "data_format", "channels_last") == "channels_first":
        raise w.cannot("layout", "data_format='channels_first' is not supported; use channels_last")


def last_axis(w, x, axis):
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if len(axes) != 1 or axes[0] not in (-1, len(x.axes) - 1):
        raise w.cannot("axis", f"axis={axis} is not the features alone; use axis=-1")
