"""`train`: train a method whose baseline has a training wing."""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from inpaint_bench.cli.options import FOLDER, option, quiet_option


@click.command()
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
@option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
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
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.cli.progress import note

    command = _wing(method)
    where = open_device(device)
    only_first = quiet or os.environ.get("RANK", "0") != "0"
    given = (images, masks, out, config, changes, where, jobs, lambda line: note(line, only_first))
    if ablation:
        click.echo(command.train_ablation(method, ablation, *given))
    else:
        click.echo(command.train_method(method, *given))


def _wing(method: str) -> Any:
    """The training wing of a method's baseline. Raises InputError for a method that cannot be trained here."""
    from inpaint_bench.errors import InputError, did_you_mean
    from inpaint_bench.methods.baselines import find_baselines

    wings = {name: f"{baseline.package}.training" for name, (baseline, _) in find_baselines().items()}
    trainable = {name: wing for name, wing in wings.items() if find_spec(wing) is not None}
    if method not in trainable:
        raise InputError(f"no method that can be trained here is called '{method}'. {did_you_mean(method, trainable)}")
    return import_module(f"{trainable[method]}.command")
