"""What the experiments in samples/experiments share: their statistics, and the graphs that `basin train` reads."""
import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

from support import BINARY

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "samples" / "experiments"))
import common  # noqa: E402


class Statistics(unittest.TestCase):
    def test_a_sign_flip_counts_the_signs_that_are_as_far_out(self):
        self.assertEqual(common.sign_flip([1.0] * 6), 2 / 64)
        self.assertEqual(common.sign_flip([3.0, 2.0, -1.0]), 4 / 8)  # 6, 4, -4 and -6 of -6, -4, -2, 0, 0, 2, 4, 6
        self.assertEqual(common.sign_flip([1.0, -1.0]), 1.0)
        values = [0.3, -1.2, 0.7, 2.5, 0.1, -0.4, 1.9]
        sums = [abs(np.dot([1 if i >> k & 1 else -1 for k in range(7)], values)) for i in range(2**7)]
        self.assertEqual(common.sign_flip(values), sum(s >= sum(values) - 1e-9 for s in sums) / 2**7)

    def test_holm_multiplies_the_smallest_most_and_stays_in_order(self):
        for found, wanted in zip(common.holm([0.01, 0.04, 0.03]), (0.03, 0.06, 0.06)):
            self.assertAlmostEqual(found, wanted, 12)

    def test_an_answer_needs_both_its_p_and_its_sign(self):
        self.assertEqual([common.answer([1.0], 0.05), common.answer([-1.0], 0.05), common.answer([1.0], 0.06)], ["holds", "contradicted", "undecided"])

    def test_kendalls_tau_counts_ties_on_one_side_only(self):
        self.assertAlmostEqual(common.kendall([1, 2, 3, 4], [1, 2, 4, 3]), 4 / 6, 12)
        self.assertAlmostEqual(common.kendall([1, 1, 2], [1, 2, 3]), 2 / math.sqrt(2 * 3), 12)
        self.assertTrue(math.isnan(common.kendall([1, 1], [1, 2])))

    def test_copies_of_a_draw_are_no_pair(self):
        self.assertEqual(common.kendall([1, 2, 3], [1, 3, 2], [5, 1, 0]), 1.0)
        self.assertTrue(math.isnan(common.kendall([1, 2], [1, 2], [2, 0])))

    def test_the_bootstrap_draws_as_many_units_as_there_are_and_the_same_again(self):
        drawn = []
        first = common.bootstrap(lambda c: drawn.append(sum(c)) or float(c[0]), 8)
        self.assertEqual(set(drawn), {8})
        self.assertEqual(first, common.bootstrap(lambda c: float(c[0]), 8))
        self.assertEqual(first, (0.0, 3.0))  # of a binomial of 8 draws with chance 1/8: P(0) = .34, P(> 3) = .011


class Graphs(unittest.TestCase):
    def train(self, kind, inputs, targets, loss):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            text = subprocess.run([sys.executable, ROOT / "samples/experiments/graphs.py", *kind], capture_output=True, text=True, check=True).stdout
            (folder / "graph.json").write_text(text)
            with h5py.File(folder / "data.h5", "w") as f:
                f.attrs["format"], f.attrs["version"] = "basin data", 1
                f["inputs"], f["targets"] = inputs, targets
                f.attrs["complete"] = 1
            done = subprocess.run([BINARY, "train", "--graph", folder / "graph.json", "--data", folder / "data.h5", "--loss", loss, "--learning-rate", "1e-9",
                                   "--steps", "1", "-o", folder / "run"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            told = subprocess.run([BINARY, "loss", folder / "run" / "step_000001.h5", "--json"], capture_output=True, text=True, check=True).stdout
            return json.loads(told)["splits"][0]["loss"]

    def test_the_transformer_over_rows_trains(self):
        x = np.random.default_rng(0).normal(size=(6, 64))
        self.assertAlmostEqual(self.train(("rows", "4", "2", "6"), x, np.arange(6) % 10, "softmax_cross_entropy"), math.log(10), delta=1.0)

    def predicted(self, inputs, row):
        """The mean of a row that is predicted: what the loss changes by as the row's target goes from 0 to 1 is (1 - 2 mean) / 7."""
        targets = np.zeros((6, 7, 8))
        before = self.train(("next", "4", "2", "6"), inputs, targets.reshape(6, 56), "mse")
        targets[:, row] = 1
        return (1 - 7 * (self.train(("next", "4", "2", "6"), inputs, targets.reshape(6, 56), "mse") - before)) / 2

    def test_the_causal_one_does_not_see_what_it_predicts(self):
        x = np.random.default_rng(0).normal(size=(6, 56))
        late = x.copy()
        late[:, 24:] = np.random.default_rng(1).normal(size=(6, 32))  # rows 3 to 6 of the input
        for row in (0, 2, 3, 6):
            off = abs(self.predicted(x, row) - self.predicted(late, row))
            self.assertTrue(off < 1e-6 if row < 3 else off > 1e-4, (row, off))


if __name__ == "__main__":
    unittest.main()
