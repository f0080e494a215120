"""`inpaint`: one picture of any size through one method."""

from pathlib import Path

import click

from inpaint_bench.cli.options import (
    FOLDER,
    baselines_option,
    device_option,
    io_option,
    mask_threshold_option,
    offload_option,
    option,
    quiet_option,
    set_option,
    weights_option,
)
from inpaint_bench.cli.render import notes_on_stderr


@click.command(short_help="Inpaint one picture of any size.")
@click.argument("image", type=FOLDER)
@click.argument("mask", type=FOLDER)
@option("--method", required=True, help="A name, or your own: mine=python:MODULE:FUNCTION, mine=exec:'COMMAND …'.")
@option("--out", type=FOLDER, required=True, help="The PNG file to write; of several samples FILE.s0.png and so on.")
@baselines_option
@weights_option
@io_option
@set_option
@offload_option
@option("--dataset", default="sample", show_default=True, help="The dataset that weights are looked up for.")
@device_option
@option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of a stochastic method.")
@option("--samples", type=click.IntRange(1), default=1, show_default=True, help="Of a stochastic method.")
@mask_threshold_option
@quiet_option
def inpaint(
    image: Path,
    mask: Path,
    method: str,
    out: Path,
    baselines: Path | None,
    weights: dict[str, str],
    io: dict[str, str],
    options: dict[str, dict[str, str]],
    offload: bool,
    dataset: str,
    device: str,
    seed: int,
    samples: int,
    mask_threshold: int | None,
    quiet: bool,
) -> None:
    """Fill the hole of IMAGE that MASK shows (255 is the hole) and write the composite.

    IMAGE is 8-bit RGB or grey, of any size, and turned as its EXIF orientation says. Sizes that the method does not
    take are padded by reflection or inpainted in windows. Outside the hole nothing changes.
    """
    from inpaint_bench.api.models import inpaint_file

    with notes_on_stderr(quiet):
        found = inpaint_file(
            image, mask, out, method, weights=weights, dataset=dataset, baselines=baselines, device=device, seed=seed,
            samples=samples, mask_threshold=mask_threshold, io=io, options=options, offload=offload,
        )  # fmt: skip
    for path in found.paths:
        click.echo(f"{path}: {found.hole_pixels} pixels by {found.method}.")
