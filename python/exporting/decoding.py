"""Networks beside the network: decoders that are unrolled with feedback, and event stages.

A decoder that takes the context alone at each step needs nothing from here: `context.unsqueeze(1).repeat(1, K, 1)` in
forward, or Keras' RepeatVector, is found like any layer. A decoder with feedback is a loop in forward, so its two parts
are named:

    decoder={"steps": 12, "input": "context+feedback", "feedback": "scores", "state": "encoder", "stop": "end",
             "encoder": "encoder", "decoder": ["decoder", "out"]}

encoder, decoder  attributes of the module, or modules: one, or a list that is run in this order. Default: the attributes
                  `encoder` and `decoder`. The encoder's last output is the context. encoder None: the frame itself is.
input             context, feedback or context+feedback (in this order): what the decoder's first layer takes
feedback          scores, logits, onehot or class: what of a step's output the next one gets; `start` before the first
state             zero; or encoder: final h (and c) of the encoder's levels, in order, are the decoder's initial ones

Where module(window) gives (steps, K), the unrolled layers must give the same: that is the proof. Where the module has no
such forward, its parts are unrolled by torch, and that is compared.
"""

from contextlib import contextmanager
from unittest import mock

import numpy as np

import runnel_reference
from exporting.found import ENDINGS
from exporting.graph import ExportError, is_keras, renamed
from runnel_reference import HEADS

KEYS = {"steps", "stop", "input", "feedback", "start", "state", "encoder", "decoder"}
CHOICES = {
    "input": ("context", "feedback", "context+feedback"),
    "feedback": ("scores", "logits", "onehot", "class"),
    "state": ("zero", "encoder"),
}
STAGE_KEYS = {"module", "features", "hidden", "wait", "labels", "none", "example", "head", "head_activation"}
PLAIN = ("scores", "hidden", "interval", "regularity")


def find(find_layers, network, windows, labels, head_activation, decoder, description):
    """What was found, as one: the encoder's layers, the decoder's in `decoder`, and the module's own run."""
    asked = checked(decoder, labels)
    ((head, names),) = labels.items()
    activation = (head_activation.get(head) if isinstance(head_activation, dict) else head_activation) or "softmax"
    if activation not in HEADS:
        raise ExportError(f"head_activation '{activation}' is not one of {', '.join(HEADS)}")
    window, outputs = windows[0], len(names)
    encoder, known = part(network, decoder.get("encoder", "encoder"))
    more = {"names": known} if known else {}
    if encoder is None:
        inside, width = None, window.shape[1]
        entries, tensors = [{"kind": "activation", "name": "context", "input": width, "activation": "none"}], {}
        context = lambda x: x[-1]
    else:
        inside = find_layers(encoder, window, {"context": ["context"]}, ["linear"], False, **more)
        if inside.decoder is not None:
            raise ExportError("the encoder itself makes a sequence of one step")
        if inside.step not in (None, inside.steps - 1):
            raise ExportError("the encoder takes another step than its last; the context is its last output")
        entries, tensors = inside.entries, inside.tensors
        width = sum(each for each, _ in inside.heads)
        context = lambda x: inside.call(x)[-1]
    fed = 1 if asked["feedback"] == "class" else outputs
    takes = (width if "context" in asked["input"] else 0) + (fed if "feedback" in asked["input"] else 0)
    if len(asked.get("start", [0] * fed)) != fed:
        raise ExportError(f"decoder: start has {len(asked['start'])} numbers, the feedback {fed}")
    asked.setdefault("start", [0.0] * fed)
    trial = np.random.default_rng(2).standard_normal((asked["steps"], takes)).astype(np.float32)
    if asked["feedback"] == "class" and "feedback" in asked["input"]:
        trial[:, -1] = np.random.default_rng(2).integers(0, outputs, len(trial))
    below, known = part(network, decoder.get("decoder", "decoder"))
    more = {"names": known} if known else {}
    unrolled = find_layers(below, trial, labels, [activation], True, **more)
    if unrolled.step is not None or any(entry.get("direction", "forward") != "forward" for entry in unrolled.entries):
        raise ExportError("the decoder must give one output per step, and run forward only")
    taken = {entry["name"] for entry in entries}
    layers, own = renamed(unrolled.entries, unrolled.tensors, lambda name: f"decoder.{name}" if name in taken else name)
    found = unrolled
    found.entries, found.tensors, found.step, found.steps = entries, tensors | own, None, asked["steps"]
    found.decoder = {**asked, "layers": layers}
    step = found.call
    ((_, ending),) = found.heads

    def call(x):
        """The decoder's own forward over all inputs so far, once per step; its last output is fed back."""
        inputs, result = [], []
        back = np.asarray(asked["start"], np.float32)
        states = levels(inside, x) if asked["state"] == "encoder" else None
        vector = context(x)
        for _ in range(asked["steps"]):
            inputs.append(
                np.concatenate([vector] * ("context" in asked["input"]) + [back] * ("feedback" in asked["input"]))
            )
            with started(states):
                y = step(np.stack(inputs).astype(np.float32))[-1]
            result.append(y)
            scores = y if ending != "logits" else HEADS[activation](y)
            back = {
                "logits": y,
                "scores": scores,
                "onehot": np.eye(outputs)[y.argmax()],
                "class": np.array([y.argmax()]),
            }[asked["feedback"]]
        return np.stack(result)

    found.call = own_forward(network, call, windows, description, outputs, activation, found)
    found.description_heads = [{"name": head, "activation": activation, "labels": names}]
    return found


def checked(decoder, labels):
    """The keys of a description's decoder, without the layers."""
    unknown = set(decoder) - KEYS
    if unknown:
        raise ExportError(f"decoder: '{sorted(unknown)[0]}' is not one of {', '.join(sorted(KEYS))}")
    if not isinstance(decoder.get("steps"), int) or not 1 <= decoder["steps"] <= 4096:
        raise ExportError("decoder: steps is a number from 1 to 4096")
    if len(labels) != 1:
        raise ExportError("a decoder has one head")
    asked = {
        "steps": decoder["steps"],
        "input": decoder.get("input", "context+feedback"),
        "feedback": decoder.get("feedback", "scores"),
        "state": decoder.get("state", "zero"),
    }
    for key, choices in CHOICES.items():
        if asked[key] not in choices:
            raise ExportError(f"decoder: {key} '{asked[key]}' is not one of {', '.join(choices)}")
    if decoder.get("stop") is not None:
        if decoder["stop"] not in next(iter(labels.values())):
            raise ExportError(f"decoder: stop '{decoder['stop']}' is no label")
        asked["stop"] = decoder["stop"]
    if decoder.get("start") is not None:
        asked["start"] = [float(each) for each in decoder["start"]]
    return asked


def part(network, wanted):
    """One of the two networks, and the names of its parts in the whole by id."""
    if wanted is None:
        return None, None
    wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    parts = []
    for each in wanted:
        if isinstance(each, str):
            try:
                each = network.get_submodule(each) if hasattr(network, "get_submodule") else getattr(network, each)
            except AttributeError:
                raise ExportError(
                    f"the module has no attribute '{each}': name its parts, decoder={{'encoder': …, 'decoder': …}}"
                ) from None
        parts.append(each)
    if is_keras(parts[0]):
        if len(parts) > 1:
            raise ExportError("a Keras decoder is one model: keras.Sequential([…])")
        return parts[0], None
    from torch import nn

    from exporting import modules

    names = {id(child): name for name, child in network.named_modules()}
    if len(parts) == 1 and not isinstance(parts[0], nn.RNNCellBase):
        return parts[0], names
    chain = modules.Chain((names.get(id(each), type(each).__name__), each) for each in parts)
    return chain, names | {id(leaf): name for name, leaf in chain.leaves}


def levels(inside, x):
    """Final (h) or (h, c) of every level of the encoder, in order."""
    counts = {entry["name"]: entry for entry in inside.entries if entry["kind"] in ("rnn", "gru", "lstm")}
    strided = [
        entry for entry in inside.entries if entry.get("stride", 1) != 1 or entry["kind"] in ("maxpool", "avgpool")
    ]
    if strided or any(entry.get("padding", [0, 0])[1] for entry in inside.entries):
        raise ExportError("state 'encoder' is supported for encoders whose recurrent layers see every frame")
    states = inside.states(x, {name: len(x) for name in counts})
    result = []
    for name, entry in counts.items():
        for k in range(entry.get("layers", 1)):
            result.append([states[f"{name}.{letter}_l{k}"] for letter in "hc" if f"{name}.{letter}_l{k}" in states])
    return result


@contextmanager
def started(states):
    """Recurrent layers of torch begin with these states, level by level in the order in which they are called."""
    if states is None:
        yield
        return
    import torch
    from torch import nn

    from exporting import cells

    waiting, original = list(states), nn.Module.__call__

    def called(module, *args, **kwargs):
        if isinstance(module, (nn.RNNBase, cells.Recurrent)) and len(args) == 1 and not kwargs:
            own = [waiting.pop(0) for _ in range(module.num_layers)]
            given = [torch.tensor(np.stack(each), dtype=torch.float32)[:, None] for each in zip(*own)]
            given = [each if args[0].ndim == 3 else each[:, 0] for each in given]
            args = (*args, tuple(given) if len(given) > 1 else given[0])
        return original(module, *args, **kwargs)

    with mock.patch.object(nn.Module, "__call__", called):
        yield


def own_forward(network, call, windows, description, outputs, activation, found):
    """module(window) where it gives (steps, K); else `call`, which unrolls the parts."""
    steps = found.steps
    if is_keras(network):
        found.notes.append("the parts were unrolled by Keras and compared")
        return call
    import torch

    def forward(x):
        with torch.no_grad():
            y = network(torch.as_tensor(x)[None])
        y = y[0] if isinstance(y, (tuple, list)) else y
        return np.array(y).reshape(steps, outputs)

    try:
        given = forward(np.array(windows[0]))
    except NotImplementedError:
        found.notes.append("the module has no forward: its parts were unrolled by torch and compared")
        return call
    except Exception as error:
        raise ExportError(
            f"module(window) does not give ({steps}, {outputs}): {type(error).__name__}: {error}. Let forward "
            "take (1, T, D) and return (1, steps, K), or leave it out"
        ) from None
    wanted = call(windows[0])
    ((width, before),) = found.heads
    for ending in ENDINGS:
        if before == "logits" and np.abs(ENDINGS[ending](wanted.astype(float)) - given).max() <= 1e-4:
            found.heads = [(width, ending)]
    return forward


def add_event_stage(stage, description, proof):
    """A second network, stepped once per event, into description and tensors."""
    unknown = set(stage) - STAGE_KEYS
    if unknown:
        raise ExportError(f"event_stage: '{sorted(unknown)[0]}' is not one of {', '.join(sorted(STAGE_KEYS))}")
    for key in ("module", "features", "labels", "example"):
        if key not in stage:
            raise ExportError(f"event_stage: '{key}' is missing")
    if description["decide"].get("emit") != "peaks":
        raise ExportError("an event stage needs events: decide={'emit': 'peaks', …}")
    features, wait = list(stage["features"]), stage.get("wait", 0)
    for each in features:
        plain = each.removeprefix("next:")
        ratio = plain.startswith("ratio:") and plain[6:].isdigit() and int(plain[6:]) > 0
        if not ratio and plain not in PLAIN or (plain == "hidden" and each != plain):
            raise ExportError(
                f"event_stage: '{each}' is no feature; features: scores, hidden, interval, ratio:N, regularity, "
                "and next: before any but hidden"
            )
        if each != plain and wait != 1:
            raise ExportError(f"event_stage: '{each}' speaks of the following event: say wait=1")
    hidden = stage.get("hidden")
    if ("hidden" in features) != (hidden is not None):
        raise ExportError("event_stage: the feature 'hidden' and the name of a layer, hidden=, belong together")
    if hidden is not None and all(entry["name"] != hidden for entry in description["layers"]):
        raise ExportError(
            f"event_stage: no layer is named '{hidden}'; layers: "
            f"{', '.join(entry['name'] for entry in description['layers'])}"
        )
    events = np.asarray(stage["example"], np.float32)
    if events.ndim != 2 or not len(events) or not np.isfinite(events).all():
        raise ExportError("event_stage: the example is [E, De], finite")
    labels = [str(each) for each in stage["labels"]]
    if stage.get("none") is not None and stage["none"] not in labels:
        raise ExportError(f"event_stage: none '{stage['none']}' is no label")
    activation = stage.get("head_activation") or "softmax"
    module = stage["module"]
    if not is_keras(module):
        from exporting import modules

        module, find_layers = modules.prepared(module), modules.find
    else:
        from exporting import keras_layers, keras_models

        module, find_layers = keras_models.prepared(module), keras_layers.find
    found = find_layers(module, events, {"label": labels}, [activation])
    if found.step is not None or any(entry.get("direction", "forward") != "forward" for entry in found.entries):
        raise ExportError("event_stage: the module must give one output per event, in order")
    if sum(width for width, _ in found.heads) != len(labels):
        raise ExportError(f"event_stage: {len(labels)} labels for {sum(width for width, _ in found.heads)} outputs")
    layers, tensors = renamed(found.entries, found.tensors, lambda name: f"event.{name}")
    head = {"name": str(stage.get("head", "event")), "activation": activation, "labels": labels}
    description["event_stage"] = {"features": features} | ({"hidden": hidden} if hidden is not None else {})
    description["event_stage"] |= {"wait": int(wait), "layers": layers, "head": head}
    if stage.get("none") is not None:
        description["event_stage"]["none"] = str(stage["none"])
    plain = {key: value for key, value in description.items() if key != "event_stage"}
    width = runnel_reference.Reference(plain, proof["tensors"]).stage_width(description["event_stage"])
    if width != events.shape[1]:
        raise ExportError(f"event_stage: the features are {width} numbers, the example has {events.shape[1]}")
    proof["tensors"] |= tensors
    compare_stage(found, events, head, description, proof)


def compare_stage(found, events, head, description, proof):
    try:
        model = runnel_reference.Reference(description, proof["tensors"])
        logits = model.run_events(events, logits=True)
    except runnel_reference.ModelError as reason:
        raise ExportError(f"event_stage: {reason}") from None
    output = found.call(events)
    wanted = found.ended(logits)
    difference = (
        float(np.abs(output - wanted).max() / max(1e-3, np.abs(wanted).max())) if output.shape == wanted.shape else 1.0
    )
    if difference > 1e-5:
        raise ExportError(
            f"event_stage: stepped event by event the layers differ from module(example) by {difference:.3g}"
        )
    proof["tensors"] |= {"golden.event.input": events, "golden.event.output": found.scores(output, [head])}
    proof["difference"] = max(proof["difference"], difference)
