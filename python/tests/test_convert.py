"""Folders of .pt files, as ordinary training loops write them."""
import os

import h5py
import torch
import torch.nn.functional as F
from torch import nn

from support import MSAM, SAM, Converting, basin, gradients, make_net, momenta, needs_basin, train, two_groups


class Opaque:
    """Something that only pickle can load."""


class Hostile:
    """Unpickled by pickle, it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Runs(Converting):
    """Loops as they are written everywhere: one line torch.save(...) after each epoch."""

    def loop(self, folder, optimizer, epochs=3, state=None):
        expected = {}
        for epoch in range(epochs):
            train(self.net, optimizer, self.x, self.y, 2)
            content = {"epoch": epoch, "model_state_dict": self.net.state_dict(), "optimizer_state_dict": (state or optimizer).state_dict(),
                       "loss": torch.tensor(1.0)}
            self.save(f"{folder}/epoch_{epoch}.pt", content)
            base = getattr(optimizer, "base_optimizer", optimizer)
            expected[epoch] = ({name: p.detach().clone() for name, p in self.net.named_parameters()},
                               {name: v.clone() for name, v in momenta(self.net, base).items()})
        return expected

    def holds(self, folder, expected, momentum=True):
        for epoch, (weights, velocity) in expected.items():
            path = self.folder / "out" / folder / f"epoch_{epoch}.h5"
            self.same(path, "parameters", weights)
            self.same(path, "optimizer/momentum", velocity if momentum else {})
            found = self.training(path)
            self.assertEqual((found["epoch"], "step" in found), (epoch, False))  # batches in an epoch are not known

    def test_sgd_with_one_group(self):
        expected = self.loop("a/sgd", torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3))
        result = self.convert()
        self.assertEqual([e.path.name for e in result.entries], ["epoch_0.h5", "epoch_1.h5", "epoch_2.h5"])
        self.assertEqual(result.failed, [])
        self.holds("a/sgd", expected)
        found = self.training(result.written[-1])
        self.assertEqual((found["method"], found["perturbed"], found["epoch"]), ("sgd", "no", 2))
        self.assertEqual((found["learning_rate"], found["momentum"], found["weight_decay_coupled"]), (0.1, 0.9, 1))
        self.assertIn("epoch_2.h5, sgd, epoch 2, no step, momentum", str(result))
        self.assertEqual(len(list(self.folder.glob("out/**/data-*.h5"))), 1)

    def test_groups_need_an_order(self):
        optimizer = two_groups(self.net)
        expected = self.loop("sgd", optimizer)
        result = self.convert()
        self.holds("sgd", expected, momentum=False)
        self.assertIn("momentum left out: which of it belongs to which tensor is not in the file (2 parameter groups, 6 of 6 tensors", str(result))
        names = [["0.weight", "2.weight", "4.weight"], ["0.bias", "2.bias", "4.bias"]]
        for order in (two_groups, names, sum(names, []), ["module." + name for name in sum(names, [])]):
            result = self.convert(order=order)
            self.holds("sgd", expected)
            self.assertNotIn("weight_decay differs", str(result))
            with h5py.File(self.folder / "out/sgd/epoch_2.h5") as f:
                self.assertEqual([f[f"parameters/{name}"].attrs["weight_decay"] for name in ("0.weight", "0.bias")], [0.01, 0.0])

    def test_an_order_of_groups_leaves_files_of_one_group_alone(self):
        """A folder may hold both: the order of the groups would hand the one group's momenta to the wrong layers."""
        expected = self.loop("sgd", torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9))
        grouped = self.loop("grouped", two_groups(self.net))
        names = [["0.weight", "2.weight", "4.weight"], ["0.bias", "2.bias", "4.bias"]]
        for order in (two_groups, names):
            self.assertEqual(self.convert(order=order).failed, [])
            self.holds("sgd", expected)
            self.holds("grouped", grouped)
        self.assertIn("order is a flat list in another order than the model's, but the file has one group with all tensors",
                      str(self.convert("sgd/*.pt", order=sum(names, [])).failed[0]))
        self.assertIn("order has groups of 3, 3 tensors, the optimizer of 2, 4", self.error(
            {"model": self.net.state_dict(), "optimizer": torch.optim.SGD([{"params": list(self.net.parameters())[:2]},
                                                                           {"params": list(self.net.parameters())[2:]}], lr=0.1).state_dict()},
            order=two_groups))

    def test_groups_of_distinct_shapes_need_none(self):
        self.net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
        expected = self.loop("sgd", two_groups(self.net))
        self.convert(model=self.net)
        self.holds("sgd", expected)

    def test_frozen_parameters(self):
        """They are no parameters of basin's: what is said is said of the landscape that training saw."""
        def make_frozen():
            net = make_net()
            net[0].requires_grad_(False)
            return net

        self.net = make_frozen()
        trained = {name: p for name, p in self.net.named_parameters() if p.requires_grad}
        for given in (self.net.parameters(), trained.values()):
            optimizer = torch.optim.SGD(given, lr=0.1, momentum=0.9)
            train(self.net, optimizer, self.x, self.y, 2)
            entry = self.one({"model": self.net.state_dict(), "optimizer": optimizer.state_dict()}, model=make_frozen)
            self.same(entry.path, "parameters", trained)
            self.same(entry.path, "optimizer/momentum", {name: optimizer.state[p]["momentum_buffer"] for name, p in trained.items()})
            self.same(entry.path, "buffers", {name: p.double() for name, p in self.net.named_parameters() if not p.requires_grad})

    def test_names_stored_in_the_file_decide(self):
        optimizer = two_groups(self.net)
        train(self.net, optimizer, self.x, self.y, 2)
        state = optimizer.state_dict()  # as torch writes it when the optimizer was made of named parameters
        state["param_groups"][0]["param_names"] = ["module.0.weight", "module.2.weight", "module.4.weight"]
        state["param_groups"][1]["param_names"] = ["module.0.bias", "module.2.bias", "module.4.bias"]
        entry = self.one({"model": nn.DataParallel(self.net).state_dict(), "optimizer": state})
        self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer))

    def test_sam_with_its_base_optimizers_state(self):
        optimizer = SAM(self.net.parameters(), torch.optim.SGD, rho=0.02, lr=0.1, momentum=0.9)
        expected = self.loop("sam", optimizer, state=optimizer.base_optimizer)
        result = self.convert()
        self.holds("sam", expected)
        found = self.training(result.written[0])
        self.assertEqual((found["method"], found["rho"], found["perturbed"]), ("sam", 0.02, "no"))

    def test_sam_whose_wrapper_lost_the_momentum(self):
        expected = self.loop("sam", SAM(self.net.parameters(), torch.optim.SGD, rho=0.02, lr=0.1, momentum=0.9))
        result = self.convert()
        self.holds("sam", expected, momentum=False)
        self.assertEqual(self.training(result.written[0])["method"], "sam")
        said = "the SAM wrapper's state holds no momentum (it is in base_optimizer.state_dict())"
        self.assertIn(f"sam, epoch 0, no step, no momentum; {said}", str(result.entries[0]))
        self.assertIn(f"runs/sam: 3 files: {said}", str(result))
        self.assertEqual(str(result).count(said), 1)

    def test_a_rho_alone_does_not_tell_sam(self):
        """A schedule of rho writes it into the options of any optimizer."""
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        optimizer.param_groups[0]["rho"] = 0.3
        self.loop("any", optimizer)
        result = self.convert()
        self.assertNotIn("method", self.training(result.written[0]))
        self.assertIn("a rho among its options does not tell SAM from a schedule of rho over another optimizer: give method=", str(result))
        for method, rho in (("sgd", None), ("sam", 0.3)):
            said = self.convert(method=method, out=self.folder / method)
            found = self.training(said.written[0])
            self.assertEqual((found["method"], found.get("rho")), (method, rho))
            self.assertNotIn("does not tell", str(said))

    def test_a_momentum_of_zeros_is_that_of_the_start(self):
        """MSAM's buffers are there before its first step, so epoch 0 saved with them is the start."""
        optimizer = MSAM(self.net.parameters(), lr=0.1, rho=0.3)
        optimizer.param_groups[0]["inverse_norm_buffer"] = 0
        for p in self.net.parameters():
            optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)
        for epoch in (0, 1):
            self.save(f"zeros/epoch_{epoch}.pt", {"epoch": epoch, "modelState": self.net.state_dict(), "optimizerState": optimizer.state_dict()})
            train(self.net, optimizer, self.x, self.y, 2)
        result = self.convert("zeros/*.pt", perturbed=True, hyperparameters={"batch_size": 10})
        self.assertEqual([int(self.training(path)["step"]) for path in result.written], [0, -(-len(self.x) // 10)])
        self.assertIn("steps are epochs (done) times", str(result))

    def test_a_start_that_cannot_be_read_still_numbers_the_others(self):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        self.loop("odd", optimizer)
        path = self.runs / "odd" / "epoch_0.pt"
        content = torch.load(path)
        for held in content["optimizer_state_dict"]["state"].values():
            held["momentum_buffer"] = held["momentum_buffer"].to_sparse()
        torch.save(content, path)
        result = self.convert("odd/*.pt", hyperparameters={"batch_size": 10})
        self.assertIn("sparse", str(result))
        of_epoch = -(-len(self.x) // 10)
        self.assertEqual([int(self.training(p)["step"]) for p in result.written], [2 * of_epoch, 3 * of_epoch])

    def test_msam_saved_between_steps_and_moved_back(self):
        optimizer = MSAM(self.net.parameters(), lr=0.1, rho=0.3)
        expected = self.loop("msam", optimizer)
        unknown = self.convert()
        self.assertEqual(self.training(unknown.written[0])["perturbed"], "unknown")
        self.assertIn("whether the weights are perturbed is not in the file", str(unknown))
        at = {}
        for sign in (0, 1, -1):
            net = make_net().double()
            net.load_state_dict(expected[2][0])
            with torch.no_grad():
                for name, p in net.named_parameters():
                    p.add_(expected[2][1][name], alpha=sign * 0.3 * float(optimizer.param_groups[0]["inverse_norm_buffer"]))
            at[sign] = F.cross_entropy(net(self.x.double()), self.y).item()
        self.assertIn(f"train loss {at[0]:.6g} as stored, {at[1]:.6g} undone, {at[-1]:.6g} in the opposite direction; the file's loss 1 "
                      "decides nothing: a mean over batches in training mode is none of these", str(unknown))
        with h5py.File(unknown.written[0], "r") as f:
            self.assertEqual({group.attrs["source"] for group in f["recorded"].values()}, {"training"})
        stored = self.convert(perturbed=True)
        self.holds("msam", expected)
        found = self.training(stored.written[-1])
        self.assertEqual((found["method"], found["perturbed"], found["rho"]), ("msam", "yes", 0.3))
        self.close(found["undo"], 0.3 * float(optimizer.param_groups[0]["inverse_norm_buffer"]), 1e-12)
        optimizer.move_back()
        self.save("back/epoch_2.pt", {"epoch": 2, "modelState": self.net.state_dict(), "optimizerState": optimizer.state_dict()})
        back, = self.convert("back/*.pt", perturbed=False).written
        self.assertEqual(self.training(back)["perturbed"], "no")
        with h5py.File(back, "r") as a, h5py.File(stored.written[-1], "r") as b:  # both are of one θ; its weights went through float32
            self.close(a["recorded/train_loss"].attrs["value"], b["recorded/train_loss"].attrs["value"], 1e-6)
            self.close(a["recorded/train_loss"].attrs["value"], F.cross_entropy(self.net(self.x), self.y).item(), 1e-6)

    def test_prefixes(self):
        for i, prefix in enumerate(("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.")):
            state = {prefix + name: p for name, p in self.net.state_dict().items()}
            self.same(self.one({"state_dict": state}).path, "parameters", dict(self.net.named_parameters()))

    def test_a_submodule_that_is_called_module(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.module = make_net()

            def forward(self, x):
                return self.module(x)

        net = Net()
        self.same(self.one(net.state_dict(), model=net).path, "parameters", dict(net.named_parameters()))

    def test_shared_parameters(self):
        net = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 3))
        net[2].weight = net[0].weight
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        train(net, optimizer, self.x, self.y, 2)
        entry = self.one({"model": net.state_dict(), "optimizer": optimizer.state_dict()}, model=net)
        self.same(entry.path, "parameters", dict(net.named_parameters()))
        self.same(entry.path, "optimizer/momentum", momenta(net, optimizer))
        state = {name: p.clone() for name, p in net.state_dict().items()}
        state["2.weight"] += 1
        self.assertIn("2.weight is shared with 0.weight in Sequential, but has other values in the file", self.error(state, model=net))

    def test_adam_and_adamw(self):
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=0.01)
        train(self.net, optimizer, self.x, self.y, 4)
        content = {"net": self.net.state_dict(), "optim": optimizer.state_dict()}
        for group in content["optim"]["param_groups"]:
            group.pop("decoupled_weight_decay", None)  # as before torch 2.7
        entry = self.one(content)
        self.assertIn("Adam or AdamW cannot be told apart", str(entry))
        self.assertNotIn("weight_decay", self.training(entry.path))
        self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer, "exp_avg"))
        entry = self.one(content, method="adamw")
        found = self.training(entry.path)
        self.assertEqual((found["method"], found["weight_decay"], found["weight_decay_coupled"], found["step"]), ("adamw", 0.01, 0, 4))
        content["optim"]["param_groups"][0]["decoupled_weight_decay"] = True
        self.assertEqual(self.training(self.one(content).path)["method"], "adamw")


    def test_other_optimizers_go_by_their_own_names(self):
        """No ceiling of SGD holds for them, and no momentum of theirs is v <- beta v + g."""
        makers = {"rmsprop": dict(momentum=0.9), "adagrad": {}, "adadelta": {}, "rprop": {}, "asgd": {}, "nadam": {}, "adamax": {}}
        kinds = {kind.__name__.lower(): kind for kind in vars(torch.optim).values() if isinstance(kind, type)}
        for name, options in makers.items():
            self.net = make_net()
            optimizer = kinds[name](self.net.parameters(), **options)
            train(self.net, optimizer, self.x, self.y, 2)
            entry = self.one({"model": self.net.state_dict(), "optimizer": optimizer.state_dict()})
            found = self.training(entry.path)
            self.assertEqual((found["method"], found["perturbed"]), (name, "no"))
            self.assertEqual(("momentum" in found, entry.momentum), (name in ("nadam", "adamax"),) * 2, name)
            self.assertEqual(name == "rmsprop", "RMSprop's momentum is not an accumulated gradient: left out" in str(entry))

    def test_lbfgs(self):
        optimizer = torch.optim.LBFGS(self.net.parameters(), max_iter=2)
        optimizer.step(lambda: gradients(self.net, self.x, self.y))
        entry = self.one({"model": self.net.state_dict(), "optimizer": optimizer.state_dict()})
        self.assertEqual((self.training(entry.path)["method"], entry.momentum), ("lbfgs", False))

    def test_an_optimizer_without_any_sign(self):
        content = {"model": self.net.state_dict(), "optimizer": {"state": {}, "param_groups": [{"lr": 0.1, "params": list(range(6))}]}}
        entry = self.one(content)
        self.assertNotIn("method", self.training(entry.path))
        self.assertIn("an optimizer that basin does not know: give method=", str(entry))


class Steps(Converting):
    def steps(self, options={}, **files):
        for name, content in files.items():
            self.save(f"r/{name}.pt", {"model": self.net.state_dict(), **content})
        self.listed = self.convert("r/*.pt", **options)
        for entry in self.listed.entries:  # what is not known is not recorded
            self.assertEqual(self.training(entry.path).get("step"), entry.step)
        return {e.source.stem: e.step for e in self.listed.entries}

    def stepped(self, kind=torch.optim.SGD, steps=1, **options):
        """The state of an optimizer."""
        optimizer = kind(self.net.parameters(), **{"lr": 0.1, **options})
        train(self.net, optimizer, self.x, self.y, steps)
        return {"optimizer": optimizer.state_dict()}

    def test_the_files_own_steps(self):
        self.assertEqual(self.steps(a1={"global_step": 20, "epoch": 2}, a2={"step": 10, "epoch": torch.tensor(1)}), {"a2": 10, "a1": 20})

    def test_the_optimizers_own_count_comes_first(self):
        adam = self.stepped(torch.optim.AdamW, 7)
        fresh = {"optimizer": torch.optim.AdamW(self.net.parameters()).state_dict()}
        self.assertEqual(self.steps(a={"epoch": 0, "step": 3, **adam}, start={"step": 0, **fresh}), {"start": 0, "a": 7})

    def test_one_thing_numbers_a_folder(self):
        self.assertEqual(self.steps(a1={"epoch": 2}, a2={"step": 10, "epoch": 1}), {"a1": None, "a2": 10})

    def test_numbers_in_names_only_order(self):
        self.assertEqual(list(self.steps(x10={}, x9={}, last={})), ["last", "x9", "x10"])
        self.assertEqual(set(self.steps(x10={}, x9={}, last={}).values()), {None})

    def test_names_that_say_what_they_count(self):
        self.assertEqual(self.steps(**{"model_step_300": {}, "iter-200": {}, "misstep_7": {}}), {"misstep_7": None, "iter-200": 200, "model_step_300": 300})
        self.steps(epoch_03={})
        self.assertEqual([e.epoch for e in self.listed.entries if e.source.stem == "epoch_03"], [3])

    def test_epochs_counted_from_0_are_not_the_start(self):
        momentum = self.stepped(momentum=0.9)
        files = {f"epoch_{e}": {"epoch": e, **momentum} for e in (0, 1, 10)}
        self.assertEqual(self.steps(**files), {"epoch_0": None, "epoch_1": None, "epoch_10": None})
        self.assertEqual(self.steps({"hyperparameters": {"batch_size": 25}}, **files), {"epoch_0": 3, "epoch_1": 6, "epoch_10": 33})  # 60 rows
        self.assertIn("3 files: steps are epochs (counted from 0) times 3 batches", str(self.listed))
        self.assertEqual(self.steps({"hyperparameters": {"batch_size": 0}}, **files)["epoch_10"], 11)

    def test_epochs_that_are_done(self):
        momentum, fresh = self.stepped(momentum=0.9), {"optimizer": torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9).state_dict()}
        of_batches = {"hyperparameters": {"batch_size": 20}}
        self.assertEqual(self.steps(of_batches, a={"epoch": 0, **fresh}, b={"epoch": 1, **momentum}), {"a": 0, "b": 3})

    def test_epoch_0_that_does_not_tell(self):
        """Weights alone, or an optimizer without state, may be of the start or of one epoch."""
        plain = self.stepped()
        plain["optimizer"]["state"] = {}  # as from torch 2 on
        for content in ({}, plain):
            self.assertEqual(self.steps({"hyperparameters": {"batch_size": 20}}, a={"epoch": 0, **content}, b={"epoch": 1, **content}),
                             {"a": None, "b": None})
            self.assertIn("epoch 0 does not tell whether it is the start", str(self.listed))

    def test_steps_counted_from_0(self):
        momentum = self.stepped(momentum=0.9)
        self.assertEqual(self.steps(a={"step": 0, **momentum}, b={"step": 1, **momentum}), {"a": 1, "b": 2})
        self.assertIn("steps are counted from 0: one more is recorded", str(self.listed))
        self.assertEqual(self.steps(a={"step": 0}, b={"step": 1}), {"a": None, "b": 1})

    def test_the_listing_is_in_the_order_of_steps(self):
        self.assertEqual(list(self.steps(b={"step": 1}, a={"step": 10}, c={"step": 2})), ["b", "c", "a"])

    @needs_basin
    def test_equal_seeds_are_pairs_though_their_epochs_begin_at_0(self):
        for seed in (0, 1):
            for name, kind in (("sgd", torch.optim.SGD), ("adam", torch.optim.Adam)):
                self.net = make_net(seed)
                optimizer = kind(self.net.parameters(), lr=0.05, **({"momentum": 0.9} if name == "sgd" else {}))
                for epoch in range(3):
                    train(self.net, optimizer, self.x, self.y, 3)
                    self.save(f"{name}_seed_{seed}/epoch_{epoch:02d}.pt", {"epoch": epoch, "model": self.net.state_dict(), "optimizer": optimizer.state_dict()})
        self.convert(seed=r"seed_(\d+)")
        out = [self.folder / "out" / f"{name}_seed_{seed}" for name in ("sgd", "adam") for seed in (0, 1)]
        compared = self.basin("compare", *out, "--json", "--no-polish")
        self.assertEqual({d["pairs"] for d in compared["differences"] if d["measure"] == "lambda_max"}, {2})
        self.assertTrue(all(d["paired"] for d in compared["differences"]))
        for row in compared["rows"]:
            self.assertEqual(row["checkpoint"], "epoch_02.h5")


class Identity(Converting):
    def files(self, folder, seed=1):
        self.net = make_net(seed)
        for i in range(2):
            train(self.net, torch.optim.SGD(self.net.parameters(), lr=0.1), self.x, self.y, 1)
            self.save(f"{folder}/epoch_{i}.pt", {"model": self.net.state_dict(), "epoch": i})

    def run_of(self, path):
        return self.training(path)["run"]

    def test_a_folder_gives_its_files_one(self):
        self.files("a")
        self.files("b")
        of = {str(path.parent.name): self.run_of(path) for path in self.convert(method="sgd").written}
        self.assertEqual(len(set(of.values())), 2)
        self.assertTrue(all(run.startswith("folder-") and len(run) == 19 for run in of.values()))
        again = self.convert("a/*.pt", method="sgd", out=self.folder / "elsewhere").written
        self.assertEqual({self.run_of(path) for path in again}, {of["a"]})

    def test_another_folder_overwrites_nothing(self):
        self.files("a")
        self.files("b", seed=2)
        before = [path.read_bytes() for path in self.convert("a/*.pt", method="sgd").written]
        refused = self.convert("b/*.pt", method="sgd")
        self.assertEqual(refused.written, [])
        self.assertIn("epoch_0.h5 is there already, of another training (folder-", refused.failed[0].error)
        self.assertIn("choose another out=, or say run= if they are one", refused.failed[0].error)
        self.assertEqual([path.read_bytes() for path in sorted((self.folder / "out").glob("epoch*"))], before)

    def test_what_the_caller_says(self):
        self.files("a")
        result = self.convert("a/*.pt", method="sgd", run="mine")
        self.assertEqual({self.run_of(path) for path in result.written}, {"mine"})
        self.assertIn("an identity of 65 bytes; expected 1 to 64", str(self.convert("a/*.pt", method="sgd", out=self.folder / "o", run="x" * 65)))


class BetweenTheStepsOfSam(Converting):
    """Saved after the first step, the weights are θ + ε; what the wrapper keeps tells so, or nothing does."""

    def sam(self, adaptive=False, first=True, steps=3):
        optimizer = SAM(self.net.parameters(), torch.optim.SGD, rho=0.05, adaptive=adaptive, lr=0.1, momentum=0.9)
        train(self.net, optimizer, self.x, self.y, steps)
        self.theta = {name: p.detach().clone() for name, p in self.net.named_parameters()}
        if first:
            gradients(self.net, self.x, self.y)
            optimizer.first_step()
        return optimizer

    def content(self, state):
        return {"model": self.net.state_dict(), "optimizer": state}

    def test_theta_is_restored(self):
        for adaptive in (False, True):
            optimizer = self.sam(adaptive)
            entry = self.one(self.content(optimizer.state_dict()))
            self.same(entry.path, "parameters", self.theta)
            self.assertEqual(self.training(entry.path)["perturbed"], "no")
            self.assertIn("saved between the two steps of SAM", str(entry))
            with h5py.File(entry.path, "r") as f:
                net = make_net().double()
                net.load_state_dict(self.theta)
                self.close(f["recorded/train_loss"].attrs["value"], F.cross_entropy(net(self.x.double()), self.y).item(), 1e-12)

    def test_a_live_wrapper(self):
        optimizer = self.sam()
        path = basin.save_checkpoint(self.folder / "live.h5", self.net, loss="cross_entropy", optimizer=optimizer, train=(self.x, self.y))
        self.same(path, "parameters", self.theta)
        momentum = momenta(self.net, optimizer.base_optimizer)
        self.same(path, "optimizer/momentum", momentum)

    def test_after_both_steps_nothing_is_restored(self):
        optimizer = self.sam(first=False)
        entry = self.one(self.content(optimizer.state_dict()))
        self.same(entry.path, "parameters", self.theta)
        self.assertNotIn("between", str(entry))

    def old_weights(self, shift):
        """A state whose old_p are copies, `shift` before the weights."""
        state = self.sam(first=False).base_optimizer.state_dict()
        generator = torch.Generator().manual_seed(5)
        noise = [torch.randn(p.shape, generator=generator) for p in self.net.parameters()]
        norm = torch.stack([n.norm() for n in noise]).norm()
        for i, (p, n) in enumerate(zip(self.net.parameters(), noise)):
            v = state["state"][i]["momentum_buffer"]
            state["state"][i]["old_p"] = p.detach() + (0.1 * v if shift is None else shift * n / norm)
        return state

    def test_old_weights_of_the_step_before(self):
        entry = self.one(self.content(self.old_weights(None)))
        self.same(entry.path, "parameters", self.theta)
        self.assertEqual(self.training(entry.path)["perturbed"], "no")

    def test_what_does_not_tell_is_unknown(self):
        state = self.old_weights(0.03)
        entry = self.one(self.content(state))
        self.assertEqual(self.training(entry.path)["perturbed"], "unknown")
        self.assertIn("may have been saved between its two steps: whether the weights are θ or θ + ε is not known; give perturbed=", str(entry))
        self.assertEqual(self.training(self.one(self.content(state), perturbed=False).path)["perturbed"], "no")
        self.assertEqual(self.training(self.one(self.content(state), perturbed=True).path)["perturbed"], "unknown")  # said of MSAM's files
        entry = self.one(self.content(state), perturbed=True, method="sam")
        self.same(entry.path, "parameters", {name: state["state"][i]["old_p"] for i, name in enumerate(self.theta)})

    def test_a_perturbation_that_is_kept(self):
        state = self.sam(first=False).base_optimizer.state_dict()
        for i, p in enumerate(self.net.parameters()):
            state["state"][i]["e_w"] = torch.full_like(p, 0.25)
        self.assertEqual(self.training(self.one(self.content(state)).path)["perturbed"], "unknown")
        entry = self.one(self.content(state), perturbed=True, method="sam")
        self.same(entry.path, "parameters", {name: value - 0.25 for name, value in self.theta.items()})


class Scalars(Converting):
    """undo · ‖v‖ = rho, or the factor is not what it is taken for."""

    def content(self, factor):
        optimizer = MSAM(self.net.parameters(), lr=0.1, rho=0.3)
        train(self.net, optimizer, self.x, self.y, 3)
        self.norm = float(torch.stack([v.norm() for v in momenta(self.net, optimizer).values()]).norm())
        state = optimizer.state_dict()
        del state["param_groups"][0]["inverse_norm_buffer"]
        state["param_groups"][0]["norm_factor"] = [factor / self.norm]
        return {"model": self.net.state_dict(), "optimizer": state}

    def test_a_factor_that_is_one_over_the_norm(self):
        content = self.content(1.0)
        for perturbed in (True, None):
            said = self.error(content, perturbed=perturbed)
            self.assertIn("moves the weights by 1, but rho is 0.3: which is right?", said)
            self.close(float(said.split('hyperparameters={"undo": ')[1].split("}")[0]), 0.3 / self.norm, 1e-6)
        right = {"undo": 0.3 / self.norm}
        self.close(self.training(self.one(content, perturbed=True, hyperparameters=right).path)["undo"], right["undo"], 1e-12)
        self.assertEqual(self.training(self.one(content, perturbed=False).path)["perturbed"], "no")

    def test_a_factor_that_fits(self):
        content = self.content(0.3)
        self.close(self.training(self.one(content, perturbed=True).path)["undo"], 0.3 / self.norm, 1e-6)

    def test_a_live_optimizer(self):
        optimizer = MSAM(self.net.parameters(), lr=0.1, rho=0.3)
        train(self.net, optimizer, self.x, self.y, 3)
        optimizer.param_groups[0]["inverse_norm_buffer"] *= 2
        options = dict(loss="cross_entropy", optimizer=optimizer, train=(self.x, self.y), perturbed=True)
        with self.fails("moves the weights by 0.6, but rho is 0.3"):
            basin.save_checkpoint(self.folder / "a.h5", self.net, **options)
        undo = float(optimizer.param_groups[0]["inverse_norm_buffer"]) * 0.15
        self.close(self.training(basin.save_checkpoint(self.folder / "a.h5", self.net, hyperparameters={"undo": undo}, **options))["undo"], undo, 1e-12)

    def test_the_files_own_loss_decides_only_where_it_is_one_of_them(self):
        content = self.content(0.3)
        stored = F.cross_entropy(self.net(self.x), self.y).item()
        self.assertIn(f"the file's train_loss {stored:.6g} is that as stored", str(self.one({**content, "train_loss": stored})))
        self.assertIn("the file's train_loss 0.5 decides nothing: a mean over batches in training mode is none of these",
                      str(self.one({**content, "train_loss": 0.5})))


class Contents(Converting):
    def test_a_bare_state_dict(self):
        entry = self.one(self.net.state_dict())
        self.assertIn("method unknown", str(entry))
        self.assertIn("no optimizer state in the file", str(entry))
        self.assertEqual(self.training(entry.path)["perturbed"], "unknown")
        self.assertEqual(self.training(self.one(self.net.state_dict(), method="gd").path)["perturbed"], "no")
        for method, perturbed, expected in ((None, True, "unknown"), (None, False, "no"), ("sgd", True, "no"), ("msam", True, "yes"),
                                            ("msam", False, "no"), ("msam", None, "unknown")):
            self.assertEqual(self.training(self.one(self.net.state_dict(), method=method, perturbed=perturbed).path)["perturbed"], expected)

    def test_what_to_give_for_weights_alone(self):
        for name in ("a", "b"):
            self.save(f"r/{name}.pt", self.net.state_dict())
        told = str(self.convert("r/*.pt"))
        self.assertEqual(told.count("no optimizer state in the file: give method= (sgd, adam, …), or perturbed=False if it was not MSAM"), 1)
        for options, perturbed in (({"method": "rmsprop"}, "no"), ({"method": "sam"}, "no"), ({"perturbed": False}, "no")):
            result = self.convert("r/*.pt", **options)
            self.assertEqual(self.training(result.written[0])["perturbed"], perturbed)
            self.assertNotIn("asks whether", str(result))
        self.assertIn("give perturbed=True (saved between steps) or perturbed=False (moved back)", str(self.convert("r/*.pt", method="msam")))

    def test_weights_of_a_run_that_diverged(self):
        state = self.net.state_dict()
        state["2.weight"][:2] = float("nan")
        state["0.bias"][1] = float("inf")
        result = self.convert(str(self.save("a.pt", state)), method="sgd")
        self.assertIn("a.pt: warning: 11 weights are NaN or Inf", str(result).splitlines()[1])

    def test_damaged_files(self):
        whole = self.save("a.pt", {"model": self.net.state_dict()}).read_bytes()
        torch.save({"model": self.net.state_dict()}, self.runs / "old.pt", _use_new_zipfile_serialization=False)
        old = (self.runs / "old.pt").read_bytes()
        for content in (b"", b"text", b"\x80\x02.", whole[:100], whole[:-30], whole[:len(whole) // 2],
                        old[:len(old) // 2], old[:40]):
            (self.runs / "a.pt").write_bytes(content)
            for trust in (False, True):
                failed, = self.convert("a.pt", trust=trust).failed
                self.assertTrue(failed.error.startswith("truncated, or not a file of torch.save"),
                                failed.error)

    def test_no_model(self):
        self.save("a.pt", self.net.state_dict())
        for model in (None, lambda: None, 3):
            with self.fails("model: expected a torch.nn.Module, or a function that makes one, got"):
                self.convert("a.pt", model=model)

    def test_wrapper_keys(self):
        for key in ("state_dict", "model_state_dict", "model_state", "modelState", "model", "net", "last"):
            self.assertIsNotNone(self.one({key: self.net.state_dict(), "accuracy": 0.5}).path)
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        train(self.net, optimizer, self.x, self.y)
        lightning = {"state_dict": self.net.state_dict(), "optimizer_states": [optimizer.state_dict()], "global_step": 5, "epoch": 1}
        self.assertTrue(self.one(lightning).momentum)
        self.assertIn("the file has strange: give model_key= (strange fits)",
                      self.error({"strange": self.net.state_dict()}))
        self.assertIn("give model_key= (a.b fits)",
                      self.error({"a": {"b": self.net.state_dict(), "c": {"x": torch.zeros(2)}}}))
        content = {"strange": self.net.state_dict(), "odd": optimizer.state_dict()}
        self.assertTrue(self.one(content, model_key="strange", optimizer_key="odd").momentum)
        self.assertIn("no key «nothing» for the model; there are strange", self.error({"strange": self.net.state_dict()}, model_key="nothing"))
        self.assertIn("key «epoch» does not hold the state of the model", self.error({"epoch": 3}, model_key="epoch"))

    def test_the_format_before_zip_archives(self):
        self.runs.mkdir()
        torch.save({"model": self.net.state_dict(), "epoch": 1.5}, self.runs / "old.pt", _use_new_zipfile_serialization=False)
        path, = self.convert("old.pt").written
        self.same(path, "parameters", dict(self.net.named_parameters()))
        content = {"model": self.net.state_dict(), "extra": Hostile(self.folder / "hacked")}
        torch.save(content, self.runs / "old.pt", _use_new_zipfile_serialization=False)
        for trust in (False, True):
            self.assertIn("would call posix.mkdir if pickle loaded it: an attack, or no data",
                          str(self.convert("old.pt", trust=trust)))
        self.assertFalse((self.folder / "hacked").exists())

    def test_a_torchscript_archive_is_refused(self):
        """torch.load of up to 2.5.1 hands it to torch.jit.load, weights_only or not."""
        self.runs.mkdir()
        torch.jit.script(self.net).save(str(self.runs / "script.pt"))
        for trust in (False, True):
            result = self.convert("script.pt", trust=trust)
            self.assertEqual(result.written, [])
            self.assertEqual(result.failed[0].error,
                             "is a TorchScript archive (of torch.jit.save), a program: save "
                             "model.state_dict() with torch.save instead")

    def test_seeds(self):
        self.assertEqual(self.training(self.one({"model": self.net.state_dict(), "seed": 4}).path)["seed"], 4)
        self.assertEqual(self.training(self.one(self.net.state_dict(), seed=5).path)["seed"], 5)
        self.save("sgd_seed_7/last.pt", self.net.state_dict())
        path, = self.convert("sgd*/*.pt", seed=r"seed_(\d+)").written
        self.assertEqual(self.training(path)["seed"], 7)
        self.assertIn("the seed pattern 'nought_([0-9]+)' finds no number in this path", self.error(self.net.state_dict(), seed="nought_([0-9]+)"))

    def test_weights_of_another_model(self):
        state = self.net.state_dict()
        del state["2.bias"]
        self.assertIn("no 2.bias of Sequential in the state dict, which has 0.weight", self.error(state))
        self.assertIn("4.weight has shape [3, 5], Sequential's [4, 5]",
                      self.error(self.net.state_dict(), model=lambda: nn.Sequential(*make_net()[:4], nn.Linear(5, 4))))
        self.assertIn("5.weight in the state dict is nothing of Sequential", self.error({**self.net.state_dict(), "5.weight": torch.zeros(2)}))

    def test_an_optimizer_of_another_model(self):
        other = make_net(width=7)
        optimizer = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
        train(other, optimizer, self.x, self.y, 1)
        content = {"model": self.net.state_dict(), "optimizer": optimizer.state_dict()}
        self.assertIn("momentum_buffer of 0.weight has shape [7, 6], the parameter [5, 6]: an optimizer of another model?", self.error(content))
        larger = nn.Sequential(*other, nn.Linear(3, 3))
        optimizer = torch.optim.SGD(larger.parameters(), lr=0.1, momentum=0.9)
        train(larger, optimizer, self.x, self.y, 1)
        content["optimizer"] = optimizer.state_dict()
        self.assertIn("the optimizer has 8 tensors, Sequential 6: an optimizer of another model?", self.error(content))
        self.assertIn("order names 6 tensors, the optimizer has 8", self.error(content, order=two_groups))
        wide = make_net(width=7)
        optimizer = two_groups(wide)
        train(wide, optimizer, self.x, self.y, 1)
        content["optimizer"] = optimizer.state_dict()
        self.assertIn("the optimizer's tensor 0 has shape [7, 6], which no parameter of Sequential has: an optimizer of another model?",
                      self.error(content))

    def test_orders_that_do_not_fit_the_model(self):
        with self.fails("order: 9.weight is no parameter of Sequential"):
            self.one(self.net.state_dict(), order=["9.weight"])
        with self.fails("order: the function's parameter groups hold tensors that are not parameters"):
            self.one(self.net.state_dict(), order=lambda model: two_groups(make_net()))

    def test_a_whole_module_instead_of_its_weights(self):
        self.assertIn("holds a whole pickled module, not its weights: save model.state_dict() instead; trust=True", self.error(self.net))
        self.assertIn("holds a whole pickled module", self.error({"model": self.net, "epoch": 1}))
        self.runs.mkdir(exist_ok=True)
        torch.save(self.net, self.runs / "old.pt", _use_new_zipfile_serialization=False)
        self.assertIn("holds a whole pickled module", str(self.convert("old.pt")))
        entry = self.one({"model": self.net, "epoch": 1}, trust=True)
        self.same(entry.path, "parameters", dict(self.net.named_parameters()))

    def test_an_optimizer_alone(self):
        self.assertIn("no state dict of a model: it is the state of an optimizer alone", self.error(two_groups(self.net).state_dict()))

    def test_nothing_to_convert(self):
        (self.runs / "empty").mkdir(parents=True)
        for pattern, words in (("**/*.pt", "*.pt: no file matches this pattern"), ("none.pt", "none.pt: no such file"),
                               ("empty", "empty: a folder without checkpoints")):
            with self.fails(words):
                self.convert(pattern)
        self.assertFalse((self.folder / "out").exists() and any((self.folder / "out").glob("**/step*")))

    def test_one_bad_file_does_not_stop_the_others(self):
        self.save("a.pt", self.net.state_dict())
        (self.runs / "b.pt").write_bytes(b"damaged")
        self.save("c.pt", {"model": self.net.state_dict(), "extra": Opaque()})
        self.save("d.pt", [1, 2])
        self.save("e/a.pt", self.net.state_dict())
        self.save("a.pth", self.net.state_dict())
        result = self.convert("**/*.pt*")
        self.assertEqual([str(p.relative_to(self.folder / "out"))
                          for p in result.written], ["a.h5", "c.h5", "e/a.h5"])
        errors = {e.source.name: e.error for e in result.failed}
        self.assertEqual(errors["b.pt"], "truncated, or not a file of torch.save")
        self.assertIn("no state dict of a model", errors["d.pt"])
        self.assertIn("would become", errors["a.pth"])
        with self.assertWarnsRegex(UserWarning, "d.pt: no state dict"):
            basin.convert(make_net, str(self.runs / "d.pt"), loss="mse", example_input=self.x, out=self.folder / "out")


@needs_basin
class Compared(Converting):
    """basin is asked about several files at once."""

    def setUp(self):
        super().setUp()
        self.calls = []
        self.losses = basin.command.losses
        self.addCleanup(setattr, basin.command, "losses", self.losses)
        basin.command.losses = self.counted
        self.wrong = ()  # names of files of which basin finds another loss

    def counted(self, binary, paths, as_stored):
        self.calls.append((len(paths), as_stored))
        found = self.losses(binary, paths, as_stored)
        return [{split: value * (1.1 if any(name in path.name for name in self.wrong) else 1.0) for split, value in losses.items()}
                for path, losses in zip(paths, found)]

    def saved(self, count):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        for i in range(count):
            train(self.net, optimizer, self.x, self.y, 1)
            self.save(f"epoch_{i}.pt", {"epoch": i, "model": self.net.state_dict(), "optimizer": optimizer.state_dict()})

    def left(self):
        return sorted(p.name for p in (self.folder / "out").iterdir() if not p.name.startswith("data-"))

    def test_many_at_once(self):
        self.saved(19)
        result = self.convert()
        self.assertEqual((len(result.written), self.calls), (19, [(16, False), (3, False)]))
        self.assertEqual(len(self.left()), 19)

    def test_a_file_of_another_loss_is_alone_with_it(self):
        self.saved(4)
        self.wrong = ("epoch_2",)
        result = self.convert()
        self.assertEqual(self.calls, [(4, False)])
        self.assertEqual(self.left(), ["epoch_0.h5", "epoch_1.h5", "epoch_3.h5"])
        failed, = result.failed
        self.assertEqual(failed.source.name, "epoch_2.pt")
        self.assertIn("epoch_2.h5: train loss is", failed.error)
        self.assertIn("nothing written", failed.error)

    def test_a_file_that_basin_does_not_take_is_asked_about_alone(self):
        self.saved(3)

        def refused(binary, paths, as_stored):
            self.calls.append((len(paths), as_stored))
            if any("epoch_1" in path.name for path in paths):
                raise basin.Error("basin cannot take this checkpoint: for the test")
            return self.losses(binary, paths, as_stored)

        basin.command.losses = refused
        result = self.convert()
        self.assertEqual([n for n, _ in self.calls], [3, 1, 1, 1])
        self.assertEqual(self.left(), ["epoch_0.h5", "epoch_2.h5"])
        self.assertEqual([e.error for e in result.failed], ["basin cannot take this checkpoint: for the test"])

    def test_weights_as_stored_are_asked_about_beside_others(self):
        self.saved(2)
        self.save("epoch_2.pt", {"epoch": 2, "model": self.net.state_dict()})  # of which the method is unknown
        result = self.convert()
        self.assertEqual((len(result.written), sorted(self.calls)), (3, [(1, True), (2, False)]))

    def test_what_waits_vanishes_when_the_conversion_is_stopped(self):
        self.saved(3)

        def stop(stage):
            if "file 3 of 3" in stage and "converting" in stage:
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.convert(progress=stop)
        self.assertEqual((self.left(), self.calls), ([], []))

