"""`time`: how long methods take and what they cost, as in the SPN paper's Table 6."""

from pathlib import Path
from typing import Any

import click

from inpaint_bench.cli.options import (
    FOLDER,
    device_option,
    format_option,
    method_options,
    offload_option,
    option,
    quiet_option,
)


@click.command(short_help="Time methods; memory, parameters, FLOPs.")
@method_options
@offload_option
@option("--dataset", default="sample", show_default=True, help="The dataset that weights are looked up for.")
@device_option
@option("--size", type=click.IntRange(16), default=256, show_default=True, help="Pixels a side of the pictures.")
@option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Pictures in a call.")
@option("--samples", type=click.IntRange(1), help="Of a stochastic method, beside one. Default: the protocol's.")
@option(
    "--runs", type=click.IntRange(1), help="Calls of each method, three at least. Default: 50 on a CPU, 200 on a GPU."
)
@option(
    "--seconds",
    type=click.FloatRange(0),
    help="Seconds of each method. Default: 5 on a CPU, where these or the calls are enough; 10 on a GPU, where both "
    "are needed.",
)
@option("--out", type=FOLDER, default=Path("runs/timing"), show_default=True, help="The run folder.")
@format_option
@quiet_option
def time(methods: str, format_: str, **options: Any) -> None:
    """Time each method's network, and the whole way from files to composites, and write OUT/METHOD/timing.json.

    Methods warm up and then take turns. Also measured: peak memory, parameters and FLOPs of a call, and the machine.
    With --weights '*=synthetic' every method can be timed, since values do not change how long it takes.
    """
    from inpaint_bench.api import models

    outcome = models.time(methods or None, **options)
    if outcome.timings:
        click.echo(models.timings_text(outcome.timings, format_), nl=False)
    outcome.raise_failures()
