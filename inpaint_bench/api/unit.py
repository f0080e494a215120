"""`python -m inpaint_bench.api.unit SPEC.json`: works on one unit of a run, and says so in files as it goes."""

import argparse
import os
import socket
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import filelock
import msgspec

from inpaint_bench import decode, disk, files
from inpaint_bench.api.probe import answer
from inpaint_bench.api.progress import listening
from inpaint_bench.errors import BenchError, IncompleteError
from inpaint_bench.executors.units import Attempt, seal

GONE = 143  # the exit code of a unit whose driver is gone
WAIT = 60  # seconds for which another try of the same unit may still be writing


@dataclass
class StepTimes:
    """When the steps of each part of the work were taken."""

    batch: int
    begun: float = field(default_factory=lambda: time.monotonic())
    steps: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    def hear(self, what: str, count: int) -> None:
        """A part of the work moves on by so many steps."""
        self.steps[what].append((time.monotonic(), count))

    def per_pair(self, pairs: int) -> float | None:
        """The seconds that a pair more would take; None where nothing was done.

        Until a first batch of a part is done, its networks are loaded: that part is timed from there on. Where there
        is no second batch, as with a program, which gives all its outputs at once, the whole time is divided.
        """
        found, last = 0.0, self.begun
        for steps in self.steps.values():
            counted = list(zip((when for when, _ in steps), accumulate(count for _, count in steps), strict=True))
            total = counted[-1][1]
            first = min(total, self.batch * max(1, total // pairs))  # the steps of a batch
            start = next(when for when, count in counted if count >= first)
            rest, whole = total - first, steps[-1][0] - last
            streamed = (steps[-1][0] - start) * total / rest if rest else 0.0
            found += streamed if streamed > 0.1 * whole else whole
            last = steps[-1][0]
        return found / pairs if self.steps else None


def work(spec_path: Path, token: str = "", out: Path | None = None, stays: bool = False) -> int:
    """Work on the unit that a file describes, in another folder than it says if one is given; the exit code.

    Finished pairs of an earlier try are kept. Where the process `stays` for other units of the method, so does the
    method, loaded.
    """
    path, code, seconds = spec_path.with_suffix(".attempt"), 0, None
    if stays:
        from inpaint_bench.methods.networks import keep_loaded  # heavy

        keep_loaded()
    attempt = Attempt(token, socket.gethostname(), os.getpid(), time.time())
    try:
        files.write_whole(path, msgspec.json.encode(attempt))
        options: dict[str, Any] = decode.json(files.read_bytes(spec_path), dict[str, Any])
        options |= {"out": str(out)} if out else {}
        key = options.pop("key")
        if "probe" in options:
            files.write_whole(spec_path.with_suffix(".answer"), msgspec.json.encode(answer(options["probe"])))
        else:
            seconds = _run(options)
        files.write_whole(spec_path.with_suffix(".done"), seal(key, out or spec_path.with_suffix("")))
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        code = error.exit_code
    ended = msgspec.structs.replace(attempt, ended=time.time(), code=code, seconds_per_pair=seconds)
    files.write_whole(path, msgspec.json.encode(ended))
    return code


def _run(options: dict[str, Any]) -> float | None:
    """Run the pipeline of a unit; the seconds that a pair more would take, None where an earlier try did a part."""
    from inpaint_bench.api.pipeline import Pipeline

    options["shard"] = tuple(options["shard"])
    out, times = Path(options["out"]), StepTimes(options["batch"])
    disk.make_folder(out)
    lock = filelock.FileLock(out / ".lock")
    try:
        lock.acquire(timeout=WAIT)
    except filelock.Timeout as error:
        raise IncompleteError(f"{out}: another try of this unit is still at work.") from error
    lock.release()
    begun = (out / "run.json").is_file()
    with listening(times.hear):
        outcome = Pipeline(**options).run()
    replace(outcome, unmeasured=()).raise_failures()  # metrics that fail: the driver measures again, and says so
    return None if begun else times.per_pair(len(outcome.run.pairs))


def _end_with_driver() -> None:
    """End this process when its standard input ends, as it does when whoever started it is gone."""

    def wait() -> None:
        while os.read(0, 1 << 12):  # not through sys.stdin, whose lock this thread would hold at the end
            pass
        os._exit(GONE)

    threading.Thread(target=wait, daemon=True).start()


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", type=Path)
    parser.add_argument("--token", default="")
    parser.add_argument("--with-driver", action="store_true")
    given = parser.parse_args()
    if given.with_driver:
        _end_with_driver()
    return work(given.spec, given.token)


if __name__ == "__main__":
    sys.exit(_main())
