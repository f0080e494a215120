"""The run folder: run.json, pairs.csv and the composites of each method. Files are written whole."""

import dataclasses
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from inpaint_bench import __version__, files
from inpaint_bench.data import pair_lists
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.parts import Part
from inpaint_bench.data.protocols import Protocol, Schema
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.hardware import machine_facts

if TYPE_CHECKING:  # heavy, and runs are read without them
    from inpaint_bench.data.datasets import Dataset
    from inpaint_bench.methods.base import Method

STARTED = {".lock", "pairs.csv"}  # all that a run killed in its first moment leaves behind
LIBRARIES = ("numpy", "numba", "opencv-python-headless", "pillow", "scikit-image", "torch")


class MethodInfo(Schema, frozen=True):
    """What produced the composites of a method. A run that resumes must match it."""

    source: str
    code: str
    weights: str  # the hash of the file, '' for a method without
    device: str
    command: tuple[str, ...]
    environment: dict[str, str]
    machine: dict[str, str]


class RunInfo(Schema, frozen=True):
    """run.json."""

    schema: Literal[2]
    protocol: Protocol
    fingerprint: str
    part: Part
    pairs: int
    methods: dict[str, MethodInfo]
    raw: bool = False  # predictions are scored as they are, not composited with the known region


@dataclass(frozen=True)
class RunFolder:
    """A run folder: the pairs of one protocol, and the composites of each method."""

    path: Path
    info: RunInfo
    pairs: tuple[Pair, ...]

    def composites(self, method: str) -> Path:
        """The folder of a method's composites."""
        return self.path / method / "composites"

    def composite(self, method: str, pair: str, sample: int | None) -> Path:
        """The file of one composite: 00017.png, or 00017.s3.png for sample 3."""
        return self.composites(method) / (f"{pair}.png" if sample is None else f"{pair}.s{sample}.png")

    def samples_of(self, method: str) -> dict[str, list[int | None]]:
        """The finished pairs, each with its samples; a pair that lacks a sample is not finished."""
        found: dict[str, list[int | None]] = {}
        folder = self.composites(method)
        for path in folder.glob("*.png"):
            pair, _, sample = path.name.removesuffix(".png").partition(".s")
            found.setdefault(pair, []).append(int(sample) if sample else None)
        in_order = {
            pair: sorted(samples, key=lambda one: -1 if one is None else one) for pair, samples in found.items()
        }
        whole = ([None], list(range(self.info.protocol.samples)))
        return {p.pair: in_order[p.pair] for p in self.pairs if in_order.get(p.pair) in whole}

    def forget(self, method: str) -> None:
        """Remove everything that a method made."""
        folder = self.path / method
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir():
            shutil.rmtree(folder)

    def with_method(self, name: str, info: MethodInfo) -> "RunFolder":
        """The run with a method added to run.json."""
        changed = msgspec.structs.replace(self.info, methods={**self.info.methods, name: info})
        files.write_if_changed(self.path / "run.json", to_json(changed))
        return dataclasses.replace(self, info=changed)


def default_folder(dataset: "Dataset") -> Path:
    """runs/paris, runs/paris.first3, runs/paris.2of8."""
    return Path("runs") / (dataset.page.name + dataset.part.suffix)


def start(path: Path, dataset: "Dataset", raw: bool = False) -> RunFolder:
    """Start a run, or resume the one in the folder, whose pairs then keep the hashes that it recorded.

    Raises InputError when the folder holds another protocol, other pairs, or another version of the schema.
    """
    if (path / "run.json").is_file():
        run = open_run(path)
        _refuse_another(run, dataset)
        return run
    if path.is_dir() and any(entry.name not in STARTED for entry in path.iterdir()):
        raise InputError(f"{path}: this folder holds something else than a run. Choose another --out.")
    info = RunInfo(2, dataset.page, dataset.fingerprint, dataset.part, len(dataset.pairs), {}, raw)
    files.write_whole(path / "pairs.csv", pair_lists.to_csv(dataset.pairs))
    files.write_whole(path / "run.json", to_json(info))
    return RunFolder(path, info, dataset.pairs)


def open_run(path: Path) -> RunFolder:
    """Read a run folder. Raises InputError for a folder that is none, or of another schema version."""
    try:
        data = (path / "run.json").read_bytes()
    except OSError as error:
        raise InputError(f"{path}: not a run folder: it has no run.json. Known: {_known(path)}") from error
    try:
        info = msgspec.json.decode(data, type=RunInfo)
    except msgspec.DecodeError as error:
        version = _version(data)
        what = f"of schema {version}; this version reads 2" if version not in (2, None) else f"broken: {error}"
        raise InputError(f"{path / 'run.json'}: {what}. Choose another --out, or delete the folder.") from error
    pairs = tuple(pair_lists.read_csv(path / "pairs.csv"))
    if len(pairs) != info.pairs or not all(pair.seen for pair in pairs):
        raise InputError(f"{path / 'pairs.csv'}: {len(pairs)} pairs, run.json counts {info.pairs}. Delete the folder.")
    return RunFolder(path, info, pairs)


def _known(path: Path) -> str:
    runs = sorted(str(found.parent) for found in path.parent.glob("*/run.json")) if path.parent.is_dir() else []
    return did_you_mean(str(path), runs).removeprefix("Known: ") if runs else "none here."


def _version(data: bytes) -> object:
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    return found.get("schema") if isinstance(found, dict) else None


def _refuse_another(run: RunFolder, dataset: "Dataset") -> None:
    for what, ours, theirs in (
        ("protocol", run.info.protocol.name, dataset.page.name),
        ("part", str(run.info.part) or "the whole", str(dataset.part) or "the whole"),
        ("fingerprint", run.info.fingerprint, dataset.fingerprint),
    ):
        if ours != theirs:
            raise InputError(
                f"{run.path}: this run folder is of another {what}: {ours}, not {theirs}. Choose another --out."
            )


def method_info(method: "Method", device: str) -> MethodInfo:
    """What produces a method's composites now, on this machine."""
    versions = {name: _installed(name) for name in LIBRARIES}
    machine = machine_facts()
    command = ("inpaint-bench", *sys.argv[1:])
    environment = {"inpaint-bench": __version__, "python": platform.python_version(), **versions}
    return MethodInfo(method.source, method.code, method.weights.sha256, device, command, environment, machine)


def refuse_mixture(run: RunFolder, method: "Method", now: MethodInfo, something_left: bool) -> None:
    """Raise InputError where existing composites were produced by other code, weights or libraries than now's."""
    before = run.info.methods.get(method.name)
    if before is None:
        raise InputError(f"{run.path / method.name}: run.json says nothing of what made it. Delete that folder.")
    facts = [(fact, getattr(before, fact), getattr(now, fact)) for fact in ("source", "code", "weights")]
    if something_left:
        facts.append(("device", before.device, now.device))
        facts += [
            (name, version, now.environment.get(name, "")) for name, version in sorted(before.environment.items())
        ]
    for fact, old, new in facts:
        if old != new:
            raise InputError(
                f"{run.path / method.name}: made with {fact} {old or 'none'}, now it is {new or 'none'}; "
                f"the two are not mixed. Start it anew with --fresh {method.name}, or choose another --out."
            )


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def to_json(info: RunInfo) -> bytes:
    """run.json as bytes."""
    return msgspec.json.format(msgspec.json.encode(info), indent=1) + b"\n"
