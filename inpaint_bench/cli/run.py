"""`run` walks the whole flow; `predict` stops at the composites."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import (
    dataset_options,
    folder_options,
    format_option,
    method_options,
    metric_option,
    out_option,
    pace_options,
    part_options,
    quiet_option,
    strict_option,
)
from inpaint_bench.cli.progress import note, progress
from inpaint_bench.errors import BenchError, IncompleteError, InputError

if TYPE_CHECKING:  # heavy: imported where it is used
    from inpaint_bench.cli.names import Chosen
    from inpaint_bench.methods.work import Method
    from inpaint_bench.pairs.find import Dataset
    from inpaint_bench.run.folder import RunFolder
    from inpaint_bench.run.predict import Pace


@dataclass(frozen=True)
class Asked:
    """The options of `run` and `predict`."""

    dataset: str
    data: Path | None
    pairs: Path | None
    images: Path | None
    masks: Path | None
    limit: int | None
    shard: tuple[int, int] | None
    methods: str
    rooms: Path | None
    weights: dict[str, str]
    device: str
    batch: int
    jobs: int
    timeout: float | None
    out: Path | None
    quiet: bool


@click.command()
@dataset_options
@folder_options
@part_options
@method_options
@metric_option
@pace_options
@out_option
@format_option
@strict_option
@quiet_option
def run(metrics: str, format_: str, strict: bool, **options: object) -> None:
    """Inpaint every pair with each method, score what was saved, and print the table.

    The same command again resumes: what is on disk and matches is not done twice.
    """
    from inpaint_bench import files
    from inpaint_bench.cli.names import chosen_metrics

    asked = Asked(**options)  # type: ignore[arg-type]  # click made them from the declarations above
    dataset, methods, pace = _prepare(asked)
    chosen = chosen_metrics(metrics, dataset.page, asked.dataset)
    out = _out(asked, dataset)
    with files.only_one(out):
        started, failures = _predict(out, dataset, methods, pace, asked.quiet)
        _score(started, dataset, methods, chosen.and_measured(started), pace, asked.quiet)
        if dataset.part.startswith("shard"):
            _raise_all(failures)
            click.echo(f"{out}: {dataset.part} is done. `inpaint-bench merge` makes the shards whole.")
        else:
            _print_table(started, methods, chosen, format_, strict)
    _raise_all(failures)


def _score(
    run: "RunFolder", dataset: "Dataset", methods: "list[Method]", names: list[str], pace: "Pace", quiet: bool
) -> None:
    from inpaint_bench.score.measure import measure, measure_targets
    from inpaint_bench.weights import FILLED

    scored = [method.name for method in methods if method.weights.sha256 != FILLED]
    if scored:
        with progress("targets", len(run.pairs), quiet) as told:
            measure_targets(run, dataset, names, pace, told)
    for method in scored:
        with progress(f"{method}: scores", len(run.samples_of(method)), quiet) as told:
            measure(run, dataset, method, names, pace, told)


def _print_table(run: "RunFolder", methods: "list[Method]", chosen: "Chosen", format_: str, strict: bool) -> None:
    """Write the run's records and tables; print what was asked for."""
    from inpaint_bench import records
    from inpaint_bench.cli.table import print_table, write_records_and_tables
    from inpaint_bench.weights import FILLED

    found = write_records_and_tables(run, chosen)
    asked = {method.name for method in methods} | set(records.REFERENCES)
    shown = [record for record in found if record.method in asked and record.metric in chosen.names]
    if shown or chosen.absent:
        print_table([(run, shown)], chosen.absent, format_, strict=strict)
    if filled := [method.name for method in methods if method.weights.sha256 == FILLED]:
        click.echo(
            f"No numbers for {', '.join(filled)}: filled weights are made from names, and say nothing of quality."
        )


@click.command()
@dataset_options
@folder_options
@part_options
@method_options
@pace_options
@out_option
@quiet_option
def predict(**options: object) -> None:
    """Inpaint every pair with each method and save the composites; nothing is scored."""
    from inpaint_bench import files

    asked = Asked(**options)  # type: ignore[arg-type]  # click made them from the declarations above
    dataset, methods, pace = _prepare(asked)
    out = _out(asked, dataset)
    with files.only_one(out):
        _, failures = _predict(out, dataset, methods, pace, asked.quiet)
    _raise_all(failures)
    click.echo(f"{out}: {len(dataset.pairs)} pairs by {', '.join(method.name for method in methods)}.")


def _prepare(asked: Asked) -> "tuple[Dataset, list[Method], Pace]":
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.methods.choose import choose_methods, runnable_methods, split_methods
    from inpaint_bench.methods.rooms import find_rooms
    from inpaint_bench.pairs import find
    from inpaint_bench.run.predict import Pace

    if (asked.images is None) != (asked.masks is None):
        raise InputError("--images and --masks go together: one folder of pictures, one of masks of the same names.")
    if asked.images and asked.masks:
        every = find.open_folders(asked.images, asked.masks)
        with progress("looking at the pictures", len(every.pairs), asked.quiet) as told:
            every = find.see(every, asked.jobs, lambda: told(1))
    else:
        every = find.open_dataset(asked.dataset, asked.data, asked.pairs)
    dataset = find.take(every, asked.limit, asked.shard)
    device = open_device(asked.device)
    methods = choose_methods(split_methods(asked.methods), dataset, every, asked.rooms, asked.weights)
    if not asked.methods:
        for sentence in runnable_methods(find_rooms(asked.rooms), dataset.page)[1]:
            note(sentence, asked.quiet)
    for method in methods:
        if method.said:
            note(f"{method.name}: {method.said}.", asked.quiet)
    with progress("first look at the pairs", len(dataset.pairs), asked.quiet) as told:
        dataset = find.see(dataset, asked.jobs, lambda: told(1))
    return dataset, methods, Pace(device, asked.batch, asked.jobs, asked.timeout)


def _out(asked: Asked, dataset: "Dataset") -> Path:
    from inpaint_bench.run.folder import default_folder

    return asked.out or default_folder(dataset)


def _predict(
    out: Path, dataset: "Dataset", methods: "list[Method]", pace: "Pace", quiet: bool
) -> "tuple[RunFolder, list[BenchError]]":
    """Each method in turn. One that fails leaves what it finished; the others go on."""
    from inpaint_bench.run import folder
    from inpaint_bench.run.predict import pending, predict_pairs

    started = folder.start(out, dataset)
    failures: list[BenchError] = []
    for method in methods:
        try:
            with progress(method.name, len(pending(started, method)), quiet) as told:
                started = predict_pairs(started, dataset, method, pace, lambda: told(1))
        except (IncompleteError, InputError) as error:
            failures.append(error)
    return folder.open_run(out), failures


def _raise_all(failures: list[BenchError]) -> None:
    """All failures as one; bad input says more than incompleteness."""
    if failures:
        kind = InputError if any(isinstance(failure, InputError) for failure in failures) else IncompleteError
        kept = "Finished pairs are kept; run the same command again to go on."
        raise kind(" ".join([*dict.fromkeys(str(failure) for failure in failures), kept]))
