"""The layer list of a model description while it is being found: a DAG of entries with their tensors."""

import numpy as np


class ExportError(ValueError):
    """Why this module cannot be written, and what to change."""


def is_keras(thing):
    """Whether this is an object of Keras; with its torch backend it is a torch module too."""
    return any(base.__module__.split(".")[0] == "keras" for base in type(thing).__mro__)


# What an activation may follow without a layer of its own.
FUSED = ("linear", "conv1d")


class Graph:
    """Entries in the order of execution. Names are unique in one file: `taken` is shared between the layers, the
    decoder and the event stage."""

    def __init__(self, width, taken=None):
        self.entries, self.tensors = {}, {}
        self.widths = {"input": width}
        self.taken = {"input", "golden"} if taken is None else taken
        self.bases = {}  # of names that were taken: what they would have been

    def add(self, kind, name, sources, width, tensors=None, /, **keys):
        """Appends a layer that takes `sources` (names) and gives `width` features; its name."""
        across = next((each for each in sources if each not in self.widths), None)
        if across is not None:
            raise ExportError(
                f"layer '{name}' of the decoder takes '{across}' of the encoder; only the context comes across"
            )
        name = self.unique(name)
        self.entries[name] = {"kind": kind, "name": name, "from": list(sources), **keys}
        self.tensors[name] = {key: array(value) for key, value in (tensors or {}).items()}
        self.widths[name] = width
        return name

    def unique(self, name):
        name = (name or "layer").removeprefix("_orig_mod.").removeprefix("module.")
        if name.split(".")[0] in ("golden", "input"):
            name = f"layer.{name}"
        result, count = name, 1
        while result in self.taken:
            count += 1
            result = f"{name}_{count}"
        self.taken.add(result)
        self.bases[result] = name
        return result

    def copy_of(self, name, **keys):
        """The same layer with other keys; whichever of the two is not used is left out."""
        entry = {key: value for key, value in self.entries[name].items() if key not in ("kind", "name", "from")}
        old = self.entries[name]
        return self.add(old["kind"], name, old["from"], self.widths[name], self.tensors[name], **{**entry, **keys})

    def kind(self, name):
        return self.entries[name]["kind"] if name in self.entries else "input"

    # What is written

    def finish(self, output):
        """(entries, tensors) that `output` needs, activations fused, `from` only where it says something."""
        needed, open_names = set(), [output]
        while open_names:
            name = open_names.pop()
            if name != "input" and name not in needed:
                needed.add(name)
                open_names += self.entries[name]["from"]
        entries = [dict(entry) for entry in self.entries.values() if entry["name"] in needed]
        changed = unshuffled(entries, self.tensors)
        entries = fuse(entries)
        for entry in entries:
            base = self.bases[entry["name"]]
            recurrent = entry["kind"] in ("rnn", "gru", "lstm")  # their states are looked for by name
            if (
                not recurrent
                and base not in self.taken - set(self.bases)
                and all(base != each["name"] for each in entries)
            ):
                self.rename(entries, entry["name"], base)
        tensors = {}
        for entry in entries:
            own = entry.pop("tensors_of", entry["name"])
            own = changed.get(own, self.tensors[own])
            tensors.update({f"{entry['name']}.{key}": value for key, value in own.items()})
        before = "input"
        for entry in entries:
            taken = entry.pop("from")
            if taken != [before]:
                entry["from"] = taken[0] if len(taken) == 1 else taken
            before = entry["name"]
        return entries, tensors

    def rename(self, entries, old, new):
        for entry in entries:
            if entry["name"] == old:
                entry["tensors_of"], entry["name"] = entry.get("tensors_of", old), new
            entry["from"] = [new if name == old else name for name in entry["from"]]


def unshuffled(entries, tensors):
    """Takes out `shuffle` layers (feature k is feature order[k] of the layer before): what reads them has its weights
    in that order, and gets its tensors anew, by name; other readers get a Linear that does it."""
    shuffles = {entry["name"]: entry for entry in entries if entry["kind"] == "shuffle"}
    changed, kept = {}, set()
    for entry in entries:
        taken = entry["from"][0]
        if taken not in shuffles:
            continue
        if entry["kind"] in ("linear", "rnn", "gru", "lstm") or (entry["kind"] == "conv1d" and "groups" not in entry):
            order = np.argsort(shuffles[taken]["order"])
            changed[entry["name"]] = {
                key: value[:, order] if key == "weight" or key.startswith("weight_ih_l0") else value
                for key, value in tensors[entry["name"]].items()
            }
            entry["from"] = list(shuffles[taken]["from"])
        else:
            kept.add(taken)
    kept |= {name for entry in entries for name in entry["from"][1:] if name in shuffles}
    for name, entry in shuffles.items():
        if name not in kept:
            entries.remove(entry)
            continue
        order = entry.pop("order")
        entry |= {"kind": "linear", "input": len(order), "output": len(order), "bias": False}
        changed[name] = {"weight": np.eye(len(order), dtype=np.float32)[order]}
    return changed


def renamed(entries, tensors, names):
    """The same layers under other names: a function of the old one."""
    change = {entry["name"]: names(entry["name"]) for entry in entries}
    result = []
    for entry in entries:
        entry = {**entry, "name": change[entry["name"]]}
        if "from" in entry:
            taken = entry["from"]
            entry["from"] = (
                change.get(taken, taken) if isinstance(taken, str) else [change.get(each, each) for each in taken]
            )
        result.append(entry)
    moved = {}
    for key, value in tensors.items():
        owner = max((name for name in change if key.startswith(name + ".")), key=len)
        moved[change[owner] + key[len(owner) :]] = value
    return result, moved


def array(value):
    value = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    return np.array(value, dtype=np.float32)


def fuse(entries):
    """Joins an activation with the Linear or Conv1d below, affine · tanh · affine and clip · affine with themselves,
    where nothing else reads what lies between."""
    done = False
    while not done:
        done = True
        by_name = {entry["name"]: entry for entry in entries}
        readers = {}
        for entry in entries:
            for name in entry["from"]:
                readers[name] = readers.get(name, 0) + 1
        for entry in entries:
            below = by_name.get(entry["from"][0])
            if entry["kind"] != "activation" or below is None or readers[below["name"]] != 1:
                continue
            if below["kind"] in FUSED and below.get("activation", "none") == "none":
                below["activation"] = entry["activation"]
            elif below["kind"] in FUSED + ("activation",) and joined(below["activation"], entry["activation"]):
                below["activation"] = joined(below["activation"], entry["activation"])
            else:
                continue
            entries.remove(entry)
            for other in entries:
                other["from"] = [below["name"] if name == entry["name"] else name for name in other["from"]]
            done = False
            break
    return entries


def joined(first, second):
    """The one activation that does both, or None."""
    first = first if isinstance(first, dict) else {"kind": first}
    second = second if isinstance(second, dict) else {"kind": second}
    kinds = first["kind"], second["kind"]
    if kinds == ("affine", "affine"):
        a, b = second["alpha"], second["beta"]
        return {"kind": "affine", "alpha": a * first["alpha"], "beta": a * first["beta"] + b}
    if kinds == ("affine", "tanh") and first["beta"] == 0:
        return {"kind": "scaled_tanh", "alpha": 1.0, "beta": first["alpha"]}
    if kinds == ("tanh", "affine") and second["beta"] == 0:
        return {"kind": "scaled_tanh", "alpha": second["alpha"], "beta": 1.0}
    if kinds == ("scaled_tanh", "affine") and second["beta"] == 0:
        return {**first, "alpha": first["alpha"] * second["alpha"]}
    if kinds == ("affine", "clip") and (second["alpha"], second["beta"]) == (0, 1):
        return {"kind": "hard_sigmoid", "alpha": first["alpha"], "beta": first["beta"]}
    return None
