"""`python -m inpaint_bench.api.unit SPEC.json`: works on one unit of a run, and says so in a file when it is done."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from inpaint_bench import decode, files
from inpaint_bench.errors import BenchError
from inpaint_bench.runner import sums

GONE = 143  # the exit code of a unit whose driver is gone


def seal(out: Path, spec: bytes) -> bytes:
    """What the file of a finished unit holds: hashes of what it was given and of what the sums of its folder are."""
    return f"{files.sha256(spec)} {files.file_sha256(out / sums.FILE)}\n".encode()


def work(spec_path: Path) -> int:
    """Run the unit that a file describes; its exit code. Finished pairs of an earlier try are kept."""
    from inpaint_bench.api.pipeline import Pipeline

    spec = files.read_bytes(spec_path)
    options: dict[str, Any] = decode.json(spec, dict[str, Any])
    options["shard"] = tuple(options["shard"])
    try:
        Pipeline(**options).run().raise_failures()
        out = Path(options["out"])
        files.write_whole(spec_path.with_suffix(".done"), seal(out, spec))
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _end_with_driver() -> None:
    """End this process when its standard input ends, as it does when whoever started it is gone."""

    def wait() -> None:
        while os.read(0, 1 << 12):  # not through sys.stdin, whose lock this thread would hold at the end
            pass
        os._exit(GONE)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    if "--with-driver" in sys.argv:
        _end_with_driver()
    sys.exit(work(Path(sys.argv[1])))
