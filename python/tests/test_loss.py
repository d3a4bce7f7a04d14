"""Losses by every name that people call them, their settings, and outputs that they do not fit."""
import functools

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from support import Case, Saving, needs_basin
from basin.loss import Loss


class Losses(Saving):
    def test_modules_names_and_functions(self):
        for loss in ("cross_entropy", "softmax_cross_entropy", nn.CrossEntropyLoss(), F.cross_entropy):
            with h5py.File(self.save(loss=loss), "r") as f:
                self.assertEqual(f["loss"].attrs["name"], "softmax_cross_entropy")
        with h5py.File(self.save(loss=nn.CrossEntropyLoss(label_smoothing=0.1)), "r") as f:
            self.assertEqual(f["loss"].attrs["label_smoothing"], 0.1)

    def test_settings_behind_the_name(self):
        for text, expected in (("cross_entropy:ignore_index=1", nn.CrossEntropyLoss(ignore_index=1)),
                               ("cross_entropy:ignore_index=1,label_smoothing=0.1", nn.CrossEntropyLoss(ignore_index=1, label_smoothing=0.1))):
            with h5py.File(self.save(loss=text), "r") as f, h5py.File(self.save(loss=expected, name="b.h5"), "r") as g:
                self.assertEqual(dict(f["loss"].attrs), dict(g["loss"].attrs))
                self.assertEqual(f["recorded/train_loss"].attrs["value"], g["recorded/train_loss"].attrs["value"])
        for text, words in (("cross_entropy:ignore_index=x", "«ignore_index=x»; expected ignore_index=N or label_smoothing=X"),
                            ("cross_entropy:reduction=sum", "expected ignore_index=N"), ("cross_entropy:", "«»; expected ignore_index=N"),
                            ("mse:ignore_index=1", "only cross_entropy takes settings"),
                            ("cross_entropy:label_smoothing=1", "label_smoothing=1; expected 0 or more, below 1")):
            with self.fails(words):
                self.save(loss=text)

    def test_settings_that_basin_does_not_compute(self):
        for loss, word in ((nn.MSELoss(reduction="sum"), "reduction='sum'"), (functools.partial(F.mse_loss, reduction="none"), "reduction='none'"),
                           (nn.NLLLoss(), "NLLLoss: basin knows"), (nn.BCELoss(), "leave the sigmoid out"), (F.nll_loss, "leave log_softmax out"),
                           ("hinge", "loss hinge: basin knows"), (lambda y, t: 0, "loss <lambda>: basin knows"),
                           (nn.BCEWithLogitsLoss(weight=torch.ones(3)), "weight is set, which weighs samples"),
                           (nn.CrossEntropyLoss(weight=torch.tensor([1.0, -1.0, 1.0])), "needs one number >= 0 for each class"),
                           (functools.partial(F.cross_entropy, size_average=False), "size_average is nothing that basin knows"),
                           (functools.partial(F.cross_entropy, torch.ones(3)), "partial with positional arguments")):
            with self.fails(word):
                self.save(loss=loss)

    def test_a_function_that_only_has_a_losss_name_is_refused(self):
        def mse_loss(y, t):
            return (y - t).abs().mean()

        class MSELoss(nn.MSELoss):
            def forward(self, y, t):
                return 2 * super().forward(y, t)

        for loss in (mse_loss, MSELoss()):
            with self.fails("basin knows"):
                self.save(loss=loss)

    def test_what_the_checkpoint_says(self):
        weight = torch.tensor([1.0, 2.0, 0.5])
        with h5py.File(self.save(loss=nn.CrossEntropyLoss(weight=weight, ignore_index=1)), "r") as f:
            self.assertEqual(dict(f["loss"].attrs), {"name": "softmax_cross_entropy", "label_smoothing": 0.0, "ignore_index": 1})
            np.testing.assert_array_equal(f["loss/weights"][()], weight.numpy())
        for y, ignored in ((self.y, None), (torch.where(self.y == 2, -100, self.y), -100)):  # torch's default counts only if it occurs
            with h5py.File(self.save(train=(self.x, y)), "r") as f:
                self.assertEqual(f["loss"].attrs.get("ignore_index"), ignored)

    def test_a_loss_that_does_not_fit_the_output(self):
        with self.fails("class 3 among the targets", "output is [N, 3]", "has 3 classes"):
            self.save(train=(self.x, self.y + 1))
        with self.fails("mse: the module's output is [N, 3], the targets are [N]"):
            self.save(loss="mse")
        with self.fails("output is [N, 1], the targets are [N]", "broadcast"):
            self.save(nn.Linear(6, 1), loss="mse", train=(self.x, self.y.float()))
        with self.fails("train: targets [60, 3] of torch.float32; softmax_cross_entropy needs classes"):
            self.save(train=(self.x, torch.rand(60, 3)))
        with self.fails("train: class -1 is negative; only targets of ignore_index (-100) are left out", "loss=cross_entropy:ignore_index=-1"):
            self.save(train=(self.x, self.y - 1))
        with self.fails("the module's output is [N, 3], the targets are [N, 2]; this output takes one class for each sample or token, [N]"):
            self.save(train=(self.x, self.y.reshape(30, 2).repeat(2, 1)))
        with self.fails("all of them are ignore_index (0): there is nothing to average"):
            self.save(loss=nn.CrossEntropyLoss(ignore_index=0), train=(self.x, self.y * 0))
        with self.fails("the loss has 4 weights, the output 3 classes"):
            self.save(loss=nn.CrossEntropyLoss(weight=torch.ones(4)))
        with self.fails("targets from 0 to 2; bce_with_logits needs values in [0, 1]"):
            self.save(nn.Linear(6, 1), loss="bce_with_logits", train=(self.x, self.y[:, None]))
        with self.fails("expected logits [N, classes]"):
            self.save(nn.Sequential(nn.Linear(6, 1), nn.Flatten(0)), train=(self.x, self.y * 0))


class Values(Case):
    """Sums over batches beside torch's own loss of the whole, on outputs of every layout."""

    def setUp(self):
        super().setUp()
        torch.manual_seed(3)

    def whole(self, loss, output, targets, given=None, flattened=False):
        """The loss that basin is given (`given`, or `loss` itself) and torch's are one."""
        ours = Loss(loss if given is None else given)
        stored = ours.targets(targets, "train")
        ours.fit(output.shape[1:], stored, targets.shape[1:], flattened)
        module = (lambda y: y.flatten(0, 1)) if flattened else lambda y: y
        parts = [ours.sums(module(output[rows].double()), torch.from_numpy(stored[rows])) for rows in (slice(0, 7), slice(7, None))]
        value, weight, right, count = (sum(part[i] for part in parts) for i in range(4))
        if flattened:
            output, targets = output.flatten(0, 1), targets.flatten()
        self.close(value / weight, loss(output.double(), targets).item(), 1e-12)
        return ours, right / count

    def test_classes_of_samples(self):
        output, y, w = torch.randn(20, 4), torch.randint(0, 4, (20,)), torch.rand(4).double()
        ignoring = torch.where(torch.arange(20) % 3 == 0, -100, y)
        for options in ({}, {"weight": w}, {"label_smoothing": 0.1}, {"weight": w, "label_smoothing": 0.3}, {"ignore_index": 2},
                        {"ignore_index": 2, "weight": w, "label_smoothing": 0.1}):
            for targets in (y, ignoring) if "ignore_index" not in options else (y,):
                for loss in (nn.CrossEntropyLoss(**options), functools.partial(F.cross_entropy, **options)):
                    counts = targets != options.get("ignore_index", -100)
                    _, accuracy = self.whole(loss, output, targets)
                    self.close(accuracy, (output.argmax(1) == targets)[counts].double().mean(), 1e-12)

    def test_classes_of_tokens(self):
        output, w = torch.randn(20, 5, 6, 3), torch.rand(3).double()
        y = torch.randint(0, 3, (20, 5, 6))
        loss = nn.CrossEntropyLoss(weight=w, label_smoothing=0.1, ignore_index=1)
        for last, targets in ((output, y), (output[:, :, 0], y[:, :, 0])):
            first = last.movedim(-1, 1)
            ours, _ = self.whole(loss, first, targets)
            self.assertEqual(ours.permutation(), [0, 2, 3, 1][-last.dim():] if last.dim() == 4 else [0, 2, 1])
            ours, _ = self.whole(lambda a, b: loss(a.movedim(-1, 1), b), last, targets, given=loss)
            self.assertIsNone(ours.permutation())
        ours, _ = self.whole(loss, output[:, :, 0], y[:, :, 0], flattened=True)
        self.assertIsNone(ours.permutation())

    def test_a_square_output_is_told_by_its_flattening_only(self):
        loss, output, targets = nn.CrossEntropyLoss(), torch.randn(20, 3, 3), torch.randint(0, 3, (20, 3))
        with self.fails("the module's output is [N, 3, 3], the targets are [N, 3]; whether its classes are along the last axis", "[N·3, 3]"):
            self.whole(loss, output, targets)
        self.whole(loss, output, targets, flattened=True)

    def test_labels(self):
        output, targets = torch.randn(20, 4), (torch.rand(20, 4) < 0.4).double()
        for weight in (None, torch.rand(4).double(), torch.tensor([2.5]).double(), torch.tensor(0.5).double()):
            _, accuracy = self.whole(nn.BCEWithLogitsLoss(pos_weight=weight), output, targets)
            self.close(accuracy, ((output > 0) == (targets > 0.5)).double().mean(), 1e-12)
            self.whole(functools.partial(F.binary_cross_entropy_with_logits, pos_weight=weight), output.reshape(20, 1, 4),
                       targets.reshape(20, 1, 4))
        self.whole(nn.BCEWithLogitsLoss(), output[:, 0], targets[:, 0])

    def test_values_of_any_shape(self):
        output, targets = torch.randn(20, 2, 3, 4).double(), torch.randn(20, 2, 3, 4).double()
        self.whole(nn.MSELoss(), output, targets)
        self.whole(F.mse_loss, output[:, 0, 0, 0], targets[:, 0, 0, 0])
        with self.fails("mse: the module's output is [N, 2, 3, 4], the targets are [N, 24]; they must agree"):
            self.whole(F.mse_loss, output, targets.flatten(1))


class Layout(nn.Module):
    """Logits of each token, in one of the layouts that people return."""

    def __init__(self, layout):
        super().__init__()
        self.layout, self.tokens = layout, nn.Linear(4, 3)

    def forward(self, x):
        y = self.tokens(x)
        return {"last": y, "first": y.transpose(1, 2), "flattened": y.reshape(-1, 3), "one": y[:, :, 0]}[self.layout]


@needs_basin
class AgainstBasin(Saving):
    """The command computes what torch's loss is: saving would fail otherwise, and check recomputes it."""

    def setUp(self):
        super().setUp()
        torch.manual_seed(5)
        self.x, self.y = torch.randn(30, 5, 4), torch.randint(0, 3, (30, 5))

    def confirmed(self, layout, loss, targets, expected):
        net = Layout(layout)
        path = self.save(net, loss=loss, train=(self.x, targets))
        items = {item["name"]: item for item in self.basin("check", path, "--json")["items"]}
        item = items["computed:train.loss:theta:eval:full"]
        self.assertEqual(item["verdict"], "agrees")
        with torch.no_grad():
            self.close(item["value"], expected(net.double()(self.x.double()), targets).item(), 1e-12)

    def test_tokens(self):
        for y, options in ((self.y, {}), (torch.where(self.y == 1, -100, self.y), {"weight": torch.rand(3), "label_smoothing": 0.1}),
                           (self.y, {"ignore_index": 2})):
            loss = nn.CrossEntropyLoss(**options)
            exact = nn.CrossEntropyLoss(**{k: v.double() if k == "weight" else v for k, v in options.items()})
            self.confirmed("first", loss, y, exact)
            self.confirmed("last", loss, y, lambda a, b: exact(a.transpose(1, 2), b))
            self.confirmed("flattened", loss, y, lambda a, b: exact(a, b.flatten()))

    def test_values_and_labels(self):
        weight = torch.rand(3).double()
        self.confirmed("last", nn.MSELoss(), torch.randn(30, 5, 3).double(), F.mse_loss)
        self.confirmed("one", F.mse_loss, torch.randn(30, 5).double(), F.mse_loss)
        for loss in (nn.BCEWithLogitsLoss(), nn.BCEWithLogitsLoss(pos_weight=weight), nn.BCEWithLogitsLoss(pos_weight=weight[:1])):
            self.confirmed("last", loss, (torch.rand(30, 5, 3) < 0.3).double(), loss)
