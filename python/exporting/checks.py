"""What an operation asks of the values that it takes, and the sentence where they are not so."""

from exporting.values import Unknown, Value


def features(t, x, dim, what):
    """That dimension `dim` holds the features."""
    axis = x.axes[dim] if -len(x.axes) <= dim < len(x.axes) else None
    if axis != ("F",) and not (axis == () and x.width == 1):
        raise t.cannot(what, f"{what} runs over another axis than the features (axes here: {shown(x)})")


def shown(x):
    words = {"T": "time", "F": "features", "L": "levels", "S": "columns"}
    return ", ".join("·".join(words[letter] for letter in axis) or "1" for axis in x.axes)


def with_features(x, dim, width):
    """The axes with the features in dimension `dim`, where there are any to see."""
    axes = list(x.axes)
    axes[dim] = ("F",) if width > 1 else ()
    return tuple(axes)


def constant(t, value, what):
    if isinstance(value, (Value, Unknown)):
        raise t.cannot(what, "weights that depend on the input are not supported")
    return value


def no_levels(t, x, what):
    if x.pieces:
        raise t.cannot(what, "takes final states of several levels; choose one, h_n[-1]")


def over_time(t, x, what):
    """That the last dimension is time and the one before the features."""
    no_levels(t, x, what)
    if len(x.axes) < 2 or x.axes[-1] != ("T",):
        raise t.cannot(what, f"{what} runs over another axis than time (axes here: {shown(x)})")
    features(t, x, -2, what)


def one(value):
    return int(value[0]) if isinstance(value, (tuple, list)) else int(value)
