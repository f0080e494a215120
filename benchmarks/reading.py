"""CPU seconds of importing the package, of --help, and of reading a run's results; what they are held to.

    python benchmarks/reading.py [RUN]

RUN is a run folder; by default the expected results of the sample. Each is measured in processes of its own, the
least of five. Exit code 1 where a bound is broken.
"""

import resource
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[1] / "results" / "expected" / "sample"
BOUNDS = {"import inpaint_bench": 0.2, "inpaint-bench --help": 0.5, "load_run(…).results": 1.0}
TIMES = 5


def cpu_seconds(code: str) -> float:
    """The least CPU seconds of a fresh interpreter that runs some code, the interpreter's own start included."""
    found = []
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def main(arguments: list[str]) -> int:
    """Print the seconds and the bound of each."""
    run = Path(arguments[0]) if arguments else RUN
    code = {
        "import inpaint_bench": "import inpaint_bench",
        "inpaint-bench --help": "from inpaint_bench.cli import run_cli; run_cli(['--help'])",
        "load_run(…).results": f"import inpaint_bench as ib; ib.load_run({str(run)!r}).results",
    }
    broken = 0
    for what, bound in BOUNDS.items():
        seconds = cpu_seconds(code[what])
        print(f"{what:22}  {seconds:.3f} s of CPU, at most {bound} s")
        broken += seconds > bound
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
