"""Whether the results of a run are those that its files give: what is printed is compared with them first.

Results are computed from scores, features and objects and never edited. What is cheap is computed again: every value
and count of scores and objects. Of features the hash is compared, and of the file of results as a whole the hash that
was noted when it was written, which covers intervals and significance.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from inpaint_bench.analysis.results import REFERENCES, Result, results_path
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import Metric, SamplesMetric, SetMetric, StudyMetric
from inpaint_bench.metrics.detection import DetectionMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.runner import sums
from inpaint_bench.runner.scores import scores_path
from inpaint_bench.runner.stored import features_path, objects_path
from inpaint_bench.study.stored import votes_path

if TYPE_CHECKING:
    from inpaint_bench.analysis.per_pair import PerPairData
    from inpaint_bench.analysis.run import RunData


def verify_results(run: "RunData", results: Sequence[Result]) -> None:
    """Raise HashError, with the file's name, where the files of a run do not give these results.

    A method without a scores file has results alone, as expected results may.
    """
    found: dict[tuple[str, ...], Result] = {}
    for one in results:
        key = (one.method, one.metric, one.bucket, one.reduction)
        if found.setdefault(key, one) is not one:
            raise _edited(run, f"holds two results of {', '.join(key[:3])}")
        _refuse_other_facts(run, one)
    _refuse_other_references(run, results)
    for method in run.info.methods:
        of_method = [one for one in results if one.method == method]
        _refuse_other_scores(run, method, of_method)
        for one in of_method:
            _refuse_other_value(run, one)
    sums.refuse_changed(run.path, results_path(run.folder))


def _edited(run: "RunData", what: str) -> HashError:
    return HashError(
        f"{results_path(run.folder)}: {what}. Results are computed from scores and never edited: make them again with "
        f"`inpaint-bench score {run.path}`."
    )


def _refuse_other_facts(run: "RunData", one: Result) -> None:
    """Raise HashError for a result that is not of the run that run.json describes."""
    info, facts = run.info, list[tuple[str, object, object]]()
    facts += [("dataset", one.dataset, info.protocol.name), ("fingerprint", one.fingerprint, info.fingerprint)]
    facts += [("pixels", one.pixels, info.pixels), ("part", one.part, info.part)]
    if one.method in info.methods:
        facts.append(("weights", one.weights, info.methods[one.method].loaded_with))
    facts += [("bucket", one.bucket, one.bucket if one.bucket in run.buckets else " or ".join(run.buckets))]
    if one.metric not in RECORDED:
        scored = f":u8{info.protocol.eight_bit[0]}:{'raw' if info.raw else 'comp'}:"
        facts.append(("signature", one.signature, one.signature if scored in one.signature else f"…{scored}…"))
    for what, ours, theirs in facts:
        if ours != theirs:
            raise _edited(run, f"{one.method}, {one.metric} is of {what} '{ours}', and run.json says '{theirs}'")


def _refuse_other_references(run: "RunData", results: Sequence[Result]) -> None:
    """Raise HashError for a reference row that is not of a metric, by its signature, that a method was measured in."""
    measured = {(one.metric, one.signature) for one in results if one.method not in REFERENCES}
    for one in (one for one in results if one.method in REFERENCES):
        if not any(metric == one.metric and signature.startswith(one.signature) for metric, signature in measured):
            what = f"{one.method}, {one.metric} is of signature '{one.signature}'"
            raise _edited(run, f"{what}, and no result of a method is")


def _refuse_other_scores(run: "RunData", method: str, results: Sequence[Result]) -> None:
    """Raise HashError where the scores of a method are not those that its results name, before they are read."""
    of_scores = [one for one in results if isinstance(KNOWN[one.metric], (Metric, SamplesMetric))]
    path = scores_path(run.folder, method)
    if of_scores and path.is_file():
        found = run.scores_sha256(method)
        for one in of_scores:
            if found != one.scores:
                raise HashError(
                    f"{path}: not what the results of {one.metric} were made from: sha256 {found[:12]}, not "
                    f"{one.scores[:12]}. `inpaint-bench score {run.path}` measures what has changed and makes the "
                    "results again."
                )
    elif path.is_file():
        sums.refuse_changed(run.path, path)


def _refuse_other_value(run: "RunData", one: Result) -> None:
    """Raise HashError for a result that is not what the data of its pairs come to, where these are here."""
    if one.method in REFERENCES or not _is_here(run, one):
        return
    of_pairs = _data_of(run, one)
    if of_pairs is None or isinstance(KNOWN[one.metric], SetMetric):
        return  # a distance takes long to compute: its features are those that were hashed
    now = of_pairs.summary(run.buckets[one.bucket])
    if (now.value, now.n, now.infinite, now.undefined) != (one.value, one.n, one.infinite, one.undefined):
        name = ", ".join((one.method, one.metric, one.bucket))
        raise _edited(run, f"{name} is {one.value} of {one.n} pairs, but its scores give {now.value} of {now.n}")


def _is_here(run: "RunData", one: Result) -> bool:
    metric = KNOWN[one.metric]
    if isinstance(metric, SetMetric):
        return features_path(run.folder, one.method, metric.extractor).is_file()
    if isinstance(metric, StudyMetric):
        return votes_path(run.path).is_file()
    if isinstance(metric, DetectionMetric):
        return objects_path(run.folder, one.method, metric.detector).is_file()
    return scores_path(run.folder, one.method).is_file()


def _data_of(run: "RunData", one: Result) -> "PerPairData | None":
    """What a result was computed from; none of features and objects that cannot be read, which stop who needs them."""
    from inpaint_bench.analysis.run import checked

    try:
        found = next((data for data in _candidates(run, one) if data.signature == one.signature), None)
    except InputError:
        if isinstance(KNOWN[one.metric], (Metric, SamplesMetric)):
            raise
        return None
    try:
        return checked(run.path, one, found)
    except InputError as error:  # the files are here, and hold something else
        raise HashError(str(error)) from error


def _candidates(run: "RunData", one: Result) -> "Iterator[PerPairData]":
    return (data for data in run.per_pair(one.method, [one.metric]) if data.metric.name == one.metric)
