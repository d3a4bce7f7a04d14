"""Rates of H·v against network width, samples and block size, for the figure in docs/performance.md. `make bench-plot` runs it.

    python3 bench/rates.py BENCH FOLDER [--rounds N]

BENCH is the compiled bench.c; FOLDER takes rates.json, which bench/plot.c draws. Networks are MLPs 64-w-w-10 on synthetic inputs, single
precision, two threads, a process for each point. A rate is the median of the rounds, with the lowest and highest; its peak is the median
of the GEMM peaks that the same process measured right before each.
"""
import argparse
import json
import os
import statistics
import sys
from pathlib import Path

from run import Side, machine

ROUNDS, SAMPLES, BLOCK, WIDTHS = 5, 10000, 8, (32, 256)
FEWER = {1024: 4096, 2048: 1024}  # samples of wide networks, for time

# axis, width, samples, block
POINTS = [*[("width", w, FEWER.get(w, SAMPLES), BLOCK) for w in (16, 32, 64, 128, 256, 512, 1024, 2048)],
          *[("samples", w, 1 << i, BLOCK) for w in WIDTHS for i in range(4, 15)],
          *[("block", w, SAMPLES, 1 << i) for w in WIDTHS for i in range(6)]]


def measure(bench, axis, width, samples, block, rounds):
    """One process: its facts, and the points it gives, of single vectors and of a block, or on the block's axis of the block alone."""
    side = Side([bench, "product", f"mlp:64-{width}-{width}-10", str(block), str(samples)])
    facts = side.read()
    got = [side.round() for _ in range(rounds)]
    side.close()
    if facts is None or None in got:
        raise SystemExit(f"{axis}, width {width}, {samples} samples, block {block}: no result")
    points = []
    for part, k in [("product", 1), ("block", block)][axis == "block":]:
        rates = [r[part]["flops"] / r[part]["seconds"] for r in got]
        points.append({"axis": axis, "width": width, "samples": samples, "block": k, "rate": statistics.median(rates), "low": min(rates),
                       "high": max(rates), "peak": statistics.median(r[part]["peak"] for r in got)})
    return facts, points


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    facts, points = {}, []
    for axis, width, samples, block in POINTS:
        print(f"rates: {axis}, width {width}, {samples} samples, block {block}", file=sys.stderr)
        facts, got = measure(os.path.abspath(arguments.bench), axis, width, samples, block, arguments.rounds)
        points += got
    fewer = " and ".join(f"{n:,} at width {w:,}" for w, n in FEWER.items())
    path = arguments.folder / "rates.json"
    path.write_text(json.dumps({"machine": machine(), "blas": facts["blas"], "threads": facts["threads"], "rounds": arguments.rounds,
                                "samples": f"{SAMPLES:,} samples ({fewer})", "points": points}, indent=1))
    print(path)


if __name__ == "__main__":
    main()
