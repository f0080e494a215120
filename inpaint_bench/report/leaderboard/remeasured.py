"""Re-measurements: files by which someone else confirms the numbers of a submission."""

from collections.abc import Sequence

from inpaint_bench.errors import InputError, NotComparableError
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.leaderboard.submission import Submission

AGREEMENT = "half a unit of the last digit that tables print"  # by which a re-measurement may differ


def refuse_no_confirmation(original: Submission | None, several: Sequence[Submission]) -> None:
    """Raise an error where files do not confirm the one that submits the method."""
    if original is None:
        path = several[0].path
        raise InputError(f"{path}: measures {several[0].method} again, and no file submits it: call it a submission.")
    measurers = {_who(original)}
    for one in several:
        if _who(one) in measurers:
            raise InputError(
                f"{one.path}: {one.header.card.measured_by} has measured {one.method} already. A re-measurement is by "
                "someone else."
            )
        measurers.add(_who(one))
        for what in ("code", "loaded_with"):
            ours, theirs = getattr(one.info, what), getattr(original.info, what)
            if ours != theirs:
                fact = "code" if what == "code" else "weights or options"
                raise NotComparableError(
                    f"{one.path}: ran other {fact} ({ours[:12]}) than {original.path} ({theirs[:12]}): it is another "
                    "method. Give it another name."
                )
        _refuse_disagreement(original, one)


def _who(one: Submission) -> str:
    return " ".join(one.header.card.measured_by.casefold().split())


def _refuse_disagreement(original: Submission, again: Submission) -> None:
    numbers = {(r.metric, r.bucket, r.signature): r.value for r in again.results}
    for result in original.results:
        ours = numbers.get((result.metric, result.bucket, result.signature), result.value)
        most = 0.5 * 10.0 ** -KNOWN[result.metric].decimals
        both = isinstance(ours, float) and isinstance(result.value, float)
        if ours != result.value and not (both and abs(float(ours or 0) - float(result.value or 0)) <= most):
            raise NotComparableError(
                f"{again.path}: {result.metric}, {result.bucket} is {ours}, and {result.value} in {original.path}: "
                f"more than {AGREEMENT} apart. Find out why before both are listed."
            )
    if not numbers.keys() & {(r.metric, r.bucket, r.signature) for r in original.results}:
        raise NotComparableError(f"{again.path}: has no number that {original.path} has, so it confirms none.")
