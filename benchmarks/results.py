"""Many scores read and turned into results and tables: how long it takes, and how much memory.

    python benchmarks/results.py                    12,000 pairs, 25 metrics, 5 samples: under 20 s and 1 GiB wanted
    python benchmarks/results.py PAIRS METRICS SAMPLES

A run folder of one method is made from random scores: run.json, pairs.csv, scores.csv and their hashes as a run writes
them, and composites that are empty files, since results only count them. Then a fresh process reads the folder and
writes results and tables. SAMPLES 1 is a method with one output a pair.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.api.run import Run
from inpaint_bench.api.writing import write_derived
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.pair_lists import fingerprint
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.data.prepare import Data
from inpaint_bench.data.protocols import About, Protocol, bucket_of
from inpaint_bench.metrics import METRICS, RECORDED
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner import folder
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.metrics import ChosenMetrics
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.runner.scores import Score, scores_path, write_sorted

SIZE, METHOD, SECONDS, MIB = 256, "noise", 20, 1024


def make_pairs(page: Protocol) -> Pairs:
    """Pairs that have been seen, with random holes of up to 60%."""
    rng, found = np.random.default_rng(0), []
    for number, hole in enumerate(rng.integers(1, SIZE**2 * 6 // 10, page.count).tolist()):
        name = f"{number:05d}"
        ratio, bucket = f"{hole / SIZE**2:.6f}", bucket_of(page, hole, SIZE**2)
        hashes = files.sha256(f"image {number}".encode()), files.sha256(f"mask {number}".encode())
        found.append(Pair(name, f"{name}.png", f"{name}.png", *hashes, hole, ratio, bucket))
    return Pairs(found)


def make_scores(run: RunFolder, metrics: list[str], samples: int) -> Iterator[Score]:
    """A random score of every pair, sample and metric, in the order of files."""
    rng, names = np.random.default_rng(1), sorted(metrics, key=ORDER.__getitem__)
    signatures = {name: f"{name}:rgb:u8r:comp:v1" for name in names}
    for pair in run.pairs:
        for sample in range(samples):
            composite = files.sha256(f"{pair.pair} {sample}".encode())[:16]
            for name, value in zip(names, rng.normal(25, 4, len(names)).tolist(), strict=True):
                yield Score(pair.pair, sample if samples > 1 else None, name, signatures[name], composite, value)


def make_run(out: Path, count: int, metrics: list[str], samples: int) -> float:
    """A run folder of one method; the seconds of processor time that writing its scores took."""
    about = About(title="random scores", licence="CC0-1.0", get="benchmarks/results.py makes it")
    page = Protocol(schema=1, name="results", about=about, count=count, size=SIZE, samples=samples)
    pairs = make_pairs(page)
    run = folder.start(out, Dataset(page, Data(out, out), pairs, fingerprint(page, pairs)))
    run = run.with_method(METHOD, MethodInfo(METHOD, "0", "", "cpu", (), {}, {}))
    run.composites(METHOD).mkdir(parents=True)
    for pair in run.pairs:
        for sample in range(samples):
            run.composite(METHOD, pair.pair, sample if samples > 1 else None).touch()
    start = time.process_time()
    write_sorted(run, METHOD, make_scores(run, metrics, samples))
    return time.process_time() - start


def read_run(out: Path, metrics: list[str]) -> dict[str, float]:
    """What reading the folder and writing its results and tables takes, in this process."""
    start, busy = time.perf_counter(), time.process_time()
    run = Run.open(out)
    run.scores_of(METHOD)
    read = time.perf_counter() - start
    write_derived(run, ChosenMetrics(tuple(metrics)))
    return {
        "reading, s": read,
        "reading, results and tables, s": time.perf_counter() - start,
        "of processor time, s": time.process_time() - busy,
        "largest memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "results": len(run.result_list),
    }


def main(counts: list[int]) -> None:
    """Make a run, read it in a process of its own, and print what both took."""
    count, kinds, samples = counts
    metrics = [*list(METRICS)[: kinds - 1], *RECORDED]
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "run"
        wrote = make_run(out, count, metrics, samples)
        size = scores_path(folder.open_run(out), METHOD).stat().st_size
        print(f"{count * len(metrics) * samples:,} scores, {size >> 20} MiB: written in {wrote:.1f} s")
        command = [sys.executable, __file__, "read", str(out), *metrics]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for name, value in found.items():
        print(f"  {name:32} {value:8.1f}")
    print(f"under {SECONDS} s and {MIB} MiB wanted, at 12,000 pairs, 25 metrics and 5 samples")


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        print(json.dumps(read_run(Path(sys.argv[2]), sys.argv[3:])))
    else:
        main([int(word) for word in sys.argv[1:]] or [12_000, 25, 5])
