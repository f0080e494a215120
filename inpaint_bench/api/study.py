"""User studies: made, and read."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench import files
from inpaint_bench.analysis.results import missing_pairs
from inpaint_bench.analysis.study_summary import summarise
from inpaint_bench.analysis.votes import of_run, stale_methods
from inpaint_bench.api.arguments import AnyPath, Names, as_names
from inpaint_bench.api.power import PAIRS
from inpaint_bench.api.progress import note
from inpaint_bench.api.run import Run, as_run, load_run
from inpaint_bench.api.writing import write_derived
from inpaint_bench.errors import HashError, IncompleteError, InputError, NotComparableError, refuse_unknown, some
from inpaint_bench.runner import sums
from inpaint_bench.runner.metrics import ChosenMetrics
from inpaint_bench.study.answers import Read, read_answers
from inpaint_bench.study.design import Plan, plan
from inpaint_bench.study.key import CHECKS, KEY, PUBLIC, SHOWN, Key, read_key
from inpaint_bench.study.stored import stored_votes, write_votes
from inpaint_bench.study.write import CONSENT, Shows, Wording, choose_pairs, refuse_strange, refuse_wrong, write_study
from inpaint_bench.weights import SYNTHETIC

if TYPE_CHECKING:
    from inpaint_bench.analysis.study_summary import StudySummary


@dataclass(frozen=True)
class MadeStudy:
    """A study on disk: `page` is what raters open, `key` what the organiser keeps."""

    folder: Path
    plan: Plan
    key: Key

    @property
    def page(self) -> Path:
        """The page; its folder can be put on any static host."""
        return self.folder / PUBLIC / "index.html"

    def to_text(self) -> str:
        """What was made, and what to do next."""
        sizes, key = self.plan, self.folder / KEY
        return (
            f"{self.page}: {sizes.comparisons} comparisons of {sizes.methods} methods on {sizes.pairs} pairs, in "
            f"{sizes.blocks} blocks, one a rater, of {sizes.votes_per_rater} votes and {CHECKS} attention checks.\n"
            f"Publish {self.folder / PUBLIC} and keep {key}, which says whose composites are shown. "
            f"Then: inpaint-bench study read {self.folder} ANSWERS...\n"
        )


def make_study(
    run: "Run | AnyPath",
    question: str,
    *,
    pairs: int | None = None,
    methods: Names = None,
    show: str = "masked",
    raters: int | None = None,
    votes_per_rater: int | None = None,
    seed: str | None = None,
    out: AnyPath | None = None,
    post: str = "",
    consent: str = "",
    data: AnyPath | None = None,
    targets: AnyPath | None = None,
    masks: AnyPath | None = None,
) -> MadeStudy:
    """Write a study of a run: a page on which raters choose between two composites of a pair, and its key.

    Args:
        question: what raters answer, as in 'Which looks more natural?'.
        pairs: how many pairs, drawn in proportion to the buckets. Default: 40, or all where there are fewer.
        methods: which methods. Default: every one that has a composite of every pair.
        show: what stands beside two composites: masked, target, both or none.
        raters: how many are expected: as many blocks are made. Default: every comparison in two blocks.
        votes_per_rater: Default: one on each pair.
        seed: what draws pairs, blocks, sides and the names of pictures. Default: random; who knows it can tell methods.
        out: the folder. Default: beside the run, with `.study` at its name's end.
        post: an address that answers are sent to. Default: raters download a file.
        consent: the text that raters agree to, or a file with it.

    Raises InputError for what cannot be asked, IncompleteError where composites are missing, HashError where one is
    not what was scored.

    >>> import inpaint_bench as ib
    >>> run = ib.run("sample", methods=["mean-fill", "telea"], metrics=["psnr"], limit=3, out="runs/3", quiet=True)
    >>> ib.make_study(run, "Which looks more natural?").plan.comparisons
    3
    """
    opened = as_run(run)
    folder = Path(out) if out else folder_of(opened)
    if show not in SHOWN:
        raise InputError(f"--show {show}: choose {', '.join(SHOWN[:-1])} or {SHOWN[-1]}.")
    wording = Wording(question.strip(), show, _consent(consent), post)  # type: ignore[arg-type]
    refuse_strange(folder)
    refuse_wrong(wording)
    names = _methods(opened, as_names(methods))
    count = min(PAIRS, len(opened.pairs)) if pairs is None else pairs
    if not 1 <= count <= len(opened.pairs):
        raise InputError(f"--pairs {count}: the run has {len(opened.pairs)} pairs.")
    seed = seed or secrets.token_hex(16)
    sizes = plan(count, len(names), votes_per_rater, raters)
    with files.only_one(folder):
        chosen, checks = choose_pairs(opened.pairs, count, seed)
        dataset = opened.open_dataset(data, targets, masks)
        shows = Shows(
            str(opened.path.resolve()), dataset, opened.fingerprint, opened.pixels, names, chosen, checks,
            lambda method, pair: _composite(opened, method, pair),
        )  # fmt: skip
        return MadeStudy(folder, sizes, write_study(folder, shows, wording, sizes, seed))


def folder_of(run: Run) -> Path:
    """Where the study of a run lies unless another folder is named: beside it."""
    return run.path.with_name(f"{run.path.resolve().name}.study")


def read_study(study: AnyPath, answers: Sequence[AnyPath], run: "Run | AnyPath | None" = None) -> "StudySummary":
    """Read the answers to a study into its run, whose results, tables and report then have the metric `preference`.

    `answers` are files, or folders of them. They replace those that were read before: name all. Raters who failed the
    attention checks are left out, which is printed. `run` is where the run lies now, if it was moved.

    Raises InputError for files that are none, NotComparableError for answers to another study or a run of other pairs,
    HashError where composites are no longer those that were shown, IncompleteError where votes do not compare every
    method.
    """
    key = read_key(Path(study))
    opened = as_run(run if run is not None else key.run)
    if (opened.fingerprint, opened.pixels) != (key.fingerprint, key.pixels):
        raise NotComparableError(f"{opened.path}: not the pairs of this study, {key.dataset} {key.fingerprint}.")
    refuse_unknown(f"method of {opened.path} is", key.methods, opened.methods)
    read = read_answers([Path(path) for path in answers], key)
    for sentence in read.notes():
        note(sentence)
    if not read.raters:
        raise IncompleteError(f"{study}: no rater answered every trial and passed the checks. Collect more answers.")
    return _write(opened, key, read)


def _write(opened: Run, key: Key, read: Read) -> "StudySummary":
    votes = stored_votes(key, read.raters, read.sha256s, len(read.failed))
    if stale := stale_methods(opened, votes):
        raise HashError(
            f"{opened.path}: composites of {some(stale)} are no longer those that raters saw. Restore them, or make a "
            "new study."
        )
    found = summarise(of_run(opened, votes))  # before anything is written
    with files.only_one(opened.path):
        sums.write_sums(opened.path, write_votes(opened.path, votes))
        write_derived(load_run(opened.path), ChosenMetrics(()))
    return found


# --- parts ----------------------------------------------------------------------------------------


def _consent(text: str) -> str:
    path = Path(text) if text and len(text) < 1000 and "\n" not in text else None
    if path is None or not path.is_file():
        return text or CONSENT
    try:
        return files.read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text.") from error


def _methods(run: Run, requested: Sequence[str]) -> tuple[str, ...]:
    """The methods of a study. Raises InputError for fewer than two and IncompleteError for an unfinished one."""
    able = [name for name in run.methods if run.info.methods[name].weights != SYNTHETIC]
    refuse_unknown(f"method of {run.path} with weights that are not synthetic is", requested, able)
    whole = [name for name in able if not missing_pairs(run.folder, name) and len(run.pictures_of(name))]
    if lacking := [name for name in requested if name not in whole]:
        raise IncompleteError(f"{run.path}: {some(lacking)} lacks composites or scores of some pairs. Run it again.")
    names = tuple(requested or whole)
    if len(names) < 2:
        raise InputError(f"{run.path}: a study compares two methods or more, and here is {some(names) or 'none'}.")
    if run.info.part.kind == "shard":
        raise InputError(f"{run.path}: is a shard. Merge the shards first: `inpaint-bench merge`.")
    return names


def _composite(run: Run, method: str, pair: str) -> tuple[Path, str]:
    """The composite that counts, of a stochastic method that of the chosen sample, and the hash that was scored."""
    number = [one.pair for one in run.pairs].index(pair)
    sample = run.chosen_samples(method)[number]
    scored = run.pictures_of(method).get((pair, sample))
    if scored is None:
        raise IncompleteError(f"{run.path}: {method} is not scored on pair {pair}: `inpaint-bench score {run.path}`.")
    return run.folder.composite(method, pair, sample), scored
