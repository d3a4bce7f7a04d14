"""A run of the MSAM authors' training script (github.com/MarlonBecker/MSAM, GPL-3.0, unchanged; MSAM names the folder): what it asks
of CUDA goes to the processor, and CIFAR10 is some made-up pictures. Their model and data for the conversion are here, too.

    MSAM=FOLDER msam_run.py RUN OPTIMIZER      OPTIMIZER: SGD | MSAM | AdamW_MSAM; the momentum as it was held goes into RUN/truth
"""
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import torch

from truth import keep

SOURCE = Path(os.environ["MSAM"]).resolve()
NETWORK = ["--model", "WRN", "--depth", "10", "--widthFactor", "1", "--dataset", "CIFAR10"]


def arrays(train):
    kinds = np.random.default_rng(0).integers(0, 255, (10, 32, 32, 3))
    chance, count = np.random.default_rng(1 if train else 2), 256 if train else 64
    y = chance.integers(0, 10, count)
    return np.clip(0.5 * kinds[y] + chance.normal(64, 60, (count, 32, 32, 3)), 0, 255).astype("uint8"), y


class Pictures(torch.utils.data.Dataset):
    def __init__(self, root, train, download, transform):
        self.x, self.y = arrays(train)
        self.transform = transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        from PIL import Image
        return self.transform(Image.fromarray(self.x[i])), int(self.y[i])


def their_modules(arguments):
    """Their arguments are of the whole program and are read once all their modules are there."""
    os.chdir(SOURCE)
    sys.path.insert(0, str(SOURCE))
    sys.argv = ["main.py", *arguments]


def make_net():
    here, given = os.getcwd(), sys.argv
    their_modules(NETWORK)
    import models
    import optimizer
    import utility.data
    import utility.dataLogger
    import utility.loss
    import utility.LRScheduler
    import utility.modelSaver
    import utility.rhoScheduler
    import utility.utils
    from utility.args import Args
    for name, kind in (("logDir", str), ("logSubDir", str), ("epochs", int), ("contin", bool)):  # those of main.py
        Args.add_argument("--" + name, type=kind)
    Args.parse_args()
    os.chdir(here)
    sys.argv = given
    return models.getModel()(num_classes=10)


def normalised(train):
    sys.path.insert(0, str(SOURCE))
    mean, deviation = ([0.4913999140262604, 0.48215872049331665, 0.4465313255786896],
                       [0.24703197181224823, 0.243484228849411, 0.26158687472343445])  # their dataSetStatistics of CIFAR10
    x, y = arrays(train)
    return (torch.tensor(x).permute(0, 3, 1, 2).float() / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(deviation).view(3, 1, 1), torch.tensor(y)


def train_set():
    return normalised(True)


def test_set():
    return normalised(False)


def on_the_processor():
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=os.environ.get("PORT", "29511"), RANK="0", WORLD_SIZE="1", SLURM_PROCID="0",
                      GLOO_SOCKET_IFNAME="lo")
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *a, **k: self
    torch.cuda.device_count, torch.cuda.set_device = lambda: 1, lambda *a: None
    begin = torch.distributed.init_process_group
    torch.distributed.init_process_group = lambda backend, init_method, rank: begin("gloo", init_method=init_method, rank=0, world_size=1)
    torch.nn.SyncBatchNorm.convert_sync_batchnorm = staticmethod(lambda model: model)
    compiled = torch.compile
    torch.compile = lambda model: compiled(model, backend="eager")


def main(run, method):
    import torchvision
    on_the_processor()
    torchvision.datasets.CIFAR10 = Pictures
    their_modules([*NETWORK, "--logDir", str(run.parent), "--logSubDir", run.name, "--optimizer", method, "--epochs", "4", "--batchSize", "32",
                   "--rho", "0.3", "--learningRate", "0.001" if method == "AdamW_MSAM" else "0.1", "--dataThreads", "0",
                   "--saveCheckpointInterval", "1"])
    import utility.modelSaver
    saver = utility.modelSaver.ModelSaver
    save = saver.__call__

    def save_and_keep(self, epoch):
        save(self, epoch)
        if epoch > 0:
            keep(run / "truth" / f"epoch_{epoch}.pt", self.model, self.optimizer, "exp_avg" if method == "AdamW_MSAM" else "momentum_buffer")

    saver.__call__ = save_and_keep
    runpy.run_path("main.py", run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
