"""What becomes of a map of channels and columns where it meets what knows features only."""

import numpy as np

from exporting.graph import array


def unfolded(t, x):
    """Channels and columns that lie in one axis are features again."""
    if x.columns == 1:
        return x
    for k, axis in enumerate(x.axes):
        at = next((at for at in range(len(axis) - 1) if sorted(axis[at : at + 2]) == ["F", "S"]), None)
        if at is None:
            continue
        axes = x.axes[:k] + (axis[:at] + ("F",) + axis[at + 2 :],) + x.axes[k + 1 :]
        if axis[at : at + 2] == ("S", "F"):
            return x.but(axes=axes, columns=1)
        order = np.arange(x.width).reshape(x.columns, -1).T.reshape(-1)
        name = t.graph.add("shuffle", t.named("flatten"), [x.source], x.width, order=order.tolist())
        return x.but(source=name, axes=axes, columns=1)
    return x


def over_columns(t, x, dims, keepdim):
    """The mean over the columns."""
    channels = x.width // x.columns
    weight = np.tile(np.eye(channels, dtype=np.float32), (1, x.columns)) / x.columns
    keys = {"input": x.width, "output": channels, "bias": False}
    y = t.add("linear", t.named("mean"), x, channels, {"weight": weight}, **keys)
    axes = [() if k in dims else axis for k, axis in enumerate(x.axes) if keepdim or k not in dims]
    return y.but(axes=tuple(axes), columns=1)


def tiled(x, numbers):
    """One number for each channel, for every feature."""
    return np.tile(array(numbers), x.columns)
