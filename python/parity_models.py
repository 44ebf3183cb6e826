"""Random networks through PyTorch and through runnel: the same numbers?

    python python/parity_models.py [--count 40] [--seed 1] [--runnel .build/release/runnel]

Each seed draws a network (`comparing/networks.py`: every layer that PyTorch and `runnel_export.cells` have and runnel runs),
exports it with `runnel_export.save` and lets `runnel model run` compute 1000 frames, or 16 windows of 64, whole and in
random chunks with the state through a file in between. The largest difference must stay within 1e-5 of max(1e-3, the
largest output of PyTorch), and the chunks must give the bits of the whole.

Needs torch, numpy and a runnel binary. Ends with 1 where one network differs or is refused, and says which seed.
"""

import torch

import runnel_export
from comparing import networks, trial


def run(seed, place, arguments):
    drawn = networks.draw(seed)
    ending = {} if drawn.ending == "none" else {"head_activation": drawn.ending}
    try:
        runnel_export.save(drawn.network, place.path("m.safetensors"), example=drawn.frames, labels=drawn.labels,
                           rate=100.0, **ending, **drawn.regime)
    except runnel_export.ExportError as error:
        raise trial.Refused(f"{error} ({drawn.words()})") from None
    return trial.compare(place, seed, drawn.frames, drawn.scores(), *drawn.options), drawn.words()


if __name__ == "__main__":
    torch.set_num_threads(1)
    unexported = lambda reasons: [f"not exported: {each}" for each in reasons]
    trial.main(__doc__, run, f"exported from torch {torch.__version__}", count=40, check=unexported)
