"""Finds the layers of a PyTorch module by running it: every torch function that its forward calls is seen, with the
tensors that it was called on.

A tensor that depends on the input is known by its `Value`: which layer's output it is and which of its axes is time
and which are the features, so that transpositions, unit axes and layouts cost no layer. The batch axis has length 1
and is one of the unit axes. A function that is not understood poisons what it returns; only when the output depends
on it is the module refused, with the place in forward that called it.
"""

import os
import traceback
from unittest import mock

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from exporting import cells
from exporting.graph import ExportError, Graph
from exporting.values import Cannot, Unknown, Value, layer_on

# Questions about data whose answer steers forward: the trace is right for this example only.
DATA = {"item", "bool", "float", "int", "tolist", "numpy", "index", "equal", "allclose", "array"}


class Trace(TorchFunctionMode):
    """One run of a module on one example in one layout. names: of modules that are no children of it, by id."""

    def __init__(self, module, width, graph=None, names=None):
        super().__init__()
        self.module, self.graph = module, graph or Graph(width)
        self.names = {id(child): name for name, child in module.named_modules()} | (names or {})
        self.values, self.kept = {}, []  # by id; kept alive so that no id comes twice
        self.stack, self.paused = [], False
        self.recurrent, self.finals = {}, {}  # name: (module, its input); name: its `final` layer
        self.encoder = self.context = None  # the graph before a context was repeated, and the context's layer
        self.notes = []

    def run(self, *inputs, call=None):
        """inputs: (tensor, Value) each. What the module returns, as it is."""
        for tensor, value in inputs:
            self.know(tensor, value)
        original, trace = nn.Module.__call__, self

        def called(module, *args, **kwargs):
            return trace.enter(original, module, args, kwargs)

        with torch.no_grad(), mock.patch.object(nn.Module, "__call__", called), self:
            return (call or self.module)(*(tensor for tensor, _ in inputs))

    # What is known of a tensor

    def know(self, tensor, value):
        if isinstance(value, Value):
            sizes = tuple(value.size(axis) for axis in value.axes)
            if sizes != tuple(tensor.shape):
                value = Unknown(f"{self.place()} gives {list(tensor.shape)} where {list(sizes)} was expected")
        self.values[id(tensor)] = value
        self.kept.append(tensor)

    def of(self, tensor):
        return self.values.get(id(tensor)) if isinstance(tensor, torch.Tensor) else None

    def involved(self, things):
        """The values among arguments, nested ones too."""
        for each in things:
            if isinstance(each, (tuple, list)):
                yield from self.involved(each)
            elif isinstance(each, dict):
                yield from self.involved(each.values())
            elif isinstance(each, torch.nn.utils.rnn.PackedSequence):
                yield from self.involved([each.data])
            elif self.of(each) is not None:
                yield self.of(each)

    def swap(self, thing):
        """Arguments with values in place of the tensors that are known."""
        if isinstance(thing, (tuple, list)) and not isinstance(thing, torch.Size):
            return type(thing)(self.swap(each) for each in thing)
        value = self.of(thing)
        return thing if value is None else value

    def place(self):
        """Where in the module's code we are."""
        skip = (os.path.dirname(torch.__file__), os.path.dirname(__file__))
        for frame in reversed(traceback.extract_stack()):
            name = frame.filename
            if (
                not name.startswith(skip)
                and not name.endswith(("runnel_export.py", "mock.py"))
                and frame.name != "<module>"
            ):
                return f"{os.path.basename(name)}, line {frame.lineno} (in {frame.name})"
        return "the module's forward"

    def path(self):
        """The name of the innermost module that runs, and the outermost of torch's own that is no container."""
        inner = self.stack[-1] if self.stack else self.module
        return self.names.get(id(inner), "")

    def culprit(self, what):
        for module in self.stack:
            own = type(module).__module__.startswith("torch.") or type(module).__module__.startswith("torchaudio.")
            if own and not isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
                name = self.names.get(id(module), "")
                return f"layer '{name or 'layer'}' ({type(module).__name__})"
        return f"'{what}' at {self.place()}"

    # What happens in forward

    def enter(self, original, module, args, kwargs):
        self.stack.append(module)
        try:
            values = list(self.involved(list(args) + list(kwargs.values())))
            if values and isinstance(module, (nn.RNNBase, cells.Recurrent, nn.RNNCellBase)):
                self.paused, before = True, self.paused
                try:
                    result = original(module, *args, **kwargs)
                finally:
                    self.paused = before
                self.describe("recurrent", module, result, args, kwargs, values)
                return result
            return original(module, *args, **kwargs)
        finally:
            self.stack.pop()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self.paused:
            return result
        values = list(self.involved(list(args) + list(kwargs.values())))
        name = getattr(func, "__name__", str(func))
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        name = name.strip("_")
        if name == "setitem" and (values or self.of(args[0]) is not None):
            self.know(
                args[0], Unknown(f"{self.culprit('x[…] = y')}: assigning into a tensor cannot be described as layers")
            )
        if not values:
            return result
        if name in DATA:
            self.notes.append(f"{self.place()} asks for the value of a tensor: forward depends on the data")
        elif any(True for _ in tensors_in(result)):
            self.describe(name, None, result, args, kwargs, values)
        return result

    def describe(self, name, module, result, args, kwargs, values):
        """Calls the function that understands `name` and gives its values to the tensors of the result."""
        from exporting import operations, planes, recurrent

        self.kept += [args, kwargs]
        results = list(tensors_in(result))
        self.result_shapes = [tuple(each.shape) for each in results]
        self.result_shape = self.result_shapes[0]
        unknown = next((value for value in values if isinstance(value, Unknown)), None)
        try:
            if unknown:
                raise Cannot(unknown.reason)
            if module is not None:
                found = recurrent.layer(self, module, result, args, kwargs)
            else:
                function = operations.FUNCTIONS.get(name)
                if name not in planes.ALLOWED and any(value.columns > 1 for value in values):
                    raise Cannot(
                        f"{self.culprit(name)} of a map of two dimensions is not supported: flatten channels and "
                        "columns into the features first"
                    )
                if function is None:
                    reason = operations.REASONS.get(name, f"is not supported; supported: {operations.supported()}")
                    raise Cannot(f"{self.culprit(name)} {reason}")
                kwargs = {key: value for key, value in kwargs.items() if key not in ("inplace", "out", "_stacklevel")}
                swapped = {key: self.swap(value) for key, value in kwargs.items()}
                found = function(self, *(self.swap(each) for each in args), **swapped)
        except (Cannot, ExportError) as reason:
            found = Unknown(str(reason))
        except TypeError as error:
            found = Unknown(f"{self.culprit(name)}: called in a way that is not supported ({error})")
        found = found if isinstance(found, (list, tuple)) else [found] * len(results)
        for tensor, value in zip(results, found):
            self.know(tensor, value)

    def cannot(self, what, reason):
        return Cannot(f"{self.culprit(what)}: {reason}")

    # Layers

    def add(self, kind, name, value, width, tensors=None, /, steps=None, **keys):
        return layer_on(self, kind, name, value, width, tensors, steps, keys)

    def named(self, what):
        """For a function that is its module's only one the module's name, otherwise 'module.function'."""
        path = self.path()
        leaf = (
            self.stack
            and not list(self.stack[-1].children())
            and type(self.stack[-1]).__module__.startswith("torch.nn")
        )
        return path if leaf and path else f"{path}.{what}" if path else what


def tensors_in(thing):
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, torch.nn.utils.rnn.PackedSequence):
        yield thing.data
    elif isinstance(thing, (tuple, list)):
        for each in thing:
            yield from tensors_in(each)
    elif isinstance(thing, dict):
        for each in thing.values():
            yield from tensors_in(each)
