"""Everything that a GPU is needed for, in nine minutes.

    python benchmarks/gpu.py [--device cuda] [--minutes 9] [--out runs/gpu] [--quick]
                             [--parts tests,table6,pairs,training,finetune]
                             [--photographs runs/photographs.zip] [--weights FILE]

Each part is a process with a share of the time; what one leaves goes to those after it. OUT/PART.json is rewritten as
the part gets on, and OUT/report.md after each part, so what is finished is kept whatever happens later; OUT/log.txt
holds what the parts printed. `--quick` makes every part as small as it can be, to try them on a CPU. The page is
docs/how-to/gpu.md.

Exit code 1 if a check failed, 2 where something is missing, 3 if a part crashed or did not finish, 130 if interrupted.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from on_gpu import FAILED, FINISHED, INCOMPLETE
from on_gpu.report import write_report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SPARE = 6.0  # seconds before its limit at which a part stops by itself
NEEDED = {  # what the parts import, and the distributions that hold it
    **{name: name for name in ("torch", "torchvision", "numpy", "scipy", "numba", "pandas", "msgspec", "safetensors")},
    **{name: name for name in ("click", "rich", "psutil", "jaxtyping", "filelock", "pytest")},
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "skimage": "scikit-image",
}


@dataclass(frozen=True)
class Part:
    """A part: the module that it is, and its share of the time, in minutes of nine."""

    module: str
    share: float


PARTS = {
    "tests": Part("on_gpu.tests", 2.0),
    "table6": Part("on_gpu.table6", 2.5),
    "pairs": Part("on_gpu.pairs", 0.75),
    "training": Part("on_gpu.training_speed", 0.75),
    "finetune": Part("on_gpu.finetune", 3.0),
}


class MissingError(Exception):
    """Something that the parts need is not here."""


def refuse_missing(options: argparse.Namespace) -> None:
    """Raise MissingError, in one sentence, for packages, a GPU or files that are not here."""
    if absent := [distribution for module, distribution in NEEDED.items() if find_spec(module) is None]:
        raise MissingError(f"not installed here: {', '.join(absent)}. Install them: pip install {' '.join(absent)}.")
    if options.device.startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            raise MissingError(
                f"torch {torch.__version__} sees no GPU here. Install its build for CUDA on a machine with a GPU of "
                "NVIDIA, or try the script on a processor with --device cpu --quick."
            )
    if "finetune" in options.parts and not options.quick and not options.photographs.is_file():
        others = ",".join(name for name in PARTS if name != "finetune")
        raise MissingError(
            f"{options.photographs}: there are no photographs to train on. Make the file with `make gpu-pack "
            f"PACKAGES=DIR`, or leave that part out: --parts {others}."
        )
    if options.weights is not None and not options.weights.is_file():
        raise MissingError(f"{options.weights}: there is no such file of weights.")


def command(part: Part, options: argparse.Namespace, until: float) -> list[str]:
    """The command line of a part, which is to stop at the time `until`, in seconds since the epoch."""
    words = [sys.executable, "-m", part.module, "--device", options.device, "--out", str(options.out)]
    words += ["--until", repr(until), "--photographs", str(options.photographs)]
    words += ["--weights", str(options.weights)] if options.weights else []
    return [*words, "--quick"] if options.quick else words


def run(words: Sequence[str], seconds: float, log: Path) -> tuple[int | None, str]:
    """Run a part; its exit code, None if it was stopped at its limit, and the last line that it printed."""
    paths = [str(ROOT), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as file:
        start = file.tell()
        process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    printed = log.read_bytes()[start:].decode("utf-8", "replace").strip()
    return code, printed.splitlines()[-1].strip() if printed else ""


def ended(code: int | None, last: str, seconds: float, limit: float) -> dict[str, Any]:
    """How a part ended, as its file says."""
    known = {FINISHED: "finished", FAILED: "a check failed", INCOMPLETE: "not everything was done", None: "stopped"}
    how = known.get(code, "crashed")
    found = {"how": how, "seconds": round(seconds, 1), "limit_seconds": round(limit, 1)}
    return found if code == FINISHED else found | {"exit_code": code, "last_line": last}


def limit_of(names: Sequence[str], seconds: float) -> float:
    """The seconds of the first of these parts, where so many are left for all of them."""
    shares = [PARTS[name].share for name in names]
    return max(0.0, seconds) * shares[0] / sum(shares)


def measure(options: argparse.Namespace) -> int:
    """Run the parts one after the other; the exit code."""
    options.out.mkdir(parents=True, exist_ok=True)
    log, end, codes = options.out / "log.txt", time.monotonic() + 60 * options.minutes, []
    log.write_bytes(b"")
    for number, name in enumerate(options.parts):
        path = options.out / f"{name}.json"
        path.unlink(missing_ok=True)
        start = time.monotonic()
        limit = limit_of(options.parts[number:], end - start)
        code, last = run(command(PARTS[name], options, time.time() + limit - SPARE), limit, log)
        content = json.loads(path.read_text()) if path.is_file() else {"part": name}
        content["ended"] = ended(code, last, time.monotonic() - start, limit)
        path.write_text(json.dumps(content, indent=1) + "\n")
        write_report(options.out, list(PARTS))
        print(f"{name}: {content['ended']['how']}, {content['ended']['seconds']:.0f} s", flush=True)
        codes.append(code)
    print(f"{options.out / 'report.md'}")
    if not {*codes} <= {FINISHED, FAILED}:
        return 3
    return 1 if FAILED in codes else 0


def some_parts(text: str) -> list[str]:
    """Parts by name, separated by commas, in their order."""
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part is called '{unknown[0]}'; known: {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Everything that a GPU is needed for, in nine minutes.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=9.0, help="of the whole")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--parts", type=some_parts, default=list(PARTS), help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--photographs", type=Path, default=Path("runs/photographs.zip"), help="made by make gpu-pack")
    parser.add_argument("--weights", type=Path, help="that training goes on from; default: those of spn-small")
    parser.add_argument("--quick", action="store_true", help="as little of everything as possible")
    options = parser.parse_args()
    for name in ("out", "photographs", "weights"):
        setattr(options, name, getattr(options, name) and getattr(options, name).resolve())
    try:
        refuse_missing(options)
        return measure(options)
    except MissingError as error:
        print(f"gpu: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
