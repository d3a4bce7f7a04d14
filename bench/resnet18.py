"""torchvision's ResNet-18 (11.2 million parameters) on 512 pictures of 3 x 32 x 32: what basin and each library make of its Hessian.

    python3 bench/resnet18.py make FOLDER [IMAGES.h5]        FOLDER/resnet18.h5, briefly trained, and its data
    python3 bench/resnet18.py basin FOLDER BASIN             top 5, trace, density, SANE, inside --memory 4G
    python3 bench/resnet18.py NAME FOLDER                    pyhessian | eigenthings | curvlinops: what of these it has

IMAGES.h5 holds /images [10000, 28, 28] and /labels; without it pictures are made as in networks.py. One JSON line a quantity: its value
and error where known, products, wall and processor seconds. Interpreters with the libraries: bench/peers.sh.
"""
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
SAMPLES, CLASSES, EPOCHS, TOP, MEMORY, PRODUCTS = 512, 10, 6, 5, "4G", "400"


def pictures(images):
    """Digits in colours of their own on a noisy ground, 3 x 32 x 32."""
    random = np.random.default_rng(0)
    if images is None:
        labels = random.integers(0, CLASSES, SAMPLES)
        grey = random.uniform(size=(CLASSES, 28, 28))[labels]
    else:
        with h5py.File(images) as f:
            labels, grey = f["labels"][:SAMPLES].astype("i8"), f["images"][:SAMPLES] / 255.0
    x = random.uniform(0, 0.3, (SAMPLES, 3, 32, 32))
    x[:, :, 2:30, 2:30] += grey[:, None] * random.uniform(0.3, 0.7, (SAMPLES, 3, 1, 1))
    return x.astype("f4"), labels


def settle(net, x):
    """BatchNorm's statistics are those of all samples, as large training sets leave them."""
    import torch
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        for rows in torch.arange(SAMPLES).split(128):
            net(x[rows])
    net.eval()


def make(folder, images=None):
    import basin
    import torch
    import torchvision
    torch.manual_seed(0)
    x, y = (torch.from_numpy(a) for a in pictures(images))
    net = torchvision.models.resnet18(num_classes=CLASSES)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    for epoch in range(EPOCHS):
        for rows in torch.randperm(SAMPLES).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()
    settle(net, x)
    Path(folder).mkdir(parents=True, exist_ok=True)
    basin.save_checkpoint(Path(folder) / "resnet18.h5", net, loss="cross_entropy", optimizer=optimizer, train=(x, y), epoch=EPOCHS)
    torch.save(net.state_dict(), Path(folder) / "resnet18.pt")


def load(folder):
    import torch
    import torchvision
    net = torchvision.models.resnet18(num_classes=CLASSES)
    net.load_state_dict(torch.load(Path(folder) / "resnet18.pt"))
    net.eval()
    with h5py.File(next(Path(folder).glob("data-*.h5"))) as f:
        x, y = f["inputs"][()], f["targets"][()]
    return net, torch.from_numpy(x.reshape(SAMPLES, 3, 32, 32)), torch.from_numpy(y.astype("i8"))


def told(quantity, run, **more):
    start, cpu = time.perf_counter(), time.process_time()
    try:
        found = run()
    except Exception as e:  # a library's own troubles are a result of the comparison
        found = {"fails": f"{type(e).__name__}: {str(e).splitlines()[0][:200] if str(e) else ''}"}
    print(json.dumps({"quantity": quantity, **found, "seconds": round(time.perf_counter() - start, 1),
                      "cpu": round(time.process_time() - cpu, 1),
                      "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, **more}), flush=True)


# ------------------------------------------------------------------------------------------------------ basin


def run_basin(folder, binary):
    base = ["--precision", "single", "--memory", MEMORY]
    file = str(Path(folder) / "resnet18.h5")
    jobs = {"sane": ["sane", file, "--method", "slq", "--products", PRODUCTS],
            "density": ["spectrum", file, "--method", "slq", "--probes", "1"],
            "top": ["spectrum", file, "--method", "lanczos", "--top", str(TOP)],
            "trace": ["trace", file, "--products", "24"]}
    for quantity, command in jobs.items():
        for mode in (["--dry-run"], []):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            kept = ["-o", f"{folder}/{quantity}.h5"] if not mode else []
            done = subprocess.run([binary, *command, *base, *mode, *kept, "--json"], capture_output=True, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(json.dumps({"quantity": quantity, "mode": mode, "seconds": round(time.perf_counter() - start, 1),
                              "cpu": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
                              "peak_MB": after.ru_maxrss // 1024, "status": done.returncode,
                              "said": done.stderr.strip()[-300:]}), flush=True)
            name = f"{quantity}{''.join(mode)}.json"
            (Path(folder) / name).write_text(done.stdout)


# ------------------------------------------------------------------------------------------------------ peers


def run_pyhessian(folder):
    import torch
    import pyhessian
    net, x, y = load(folder)
    parts = [(x[i:i + 128], y[i:i + 128]) for i in range(0, SAMPLES, 128)]
    hessian = pyhessian.hessian(net, torch.nn.CrossEntropyLoss(), dataloader=parts, cuda=False)
    def trace():
        samples = hessian.trace(maxIter=12, tol=0)
        return {"value": float(np.mean(samples)), "products": 12, "standard_error": float(np.std(samples, ddof=1) / len(samples) ** 0.5)}
    told("trace", trace)
    told("first", lambda: {"values": hessian.eigenvalues(maxIter=20, tol=1e-3, top_n=1)[0], "products": "at most 20"})

    def density():
        nodes, weights = hessian.density(iter=40, n_v=4)
        kappa = 0.5 * max(abs(v) for row in nodes for v in row)
        each = [sum(w * abs(v) / (abs(v) + kappa) for v, w in zip(a, b)) for a, b in zip(nodes, weights)]
        size = sum(p.numel() for p in net.parameters())
        return {"nodes": len(nodes[0]), "SANE_from_nodes": float(size * np.mean(each)), "spread": float(size * np.std(each, ddof=1) / len(each) ** 0.5)}
    told("density", density)


def run_eigenthings(folder):
    import torch
    from hessian_eigenthings.algorithms.lanczos import lanczos
    from hessian_eigenthings.operators.base import LambdaOperator
    net, x, y = load(folder)
    parameters = list(net.parameters())
    shapes, sizes = [p.shape for p in parameters], [p.numel() for p in parameters]

    def product(v):
        parts = [a.view(s) for a, s in zip(v.split(sizes), shapes)]
        total = torch.zeros_like(v)
        for rows in torch.arange(SAMPLES).split(128):
            loss = torch.nn.functional.cross_entropy(net(x[rows]), y[rows], reduction="sum") / SAMPLES
            g = torch.autograd.grad(loss, parameters, create_graph=True)
            total += torch.cat([h.reshape(-1) for h in torch.autograd.grad(g, parameters, parts)])
        return total

    def top():
        found = lanczos(LambdaOperator(product, sum(sizes)), k=TOP, which="LA", max_iter=20, reorthogonalize=True, seed=0)
        return {"values": [float(v) for v in found.eigenvalues], "products": 20}
    told("top", top)


def run_curvlinops(folder):
    import torch
    import curvlinops
    from scipy.sparse.linalg import eigsh
    net, x, y = load(folder)
    data = [(x[i:i + 128], y[i:i + 128]) for i in range(0, SAMPLES, 128)]
    operator = curvlinops.HessianLinearOperator(net, torch.nn.CrossEntropyLoss(), list(net.parameters()), data, check_deterministic=False)

    def top():
        values = eigsh(operator.to_scipy(), k=TOP, which="LA", tol=1e-4, return_eigenvectors=False)
        return {"values": sorted(map(float, values), reverse=True)}
    told("top", top)
    told("trace", lambda: {"value": float(curvlinops.xtrace(operator, 24))}, error="none is given")
    told("density", lambda: density_of_curvlinops(curvlinops, operator))


def density_of_curvlinops(curvlinops, operator):
    lanczos = curvlinops.lanczos_approximate_spectrum(operator.to_scipy(), ncv=40, num_repeats=4)
    return {"points": len(lanczos[0]) if isinstance(lanczos, tuple) else len(lanczos)}


if __name__ == "__main__":
    what, folder, *more = sys.argv[1:]
    {"make": make, "basin": run_basin, "pyhessian": run_pyhessian, "eigenthings": run_eigenthings, "curvlinops": run_curvlinops}[what](folder, *more)
