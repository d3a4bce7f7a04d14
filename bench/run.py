"""The table of docs/performance.md: basin and each PyTorch in turns, round by round, on the same two cores. `make bench` runs it.

    python3 bench/run.py BENCH FOLDER [--data IMAGES.h5] [--rounds N] [--only TEXT] [--peer current|debian|all|none]

BENCH is the compiled bench.c, FOLDER takes the checkpoints (bench/networks.py), the results (results.json) and, from bench/peers.sh, the
peers: PyPI's current PyTorch and Debian's. Without one the dense networks alone are measured, on synthetic inputs. Medians over rounds;
shares are of the GEMM peak measured right before each round. An aim is held against the first peer that is there. «Of the fastest» is the ratio of PyTorch's fastest call, choosing included, to basin's: PyTorch's times vary
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
        ("slice", "digits_64_32_10", 1, None, None, None),
        *[("worst", name, 1, None, None, 3.0) for name in ("mlp", "lenet", "resnet20", "digits_64_32_10", "digits_cnn", "digits_resnet")]]
TOPS = ["mlp", "lenet", "digits_cnn"]
TITLES = {"product": "H·v", "gradient": "gradient", "hessian": "full Hessian in double, 1,000 samples", "slice": "51×51 slice, a point",
          "worst": "worst case, 7 batches of 128, 20 steps"}


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


class Peer:
    """A PyTorch: an interpreter that imports it, and its environment. Its BLAS is its own, but for Debian's, which would spin."""

    def __init__(self, python, blas=None):
        self.python, self.environment = str(python), dict(os.environ, OMP_NUM_THREADS="2")
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            self.environment.pop(name, None)
        if blas is not None and blas.is_dir():
            self.environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(blas.resolve()), os.environ.get("LD_LIBRARY_PATH")]))

    def works(self):
        try:
            return subprocess.run([self.python, "-c", "import torch, h5py"], env=self.environment, stderr=subprocess.DEVNULL).returncode == 0
        except OSError:
            return False

    def run(self, script, *rest):
        return [self.python, str(HERE / script), *rest]


class Bench:
    def __init__(self, arguments):
        self.bench, self.folder, self.rounds = os.path.abspath(arguments.bench), arguments.folder, arguments.rounds
        place = self.folder / "peers"
        known = {"current": Peer(place / "current/bin/python"), "debian": Peer(place / "debian/bin/python", place / "openblas-openmp"),
                 "python3": Peer("python3")}
        here = {name: peer for name, peer in known.items() if peer.works()}
        if len(here) > 1:
            here.pop("python3", None)
        self.checkpoints = self.prepare(next(iter(here.values()), None), arguments.data)
        self.peers = here if arguments.peer == "all" else {name: peer for name, peer in here.items() if name == arguments.peer}
        if arguments.peer not in ("all", "none") and not self.peers:
            raise SystemExit(f"no peer «{arguments.peer}»: sh bench/peers.sh {self.folder}")

    def prepare(self, peer, data):
        """The networks, made anew when the images are others."""
        source, text = self.folder / "images.txt", os.path.abspath(data) if data else "synthetic"
        if peer is not None and not (source.exists() and source.read_text() == text):
            subprocess.run(peer.run("networks.py", str(self.folder), *([data] if data else [])), env=peer.environment, check=True,
                           stdout=subprocess.DEVNULL)
            source.write_text(text)
        return source.exists()

    def network(self, name):
        return str(self.folder / f"{name}.h5") if self.checkpoints else MLP.get(name)

    def measure(self, job, name, *rest, peer=True):
        """Rounds of all sides in turns: {"basin": …, "current": …} with what they said of themselves and the rounds."""
        network, samples = self.network(name), {"hessian": "1000", "worst": "896"}.get(job, "0")
        if network is None:
            return None
        block = rest[:1] or ("8",)
        sides = {"basin": Side([self.bench, job, network, *block, samples, *rest[1:]])}
        out = {"basin": {"facts": sides["basin"].read(), "rounds": []}}
        if out["basin"]["facts"] is None:
            sides["basin"].close()
            return None
        for key, other in self.peers.items() if peer else ():
            sides[key] = Side(other.run("peer.py", job, str(self.folder), name, *block), other.environment)
            out[key] = {"facts": sides[key].read(), "rounds": []}
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


def peers_of(out):
    """What each peer said of itself and its rounds; the first is the one that aims are held against."""
    return {name: side for name, side in out.items() if name != "basin" and side["facts"] is not None}


def ratio_of_fastest(out, side, key):
    """A peer's fastest call, while it chose or in the rounds, over basin's fastest in the rounds."""
    ours = min(r[part]["seconds"] for r in out["basin"]["rounds"] for part in (key, "block") if part in r)
    tried = [way["seconds"] for way in side["facts"]["tried"].values() if isinstance(way, dict)]
    return min(tried + [r[key]["seconds"] for r in side["rounds"]]) / ours


def agreement(out):
    """The largest relative difference of what the sides computed; of the Hessian's samples each side takes its own."""
    a = out["basin"]["facts"]
    if a["job"] == "hessian":
        return None
    return max((abs(a[key] - side["facts"][key]) / abs(side["facts"][key]) for side in peers_of(out).values()
                for key in ("loss", "gradient_norm", "vHv", "product_norm") if key in a and key in side["facts"]), default=None)


def number(x, form="{:.2f}"):
    return "" if x is None else form.format(x)


def peer_cells(out, side, job, flops, time):
    """Of one peer: share of its own peak, milliseconds, ratio of medians, of the fastest; and the last as a number."""
    if side is None or not side["rounds"]:
        return ["", "", "", ""], None
    own = out["basin"]["facts"]["forward"] if job == "slice" else flops
    theirs, fastest = seconds(side["rounds"], job), ratio_of_fastest(out, side, job)
    return [number(share(side["rounds"], job, own)), f"{theirs * 1e3:.4g}", f"{theirs / time:.2f}×", f"{fastest:.2f}×"], fastest


def row(job, name, block, out, names, aim, block_aim, ratio_aim):
    """One line of the table as a list of cells, with those of the named peers."""
    basin = out["basin"]["rounds"]
    key, flops = job, basin[0][job]["flops"]
    ours, ours_block = share(basin, key, flops), share(basin, "block", basin[0]["block"]["flops"]) if "block" in basin[0] else None
    time = min(seconds(basin, part) for part in (key, "block") if part in basin[0])
    cells = [peer_cells(out, peers_of(out).get(peer), job, flops, time) for peer in names]
    fastest = cells[0][1] if cells else None
    cpu = " / ".join(number(cpu_share(basin, part, basin[0][part]["flops"])) for part in (key, "block") if part in basin[0])
    aims = " / ".join(number(a) for a in (aim, block_aim) if a is not None) + (f", {ratio_aim:g}×" if ratio_aim else "")
    pairs = [(ours, aim), (ours_block, block_aim), (fastest, ratio_aim)]
    missed = [f"{got / want:.2f}" for got, want in pairs if got is not None and want is not None and got < want]
    unknown = any(want is not None and got is None for got, want in pairs)
    met = f"no: {', '.join(missed)} of it" if missed else "?" if unknown else "yes" if any(want for _, want in pairs) else ""
    reached = number(ours) + (f" / {ours_block:.2f}" if ours_block is not None else "")
    title = f"{TITLES[job]}, {NAMES[name]}" + (f", block {block}" if job == "product" else "")
    return [title, reached, f"{time * 1e3:.4g}", *(cell for peer, _ in cells for cell in peer), aims, met, cpu]


def top_rows(name, out):
    ours, rows = out["basin"]["rounds"][0], []
    text = lambda products, residual, time: f"{products} products, residual {residual:.0e}, {time:.3g} s"
    found_by = {peer: found for side in reversed(peers_of(out).values()) for peer, found in (side["rounds"] or [{}])[0].items()}
    for peer, found in (found_by or {"": None}).items():
        aim = {"PyHessian": 5.0, "hessian-eigenthings": 2.0, "curvlinops": None}.get(peer)
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
    theirs = [f"{name} {giga(side['rounds']):.2f} GB" for name, side in peers_of(free).items() if side["rounds"]]
    rows = [["H·v, ResNet-20, 1,000 samples", f"{giga(free['basin']['rounds']):.2f} GB",
             ", ".join(theirs) + " at 500 samples" if theirs else "", "≤ 2.2 GB", "yes" if giga(free["basin"]["rounds"]) <= 2.2 else "no"]]
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
    parser.add_argument("--peer", choices=("current", "debian", "python3", "all", "none"), default="current")
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
            rows.append(row(job, name, block, out, list(bench.peers), *aims))
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
    print(f"{machine()}; {facts.get('blas', '')}; two threads, single precision; medians of {bench.rounds} rounds\n")
    for name in bench.peers:
        peer = next((out[name]["facts"]["configuration"] for out in results.values() if name in peers_of(out)), None)
        if peer:
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in peer.items() if key != "blas" and value is not None) + "; "
                  + ", ".join("/".join(path.split("/")[-2:]) for path in peer["blas"]) + "\n")
    columns = [cell for name in bench.peers for cell in (f"{name}, of peak", "ms", "ratio", "of the fastest")]
    table(["work", "basin, of peak: 1 / block", "ms", *columns, "aim", "met", "by cpu"], rows)
    table(["eigenpairs to 1e-4 of the largest", "basin", "peer", "ratio", "aim", "met"], tops)
    table(["resident memory", "basin", "PyTorch", "aim", "met"], memory)
    table(["reading", "basin", "aim", "met"], reading)
    for key, out in results.items():
        if key.startswith("slice"):
            rounds, points = out["basin"]["rounds"], out["basin"]["facts"]["points"]
            print(f"{key}: {seconds(rounds, 'loop') / seconds(rounds, 'slice'):.2f} times the speed of basin's own loop over points; {points} of {GRID} points a "
                  f"round, whole grid {seconds(rounds, 'slice') * GRID:.3g} s")
        for name, side in peers_of(out).items():
            if side["facts"].get("chosen"):
                print(f"{key}: {name} by {side['facts']['chosen']}")
    if differences:
        print(f"largest relative difference of loss, ‖g‖, vᵀHv, ‖Hv‖ between the sides: {max(differences):.1e}")
    path = bench.folder / "results.json"
    path.write_text(json.dumps({"machine": machine(), "rounds": bench.rounds, "results": results, "table": rows, "top": tops, "memory": memory, "reading": reading}, indent=1))
    print(f"every round: {path}")


if __name__ == "__main__":
    main()
