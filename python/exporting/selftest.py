"""What `python runnel_export.py --selftest` runs: small networks of every kind are saved, read back and repeated by the
reference; what cannot be saved is refused with the right sentence and without a file. Under a minute."""

import hashlib
import os
import tempfile
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import runnel_export
import runnel_reference
from exporting import cells
from exporting.graph import ExportError

SHORT = {"example": None, "labels": ["a", "b", "c"], "rate": 100}
WINDOW = {**SHORT, "regime": "windowed", "window": 12}


class Test:
    """Counts and prints; `path` is where models are saved."""

    def __init__(self, path):
        self.path, self.failed = path, 0

    def check(self, what, passed):
        self.failed += not passed
        print(("ok      " if passed else "FAILED  ") + what)

    def save(self, what, module, save=runnel_export.save, expect=lambda description, report: True, **more):
        """Saves, reads back, repeats the golden run. Returns (description, report)."""
        torch.manual_seed(1)
        module = (
            module() if isinstance(module, type) or not isinstance(module, nn.Module) and callable(module) else module
        )
        try:
            report = save(module, self.path, **{**SHORT, **more})
            description, tensors = runnel_reference.read(self.path)
            errors = runnel_reference.check(description, tensors)
            self.check(
                what,
                max(errors.values()) <= 1e-5 and report["difference"] <= 1e-5 and bool(expect(description, report)),
            )
            return description, report
        except (ExportError, runnel_reference.ModelError) as error:
            self.check(f"{what}: {error}", False)
            return None, None

    def refuses(self, what, word, module, save=runnel_export.save, **more):
        if os.path.exists(self.path):
            os.unlink(self.path)
        try:
            save(module, self.path, **{**SHORT, **more})
            self.check(f"refuses {what}", False)
        except ExportError as error:
            self.check(f"refuses {what}: {error}", word in str(error) and not os.path.exists(self.path))


def run():
    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        test = Test(os.path.join(folder, "m.safetensors"))
        from exporting import selftest_fields

        the_file(test)
        streams(test)
        recurrent_layers(test)
        windows(test)
        sequences(test)
        events(test)
        refusals(test)
        selftest_fields.run(test)
        try:
            os.environ.setdefault("KERAS_BACKEND", "torch")
            import keras
        except ImportError:
            print("skipped Keras (not installed)")
        else:
            keras_models(test, keras)
    print("all passed" if not test.failed else f"{test.failed} failed")
    return not test.failed


# --- modules


class Causal(nn.Module):
    """The shape of the first ECG model: left-padded convolution, LSTM, head."""

    def __init__(self, symmetric=False, pad=True):
        super().__init__()
        self.pad = pad and not symmetric
        self.conv = nn.Conv1d(1, 6, 5, padding=2 if symmetric else 0)
        self.relu = nn.ReLU()
        self.lstm = nn.LSTM(6, 7, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(7, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        if self.pad:
            x = F.pad(x, (4, 0))
        y = self.relu(self.conv(x)).transpose(1, 2)
        return self.head(self.drop(self.lstm(y)[0]))


class TwoSequences(nn.Module):
    """A context repeated for a decoder, and two heads for each of its steps."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.GRU(2, 4, batch_first=True), nn.GRU(4, 4, batch_first=True)
        self.a, self.b = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        y = self.decoder(self.encoder(x)[0][:, -1:].repeat(1, 5, 1))[0]
        return {"a": self.a(y), "b": self.b(y)}


class Backwards(nn.Module):
    """Children defined in another order than forward runs them."""

    def __init__(self):
        super().__init__()
        self.b = nn.Linear(4, 3)
        self.a = nn.Linear(2, 4)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


class Everything(nn.Module):
    """Norms, pools, skips, gates, functional calls, a constant per feature, a log_softmax."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv1d(2, 6, 5, padding="same"), nn.BatchNorm1d(6)
        self.side, self.pool = nn.Conv1d(6, 6, 3, padding=2, dilation=2, groups=3), nn.MaxPool1d(2)
        self.layernorm, self.gru = nn.LayerNorm(6), nn.GRU(6, 7, 2, batch_first=True)
        self.prelu, self.gate, self.head = nn.PReLU(7), nn.Linear(7, 1), nn.Linear(13, 3)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 0.5]))

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x.permute(0, 2, 1))))
        x = self.pool(x + F.leaky_relu(self.side(x), 0.2)).mT
        x = self.layernorm(x)
        y = self.prelu(self.gru(x)[0].transpose(1, 2)).transpose(1, 2)
        y = y * torch.sigmoid(self.gate(y)) - 0.5 * F.hardswish(y) + F.logsigmoid(y)
        return F.log_softmax(self.head(torch.cat([1.7 * torch.tanh(0.6 * x), y], -1)) / self.scale, -1)


class Temporal(nn.Module):
    """A temporal block whose right padding is taken off again, with weight norm."""

    def __init__(self):
        super().__init__()
        norm = torch.nn.utils.parametrizations.weight_norm
        self.first, self.second = (norm(nn.Conv1d(k, 5, 3, padding=4, dilation=2)) for k in (2, 5))
        self.down, self.head = nn.Conv1d(2, 5, 1), nn.Linear(5, 3)

    def forward(self, x):
        x = x.transpose(1, 2)
        y = F.elu(self.first(x))[:, :, :-4]
        return self.head(F.relu(self.second(y)[:, :, :-4] + self.down(x)).transpose(1, 2))


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.beat, self.level = nn.GRU(2, 5, batch_first=True), nn.Linear(5, 3), nn.Linear(5, 1)

    def forward(self, x):
        y, _ = self.gru(x)
        return {"level": torch.sigmoid(self.level(y)), "beat": self.beat(y).softmax(-1)}


class Loop(nn.Module):
    """A cell that forward steps by itself."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTMCell(2, 5), nn.Linear(5, 3)

    def forward(self, x):
        h = c = torch.zeros(x.shape[0], 5)
        y = []
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
            y.append(self.head(h))
        return torch.stack(y, 1)


class Start(nn.Module):
    """An initial state that was learned, given in forward."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(2, 5, proj_size=3, bias=False), nn.Linear(3, 3)
        self.h, self.c = nn.Parameter(torch.randn(1, 1, 3)), nn.Parameter(torch.randn(1, 1, 5))

    def forward(self, x):  # (T, B, D)
        state = self.h.expand(-1, x.shape[1], -1).contiguous(), self.c.expand(-1, x.shape[1], -1).contiguous()
        return self.head(self.lstm(x, state)[0])


class Classes(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.gru, self.head = nn.Embedding(5, 3), nn.GRU(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.gru(torch.cat([self.embedding(x[..., 0].long()), x[..., 1:]], -1))[0])


class Cell(nn.Module):
    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 3)

    def forward(self, x):
        return self.head(self.layer(x)[0])


class Taken(nn.Module):
    """What many networks take of a sequence for one answer."""

    def __init__(self, how, **more):
        super().__init__()
        self.how = how
        self.lstm = nn.LSTM(2, 5, batch_first=True, **more)
        self.head = nn.Linear(10 if more.get("bidirectional") else 5, 3)

    def forward(self, x):
        y, (h, _) = self.lstm(x)
        return self.head(
            {
                "last": lambda: y[:, -1],
                "third": lambda: y[:, 3, :],
                "state": lambda: h[-1],
                "mean": lambda: y.mean(1),
                "max and last": lambda: y.max(1).values + h[-1],
                "states": lambda: torch.cat([h[-2], h[-1]], 1),
                "permuted": lambda: h.permute(1, 0, 2).reshape(x.size(0), -1),
                "every": lambda: y,
                "ends": lambda: torch.cat([y[:, -1, :5], y[:, 0, 5:]], 1),
            }[self.how]()
        )


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv1d(1, 4, 3, padding=1), nn.AvgPool1d(2)
        self.hidden, self.head = nn.Linear(40, 6), nn.Linear(6, 1)

    def forward(self, x):
        return torch.sigmoid(self.head(F.elu(self.hidden(torch.flatten(self.pool(torch.tanh(self.conv(x))), 1)))))


class Translator(nn.Module):
    def __init__(self, forward=True):
        super().__init__()
        self.whole = forward
        self.encoder, self.decoder = nn.LSTM(2, 6, batch_first=True), nn.LSTM(3, 6, batch_first=True)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        if not self.whole:
            raise NotImplementedError
        state, fed, steps = self.encoder(x)[1], torch.zeros(1, 1, 3), []
        for _ in range(7):
            y, state = self.decoder(fed, state)
            steps.append(self.out(y))
            fed = steps[-1].softmax(-1)
        return torch.cat(steps, 1)


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.GRU(2, 6, batch_first=True), nn.GRU(6, 5, batch_first=True)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.decoder(self.encoder(x)[1][-1].unsqueeze(1).repeat(1, 9, 1))[0])


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 3)
        self.register_buffer("places", torch.randn(256, 2))

    def forward(self, x):
        return self.head(x + self.places[: x.shape[1]])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.attention(x, x, x)[0])


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        return self.head(F.dropout(x, 0.5))


def broken(module):
    with torch.no_grad():
        module.head.bias[0] = float("nan")
    return module


# --- what is tested


def the_file(test):
    report = runnel_export.save(Causal(), test.path, **{**SHORT, "labels": ["none", "N", "V"]})
    with open(test.path, "rb") as file:
        data = file.read()
    zeroed = data.replace(report["digest"].encode(), b"sha256:" + b"0" * 64)
    test.check(
        "the digest is that of the file with its digits as zeros",
        "sha256:" + hashlib.sha256(zeroed).hexdigest() == report["digest"],
    )
    try:
        from safetensors.numpy import load

        test.check("the safetensors package reads it", load(data)["golden.output"].shape == (256, 3))
    except ImportError:
        print("skipped the safetensors package reads it (not installed)")
    description, tensors = runnel_reference.read(test.path)
    model = runnel_reference.Reference(description, tensors)
    stream = model.run(tensors["golden.input"])
    description.update(regime="windowed", pattern="many-to-many", window={"length": 256})
    whole = runnel_reference.Reference(description, tensors).run_windows(tensors["golden.input"][None])[0]
    test.check("the reference gives the same frame by frame and whole", np.abs(stream - whole).max() < 1e-12)


def streams(test):
    x = np.random.default_rng(2).standard_normal((1, 300, 3)).astype(np.float32)
    test.save("convolution, LSTM, head", Causal, expect=lambda d, r: d["delay"] == 0 and len(d["layers"]) == 3)
    test.save(
        "symmetric padding is delay",
        lambda: Causal(symmetric=True),
        delay=0.1,
        expect=lambda d, r: abs(d["delay"] - 0.12) < 1e-12 and d["layers"][0]["padding"] == [2, 2],
    )
    test.save(
        "no padding gives fewer steps",
        lambda: Causal(pad=False),
        expect=lambda d, r: d["layers"][0]["padding"] == [0, 0],
    )
    deep = nn.Sequential(nn.LSTM(3, 5, num_layers=2), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))
    test.save("a Sequential whose LSTM returns a tuple", deep, example=x, labels=["a", "b"], head_activation="sigmoid")
    conv = nn.Sequential(nn.ConstantPad1d((6, 0), 0.0), nn.Conv1d(3, 4, 3, dilation=3), nn.ReLU(), nn.Conv1d(4, 2, 1))
    test.save(
        "a dilated convolution padded on the left",
        conv,
        example=x,
        labels=["a", "b"],
        head_activation="linear",
        expect=lambda d, r: d["layers"][0]["activation"] == "relu" and r["steps"] == 300,
    )
    test.save("children in another order than forward", Backwards, expect=lambda d, r: d["pattern"] == "one-to-one")
    test.save("norms, pools, skips, gates, constants", Everything, expect=lambda d, r: abs(d["delay"] - 0.04) < 1e-12)
    test.save("a temporal block with weight norm and cropped padding", Temporal, expect=lambda d, r: d["delay"] == 0)
    test.save(
        "two heads by name",
        Heads,
        labels={"beat": ["a", "b", "c"], "level": ["high"]},
        expect=lambda d, r: [head["activation"] for head in d["heads"]] == ["softmax", "sigmoid"],
    )
    test.save("a class and a measurement", Classes, example=np.stack([np.arange(60) % 5, np.sin(np.arange(60))], 1))
    stride = nn.Sequential(nn.Conv1d(1, 4, 5, stride=3, padding=2), nn.SiLU(), nn.AvgPool1d(2), nn.Conv1d(4, 3, 2))
    test.save("strides", stride)


def recurrent_layers(test):
    first = {"batch_first": True}
    for what, layer, width in [
        ("RNN", nn.RNN(2, 5, 2, nonlinearity="relu", **first), 5),
        ("GRU without biases, time first", nn.GRU(2, 5, bias=False), 5),
        ("LSTM with projection", nn.LSTM(2, 6, 2, proj_size=3, **first), 3),
        ("leaky RNN", cells.RNN(2, 5, leak=0.3, **first), 5),
        (
            "GRU, reset before, hard_sigmoid",
            cells.GRU(2, 5, reset="before", gate_activation="hard_sigmoid", **first),
            5,
        ),
        (
            "peephole LSTM with clips",
            cells.LSTM(
                2, 5, 2, peepholes=True, cell_clip=0.5, gate_clip=2.0, projection=3, learned_state=True, **first
            ),
            3,
        ),
        ("coupled LSTM", cells.LSTM(2, 5, coupled="input", peepholes=True, cell_activation="softsign", **first), 5),
    ]:
        test.save(what, Cell(layer, width))
    test.save("cells stepped by a loop", Loop)
    test.save(
        "an initial state given in forward", Start, expect=lambda d, r: d["layers"][0]["initial_state"] == "learned"
    )


def windows(test):
    for how, target in [("last", 11), ("state", 11), ("third", 3), ("mean", 0), ("max and last", 0)]:
        test.save(
            f"windowed, {how}",
            Taken(how),
            **WINDOW,
            expect=lambda d, r, t=target: d["window"] == {"length": 12, "target": t},
        )
    for how in ("states", "permuted", "ends"):
        test.save(
            f"bidirectional, {how}",
            Taken(how, bidirectional=True),
            **WINDOW,
            expect=lambda d, r: any(entry["kind"] == "final" for entry in d["layers"]),
        )
    test.save(
        "bidirectional, two levels, every step",
        Taken("every", bidirectional=True, num_layers=2),
        **WINDOW,
        expect=lambda d, r: d["pattern"] == "many-to-many",
    )
    test.save(
        "a target of every step",
        Taken("every"),
        **WINDOW,
        target=-2,
        expect=lambda d, r: d["window"]["target"] == 10 and d["pattern"] == "many-to-one",
    )
    test.save(
        "windows cut from a session, normalised",
        Taken("last"),
        **{**WINDOW, "example": np.random.rand(60, 2) * 3},
        hop=6,
        conditioning={"filters": [], "normalisation": {"kind": "window", "epsilon": 1e-5}},
    )
    test.save(
        "a flattened window",
        Flat,
        **{**WINDOW, "window": 20, "labels": ["p"]},
        expect=lambda d, r: d["heads"][0]["activation"] == "sigmoid",
    )


def sequences(test):
    asked = {"steps": 7, "input": "feedback", "state": "encoder", "decoder": ["decoder", "out"], "stop": "c"}
    test.save(
        "encoder and decoder with state and feedback",
        Translator,
        **WINDOW,
        decoder=asked,
        expect=lambda d, r: d["pattern"] == "encoder-decoder" and d["decoder"]["stop"] == "c",
    )
    test.save("the same without a forward of its own", Translator(forward=False), **WINDOW, decoder=asked)
    test.save("a repeated context", Repeated, **WINDOW, expect=lambda d, r: d["decoder"]["steps"] == 9)
    test.refuses(
        "a decoder with the wrong feedback", "differ", Translator(), **WINDOW, decoder={**asked, "feedback": "logits"}
    )
    test.refuses(
        "a decoder that is not there",
        "no attribute 'out2'",
        Translator(),
        **WINDOW,
        decoder={**asked, "decoder": ["decoder", "out2"]},
    )


def events(test):
    base = nn.Sequential(nn.LSTM(2, 5, batch_first=True), nn.Linear(5, 3))
    stage = {
        "module": nn.Sequential(nn.Linear(10, 6), nn.Tanh(), nn.GRU(6, 4), nn.Linear(4, 2)),
        "hidden": "0",
        "wait": 1,
        "features": ["scores", "hidden", "interval", "next:ratio:8"],
        "labels": ["N", "V"],
        "example": np.random.default_rng(3).random((30, 10)),
    }
    peaks = {"decide": {"emit": "peaks", "enter": 0.5, "leave": 0.3, "none": "a"}}
    test.save(
        "an event stage",
        base,
        event_stage=stage,
        **peaks,
        expect=lambda d, r: d["event_stage"]["layers"][0]["name"].startswith("event."),
    )
    test.refuses("an event stage without events", "emit", base, event_stage=stage)
    test.refuses(
        "features of another width",
        "9 numbers",
        base,
        event_stage={**stage, "features": stage["features"][:3]},
        **peaks,
    )
    test.refuses("the future without waiting", "wait=1", base, event_stage={**stage, "wait": 0}, **peaks)


def refusals(test):
    refuses = test.refuses
    refuses(
        "bidirectional in carried",
        "regime='windowed'",
        nn.Sequential(nn.LSTM(2, 3, bidirectional=True), nn.Linear(6, 3)),
    )
    refuses("one step in carried", "every step", Taken("last"))
    refuses("attention", "attention is not supported", Attention())
    refuses("a positional encoding", "from step to step", Positions())
    refuses("randomness", "randomness", Noisy())
    refuses(
        "batch statistics",
        "track_running_stats=True",
        nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)),
    )
    refuses("ceil_mode", "ceil_mode=False", nn.Sequential(nn.Conv1d(2, 3, 3), nn.MaxPool1d(3, ceil_mode=True)))
    refuses(
        "a transposed convolution", "ConvTranspose1d", nn.Sequential(nn.Conv1d(2, 3, 3), nn.ConvTranspose1d(3, 3, 3))
    )
    refuses("group norm", "LayerNorm", nn.Sequential(nn.Conv1d(2, 3, 3), nn.GroupNorm(1, 3)))
    refuses("a decoder with two heads", "one head", TwoSequences(), **{**WINDOW, "labels": {"a": ["x", "y"], "b": ["z", "w"]}})
    refuses("a path", "load_state_dict", "model.pt")
    refuses("a state_dict", "load_state_dict", Causal().state_dict())
    refuses("a class", "give an object", Causal)
    refuses("wrong count of labels", "2 labels for 3 outputs", Causal(), labels=["a", "b"])
    refuses("softmax over one label", "always 1", nn.Linear(2, 1), labels=["a"])
    refuses(
        "another activation than the module's end",
        "head_activation='sigmoid'",
        nn.Sequential(nn.Linear(2, 3), nn.Sigmoid()),
        head_activation="softmax",
    )
    refuses("NaN weights", "NaN", broken(Causal()))
    refuses("an example of another shape", "expected [T, 1]", Causal(), example=np.zeros((5, 2)))
    refuses("an unknown regime", "carried, windowed", Causal(), regime="batch")
    refuses("a pattern of the other regime", "many-to-one", Causal(), pattern="many-to-one")
    refuses("a window in carried", "regime='windowed'", Causal(), window=5)
    refuses("another target than the module takes", "itself takes step 11", Taken("last"), **WINDOW, target=4)
    refuses(
        "a convolution that looks further back than it reaches", "padding", nn.Sequential(nn.Conv1d(2, 3, 1, padding=2))
    )


def keras_models(test, keras):
    layers = keras.layers
    keras.utils.set_random_seed(1)

    def stack(*parts, length=None):
        return keras.Sequential([keras.Input((length, 2)), *parts])

    def save(what, model, **more):
        return test.save("Keras: " + what, lambda: model, save=runnel_export.save_keras, **more)

    def refuses(what, word, model, **more):
        test.refuses("Keras: " + what, word, model, save=runnel_export.save_keras, **more)

    each = {"return_sequences": True}
    save("LSTM", stack(layers.LSTM(5, **each), layers.Dense(3, activation="softmax")))
    save("GRU, reset after", stack(layers.GRU(5, **each), layers.TimeDistributed(layers.Dense(3))))
    save(
        "GRU, reset before, hard_sigmoid",
        stack(layers.GRU(5, reset_after=False, recurrent_activation="hard_sigmoid", **each), layers.Dense(3)),
    )
    save("RNN of cells", stack(layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)], **each), layers.Dense(3)))
    save(
        "a stateful model",
        keras.Sequential([keras.Input(batch_shape=(4, 20, 2)), layers.LSTM(5, stateful=True, **each), layers.Dense(3)]),
        example=np.random.rand(64, 2),
    )
    save(
        "convolutions with strides, pools, norms",
        stack(
            layers.Conv1D(6, 5, padding="same", strides=3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling1D(2),
            layers.Conv1D(4, 3, dilation_rate=2, padding="causal", groups=2),
            layers.LeakyReLU(),
            layers.LayerNormalization(),
            layers.SimpleRNN(4, use_bias=False, **each),
            layers.PReLU(shared_axes=[1]),
            layers.Dense(3),
        ),
        example=np.random.rand(101, 2),
    )
    given = keras.Input((None, 2))
    x = layers.Conv1D(5, 3, padding="causal")(given)
    x = layers.Concatenate()([layers.Add()([x, layers.Activation("silu")(x)]) * 2.0, given])
    x = layers.GRU(5, **each)(x)
    model = keras.Model(
        given,
        [layers.Dense(3, activation="softmax", name="beat")(x), layers.Dense(1, activation="sigmoid", name="level")(x)],
    )
    save("a functional model with two heads", model, labels={"beat": ["a", "b", "c"], "level": ["high"]})
    save(
        "a stack for the last step",
        stack(layers.LSTM(5, **each), layers.Dropout(0.5), layers.LSTM(4), layers.Dense(3)),
        **WINDOW,
        expect=lambda d, r: d["window"]["target"] == 11,
    )
    save(
        "bidirectional",
        stack(
            layers.Bidirectional(layers.LSTM(5, **each)),
            layers.Bidirectional(layers.GRU(4), merge_mode="ave"),
            layers.Dense(3),
        ),
        **WINDOW,
    )
    save("backwards", stack(layers.LSTM(5, go_backwards=True), layers.Dense(3)), **WINDOW)
    save(
        "a flattened window",
        stack(layers.Conv1D(5, 3, padding="same", strides=2), layers.Flatten(), layers.Dense(3), length=12),
        **WINDOW,
    )
    save(
        "a repeated vector",
        stack(layers.LSTM(5), layers.RepeatVector(6), layers.GRU(4, **each), layers.Dense(3)),
        **WINDOW,
        expect=lambda d, r: d["pattern"] == "encoder-decoder",
    )
    refuses("masking", "Masking", stack(layers.Masking(), layers.LSTM(5, **each), layers.Dense(3)))
    refuses(
        "attention", "attention", keras.Model(given, layers.Dense(3)(layers.MultiHeadAttention(2, 4)(given, given)))
    )
    refuses("one step in carried", "every step", stack(layers.LSTM(5), layers.Dense(3)))
    refuses("a path", "load_model", "model.keras")
    test.refuses("a Keras model in save", "save_keras", model)
