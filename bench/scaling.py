"""The model of scaling of docs/performance.md: what one pass would take on 8, 32 and 128 cores, from what it takes on one.

    python3 bench/scaling.py BENCH FOLDER [SAMPLES]

BENCH is the compiled bench.c, FOLDER has the checkpoints of bench/networks.py. A pass over N samples on T cores takes

    the longest queue of groups, handed out in order to whoever is free, at one core's time a sample (measured here)
  + the sum over groups: G parts of k P numbers for a block of k vectors, shared by the cores in strips of 256 numbers, at TREE
    seconds a number; and turning the block of vectors, one part's worth, likewise
  + what starting and ending a parallel region costs, REGION a core.

Groups follow src/engine/objective/samples.c, and the script stops if bench counts other parts than it does. TREE was measured by perf
on one core, for large parts (small ones, in its second cache: 0.15 ns); it is what small parts cost that come from another core. REGION is an
assumption: two cores do not show it.
"""
import json
import subprocess
import sys
from pathlib import Path

CORES = (8, 32, 128)
# units of 16 samples that a chunk has at most: chunk_size in bound.c, by the widest tensor
MOST = {"mlp": 20, "lenet": 1, "resnet20": 1, "vit": 1, "digits_64_16_10": 8, "digits_64_32_10": 8, "digits_64_32_32_10": 8, "digits_cnn": 4,
        "digits_resnet": 4, "digits_transformer": 2}
UNIT, MANY, FULL, STRIP = 16, 128, 16, 256
TREE, REGION = 0.4e-9, 0.3e-6


def power(units, each, most):
    p = 1
    while p < most and p * each < units:
        p *= 2
    return p


def groups_of(samples, most):
    """Units of every group."""
    units = -(-samples // UNIT)
    full = power(units, FULL * most, 1 << 40)
    count = full if full > MANY else power(units, most, MANY)
    return [(g + 1) * units // count - g * units // count for g in range(count)]


def parts_of(groups, most):
    return sum(-(-units // most) for units in groups)


def queue(groups, cores):
    """Units of the longest queue, if each group goes to the core that is free first."""
    busy = [0] * cores
    for units in groups:
        busy[busy.index(min(busy))] += units
    return max(busy)


def model(seconds, samples, numbers, most, cores):
    """Seconds: of the groups, of the sums, of the region."""
    groups = groups_of(samples, most)
    cores = min(cores, len(groups))
    strips = -(-numbers // STRIP)
    share = min(numbers, -(-strips // cores) * STRIP)
    return seconds * queue(groups, cores) / sum(groups), TREE * share * (len(groups) + 1), REGION * cores


def main():
    bench, folder = sys.argv[1], Path(sys.argv[2])
    wanted = int(sys.argv[3]) if len(sys.argv) > 3 else None
    print("| pass | samples | groups | one core | " + " | ".join(f"{cores} cores: efficiency; imbalance, sums, region" for cores in CORES) + " |")
    print("|" + " --- |" * (4 + len(CORES)))
    for name, most in MOST.items():
        if not (folder / f"{name}.h5").exists():
            continue
        got = json.loads(subprocess.run([bench, "scale", str(folder / f"{name}.h5"), "16"], capture_output=True, text=True, check=True).stdout)
        groups = groups_of(got["samples"], most)
        if parts_of(groups, most) != got["parts"]:
            raise SystemExit(f"{name}: bench takes the samples in {got['parts']} parts, the model in {parts_of(groups, most)}")
        for samples in sorted({got["samples"], wanted or got["samples"]}):
            groups = groups_of(samples, most)
            for kind, vectors in (("product", 1), ("block", got["block_size"]), ("gradient", 1)):
                one = got[kind] * samples / got["samples"]
                cells = []
                for cores in CORES:
                    fill, tree, region = model(one, samples, vectors * got["parameters"], most, cores)
                    total, ideal = fill + tree + region, one / cores
                    cells.append(f"{ideal / total:.2f}; {(fill - ideal) / total:.2f}, {tree / total:.2f}, {region / total:.2f}")
                print(f"| {name}, {kind if kind != 'block' else f'block of {vectors}'} | {samples:,} | {len(groups)} | {one * 1e3:.3g} ms | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
