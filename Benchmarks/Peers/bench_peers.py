"""runnel beside other engines, in one run on one core: `make bench-peers`.

    .build-peers/bin/python Benchmarks/Peers/bench_peers.py --quick
    … --cells lstm --hidden 64 --inputs 1 --rows 1,64 --rounds 11

Every engine's h after five steps is compared with NumPy's in f64 first. Then, point by point, the engines take turns, round
by round, so that a disturbance meets all of them; of each the best repeat of all rounds counts, with the median of the
rounds' medians beside it. One thread each, on one core: those that wait sleep.
"""

import argparse
import functools
import json
import os
import statistics
import sys
import tempfile
import time

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB"):
    os.environ[name + "_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  after the threads are set

import bars  # noqa: E402
import cells  # noqa: E402
import elsewhere  # noqa: E402
import engines  # noqa: E402


class Machine:
    def __init__(self, answer):
        words = answer.split()
        self.peak, self.reading, self.kernels = float(words[0]), float(words[1]), words[2]
        self.levels = {name: float(value) for name, value in zip(words[3::2], words[4::2])}

    def joined(self, other):
        """What the machine can do is the better of two tries."""
        self.peak, self.reading = max(self.peak, other.peak), min(self.reading, other.reading)
        self.levels = {name: max(value, other.levels[name]) for name, value in self.levels.items()}
        return self

    def __str__(self):
        reads = ", ".join(f"{value / 1e9:.3g} GB/s {name}" for name, value in self.levels.items())
        return f"kernels {self.kernels}; one core here: {self.peak / 1e9:.3g} GMAC/s; reads {reads}"


def numbers(text):
    return [int(word) for word in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default=".build-peers", help="where oneDNN's and OpenVINO's programs are")
    parser.add_argument("--runnel", default=".build-benchmarks/release/RunnelBenchmarks")
    parser.add_argument("--kernels", help="runnel's kernel set; the best where not given")
    parser.add_argument("--output", default=".build/bench-peers.json")
    parser.add_argument("--markdown", help="write the tables there")
    parser.add_argument("--quick", action="store_true", help="1 input; hidden 16, 64, 256; rows 1, 8, 64, 1024; 3 rounds")
    parser.add_argument("--cells", default="lstm,gru,rnn")
    parser.add_argument("--hidden", type=numbers)
    parser.add_argument("--inputs", type=numbers)
    parser.add_argument("--rows", type=numbers)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, default=0.03, help="of one engine in one round")
    parser.add_argument("--limit", type=float, default=1140, help="seconds after which no further point is begun")
    parser.add_argument("--without", default="", help="engines to leave out, with commas between")
    chosen = parser.parse_args()
    quick = chosen.quick
    chosen.hidden = chosen.hidden or ([16, 64, 256] if quick else [16, 32, 64, 128, 256])
    chosen.inputs = chosen.inputs or ([1] if quick else [1, 2, 16])
    chosen.rows = chosen.rows or ([1, 8, 64, 1024] if quick else [1, 2, 4, 8, 16, 64, 256, 1024])
    chosen.rounds = chosen.rounds or (3 if quick else 5)
    return chosen


def opened(chosen):
    """Every engine there is; one that is missing says why, and the run goes on without it."""
    runnel = [chosen.runnel, "peer"] + (["--kernels", chosen.kernels] if chosen.kernels else [])
    makers = {
        "runnel": lambda: engines.Program("runnel", runnel),
        bars.BF16: lambda: engines.ReducedWeights("bf16", runnel),
        bars.INT8: lambda: engines.ReducedWeights("int8", runnel),
        "oneDNN": lambda: engines.Program("oneDNN", [chosen.programs + "/onednn"]),
        "ONNX Runtime": engines.ONNXRuntime,
        "OpenVINO": lambda: engines.Program("OpenVINO", [chosen.programs + "/openvino"]),
        "PyTorch": lambda: engines.PyTorch(False),
        "TorchScript": lambda: engines.PyTorch(True),
        "numba": engines.Numba,
        "NumPy": engines.NumPy,
    }
    left_out = [name for name in chosen.without.split(",") if name]
    found = []
    for name, make in makers.items():
        if name in left_out:
            continue
        try:
            found.append(make())
        except (ImportError, OSError) as error:
            if name == "runnel":
                raise
            print(f"left out: {name} ({error})", file=sys.stderr)
    return found


def grid(chosen):
    """Windows and what matters most first: a run that is cut short has those."""
    for cell in chosen.cells.split(","):
        for inputs in chosen.inputs:
            for hidden in chosen.hidden:
                for rows in chosen.rows:
                    yield cells.Shape(cell, hidden, inputs, rows)
        if 64 in chosen.hidden and 1 in chosen.inputs:
            for rows in (1, 64):
                yield cells.Shape(cell, 64, 1, rows, 128)


def measured(shape, found, chosen, folder, errors):
    """Best and median of one call, by engine; and what the machine could do meanwhile."""
    weights = cells.Weights(shape)
    path = folder + "/weights"
    weights.write(path)
    with open(path + ".onnx", "wb") as file:
        file.write(cells.onnx_model(shape, weights))
    wanted = cells.expected(shape, weights, 5)
    able = [engine for engine in found if engine.can(shape)]
    rounds = {engine.name: [] for engine in able}
    for engine in able:
        engine.open(shape, weights, path)
        error = float(np.abs(engine.check(5) - wanted).max())
        errors[engine.name] = max(errors.get(engine.name, 0), error)
        if not error <= engine.tolerance:
            raise SystemExit(f"{engine.name} computes something else for {shape}: largest error {error:.1e}")
    runnel = able[0]
    machine = Machine(runnel.ask("limits 0.05"))
    for turn in range(3 * chosen.rounds):
        # A difference that is not positive was measured on a busy machine: further rounds tell.
        if turn >= chosen.rounds and all(figures(engine, rounds[engine.name])[0] > 0 for engine in able):
            break
        # Another one begins each time.
        for place in range(len(able)):
            engine = able[(place + turn) % len(able)]
            rounds[engine.name].append(engine.time(chosen.seconds))
    machine.joined(Machine(runnel.ask("limits 0.05")))
    for engine in able:
        engine.close()
    times, spread = {}, {}
    for engine in able:
        times[engine.name] = figures(engine, rounds[engine.name])
        if times[engine.name][0] <= 0:
            raise SystemExit(f"the machine is too busy to measure {engine.name}, {shape}: run it again")
        spread[engine.name] = max(spread_of([best for best, _ in part]) for part in zip(*rounds[engine.name]))
    return times, spread, machine


def figures(engine, rounds):
    """The best and the median of all rounds, which each have the parts that the engine's figure is made of."""
    parts = list(zip(*rounds))
    return (
        engine.figure([min(best for best, _ in part) for part in parts]),
        engine.figure([statistics.median(median for _, median in part) for part in parts]))


def spread_of(bests):
    """How far the rounds' best are apart, of the best."""
    return (max(bests) - min(bests)) / min(bests)


def microseconds(seconds):
    return f"{seconds * 1e6:.3g}" if seconds is not None else "-"


def table(points, names, cell, inputs, isWindow):
    rows = [["hidden", "rows", *names, "fastest peer", "ratio", "of limit"]]
    for point in points:
        shape = point.shape
        if (shape.cell, shape.inputs, shape.steps > 1) != (cell, inputs, isWindow):
            continue
        peer, each = point.fastest
        rows.append(
            [str(shape.hidden), str(shape.rows), *(microseconds(point.each.get(name)) for name in names), peer,
             f"{each / point.runnel:.2f}", f"{100 * point.limit / point.runnel:.0f} %"])
    return rows


def text(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(word.rjust(width) for word, width in zip(row, widths)) for row in rows)


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---:|" * len(rows[0]))
    return "\n".join(lines)


def tables(points, names):
    """(title, rows), those that have any."""
    shapes = [point.shape for point in points]
    for cell, inputs, isWindow in dict.fromkeys((s.cell, s.inputs, s.steps > 1) for s in shapes):
        what = ", whole windows of 128 from zero state" if isWindow else ""
        title = f"{cell}, {inputs} input{'s' if inputs > 1 else ''}{what}: µs per step and row"
        some = [name for name in names if any(
            name in point.each for point in points
            if (point.shape.cell, point.shape.inputs, point.shape.steps > 1) == (cell, inputs, isWindow))]
        yield title, table(points, some, cell, inputs, isWindow)


def main():
    chosen = arguments()
    began = time.monotonic()
    core = sorted(os.sched_getaffinity(0))
    if len(core) > 1:
        os.sched_setaffinity(0, core[-1:])
    found = opened(chosen)
    shapes = list(grid(chosen))
    points, spreads, errors, machines = [], {}, {}, []
    with tempfile.TemporaryDirectory() as folder:
        for number, shape in enumerate(shapes):
            if time.monotonic() - began > chosen.limit:
                print(f"the time is up: {number} of {len(shapes)} points measured (--limit)", file=sys.stderr)
                break
            times, spread, machine = measured(shape, found, chosen, folder, errors)
            machines.append(machine)
            for name, figure in (
                (bars.ELSEWHERE, elsewhere.rtneural(shape, machine)),
                (bars.PROTOTYPE, elsewhere.prototype(shape, machine))):
                if figure is not None:
                    times[name] = (figure * shape.rows, figure * shape.rows)
            point = bars.Point(shape, times, machine.peak, machine.reading)
            points.append(point)
            spreads[str(shape)] = spread
            peer, each = point.fastest
            print(
                f"[{number + 1}/{len(shapes)}, {time.monotonic() - began:.0f} s] {shape}: runnel "
                f"{microseconds(point.runnel)} µs, {peer} {microseconds(each)}: {each / point.runnel:.2f}",
                file=sys.stderr, flush=True)
    for engine in found:
        if isinstance(engine, engines.Program):
            engine.end()
    report(chosen, found, points, spreads, errors, machines)


def report(chosen, found, points, spreads, errors, machines):
    names = [engine.name for engine in found] + [bars.ELSEWHERE, bars.PROTOTYPE]
    best = functools.reduce(Machine.joined, machines)
    head = [str(best), "largest error against NumPy in f64: " + ", ".join(
        f"{name} {error:.0e}" for name, error in errors.items())]
    made = list(tables(points, names))
    judged = bars.judged(points)
    verdict = [["bar", "met", "worst point", "wanted", "found", ""]] + [
        [name, f"{met} of {count}", worst.what, worst.wanted, worst.found, "met" if worst.isMet else "NOT MET"]
        for name, met, count, worst in bars.summary(judged)]
    print("\n".join(head))
    for title, rows in [*made, ("Bars", verdict)]:
        print(f"\n{title}\n{text(rows)}")
    misses = [bar for bar in judged if not bar.isMet]
    for bar in sorted(misses, key=lambda bar: bar.ratio):
        print(f"not met: {bar.name}: {bar.what}: wanted {bar.wanted}, found {bar.found}")
    if chosen.markdown:
        with open(chosen.markdown, "w") as file:
            file.write("\n".join(f"{line}  " for line in head) + "\n")
            for title, rows in [*made, ("Bars", verdict)]:
                file.write(f"\n**{title}**\n\n{markdown(rows)}\n")
    os.makedirs(os.path.dirname(chosen.output) or ".", exist_ok=True)
    with open(chosen.output, "w") as file:
        json.dump(
            {
                "machine": {"kernels": best.kernels, "peak": best.peak, "bandwidths": best.levels},
                "errors": errors,
                "points": [
                    {
                        "shape": vars(point.shape), "limit": point.limit,
                        "seconds_per_step_row": point.each,
                        "median": {
                            name: median / point.shape.rows / point.shape.steps
                            for name, (_, median) in point.times.items()},
                        "spread": spreads[str(point.shape)],
                        "fastest_peer": point.fastest[0], "ratio": point.fastest[1] / point.runnel,
                    }
                    for point in points
                ],
                "bars": [{**vars(bar), "met": bar.isMet} for bar in judged],
            }, file, indent=1)
    print(f"\nwritten to {chosen.output}")


if __name__ == "__main__":
    main()
