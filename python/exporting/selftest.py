"""What `python runnel_export.py --selftest` runs: small networks of every kind are saved, read back and repeated by the
reference; what cannot be saved is refused with the right sentence and without a file. Under a minute."""

import hashlib
import os
import tempfile
import warnings

import numpy as np
import torch
from torch import nn

import runnel_export
import runnel_reference
from exporting import cells
from exporting.graph import ExportError
from exporting.selftest_networks import (
    Attention,
    Backwards,
    Causal,
    Cell,
    Classes,
    Everything,
    Flat,
    Heads,
    Loop,
    Noisy,
    Positions,
    Repeated,
    Start,
    Taken,
    Temporal,
    Translator,
    TwoSequences,
    broken,
)

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
        from exporting import selftest_fields, selftest_keras

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
            selftest_keras.run(test, keras)
    print("all passed" if not test.failed else f"{test.failed} failed")
    return not test.failed


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
