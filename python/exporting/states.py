"""Final states and single steps of recurrent layers, as values."""


def piece(t, x):
    """One level's half of h_n as what it is: the last step of a forward layer, or half of `final`."""
    ((letter, level, half),) = x.pieces
    module, _, _ = t.recurrent[x.source]
    if letter == "c":
        raise t.cannot("c_n", "the cell state c cannot be taken as a layer's output; use h_n")
    if level != module.num_layers - 1:
        raise t.cannot(
            "h_n",
            f"the final state of level {level} of {module.num_layers} cannot be taken; split the layer "
            "into several of num_layers=1",
        )
    x = x.but(pieces=None, axes=tuple(tuple(each for each in axis if each != "L") for axis in x.axes))
    if not module.bidirectional:
        return x.but(step=x.steps - 1)
    last = final(t, x.source, x.width * 2)
    name = t.graph.add(
        "select", last + ".half", [last], x.width, input=2 * x.width, first=half * x.width, output=x.width
    )
    return x.but(source=name, step=0, steps=1)


def final(t, source, width):
    if source not in t.finals:
        t.finals[source] = t.graph.add("final", source + ".final", [source], width, input=width)
    return t.finals[source]


def levels(t, x):
    """h_n laid side by side, (1, L F): both halves of a single level."""
    module, _, _ = t.recurrent[x.source]
    if len(x.pieces) == 1:
        return piece(t, x)
    if [each[1] for each in x.pieces] != [module.num_layers - 1] * 2:
        raise t.cannot(
            "h_n", "final states of several levels side by side cannot be taken; use the last level's, h_n[-1]"
        )
    axes = tuple(tuple(each for each in axis if each != "L") for axis in x.axes)
    name = final(t, x.source, 2 * x.width)
    return x.but(source=name, width=2 * x.width, axes=axes, pieces=None, step=0, steps=1)


def single(t, x):
    """A step of a sequence as a sequence of one: what can meet a pooled value."""
    if x.step == 0 and x.steps == 1:
        return x
    kind = t.graph.kind(x.source)
    entry = t.graph.entries.get(x.source, {})
    last = {"forward": x.steps - 1, "backward": 0}.get(entry.get("direction", "forward"))
    if kind in ("rnn", "gru", "lstm") and x.step == last:
        return x.but(source=final(t, x.source, x.width), step=0, steps=1)
    raise t.cannot(
        "join",
        "steps of a sequence meet each other, or a value over the whole window; only the last step of a recurrent layer "
        "can. A loop over time cannot be seen: give the whole sequence to nn.RNN, nn.LSTM or nn.GRU, or to "
        "runnel_export.cells, which has leaky and other cells",
    )
