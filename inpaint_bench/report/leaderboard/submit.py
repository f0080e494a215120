"""Writes a submission from a run folder."""

from pathlib import Path

import msgspec

from inpaint_bench import __version__, files
from inpaint_bench.analysis.results import Result, missing_pairs
from inpaint_bench.analysis.run import RunData
from inpaint_bench.errors import HashError, IncompleteError, InputError, refuse_unknown, some
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import StudyMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.leaderboard.card import EntryCard
from inpaint_bench.report.leaderboard.submission import Header, Time, encode, read_submission, wrong_name
from inpaint_bench.report.redact_paths import redact_paths, redacted_command
from inpaint_bench.report.times import setting
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.runner.scores import MOST_SCORES, scores_path
from inpaint_bench.timing import read_timings
from inpaint_bench.weights import SYNTHETIC


def submission_of(run: RunData, method: str, card: EntryCard) -> bytes:
    """The bytes of the submission of a method of a run; the same run and card give the same bytes.

    Raises InputError for synthetic weights and for metrics of one's own, IncompleteError where pairs are missing or not
    scored, and HashError where composites, scores or results were edited.
    """
    refuse_unknown(f"method in {run.path} is", [method], run.info.methods)
    _refuse_unfit(run, method)
    results = [_alone(one) for one in run.result_list if one.method == method and _goes_along(one)]
    if not results:
        raise IncompleteError(f"{run.path}: {method} has no results. `inpaint-bench score {run.path}` makes them.")
    _refuse_changed_composites(run, method)
    info = msgspec.structs.replace(run.info, methods={method: _redacted(run.info.methods[method])})
    scores = files.read_bytes(scores_path(run.folder, method), MOST_SCORES)
    return encode(Header(1, method, card, info, _time(run, method), __version__), run.pairs, scores, results)


def refuse_path(path: Path, method: str, protocol: str, card: EntryCard) -> None:
    """Raise InputError where a submission cannot have this path, or would be written over someone else's."""
    if wrong := wrong_name(path, method, protocol):
        raise InputError(f"{path}: {wrong}.")
    if path.exists() and (before := read_submission(path).header.card.measured_by) != card.measured_by:
        raise InputError(
            f"{path}: was measured by {before}. To confirm it, add --out {path.with_name(f'{method}@WHO.jsonl')} with "
            "your name, in small letters, for WHO."
        )


def _refuse_unfit(run: RunData, method: str) -> None:
    info = run.info
    if info.methods[method].weights == SYNTHETIC:
        raise InputError(
            f"{run.path}: {method} ran with synthetic weights, whose results say nothing. Run the real ones."
        )
    if own := some(info.metrics):
        raise InputError(
            f"{run.path}: holds metrics of your own, {own}, which nobody else can compute. Submit a run without them."
        )
    if info.part:
        raise IncompleteError(
            f"{run.path}: is of only the {info.part} pairs, and a submission is of all. Run the rest."
        )
    if missing := missing_pairs(run.folder, method):
        raise IncompleteError(
            f"{run.path / method}: {len(missing)} of {len(run.pairs)} pairs have no composite (first: {missing[0]}). "
            "Run it again; finished pairs are kept."
        )


def _goes_along(result: Result) -> bool:
    """Whether a result is one of quality that others can check or, of sets and objects, compute again."""
    return result.metric not in RECORDED and not isinstance(KNOWN[result.metric], StudyMetric)


def _alone(result: Result) -> Result:
    """A result without its rank among the methods of the run."""
    return msgspec.structs.replace(result, significance="")


def _refuse_changed_composites(run: RunData, method: str) -> None:
    """Raise HashError for a composite that is not the one that was scored."""
    for (pair, sample), scored in run.pictures_of(method).items():
        path = run.folder.composite(method, pair, sample)
        if not path.is_file() or not files.file_sha256(path).startswith(scored):
            raise HashError(f"{path}: not the composite that was scored. Run it again, or `score {run.path}`.")


def _redacted(info: MethodInfo) -> MethodInfo:
    """What made the composites, without folders of the machine."""
    return msgspec.structs.replace(
        info,
        source=redact_paths(info.source),
        command=(redacted_command(info.command),),
        machine={fact: redact_paths(value) for fact, value in info.machine.items()},
        notes=redact_paths(info.notes),
    )


def _time(run: RunData, method: str) -> Time | None:
    """The time of a method, where it was timed with the code and the weights of the run."""
    timing, info = read_timings(run.path).get(method), run.info.methods[method]
    if timing is None or (timing.made_by.code, timing.made_by.weights) != (info.code, info.weights):
        return None
    samples = run.info.protocol.samples if run.main_reduction(method).kind == "best" else 1
    series = timing.network if samples == 1 else timing.network_of_samples if timing.samples == samples else None
    if series is None:
        return None
    return Time(series.p50 / timing.setting.batch, setting(timing), timing.day, timing.unstable)
