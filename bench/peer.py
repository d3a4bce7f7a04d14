"""One job on one network by PyTorch, in the best way and batch size of those tried: the other half of bench.c, with the same protocol.

    python3 bench/peer.py JOB FOLDER NETWORK [BLOCK]      JOB: gradient | product | slice | worst | hessian | top | memory

A line of JSON says what was tried and chosen; then one round for every line read. Libraries that find eigenvalues (top) are taken if they
can be imported: PyHessian, hessian-eigenthings, curvlinops with SciPy's ARPACK; ARPACK also works on the same kept graph.
"""
import importlib.metadata
import json
import math
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import networks

THREADS, PEAK, TOP, SAMPLE_ROWS, RESIDUAL = 2, 2048, 10, 64, 1e-4
WORST_SAMPLES, WORST_BATCH, WORST_STEPS, WORST_RADIUS = 896, 128, 20, 0.5  # of Andriushchenko et al., arXiv:2302.07011
BATCHES = (4000, 2000, 1000, 500, 250, 100, 50)


def clock(run):
    """Wall and processor seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def quick(run, limit):
    """The better of two calls after one that warms up, for choosing; that one alone if it takes long, or longer than `limit`."""
    first = clock(run)[0]
    return first if first > min(5.0, limit) else min(clock(run)[0] for _ in range(2))


class Job:
    def __init__(self, folder, name, dtype=torch.float32, samples=None):
        self.name = name
        self.model, self.parameters, self.x, self.y = networks.load(folder, name, dtype)
        if samples is not None:
            self.x, self.y = self.x[:samples], self.y[:samples]
        self.count, self.sizes = len(self.x), [p.numel() for p in self.parameters]
        self.size = sum(self.sizes)
        self.theta = [p.detach().clone() for p in self.parameters]

    def vector(self, j):
        v = np.sin((j + 1.0) * np.arange(1, self.size + 1, dtype="f8"))
        return self.parts(torch.from_numpy(v / np.linalg.norm(v)).to(self.x.dtype))

    def parts(self, flat):
        return [part.view_as(p) for part, p in zip(flat.split(self.sizes), self.parameters)]

    def batches(self, size):
        return [slice(start, min(start + size, self.count)) for start in range(0, self.count, size)]

    def loss(self, rows=slice(None)):
        """This batch's part of the mean loss."""
        return F.cross_entropy(self.model(self.x[rows]), self.y[rows], reduction="sum") / self.count

    # Every way below returns a function that makes one whole evaluation.

    def gradient(self, size):
        def run():
            total = [torch.zeros_like(p) for p in self.parameters]
            for rows in self.batches(size):
                torch._foreach_add_(total, torch.autograd.grad(self.loss(rows), self.parameters))
            return total
        return run

    def kept(self, size):
        """Double backward through gradients whose graphs are kept: the frozen point."""
        gradients = [torch.autograd.grad(self.loss(rows), self.parameters, create_graph=True) for rows in self.batches(size)]

        def run(v=self.vector(0)):
            total = [torch.zeros_like(p) for p in self.parameters]
            for g in gradients:
                torch._foreach_add_(total, torch.autograd.grad(g, self.parameters, v, retain_graph=True))
            return total
        return run

    def scratch(self, size):
        v = self.vector(0)

        def run():
            total = [torch.zeros_like(p) for p in self.parameters]
            for rows in self.batches(size):
                g = torch.autograd.grad(self.loss(rows), self.parameters, create_graph=True)
                torch._foreach_add_(total, torch.autograd.grad(g, self.parameters, v))
            return total
        return run

    def forward_over_reverse(self, size):
        """jvp(grad): with torch.func where there is one, else with dual numbers."""
        import torch.autograd.forward_ad as ad
        v, owners = self.vector(0), []

        def cross_entropy(out, rows):  # torch 1.13 has no forward derivative of nll_loss_backward
            return (out.logsumexp(1) - out.gather(1, self.y[rows, None])[:, 0]).sum() / self.count

        for p in self.parameters:
            owners.append(next((module, key) for module in self.model.modules() for key, q in module._parameters.items() if q is p))

        def functional():
            names = {id(p): name for name, p in self.model.named_parameters()}
            keys = [names[id(p)] for p in self.parameters]

            def gradient(rows):
                def loss(values):
                    out = torch.func.functional_call(self.model, dict(zip(keys, values)), (self.x[rows],))
                    return cross_entropy(out, rows)
                return torch.func.grad(loss)
            total = [torch.zeros_like(p) for p in self.parameters]
            for rows in self.batches(size):
                torch._foreach_add_(total, list(torch.func.jvp(gradient(rows), (tuple(self.parameters),), (tuple(v),))[1]))
            return total

        def dual():
            total = [torch.zeros_like(p) for p in self.parameters]
            with ad.dual_level():
                values = [ad.make_dual(p, t) for p, t in zip(self.parameters, v)]
                for (module, key), value in zip(owners, values):
                    del module._parameters[key]
                    setattr(module, key, value)
                try:
                    for rows in self.batches(size):
                        g = torch.autograd.grad(cross_entropy(self.model(self.x[rows]), rows), values)
                        torch._foreach_add_(total, [ad.unpack_dual(part).tangent for part in g])
                finally:
                    for (module, key), p in zip(owners, self.parameters):
                        delattr(module, key)
                        module._parameters[key] = p
            return total
        return functional if hasattr(torch, "func") else dual

    def batched(self, size, block):
        """Kept graphs and a block of vectors at a time (vmap)."""
        gradients = [torch.autograd.grad(self.loss(rows), self.parameters, create_graph=True) for rows in self.batches(size)]
        vectors = [torch.stack(parts) for parts in zip(*(self.vector(j) for j in range(block)))]

        def run(vectors=vectors):
            total = None
            for g in gradients:
                part = torch.autograd.grad(g, self.parameters, vectors, retain_graph=True, is_grads_batched=True)
                total = list(part) if total is None else torch._foreach_add(total, part)
            return total
        return run

    def point(self, size):
        a, b = self.vector(0), self.vector(1)

        def run():
            with torch.no_grad():
                for p, t, u, v in zip(self.parameters, self.theta, a, b):
                    p.copy_(t + 0.3 * u + 0.4 * v)
                return sum(float(self.loss(rows)) for rows in self.batches(size))
        return run

    def worst(self, size):
        """Mean over batches of the largest rise that Auto-PGD finds where ‖δ ⊘ |θ|‖₂ <= 0.5: parameters are views of one vector."""
        theta = torch.cat([p.detach().reshape(-1) for p in self.theta])
        c, at = theta.abs(), theta.clone()
        for p, view in zip(self.parameters, self.parts(at)):
            p.data = view

        def climb(rows):
            x, y = self.x[rows], self.y[rows]

            def gradient(delta):
                torch.add(theta, delta, out=at)
                loss = F.cross_entropy(self.model(x), y)
                return loss.item(), torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, self.parameters)])
            return auto_pgd(gradient, c, WORST_RADIUS, WORST_STEPS)

        def run():
            rises = [climb(rows) for rows in self.batches(size) if rows.stop - rows.start == size]
            self.maximum = sum(rises) / len(rises)
            return self.maximum
        return run

    def candidates(self):
        return [self.count] + [b for b in BATCHES if b < self.count and self.count // b <= 40]


def auto_pgd(gradient, c, rho, steps):
    """Croce & Hein (arXiv:2003.01690), algorithm 1, in the ball ‖δ ⊘ c‖₂ <= rho, from δ = 0: the largest rise found."""
    def into_ball(d):
        length = float((d / c.clamp_min(1e-30)).norm())
        return d * (rho / length) if length > rho else d
    looks, p0, p1 = set(), 0.0, 0.22
    while math.ceil(p1 * steps) <= steps:
        looks.add(math.ceil(p1 * steps))
        p0, p1 = p1, p1 + max(p1 - p0 - 0.03, 0.06)
    step, delta = 2.0 * rho, torch.zeros_like(c)
    old, (value, g) = delta, gradient(delta)
    start = best = last_best = value
    best_delta, best_g, rose, last, halved = delta, g, 0, 0, False
    for k in range(1, steps + 1):
        z = into_ball(delta + step / float((g * c).norm()) * c * c * g)
        if k > 1:
            z = into_ball(delta + 0.75 * (z - delta) + 0.25 * (delta - old))
        old, delta, before = delta, z, value
        value, g = gradient(delta)
        rose += value > before
        if value > best:
            best, best_delta, best_g = value, delta, g
        if k in looks:
            halved = rose < 0.75 * (k - last) or (not halved and best == last_best)
            if halved:
                step, delta, old, g, value = step / 2, best_delta, best_delta, best_g, best
            rose, last, last_best = 0, k, best
    return best - start


class Way:
    """What was chosen: one call is worth `per` evaluations of the whole job."""

    def __init__(self, text, run, seconds, per=1.0, threads=THREADS, size=None):
        self.text, self.run, self.seconds, self.per, self.threads, self.size = text, run, seconds, per, threads, size


def tried(job, text, make, sizes, log, per=1.0, bar=math.inf):
    """Best batch size of one way on two threads; for small networks that one and the first on one thread, too. No more
    is tried when the first takes longer than `bar`. None where the way fails."""
    best = None
    for threads, size in [(THREADS, size) for size in sizes] + ([(1, sizes[0]), (1, None)] if job.size < 5000 else []):
        if best is not None and best.seconds > bar:
            break
        torch.set_num_threads(threads)
        size = best.size if size is None else size
        try:
            run = make(size)
            seconds = quick(run, math.inf if best is None else 3.0 * best.seconds * per) / per
        except (RuntimeError, NotImplementedError, AttributeError) as e:
            log[text] = f"fails: {str(e).splitlines()[0][:120]}"
            return None
        if best is None or seconds < best.seconds:
            best = Way(f"{text}, batch {size}" + (", one thread" if threads == 1 else ""), run, seconds, per, threads, size)
        run = None
    log[text] = {"seconds": best.seconds, "way": best.text}
    return best


def large(name):
    return name in ("resnet20", "vit")


def best_product(job, folder, block, log):
    """The graphs of a large network are kept for half the data, and count for half: their memory would be 9 GB otherwise."""
    half = Job(folder, job.name, samples=job.count // 2) if large(job.name) else job
    sizes, kept = job.candidates(), half.candidates()
    some = sizes[:1] + sizes[-2:]
    ways = [tried(half, "kept graph" if half is job else "kept graph of half the samples", half.kept, kept[:1] + kept[-1:], log, half.count / job.count),
            tried(job, "from scratch", job.scratch, sizes, log), tried(job, "jvp(grad)", job.forward_over_reverse, some, log)]
    if job.size < 5000:
        ways.append(tried(job, f"kept graph, {block} vectors batched", lambda size: job.batched(size, block), some, log, block,
                          5.0 * min(way.seconds for way in ways if way is not None)))
    return min((way for way in ways if way is not None), key=lambda way: way.seconds)


def best_hessian(job, log):
    """Rows of the whole matrix, of which SAMPLE_ROWS are measured."""
    def looped(size):
        product = job.kept(size)
        rows = [job.parts(row) for row in torch.eye(SAMPLE_ROWS, job.size, dtype=job.x.dtype)]

        def run():
            for row in rows:
                product(row)
        return run

    def batched(size):
        product = job.batched(size, 1)
        eye = torch.eye(SAMPLE_ROWS, job.size, dtype=job.x.dtype)
        vectors = [part.reshape(SAMPLE_ROWS, *p.shape) for part, p in zip(eye.split(job.sizes, dim=1), job.parameters)]
        return lambda: product(vectors)
    share = SAMPLE_ROWS / job.size
    ways = [tried(job, "looped", looped, [job.count], log, share), tried(job, "batched", batched, [job.count, 100], log, share)]
    return min((way for way in ways if way is not None), key=lambda way: way.seconds)


# ------------------------------------------------------------------------------------------------ eigenvalues


class Counted:
    """H v of flat vectors through one kept graph."""

    def __init__(self, job):
        self.job, self.product, self.calls = job, job.kept(job.count), 0

    def __call__(self, v):
        self.calls += 1
        return torch.cat([part.reshape(-1) for part in self.product(self.job.parts(v))])


def residual(product, values, vectors):
    """The worst ‖Hq - λq‖ of unit vectors, of the largest |λ|."""
    worst = max(float((product(q / q.norm()) - value * q / q.norm()).norm()) for value, q in zip(values, vectors))
    return worst / max(abs(value) for value in values)


def pyhessian_top(job):
    import pyhessian
    inside = sys.modules["pyhessian.hessian"]  # the package has a class of the same name
    plain = inside.hessian_vector_product
    calls = [0]

    def counted(*args):
        calls[0] += 1
        return plain(*args)
    inside.hessian_vector_product = counted
    found = pyhessian.hessian(job.model, torch.nn.CrossEntropyLoss(), data=(job.x, job.y), cuda=False)
    values, vectors = found.eigenvalues(maxIter=100, tol=1e-3, top_n=TOP)
    order = {id(p): i for i, p in enumerate(found.params)}
    flat = [torch.cat([q[order[id(p)]].reshape(-1) for p in job.parameters]) for q in vectors]
    return calls[0], values, flat


def eigenthings_top(job):
    """Its Lanczos runs a fixed number of steps, by default 20 for ten pairs: the fewest of these steps that reach the residual."""
    from hessian_eigenthings.algorithms.lanczos import lanczos
    from hessian_eigenthings.operators.base import LambdaOperator
    product = Counted(job)
    for steps in (20, 30, 40, 50, 75, 100, 150):
        start, cpu, product.calls = time.perf_counter(), time.process_time(), 0
        found = lanczos(LambdaOperator(product, job.size), k=TOP, which="LA", max_iter=steps, reorthogonalize=True, seed=0)
        spent = time.perf_counter() - start, time.process_time() - cpu
        values, vectors = [float(x) for x in found.eigenvalues], list(found.eigenvectors)
        if residual(Counted(job), values, vectors) <= RESIDUAL:
            break
    return steps, values, vectors, spent


def arpack_top(job):
    from scipy.sparse.linalg import LinearOperator, eigsh
    product = Counted(job)
    operator = LinearOperator((job.size, job.size), dtype="f4", matvec=lambda v: product(torch.from_numpy(np.ascontiguousarray(v, "f4"))).numpy())
    values, vectors = eigsh(operator, k=TOP, which="LA", tol=1e-4, v0=np.random.default_rng(0).normal(size=job.size).astype("f4"))
    return product.calls, values.tolist(), list(torch.from_numpy(vectors.T.copy()))


def curvlinops_top(job):
    """Its operator, which goes through the data anew for every product, and SciPy's eigsh, as its documentation does it."""
    from curvlinops import HessianLinearOperator
    from scipy.sparse.linalg import eigsh
    batches = [(job.x[rows], job.y[rows]) for rows in job.batches(min(job.count, 1000))]
    operator = HessianLinearOperator(job.model, torch.nn.CrossEntropyLoss(), job.parameters, batches, check_deterministic=False).to_scipy()
    calls, plain = [0], operator.matvec

    def counted(v):
        calls[0] += 1
        return plain(v)
    operator.matvec = counted
    values, vectors = eigsh(operator, k=TOP, which="LA", tol=1e-4, v0=np.random.default_rng(0).normal(size=job.size).astype("f4"))
    return calls[0], values.tolist(), list(torch.from_numpy(vectors.T.copy()))


def round_top(job):
    out = {}
    for name, run in (("PyHessian", pyhessian_top), ("hessian-eigenthings", eigenthings_top), ("curvlinops", curvlinops_top),
                      ("ARPACK", arpack_top)):
        start, cpu = time.perf_counter(), time.process_time()
        try:
            products, values, vectors, *spent = run(job)
        except Exception as e:  # a library's own troubles are a result of the comparison
            out[name] = {"fails": f"{type(e).__name__}: {str(e).splitlines()[0][:120] if str(e) else ''}"}
            continue
        seconds, used = spent[0] if spent else (time.perf_counter() - start, time.process_time() - cpu)
        out[name] = {"seconds": seconds, "cpu": used, "products": products, "eigenvalues": [max(values), min(values)],
                     "residual": residual(Counted(job), values, vectors)}
    return out


# ------------------------------------------------------------------------------------------------------ rounds


def peak(a):
    seconds = clock(lambda: torch.mm(a, a))[0]
    return 2.0 * PEAK ** 3 / seconds


def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def configuration():
    with open("/proc/self/maps") as f:
        files = sorted({line.split()[-1] for line in f if "blas" in line or "mkl" in line})
    return {"torch": torch.__version__, "numpy": np.__version__, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
            "mkldnn": torch.backends.mkldnn.is_available(), "torch.func": hasattr(torch, "func"), "blas": files,
            **{name: version(name) for name in ("pyhessian", "hessian-eigenthings", "curvlinops-for-pytorch", "scipy")}}


def describe(job, kind, way, log):
    if kind in ("slice", "worst"):  # they have moved them; graphs that are kept forbid even writing the same values
        with torch.no_grad():
            for p, t in zip(job.parameters, job.theta):
                p.copy_(t)
    flat = lambda parts: torch.cat([p.reshape(-1) for p in parts]).double()
    facts = {"job": kind, "parameters": job.size, "samples": job.count, "configuration": configuration(), "tried": log,
             "chosen": way.text if way else None, "loss": job.loss().double().item(),
             "gradient_norm": float(flat(job.gradient(job.count if not large(job.name) else 250)()).norm())}
    if kind == "product":
        hv, v = flat(job.scratch(job.count if not large(job.name) else 100)()), flat(job.vector(0))
        facts.update(vHv=float(hv @ v), product_norm=float(hv.norm()))
    print(json.dumps(facts), flush=True)


def main():
    kind, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    block = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    hessian = kind == "hessian"
    samples = 1000 if hessian else 500 if kind == "memory" else WORST_SAMPLES if kind == "worst" else None
    job = Job(folder, name, torch.float64 if hessian else torch.float32, samples)
    a, log, way = torch.randn(PEAK, PEAK, dtype=job.x.dtype), {}, None
    if kind == "gradient":
        way = tried(job, "autograd", job.gradient, job.candidates(), log)
    elif kind == "product":
        way = best_product(job, folder, block, log)
    elif kind == "slice":
        way = tried(job, "no_grad", job.point, job.candidates(), log)
    elif kind == "hessian":
        way = best_hessian(job, log)
    elif kind == "worst":
        way = tried(job, "Auto-PGD", job.worst, [WORST_BATCH], log)
    elif kind == "memory":
        way = Way(f"kept graph, {job.count} samples", job.kept(job.count), math.nan)
        way.run()
    if kind == "memory":
        print(json.dumps({"chosen": way.text, "samples": job.count}), flush=True)
    else:
        describe(job, kind, way, log)
    for _ in sys.stdin:
        if kind == "top":
            print(json.dumps(round_top(job)), flush=True)
            continue
        torch.set_num_threads(THREADS)
        rate = math.nan if kind == "memory" else peak(a)
        torch.set_num_threads(way.threads)
        repeats = max(1, math.ceil(0.1 / (way.seconds * way.per))) if way.seconds > 0 else 1
        seconds, cpu = clock(lambda: [way.run() for _ in range(repeats)] and None)
        facts = {kind: {"seconds": seconds / repeats / way.per, "cpu": cpu / repeats / way.per, "peak": rate}}
        if kind == "worst":
            facts["maximum"] = job.maximum
        facts["resident"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
