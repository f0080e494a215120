"""The run folder: run.json, pairs.csv and the composites of each method. Files are written whole."""

import dataclasses
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.data import pair_lists, photographs
from inpaint_bench.data.pairs import Pairs
from inpaint_bench.data.protocols import facts
from inpaint_bench.errors import HashError, InputError, NotComparableError, did_you_mean
from inpaint_bench.metrics.own_metric import MetricInfo, own_metric
from inpaint_bench.metrics.registry import declare
from inpaint_bench.runner import sums
from inpaint_bench.runner.run_info import MethodInfo, RunInfo

if TYPE_CHECKING:  # heavy, and runs are read without them
    from inpaint_bench.data.datasets import Dataset

STARTED = {".lock", "pairs.csv", sums.FILE}  # all that a run killed in its first moment leaves behind
OURS = ("pairs.csv", photographs.FOLDER, "report", "results.jsonl", "run.json", "tables")  # beside the methods
COMPOSITE = re.compile(rf"({pair_lists.PAIR})(?:\.s(0|[1-9][0-9]{{0,5}}))?\.png")


@dataclass(frozen=True)
class RunFolder:
    """A run folder: the pairs of one protocol, and the composites of each method."""

    path: Path
    info: RunInfo
    pairs: Pairs

    def folder_of(self, method: str) -> Path:
        """The folder of a method, of the targets or of the masked targets. Raises InputError for what is no name."""
        if method in OURS:
            raise InputError(f"{self.path}: a method cannot be called '{method}', as a file or folder of every run is.")
        return files.within(self.path, method, str(self.path))

    def composites(self, method: str) -> Path:
        """The folder of a method's composites. Raises InputError for what is no name."""
        return self.folder_of(method) / "composites"

    def composite(self, method: str, pair: str, sample: int | None) -> Path:
        """The file of one composite: 00017.png, or 00017.s3.png for sample 3."""
        return self.composites(method) / composite_name(pair, sample)

    def composite_paths(self, method: str) -> Iterator[Path]:
        """The files of the finished pairs, in order."""
        finished = self.samples_of(method)
        return (self.composite(method, pair, sample) for pair, some in finished.items() for sample in some)

    def samples_of(self, method: str) -> dict[str, Sequence[int | None]]:
        """The finished pairs, each with its samples; a pair that lacks a sample is not finished."""
        return self._listed(method)[0]

    def strays(self, method: str) -> list[str]:
        """The names of what lies among a method's composites and is none of this run; it counts for nothing."""
        return self._listed(method)[1]

    def _listed(self, method: str) -> tuple[dict[str, Sequence[int | None]], list[str]]:
        """The finished pairs with their samples, and the strays. A method has one output a pair, or every sample."""
        folder, single = self.composites(method), dict.fromkeys(self.pairs.names, False)  # which have their one output
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        every, sampled = range(self.info.protocol.samples), Counter[str]()
        for pair, sample in map(_parsed, names):
            if pair in single and sample is None:
                single[pair] = True
            elif pair in single and sample in every:
                sampled[pair] += 1
        whole = {pair for pair, count in sampled.items() if count == len(every)}
        outputs = sum(single.values())
        stochastic = len(whole) >= max(1, outputs)
        samples: Sequence[int | None] = every if stochastic or not outputs else (None,)
        strays = sorted(name for name in names if not name.startswith(".writing-") and not _of(name, single, samples))
        if stochastic:
            return {pair: every for pair in single if pair in whole}, strays
        return {pair: (None,) for pair, here in single.items() if here}, strays

    def forget(self, method: str) -> None:
        """Remove everything that a method made."""
        folder = self.folder_of(method)
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir():
            shutil.rmtree(folder)

    def with_method(self, name: str, info: MethodInfo) -> "RunFolder":
        """The run with a method added to run.json, beside those that are in the file by now."""

        def add(now: RunInfo | None) -> RunInfo:
            before = now or self.info
            return msgspec.structs.replace(before, methods={**before.methods, name: info})

        return dataclasses.replace(self, info=change_info(self.path, add))

    def with_metrics(self, metrics: dict[str, MetricInfo]) -> "RunFolder":
        """The run with metrics of one's own in run.json, each in place of an earlier one of its name."""

        def add(now: RunInfo | None) -> RunInfo:
            before = now or self.info
            return msgspec.structs.replace(before, metrics={**before.metrics, **metrics})

        return dataclasses.replace(self, info=change_info(self.path, add)) if metrics else self


def composite_name(pair: str, sample: int | None) -> str:
    """The name of the file of one composite."""
    return f"{pair}.png" if sample is None else f"{pair}.s{sample}.png"


def _parsed(name: str) -> tuple[str, int | None]:
    """The pair and the sample that a file is named after; '' for no composite."""
    found = COMPOSITE.fullmatch(name)
    return (found[1], int(found[2]) if found[2] else None) if found else ("", None)


def _of(name: str, pairs: Collection[str], samples: Sequence[int | None]) -> bool:
    """Whether a file is named as a composite of one of these pairs and samples."""
    pair, sample = _parsed(name)
    return pair in pairs and sample in samples


def default_folder(dataset: "Dataset") -> Path:
    """runs/paris, runs/paris.first3, runs/paris.2of8."""
    return Path("runs") / (dataset.page.name + dataset.part.suffix)


def start(path: Path, dataset: "Dataset", raw: bool = False) -> RunFolder:
    """Start a run, or resume the one in the folder, whose pairs then keep the hashes that it recorded.

    Raises InputError when the folder holds another protocol, other pairs, or another version of the schema.
    """
    if (path / "run.json").is_file():
        _refuse_another(run := open_run(path), dataset)
        return publish(dataclasses.replace(run, pairs=dataset.pairs) if run.pairs == dataset.pairs else run)
    if path.is_dir() and any(entry.name not in STARTED for entry in path.iterdir()):
        raise InputError(
            f"{path}: this folder holds something else than a run. Choose another --out, or delete the folder if it is "
            "what was left of one."
        )
    info = RunInfo(2, dataset.page, dataset.fingerprint, dataset.pixels, dataset.part, len(dataset.pairs), {}, raw)
    with files.written_whole(path / "pairs.csv", if_changed=True) as temporary:
        pair_lists.write_csv(temporary, dataset.pairs)
    sums.write_sums(path, path / "pairs.csv")
    return publish(RunFolder(path, change_info(path, lambda _: info), dataset.pairs))


def publish(run: RunFolder) -> RunFolder:
    """The run, in which the page of a folder of photographs is written, and its pairs if it has all."""
    if written := photographs.publish(run.path, run.info.protocol, None if run.info.part else run.pairs):
        sums.write_sums(run.path, *written)
    return run


def change_info(path: Path, change: Callable[[RunInfo | None], RunInfo]) -> RunInfo:
    """Read run.json, change it and write it, under the lock of the folder: the only way in which it is written.

    `change` is given what the file says now, None where there is none, never what was read before: whatever another
    method added meanwhile is kept. Raises as `open_run` and `files.only_one` do.
    """
    with files.locked(path):
        now = read_info(path) if (path / "run.json").is_file() else None
        changed = change(now)
        files.write_if_changed(path / "run.json", to_json(changed))
    return changed


def open_run(path: Path) -> RunFolder:
    """Read a run folder. Raises InputError for a folder that is none, or of another schema version.

    Raises HashError where its protocol, pairs and fingerprint do not belong together: one was edited.
    """
    info = read_info(path)
    if not (path / "pairs.csv").is_file():
        raise InputError(f"{path / 'pairs.csv'}: is missing. Restore the file, or delete the folder and run again.")
    pairs = pair_lists.read_csv(path / "pairs.csv")
    if len(pairs) != info.pairs or not all(pair.seen for pair in pairs):
        raise InputError(f"{path / 'pairs.csv'}: {len(pairs)} pairs, run.json counts {info.pairs}. Delete the folder.")
    _refuse_edited(path, info, pairs)
    return RunFolder(path, info, pairs)


def _refuse_edited(path: Path, info: RunInfo, pairs: Pairs) -> None:
    """Raise HashError where run.json and pairs.csv do not agree, or pairs.csv is not what was written."""
    remedy = "Restore the file, or delete the folder and run again."
    sums.refuse_changed(path, path / "pairs.csv", remedy)
    pair_lists.refuse_other_facts(info.protocol, pairs, path / "pairs.csv")
    marks = {pair_lists.fingerprint(info.protocol, pairs, with_pixels) for with_pixels in (False, True)}
    if info.part.kind != "shard" and info.fingerprint not in marks:
        raise HashError(
            f"{path / 'run.json'}: its protocol and pairs have the fingerprint {min(marks)}, and it says "
            f"{info.fingerprint}: one of them was edited. {remedy}"
        )
    if (digest := pair_lists.pixel_digest(pairs)) != info.pixels:
        raise HashError(
            f"{path / 'run.json'}: the pixels of its pairs have the digest {digest[:12]}, and it says "
            f"{info.pixels[:12]}: one of run.json and pairs.csv was edited. {remedy}"
        )


def read_info(path: Path) -> RunInfo:
    """run.json of a run folder. The metrics of one's own that it declares are known from now on.

    Raises InputError where there is none, or one of another schema version, and NotComparableError where it declares a
    metric otherwise than what was read before.
    """
    try:
        data = files.read_bytes(path / "run.json")
    except OSError as error:
        raise InputError(f"{path}: not a run folder: it has no run.json. Known: {_known(path)}") from error
    try:
        info: RunInfo = decode.json(data, RunInfo)
    except msgspec.DecodeError as error:
        version = _version(data)
        what = f"of schema {version}; this version reads 2" if version not in (2, None) else f"broken: {error}"
        raise InputError(f"{path / 'run.json'}: {what}. Choose another --out, or delete the folder.") from error
    for name, declared in info.metrics.items():
        try:
            declare(own_metric(name, declared))
        except (InputError, NotComparableError) as error:
            raise type(error)(f"{path / 'run.json'}: {error}") from error
    return info


def _known(path: Path) -> str:
    runs = sorted(str(found.parent) for found in path.parent.glob("*/run.json")) if path.parent.is_dir() else []
    return did_you_mean(str(path), runs).removeprefix("Known: ") if runs else "none here."


def _version(data: bytes) -> object:
    try:
        found = decode.json(data)
    except msgspec.DecodeError:
        return None
    return found.get("schema") if isinstance(found, dict) else None


def _refuse_another(run: RunFolder, dataset: "Dataset") -> None:
    photographs.refuse_others(run.path, run.info.protocol, run.info.part, run.pairs, dataset)
    for what, ours, theirs in (
        ("protocol", run.info.protocol.name, dataset.page.name),
        ("part", str(run.info.part) or "the whole", str(dataset.part) or "the whole"),
        ("fingerprint", run.info.fingerprint, dataset.fingerprint),
        ("page", *(files.sha256(facts(one))[:12] for one in (run.info.protocol, dataset.page))),
    ):
        if ours != theirs:
            raise InputError(
                f"{run.path}: this run folder is of another {what}: {ours}, not {theirs}. Choose another --out."
            )


def to_json(info: RunInfo) -> bytes:
    """run.json as bytes; without metrics of one's own, as it was before there were any."""
    kept = msgspec.to_builtins(info)
    if not info.metrics:
        del kept["metrics"]
    return msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n"
