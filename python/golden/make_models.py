"""Tiny model files for the Swift tests: python golden/make_models.py, from the folder python/.

Weights are seeded; the versions of the tools stand in each file's provenance.
"""

import os
import sys

import numpy as np
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import runnel_export  # noqa: E402

FOLDER = os.path.join(HERE, "..", "..", "Tests", "Golden", "models")


class ConvLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 12, 9)
        self.relu = nn.ReLU()
        self.lstm = nn.LSTM(12, 16, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        y = self.relu(self.conv(nn.functional.pad(x.transpose(1, 2), (8, 0))))
        return self.head(self.lstm(y.transpose(1, 2))[0])


def save(name, module, features, scale=1.0, **more):
    with torch.no_grad():
        for value in module.parameters():
            value.mul_(scale)
    t = np.arange(256)[:, None]
    noise = np.random.default_rng(7).standard_normal((256, features))
    example = (np.sin(t * 0.11 * (1 + np.arange(features))) + 0.3 * noise).astype(np.float32)
    provenance = {"made_by": "python/golden/make_models.py",
                  "tools": {"torch": torch.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}}
    path = os.path.join(FOLDER, name + ".safetensors")
    print(name, runnel_export.save(module, path, example=example, provenance=provenance, **more))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    torch.manual_seed(20)
    save("conv-lstm", ConvLSTM(), 1, scale=2.0, labels=["none", "N", "S", "V", "F"], rate=120.0, trained_rate=360.0,
         delay=0.35, warmup=1.5, inputs=[{"name": "lead", "unit": "mV"}],
         conditioning={"filters": [{"design": "band-pass", "order": 2, "low": 0.5, "high": 40.0}],
                       "normalisation": {"kind": "none"}},
         decide={"emit": "peaks", "enter": 0.5, "leave": 0.3, "refractory": 0.2, "smooth": "mean 50ms"})
    save("lstm-2-layers", nn.Sequential(nn.LSTM(3, 10, num_layers=2, batch_first=True), nn.Linear(10, 8), nn.Tanh(),
                                        nn.Linear(8, 4)), 3, scale=2.5,
         labels={"arm": ["left", "right"], "grip": ["open", "closed"]}, head_activation="sigmoid", rate=100.0)
    save("lstm-odd", nn.Sequential(nn.LSTM(2, 7, bias=False), nn.Linear(7, 3)), 2, scale=3.0, labels=["a", "b", "c"],
         rate=50.0, hop=5, decide={"emit": "every"})
    save("conv-dilated", nn.Sequential(nn.ConstantPad1d((6, 0), 0.0), nn.Conv1d(2, 5, 4, dilation=2), nn.Sigmoid(),
                                       nn.Conv1d(5, 1, 1)), 2, labels=["level"], head_activation="linear", rate=10.0)


if __name__ == "__main__":
    main()
