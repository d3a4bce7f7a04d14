"""A run of Lightning: a convolutional network with BatchNorm, SGD with momentum, and its callback for averaged weights.

    lightning_run.py RUN METHOD SEED      METHOD: sgd | nag; the momentum as the optimizer held it goes into RUN/truth
"""
import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from truth import keep


def make_net():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, padding=1),
                         nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4))


def pictures(seed, count):
    """Of four kinds, with noise."""
    g = torch.Generator().manual_seed(seed)
    kinds = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    y = torch.randint(0, 4, (count,), generator=g)
    return kinds[y] + 1.2 * torch.randn(count, 1, 8, 8, generator=g), y


def train_set():
    return pictures(1, 480)


def test_set():
    return pictures(2, 200)


def main(run, method, seed):
    import lightning
    from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint

    class Classifier(lightning.LightningModule):
        def __init__(self, lr=0.05):
            super().__init__()
            self.save_hyperparameters()
            self.net, self.criterion = make_net(), nn.CrossEntropyLoss()

        def training_step(self, batch, number):
            loss = self.criterion(self.net(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch, number):
            self.log("val_loss", self.criterion(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.lr, momentum=0.9, nesterov=method == "nag", weight_decay=1e-3)
            return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6)}

    class Truth(Callback):
        def on_save_checkpoint(self, trainer, module, checkpoint):
            keep(run / "truth" / f"epoch={trainer.current_epoch}-step={trainer.global_step}.pt", module, trainer.optimizers[0],
                 "momentum_buffer")

    lightning.seed_everything(seed)
    saver = ModelCheckpoint(dirpath=run, save_top_k=-1, monitor="val_loss", filename="{epoch}-{step}")
    trainer = lightning.Trainer(max_epochs=6, callbacks=[saver, EMAWeightAveraging(decay=0.9), Truth()], logger=False, accelerator="cpu",
                                enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(Classifier(), DataLoader(TensorDataset(*train_set()), 60, shuffle=True), DataLoader(TensorDataset(*test_set()), 200))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
