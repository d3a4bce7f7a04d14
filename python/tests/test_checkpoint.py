"""Checkpoints of live models: momentum tensor by tensor, hyperparameters, perturbed weights, buffers."""
import os
import subprocess
import unittest

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from support import BINARY, MSAM, SAM, Saving, basin, gradients, make_net, momenta, needs_basin, problem, train, two_groups


class Optimizers(Saving):
    def test_sgd(self):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
        train(self.net, optimizer, self.x, self.y)
        path = self.save(optimizer=optimizer, epoch=5, step=5)
        self.same(path, "optimizer/momentum", momenta(self.net, optimizer))
        self.same(path, "parameters", dict(self.net.named_parameters()))
        found = self.training(path)
        self.assertEqual((found["method"], found["perturbed"], found["epoch"], found["step"]), ("sgd", "no", 5, 5))
        self.assertEqual((found["learning_rate"], found["momentum"], found["weight_decay"], found["weight_decay_coupled"]), (0.1, 0.9, 1e-3, 1))

    def test_groups_do_not_mix_layers_up(self):
        optimizer = two_groups(self.net)
        train(self.net, optimizer, self.x, self.y)
        path = self.save(optimizer=optimizer)
        self.same(path, "optimizer/momentum", momenta(self.net, optimizer))
        self.assertNotIn("weight_decay", self.training(path))
        self.assertEqual(self.training(path)["weight_decay_coupled"], 1)
        with h5py.File(path) as f:
            for name, p in self.net.named_parameters():
                self.assertEqual(f[f"parameters/{name}"].attrs["weight_decay"], 1e-2 if p.dim() > 1 else 0.0)

    def test_one_weight_decay_given_stands_for_those_of_groups(self):
        path = self.save(optimizer=two_groups(self.net), hyperparameters={"weight_decay": 1e-3})
        self.assertEqual(self.training(path)["weight_decay"], 1e-3)
        with h5py.File(path) as f:
            self.assertFalse([name for name, _ in self.net.named_parameters() if "weight_decay" in f[f"parameters/{name}"].attrs])

    def test_what_differs_between_groups_is_left_out(self):
        parameters = list(self.net.parameters())
        optimizer = torch.optim.SGD([{"params": parameters[:1], "lr": 0.2}, {"params": parameters[1:]}], lr=0.1)
        with self.assertWarnsRegex(UserWarning, r"learning_rate differs between parameter groups \(0.1, 0.2\): left out"):
            path = self.save(optimizer=optimizer)
        self.assertNotIn("learning_rate", self.training(path))

    def test_shared_parameters_have_one_momentum(self):
        self.net[2].weight = nn.Parameter(torch.randn(5, 5))
        net = nn.Sequential(*self.net[:4], nn.Linear(5, 5), nn.Linear(5, 3))
        net[4].weight = net[2].weight
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        train(net, optimizer, self.x, self.y)
        self.same(self.save(net, optimizer=optimizer), "optimizer/momentum", momenta(net, optimizer))

    def test_nesterov_is_another_method(self):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        train(self.net, optimizer, self.x, self.y)
        self.assertEqual(self.training(self.save(optimizer=optimizer))["method"], "nag")

    def test_adam_has_two_moments(self):
        for kind, name, coupled in ((torch.optim.Adam, "adam", 1), (torch.optim.AdamW, "adamw", 0)):
            optimizer = kind(self.net.parameters(), lr=0.01, betas=(0.8, 0.99), weight_decay=0.02)
            train(self.net, optimizer, self.x, self.y)
            path = self.save(optimizer=optimizer, name=f"{name}.h5")
            self.same(path, "optimizer/momentum", momenta(self.net, optimizer, "exp_avg"))
            self.same(path, "optimizer/second_moment", momenta(self.net, optimizer, "exp_avg_sq"))
            found = self.training(path)
            self.assertEqual((found["method"], found["momentum"], found["weight_decay_coupled"]), (name, 0.8, coupled))

    def test_rmsprop_has_no_accumulated_gradient(self):
        optimizer = torch.optim.RMSprop(self.net.parameters(), momentum=0.9)
        train(self.net, optimizer, self.x, self.y)
        with self.assertWarnsRegex(UserWarning, "RMSprop's momentum is not an accumulated gradient"):
            path = self.save(optimizer=optimizer)
        self.assertEqual(self.stored(path, "optimizer"), {})
        self.assertEqual(self.training(path)["method"], "rmsprop")
        self.assertNotIn("momentum", self.training(path))

    def test_the_rho_of_adadelta_is_no_radius(self):
        optimizer = torch.optim.Adadelta(self.net.parameters())
        train(self.net, optimizer, self.x, self.y)
        found = self.training(self.save(optimizer=optimizer))
        self.assertEqual(found["method"], "adadelta")
        self.assertNotIn("rho", found)

    def test_sam_is_looked_through(self):
        for adaptive, name in ((False, "sam"), (True, "asam")):
            optimizer = SAM(self.net.parameters(), torch.optim.SGD, rho=0.02, adaptive=adaptive, lr=0.1, momentum=0.9)
            train(self.net, optimizer, self.x, self.y)
            path = self.save(optimizer=optimizer, name=f"{name}.h5")
            self.same(path, "optimizer/momentum", momenta(self.net, optimizer.base_optimizer))
            found = self.training(path)
            self.assertEqual((found["method"], found["rho"], found["momentum"], found["perturbed"]), (name, 0.02, 0.9, "no"))

    def test_a_wrapper_without_the_norm_is_usam_where_it_is_said(self):
        optimizer = SAM(self.net.parameters(), torch.optim.SGD, rho=0.02, lr=0.1, momentum=0.9)
        train(self.net, optimizer, self.x, self.y)
        found = self.training(self.save(optimizer=optimizer, method="usam"))
        self.assertEqual((found["method"], found["rho"], found["momentum"], found["perturbed"]), ("usam", 0.02, 0.9, "no"))
        self.assertEqual([basin.optim.evaluations(m) for m in ("usam", "adamw_usam", "sam", "msam", "adamw_msam", None)], [2, 2, 2, 1, 1, 1])

    def test_sam_over_adam_is_another_method(self):
        optimizer = SAM(self.net.parameters(), torch.optim.AdamW, lr=0.01)
        train(self.net, optimizer, self.x, self.y)
        path = self.save(optimizer=optimizer)
        self.same(path, "optimizer/momentum", momenta(self.net, optimizer.base_optimizer, "exp_avg"))
        self.assertEqual(self.training(path)["method"], "adamw_sam")

    def test_other_wrappers_are_not_taken_for_sam(self):
        class Lookahead:
            def __init__(self, base):
                self.base_optimizer, self.param_groups = base, base.param_groups

        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        train(self.net, optimizer, self.x, self.y)
        path = self.save(optimizer=Lookahead(optimizer))
        self.same(path, "optimizer/momentum", momenta(self.net, optimizer))
        self.assertEqual(self.training(path)["method"], "sgd")

    def test_before_the_first_step_there_is_no_momentum(self):
        path = self.save(optimizer=torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9))
        self.assertEqual(self.stored(path, "optimizer"), {})

    def test_given_hyperparameters_override(self):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        found = self.training(self.save(optimizer=optimizer, method="gd", hyperparameters={"learning_rate": 0.2, "batch_size": 0, "seed": 7}))
        self.assertEqual((found["method"], found["learning_rate"], found["batch_size"], found["seed"]), ("gd", 0.2, 0, 7))
        with self.fails("hyperparameters: lrr is none of learning_rate,", "did you mean lr?"):
            self.save(hyperparameters={"lrr": 1})
        with self.fails("step=-1: expected 0 or more"):
            self.save(step=-1)

    def test_the_names_that_torchs_users_type(self):
        typed = {
            "lr": 0.2, "betas": (0.8, 0.999), "wd": 0.01, "decoupled_weight_decay": True, "bs": 32,
            "manual_seed": torch.tensor(5), "dampening": 0, "rho": None
        }
        found = self.training(self.save(method="adamw", hyperparameters=typed))
        expected = {"learning_rate": 0.2, "momentum": 0.8, "weight_decay": 0.01, "weight_decay_coupled": 0,
                    "batch_size": 32, "seed": 5}
        self.assertEqual({name: found[name] for name in expected}, expected)
        self.assertNotIn("rho", found)
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        for nesterov, method in ((True, "nag"), (False, "sgd")):
            path = self.save(optimizer=optimizer, hyperparameters={"nesterov": nesterov})
            self.assertEqual(self.training(path)["method"], method)

    def test_hyperparameters_that_say_nothing_or_two_things(self):
        for given, words in (({"lr": 0.1, "learning_rate": 0.2},
                              "learning_rate=0.2 contradicts another name of learning_rate, 0.1"),
                             ({"lr": "fast"}, "lr is 'fast': not a number"),
                             ({"lr": float("inf")}, "lr is inf: not a finite number"),
                             ({"eps": 1e-8}, "eps is none of learning_rate"),
                             ({"betas": 0.9}, "betas is 0.9: expected two numbers"),
                             ({"dampening": 0.5}, "dampening=0.5; basin's momentum"),
                             ({"maximize": True}, "maximize; basin studies the loss")):
            with self.fails(words):
                self.save(hyperparameters=given)

    def test_an_optimizer_of_another_model(self):
        with self.fails("optimizer SGD: holds none of the parameters of Sequential", "another model?"):
            self.save(optimizer=torch.optim.SGD(make_net().parameters(), lr=0.1))
        with self.fails("optimizer SGD: does not hold 2.weight and 3 more"):
            self.save(optimizer=torch.optim.SGD(self.net[0].parameters(), lr=0.1))
        with self.fails("optimizer int: neither a torch optimizer"):
            self.save(optimizer=3)

    def test_a_parameter_that_was_never_stepped(self):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        gradients(self.net, self.x, self.y)
        self.net[2].bias.grad = None
        optimizer.step()
        with self.fails("no momentum_buffer for 2.bias"):
            self.save(optimizer=optimizer)

    def test_parameters_that_nothing_uses_need_no_optimizer(self):
        self.net.register_parameter("unused", nn.Parameter(torch.zeros(2)))
        optimizer = torch.optim.SGD([p for name, p in self.net.named_parameters() if name != "unused"], lr=0.1, momentum=0.9)
        train(self.net, optimizer, self.x, self.y)
        path = self.save(optimizer=optimizer)
        self.assertEqual(len(self.stored(path, "optimizer/momentum")), 6)
        self.assertNotIn("unused", self.stored(path, "parameters"))

    def test_what_the_caller_says_of_an_unknown_optimizer_holds(self):
        class Own(torch.optim.SGD):
            """A third party's MSAM need not have the authors' keys, nor their sign."""

        optimizer = Own(self.net.parameters(), lr=0.1, momentum=0.9)
        train(self.net, optimizer, self.x, self.y)
        path = self.save(optimizer=optimizer, perturbed=True, method="msam", hyperparameters={"undo": -0.1})
        found = self.training(path)
        self.assertEqual((found["perturbed"], found["undo"], found["method"]), ("yes", -0.1, "msam"))
        with torch.no_grad():
            for p in self.net.parameters():
                p.sub_(optimizer.state[p]["momentum_buffer"], alpha=0.1)
        with h5py.File(path, "r") as f:
            self.close(f["recorded/train_loss"].attrs["value"], F.cross_entropy(self.net(self.x), self.y).item(), 1e-6)

    def test_rules_that_basin_does_not_know(self):
        with self.fails("dampening=0.1"):
            self.save(optimizer=torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9, dampening=0.1))
        with self.fails("maximize=True"):
            self.save(optimizer=torch.optim.SGD(self.net.parameters(), lr=0.1, maximize=True))


class MomentumSAM(Saving):
    def setUp(self):
        super().setUp()
        self.net = self.net.double()
        self.x = self.x.double()
        self.optimizer = MSAM(self.net.parameters(), lr=0.1, rho=0.4, weight_decay=1e-3)
        train(self.net, self.optimizer, self.x, self.y)
        self.factor = 0.4 * float(self.optimizer.param_groups[0]["inverse_norm_buffer"])

    def test_perturbed_must_be_said(self):
        with self.fails("optimizer MSAM: are the weights perturbed", "perturbed=True", "perturbed=False"):
            self.save(optimizer=self.optimizer)

    def test_between_steps(self):
        perturbed = {name: p.clone() for name, p in self.net.named_parameters()}
        path = self.save(optimizer=self.optimizer, perturbed=True)
        self.same(path, "parameters", perturbed)
        self.same(path, "optimizer/momentum", momenta(self.net, self.optimizer))
        found = self.training(path)
        self.assertEqual((found["method"], found["perturbed"], found["rho"]), ("msam", "yes", 0.4))
        self.close(found["undo"], self.factor, 1e-12)
        self.optimizer.move_back()
        with h5py.File(path, "r") as f:
            self.close(f["recorded/train_loss"].attrs["value"], F.cross_entropy(self.net(self.x), self.y).item(), 1e-12)

    def test_moved_back(self):
        self.optimizer.move_back()
        path = self.save(optimizer=self.optimizer, perturbed=False)
        self.same(path, "parameters", dict(self.net.named_parameters()))
        self.assertEqual(self.training(path)["perturbed"], "no")
        self.close(self.training(path)["undo"], self.factor, 1e-12)

    @needs_basin
    def test_both_are_one_point_to_basin(self):
        before = self.save(optimizer=self.optimizer, perturbed=True, name="before.h5")
        self.optimizer.move_back()
        after = self.save(optimizer=self.optimizer, perturbed=False, name="after.h5")
        spectra = [self.basin("spectrum", p, "--json") for p in (before, after)]
        self.close(spectra[0]["loss"], spectra[1]["loss"], 1e-12)
        self.close(spectra[0]["eigenvalues"], spectra[1]["eigenvalues"], 1e-9)
        slice_ = self.basin("slice", before, "--along", "momentum", "--grid", "3", "--json")
        self.close(slice_["surfaces"][0]["centre_loss"], F.cross_entropy(self.net(self.x), self.y).item(), 1e-12)

    def test_adamw_variant_has_its_radius_inside(self):
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=0.01)
        train(self.net, optimizer, self.x, self.y)
        norm = torch.stack([optimizer.state[p]["exp_avg"].norm() for p in self.net.parameters()]).norm().item()
        optimizer.param_groups[0].update(rho=0.3, norm_factor=[0.3 / norm])
        path = self.save(optimizer=optimizer, perturbed=True)
        found = self.training(path)
        self.assertEqual((found["method"], found["perturbed"], found["weight_decay_coupled"]), ("adamw_msam", "yes", 0))
        self.close(found["undo"], 0.3 / norm, 1e-12)
        self.same(path, "optimizer/momentum", momenta(self.net, optimizer, "exp_avg"))

    def test_the_authors_sam_is_not_taken_for_msam(self):
        self.optimizer.param_groups[0]["inverse_norm_buffer"] = [0]
        self.assertEqual(self.training(self.save(optimizer=self.optimizer))["perturbed"], "no")

    def test_before_the_first_step_nothing_is_perturbed(self):
        found = self.training(self.save(optimizer=MSAM(self.net.parameters()), perturbed=True))
        self.assertEqual((found["perturbed"], found["undo"]), ("no", 0.0))


class Models(Saving):
    def test_wrapped_names_are_stripped(self):
        class Compiled(nn.Module):  # what torch.compile returns has the module as _orig_mod
            def __init__(self, module):
                super().__init__()
                self._orig_mod = module

            def forward(self, *args):
                return self._orig_mod(*args)

        parallel = nn.DataParallel(self.net)
        self.assertEqual(next(iter(Compiled(parallel).state_dict())), "_orig_mod.module.0.weight")
        for model in (parallel, Compiled(self.net), Compiled(parallel), nn.DataParallel(Compiled(self.net)), nn.Sequential(Compiled(self.net))):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
            train(self.net, optimizer, self.x, self.y, 2)
            prefix = "0." if type(model) is nn.Sequential else ""
            path = self.save(model, optimizer=optimizer)
            self.same(path, "parameters", {prefix + name: p for name, p in self.net.named_parameters()})
            self.same(path, "optimizer/momentum", {prefix + name: v for name, v in momenta(self.net, optimizer).items()})

    @unittest.skipUnless(hasattr(torch, "compile"), "this PyTorch has no compile")
    def test_torch_compile(self):
        inner = nn.Sequential(torch.compile(self.net, backend="eager"))
        for model, prefix in ((torch.compile(self.net, backend="eager"), ""), (torch.compile(inner, backend="eager"), "0.")):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
            train(model, optimizer, self.x, self.y, 2)
            path = self.save(model, optimizer=optimizer)
            self.same(path, "parameters", {prefix + name: p for name, p in self.net.named_parameters()})
            self.same(path, "optimizer/momentum", {prefix + name: v for name, v in momenta(self.net, optimizer).items()})

    def test_training_goes_on_as_if_nothing_had_been_saved(self):
        weights = []
        for every in (None, 1):
            torch.manual_seed(2)
            net = nn.Sequential(nn.Linear(6, 5), nn.Dropout(0.5), nn.ReLU(), nn.Linear(5, 3))
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
            for x, y in DataLoader(TensorDataset(self.x, self.y), batch_size=20, shuffle=True):
                loss = F.cross_entropy(net(x), y)
                if every:
                    self.save(net, optimizer=optimizer, train=DataLoader(TensorDataset(self.x, self.y), batch_size=7, shuffle=True))
                    self.assertTrue(net.training)
                optimizer.zero_grad()
                loss.backward()  # the graph of a loss computed before saving is still good
                optimizer.step()
            weights.append(nn.utils.parameters_to_vector(net.parameters()))
        self.assertTrue(torch.equal(*weights))

    def test_half_precision_is_stored_as_it_is(self):
        for dtype, stored in ((torch.float16, "f2"), (torch.bfloat16, "f4"), (torch.float64, "f8")):
            path = self.save(make_net().to(dtype))
            with h5py.File(path, "r") as f:
                self.assertEqual(f["parameters/0.weight"].dtype, stored)

    def test_a_run_that_diverged_is_stored_without_losses(self):
        with torch.no_grad():
            self.net[2].bias[1] = float("nan")
        path = self.save()
        self.same(path, "parameters", dict(self.net.named_parameters()))
        with h5py.File(path, "r") as f:
            self.assertEqual(list(f["recorded"] if "recorded" in f else []), [])

    def test_a_sample_is_needed(self):
        with self.fails("the shape of one sample is not known"):
            self.save(train=None)
        with self.fails("example_input: [6]; expected a batch"):
            self.save(train=None, example_input=self.x[0])
        path = self.save(train=None, example_input=self.x)
        with h5py.File(path, "r") as f:
            self.assertNotIn("data", f)
            self.assertNotIn("recorded", f)


@needs_basin
class AgainstBasin(Saving):
    def test_basin_confirms_what_is_recorded(self):
        path = self.save(test=problem(seed=1))
        items = {item["name"]: item for item in self.basin("check", path, "--json")["items"]}
        for name in ("train.loss", "train.accuracy", "test.loss", "test.accuracy"):
            self.assertEqual(items[f"computed:{name}:theta:eval:full"]["verdict"], "agrees")
        self.close(items["computed:train.loss:theta:eval:full"]["value"], items["computed:train.loss:theta:eval:full"]["expected"], 1e-12)
        self.assertEqual({r["source"] for r in self.basin("info", path, "--json")["recorded"]}, {"saving"})

    def test_what_the_loss_does_not_depend_on_is_counted_and_named(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.aux, self.b, self.still = nn.Linear(6, 4), nn.Linear(4, 5), nn.Linear(4, 3), nn.Linear(3, 3)
                self.scale = nn.Parameter(torch.ones(3))
                self.still.requires_grad_(False)

            def forward(self, x):
                h = torch.tanh(self.a(x))
                self.aux(h)
                return self.still(self.b(h))

        with self.assertWarnsRegex(UserWarning, "the loss does not depend on scale, aux.weight, aux.bias: 28 parameters of the module"):
            path = self.save(Net())
        found = self.basin("info", path, "--json")
        self.assertEqual((found["parameters"], found["module_parameters"], found["outside_parameters"]), (43, 83, 28))
        self.assertEqual(found["outside"], "scale, aux.weight, aux.bias")
        text = subprocess.run([BINARY, "info", path], stdout=subprocess.PIPE, universal_newlines=True).stdout
        self.assertIn("  module      83 parameters, 12 of them frozen; the loss does not depend on 28 of them: scale, aux.weight, aux.bias", text)

    def test_statistics_that_sam_gathered(self):
        """In both passes, unless the loop stops them, which no file tells."""
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))
        optimizer = SAM(net.parameters(), torch.optim.SGD, rho=0.05, lr=0.1)
        train(net, optimizer, self.x, self.y)
        path = self.save(net, optimizer=optimizer)
        said = "its BatchNorm statistics were gathered in both passes of SAM, half of them at perturbed weights, unless its loop stopped them there"
        for arguments, expected in ((["sharpness", path], True), (["sharpness", path, "--bn", "reestimate"], False)):
            run = subprocess.run([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
            self.assertEqual((run.returncode, said in run.stderr), (0, expected))

    def test_names_are_shown_and_not_obeyed(self):
        """Of a file and a module; control bytes in what is recorded are refused."""
        net = nn.Sequential()
        net.add_module("a\u202eb", nn.Linear(6, 3))
        path = self.save(net, "c\x1b[31m\n.h5", perturbed=False)
        for command in ("info", "check", "sharpness"):
            run = subprocess.run([BINARY, command, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
            shown = run.stdout.decode() + run.stderr.decode()
            self.assertEqual([c for c in shown if not c.isprintable() and c != "\n"], [])
            self.assertIn("c\\x1b[31m\\n.h5", shown)
        info = subprocess.run([BINARY, "info", str(path)], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertIn("a\\u202eb.weight", info)
        net.add_module("c\x1b[31m", nn.Tanh())
        self.assertRaisesRegex(basin.Error, "not plain text", self.save, net)
        self.assertRaisesRegex(basin.Error, "method: not plain UTF-8 text", self.save, method="sgd\x1b[31m")

    def test_theta_of_zeros(self):
        for bias in (True, False):
            net = nn.Sequential(nn.Linear(6, 4, bias=bias), nn.Tanh(), nn.Linear(4, 3, bias=bias))
            for p in net.parameters():
                nn.init.zeros_(p)
            path = self.save(net, f"zero_{bias}.h5")
            self.close(self.basin("slice", path, "--along", "eigen:1", "--grid", "3", "--json")["surfaces"][0]["centre_loss"], np.log(3.0))
            row, = self.basin("track", path, "--json")["rows"]
            self.assertIsNone(row["missing"])
            self.assertIsNone(row["measures"]["rise_random"]["value"])
            self.assertIn("is zero", self.basin("slice", path, "--along", "random", fails=True))

    def test_a_disagreement_is_an_error_and_leaves_nothing(self):
        losses = basin.command.losses
        self.addCleanup(setattr, basin.command, "losses", losses)
        basin.command.losses = lambda *arguments: [{split: value * (1 + 1e-5) for split, value in found.items()} for found in losses(*arguments)]
        with self.fails("a.h5: train loss is", "by torch but", "by basin; nothing written"):
            self.save()
        self.assertEqual([p.name for p in self.folder.iterdir() if not p.name.startswith("data-")], [])

    def test_a_command_that_does_not_run(self):
        kept = os.environ.get("BASIN")
        self.addCleanup(lambda: os.environ.update(BASIN=kept) if kept else os.environ.pop("BASIN", None))
        os.environ["BASIN"] = str(self.folder / "none")
        with self.fails("BASIN=", "no such command"):
            self.save()
        os.environ["BASIN"] = "/bin/echo"
        with self.fails("/bin/echo: does not answer as basin does"):
            self.save()
        os.environ["BASIN"] = "/bin/false"
        with self.fails("basin cannot take this checkpoint: exit status 1; nothing written"):
            self.save()
        self.save(check=False)


class Recording(Saving):
    def test_a_run(self):
        optimizer = SAM(self.net.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9)
        recorder = basin.Recorder(self.folder / "run", self.net, loss="cross_entropy", optimizer=optimizer, train=(self.x, self.y), every=3,
                                  hyperparameters={"seed": 1, "batch_size": 0})
        saved = []
        for epoch in range(7):
            train(self.net, optimizer, self.x, self.y, 1)
            saved.append(recorder.step(epoch=epoch))
        self.assertEqual([i for i, path in enumerate(saved) if path is not None], [2, 5])
        self.assertEqual(sorted(p.name for p in (self.folder / "run").glob("step*")), ["step_000000.h5", "step_000003.h5", "step_000006.h5"])
        self.assertEqual(len(list((self.folder / "run").glob("data-*.h5"))), 1)
        found = self.training(saved[5])
        self.assertEqual((found["step"], found["epoch"], found["gradient_evaluations"], found["seed"], found["method"]), (6, 5, 12, 1, "sam"))
        self.assertTrue(0 < self.training(saved[2])["seconds"] < found["seconds"])
        self.assertEqual(self.training(recorder.save())["step"], 7)
        self.assertEqual(recorder.writer.check, False)
        self.same(recorder.save(), "parameters", dict(self.net.named_parameters()))

    def test_a_run_of_msam(self):
        """Weights between steps are perturbed, and every loss recorded is of θ."""
        net = self.net.double()
        optimizer = MSAM(net.parameters(), lr=0.1, rho=0.4)
        recorder = basin.Recorder(self.folder / "run", net, loss="cross_entropy", optimizer=optimizer, train=(self.x, self.y), perturbed=True)
        self.x = self.x.double()
        for _ in range(3):
            train(net, optimizer, self.x, self.y, 1)
            path = recorder.step()
        self.assertEqual([self.training(self.folder / "run" / f"step_00000{i}.h5")["perturbed"] for i in range(4)], ["no", "yes", "yes", "yes"])
        self.assertEqual(self.training(path)["gradient_evaluations"], 3)
        optimizer.move_back()
        with h5py.File(path, "r") as f:
            self.close(f["recorded/train_loss"].attrs["value"], F.cross_entropy(net(self.x), self.y).item(), 1e-12)

    def test_every(self):
        with self.fails("every=0"):
            basin.Recorder(self.folder, self.net, loss="cross_entropy", train=(self.x, self.y), every=0)


class Writing(Saving):
    def break_writing(self):
        """Saves while the data sets cannot be written, as on a full disk."""
        put = basin.checkpoint.put
        basin.checkpoint.put = lambda *arguments: (_ for _ in ()).throw(OSError("expected failure"))
        try:
            self.save()
        finally:
            basin.checkpoint.put = put

    def test_a_folder_that_cannot_be_written(self):
        (self.folder / "file").write_text("")
        with self.fails("cannot be written"):
            self.save(name="file/a.h5")

    def test_a_failure_leaves_the_old_file(self):
        path = self.save()
        before = path.read_bytes()
        with self.fails("hyperparameters: nonsense"):
            self.save(hyperparameters={"nonsense": 1})
        with self.fails("cannot be written: expected"):
            self.break_writing()
        self.assertEqual(path.read_bytes(), before)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith(".")], [])

    def test_the_same_state_gives_the_same_bytes(self):
        self.assertEqual(self.save(name="a.h5").read_bytes(), self.save(name="b.h5").read_bytes())
