"""What is asked of runnel, and whether it is so: ratios of figures that one run measured on one core."""

import dataclasses

ELSEWHERE = "RTNeural (scaled)"
PROTOTYPE = "C prototype (scaled)"
BF16, INT8 = "runnel bf16", "runnel int8"


@dataclasses.dataclass
class Bar:
    name: str
    what: str  # the point
    ratio: float  # at least 1 is met
    wanted: str
    found: str

    @property
    def isMet(self):
        return self.ratio >= 1


class Point:
    """One shape: seconds of a call by engine, best and median, and the limits."""

    def __init__(self, shape, times, peak, reading):
        self.shape, self.times = shape, times
        calls = shape.rows * shape.steps
        self.each = {name: best / calls for name, (best, _) in times.items()}
        self.adding = shape.multiply_adds / peak
        self.limit = max(shape.multiply_adds * shape.rows / peak, reading) * shape.steps / calls

    @property
    def runnel(self):
        return self.each["runnel"]

    @property
    def peers(self):
        return {name: each for name, each in self.each.items() if name not in ("runnel", BF16, INT8, PROTOTYPE)}

    @property
    def fastest(self):
        return min(self.peers.items(), key=lambda item: item[1])

    @property
    def of_peak(self):
        return self.adding / self.runnel


def at_least(bars, name, point, factor, peer):
    if peer in point.each:
        ratio = point.each[peer] / point.runnel
        bars.append(Bar(name, str(point.shape), ratio / factor, f"{factor:g} x {peer}", f"{ratio:.2f}"))


def judged(points):
    """Every bar that these points can answer."""
    bars = []
    steps = [point for point in points if point.shape.steps == 1]
    for point in points:
        peer, each = point.fastest
        # Faster than the fastest, or within 10 % of the limit.
        lesser = max(each, 1.1 * point.limit)
        bars.append(
            Bar("fastest or at the limit", str(point.shape), lesser / point.runnel, f"{peer}, or 1.1 x the limit",
                f"{each / point.runnel:.2f} x, {100 * point.limit / point.runnel:.0f} % of the limit"))
    for point in steps:
        rows, hidden = point.shape.rows, point.shape.hidden
        if rows == 1 and hidden <= 64:
            for factor, peer in (
                (1.15, ELSEWHERE), (3, "oneDNN"), (6, "ONNX Runtime"), (25, "TorchScript"), (5, "numba")):
                at_least(bars, "one row", point, factor, peer)
        if rows == 1 and hidden == 64 and BF16 in point.each:
            ratio = point.runnel / point.each[BF16]
            bars.append(Bar("bf16 weights", str(point.shape), ratio / 1.4, "1.4 x float32", f"{ratio:.2f}"))
        best = [point.each[name] for name in ("oneDNN", "OpenVINO", "ONNX Runtime") if name in point.each]
        if rows >= 64 and hidden <= 128 and best:
            factor = 1.3 if hidden <= 64 else 1.1
            ratio = min(best) / point.runnel
            bars.append(
                Bar("many rows", str(point.shape), ratio / factor, f"{factor} x oneDNN, OpenVINO, ONNX Runtime",
                    f"{ratio:.2f}"))
        if rows >= 64 and hidden == 256:
            bars.append(
                Bar("many rows", str(point.shape), point.of_peak / 0.88, "88 % of peak", f"{100 * point.of_peak:.0f} %"))
        if PROTOTYPE in point.each:
            ratio = point.each[PROTOTYPE] / point.runnel
            bars.append(
                Bar("prototype within 7 %", str(point.shape), ratio * 1.07, "at most 1.07 of it", f"{ratio:.2f} x as fast"))
        smaller = [other for other in steps if same_but_rows(other.shape, point.shape) and other.shape.rows < rows]
        if smaller:
            least = min(smaller, key=lambda other: other.runnel)
            ratio = least.runnel / point.runnel
            bars.append(
                Bar("no slower with more rows", str(point.shape), ratio * 1.1, f"1.1 x {least.shape.rows} rows",
                    f"{1 / ratio:.2f} of it"))
    return bars


def same_but_rows(a, b):
    return (a.cell, a.hidden, a.inputs) == (b.cell, b.hidden, b.inputs)


def summary(bars):
    """Of each kind how many are met, and the worst."""
    lines = []
    for name in dict.fromkeys(bar.name for bar in bars):
        of_kind = [bar for bar in bars if bar.name == name]
        worst = min(of_kind, key=lambda bar: bar.ratio)
        met = sum(bar.isMet for bar in of_kind)
        lines.append((name, met, len(of_kind), worst))
    return lines
