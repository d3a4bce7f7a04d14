"""A run of Hugging Face's Trainer: a tiny BERT on sentences that are made here, AdamW with weight decay on matrices alone.

    hugging_face_run.py RUN OPTIM SEED      OPTIM: adamw_torch | sgd; the momentum as AdamW held it goes into RUN/truth
"""
import os
import random
import sys
from pathlib import Path

import torch
from torch import nn

from truth import keep

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is fetched
WORDS = {1: "warm bright kind calm sweet fresh gentle clear", 0: "cold dull cruel loud bitter stale rough dim",
         None: "the a this that soup house road song was is seems looks very quite rather and"}
WORDS = {kind: words.split() for kind, words in WORDS.items()}
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = MARKS + [word for words in WORDS.values() for word in words]


def sentences(seed, count):
    """Nine words of which three tell the class, each with one chance in six of the other side."""
    chance = random.Random(seed)
    for _ in range(count):
        label = chance.randrange(2)
        telling = [chance.choice(WORDS[label if chance.random() < 5 / 6 else 1 - label]) for _ in range(3)]
        rest = [chance.choice(WORDS[None]) for _ in range(6)]
        yield " ".join(chance.sample(telling + rest, 9)), label


def tokens(text):
    return [VOCABULARY.index("[CLS]"), *(VOCABULARY.index(word) for word in text.split()), VOCABULARY.index("[SEP]")]


def tensors(seed, count):
    pairs = list(sentences(seed, count))
    return torch.tensor([tokens(text) for text, _ in pairs]), torch.tensor([label for _, label in pairs])


def train_set():
    return tensors(1, 256)


def test_set():
    return tensors(2, 128)


def bert():
    from transformers import BertConfig, BertForSequenceClassification
    return BertForSequenceClassification(BertConfig(vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                                                    intermediate_size=32, max_position_embeddings=16, num_labels=2))


class Logits(nn.Module):
    """basin takes a module that returns its logits alone."""

    def __init__(self):
        super().__init__()
        self.net = bert()

    def forward(self, x):
        return self.net(input_ids=x).logits


class Sentences(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {"input_ids": self.x[i], "labels": self.y[i]}


def main(run, optim, seed):
    from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

    class Truth(TrainerCallback):
        def on_save(self, arguments, state, control, model=None, optimizer=None, **more):
            if optim == "adamw_torch":
                keep(run / "truth" / f"checkpoint-{state.global_step}.pt", model, optimizer, "exp_avg")

    set_seed(seed)
    arguments = TrainingArguments(str(run), num_train_epochs=6, per_device_train_batch_size=32, save_strategy="steps", save_steps=16,
                                  eval_strategy="steps", eval_steps=16, logging_steps=16, use_cpu=True, report_to=[], weight_decay=0.05,
                                  learning_rate=3e-3 if optim == "adamw_torch" else 0.1, optim=optim, seed=seed, disable_tqdm=True)
    Trainer(bert(), arguments, train_dataset=Sentences(*train_set()), eval_dataset=Sentences(*test_set()), callbacks=[Truth()]).train()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
