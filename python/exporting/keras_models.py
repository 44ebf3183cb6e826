"""A Keras 3 model that can be walked: checked, without state between calls, free of one length. Keras is not imported before
a model is given, and any backend will do."""

import json

import numpy as np

from exporting.graph import ExportError


def prepared(model):
    """The model, stateless, or what to do with what is none."""
    import keras

    if isinstance(model, (str, bytes)):
        raise ExportError(f"'{model}' is a path: model = keras.models.load_model(path), and save that")
    if not isinstance(model, keras.Model):
        raise ExportError(
            f"{type(model).__module__}.{type(model).__name__} is no model of Keras {keras.__version__}"
            + (
                "; load a Keras 2 model with Keras 3 (keras.models.load_model of its .keras or .h5 file)"
                if "keras" in type(model).__module__
                else ""
            )
        )
    functional = getattr(model, "_functional", None) or model
    if not hasattr(functional, "_run_through_graph"):
        raise ExportError(
            f"{type(model).__name__} is a subclass whose call() cannot be seen: build the model with "
            "keras.Sequential or the functional API"
            if model.built or not hasattr(model, "_functional")
            else "the model is not built yet: give it an Input layer, or call it once"
        )
    if len(functional.inputs) != 1:
        raise ExportError(f"the model takes {len(functional.inputs)} inputs; concatenate them into one")
    for path, value in ((weight.path, weight) for weight in model.weights):
        if not np.isfinite(keras.ops.convert_to_numpy(value)).all():
            raise ExportError(f"weight '{path}' holds NaN or infinity: the training diverged")
    return stateless(model)


def stateless(model):
    """A copy with stateful=False and a batch of any size, where a layer carries its state from call to call."""
    text = json.dumps(model.get_config(), default=str)
    return free(model) if '"stateful": true' in text else model


def free(model):
    """A copy that keeps no state between calls and takes any number of examples and steps."""
    import keras

    def cleared(x):
        if isinstance(x, dict):
            x = {key: cleared(value) for key, value in x.items()}
            if x.get("stateful") is True:
                x["stateful"] = False
            for key in ("batch_shape", "batch_input_shape"):
                if isinstance(x.get(key), (list, tuple)) and len(x[key]) == 3:
                    x[key] = [None, None, x[key][2]]
            return x
        return [cleared(each) for each in x] if isinstance(x, (list, tuple)) else x

    copy = type(model).from_config(cleared(model.get_config()))
    if not copy.built:
        copy.build([None, None, model.inputs[0].shape[-1]])
    copy.set_weights([keras.ops.convert_to_numpy(weight) for weight in model.weights])
    return copy


def functional_of(model):
    return getattr(model, "_functional", None) or model


def first_width(model):
    functional = functional_of(model)
    given = functional.inputs[0]
    return None if len(given.shape) == 2 and whole_numbers(functional) else given.shape[-1]


def whole_numbers(functional):
    return "int" in str(functional.inputs[0].dtype) or any(
        type(operation).__name__ == "Embedding" for operation in functional.operations[:2]
    )
