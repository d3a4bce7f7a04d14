"""Makes distributed/: folders of torch.distributed.checkpoint as torch itself writes them, and what they hold
in one file of torch.save.

Run:   python3 make_distributed.py      (torch 2.4 or later with gloo; these were written by torch 2.15)

    named      state dicts of model and optimizer by torch.distributed.checkpoint.state_dict, with names in
               the optimizer's state
    numbered   those of the model and the optimizer themselves
    weights    the model's alone
    pieces     the model's, its rows spread over two processes
"""
import shutil
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.checkpoint.state_dict import get_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

HERE = Path(__file__).resolve().parent / "distributed"


def trained():
    """The network of tests/support.py, three steps of SGD with momentum on."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 5), nn.GELU(), nn.Linear(5, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.randn(20, 6)).square().mean().backward()
        optimizer.step()
    return net, optimizer


def spread(rank, state):
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:29511", rank=rank, world_size=2)
    mesh = init_device_mesh("cpu", (2,))
    dcp.save({name: distribute_tensor(tensor, mesh, [Shard(0)])
              for name, tensor in state.items()}, checkpoint_id=str(HERE / "pieces"))
    dist.destroy_process_group()


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    net, optimizer = trained()
    model, state = get_state_dict(net, optimizer)
    dcp.save({"model": model, "optimizer": state, "epoch": 3, "step": 7}, checkpoint_id=str(HERE / "named"))
    dcp.save({"model": net.state_dict(), "optimizer": optimizer.state_dict()},
             checkpoint_id=str(HERE / "numbered"))
    dcp.save(net.state_dict(), checkpoint_id=str(HERE / "weights"))
    mp.spawn(spread, (net.state_dict(),), nprocs=2)
    momentum = {name: optimizer.state[p]["momentum_buffer"] for name, p in net.named_parameters()}
    torch.save({"model": net.state_dict(), "momentum": momentum}, HERE / "reference.pt")


if __name__ == "__main__":
    main()
