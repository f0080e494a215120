"""Merging: the shards of a run become one run that holds every pair of every method exactly once."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from inpaint_bench import disk, files
from inpaint_bench.data import pair_lists
from inpaint_bench.data.pairs import Pair
from inpaint_bench.errors import IncompleteError, InputError, NotComparableError, some
from inpaint_bench.metrics.own_metric import MetricInfo
from inpaint_bench.runner import machines, sums
from inpaint_bench.runner.folder import STARTED, RunFolder, change_info, open_run, publish
from inpaint_bench.runner.made_by import mixture
from inpaint_bench.runner.run_info import MethodInfo, RunInfo
from inpaint_bench.runner.scores import composites_scored, forget_scores

SAME = ("source", "code", "weights", "options", "device", "environment")
OTHER = {"options": "other options", "weights": "other weights"}


def merge(parts: Sequence[Path], out: Path, allow_mixed: bool = False) -> RunFolder:
    """Join run folders of one protocol. Composites are hard-linked, or copied where that is not possible.

    Methods that an earlier merge left in `out` stay. With `allow_mixed`, machines and libraries may
    differ. Raises NotComparableError when the parts differ in protocol or in what made a method's composites,
    IncompleteError when they do not make the whole, and InputError when a pair is there twice or `out` holds something
    else.
    """
    runs = sorted((open_run(part) for part in parts), key=lambda run: [pair.pair for pair in run.pairs])
    pairs, info = _union(runs), runs[0].info
    _refuse_twice(runs)
    before = _already_there(out, pairs, info)
    names = sorted({name for run in runs for name in run.info.methods})
    methods = {name: _same_method(name, [*runs, *before], allow_mixed) for name in names}
    files.write_if_changed(out / "pairs.csv", pair_lists.to_csv(pairs))
    sums.write_sums(out, out / "pairs.csv")
    for run in runs:
        for method in run.info.methods:
            _link_all(run, method, out / method / "composites")
    own = _same_metrics(runs)

    def join(now: RunInfo | None) -> RunInfo:
        kept = now.methods if now else {}
        digest = pair_lists.pixel_digest(pairs)
        known = (now.metrics if now else {}) | own
        facts = (info.fingerprint, digest, info.part.merged, len(pairs), kept | methods, info.raw, known)
        return RunInfo(2, info.protocol, *facts)

    change_info(out, join)
    return publish(open_run(out))


def gather(parts: Sequence[RunFolder], out: RunFolder, method: str, allow_mixed: bool = False) -> RunFolder:
    """Bring what parts hold of a method, finished or not, into a run of all their pairs; it keeps what it has.

    Raises NotComparableError where parts, or the run and a part, made the method's composites differently, and
    InputError where a pair is in two parts.
    """
    holding = [part for part in parts if method in part.info.methods]
    if not holding:
        return out
    known = {pair.pair: number for number, pair in enumerate(out.pairs)}
    _refuse_twice(holding)
    for part in holding:
        for pair in part.pairs:
            if pair.pair not in known or out.pairs[known[pair.pair]] != pair:
                raise NotComparableError(f"{part.path}: pair {pair.pair} has other pixels than in {out.path}.")
    before = [out] if out.samples_of(method) else []
    out = out.with_method(method, _same_method(method, [*holding, *before], allow_mixed))
    _forget_others(holding, out, method)
    for part in holding:
        _link_all(part, method, out.composites(method))
    return out


def _forget_others(parts: Sequence[RunFolder], out: RunFolder, method: str) -> None:
    """Remove a run's scores of composites that it lacks, where parts bring others than were scored."""
    scored = composites_scored(
        out, method, {pair.pair for part in parts for pair in part.pairs} - out.samples_of(method).keys()
    )
    other = set[str]()
    for part in parts:
        for pair, samples in part.samples_of(method).items() if scored else ():
            files_of = [part.composite(method, pair, sample) for sample in samples]
            hashes = [files.file_sha256(path)[:16] for path in files_of]
            if any(scored.get((pair, sample), now) != now for sample, now in zip(samples, hashes, strict=True)):
                other.add(pair)
    if other:
        forget_scores(out, method, other)


def _union(runs: Sequence[RunFolder]) -> list[Pair]:
    first = runs[0]
    for run in runs[1:]:
        if (run.info.protocol, run.info.fingerprint) != (first.info.protocol, first.info.fingerprint):
            ours, theirs = (f"{one.info.protocol.name} {one.info.fingerprint}" for one in (first, run))
            raise NotComparableError(
                f"{run.path}: is of {theirs}, {first.path} of {ours}. Merge parts of one protocol."
            )
        if run.info.raw != first.info.raw:
            raise NotComparableError(f"{run.path}: one of it and {first.path} scores raw predictions, one composites.")
    found: dict[str, Pair] = {}
    for run in runs:
        for pair in run.pairs:
            if found.setdefault(pair.pair, pair) != pair:
                raise NotComparableError(f"{run.path}: pair {pair.pair} has other pixels than in another part.")
    pairs = [found[name] for name in sorted(found)]
    marks = {pair_lists.fingerprint(first.info.protocol, pairs, with_pixels) for with_pixels in (False, True)}
    if first.info.fingerprint not in marks:
        count = first.info.part.of_first or first.info.protocol.count
        raise IncompleteError(
            f"{len(pairs)} of {count} pairs are in {some(str(run.path) for run in runs)}: "
            "these are not all parts of the whole. Name every shard."
        )
    return pairs


def _already_there(out: Path, pairs: Sequence[Pair], info: RunInfo) -> list[RunFolder]:
    """The run of an earlier merge of the same parts, if any; raises InputError for anything else in the folder."""
    listed = out / "pairs.csv"
    found = [open_run(out)] if (out / "run.json").is_file() else []
    foreign = [run.path for run in found if run.info.fingerprint != info.fingerprint]
    if listed.is_file():
        foreign += [out] if not files.holds(listed, pair_lists.to_csv(pairs)) else []
    elif out.is_dir():
        foreign += [entry for entry in out.iterdir() if entry.name not in STARTED]
    if foreign:
        raise InputError(f"{out}: this folder holds something else than these parts. Choose another --out.")
    return found


def _refuse_twice(runs: Sequence[RunFolder]) -> None:
    for method in sorted({name for run in runs for name in run.info.methods}):
        held: dict[str, Path] = {}
        for run in (run for run in runs if method in run.info.methods):
            finished = run.samples_of(method)
            if twice := sorted(finished.keys() & held.keys()):
                raise InputError(
                    f"{held[twice[0]]} and {run.path} both hold {method} for pair {some(twice)}. Name every part once."
                )
            held |= dict.fromkeys(finished, run.path)


def _same_method(name: str, runs: Sequence[RunFolder], allow_mixed: bool) -> MethodInfo:
    infos = [(run.path, run.info.methods[name]) for run in runs if name in run.info.methods]
    first_path, first = infos[0]
    same = tuple(fact for fact in SAME if fact != "environment") if allow_mixed else SAME
    for path, info in infos[1:]:
        for fact in same:
            if getattr(info, fact) != getattr(first, fact):
                raise NotComparableError(
                    f"{path}: {name} was made with {OTHER.get(fact, f'another {fact}')} than in {first_path}."
                )
    machine: dict[str, str] = {}
    for path, info in () if allow_mixed else infos:
        for fact, old, new in machines.differences(machine, info.machine):
            raise NotComparableError(
                f"{path}: {name} was made with {fact} {new}, in another part with {old}. "
                "Make every part on machines that are alike, or allow it: --allow-mixed."
            )
        machine = machines.joined(machine, info.machine)
    merged = ("inpaint-bench", "merge")
    return msgspec.structs.replace(mixture([info for _, info in infos]), command=merged)


def _same_metrics(runs: Sequence[RunFolder]) -> dict[str, MetricInfo]:
    """The metrics of one's own that runs declare. Raises NotComparableError where two of a name are not the same."""
    found: dict[str, tuple[Path, MetricInfo]] = {}
    for run in runs:
        for name, declared in run.info.metrics.items():
            first_path, first = found.setdefault(name, (run.path, declared))
            if declared != first:
                raise NotComparableError(
                    f"{run.path}: the metric {name} is {declared.entry} (code {declared.code or 'not known'}), in "
                    f"{first_path} {first.entry} (code {first.code or 'not known'}). Score both with the same one."
                )
    return {name: declared for name, (_, declared) in found.items()}


def _link_all(run: RunFolder, method: str, folder: Path) -> None:
    """The composites of a method of a run in another folder, which is made first: without it nothing is linked."""
    disk.refuse_way_out(folder)
    disk.make_folder(folder)
    _refuse_outside(run, run.composites(method))
    for path in run.composite_paths(method):
        if path.is_symlink():
            _refuse_outside(run, path)
        _link(path, folder / path.name)


def _refuse_outside(run: RunFolder, path: Path) -> None:
    """A file of somebody else's must not become a composite of the merged run."""
    if not path.resolve().is_relative_to(run.path.resolve()):
        raise InputError(f"{path}: a link leads out of {run.path}, to {path.resolve()}. Put the file itself there.")


def _link(source: Path, target: Path) -> None:
    if target.is_file():
        if files.file_sha256(target) != files.file_sha256(source):
            raise InputError(f"{target}: is there already and differs from {source}. Choose another --out.")
        return
    try:
        os.link(source.resolve() if source.is_symlink() else source, target)
        disk.sync_name(target)
    except OSError:  # another disk, or one without links
        files.write_whole(target, files.read_bytes(source))
