"""One recurrent cell: sizes, random weights, what NumPy makes of it, and the same as an ONNX model."""

import dataclasses

import numpy as np

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


@dataclasses.dataclass(frozen=True)
class Shape:
    cell: str
    hidden: int
    inputs: int
    rows: int
    steps: int = 1  # frames of a window; 1 is a step on carried state

    @property
    def gates(self):
        return GATES[self.cell]

    @property
    def multiply_adds(self):
        return self.gates * self.hidden * (self.inputs + self.hidden)

    def __str__(self):
        window = f", windows of {self.steps}" if self.steps > 1 else ""
        return f"{self.cell} {self.hidden}, {self.inputs} in, {self.rows} rows{window}"


class Weights:
    """PyTorch's names, shapes, gate order and beginning: uniform within 1/sqrt(H), so that states stay small."""

    def __init__(self, shape, seed=1):
        random = np.random.default_rng(seed)
        rows = shape.gates * shape.hidden
        bound = shape.hidden**-0.5

        def some(*size):
            return random.uniform(-bound, bound, size).astype(np.float32)

        self.input, self.hidden = some(rows, shape.inputs), some(rows, shape.hidden)
        self.input_bias, self.hidden_bias = some(rows), some(rows)
        self.frames = random.uniform(-1, 1, (shape.steps, shape.rows, shape.inputs)).astype(np.float32)

    @property
    def parts(self):
        return self.input, self.hidden, self.input_bias, self.hidden_bias

    def write(self, path):
        with open(path, "wb") as file:
            for part in (*self.parts, self.frames):
                file.write(part.tobytes())


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(shape, weights, x, h, c):
    """One step of every row -> h', c'."""
    hidden = shape.hidden
    if shape.cell == "gru":
        a = x @ weights.input.T + weights.input_bias
        b = h @ weights.hidden.T + weights.hidden_bias
        r, z = sigmoid(a[:, :hidden] + b[:, :hidden]), sigmoid(a[:, hidden : 2 * hidden] + b[:, hidden : 2 * hidden])
        n = np.tanh(a[:, 2 * hidden :] + r * b[:, 2 * hidden :])
        return (1 - z) * n + z * h, c
    a = x @ weights.input.T + h @ weights.hidden.T + (weights.input_bias + weights.hidden_bias)
    if shape.cell == "rnn":
        return np.tanh(a), c
    i, f, g, o = (a[:, gate * hidden : (gate + 1) * hidden] for gate in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def expected(shape, weights, calls):
    """h of every row after so many calls from zero state, in f64."""
    wide = Weights.__new__(Weights)
    for name in ("input", "hidden", "input_bias", "hidden_bias", "frames"):
        setattr(wide, name, getattr(weights, name).astype(np.float64))
    h = c = np.zeros((shape.rows, shape.hidden))
    for _ in range(1 if shape.steps > 1 else calls):
        for frame in wide.frames:
            h, c = step(shape, wide, frame, h, c)
    return h


def onnx_model(shape, weights, identity=False):
    """Inputs x (T, B, D), h (1, B, H) and of an LSTM c; outputs h_next, c_next. As `identity` it only hands them on."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    names = ["h", "c"] if shape.cell == "lstm" else ["h"]
    state = [1, shape.rows, shape.hidden]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [shape.steps, shape.rows, shape.inputs])
    inputs = [x] + [helper.make_tensor_value_info(name, TensorProto.FLOAT, state) for name in names]
    outputs = [helper.make_tensor_value_info(name + "_next", TensorProto.FLOAT, state) for name in names]
    constants = []
    if identity:
        # x is an input there too, so that as much is bound.
        nodes = [helper.make_node("Identity", [name], [name + "_next"]) for name in names]
        nodes.append(helper.make_node("Identity", ["x"], ["x_next"]))
        outputs.append(
            helper.make_tensor_value_info("x_next", TensorProto.FLOAT, [shape.steps, shape.rows, shape.inputs]))
    else:
        order = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 3, 1, 2]}[shape.cell]  # ONNX: z r h, i o f c

        def ordered(part):
            return np.concatenate([np.split(part, shape.gates)[gate] for gate in order])

        parts = [ordered(part) for part in weights.parts]
        for name, values in (("w", parts[0]), ("r", parts[1]), ("b", np.concatenate(parts[2:]))):
            constants.append(numpy_helper.from_array(values[None], name))
        more = {"linear_before_reset": 1} if shape.cell == "gru" else {}
        nodes = [
            helper.make_node(
                shape.cell.upper(), ["x", "w", "r", "b", "", *names], ["", *(name + "_next" for name in names)],
                hidden_size=shape.hidden, **more)
        ]
    graph = helper.make_graph(nodes, "cell", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
