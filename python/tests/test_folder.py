"""A folder as several people's training loops left it, with a convolutional network under BatchNorm: one call converts it, every command
takes it, and each momentum is where it belongs, tensor by tensor."""
import tempfile
import warnings
from pathlib import Path

import h5py
import torch
import torch.nn.functional as F
from torch import nn

try:
    from torch.func import functional_call
except ImportError:  # before torch 2
    from torch.nn.utils.stateless import functional_call

from support import MSAM, SAM, Case, basin, momenta, needs_basin, train, two_groups


def make_cnn():
    """Two convolutions and two norms of equal shapes: mixed up, their momenta would fit each other's places."""
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 3, 3, stride=2), nn.BatchNorm2d(3), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3, 3))


def images(n=24, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 2, 6, 6, generator=generator), torch.randint(0, 3, (n,), generator=generator)


def sgd(net):
    return torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)


def sam(net):
    return SAM(net.parameters(), torch.optim.SGD, rho=0.02, lr=0.1, momentum=0.9)


def msam(net):
    return MSAM(net.parameters(), lr=0.1, rho=0.1)


def plain(net, optimizer, epoch):
    return {"epoch": epoch, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict()}


def of_base_optimizer(net, optimizer, epoch):
    return {"epoch": epoch, "model": net.state_dict(), "optimizer": optimizer.base_optimizer.state_dict()}


def prefixed(prefix):
    def content(net, optimizer, epoch):
        state = {prefix + name: value for name, value in net.state_dict().items()}
        return {"epoch": epoch, "modelState": state, "optimizerState": optimizer.state_dict()}

    return content


# Folder: optimizer, what is saved, is the momentum in it?
LOOPS = {"sgd_seed_0": (sgd, plain, True), "sgd_seed_1": (sgd, plain, True), "groups_seed_0": (two_groups, plain, True),
         "sam_seed_0": (sam, of_base_optimizer, True), "sam_seed_1": (sam, of_base_optimizer, True), "wrapper_seed_0": (sam, plain, False),
         "msam_seed_0": (msam, prefixed("module._orig_mod."), True), "msam_seed_1": (msam, plain, True), "back_seed_0": (msam, plain, True),
         "ddp_seed_0": (sgd, prefixed("module."), True), "compiled_seed_0": (sgd, prefixed("_orig_mod."), True)}
METHODS = {"groups": "sgd", "wrapper": "sam", "back": "msam", "ddp": "sgd", "compiled": "sgd"}
EPOCHS = 2


class Folder(Case):
    """The runs are trained and converted once; the tests look at them."""

    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.runs, cls.out = Path(kept.name) / "runs", Path(kept.name) / "out"
        cls.expected = {}
        for name in LOOPS:
            cls.loop(name)
        options = dict(loss="cross_entropy", train=images(), test=images(seed=9), out=cls.out, order=two_groups, seed=r"seed_(\d+)",
                       hyperparameters={"batch_size": 8})  # of 24 rows: three batches an epoch
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cls.converted = basin.convert(make_cnn, str(cls.runs / "**/*.pt"), perturbed=True, **options)
            basin.convert(make_cnn, str(cls.runs / "back*/*.pt"), perturbed=False, **options)

    @classmethod
    def loop(cls, name):
        make, content, _ = LOOPS[name]
        torch.manual_seed(int(name[-1]))
        net = make_cnn()
        optimizer = make(net)
        for epoch in range(EPOCHS):
            train(net, optimizer, *images(), steps=3)
            if name.startswith("back"):
                optimizer.move_back()
            path = cls.runs / name / f"epoch_{epoch}.pt"
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(content(net, optimizer, epoch), path)
            base = getattr(optimizer, "base_optimizer", optimizer)
            cls.expected[name, epoch] = ({key: value.clone() for key, value in net.state_dict().items()},
                                         {key: value.clone() for key, value in momenta(net, base).items()})
            if name.startswith("back"):
                optimizer.move_forth()

    def at_theta(self, name):
        """The network after the last epoch, in double precision and evaluation mode, its perturbation undone."""
        state, momentum = self.expected[name, EPOCHS - 1]
        net, found = make_cnn().double().eval(), self.training(self.path(name))
        net.load_state_dict(state)
        with torch.no_grad():
            for key, p in net.named_parameters():
                if found["perturbed"] == "yes":
                    p.add_(momentum[key], alpha=found["undo"])
        return net

    def path(self, name, epoch=EPOCHS - 1):
        return self.out / name / f"epoch_{epoch}.h5"


class Files(Folder):
    def test_every_file_became_a_checkpoint(self):
        self.assertEqual([str(entry) for entry in self.converted.failed], [])
        self.assertEqual(len(self.converted.written), EPOCHS * len(LOOPS))
        self.assertEqual(len(list(self.out.glob("**/data-*.h5"))), 1)

    def test_tensor_by_tensor(self):
        trained = [name for name, _ in make_cnn().named_parameters()]
        for (name, epoch), (state, momentum) in self.expected.items():
            path = self.path(name, epoch)
            self.same(path, "parameters", {key: state[key] for key in trained})
            self.same(path, "optimizer/momentum", momentum if LOOPS[name][2] else {})
            self.same(path, "buffers", {key: value.double() for key, value in state.items() if key.endswith(("running_mean", "running_var"))})

    def test_what_is_known_of_each(self):
        for name in LOOPS:
            found, kind = self.training(self.path(name)), name.split("_")[0]
            self.assertEqual((found["method"], found["step"], found["seed"]), (METHODS.get(kind, kind), 3 * EPOCHS, int(name[-1])), name)
            self.assertEqual(found["perturbed"], "yes" if kind == "msam" else "no", name)
            with h5py.File(self.path(name), "r") as f:
                point = {"msam": "theta_perturbed", "sam": "sam"}.get(found["method"], "theta")
                self.assertEqual(f["buffers"].attrs.get("point"), point, name)

    def test_losses_are_of_theta_with_the_stored_statistics(self):
        x, y = images()
        for name in LOOPS:
            with h5py.File(self.path(name), "r") as f:
                self.close(f["recorded/train_loss"].attrs["value"], F.cross_entropy(self.at_theta(name)(x.double()), y).item(), 1e-12)

    def test_one_theta_saved_in_two_ways(self):
        """MSAM's runs with seed 0 are one run, saved between steps and moved back."""
        with h5py.File(self.path("msam_seed_0"), "r") as a, h5py.File(self.path("back_seed_0"), "r") as b:
            self.close(a["recorded/train_loss"].attrs["value"], b["recorded/train_loss"].attrs["value"], 1e-5)


@needs_basin
class Commands(Folder):
    def test_info_spectrum_slice_sane(self):
        for name, (_, _, has_momentum) in LOOPS.items():
            path = self.path(name)
            info = self.basin("info", path, "--json")
            self.assertEqual((info["has_momentum"], info["seed"]), (has_momentum, int(name[-1])))
            self.assertGreater(self.basin("spectrum", path, "--json")["eigenvalues"][0], 0)
            self.assertGreater(self.basin("sane", path, "--json")["sane"]["value"], 0)
            if has_momentum:
                slice_ = self.basin("slice", path, "--along", "momentum", "--grid", "3", "--json")
                self.assertEqual(slice_["provenance"]["weights"], "undone" if name.startswith("msam") else "unperturbed")
                with h5py.File(path, "r") as f:
                    self.close(slice_["surfaces"][0]["centre_loss"], f["recorded/train_loss"].attrs["value"], 1e-12)

    def test_eigenvalues_are_those_of_torchs_hessian(self):
        for name in ("sgd_seed_0", "msam_seed_0"):
            net, (x, y) = self.at_theta(name), images()
            names, parameters = zip(*net.named_parameters())
            flat = torch.cat([p.detach().flatten() for p in parameters])

            def loss(vector):
                parts = vector.split([p.numel() for p in parameters])
                return F.cross_entropy(functional_call(net, {n: v.reshape(p.shape) for n, v, p in zip(names, parts, parameters)}, (x.double(),)), y)

            expected = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, flat)).flip(0)
            found = self.basin("spectrum", self.path(name), "--method", "dense", "--json")["eigenvalues"]
            self.close(found, expected, 1e-9)

    def test_compare(self):
        compared = self.basin("compare", *(self.out / f"{m}_seed_{s}" for m in ("sgd", "sam", "msam") for s in (0, 1)), "--json")
        self.assertEqual((compared["kind"], compared["step"]), ("comparison", 3 * EPOCHS))

    def test_a_momentum_that_the_wrapper_lost(self):
        path, previous = self.path("wrapper_seed_0"), self.path("wrapper_seed_0", EPOCHS - 2)
        said = self.basin("slice", path, "--along", "momentum", fails=True)
        self.assertIn("the state of a SAM wrapper does not hold it, that of its base optimizer does", said)
        offered = said.split("--along to:")[1].split()[0]
        self.assertEqual(offered, str(previous))
        self.basin("slice", path, "--along", f"to:{offered}", "--grid", "3", "--json")


del Folder  # has no tests of its own
