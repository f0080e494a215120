"""Results in words: how a metric is named in headings, and what a reader of results must know."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.results import ALL, MASKED_INPUT, REAL_VS_REAL, REFERENCES, TARGET, Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.data.parts import Part
from inpaint_bench.errors import some
from inpaint_bench.methods.options import in_words
from inpaint_bench.metrics.base import SetMetric
from inpaint_bench.metrics.declarations import PREFERENCE
from inpaint_bench.metrics.registry import FEW, KNOWN, VERY_FEW, few

FEW_NOTES = {
    "†": f"† a Fréchet distance of under {FEW} pictures: much of it is bias. Never compare it across columns.",
    "‡": f"‡ a Fréchet distance of under {VERY_FEW} pictures: most of it is bias. Never compare it across columns.",
}
REFERENCE_NOTES = {
    REAL_VS_REAL: f"{REAL_VS_REAL}: one half of the targets against the other; n is the number of pictures in each.",
    MASKED_INPUT: f"{MASKED_INPUT}: the targets with white holes, as a method that does nothing would leave them.",
    TARGET: f"{TARGET}: the targets themselves, which a perfect method would restore.",
}


def metric_label(metric: str, reduction: Reduction = NONE, unit: str = "") -> str:
    """Name, reduction, unit where it is not the metric's own, and an arrow: 'psnr best of 5 ↑', 'mae (10^-1) ↓'."""
    arrow = "↑" if KNOWN[metric].better == "higher" else "↓"
    return " ".join(part for part in (metric, reduction.label, f"({unit})" if unit else "", arrow) if part)


def pairs_label(dataset: str, part: Part, fingerprint: str, pixels: str) -> str:
    """Which pairs numbers are of, and the start of their pixel digest: 'sample, pairs 9863ddc29a32, pixels 9df2…'."""
    return f"{dataset}{f', only the {part} pairs' if part else ''}, pairs {fingerprint}, pixels {pixels[:12]}"


def title_of(results: Iterable[Result]) -> str:
    """The datasets of results, each as `pairs_label` writes it."""
    runs = dict.fromkeys((one.dataset, one.part, one.fingerprint, one.pixels) for one in results)
    return " · ".join(pairs_label(*run) for run in runs)


def few_notes(results: Iterable[Result]) -> list[str]:
    """What the marks † and ‡ mean, of those that the results bear."""
    marks = {few(result.metric, result.n) for result in results if result.method not in REFERENCES}
    return [note for mark, note in FEW_NOTES.items() if mark in marks]


def notes_of(results: Sequence[Result]) -> list[str]:
    """What is left out of numbers, what marks and reference rows mean, and whether the run is a part of its dataset."""
    notes = []
    if any(result.infinite for result in results):
        notes.append("A cell with its own n leaves out pairs whose PSNR is infinite: output and target are the same.")
    if any(one.undefined and (one.n or not isinstance(KNOWN[one.metric], SetMetric)) for one in results):
        notes.append("A cell with its own n leaves out pairs for which the metric is not defined.")
    notes += few_notes(results)
    notes += [note for name, note in REFERENCE_NOTES.items() if any(result.method == name for result in results)]
    return [*notes, *part_notes(results)]


def method_notes(run: RunData, methods: Collection[str]) -> list[str]:
    """What the numbers of single methods depend on: options, changed known regions, weights of unknown origin."""
    notes = (_known_region_notes, _mixed_notes, _option_notes, _study_notes, _unpinned_notes)
    return [sentence for one in notes for sentence in one(run, methods)]


def _option_notes(run: RunData, methods: Collection[str]) -> list[str]:
    """The options of methods that have some."""
    return [
        f"{name}: {in_words(info.options)}"
        for name, info in run.info.methods.items()
        if name in methods and in_words(info.options)
    ]


def _study_notes(run: RunData, methods: Collection[str]) -> list[str]:
    """What people were asked of the methods, and how many they were."""
    voted_on = any(one.metric == PREFERENCE.name and one.method in methods for one in run.result_list)
    if not voted_on or run.study is None:
        return []
    stored = run.study.stored
    left_out = f"; {stored.left_out} raters left out, who failed the attention checks" if stored.left_out else ""
    return [
        f"{PREFERENCE.name}: '{stored.question}': {len(stored.votes)} votes of {len(stored.answers)} raters on "
        f"{len(stored.pairs)} pairs, shown beside them: {stored.show}{left_out}"
    ]


def _unpinned_notes(run: RunData, methods: Collection[str]) -> list[str]:
    """Which methods have weights whose hash nobody has stated."""
    return [
        f"{name}: weights unpinned, {info.weights[:12]}: nobody has stated the hash of {some(info.unpinned)}"
        for name, info in run.info.methods.items()
        if info.unpinned and name in methods
    ]


def _mixed_notes(run: RunData, methods: Collection[str]) -> list[str]:
    """Which methods were made on machines, or with libraries, that differ, and in what."""
    found = []
    for name, info in run.info.methods.items():
        facts = {**info.environment, **info.machine}
        values = "; ".join(f"{fact} {facts.get(fact, '')}" for fact in info.mixed)
        if values and name in methods:
            found.append(f"--allow-mixed: {name}: {values}")
    return found


def _known_region_notes(run: RunData, methods: Collection[str]) -> list[str]:
    """Which of the methods were scored whatever their outputs are outside the hole, each with its known_error."""
    allowed = {name for name, info in run.info.methods.items() if info.known_error_allowed and name in methods}
    found = [one for one in run.result_list if one.metric == "known_error" and one.bucket == ALL and one.main]
    moved = {one.method: one.value for one in found if one.method in allowed and isinstance(one.value, float)}
    named = ", ".join(f"{method} {value:.2f}" for method, value in moved.items())
    what = "outside the hole outputs differ from the target (known_error)"
    return [f"--allow-known-error: {what}: {named}"] if named else []


def part_notes(results: Iterable[Result]) -> list[str]:
    """Whether the results are of a part of their dataset."""
    partial = any(result.part for result in results)
    return ["A part of the protocol: not comparable with the whole."] if partial else []


def absent_notes(absent: Mapping[str, str]) -> list[str]:
    """Why metrics are absent, those of one reason together."""
    reasons = {why: [name for name in absent if absent[name] == why] for why in absent.values()}
    return [f"absent: {', '.join(names)}: {why}" for why, names in reasons.items()]
