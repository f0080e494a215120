"""What is message beneath a table of results: how each number was computed, what marks mean, what lacks."""

from collections.abc import Mapping, Sequence

from inpaint_bench.analysis.results import MASKED_INPUT, REAL_VS_REAL, REFERENCES, TARGET, Result
from inpaint_bench.metrics.base import SetMetric
from inpaint_bench.metrics.registry import FEW, KNOWN, VERY_FEW, few
from inpaint_bench.tables.table import BEST, NEAR, Entry

MARKS = (
    f"{BEST}: best, and significantly different from every other method; {NEAR}: not significantly different from the best "
    "(paired tests, Holm over every two methods, level 0.05)."
)
FEW_NOTES = {
    "†": f"† a Fréchet distance of under {FEW} pictures: much of it is bias. Never compare it across columns.",
    "‡": f"‡ a Fréchet distance of under {VERY_FEW} pictures: most of it is bias. Never compare it across columns.",
}
REFERENCE_NOTES = {
    REAL_VS_REAL: f"{REAL_VS_REAL}: half of the targets against the other half, of as many pictures each as its n says.",
    MASKED_INPUT: f"{MASKED_INPUT}: the targets with white holes, what a method that does nothing comes to.",
    TARGET: f"{TARGET}: the targets themselves, what a perfect method comes to.",
}


def title_of(results: Sequence[Result]) -> str:
    """The datasets of the results, each with the fingerprint of its pairs."""
    runs = dict.fromkeys((result.dataset, result.part, result.fingerprint) for result in results)
    return " · ".join(f"{name}{f', only the {part} pairs' if part else ''}, pairs {mark}" for name, part, mark in runs)


def notes_of(results: Sequence[Result], entries: Sequence[Entry]) -> list[str]:
    """What is to be message of the results and of the entries made from them."""
    ordered = sorted((entry.quantity for entry in entries), key=lambda one: (one.rank, one.metric, one.signature))
    notes = [
        f"{one.label}: {one.signature}, {KNOWN[one.metric].better} is better"
        for one in dict.fromkeys(ordered)
        if one.signature
    ]
    if any(result.infinite for result in results):
        notes.append("A cell with its own n leaves out pairs whose PSNR is infinite: output and target are the same.")
    if any(result.undefined and not isinstance(KNOWN[result.metric], SetMetric) for result in results):
        notes.append("A cell with its own n leaves out pairs for which the metric is not defined.")
    if any(entry.cell.rank for entry in entries):
        notes.append(MARKS)
    marks = {few(result.metric, result.n) for result in results if result.method not in REFERENCES} - {""}
    notes += [note for mark, note in FEW_NOTES.items() if mark in marks]
    notes += [note for name, note in REFERENCE_NOTES.items() if any(result.method == name for result in results)]
    if any(result.part for result in results):
        notes.append("A part of the protocol: not comparable with the whole.")
    return notes


def absent_notes(absent: Mapping[str, str]) -> list[str]:
    """Why metrics are absent, those of one reason together."""
    reasons = {why: [name for name in absent if absent[name] == why] for why in absent.values()}
    return [f"absent: {', '.join(names)}: {why}" for why, names in reasons.items()]
