"""The table of docs/performance.md: basin and PyTorch in turns, round by round, on the same two cores. `make bench` runs it.

    python3 bench/run.py BENCH FOLDER [--data IMAGES.h5] [--rounds N] [--only TEXT] [--no-peer]

BENCH is the compiled bench.c, FOLDER takes the checkpoints (bench/networks.py), the results (results.json) and, from bench/peers.sh, the
peers. Without PyTorch the dense networks alone are measured, on synthetic inputs. Medians over rounds; shares are of the GEMM peak
measured right before each round. «Of the fastest» is the ratio of PyTorch's fastest call, choosing included, to basin's: PyTorch's times vary
by a half on a shared machine, and an aim is met only if this ratio meets it. «by cpu» is basin's share by processor time instead of wall time: what it is where other processes
take their part of the machine, and above the share proper where threads wait.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MLP = {"mlp": "mlp:784-512-256-10", "digits_64_16_10": "mlp:64-16-10", "digits_64_32_10": "mlp:64-32-10", "digits_64_32_32_10": "mlp:64-32-32-10"}
NAMES = {"mlp": "MLP 784-512-256-10", "lenet": "LeNet", "resnet20": "ResNet-20, BatchNorm stored", "vit": "ViT, 4 blocks of 128",
         "digits_64_16_10": "digits 64-16-10", "digits_64_32_10": "digits 64-32-10", "digits_64_32_32_10": "digits 64-32-32-10",
         "digits_cnn": "digits CNN, 1,418", "digits_resnet": "digits ResNet", "digits_transformer": "digits transformer"}
GRID = 51 * 51

# job, network, block, aims: share of peak by one vector, by a block, ratio to the peer
JOBS = [("product", "mlp", 8, 0.90, 0.92, 1.25), ("product", "lenet", 8, 0.80, 0.80, 4.4), ("product", "resnet20", 8, 0.85, 0.88, 2.7),
        ("product", "vit", 8, 0.70, 0.75, 2.0),
        *[("product", name, 16, 0.50, 0.65, 8.0) for name in ("digits_64_16_10", "digits_64_32_10", "digits_64_32_32_10")],
        *[("product", name, 16, 0.30, 0.40, 6.0) for name in ("digits_cnn", "digits_resnet", "digits_transformer")],
        ("gradient", "mlp", 1, 0.90, None, 1.05), ("gradient", "lenet", 1, 0.80, None, 3.5), ("gradient", "resnet20", 1, 0.90, None, 1.25),
        ("gradient", "digits_64_32_10", 1, None, None, None),
        ("hessian", "digits_cnn", 1, 0.50, None, 10.0),
        ("slice", "mlp", 1, None, None, 4.0), ("slice", "lenet", 1, None, None, 4.0), ("slice", "resnet20", 1, None, None, 1.2),
        ("slice", "digits_64_32_10", 1, None, None, None)]
TOPS = ["mlp", "lenet", "digits_cnn"]
TITLES = {"product": "H·v", "gradient": "gradient", "hessian": "full Hessian in double, 1,000 samples", "slice": "51×51 slice, a point"}


class Side:
    """One of the two, waiting: it prints a line when it is ready and one for each line it reads."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line.strip() else None

    def round(self):
        """None from one that has stopped; what it had to say is on the terminal."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        return self.read()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


class Bench:
    def __init__(self, arguments):
        self.bench, self.folder, self.rounds = os.path.abspath(arguments.bench), arguments.folder, arguments.rounds
        self.environment, self.python = dict(os.environ, OMP_NUM_THREADS="2"), "python3"
        blas, venv = self.folder / "peers/openblas-openmp", self.folder / "peers/venv/bin/python"
        if blas.is_dir():
            self.environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(blas.resolve()), os.environ.get("LD_LIBRARY_PATH")]))
        if venv.exists():
            self.python = str(venv)
        self.python = os.environ.get("BENCH_PYTHON", self.python)
        self.peer = subprocess.run([self.python, "-c", "import torch, h5py"], env=self.environment, stderr=subprocess.DEVNULL).returncode == 0
        self.checkpoints = self.prepare(arguments.data)
        self.peer = self.peer and not arguments.no_peer

    def prepare(self, data):
        """The networks, made anew when the images are others."""
        source, text = self.folder / "images.txt", os.path.abspath(data) if data else "synthetic"
        if self.peer and not (source.exists() and source.read_text() == text):
            subprocess.run([self.python, str(HERE / "networks.py"), str(self.folder), *([data] if data else [])], env=self.environment, check=True,
                           stdout=subprocess.DEVNULL)
            source.write_text(text)
        return source.exists()

    def network(self, name):
        return str(self.folder / f"{name}.h5") if self.checkpoints else MLP.get(name)

    def measure(self, job, name, *rest, peer=True):
        """Rounds of both sides in turns: {"basin": …, "peer": …} with what they said of themselves and the rounds."""
        network, samples = self.network(name), "1000" if job == "hessian" else "0"
        if network is None:
            return None
        block = rest[:1] or ("8",)
        sides = {"basin": Side([self.bench, job, network, *block, samples, *rest[1:]])}
        out = {"basin": {"facts": sides["basin"].read(), "rounds": []}}
        if out["basin"]["facts"] is None:
            sides["basin"].close()
            return None
        if self.peer and peer:
            sides["peer"] = Side([self.python, str(HERE / "peer.py"), job, str(self.folder), name, *block], self.environment)
            out["peer"] = {"facts": sides["peer"].read(), "rounds": []}
        for _ in range(1 if job == "top" else self.rounds):
            for key, side in sides.items():
                got = side.round()
                if got is not None:
                    out[key]["rounds"].append(got)
        for side in sides.values():
            side.close()
        return out if out["basin"]["rounds"] else None


def median(rounds, name, value):
    return statistics.median(value(r[name]) for r in rounds)


def share(rounds, name, flops):
    return median(rounds, name, lambda r: flops / r["seconds"] / r["peak"])


def cpu_share(rounds, name, flops):
    return median(rounds, name, lambda r: 2.0 * flops / r["cpu"] / r["peak_cpu"])


def seconds(rounds, name):
    return median(rounds, name, lambda r: r["seconds"])


def ratio_of_fastest(out, key):
    """PyTorch's fastest call, while it chose or in the rounds, over basin's fastest in the rounds."""
    ours = min(r[part]["seconds"] for r in out["basin"]["rounds"] for part in (key, "block") if part in r)
    tried = [way["seconds"] for way in out["peer"]["facts"]["tried"].values() if isinstance(way, dict)]
    return min(tried + [r[key]["seconds"] for r in out["peer"]["rounds"]]) / ours


def agreement(out):
    """The largest relative difference of what both sides computed; of the Hessian's samples each side takes its own."""
    if "peer" not in out or out["peer"]["facts"] is None or out["basin"]["facts"]["job"] == "hessian":
        return None
    a, b = out["basin"]["facts"], out["peer"]["facts"]
    keys = [key for key in ("loss", "gradient_norm", "vHv", "product_norm") if key in a and key in b]
    return max((abs(a[key] - b[key]) / abs(b[key]) for key in keys), default=None)


def number(x, form="{:.2f}"):
    return "" if x is None else form.format(x)


def row(job, name, block, out, aim, block_aim, ratio_aim):
    """One line of the table as a list of cells."""
    basin = out["basin"]["rounds"]
    key, flops = job, basin[0][job]["flops"]
    ours, ours_block = share(basin, key, flops), share(basin, "block", basin[0]["block"]["flops"]) if "block" in basin[0] else None
    time = min(seconds(basin, part) for part in (key, "block") if part in basin[0])
    peer_time = peer_share = ratio = fastest = None
    if "peer" in out and out["peer"]["rounds"]:
        peers = out["peer"]["rounds"]
        peer_time = seconds(peers, key)
        peer_flops = out["basin"]["facts"]["forward"] if job == "slice" else flops
        peer_share, ratio, fastest = share(peers, key, peer_flops), peer_time / time, ratio_of_fastest(out, key)
    cpu = " / ".join(number(cpu_share(basin, part, basin[0][part]["flops"])) for part in (key, "block") if part in basin[0])
    aims = " / ".join(number(a) for a in (aim, block_aim) if a is not None) + (f", {ratio_aim:g}×" if ratio_aim else "")
    pairs = [(ours, aim), (ours_block, block_aim), (fastest, ratio_aim)]
    missed = [f"{got / want:.2f}" for got, want in pairs if got is not None and want is not None and got < want]
    unknown = any(want is not None and got is None for got, want in pairs)
    met = f"no: {', '.join(missed)} of it" if missed else "?" if unknown else "yes" if any(want for _, want in pairs) else ""
    reached = number(ours) + (f" / {ours_block:.2f}" if ours_block is not None else "")
    title = f"{TITLES[job]}, {NAMES[name]}" + (f", block {block}" if job == "product" else "")
    return [title, reached, f"{time * 1e3:.4g}", number(peer_share), number(peer_time and peer_time * 1e3, "{:.4g}"), number(ratio, "{:.2f}×"),
            number(fastest, "{:.2f}×"), aims, met, cpu]


def top_rows(name, out):
    ours, rows = out["basin"]["rounds"][0], []
    text = lambda products, residual, time: f"{products} products, residual {residual:.0e}, {time:.3g} s"
    for peer, found in (out["peer"]["rounds"][0] if "peer" in out and out["peer"]["rounds"] else {"": None}).items():
        aim = {"PyHessian": 5.0, "hessian-eigenthings": 2.0}.get(peer)
        ratio = found["seconds"] / ours["top"]["seconds"] if found and "seconds" in found else None
        missed = ["products"] if ours["products"] > 40 else []
        missed += [f"{ratio / aim:.2f} of the ratio"] if aim and ratio and ratio < aim else []
        rows.append([f"top 10, {NAMES[name]}", text(ours["products"], ours["residual"] / ours["eigenvalues"][0], ours["top"]["seconds"]),
                     f"{peer}: " + (found["fails"] if "fails" in found else text(found["products"], found["residual"], found["seconds"])) if found else "",
                     number(ratio, "{:.2f}×"), "≤ 40 products" + (f", {aim:g}×" if aim else ""), f"no: {', '.join(missed)}" if missed else "yes"])
    return rows


def memory_rows(bench):
    free, tight = (bench.measure("memory", "resnet20", "1", *limit, peer=not limit) for limit in ((), (str(1 << 30),)))
    if free is None:
        return []
    giga = lambda rounds: max(r["resident"] for r in rounds) / 1e9
    peer = giga(free["peer"]["rounds"]) if "peer" in free and free["peer"]["rounds"] else None
    rows = [["H·v, ResNet-20, 1,000 samples", f"{giga(free['basin']['rounds']):.2f} GB",
             f"{peer:.2f} GB at 500 samples" if peer else "", "≤ 2.2 GB", "yes" if giga(free["basin"]["rounds"]) <= 2.2 else "no"]]
    if tight is None:
        return rows + [["the same with a limit of 1 GiB", "refused", "", "≤ 1.5 times the time", "no"]]
    slower = seconds(tight["basin"]["rounds"], "memory") / seconds(free["basin"]["rounds"], "memory")
    rows.append(["the same with a limit of 1 GiB", f"{giga(tight['basin']['rounds']):.2f} GB, {slower:.2f} times the time", "", "≤ 1.5 times the time",
                 "yes" if slower <= 1.5 and giga(tight["basin"]["rounds"]) <= 1.0737 else "no"])
    return rows


def read_rows(bench):
    """Reading a checkpoint (bench/read.c): the fastest of the rounds, since what else the machine does only adds."""
    side = Side([str(Path(bench.bench).with_name("read")), str(bench.folder / "read.h5")])
    facts, rounds = side.read(), [side.round() for _ in range(bench.rounds)]
    side.close()
    if facts is None or None in rounds:
        return []
    best = min(r["read"]["seconds"] for r in rounds)
    return [[f"checkpoint of {facts['parameters']:,} parameters and momentum", f"{best * 1e3:.1f} ms", "≤ 25 ms", "yes" if best <= 0.025 else "no"]]


def table(head, rows):
    if rows:
        print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
        print("\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n", flush=True)


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.processor())
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="jobs and networks whose names hold this text, as «product:lenet»")
    parser.add_argument("--no-peer", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(arguments)
    results, rows, tops, differences = {}, [], [], []
    for job, name, block, *aims in JOBS:
        key = f"{job}:{name}"
        if arguments.only not in key:
            continue
        print(key, file=sys.stderr)
        out = bench.measure(job, name, str(block))
        if out is not None:
            results[key] = out
            rows.append(row(job, name, block, out, *aims))
            differences.append(agreement(out))
    for name in TOPS:
        out = bench.measure("top", name, "1") if arguments.only in f"top:{name}" else None
        if out is not None:
            results[f"top:{name}"] = out
            tops += top_rows(name, out)
    memory = memory_rows(bench) if arguments.only in "memory:resnet20" else []
    reading = read_rows(bench) if arguments.only in "read" else []
    if not results and not memory and not reading:
        raise SystemExit("nothing to measure" + ("" if bench.checkpoints else ": convolutions and attention need PyTorch to make their checkpoints"))
    report(bench, results, rows, tops, memory, reading, [d for d in differences if d is not None])


def report(bench, results, rows, tops, memory, reading, differences):
    facts = next((out["basin"]["facts"] for out in results.values()), {})
    peer = next((out["peer"]["facts"]["configuration"] for out in results.values() if out.get("peer", {}).get("facts")), None)
    print(f"{machine()}; {facts.get('blas', '')}; two threads, single precision; medians of {bench.rounds} rounds\n")
    if peer:
        print("Peer: " + ", ".join(f"{key} {value}" for key, value in peer.items() if key != "blas" and value is not None) + "; "
              + ", ".join("/".join(path.split("/")[-2:]) for path in peer["blas"]) + "\n")
    table(["work", "basin, of peak: 1 / block", "ms", "PyTorch, of peak", "ms", "ratio", "of the fastest", "aim", "met", "by cpu"], rows)
    table(["eigenpairs to 1e-4 of the largest", "basin", "peer", "ratio", "aim", "met"], tops)
    table(["resident memory", "basin", "PyTorch", "aim", "met"], memory)
    table(["reading", "basin", "aim", "met"], reading)
    for key, out in results.items():
        if key.startswith("slice"):
            rounds, points = out["basin"]["rounds"], out["basin"]["facts"]["points"]
            print(f"{key}: {seconds(rounds, 'loop') / seconds(rounds, 'slice'):.2f} times the speed of basin's own loop over points; {points} of {GRID} points a "
                  f"round, whole grid {seconds(rounds, 'slice') * GRID:.3g} s")
        if (out.get("peer", {}).get("facts") or {}).get("chosen"):
            print(f"{key}: PyTorch by {out['peer']['facts']['chosen']}")
    if differences:
        print(f"largest relative difference of loss, ‖g‖, vᵀHv, ‖Hv‖ between both: {max(differences):.1e}")
    path = bench.folder / "results.json"
    path.write_text(json.dumps({"machine": machine(), "rounds": bench.rounds, "results": results, "table": rows, "top": tops, "memory": memory, "reading": reading}, indent=1))
    print(f"every round: {path}")


if __name__ == "__main__":
    main()
