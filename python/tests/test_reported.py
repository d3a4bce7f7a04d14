"""What a training's own files say of their losses, beside what is computed from their weights."""
import json
import subprocess
import unittest

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from support import BINARY, Converting, basin, make_net, needs_basin, problem, train
from basin.reported import Reported, reported


class Reading(unittest.TestCase):
    def test_names_mean_what_they_say(self):
        def one(key, value=0.5):
            found = reported({key: value})
            return (found[0].quantity, found[0].split, found[0].coverage, found[0].value) if found else None

        for key, expected in {"train_loss": ("loss", "train", "unsaid"), "loss": ("loss", "train", "unsaid"), "trainLoss": ("loss", "train", "unsaid"),
                              "val_loss": ("loss", "test", "unsaid"), "test/acc": ("accuracy", "test", "unsaid"),
                              "best_acc": ("accuracy", "test", "best"), "best_acc1": ("accuracy", "test", "best"), "bestValLoss": ("loss", "test", "best"),
                              "acc": ("accuracy", "unsaid", "unsaid"), "eval_accuracy": ("accuracy", "test", "unsaid")}.items():
            self.assertEqual(one(key), expected + (0.5,), key)
        for key in ("loss_fn", "loss_scale", "train_acc5", "losses", "cls_loss", "train_val_loss", "epoch", "accuracy_loss"):
            self.assertIsNone(one(key), key)
        self.assertEqual(one("best_acc", 93.5)[3], 0.935)  # percent
        self.assertEqual(one("best_acc", torch.tensor([0.25]))[3], 0.25)
        for value in (float("nan"), float("inf"), "0.5", True, [0.5], torch.zeros(2), None):
            self.assertIsNone(one("loss", value), value)
        self.assertIsNone(one("acc", 1e9))

    def test_where_trainers_keep_them(self):
        found = reported({
            "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": {"monitor": "val_loss", "current_score": torch.tensor(0.75), "best_model_score": 0.5},
                          "EarlyStopping": {"wait_count": 1}},
            "global_step": 20,
            "log_history": [{"step": 10, "loss": 9.0}, {"step": 20, "loss": 1.5, "learning_rate": 0.1}, {"step": 20, "eval_loss": 1.25}],
            "metrics": {"val_acc": 0.875}})
        self.assertEqual({r.stood: (r.quantity, r.split, r.coverage, r.value) for r in found}, {
            "callbacks.ModelCheckpoint.current_score (val_loss)": ("loss", "test", "unsaid", 0.75),
            "callbacks.ModelCheckpoint.best_model_score (val_loss)": ("loss", "test", "best", 0.5),
            "log_history[step 20].loss": ("loss", "train", "unsaid", 1.5),
            "log_history[step 20].eval_loss": ("loss", "test", "unsaid", 1.25),
            "metrics.val_acc": ("accuracy", "test", "unsaid", 0.875)})

    def test_only_what_cannot_be_is_a_contradiction(self):
        for quantity, split, coverage, value, computed, expected in (
                ("loss", "train", "unsaid", 0.0123, 1.1, True),  # the weights are not those
                ("loss", "train", "unsaid", 1.8, 0.3, False),  # a mean over an epoch, with augmentation
                ("loss", "test", "unsaid", 0.5, 0.52, False), ("loss", "test", "unsaid", 0.5, 0.7, True), ("loss", "test", "unsaid", 0.7, 0.5, True),
                ("loss", "test", "best", 0.5, 0.9, False), ("loss", "test", "best", 0.5, 0.2, True),
                ("accuracy", "test", "best", 0.9, 0.5, False), ("accuracy", "test", "best", 0.5, 0.9, True),
                ("accuracy", "train", "unsaid", 0.9, 0.95, False), ("accuracy", "train", "unsaid", 0.9, 0.3, True),
                ("loss", "train", "unsaid", 0.1, float("nan"), False)):
            self.assertEqual(Reported("x", quantity, split, coverage, value).contradicts(computed), expected, (quantity, split, value, computed))


class Keeping(Converting):
    """It is recorded as the training's, and what conversion computes as that."""

    def loss(self):
        with torch.no_grad():
            return F.cross_entropy(self.net(self.x), self.y).item()

    def recorded(self, path):
        with h5py.File(path, "r") as f:
            return {group.attrs["source"] + ": " + group.attrs.get("stood", name): dict(group.attrs) for name, group in f["recorded"].items()}

    def test_the_two_are_kept_apart(self):
        entry = self.one({"model": self.net.state_dict(), "train_loss": np.float64(self.loss()), "best_acc": 90.0, "epoch": 1}, method="sgd")
        found = self.recorded(entry.path)
        train, best, computed = found["training: train_loss"], found["training: best_acc"], found["conversion: train_loss"]
        self.assertEqual((train["value"], train["coverage"], train["mode"], train["point"]), (self.loss(), "unsaid", "unsaid", "theta"))
        self.assertEqual((best["value"], best["coverage"], best["split"]), (0.9, "best", "test"))
        self.assertEqual((computed["coverage"], computed["mode"]), ("full", "eval"))
        self.close(computed["value"], self.loss(), 1e-6)
        self.assertIn("conversion: train_accuracy", found)
        self.assertEqual(entry.warnings, [])

    def test_a_contradiction_is_one_loud_line_with_both_numbers(self):
        self.save("one.pt", {"model": self.net.state_dict(), "train_loss": 0.0123, "epoch": 1})
        result = self.convert("one.pt", method="sgd")
        said = (f"warning: the training reported train_loss 0.0123, but the loss on train computed at conversion is {self.loss():.6g}: "
                "other data, normalisation, loss or weights?")
        self.assertEqual(str(result).count(said), 1)
        with self.assertWarnsRegex(UserWarning, "the training reported train_loss 0.0123, but"):
            basin.convert(make_net, str(self.runs / "one.pt"), loss="cross_entropy", train=(self.x, self.y), out=self.folder / "again", method="sgd")

    def test_one_number_in_two_places_is_one_line(self):
        state = {"monitor": "val_loss", "current_score": 0.01, "best_model_score": 0.01}
        entry = self.one({"state_dict": self.net.state_dict(), "callbacks": {"ModelCheckpoint": state}}, method="sgd", test=problem(seed=5))
        self.assertEqual([warning.split()[3] for warning in entry.warnings], ["callbacks.ModelCheckpoint.current_score"])

    def test_forgotten_normalisation_other_data_and_another_loss(self):
        test = problem(seed=5)
        train(self.net, torch.optim.SGD(self.net.parameters(), lr=1.0, momentum=0.9), self.x, self.y, steps=200)
        train_loss = self.loss()
        with torch.no_grad():
            val_loss = F.cross_entropy(self.net(test[0]), test[1]).item()
        self.save("one.pt", {"model": self.net.state_dict(), "train_loss": train_loss, "val_loss": val_loss, "epoch": 1})
        good = self.convert("one.pt", method="sgd", test=test)
        self.assertNotIn("warning", str(good))
        for name, options in {"normalisation": dict(train=(self.x * 50 + 100, self.y), test=(test[0] * 50 + 100, test[1])), "data": dict(test=(test[0], (test[1] + 1) % 3))}.items():
            result = self.convert("one.pt", method="sgd", out=self.folder / name, **{"test": test, **options})
            said = [line.partition(" reported ")[2].split()[0] for line in str(result).splitlines() if "warning: the training" in line]
            self.assertEqual(said, ["train_loss", "val_loss"] if name == "normalisation" else ["val_loss"], str(result))

    def test_the_word_of_averages_and_of_msam_is_of_other_weights(self):
        entry = self.one({"ema": self.net.state_dict(), "train_loss": 1e-3, "epoch": 1}, model_key="ema", method="sgd")
        self.assertEqual((entry.warnings, self.recorded(entry.path)["training: train_loss"]["point"]), ([], "unsaid"))
        both = {"model": self.net.state_dict(), "ema": self.net.state_dict(), "train_loss": 1e-3, "val_loss": 1e-3, "epoch": 1}
        entry = self.one(both, method="sgd", test=problem(seed=5))  # which were validated is not said, the others were trained
        self.assertEqual(["train_loss 0.001" in warning for warning in entry.warnings], [True])
        points = {name: r["point"] for name, r in self.recorded(entry.path).items() if r["source"] == "training"}
        self.assertEqual(points, {"training: train_loss": "theta", "training: val_loss": "unsaid"})
        entry = self.one({"model": self.net.state_dict(), "train_loss": 1e-3, "epoch": 1}, method="msam", perturbed=False)
        self.assertEqual((entry.warnings, self.recorded(entry.path)["training: train_loss"]["point"]), ([], "unsaid"))

    @needs_basin
    def test_check_says_passed_of_no_number_that_the_converter_made(self):
        entry = self.one({"model": self.net.state_dict(), "train_loss": 0.0123, "epoch": 1}, method="sgd")
        run = subprocess.run([BINARY, "check", str(entry.path), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        items = {item["name"]: item["verdict"] for item in json.loads(run.stdout)["items"]}
        self.assertEqual((items["computed:train.loss:theta:eval:full"], items["reported:train_loss"], run.returncode), ("agrees", "failed", 1))
        self.assertRegex(run.stderr, r"check failed: reported:train_loss: the training reported a loss of 0\.0123 on train, these weights and data have "
                                     rf"{self.loss():.5g}\d*: other data, normalisation, loss or weights")
        info = subprocess.run([BINARY, "info", str(entry.path)], stdout=subprocess.PIPE, universal_newlines=True).stdout
        self.assertRegex(info, r"train loss +at theta  unsaid mode  unsaid +0\.0123  reported by the training: train_loss\n")
        self.assertRegex(info, r"train loss +at theta  eval mode +full +[0-9.]+  computed at conversion\n")


if __name__ == "__main__":
    unittest.main()
