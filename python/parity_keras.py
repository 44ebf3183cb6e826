"""Random Keras 3 models through `runnel_export.save_keras`: the same numbers?

    python python/parity_keras.py [--count 20] [--seed 1] [--runnel .build/release/runnel]

Each seed draws a functional model (`comparing/keras_networks.py`), which Keras runs on PyTorch, exports it and lets
`runnel model run` compute 200 frames, or 6 windows of 24, whole and in random chunks with the state through a file in
between. The largest difference must stay within 1e-5 of max(1e-3, the largest output of Keras).

Needs keras, torch, numpy and a runnel binary. Ends with 1 where one model differs or is refused, and says which seed.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras  # noqa: E402
import torch  # noqa: E402

import runnel_export  # noqa: E402
from comparing import keras_networks, trial  # noqa: E402


def run(seed, place, arguments):
    model, frames, labels, regime, ending = keras_networks.draw(seed)
    text = f"{regime['regime']}, {keras_networks.words(model)}"
    head = {"head_activation": ending} if ending else {}
    try:
        runnel_export.save_keras(model, place.path("m.safetensors"), example=frames, labels=labels, rate=100.0, **head, **regime)
    except runnel_export.ExportError as error:
        raise trial.Refused(f"{error} ({text})") from None
    wanted = keras_networks.scores(model, frames)
    return trial.compare(place, seed, frames, wanted, *(["--scores"] if ending else [])), text


if __name__ == "__main__":
    torch.set_num_threads(1)
    unexported = lambda reasons: [f"not exported: {each}" for each in reasons]
    tool = f"exported from Keras {keras.__version__} on {keras.backend.backend()}"
    trial.main(__doc__, run, tool, count=20, check=unexported)
