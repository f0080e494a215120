"""`time`: how long methods take and what they cost, the paper's Table 6."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, format_option, method_options, option, quiet_option


@click.command()
@method_options
@option("--dataset", default="sample", show_default=True, help="For which dataset weights are looked for.")
@option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
@option("--size", type=click.IntRange(16), default=256, show_default=True, help="Pixels a side of the pictures.")
@option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Pictures in a call.")
@option("--samples", type=click.IntRange(1), help="Of a stochastic method, beside one. Default: the protocol's.")
@option(
    "--runs",
    type=click.IntRange(1),
    help="Calls of each method, three at least. Default: 50 on a processor, 200 on a GPU.",
)
@option(
    "--seconds",
    type=click.FloatRange(0),
    help="Seconds of each method. Default: 5 on a processor, where these or the calls are enough; 10 on a GPU, "
    "where it takes both.",
)
@option("--out", type=FOLDER, default=Path("runs/timing"), show_default=True, help="The run folder.")
@format_option
@quiet_option
def time(
    methods: str,
    baselines: Path | None,
    weights: dict[str, str],
    dataset: str,
    device: str,
    size: int,
    batch: int,
    samples: int | None,
    runs: int | None,
    seconds: float | None,
    out: Path,
    format_: str,
    quiet: bool,
) -> None:
    """Time each method's network, and the whole way from files to composites, and write OUT/METHOD/timing.json.

    Methods warm up and then take turns. Beside the times: peak memory, parameters and FLOPs of a call, and the
    machine. With --weights '*=synthetic' every method can be timed, for values do not change how long it takes.
    """
    from dataclasses import replace

    from inpaint_bench import files
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.cli.progress import progress
    from inpaint_bench.methods.select import split_methods
    from inpaint_bench.timing.measure import STEPS, Asked, time_methods
    from inpaint_bench.timing.show import FORMATS
    from inpaint_bench.timing.timed import Named, find_subjects
    from inpaint_bench.timing.timer import ON_CPU, ON_GPU

    where = open_device(device)
    usual = ON_GPU if where.type == "cuda" else ON_CPU
    enough = replace(usual, runs=runs or usual.runs, seconds=usual.seconds if seconds is None else seconds)
    subjects = find_subjects(named := Named(tuple(split_methods(methods)), dataset, baselines, tuple(weights.items())))
    with files.only_one(out), progress("timing", STEPS * len(subjects), quiet) as on_progress:
        outcome = time_methods(subjects, Asked(named, where, size, batch, samples, enough), out, lambda: on_progress(1))
    if outcome.timings:
        click.echo(FORMATS[format_](outcome.timings), nl=False)
    outcome.raise_failures()
