"""ONNX fixtures that no exporter writes, node by node: python golden/make_onnx_nodes.py, from the folder python/.

Peepholes, clip, coupled gates, other activations, directions, batch-first layout, the reset before the product, states
in other places, old operator sets, and graphs that must be refused. Outputs by ONNX Runtime; where its kernels refuse
a form (layout 1), by the same network in the form that they take.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import onnx_fixtures as fixtures
from onnx_fixtures import carried, windowed

T, D, H, K = 24, 3, 5, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


class Graph:
    """Nodes and tensors as they are added; weights seeded."""

    def __init__(self, seed=1):
        self.nodes, self.tensors, self.random = [], [], np.random.default_rng(seed)

    def weight(self, name, *shape, scale=0.5, typed=False, kind=np.float32):
        x = (self.random.standard_normal(shape) * scale).astype(kind)
        if typed:
            self.tensors.append(helper.make_tensor(name, TensorProto.FLOAT, shape, x.ravel()))
        else:
            self.tensors.append(numpy_helper.from_array(x, name))
        return name

    def constant(self, name, value):
        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, outputs=None, **attributes):
        outputs = outputs or [f"{op.lower()}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=f"n{len(self.nodes)}_{op}", **attributes))
        return outputs[0]

    def recurrent(self, op, x, features=D, directions=1, bias=True, states=False, peepholes=False, outputs=None, **attributes):
        k, n = GATES[op], len(self.nodes)
        inputs = [x, self.weight(f"W{n}", directions, k * H, features), self.weight(f"R{n}", directions, k * H, H)]
        inputs.append(self.weight(f"B{n}", directions, 2 * k * H) if bias else "")
        inputs += ["", self.weight(f"h{n}", directions, 1, H) if states else ""]
        if op == "LSTM":
            inputs += [self.weight(f"c{n}", directions, 1, H) if states else ""]
            inputs += [self.weight(f"P{n}", directions, 3 * H)] if peepholes else []
        while not inputs[-1]:
            inputs.pop()
        return self.node(op, inputs, outputs or [f"Y{n}"], hidden_size=H, **attributes)

    def head(self, x, features=H):
        y = self.node("MatMul", [x, self.weight("head.w", features, K)])
        return self.node("Add", [y, self.weight("head.b", K)])

    def save(self, name, output, shape=(1, T, D), opset=17, kind=TensorProto.FLOAT):
        # Weights that only a variant reads are left out.
        read = {key for node in self.nodes for key in node.input}
        x = helper.make_tensor_value_info("x", kind, shape)
        y = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, name, [x], [y], [t for t in self.tensors if t.name in read])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        onnx.save(model, fixtures.path(name))


def cell(name, op, spec=None, opset=17, shown=None, **more):
    """x (1, T, D) → Transpose → cell → Squeeze → head; every step."""
    g = Graph()
    x = g.node("Transpose", ["x"], perm=[1, 0, 2])
    directions = 2 if more.get("direction") == "bidirectional" else 1
    y = g.recurrent(op, x, directions=directions, **more)
    if directions == 2:
        y = g.node("Transpose", [y], perm=[0, 2, 1, 3])
        y = g.node("Reshape", [y, g.constant("shape", np.array([0, 0, -1]))])
    else:
        y = g.node("Squeeze", [y, g.constant("one", np.array([1]))]) if opset >= 13 else g.node("Squeeze", [y], axes=[1])
    y = g.node("Transpose", [g.head(y, H * directions)], perm=[1, 0, 2])
    g.save(name, y, opset=opset)
    judge(name, spec or carried(K))


def judge(name, spec, features=D, shape=None, picked=lambda y: y[0], **more):
    x = fixtures.frames(T, features)
    fed = x[None] if shape is None else x.reshape(shape)
    fixtures.describe(name, spec, x, picked(fixtures.run(name, {"x": fed})[0]), **more)


def refused(name, graph, output, words, spec=None, **more):
    graph.save(name, output, **more)
    fixtures.describe(name, spec or carried(K), refused=words)


def cells():
    cell("cell-lstm-peepholes", "LSTM", peepholes=True)
    cell("cell-lstm-clip", "LSTM", clip=0.4, peepholes=True)
    cell("cell-lstm-coupled", "LSTM", input_forget=1, peepholes=True)
    cell("cell-lstm-hard", "LSTM", activations=["HardSigmoid", "Softsign", "Tanh"], activation_alpha=[0.25], activation_beta=[0.45])
    cell("cell-lstm-states", "LSTM", windowed(K), states=True)
    cell("cell-lstm-bare", "LSTM", bias=False)
    cell("cell-lstm-reverse", "LSTM", windowed(K), direction="reverse", states=True)
    cell("cell-lstm-both", "LSTM", windowed(K), direction="bidirectional", states=True, peepholes=True)
    cell("cell-gru-before", "GRU")
    cell("cell-gru-after", "GRU", linear_before_reset=1)
    cell("cell-gru-clip", "GRU", clip=0.3, linear_before_reset=1)
    cell("cell-gru-hard", "GRU", activations=["HardSigmoid", "ScaledTanh"], activation_alpha=[0.2, 1.2], activation_beta=[0.5, 0.7])
    cell("cell-gru-both", "GRU", windowed(K), direction="bidirectional", activations=["Sigmoid", "Tanh"] * 2, bias=False)
    cell("cell-rnn-leaky", "RNN", activations=["LeakyRelu"], activation_alpha=[0.1])
    cell("cell-rnn-reverse", "RNN", windowed(K), direction="reverse", activations=["Relu"])
    cell("cell-opset7", "LSTM", opset=7)


def batch_first():
    """layout 1, which ONNX Runtime does not run: golden from layout 0 with the same weights."""
    for op in ("LSTM", "GRU"):
        for first in (False, True):
            g = Graph(seed=4)
            name = f"layout1-{op.lower()}"
            x = "x" if first else g.node("Transpose", ["x"], perm=[1, 0, 2])
            y = g.recurrent(op, x, layout=int(first))
            y = g.node("Squeeze", [y, g.constant("axis", np.array([2 if first else 1]))])
            y = g.head(y)
            y = y if first else g.node("Transpose", [y], perm=[1, 0, 2])
            g.save(name, y)
            if not first:
                golden = fixtures.run(name, {"x": fixtures.frames(T, D)[None]})[0][0]
        fixtures.describe(name, carried(K), fixtures.frames(T, D), golden)


def two_nodes():
    """A bidirectional layer as two nodes: the last step of one beside step 0 of the other."""
    g = Graph(seed=5)
    x = g.node("Transpose", ["x"], perm=[1, 0, 2])
    forward = g.recurrent("LSTM", x)
    backward = g.recurrent("LSTM", x, direction="reverse")
    last = g.node("Gather", [forward, g.constant("last", np.array(-1))], axis=0)
    first = g.node("Gather", [backward, g.constant("first", np.array(0))], axis=0)
    joined = g.node("Concat", [last, first], axis=-1)
    flat = g.node("Flatten", [joined], axis=1)
    y = g.node("Gemm", [flat, g.weight("head.weight", K, 2 * H), g.weight("head.bias", K)], transB=1, alpha=0.5, beta=2.0)
    g.save("two-nodes", g.node("LogSoftmax", [y]))
    x = fixtures.frames(T, D)
    fixtures.describe("two-nodes", windowed(K), x, np.exp(fixtures.run("two-nodes", {"x": x[None]})[0][0]))


def halves():
    """One bidirectional node whose halves are sliced apart at different steps, as Keras without return_sequences."""
    g = Graph(seed=6)
    x = g.node("Transpose", ["x"], perm=[1, 0, 2])
    y = g.recurrent("GRU", x, directions=2, direction="bidirectional", linear_before_reset=1)
    parts = []
    for half, step in ((0, -1), (1, 0)):
        h = g.node("Slice", [y, *(g.constant(f"{key}{half}", np.array([v])) for key, v in (("s", half), ("e", half + 1), ("a", 1)))])
        h = g.node("Squeeze", [h, g.constant(f"q{half}", np.array([1]))])
        parts.append(g.node("Gather", [h, g.constant(f"t{half}", np.array(step))], axis=0))
    y = g.head(g.node("Concat", parts, axis=1), 2 * H)
    g.save("halves", g.node("Softmax", [y], axis=-1))
    judge("halves", windowed(K))


def plain():
    """Convolution in two dimensions with one of 1, BatchNormalization, Mul and Add, a written-out layer norm, old forms."""
    g = Graph(seed=7)
    y = g.node("Transpose", ["x"], perm=[0, 2, 1])
    y = g.node("Unsqueeze", [y, g.constant("two", np.array([2]))])
    y = g.node("Conv", [y, g.weight("conv.weight", 6, D, 1, 3)], kernel_shape=[1, 3], pads=[0, 2, 0, 0], strides=[1, 1])
    y = g.node("BatchNormalization", [y, g.weight("g", 6), g.weight("b", 6), g.weight("m", 6), g.constant("v", np.linspace(0.5, 2, 6, dtype=np.float32))])
    y = g.node("AveragePool", [y], kernel_shape=[1, 2], strides=[1, 2])
    y = g.node("Squeeze", [y, g.constant("two2", np.array([2]))])
    y = g.node("Mul", [y, g.weight("scale", 1, 6, 1)])
    y = g.node("Add", [g.weight("shift", 6, 1), y])
    y = g.node("Transpose", [y], perm=[0, 2, 1])
    mean = g.node("ReduceMean", [y], axes=[-1])
    centred = g.node("Sub", [y, mean])
    square = g.node("Pow", [centred, g.constant("exponent", np.float32(2))])
    variance = g.node("Add", [g.node("ReduceMean", [square], axes=[-1]), g.constant("epsilon", np.float32(1e-3))])
    y = g.node("Div", [centred, g.node("Sqrt", [variance])])
    y = g.node("Add", [g.node("Mul", [y, g.weight("ln.w", 6)]), g.weight("ln.b", 6)])
    y = g.node("Softmax", [g.head(y, 6)], axis=2)
    g.save("plain", y)
    judge("plain", carried(K))
    g = Graph(seed=8)
    y = g.node("Pad", ["x"], pads=[0, 2, 0, 0, 0, 0], value=0.0)
    y = g.node("Transpose", [y], perm=[0, 2, 1])
    y = g.node("Clip", [g.node("Conv", [y, g.weight("conv.weight", 6, D, 3, typed=True), g.weight("conv.bias", 6, typed=True)])], min=0.0, max=6.0)
    y = g.node("Slice", [g.node("Transpose", [y], perm=[0, 2, 1])], axes=[1], starts=[-1], ends=[9223372036854775807])
    y = g.node("Squeeze", [y], axes=[1])
    y = g.node("Dropout", [y], ratio=0.5)
    y = g.node("Gemm", [y, g.weight("fc.weight", 6, K), g.weight("fc.bias", K)])
    g.save("opset9", g.node("Softmax", [y], axis=1), opset=9)
    judge("opset9", windowed(K))
    g = Graph(seed=9)
    half = g.node("Cast", [g.weight("w16", D, 6, kind=np.float16)], to=TensorProto.FLOAT)
    y = g.node("MatMul", ["x", half])
    g.save("halfs", g.node("Sigmoid", [y]), shape=(None, D))
    judge("halfs", carried(6), shape=(T, D), picked=lambda y: y)


def refusals():
    g = Graph()
    body = helper.make_graph([helper.make_node("Identity", ["c"], ["k"])], "body",
                             [helper.make_tensor_value_info(n, TensorProto.BOOL, []) for n in ("i", "c")],
                             [helper.make_tensor_value_info("k", TensorProto.BOOL, [])])
    g.node("Loop", ["", "", "x"], ["y"], body=body)
    refused("refuse-loop", g, "y", "save_keras")
    g = Graph()
    x = g.node("Transpose", ["x"], perm=[1, 0, 2])
    y = g.recurrent("GRU", x, directions=2, direction="bidirectional", activations=["Sigmoid", "Tanh", "Sigmoid", "Relu"])
    refused("refuse-activations", g, y, "other activations backwards")
    g = Graph()
    refused("refuse-domain", g, g.node("Gelu", ["x"], domain="com.microsoft"), "com.microsoft")
    g = Graph()
    refused("refuse-operator", g, g.node("Einsum", ["x"], equation="abc->acb"), "Einsum")
    g = Graph()
    g.node("Add", ["x", "b"], ["a"])
    g.node("Relu", ["a"], ["b"])
    refused("refuse-cycle", g, "b", "cycle")
    g = Graph()
    refused("refuse-missing", g, g.node("MatMul", ["x", "weights"]), "'weights'")
    g = Graph()
    huge = g.node("ConstantOfShape", [g.constant("huge", np.array([1 << 20, 1 << 20]))])
    refused("refuse-huge", g, g.node("MatMul", ["x", huge]), "constant values")
    g = Graph()
    refused("refuse-groupnorm", g, g.node("InstanceNormalization", ["x", g.weight("s", D), g.weight("t", D)]), "normalises over the steps")
    g = Graph()
    y = g.recurrent("LSTM", g.node("Transpose", ["x"], perm=[1, 0, 2]))
    g.nodes[-1].input.append("lengths")
    g.constant("lengths", np.array([T - 3], np.int32))
    refused("refuse-lengths", g, y, "sequence_lens")


def unused():
    g = Graph(seed=11)
    y = g.node("MatMul", ["x", g.weight("w", D, K)])
    graph = helper.make_graph(g.nodes, "unused", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, T, D))],
                              [helper.make_tensor_value_info(y, TensorProto.FLOAT, None)],
                              [*g.tensors, numpy_helper.from_array(np.zeros(3, np.float32), "forgotten")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), fixtures.path("refuse-unused"))
    fixtures.describe("refuse-unused", carried(K), refused="'forgotten'")


def main():
    cells()
    batch_first()
    two_nodes()
    halves()
    plain()
    refusals()
    unused()


if __name__ == "__main__":
    main()
