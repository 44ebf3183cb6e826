"""The engines, each behind the same four words: what it can do, open, check, time.

`open` makes it for a shape and its weights; `check` gives h after so many calls from zero state; `time` goes on for so
many seconds and gives best and median of one call, or of the parts that `figure` makes a call of when all rounds are over.
One thread each, buffers made beforehand, h and c carried.
"""

import subprocess
import time as clock

import numpy as np

import cells


class Engine:
    name = ""
    # The largest difference from NumPy's h that rounding explains.
    tolerance = 1e-5

    def can(self, shape):
        return True

    def open(self, shape, weights, path):
        self.shape, self.weights = shape, weights

    def check(self, calls):
        self.reset()
        for _ in range(calls):
            self.call()
        return self.state()

    def time(self, seconds):
        return [best_and_median(self.call, seconds)]

    def figure(self, parts):
        return parts[0]

    def close(self):
        pass


def best_and_median(call, seconds):
    """Repeats of at least 100 µs, as runnel's own are."""
    calls = 1
    while True:
        began = clock.perf_counter()
        for _ in range(calls):
            call()
        if clock.perf_counter() - began >= 1e-4:
            break
        calls *= 2
    times = []
    began = now = clock.perf_counter()
    repeats = range(calls)
    while not times or now - began < seconds:
        for _ in repeats:
            call()
        then, now = now, clock.perf_counter()
        times.append((now - then) / calls)
    times.sort()
    return times[0], times[len(times) // 2]


class Program(Engine):
    """An engine in a program of its own, spoken to in lines (bench_line.hpp). It sleeps while others are measured."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            raise RuntimeError(f"{self.name}: {answer or 'ended'} (asked: {line})")
        return answer

    def open(self, shape, weights, path):
        self.shape, self.path = shape, path
        self.ask(f"open {shape.cell} {shape.hidden} {shape.inputs} {shape.rows} {shape.steps} {path}")

    def check(self, calls):
        self.ask(f"check {calls}")
        return np.fromfile(self.path + ".out", np.float32).reshape(self.shape.rows, self.shape.hidden)

    def time(self, seconds):
        best, median = self.ask(f"time {seconds}").split()
        return [(float(best), float(median))]

    def close(self):
        self.ask("close")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class ReducedWeights(Program):
    """runnel with bf16 or int8 weights, where they are for: from 64 units on, bf16 for one row, whose time goes into reading
    weights."""

    tolerance = 2e-2

    def __init__(self, precision, command):
        super().__init__("runnel " + precision, command + ["--precision", precision])
        self.isForOneRow = precision == "bf16"

    def can(self, shape):
        return shape.steps == 1 and shape.hidden >= 64 and (shape.rows == 1 or not self.isForOneRow)


class NumPy(Engine):
    name = "NumPy"

    def can(self, shape):
        return shape.steps == 1

    def reset(self):
        self.h = self.c = np.zeros((self.shape.rows, self.shape.hidden), np.float32)

    def open(self, shape, weights, path):
        super().open(shape, weights, path)
        self.reset()

    def call(self):
        self.h, self.c = cells.step(self.shape, self.weights, self.weights.frames[0], self.h, self.c)

    def state(self):
        return self.h


class ONNXRuntime(Engine):
    """Buffers bound once, two bindings that hand h and c to each other. No headers come with the wheel, so it is called
    from Python, and the time of a graph of identities with the same buffers is taken off: that is the call."""

    name = "ONNX Runtime"

    def __init__(self):
        import onnxruntime

        self.runtime = onnxruntime

    def open(self, shape, weights, path):
        super().open(shape, weights, path)
        self.arrays = []
        self.run, self.states = self.bound(cells.onnx_model(shape, weights))
        self.pass_on, _ = self.bound(cells.onnx_model(shape, weights, identity=True), isIdentity=True)
        self.turn = 0

    def bound(self, model, isIdentity=False):
        runtime = self.runtime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        size = (1, self.shape.rows, self.shape.hidden)
        names = ["h", "c"] if self.shape.cell == "lstm" else ["h"]

        def value(array):  # which shares the array's memory and does not keep it
            self.arrays.append(array)
            return runtime.OrtValue.ortvalue_from_numpy(array)

        x = value(self.weights.frames)
        states = {name: [value(np.zeros(size, np.float32)) for _ in range(2)] for name in names}
        bindings = []
        for place in range(2):
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", x)
            for name, places in states.items():
                binding.bind_ortvalue_input(name, places[place])
                binding.bind_ortvalue_output(name + "_next", places[1 - place])
            if isIdentity:
                binding.bind_ortvalue_output("x_next", value(np.zeros_like(self.weights.frames)))
            bindings.append(binding._iobinding)
        # What run_with_iobinding calls, without its wrapper.
        inner = session._sess.run_with_iobinding
        return [lambda b=binding: inner(b, None) for binding in bindings], states

    def reset(self):
        for places in self.states.values():
            for place in places:
                place.update_inplace(np.zeros((1, self.shape.rows, self.shape.hidden), np.float32))
        self.turn = 0

    def call(self):
        self.run[self.turn]()
        # A window begins from zero state each time: its first place stays zeros.
        if self.shape.steps == 1:
            self.turn = 1 - self.turn

    def time(self, seconds):
        def pair(calls):
            first, second = calls if self.shape.steps == 1 else (calls[0], calls[0])

            def both():
                first()
                second()

            return both

        return [best_and_median(pair(self.run), seconds * 0.7), best_and_median(pair(self.pass_on), seconds * 0.3)]

    def figure(self, parts):
        """The best of all rounds each, then the difference: that of one round may be any."""
        whole, call = parts
        return (whole - call) / 2

    def state(self):
        return self.states["h"][1 if self.shape.steps > 1 else self.turn].numpy()[0]


class PyTorch(Engine):
    """The module for steps, eager or as a script: LSTMCell, GRUCell, RNNCell; whole windows by LSTM, GRU, RNN."""


    def __init__(self, scripted):
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1) if torch.get_num_interop_threads() != 1 else None
        torch.set_grad_enabled(False)
        self.torch, self.scripted = torch, scripted
        self.name = "TorchScript" if scripted else "PyTorch"

    def can(self, shape):
        return shape.steps == 1 or not self.scripted

    def open(self, shape, weights, path):
        super().open(shape, weights, path)
        torch = self.torch
        isWindow = shape.steps > 1
        kind = getattr(torch.nn, shape.cell.upper() + ("" if isWindow else "Cell"))
        module = kind(shape.inputs, shape.hidden)
        ending = "_l0" if isWindow else ""
        for name, part in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights.parts):
            getattr(module, name + ending).copy_(torch.from_numpy(part))
        module = module.eval()
        self.x = torch.from_numpy(weights.frames if isWindow else weights.frames[0])
        self.reset()
        if self.scripted:
            module = torch.jit.freeze(torch.jit.script(module))
            for _ in range(20):
                module(self.x, self.h)
        self.module = module

    def reset(self):
        zeros = self.torch.zeros(self.shape.rows, self.shape.hidden)
        self.h = (zeros, zeros) if self.shape.cell == "lstm" else zeros

    def call(self):
        if self.shape.steps > 1:
            self.h = self.module(self.x)[1]
        else:
            self.h = self.module(self.x, self.h)

    def state(self):
        h = self.h[0] if self.shape.cell == "lstm" else self.h
        return h.reshape(self.shape.rows, self.shape.hidden).numpy()


class Numba(Engine):
    """A step as one would write it by hand, compiled: product, gates and new state in one pass over the units."""

    name = "numba"

    def __init__(self):
        import numba_cells

        self.steps = numba_cells.STEPS

    def can(self, shape):
        return shape.steps == 1

    def open(self, shape, weights, path):
        super().open(shape, weights, path)
        self.step = self.steps[shape.cell]
        # (D + H, G, H): all gates of all units side by side, so that the compiler can go over them at once.
        joined = np.concatenate([weights.input, weights.hidden], axis=1).T
        self.packed = np.ascontiguousarray(joined)
        if shape.cell == "gru":
            n = 2 * shape.hidden
            first = weights.input_bias + np.concatenate([weights.hidden_bias[:n], np.zeros(shape.hidden, np.float32)])
            self.bias = np.concatenate([first, weights.hidden_bias[n:]]).astype(np.float32)
        else:
            self.bias = weights.input_bias + weights.hidden_bias
        self.x = np.ascontiguousarray(weights.frames[0])
        self.sums = np.zeros(4 * shape.hidden, np.float32)
        self.reset()
        self.call()
        self.reset()

    def reset(self):
        size = (self.shape.rows, self.shape.hidden)
        self.h, self.c = np.zeros(size, np.float32), np.zeros(size, np.float32)

    def call(self):
        self.step(self.x, self.packed, self.bias, self.sums, self.h, self.c)

    def state(self):
        return self.h
