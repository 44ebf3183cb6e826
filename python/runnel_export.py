"""Write a PyTorch or Keras network as one file that runnel runs.

    import runnel_export
    runnel_export.save(module, "beats.safetensors", example=x, labels=["none", "N", "V"], rate=120.0)
    runnel_export.save_keras(model, "beats.safetensors", example=x, labels=["none", "N", "V"], rate=120.0)

The module is run on the example, and what its forward does is written down as layers: Conv1d, RNN, LSTM, GRU (variants:
`runnel_export.cells`), Linear, BatchNorm1d, LayerNorm, pooling, Embedding, activations, sums, products, concatenations,
heads. What that finds is executed by `runnel_reference`, which knows nothing of torch: frame by frame with the state
carried, or window by window. It must give what module(example) gives, or nothing is written and the reason is said:
what is exported is what was trained. The original's own output goes into the file as golden tensors, by which every
machine proves itself.

    python runnel_export.py --selftest

Needs numpy, and torch for `save`, Keras 3 with any backend for `save_keras`. It does not train, and it does not read ONNX.
"""

import argparse
import os
import sys

import numpy as np

import runnel_reference
from exporting import decoding
from exporting.file import encode, write
from exporting.found import activation_of
from exporting.graph import ExportError

try:
    from exporting import cells, modules
except ImportError:  # no torch: Keras models alone
    cells = modules = None

TOLERANCE = 1e-5  # of max(1e-3, largest value)
GOLDEN_STEPS = 256
COMPARED_STEPS = 2048
COMPARED_WINDOWS = 16
PATTERNS = {
    "carried": ("one-to-one", "many-to-many"),
    "windowed": ("many-to-one", "many-to-many", "one-to-many", "encoder-decoder"),
}
# Layers that look back in time; a network without them is one-to-one.
REMEMBERS = ("rnn", "gru", "lstm", "maxpool", "avgpool", "conv1d")


def save(
    module,
    path,
    *,
    example,
    labels,
    rate,
    regime="carried",
    window=None,
    hop=1,
    target=None,
    pattern=None,
    name=None,
    delay=0.0,
    warmup=0.0,
    max_state_age=0.0,
    trained_rate=None,
    inputs=None,
    conditioning=None,
    decide=None,
    head_activation=None,
    decoder=None,
    event_stage=None,
    provenance=None,
    golden_steps=GOLDEN_STEPS,
):
    """Write `module` to `path`, or raise ExportError and write nothing.

    example          [T, D] or [1, T, D], what the network sees after conditioning; None: seeded noise
                     windowed: windows [W, T, D], or [T', D] that `window` and `hop` cut; before a window normalisation
                     (x, h0, c0) where forward takes states too: their values at the beginning
    labels           names of the outputs; a dict of lists where there are several heads: forward returns a dict with these
                     keys, or a tuple in this order, or one tensor with the heads side by side
    rate             Hz of the network's steps; trained_rate: Hz of the recordings it was trained on
    regime           carried: the state lives on from frame to frame. windowed: each window starts anew; `window` frames
                     long, one every `hop` frames
    target           windowed: the output step that is the label, 0-based, where the module gives every step; it is found
                     where the module takes one itself (y[:, -1], h_n[-1])
    pattern          one-to-one, many-to-many, many-to-one, one-to-many, encoder-decoder; None: what the module does
    delay, warmup    seconds; a score at step n speaks of n - delay, lag of the conditioning included. What convolutions
                     padded on the right look ahead is added
    max_state_age    seconds after which a carried state is renewed; 0: never
    inputs           names, or {"name", "unit"}, one per feature
    conditioning     {"filters": [...], "normalisation": {...}}; decide: the default label rule; provenance: any JSON
    head_activation  softmax, sigmoid, linear, or a dict by head; None: sigmoid where the module ends in it, else softmax
    decoder          one-to-many, encoder-decoder: {"steps", "stop", "input", "feedback", "start", "state"}, see
                     `exporting/decoding.py` and README.md
    event_stage      {"module", "features", "hidden", "wait", "labels", "none", "example"}, likewise
    Returns a dict: steps compared, the largest difference (of max(1e-3, largest value)), the digest, the size in bytes,
    the whole delay, notes.
    """
    if modules is None:
        raise ExportError("PyTorch is not installed: pip install torch")
    module, example = modules.with_rest(modules.prepared(module), example)
    if example is None and modules.first_classes(module):
        frames = np.random.default_rng(1).integers(0, modules.first_classes(module), ((window or GOLDEN_STEPS) * 4, 1))
        example = frames.astype(np.float32)
    asked = {key: value for key, value in locals().items() if key in SHARED}
    widths, reasons = modules.widths(module), []
    # Without an example each layer may be the first in forward.
    for width in [len(inputs)] if inputs else widths if example is None else [None]:
        try:
            return export(modules.find, module, width, path, **asked)
        except modules.NotCallable as reason:
            reasons.append(reason)
    shape = [] if example is None else list(np.shape(example))
    if shape and widths[0] and shape[-1] not in widths:
        raise ExportError(f"the example has shape {shape}; expected [T, {widths[0]}] or [1, T, {widths[0]}]")
    raise reasons[0]


def save_keras(model, path, *, example, labels, rate, **more):
    """Write a Keras 3 model (Sequential or functional) as `save` writes a module; the same arguments."""
    from exporting import keras_layers, keras_models

    model = keras_models.prepared(model)
    return export(
        keras_layers.find,
        model,
        keras_models.first_width(model),
        path,
        **{**DEFAULTS, "example": example, "labels": labels, "rate": rate, **more},
    )


def export(
    find,
    network,
    width,
    path,
    *,
    example,
    labels,
    rate,
    regime,
    window,
    hop,
    target,
    pattern,
    name,
    delay,
    warmup,
    max_state_age,
    trained_rate,
    inputs,
    conditioning,
    decide,
    head_activation,
    decoder,
    event_stage,
    provenance,
    golden_steps,
):
    check_regime(regime, pattern, window, target, decoder, event_stage, max_state_age, conditioning)
    labels = read_labels(labels)
    if regime == "windowed" and pattern == "one-to-many":
        window = window or 1
        if window != 1:
            raise ExportError("one-to-many makes a sequence of one frame: window is 1")
    if regime == "windowed":
        frames = read_windows(example, width, window, hop)
    else:
        frames = read_example(example, width)
    description = {
        "format": 1,
        "name": name or os.path.splitext(os.path.basename(path))[0],
        "regime": regime,
        "rate": float(rate),
        "hop": int(hop),
        "trained_rate": float(rate if trained_rate is None else trained_rate),
        "warmup": float(warmup),
        "inputs": read_inputs(inputs, frames.shape[-1]),
        "conditioning": conditioning or {"filters": [], "normalisation": {"kind": "none"}},
        "decide": decide or {"emit": "every"},
        "provenance": provenance or {},
    }
    if max_state_age:
        description["max_state_age"] = float(max_state_age)
    if decoder is not None:
        found = decoding.find(find, network, frames, labels, head_activation, decoder, description)
    else:
        found = search(find, network, frames, labels, head_activation, description)
    description |= {"layers": found.entries, "heads": found.description_heads}
    prove = prove_windows if regime == "windowed" else prove_stream
    proof = prove(found, frames, description, target, pattern, delay, golden_steps)
    if event_stage is not None:
        decoding.add_event_stage(event_stage, description, proof)
    description["golden"] = {"tolerance": {"float32": TOLERANCE}, "by": proof["by"]}
    tensors = proof["tensors"]
    runnel_reference.check(description, tensors)
    ordered = {key: description[key] for key in ORDER if key in description}
    data, digest = encode(ordered, tensors)
    write(path, data)
    return {
        "steps": proof["steps"],
        "difference": proof["difference"],
        "digest": digest,
        "bytes": len(data),
        "delay": description.get("delay", 0.0),
        "notes": proof["notes"],
    }


SHARED = (
    "example",
    "labels",
    "rate",
    "regime",
    "window",
    "hop",
    "target",
    "pattern",
    "name",
    "delay",
    "warmup",
    "max_state_age",
    "trained_rate",
    "inputs",
    "conditioning",
    "decide",
    "head_activation",
    "decoder",
    "event_stage",
    "provenance",
    "golden_steps",
)
DEFAULTS = {key: value for key, value in save.__kwdefaults__.items() if key in SHARED}
ORDER = (
    "format",
    "name",
    "regime",
    "pattern",
    "rate",
    "window",
    "hop",
    "delay",
    "trained_rate",
    "warmup",
    "max_state_age",
    "inputs",
    "conditioning",
    "layers",
    "heads",
    "decoder",
    "decide",
    "event_stage",
    "golden",
    "provenance",
)


# --- what was asked for


def check_regime(regime, pattern, window, target, decoder, event_stage, max_state_age, conditioning):
    if regime not in PATTERNS:
        raise ExportError(f"regime '{regime}' is not one of {', '.join(PATTERNS)}")
    if pattern is not None and pattern not in PATTERNS[regime]:
        raise ExportError(f"pattern '{pattern}' is not one of {', '.join(PATTERNS[regime])}, which regime {regime} has")
    kind = (conditioning or {}).get("normalisation", {}).get("kind")
    if regime == "carried":
        if window is not None or target is not None:
            raise ExportError("window and target belong to regime='windowed'; a carried network has neither")
        if kind == "window":
            raise ExportError("normalisation by the window needs regime='windowed'")
    else:
        if max_state_age:
            raise ExportError("max_state_age belongs to regime='carried': every window starts anew")
        if event_stage is not None:
            raise ExportError("an event stage needs regime='carried'")
    if decoder is not None and regime != "windowed":
        raise ExportError("a decoder needs regime='windowed': it starts anew from each window")
    if decoder is not None and pattern not in (None, "one-to-many", "encoder-decoder"):
        raise ExportError(f"a decoder makes the pattern one-to-many or encoder-decoder, not {pattern}")


def read_labels(labels):
    """Names of the outputs by head."""
    named = labels if isinstance(labels, dict) else {"label": list(labels)}
    for key, value in named.items():
        if len({str(each) for each in value}) != len(value) or not value:
            raise ExportError(f"head '{key}': a label is named twice" if value else f"head '{key}' has no labels")
    return {str(key): [str(each) for each in value] for key, value in named.items()}


def read_heads(labels, activation, found_heads):
    outputs = sum(width for width, _ in found_heads)
    total = sum(len(each) for each in labels.values())
    if total != outputs:
        raise ExportError(f"{total} labels for {outputs} outputs of the last layer")
    heads = [
        {"name": key, "activation": kind, "labels": value} for (key, value), kind in zip(labels.items(), activation)
    ]
    if len(found_heads) > 1 and [len(each) for each in labels.values()] != [width for width, _ in found_heads]:
        raise ExportError(
            f"heads of {[width for width, _ in found_heads]} outputs for "
            f"{[len(each) for each in labels.values()]} labels"
        )
    for head in heads:
        if head["activation"] == "softmax" and len(head["labels"]) == 1:
            raise ExportError(
                f"head '{head['name']}': softmax over one label is always 1; say head_activation='sigmoid' or 'linear'"
            )
    return heads


def search(find, network, frames, labels, head_activation, description):
    """Finds the layers, with the activation of each head: asked for, or what the module ends in."""
    kinds = tuple(runnel_reference.HEADS)
    asked = head_activation if isinstance(head_activation, dict) else {key: head_activation for key in labels}
    for key, value in asked.items():
        if key not in labels or value not in (*kinds, None):
            raise ExportError(f"head_activation '{value}' of '{key}' is not one of {', '.join(kinds)} of a head")
    wanted = [asked.get(key) for key in labels]
    carried = description["regime"] == "carried"
    example = frames if carried else normalised(description, frames)[0]
    found = find(network, example, labels, wanted, carried)
    endings = [ending for _, ending in found.heads]
    endings = endings if len(endings) == len(wanted) else endings * len(wanted)
    kinds = [activation_of(ending, each) for ending, each in zip(endings, wanted)]
    found.description_heads = read_heads(labels, kinds, found.heads)
    return found


def read_inputs(inputs, count):
    if inputs is None:
        return [{"name": "input" if count == 1 else f"input{k}"} for k in range(count)]
    named = [{"name": each} if isinstance(each, str) else dict(each) for each in inputs]
    if len(named) != count:
        raise ExportError(f"{len(named)} inputs are named, the first layer takes {count}")
    return named


def read_array(example):
    x = example.detach().cpu().double().numpy() if hasattr(example, "detach") else np.array(example)
    x = np.ascontiguousarray(x, dtype=np.float32)
    if not np.isfinite(x).all():
        raise ExportError("the example holds NaN or infinity")
    return x


def noise(shape):
    if shape[-1] is None:
        raise ExportError("the number of features is not known: give an example")
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def read_example(example, features):
    """Frames (T, D)."""
    if example is None:
        return noise((GOLDEN_STEPS, features))
    x = read_array(example)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim == 3 and x.shape[0] == 1:
        x = x[0]
    wanted = "D" if features is None else features
    if x.ndim != 2 or len(x) == 0 or features not in (None, x.shape[1]):
        raise ExportError(f"the example has shape {list(x.shape)}; expected [T, {wanted}] or [1, T, {wanted}]")
    return x[:COMPARED_STEPS]


def read_windows(example, features, window, hop):
    """Windows (W, T, D)."""
    if example is None:
        if window is None:
            raise ExportError("say how many frames a window has, window=, or give an example [W, T, D]")
        return noise((4, window, features))
    x = read_array(example)
    wanted = "D" if features is None else features
    if x.ndim == 2 and window is not None and features in (None, x.shape[1]):
        if len(x) < window:
            raise ExportError(f"the example has {len(x)} frames, fewer than a window of {window}")
        starts = range(0, len(x) - window + 1, max(1, int(hop)))
        x = np.stack([x[s : s + window] for s in starts])
    if x.ndim != 3 or 0 in x.shape or features not in (None, x.shape[2]) or window not in (None, x.shape[1]):
        raise ExportError(
            f"the example has shape {list(x.shape)}; expected windows [W, {window or 'T'}, {wanted}], or "
            f"[T, {wanted}] and window="
        )
    return x[:COMPARED_WINDOWS]


def normalised(description, windows):
    kind = description["conditioning"]["normalisation"]
    if kind["kind"] != "window":
        return windows
    centred = windows - windows.mean(1, keepdims=True)
    return (centred / np.sqrt((centred**2).mean(1, keepdims=True) + kind.get("epsilon", 1e-5))).astype(np.float32)


# --- the proof: the description, executed, against the original


def prove_stream(found, frames, description, target, pattern, delay, golden_steps):
    """Frame by frame with the state carried. What a stream gives is what the original gives, as far as it comes."""
    if found.decoder is not None:
        raise ExportError(
            "the module makes a sequence of one step: save it with regime='windowed', pattern='encoder-decoder'"
        )
    if found.step is not None or any(entry["kind"] in ("globalpool", "final") for entry in found.entries):
        raise ExportError(
            "the module gives one answer for a window (it takes one step, pools over time, or flattens): a "
            "carried network answers at every step. Save it with regime='windowed', window=…, or return "
            "every step and train again"
        )
    for entry in found.entries:
        if entry.get("direction", "forward") != "forward":
            raise ExportError(
                f"layer '{entry['name']}': a bidirectional {entry['kind'].upper()} needs the future and cannot "
                "run sample by sample; train it with bidirectional=False, or save it with regime='windowed'"
            )
    memory = [entry for entry in found.entries if entry["kind"] in REMEMBERS and entry.get("kernel", 2) > 1]
    description["pattern"] = pattern or ("many-to-many" if memory else "one-to-one")
    if description["pattern"] == "one-to-one" and memory:
        raise ExportError(f"layer '{memory[0]['name']}' remembers: the pattern is many-to-many, not one-to-one")
    model = referred(description, found.tensors)
    ahead = model.grid()[2]
    description["delay"] = float(delay) + ahead / description["rate"]
    if ahead:
        found.notes.append(
            f"layers padded on the right look {ahead} steps ahead: {ahead / description['rate']:g} s of delay"
        )
    worst = 0.0
    for x in (frames, frames[::-1][:GOLDEN_STEPS].copy()):
        logits = stepped(model, x)
        output = found.call(x)
        if len(output) < len(logits):
            raise ExportError(f"the module gives {len(output)} outputs for {len(x)} frames, the stream {len(logits)}")
        worst = max(worst, compare(found, logits, output[: len(logits)], "sample by sample", description))
    golden = frames[:golden_steps]
    logits = stepped(model, golden)
    if len(logits) == 0:
        raise ExportError(f"{len(golden)} frames are too few for one output; give a longer example")
    output = found.call(golden)[: len(logits)]
    counts = {}
    for entry in found.entries:
        if entry["kind"] in ("rnn", "gru", "lstm"):
            first, stride, _ = model.grid(entry["name"])
            counts[entry["name"]] = (len(golden) - 1 - first) // stride + 1
    states = found.states(golden, counts)
    for key, value in model.states().items():
        worst = max(worst, judged(states[key], value, f"final state {key}"))
    tensors = {**found.tensors, "golden.input": golden, "golden.output": found.scores(output, description["heads"])}
    tensors |= {f"golden.{key}": value for key, value in states.items()}
    return {"steps": len(frames), "difference": worst, "tensors": tensors, "by": found.by, "notes": found.notes}


def prove_windows(found, windows, description, target, pattern, delay, golden_steps):
    """Window by window, each from the initial state."""
    length = windows.shape[1]
    description["window"] = {"length": length}
    description["delay"] = float(delay)
    if found.step is not None:
        if target not in (None, found.step, found.step - found.steps):
            raise ExportError(f"target is {target}, but the module itself takes step {found.step} of {found.steps}")
        target = found.step
    elif target is not None:
        if not -found.steps <= target < found.steps:
            raise ExportError(f"target {target} of {found.steps} output steps")
        target %= found.steps
    elif pattern == "many-to-one":
        target = found.steps - 1
    made = "many-to-many" if target is None else "many-to-one"
    if found.decoder is not None:
        if len(description["heads"]) > 1:
            raise ExportError("a decoder has one head; export a network for each")
        made = "one-to-many" if length == 1 and pattern != "encoder-decoder" else "encoder-decoder"
        description["decoder"] = found.decoder
        if target is not None:
            raise ExportError("target belongs to many-to-one; a decoder's steps are all given")
    if pattern is not None and pattern != made:
        raise ExportError(
            f"pattern is {pattern}, but the module is {made}"
            + (": it takes one step, pools over time, or flattens" if made == "many-to-one" else "")
        )
    description["pattern"] = made
    if target is not None:
        description["window"]["target"] = target
    model = referred(description, found.tensors)
    seen = normalised(description, windows)
    outputs = []
    for x in seen:
        output = found.call(x)
        if target is not None:
            output = output[target if found.step is None else 0]
        outputs.append(output)
    outputs = np.stack(outputs)
    logits = executed(lambda: model.run_windows(windows, logits=True))
    worst = compare(found, logits, outputs, "window by window", description)
    count = max(1, min(len(windows), golden_steps // length))
    tensors = {
        **found.tensors,
        "golden.input": windows[:count],
        "golden.output": found.scores(outputs[:count], description["heads"]),
    }
    return {
        "steps": len(windows) * length,
        "difference": worst,
        "tensors": tensors,
        "by": found.by,
        "notes": found.notes,
    }


def referred(description, tensors):
    return executed(lambda: runnel_reference.Reference(description, tensors))


def executed(run):
    try:
        return run()
    except runnel_reference.ModelError as reason:
        raise ExportError(str(reason)) from None


def stepped(model, frames):
    return executed(lambda: model.run(frames, logits=True))


def judged(found, wanted, what):
    """The difference in parts of max(1e-3, largest); refused beyond the tolerance."""
    difference = float(np.abs(found - wanted).max() / max(1e-3, np.abs(wanted).max()))
    if not difference <= TOLERANCE:
        raise ExportError(f"{what} differs by {difference:.3g} of the largest value")
    return difference


def compare(found, logits, output, way, description):
    """Refuses where the executed description differs from the original."""
    wanted = found.ended(logits)
    if wanted.shape != output.shape:
        raise ExportError(f"executed {way} the layers give {list(wanted.shape)}, the module {list(output.shape)}")
    scale = max(1e-3, float(np.abs(wanted).max()))
    if any(ending == "log_softmax" for _, ending in found.heads):
        scale = max(scale, 1.0)
    difference = np.abs(output - wanted) / scale
    difference = np.where(np.isfinite(difference), difference, np.inf)
    if difference.max() <= TOLERANCE:
        return float(difference.max())
    place = np.unravel_index(np.argmax(difference > TOLERANCE), difference.shape)
    raise ExportError(
        f"executed {way} the layers differ from module(example), first at {'step' if way.startswith('sample') else 'window'} "
        f"{place[0]} by {difference[place] * scale:.3g}. {likely(found, difference)}"
    )


def likely(found, difference):
    if any("depends on the data" in note for note in found.notes):
        return next(note for note in found.notes if "depends on the data" in note)
    if found.decoder is not None and found.decoder["input"] != "context":
        return (
            "Usual causes: the loop begins with another input than `start` (zeros where nothing is said; a step of the "
            "window cannot be one), feeds back something else than `feedback`, or begins from another `state`"
        )
    if difference.max() < 1e-3:
        return (
            "So small a difference grows from rounding: weights that make the network chaotic, or an example far larger "
            "than what it was trained on"
        )
    return (
        "Usual causes: children defined in another order than forward runs them, randomness in forward, a state kept "
        "from call to call, normalisation over time"
    )


def main():
    parser = argparse.ArgumentParser(
        description="Write a PyTorch or Keras network as one file that runnel runs. Import it: "
        "runnel_export.save(module, path, example=x, labels=[...], rate=360.0)"
    )
    parser.add_argument(
        "--selftest", action="store_true", help="check this exporter on networks of every kind it knows"
    )
    if not parser.parse_args().selftest:
        parser.print_help()
        return 64
    from exporting import selftest

    return 0 if selftest.run() else 1


if __name__ == "__main__":
    sys.exit(main())
