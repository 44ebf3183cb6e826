"""What is known of a tensor while a network is being read."""

import dataclasses


class Cannot(Exception):
    """What cannot be expressed, and why."""


@dataclasses.dataclass(frozen=True)
class Value:
    """What a tensor of the forward holds.

    axes     one tuple of letters per dimension: T time, F features, L levels of a final state; () a unit axis;
             ("T", "F") both in one, after a flatten. F is left out where the width is 1. S are the columns of a map
             that Conv2d made: then F are the channels of a column, and a frame has them column by column
    columns  of such a map; 1 everywhere else
    steps    how many there are along the time of the layer that it comes from; T' of the tensor is `length`
    step     the one step that was taken, where the tensor has no T
    pad      (left, right, value) that F.pad put around it and no layer has taken up
    pieces   of a recurrent layer's final state: (letter, level, half) along L
    """

    source: str
    width: int
    axes: tuple
    steps: int
    step: int | None = None
    pad: tuple = (0, 0, 0.0)
    pieces: tuple | None = None
    columns: int = 1

    @property
    def length(self):
        return self.steps + self.pad[0] + self.pad[1]

    def size(self, axis):
        sizes = {"T": self.length, "F": self.width // self.columns, "S": self.columns, "L": len(self.pieces or ())}
        result = 1
        for letter in axis:
            result *= sizes[letter]
        return result

    def axis(self, letter):
        """The dimension that is this letter alone, or None."""
        return self.axes.index((letter,)) if (letter,) in self.axes else None

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass(frozen=True)
class Unknown:
    """A tensor that no layers describe."""

    reason: str


def layer_on(trace, kind, name, value, width, tensors, steps, keys):
    """Adds a layer on `value` to the trace's graph; the value of its output: the same axes, features in the place of the
    features."""
    if value.pad[:2] != (0, 0):
        raise trace.cannot(kind, f"zeros padded around time before {kind} cannot be described; pad before a convolution")
    name = trace.graph.add(kind, name, [value.source], width, tensors, **keys)
    changed = value.but(source=name, width=width)
    return changed if steps is None else changed.but(steps=steps)
