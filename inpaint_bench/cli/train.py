"""`train`: train a method whose baseline has a training package."""

import os
from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, device_option, option, quiet_option
from inpaint_bench.cli.render import note


@click.command(short_help="Train a method on your own photographs.")
@click.argument("method")
@option("--images", type=FOLDER, required=True, help="A folder of photographs to learn from.")
@option("--masks", default="generated", show_default=True, help="A folder of masks, white in the hole, or generated.")
@option("--out", type=FOLDER, required=True, help="The folder of the run; the same command goes on from what is there.")
@option("--config", type=FOLDER, help="A file of settings (TOML) that changes the recipe.")
@option("--set", "changes", metavar="KEY=VALUE", multiple=True, help="One setting, as in network.width=16.")
@option(
    "--ablation",
    default="",
    metavar="NAME[:ROW,ROW]",
    help="Train every row of an ablation, as in table3, or some, and print its table.",
)
@device_option
@option("--jobs", type=click.IntRange(1), default=min(4, os.cpu_count() or 1), help="Threads that prepare batches.")
@quiet_option
def train(
    method: str,
    images: Path,
    masks: str,
    out: Path,
    config: Path | None,
    changes: tuple[str, ...],
    ablation: str,
    device: str,
    jobs: int,
    quiet: bool,
) -> None:
    """Train METHOD by its recipe on photographs of your own. It ends in a weights file, OUT/best.safetensors.

    The best weights are those of the best validation, on photographs that are kept out of training. Several processes
    of torchrun train together: torchrun --nproc-per-node 2 --no-python inpaint-bench train METHOD ...
    """
    from inpaint_bench.api import extensions

    silent = quiet or os.environ.get("RANK", "0") != "0"
    click.echo(
        extensions.train(
            method, images, out, masks=masks, config=config, changes=changes, ablation=ablation, device=device,
            jobs=jobs, on_note=lambda line: note(line, silent),
        )
    )  # fmt: skip
