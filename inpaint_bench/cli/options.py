"""Options that several commands share; each also reads INPAINT_BENCH_<OPTION>."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from inpaint_bench.cli.values import Entries, Folder, as_contracts, as_named_files, as_settings, as_shard, joined

Command = TypeVar("Command", bound=Callable[..., Any])

# INPAINT_BENCH_DATA and INPAINT_BENCH_WEIGHTS are folders with a subfolder for each dataset and method.
NOT_FROM_ENVIRONMENT = {"data", "weights"}


def option(name: str, *names: str, **settings: Any) -> Callable[[Command], Command]:
    """An option that its environment variable can set too."""
    word = name.removeprefix("--").partition("/")[0]
    variable = None if word in NOT_FROM_ENVIRONMENT else f"INPAINT_BENCH_{word.upper().replace('-', '_')}"
    return click.option(name, *names, envvar=variable, **settings)


def several(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Some options as one decorator, in their order."""

    def decorate(command: Command) -> Command:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


def methods_option(help_text: str) -> Callable[[Command], Command]:
    """`--methods`, which may be given several times."""
    return option("--methods", type=Entries(), multiple=True, callback=joined, help=help_text)


FOLDER = Folder(path_type=Path)

baselines_option = option("--baselines", type=FOLDER, help="A folder of your own baselines, each with its card.toml.")
data_option = option(
    "--data", type=FOLDER, help="The folder with images/ and masks/. Default: where `datasets add` puts them."
)
dataset_options = several(
    option(
        "--dataset",
        default="sample",
        show_default=True,
        help="A protocol's name, the path of your own page, or photos:DIR.",
    ),
    data_option,
    option("--pairs", type=FOLDER, help="Another list of pairs, as `pairs import` writes it."),
)
mask_threshold_option = option(
    "--mask-threshold",
    type=click.IntRange(0, 254),
    help="Values of your masks above this are hole: 127 for JPEG, say. Default: 255 is hole, and all others must be 0.",
)
folder_options = several(
    option("--targets", type=FOLDER, help="In place of --dataset: a folder of images."),
    option("--masks", type=FOLDER, help="With --targets: their masks, by the same names or NAME_mask000, or one file."),
    mask_threshold_option,
)
run_data_options = several(
    data_option,
    option("--targets", type=FOLDER, help="For a run of two folders: the images."),
    option("--masks", type=FOLDER, help="For a run of two folders: their masks."),
)
part_options = several(
    option("--limit", type=click.IntRange(1), help="Only the first so many pairs; the run is marked as partial."),
    option(
        "--shard",
        metavar="K/N",
        callback=as_shard,
        help="The part of the pairs to run, e.g. 2/8; `merge` joins the parts. auto: as a Slurm or PBS array, Open MPI "
        "or torchrun says.",
    ),
)
weights_option = option(
    "--weights",
    metavar="NAME=FILE",
    multiple=True,
    callback=as_named_files,
    help="The weights of a method, or of every one with *=. FILE may be 'synthetic': values made from tensor names, "
    "for tests and timing.",
)
io_option = option(
    "--io",
    metavar="[NAME:]CONTRACT",
    multiple=True,
    callback=as_contracts,
    help="What an exported network takes and gives: lama-torchscript, lama-onnx, migan-onnx, migan-generator, "
    "FILE.toml, or 'result=0-255;mask=known'. Default: the .toml file beside it.",
)
set_option = option(
    "--set",
    "options",
    metavar="METHOD.OPTION=VALUE",
    multiple=True,
    callback=as_settings,
    help="An option of a method, as in sdxl-inpaint.steps=30; `methods show METHOD` lists them. May be repeated.",
)
resize_option = option(
    "--resize-for-method",
    is_flag=True,
    help="Resize images for methods that do not take their size, and predictions back; the run and its tables say so.",
)
offload_option = option(
    "--offload", is_flag=True, help="Keep one part at a time of a diffusion model on the GPU: slower, less memory."
)
method_options = several(
    methods_option(
        "Names, separated by commas, and your own: mine=folder:DIR, mine=python:MODULE:FUNCTION, "
        "mine=exec:'COMMAND with {images} {masks} {out}', mine=torchscript:FILE, mine=onnx:FILE, "
        "mine=diffusers:FOLDER_OR_ID. In quotes a comma is a comma, mine=folder:'lr=1,wd=0'; ~ is your home folder. "
        "May be given several times. Default: every method that can run here."
    ),
    baselines_option,
    weights_option,
    io_option,
    set_option,
)
device_option = option(
    "--device", default="auto", show_default=True, help="auto (cuda, else mps, else cpu), cpu, cuda, cuda:1 or mps."
)
jobs_option = option(
    "--jobs", type=click.IntRange(1), default=min(8, os.cpu_count() or 1), help="Threads that read and write."
)
executor_options = several(
    option(
        "--processes",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Cut the run into shards, and work on them in so many processes of this machine.",
    ),
    option("--gpus", type=click.IntRange(1), help="Work in one process for each of so many GPUs, or in --processes."),
    option(
        "--executor",
        metavar="NAME[:OPTIONS]",
        default="",
        help="Where the units of the run are worked on: local, slurm, ray, or the name of a plug-in.",
    ),
    option(
        "--slurm",
        metavar="KEY=VALUE,...",
        help="On a Slurm cluster, with options of sbatch, as in partition=gpu,gpus-per-node=1,time=60; also "
        "array-parallelism (units at a time, 64), poll (seconds, 10), setup (a line of shell), python (how jobs start "
        "Python). A pair with a comma goes in quotes: \"'exclude=n1,n2'\".",
    ),
    option(
        "--ray",
        metavar="ADDRESS,...",
        help="On a Ray cluster, by its address or auto; also cpus and gpus of a unit, workers (at a time), time "
        "(minutes of a unit).",
    ),
    option(
        "--units",
        type=click.IntRange(1),
        help="Units of each method. Default: on this machine two a process; elsewhere so that each takes some ten "
        "minutes.",
    ),
)
mixed_option = option(
    "--allow-mixed",
    is_flag=True,
    help="Let machines that differ work on one method; the run records it, and its tables say so.",
)
runtime_options = several(
    device_option,
    option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Images a network takes at once."),
    jobs_option,
)
accept_licence_option = option(
    "--accept-licence", is_flag=True, help="Accept the printed licences; without it a terminal asks for a yes."
)
fetch_options = several(
    option("--fetch", is_flag=True, help="First fetch the weights of the named methods that have none here."),
    accept_licence_option,
)
code_option = option(
    "--code",
    type=FOLDER,
    help="The folder that the code of your own exec: or python: methods and metrics is in: a change in it is noticed. "
    "Default: the files that a command names, and a module's package or the Python files beside it.",
)
code_options = several(
    code_option,
    option(
        "--fresh", metavar="METHOD", multiple=True, help="Compute the finished pairs of a method anew. May be repeated."
    ),
)
timeout_option = option(
    "--timeout", type=click.FloatRange(0, min_open=True), help="Seconds an exec: program may run, a method or a metric."
)
known_error_option = option(
    "--allow-known-error",
    is_flag=True,
    help="Score outputs whose known region is far from the target's: exchanged channels, another image, JPEG.",
)
metric_option = option(
    "--metrics",
    default="",
    help="Names, separated by commas, or all that can be measured here. Default: the protocol's.",
)
strict_option = option(
    "--strict", is_flag=True, help="Refuse (exit 4) results that would be marked: a Fréchet distance of few pictures."
)
out_option = option("--out", type=FOLDER, help="The run folder. Default: runs/<dataset>.")
log_option = option(
    "--log",
    multiple=True,
    metavar="LOGGER[:MODE]",
    callback=joined,
    help="Log the results and a few composites: wandb, mlflow, trackio or tensorboard, in the folder <run>.log, where "
    "nothing is sent; or wandb:online, mlflow:ADDRESS, trackio:USER/SPACE. May be given several times.",
)
quiet_option = option("--quiet", is_flag=True, help="No progress.")
format_option = option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "csv"]),
    default="text",
    show_default=True,
    help="What is printed.",
)
