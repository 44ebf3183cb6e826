"""The arithmetic of bench_peers.py, without any engine: python3 Benchmarks/Peers/test_peers.py"""

import types
import unittest

import numpy as np

import bars
import cells
import elsewhere

MACHINE = types.SimpleNamespace(peak=59.1e9, levels={"L2": 105e9})
HALF = types.SimpleNamespace(peak=59.1e9 / 2, levels={"L2": 105e9 / 4})


def point(rows, hidden=64, cell="lstm", peak=50e9, reading=1e-9, **each):
    """Microseconds per step and row by engine."""
    shape = cells.Shape(cell, hidden, 1, rows)
    times = {name.replace("_", " "): (value * 1e-6 * rows, value * 1e-6 * rows) for name, value in each.items()}
    return bars.Point(shape, times, peak, reading)


class Figures(unittest.TestCase):
    def test_a_call_is_divided_by_rows_and_steps(self):
        shape = cells.Shape("rnn", 16, 1, 4, 128)
        made = bars.Point(shape, {"runnel": (512e-6, 600e-6), "oneDNN": (1024e-6, 1024e-6)}, 50e9, 1e-9)
        self.assertAlmostEqual(made.runnel, 1e-6)
        self.assertEqual(made.fastest, ("oneDNN", 2e-6))

    def test_the_limit_is_the_longer_of_adding_and_reading(self):
        work = 4 * 64 * 65
        self.assertAlmostEqual(point(1, reading=2e-6, runnel=3).limit, 2e-6)
        self.assertAlmostEqual(point(64, reading=2e-6, runnel=3).limit, work / 50e9)

    def test_the_prototype_is_no_peer(self):
        times = {"runnel": (2e-6, 2e-6), "numba": (3e-6, 3e-6), bars.PROTOTYPE: (1e-6, 1e-6)}
        self.assertEqual(bars.Point(cells.Shape("lstm", 16, 1, 1), times, 5e10, 1e-9).fastest[0], "numba")

    def test_figures_from_elsewhere_are_scaled(self):
        small, large = cells.Shape("lstm", 16, 1, 1), cells.Shape("lstm", 64, 1, 1)
        self.assertAlmostEqual(elsewhere.rtneural(small, MACHINE), 0.0809e-6)
        self.assertAlmostEqual(elsewhere.rtneural(small, HALF), 2 * 0.0809e-6)
        self.assertAlmostEqual(elsewhere.rtneural(large, HALF), 4 * 0.798e-6)
        self.assertAlmostEqual(elsewhere.prototype(cells.Shape("lstm", 64, 1, 64), HALF), 2 * 0.359e-6)
        # 16.6 kB of weights fit into L1.
        self.assertAlmostEqual(elsewhere.prototype(cells.Shape("rnn", 64, 1, 1), HALF), 2 * 0.0997e-6)
        self.assertIsNone(elsewhere.rtneural(cells.Shape("rnn", 16, 1, 1), MACHINE))
        self.assertIsNone(elsewhere.rtneural(cells.Shape("lstm", 16, 1, 2), MACHINE))
        self.assertIsNone(elsewhere.prototype(cells.Shape("lstm", 64, 1, 64, 128), MACHINE))


class Bars(unittest.TestCase):
    def named(self, name, *points):
        return [bar for bar in bars.judged(list(points)) if bar.name == name]

    def test_faster_than_the_fastest_is_met_and_so_is_the_limit(self):
        self.assertTrue(self.named("fastest or at the limit", point(1, runnel=1, oneDNN=1.1, numba=9))[0].isMet)
        self.assertFalse(self.named("fastest or at the limit", point(1, runnel=1.2, oneDNN=1.1))[0].isMet)
        self.assertTrue(self.named("fastest or at the limit", point(1, reading=1.1e-6, runnel=1.2, oneDNN=1.1))[0].isMet)

    def test_one_row_has_a_factor_for_each_peer(self):
        made = self.named("one row", point(1, runnel=1, oneDNN=3.1, ONNX_Runtime=5.9, TorchScript=26, numba=4))
        self.assertEqual([bar.isMet for bar in made], [True, False, True, False])
        self.assertEqual(self.named("one row", point(2, runnel=1, oneDNN=1)), [])

    def test_reduced_weights_are_compared_with_float32_and_are_no_peer(self):
        made = point(1, runnel=1.5, runnel_bf16=1, runnel_int8=0.8, oneDNN=3)
        self.assertTrue(self.named("bf16 weights", made)[0].isMet)
        self.assertEqual(made.fastest[0], "oneDNN")
        self.assertFalse(self.named("bf16 weights", point(1, runnel=1.3, runnel_bf16=1, oneDNN=3))[0].isMet)

    def test_many_rows_ask_more_of_small_cells_and_the_peak_of_large_ones(self):
        self.assertFalse(self.named("many rows", point(64, runnel=1, oneDNN=1.2, OpenVINO=1.4))[0].isMet)
        self.assertTrue(self.named("many rows", point(64, hidden=128, runnel=1, oneDNN=1.2))[0].isMet)
        work = 4 * 256 * 257 / 50e9 * 1e6
        self.assertTrue(self.named("many rows", point(64, hidden=256, runnel=work / 0.89, oneDNN=1))[0].isMet)
        self.assertFalse(self.named("many rows", point(64, hidden=256, runnel=work / 0.87, oneDNN=1))[0].isMet)

    def test_more_rows_are_not_slower(self):
        made = self.named(
            "no slower with more rows", point(1, runnel=2, numba=9), point(4, runnel=1, numba=9),
            point(64, runnel=1.12, numba=9))
        self.assertEqual([bar.isMet for bar in made], [True, False])

    def test_the_summary_has_the_worst(self):
        made = bars.judged([point(1, runnel=1, oneDNN=0.5), point(2, runnel=1, oneDNN=0.9)])
        name, met, count, worst = bars.summary(made)[0]
        self.assertEqual((met, count, worst.what), (0, 2, "lstm 64, 1 in, 1 rows"))


class Reference(unittest.TestCase):
    def test_states_are_carried_and_differ_from_window_to_step(self):
        for cell in cells.GATES:
            shape = cells.Shape(cell, 8, 2, 3)
            weights = cells.Weights(shape)
            once, twice = cells.expected(shape, weights, 1), cells.expected(shape, weights, 2)
            self.assertGreater(np.abs(once - twice).max(), 1e-3)
            window = cells.Shape(cell, 8, 2, 3, 2)
            same = cells.Weights(window)
            for name in ("input", "hidden", "input_bias", "hidden_bias"):
                setattr(same, name, getattr(weights, name))
            same.frames = np.stack([weights.frames[0], weights.frames[0]])
            np.testing.assert_allclose(cells.expected(window, same, 5), twice)


if __name__ == "__main__":
    unittest.main()
