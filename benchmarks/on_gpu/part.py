"""What the parts share: their options, the file that each writes, and the time that is left."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from inpaint_bench import files
from inpaint_bench.errors import BenchError
from inpaint_bench.methods.devices import open_device
from inpaint_bench.timing import machine


@dataclass
class PartRun:
    """A part as it runs: its options, and the rows that its file holds so far."""

    name: str
    title: str
    out: Path
    device: torch.device
    until: float  # seconds since the epoch at which it stops by itself
    quick: bool
    photographs: Path
    weights: Path | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machine: dict[str, str] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.until - time.time()

    def add(self, **row: Any) -> None:
        """Add a row, and write the file."""
        self.rows.append(row)
        print(f"{self.name}: {row}")
        self.save()

    def save(self) -> None:
        """Write the file anew."""
        content = {
            "part": self.name,
            "title": self.title,
            "device": str(self.device),
            "quick": self.quick,
            "machine": self.machine,
            "rows": self.rows,
            "notes": self.notes,
        }
        files.write_whole(self.out / f"{self.name}.json", json.dumps(content, indent=1).encode() + b"\n")


def run_part(name: str, title: str, work: Callable[[PartRun], int]) -> None:
    """Read the options of a part, do its work, and exit with the code that it returns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--until", type=float, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    try:
        device = open_device(options.device)
        part = PartRun(name, title, **{**vars(options), "device": device}, machine=machine.facts(device))
        part.save()
        sys.exit(work(part))
    except BenchError as error:
        print(f"{name}: {error}")
        sys.exit(2)


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what is queued."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
