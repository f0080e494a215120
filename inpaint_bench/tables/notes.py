"""What is said beneath a table of records: how each number was computed, what marks mean, what lacks."""

from collections.abc import Mapping, Sequence

from inpaint_bench.metrics.catalogue import FEW, KNOWN, VERY_FEW, few
from inpaint_bench.metrics.kinds import SetMetric
from inpaint_bench.records import HALVES, MASKED_INPUT, REFERENCES, TARGET, Record
from inpaint_bench.tables.kinds import BEST, NEAR, Entry

MARKS = (
    f"{BEST}: best, and told apart from every other method; {NEAR}: not told apart from the best "
    "(paired tests, Holm over every two methods, level 0.05)."
)
FEW_NOTES = {
    "†": f"† a Fréchet distance of under {FEW} pictures: much of it is bias. Never compare it across columns.",
    "‡": f"‡ a Fréchet distance of under {VERY_FEW} pictures: most of it is bias. Never compare it across columns.",
}
REFERENCE_NOTES = {
    HALVES: f"{HALVES}: half of the targets against the other half, of as many pictures each as its n says.",
    MASKED_INPUT: f"{MASKED_INPUT}: the targets with white holes, what a method that does nothing comes to.",
    TARGET: f"{TARGET}: the targets themselves, what a perfect method comes to.",
}


def title_of(records: Sequence[Record]) -> str:
    """The datasets of the records, each with the fingerprint of its pairs."""
    runs = dict.fromkeys((record.protocol, record.part, record.fingerprint) for record in records)
    return " · ".join(f"{name}{f', only the {part} pairs' if part else ''}, pairs {mark}" for name, part, mark in runs)


def notes_of(records: Sequence[Record], entries: Sequence[Entry]) -> list[str]:
    """What is to be said of the records and of the entries made from them."""
    ordered = sorted((entry.quantity for entry in entries), key=lambda one: (one.rank, one.metric, one.signature))
    notes = [
        f"{one.label}: {one.signature}, {KNOWN[one.metric].better} is better"
        for one in dict.fromkeys(ordered)
        if one.signature
    ]
    if any(record.infinite for record in records):
        notes.append("A cell with its own n leaves out pairs whose PSNR is infinite: output and target are the same.")
    if any(record.undefined and not isinstance(KNOWN[record.metric], SetMetric) for record in records):
        notes.append("A cell with its own n leaves out pairs for which the metric is not defined.")
    if any(entry.cell.standing for entry in entries):
        notes.append(MARKS)
    marks = {few(record.metric, record.n) for record in records if record.method not in REFERENCES} - {""}
    notes += [note for mark, note in FEW_NOTES.items() if mark in marks]
    notes += [note for name, note in REFERENCE_NOTES.items() if any(record.method == name for record in records)]
    if any(record.part for record in records):
        notes.append("A part of the protocol: not comparable with the whole.")
    return notes


def said(absent: Mapping[str, str]) -> list[str]:
    """Why metrics are absent, those of one reason together."""
    reasons = {why: [name for name in absent if absent[name] == why] for why in absent.values()}
    return [f"absent: {', '.join(names)}: {why}" for why, names in reasons.items()]
