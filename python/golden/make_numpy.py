"""Writes Tests/Golden/numpy/state.npz and packed.npz: archives as numpy makes them, for the reader of runnel.

    python3 python/golden/make_numpy.py

Made with numpy 2.4.
"""

import os

import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tests", "Golden", "numpy")

arrays = {
    "lstm.h_l0": np.array([0.5, -1.25, 3e-30], np.float32),
    "lstm.c_l0": np.array([[1.5, np.pi]], np.float64),
    "index": np.array([0, -(2**40)], np.int64),
    "mask": np.array([0, 1, 255], np.uint8),
    "code": np.array([[7], [-7]], np.int32),
}
np.savez(os.path.join(FOLDER, "state.npz"), **arrays)
np.savez_compressed(os.path.join(FOLDER, "packed.npz"), **{"h": np.zeros(100, np.float32)})
