"""Checkpoints as trainers and libraries lay them out: files and folders, names and nesting, averaged, pruned
and normalised weights."""
import argparse
import copy
import json
import sys
import unittest
from pathlib import Path
from unittest import mock

import h5py
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from support import Converting, basin, make_net, momenta, train, two_groups

try:
    from safetensors.torch import save_file
except ImportError:
    save_file = None

DATA = Path(__file__).resolve().parent / "data"
needs_safetensors = unittest.skipIf(save_file is None, "no package of Debian has safetensors")


def adamw(model):
    """The groups of Hugging Face's Trainer, which its files do not name."""
    decayed = [p for name, p in model.named_parameters() if "bias" not in name]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {
        "params": [p for name, p in model.named_parameters() if "bias" in name], "weight_decay": 0.0
    }], lr=1e-3)


class Layouts(Converting):
    def trained(self, make=two_groups, steps=3):
        optimizer = make(self.net)
        train(self.net, optimizer, self.x, self.y, steps)
        return optimizer

    def sgd(self, net=None):
        return torch.optim.SGD((net or self.net).parameters(), lr=0.1, momentum=0.9)

    def weights(self, path, net=None):
        self.same(path, "parameters", dict((net or self.net).named_parameters()))

    def put(self, name, content):
        """Into a file of the folder; the content may go on to change."""
        self.save(name, copy.deepcopy(content))


class Names(Layouts):
    def test_lightning(self):
        optimizer = self.trained(self.sgd)
        state = {"model.net." + name: p for name, p in self.net.state_dict().items()}
        state["criterion.weight"], state["train_acc.tp"] = torch.ones(3), torch.tensor(4)
        content = {
            "epoch": 3, "global_step": 80, "pytorch-lightning_version": "2.2.0", "state_dict": state,
            "callbacks": {}, "loops": {}, "optimizer_states": [optimizer.state_dict()],
            "hyper_parameters": {"seed": 7, "batch_size": 20, "lr": 0.1}
        }
        entry = self.one(content)
        self.weights(entry.path)
        self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer))
        found = self.training(entry.path)
        self.assertEqual((found["step"], found["epoch"], found["seed"], found["batch_size"]), (80, 3, 7, 20))
        for words in ("names in the file begin with «model.net»", "not of the network: criterion.weight, "
                      "train_acc.tp", "hyper_parameters.seed is 7", "hyper_parameters.batch_size is 20"):
            self.assertIn(words, str(entry))

    def test_several_optimizers_in_a_list(self):
        optimizer, other = self.trained(self.sgd), torch.optim.SGD([nn.Parameter(torch.zeros(2))], lr=1.0)
        content = {
            "state_dict": self.net.state_dict(),
            "optimizer_states": [other.state_dict(), optimizer.state_dict()]
        }
        self.same(self.one(content).path, "optimizer/momentum", momenta(self.net, optimizer))
        content["optimizer_states"][0] = optimizer.state_dict()
        self.assertIn("2 optimizer states in the file: say which by optimizer_key=optimizer_states.0",
                      str(self.one(content)))
        self.assertTrue(self.one(content, optimizer_key="optimizer_states.1").momentum)

    def test_a_model_in_a_wrapper_of_its_own(self):
        """The file is of the network alone, the model one that holds it."""
        class Logits(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = make_net()

            def forward(self, x):
                return self.inner(x)

        entry = self.one(self.net.state_dict(), model=Logits)
        self.same(entry.path, "parameters", {"inner." + name: p for name, p in self.net.named_parameters()})
        self.assertIn("names in the file lack «inner»", str(entry))
        entry = self.one({"state_dict": {"backbone." + name: p
                                         for name, p in self.net.state_dict().items()}}, model=Logits)
        self.assertIn("names in the file begin with «backbone»; names in the file lack «inner»", str(entry))

    def test_wrappers_of_submodules(self):
        state = {
            f"_fsdp_wrapped_module.{name[0]}._checkpoint_wrapped_module.{name[2:]}": p
            for name, p in self.net.state_dict().items()
        }
        self.weights(self.one(state).path)
        self.assertIn("_flat_param is a flat parameter of FullyShardedDataParallel",
                      self.error({"a._flat_param": torch.ones(9)}))

    def test_two_networks_in_one_state_dict(self):
        """Raw and averaged weights: to guess would be to mix them up."""
        raw, mean = self.net, make_net(seed=2)
        state = {
            **{"model." + name: p for name, p in raw.state_dict().items()},
            **{"ema." + name: p for name, p in mean.state_dict().items()}
        }
        content = {"state_dict": state, "epoch": 1}
        self.assertIn("weights of Sequential are there 2 times, under «model» and «ema»: say which by "
                      "model_key=", self.error(content))
        for key, net in (("state_dict.model", raw), ("state_dict.ema", mean)):
            self.weights(self.one(content, model_key=key).path, net)

    def test_what_lies_outside_of_the_prefix_is_a_warning(self):
        state = {
            **{"net." + name: p for name, p in self.net.state_dict().items()}, "head.weight": torch.
            ones(3, 3)
        }
        self.assertIn("warning: left out, outside of «net»: head.weight; is the model whole without it?",
                      str(self.one({"state_dict": state})))

    def test_counters_of_profilers(self):
        state = {
            **self.net.state_dict(), "total_ops": torch.zeros(1, dtype=torch.float64),
            "0.total_ops": torch.zeros(1, dtype=torch.float64),
            "0.total_params": torch.zeros(1, dtype=torch.float64), "loss_fn.pos_weight": torch.ones(3),
            "position_ids": torch.arange(5)
        }
        entry = self.one(state)
        self.weights(entry.path)
        self.assertIn("not of the network: total_ops, 0.total_ops, 0.total_params and 2 more", str(entry))

    def test_nested_keys(self):
        optimizer = self.trained(self.sgd)
        content = {
            "trainer": argparse.Namespace(model=self.net.state_dict(), opt=[optimizer.state_dict()]),
            "epoch": 2
        }
        entry = self.one(content, model_key="trainer.model", optimizer_key="trainer.opt.0")
        self.weights(entry.path)
        self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer))
        self.assertIn("no key «trainer.nothing» for the model; there are trainer, epoch",
                      self.error(content, model_key="trainer.nothing"))

    def test_timm(self):
        optimizer, mean = self.trained(self.sgd), make_net(seed=2)
        content = {
            "epoch": 4, "arch": "net", "state_dict": self.net.state_dict(),
            "optimizer": optimizer.state_dict(), "version": 2, "args": argparse.Namespace(lr=0.1, seed=42),
            "state_dict_ema": mean.state_dict(), "metric": 71.3
        }
        entry = self.one(content)
        self.weights(entry.path)
        self.assertTrue(entry.momentum)
        self.assertEqual(self.training(entry.path)["seed"], 42)
        self.assertIn("the file also has state_dict_ema: model_key= takes it", str(entry))
        entry = self.one(content, model_key="state_dict_ema")
        self.weights(entry.path, mean)
        self.assertFalse(entry.momentum)
        self.assertIn("the momentum in the file is of the weights that were trained, and left out",
                      str(entry))
        self.assertEqual(self.training(entry.path)["method"], "sgd")
        self.assertTrue(self.one(content, model_key="state_dict_ema", optimizer_key="optimizer").momentum)

    def test_averaged_models(self):
        optimizer, mean = self.trained(self.sgd), torch.optim.swa_utils.AveragedModel(self.net)
        mean.update_parameters(self.net)
        entry = self.one({"model": mean.state_dict(), "optimizer": optimizer.state_dict()})
        self.weights(entry.path, mean.module)
        self.assertFalse(entry.momentum)
        self.assertIn("averaged weights", str(entry))

    def test_lightnings_averages(self):
        """Its callback swaps the weights when it saves: the optimizer's state is of those that it puts
        beside."""
        optimizer, mean = self.trained(self.sgd), make_net(seed=2)
        content = {
            "state_dict": mean.state_dict(), "current_model_state": self.net.state_dict(),
            "averaging_state": {"n_averaged": torch.tensor(3)}, "optimizer_states": [optimizer.state_dict()]
        }
        entry = self.one(content)
        self.weights(entry.path, mean)
        self.assertFalse(entry.momentum)
        self.assertIn("averaged weights, of those under model_key=current_model_state", str(entry))
        entry = self.one(content, model_key="current_model_state")
        self.weights(entry.path)
        self.assertTrue(entry.momentum)

    def test_states_by_name(self):
        """Full states of FullyShardedDataParallel have names where others have numbers: groups need no
        order."""
        optimizer = self.trained()
        state, names = optimizer.state_dict(), {}
        for group, live in zip(state["param_groups"], optimizer.param_groups):
            of = {id(p): name for name, p in self.net.named_parameters()}
            names.update(zip(group["params"], (of[id(p)] for p in live["params"])))
            group["params"] = [names[i] for i in group["params"]]
        state["state"] = {names[i]: value for i, value in state["state"].items()}
        entry = self.one({"model": self.net.state_dict(), "optimizer": state})
        self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer))


class Parts(Layouts):
    """θ is what was trained, and the graph computes the weight from it; whether the caller's network does
    that already or not."""

    def both(self, change, content=lambda net: {"model": net.state_dict()}, **options):
        """The checkpoint of a changed network, by the changed model and by the bare one."""
        self.net = change(make_net())
        optimizer = self.sgd()
        train(self.net, optimizer, self.x, self.y, 3)
        saved = {**content(self.net), "optimizer": optimizer.state_dict()}
        for model in (lambda: change(make_net(seed=5)), lambda: make_net(seed=5)):
            entry = self.one(saved, model=model, **options)
            self.weights(entry.path)
            self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer))
            net = change(make_net(seed=5)).double().eval()
            net.load_state_dict(self.net.state_dict())
            with h5py.File(entry.path, "r") as f:
                self.close(f["recorded/train_loss"].attrs["value"],
                           F.cross_entropy(net(self.x.double()), self.y).item(), 1e-7)
        return entry

    def test_pruned(self):
        def change(net):
            prune.l1_unstructured(net[0], "weight", amount=0.5)
            prune.random_unstructured(net[2], "bias", amount=0.4)
            return net

        entry = self.both(change)
        self.assertIn("weights in parts (pruned): θ is what was trained", str(entry))
        self.same(entry.path, "buffers", {
            "0.weight_mask": self.net[0].weight_mask.double(), "2.bias_mask": self.net[2].bias_mask.double()
        })

    def test_an_optimizer_from_before_the_pruning(self):
        """It has weight and bias in the other order; the shapes tell, and where they do not the momentum is
        left out."""
        def saved(net):
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
            prune.l1_unstructured(net[0], "weight", amount=0.5)
            for _ in range(3):
                optimizer.zero_grad()
                F.cross_entropy(net(self.x), self.y).backward()
                optimizer.step()
            return optimizer, {"model": net.state_dict(), "optimizer": optimizer.state_dict()}

        optimizer, content = saved(self.net)
        self.same(self.one(content).path, "optimizer/momentum", momenta(self.net, optimizer))
        def square():
            return nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 3))
        optimizer, content = saved(square())
        entry = self.one(content, model=square)
        self.assertFalse(entry.momentum)
        self.assertIn("whether the optimizer was made before or after the weights were taken into parts",
                      str(entry))

    def test_weight_norm(self):
        def change(net):
            weight_norm(net[0])
            weight_norm(net[2], dim=1)
            weight_norm(net[4], dim=None)
            return net

        self.assertIn("weights in parts (weight norm)", str(self.both(change)))

    @unittest.skipIf(not hasattr(parametrizations, "weight_norm"), "this PyTorch has no parametrized weight norm")
    def test_weight_norm_as_a_parametrization(self):
        def change(net):
            parametrizations.weight_norm(net[0])
            parametrizations.weight_norm(net[2], dim=1)
            return net

        self.assertIn("weights in parts (weight norm (parametrization))", str(self.both(change)))

    @unittest.skipIf(hasattr(parametrizations, "weight_norm"), "torch from 2.0 on")
    def test_weight_norm_as_a_parametrization_before_torch_has_it(self):
        state = self.net.state_dict()
        state["parametrizations.weight.original0"] = state.pop("0.weight")[:, :1]
        state = {
            name.replace("parametrizations", "0.parametrizations"): value for name, value in state.items()
        }
        state["0.parametrizations.weight.original1"] = torch.ones(5, 6)
        self.assertIn("weight norm as a parametrization, which torch 1.13", self.error(state))

    def test_spectral_norm(self):
        self.assertIn("weights in parts (spectral norm)",
                      str(self.both(lambda net: spectral_norm(net[2]) and net)))

    def test_spectral_norm_as_a_parametrization(self):
        def change(net):
            parametrizations.spectral_norm(net[2])
            return net

        self.assertIn("weights in parts (spectral norm (parametrization))", str(self.both(change)))

    def test_a_parametrization_that_the_file_does_not_tell(self):
        state = self.net.state_dict()
        state["0.parametrizations.weight.original"] = state.pop("0.weight")
        self.assertIn("0.weight is made by a parametrization that is not in the file: give the model with it",
                      self.error(state))

    def test_a_convolution_is_refused_by_name(self):
        net = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
        prune.l1_unstructured(net[0], "weight", amount=0.5)
        x = self.x[:, None]
        said = self.error(net.state_dict(), train=(x, self.y),
                          model=lambda: nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3)))
        self.assertIn("conv1d in 0 (Conv1d): its weight is computed", said)


class Folders(Layouts):
    def written(self, *patterns, **options):
        result = self.convert(patterns[0] if patterns else "", **options)
        self.assertEqual([str(entry) for entry in result.failed], [])
        return sorted(str(path.relative_to(self.folder / "out")) for path in result.written), result

    def hugging_face(self, step, state=True, weights="pytorch_model.bin"):
        optimizer = self.trained(adamw, 3)
        for kept in optimizer.state.values():  # as after that many, or without a count of its own
            kept["step"] = torch.tensor(float(step)) if state else None
        folder = f"run/checkpoint-{step}"
        self.put(f"{folder}/{weights}", self.net.state_dict())
        self.put(f"{folder}/optimizer.pt", optimizer.state_dict())
        self.put(f"{folder}/rng_state.pth", {"python": (3, (1, 2), None)})
        self.put(f"{folder}/scheduler.pt", {"last_epoch": 3})
        self.put(f"{folder}/training_args.bin", argparse.Namespace(lr=1e-3))
        if state:
            said = {"global_step": step, "epoch": step / 10, "log_history": [{"loss": 1.0, "step": step}]}
            (self.runs / folder / "trainer_state.json").write_text(json.dumps(said))
        return optimizer, {
            name: value.clone() for name, value in momenta(self.net, optimizer, "exp_avg").items()
        }

    def test_hugging_faces_trainer(self):
        """Two groups, whose order is the Trainer's: the momentum of every tensor, and one folder for the
        run."""
        expected = {step: self.hugging_face(step)[1] for step in (500, 1000)}
        for pattern, prefix in (("run/checkpoint-*", ""), ("run", ""), ("**/*.bin", "run/"),
                                ("run/checkpoint-*/*.pt", "")):
            paths, result = self.written(pattern)
            self.assertEqual(paths, [f"{prefix}checkpoint-1000.h5", f"{prefix}checkpoint-500.h5"], pattern)
            for step, momentum in expected.items():
                path = self.folder / "out" / prefix / f"checkpoint-{step}.h5"
                self.same(path, "optimizer/momentum", momentum)
                found = self.training(path)
                self.assertEqual((found["step"], found["epoch"]), (step, step / 10))
                self.assertIn(found["method"], ("adam", "adamw"))  # torch before 2.7 does not say which

    def test_steps_from_the_folders_name(self):
        self.hugging_face(700, state=False)
        paths, result = self.written("run/*")
        self.assertEqual((paths, result.entries[0].step, result.entries[0].momentum),
                         (["checkpoint-700.h5"], 700, False))
        self.assertIn("momentum left out", str(result))
        self.assertTrue(self.convert("run/*", order=adamw).entries[0].momentum)

    def test_shards_by_their_index(self):
        names = list(self.net.state_dict())
        parts = {"pytorch_model-00001-of-00002.bin": names[:2], "pytorch_model-00002-of-00002.bin": names[2:]}
        for file, inside in parts.items():
            self.put(f"run/checkpoint-5/{file}", {name: self.net.state_dict()[name] for name in inside})
        index = self.runs / "run/checkpoint-5/pytorch_model.bin.index.json"
        weight_map = {name: file for file, inside in parts.items() for name in inside}
        index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
        for pattern in ("run/*", "run/*/*.bin"):
            paths, result = self.written(pattern)
            self.assertEqual(paths, ["checkpoint-5.h5"])
            self.weights(result.written[0])
        for wrong, words in (({"0.weight": "../../other.bin"}, "pytorch_model.bin.index.json: no index of "
                              "shards"), ([], "no index of shards"),
                             ({**weight_map, "9.weight": "pytorch_model-00001-of-00002.bin"}, "9.weight is "
                              "not in pytorch_model-00001-of-00002.bin"),
                             ({"0.weight": "absent.bin"}, "absent.bin: cannot be read: No such file")):
            index.write_text(json.dumps({"weight_map": wrong}))
            self.assertIn(words, str(self.convert("run/*")))
        index.write_text("[" * 100_000)
        self.assertIn("pytorch_model.bin.index.json cannot be read", str(self.convert("run/*")))

    def test_accelerate(self):
        for epoch in (0, 1):
            optimizer = self.trained(self.sgd)
            self.put(f"states/epoch_{epoch}/pytorch_model.bin", self.net.state_dict())
            self.put(f"states/epoch_{epoch}/optimizer.bin", optimizer.state_dict())
            self.put(f"states/epoch_{epoch}/scheduler.bin", {"last_epoch": epoch})
            (self.runs / f"states/epoch_{epoch}/random_states_0.pkl").write_bytes(b"\x80\x04N.")
        paths, result = self.written("states")
        self.assertEqual(paths, ["epoch_0.h5", "epoch_1.h5"])
        self.same(result.written[-1], "optimizer/momentum", momenta(self.net, optimizer))

    def test_a_folder_for_every_saving(self):
        for seed in (0, 1):
            for epoch in (3, 12):
                self.put(f"seed_{seed}/epoch_{epoch}/model.pt",
                         {"model": self.net.state_dict(), "epoch": epoch})
            self.put(f"seed_{seed}/final.pt", self.net.state_dict())
        paths, _ = self.written("**/*.pt", method="sgd")
        self.assertEqual(paths, [
            f"seed_{seed}/{name}.h5" for seed in (0, 1) for name in ("epoch_12", "epoch_3", "final")
        ])

    def test_weights_and_optimizer_in_two_files(self):
        optimizer = self.trained(self.sgd)
        self.put("seed_0/model.pt", self.net.state_dict())
        self.put("seed_0/optimizer.pt", {"optimizer": optimizer.state_dict()})
        paths, result = self.written("**/*.pt")
        self.assertEqual(paths, ["seed_0/model.h5"])
        self.same(result.written[0], "optimizer/momentum", momenta(self.net, optimizer))

    def test_a_whole_folder(self):
        self.put("a/one.pt", self.net.state_dict())
        self.put("a/deep/two.ckpt", self.net.state_dict())
        (self.runs / "a/notes.txt").write_text("x")
        self.assertEqual(self.written("", method="sgd")[0], ["a/deep/two.h5", "a/one.h5"])
        self.assertEqual(self.written("a", method="sgd")[0], ["deep/two.h5", "one.h5"])
        self.put("b/one.pt", self.net.state_dict())
        result = basin.convert(make_net, [self.runs / "a", self.runs / "b"], loss="mse", example_input=self.x,
                               out=self.folder / "both")
        self.assertEqual([str(path.relative_to(self.folder / "both"))
                          for path in result.written], ["a/one.h5", "a/deep/two.h5", "b/one.h5"])

    def test_what_is_wrong_names_the_file_in_the_folder(self):
        self.hugging_face(1)
        folder = self.runs / "run/checkpoint-1"
        for file, content, words in (("trainer_state.json", "{", "checkpoint-1: trainer_state.json cannot "
                                                                 "be read"),
                                     ("trainer_state.json", '{"global_step": 1e999}', "checkpoint-1: step "
                                                                                      "is inf in the file: "
                                                                                      "damaged?"),
                                     ("optimizer.pt", "x", "checkpoint-1: optimizer.pt: truncated, or not a "
                                                           "file of torch.save")):
            before = (folder / file).read_bytes()
            (folder / file).write_text(content)
            self.assertIn(words, str(self.convert("run/*")))
            (folder / file).write_bytes(before)


class Distributed(Layouts):
    """tests/data/distributed: folders that torch 2.15 wrote (make_distributed.py); read without torch's own
    reader."""

    def reference(self):
        return torch.load(DATA / "distributed" / "reference.pt")

    def test_every_way_that_it_is_saved(self):
        expected = self.reference()
        for name in ("named", "numbered", "weights", "pieces"):
            result = self.convert(str(DATA / "distributed" / name), method="sgd")
            self.assertEqual([str(entry) for entry in result.failed], [])
            self.assertEqual(result.written[0], self.folder / "out" / f"{name}.h5")
            self.same(result.written[0], "parameters", expected["model"])
            self.same(result.written[0], "optimizer/momentum",
                      expected["momentum"] if name in ("named", "numbered") else {})
        found = self.training(self.folder / "out/named.h5")
        self.assertEqual((found["epoch"], found["step"], found["learning_rate"]), (3, 7, 0.1))

    def copied(self, name):
        folder = self.runs / "step_7"
        folder.mkdir(parents=True, exist_ok=True)
        for file in (DATA / "distributed" / name).iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        return folder

    def test_hostile_ones(self):
        folder = self.copied("weights")
        good = (folder / ".metadata").read_bytes()
        for wrong, words in ((b"\x80\x02cos\nsystem\n(X\x04\0\0\0truetR.", "would call os.system"),
                             (good[:100], "truncated"), (b"\x80\x04}.", "truncated"),
                             (good.replace(b"__0_0.distcp", b"../../../etc"),
                              "truncated"), (good.replace(b"__0_0.distcp", b"__9_9.distcp"), "No such file")):
            (folder / ".metadata").write_bytes(wrong)
            failed, = self.convert("step_7").failed
            self.assertIn(words, failed.error)
        (folder / ".metadata").write_bytes(good)
        (folder / "__0_0.distcp").write_bytes((folder / "__0_0.distcp").read_bytes()[:1000])
        self.assertIn("truncated", str(self.convert("step_7")))


class SafeTensors(Layouts):
    @needs_safetensors
    def test_files_and_folders(self):
        optimizer = self.trained(adamw)
        folder = self.runs / "run/checkpoint-20"
        folder.mkdir(parents=True)
        save_file({name: p.contiguous() for name, p in self.net.state_dict().items()},
                  str(folder / "model.safetensors"))
        torch.save(optimizer.state_dict(), folder / "optimizer.pt")
        (folder / "trainer_state.json").write_text('{"global_step": 20, "epoch": 2.0}')
        entry, = self.convert("run/*").entries
        self.weights(entry.path)
        self.same(entry.path, "optimizer/momentum", momenta(self.net, optimizer, "exp_avg"))
        save_file({"net." + name: p.to(torch.bfloat16) for name, p in self.net.state_dict().items()},
                  str(self.runs / "a.safetensors"))
        entry, = self.convert("a.safetensors", method="sgd").entries
        self.same(entry.path, "parameters",
                  {name: p.to(torch.bfloat16).float() for name, p in self.net.named_parameters()})

    @needs_safetensors
    def test_damaged_ones(self):
        self.runs.mkdir()
        for content in (b"", b"x" * 100, b"\xff" * 8 + b"{}"):
            (self.runs / "a.safetensors").write_bytes(content)
            failed, = self.convert("a.safetensors").failed
            self.assertIn("truncated, or not a file of safetensors", failed.error)

    def test_how_to_get_the_library(self):
        self.runs.mkdir()
        (self.runs / "a.safetensors").write_bytes(b"\0" * 8)
        with mock.patch.dict(sys.modules, {"safetensors": None}):
            failed, = self.convert("a.safetensors").failed
        self.assertEqual(failed.error, "a file of safetensors, whose library is not here: pip install "
                                       "safetensors")


class Odd(Layouts):
    """One odd file is named, and the others go on."""

    def test_files_that_are_odd_each_in_its_way(self):
        optimizer = self.trained(self.sgd)
        model, state = self.net.state_dict(), optimizer.state_dict()

        def with_group(**options):
            return {
                "model": model,
                "optimizer": {**state, "param_groups": [{**state["param_groups"][0], **options}]}
            }

        def with_tensor(change):
            return {"model": {name: change(p) for name, p in model.items()}}

        odd = {
            "inf_epoch": ({"model": model, "epoch": float("inf")}, "epoch is inf in the file"),
            "huge_epoch": ({"model": model, "epoch": 1e300}, "epoch is 1e+300 in the file"),
            "inf_step": ({"model": model, "step": float("-inf")}, "step is -inf in the file"),
            "sparse": (with_tensor(lambda p: p.to_sparse()), "0.weight is a sparse tensor"),
            "meta": (with_tensor(lambda p: p.to("meta")), "0.weight is on device meta"),
            "complex": (with_tensor(lambda p: p.to(torch.complex64)), "0.weight has complex numbers"),
            "rate": (with_group(lr=float("inf")), "optimizer: lr is inf: not a finite number"),
            "text": (with_group(momentum="a\x1b[0m"), "optimizer: momentum is 'a\\x1b[0m': not a number"),
            "groups": ({"model": model,
                        "optimizer": {"state": [], "param_groups": {}}}, "the optimizer's state is damaged"),
            "params": (with_group(params=None), "the optimizer's state is damaged"), "buffers": ({
                "model": model,
                "optimizer": {**state, "state": {i: {"momentum_buffer": "x"} for i in range(6)}}
            }, "optimizer: momentum_buffer of 0.weight is str, not a tensor"), "shapes": (
                {"model": model, "optimizer": {**state, "state": {0: {"momentum_buffer": torch.zeros(7)}}}
                 }, "momentum_buffer"),
            "names": ({"model": {**model, "a\x1b[31mb\n": torch.zeros(2)}}, "a\\x1b[31mb\\n in the state "
                      "dict is nothing of Sequential")
        }
        for name, (content, _) in odd.items():
            self.put(f"{name}.pt", content)
        self.put("z_good.pt", {"model": model, "optimizer": state, "epoch": 1})
        result = self.convert("*.pt")
        self.assertEqual([path.name for path in result.written], ["z_good.h5"])
        said = {entry.source.stem: entry.error for entry in result.failed}
        for name, (_, words) in odd.items():
            self.assertIn(words, said[name])
            self.assertTrue(said[name].isprintable(), said[name])

    def test_numbers_that_cannot_be_are_unknown(self):
        entry = self.one(
            {"model": self.net.state_dict(), "seed": -1, "batch_size": float("inf"), "epoch": float("nan")})
        found = self.training(entry.path)
        self.assertFalse({"seed", "batch_size", "epoch"} & set(found))
        self.assertIn("seed is -1 in the file: unknown; batch_size is inf in the file: unknown", str(entry))
