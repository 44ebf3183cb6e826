"""One value of all steps: the mean, the sum or the largest over time."""

from exporting.checks import one, over_time, shown
from exporting.maps import over_columns
from exporting.pointwise import scale
from exporting.registry import function
from exporting.values import Unknown, Value


def over_all(t, x, dim, keepdim, of):
    dims = [d % len(x.axes) for d in ([dim] if isinstance(dim, int) else dim)]
    if x.columns > 1 and of == "mean" and [x.axes[d] for d in dims if x.axes[d]] == [("S",)]:
        return over_columns(t, x, dims, keepdim)
    if [x.axes[d] for d in dims if x.axes[d]] != [("T",)]:
        raise t.cannot(of, f"over another axis than time (axes here: {shown(x)})")
    y = t.add("globalpool", t.named("pool"), x, x.width, input=x.width, of=of)
    axes = [() if k in dims else axis for k, axis in enumerate(x.axes) if keepdim or k not in dims]
    return y.but(axes=tuple(axes), steps=1, step=0)


@function("mean")
def mean(t, x, dim=None, keepdim=False, **_):
    if dim is None:
        raise t.cannot("mean", "over everything; say mean(dim=…) of the time axis")
    return over_all(t, x, dim, keepdim, "mean")


@function("sum")
def total(t, x, dim=None, keepdim=False, **_):
    if dim is None:
        raise t.cannot("sum", "over everything; say sum(dim=…) of the time axis")
    return scale(t, over_all(t, x, dim, keepdim, "mean"), float(x.length), 0.0)


@function("amax", "max")
def largest(t, x, dim=None, keepdim=False, **_):
    if dim is None or isinstance(dim, Value):
        raise t.cannot("max", "of two tensors or over everything is not supported")
    y = over_all(t, x, dim, keepdim, "max")
    return [y, Unknown("the index of a maximum cannot be described")]


@function("adaptive_avg_pool1d")
def adaptive_mean(t, x, size):
    return adaptive(t, x, size, "mean")


@function("adaptive_max_pool1d")
def adaptive_max(t, x, size, return_indices=False):
    return adaptive(t, x, size, "max")


def adaptive(t, x, size, of):
    over_time(t, x, "adaptive pooling")
    if one(size) != 1:
        raise t.cannot(
            "adaptive pooling",
            f"to {one(size)} steps depends on the window's length; use output_size 1, or MaxPool1d or AvgPool1d",
        )
    return over_all(t, x, -1, True, of)
