"""Ablations: the training runs behind a table or figure of the paper, and the table of their results.

An ablation is a TOML file in `configs/ablations`: runs with a name and the settings that they change, or a grid, each
combination of which is a run. Every run trains in its own folder, so the same command resumes where the last one
stopped.
"""

import csv
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from baselines.spn.training.config import CONFIGS, Config, as_config, merge, read_settings
from baselines.spn.training.pretext import open_pretext
from baselines.spn.training.train import SUMMARY, TrainJob, train
from inpaint_bench import files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics import METRICS

FOLDER = CONFIGS / "ablations"
COLUMNS = ("psnr", "ssim", "mae", "psnr_hole", "mae_hole")
BARS = ("psnr", "ssim", "mae")  # the metrics of the paper's figures


class AblationRun(Schema, frozen=True):
    """One training run: a row of the table, and the settings that it changes."""

    name: str
    set: dict[str, Any] = msgspec.field(default_factory=dict)


class Ablation(Schema, frozen=True):
    """A table or a figure of the paper."""

    title: str
    plot: bool
    rows: tuple[AblationRun, ...] = ()
    grid: dict[str, tuple[float, ...]] = msgspec.field(default_factory=dict)  # dotted key: its values


class Summary(msgspec.Struct, frozen=True):
    """What the table needs of the summary of a finished run."""

    parameters: int
    steps: int
    seconds: int
    best: dict[str, Any]
    validation: list[dict[str, float]]


def ablation_names() -> list[str]:
    """The names of the ablations in `configs/ablations`."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_ablation(name: str) -> Ablation:
    """An ablation by name. Raises InputError, suggesting the closest name, when there is none."""
    if name not in ablation_names():
        raise InputError(f"no ablation is called '{name}'. {did_you_mean(name, ablation_names())}")
    found: Ablation = msgspec.toml.decode((FOLDER / f"{name}.toml").read_bytes(), type=Ablation)
    return found


def runs_of(ablation: Ablation) -> list[AblationRun]:
    """The runs, including every combination of a grid."""
    runs = list(ablation.rows)
    if ablation.grid:
        for values in itertools.product(*ablation.grid.values()):
            chosen = dict(zip(ablation.grid, values, strict=True))
            settings: dict[str, Any] = {}
            for key, value in chosen.items():
                merge(settings, _nested(key, value))
            name = " ".join(f"{key.rsplit('.', 1)[-1]}={value:g}" for key, value in chosen.items())
            runs.append(AblationRun(name, settings))
    return runs


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    found: dict[str, Any] = value
    return found


def configs(requested: str, recipe: str, file: Path | None, changes: Sequence[str]) -> dict[str, Config]:
    """The settings of every run: the recipe, the file, `changes`, and finally what the run itself changes.

    `requested` is an ablation, or NAME:ROW,ROW for some of its rows. Raises InputError for a wrong name or setting.
    """
    name, colon, some = requested.partition(":")
    runs = {run.name: run for run in runs_of(read_ablation(name))}
    chosen = some.split(",") if colon else list(runs)
    for wanted in chosen:
        if wanted not in runs:
            raise InputError(f"{name} has no row '{wanted}'. {did_you_mean(wanted, runs)}")
    found = {}
    for run in (run for run in runs.values() if run.name in chosen):
        settings = read_settings(recipe, file, changes)
        merge(settings, run.set)
        found[run.name] = as_config(settings, f"the row '{run.name}' of {name}")
    return found


def train_rows(requested: str, recipe: str, file: Path | None, changes: Sequence[str], job: TrainJob) -> str:
    """Train every row and write NAME.csv and NAME.md, and NAME.png for a figure; returns the table as Markdown.

    All settings and pretext networks are checked before the first row trains. Raises what `train` raises.
    """
    rows = configs(requested, recipe, file, changes)
    name = requested.partition(":")[0]
    ablation = read_ablation(name)
    for row, config in rows.items():
        try:
            open_pretext(config)
        except InputError as error:
            raise InputError(f"the row '{row}' of {name}: {error}") from error
    summaries: dict[str, Summary] = {}
    for row, config in rows.items():
        job.on_progress(f"{ablation.title}: {row}")
        out = job.out / re.sub(r"[^A-Za-z0-9.=+-]+", "-", row)
        train(config, replace(job, out=out))
        summaries[row] = msgspec.json.decode((out / SUMMARY).read_bytes(), type=Summary)
    return _write(name, ablation, summaries, job.out)


def _write(name: str, ablation: Ablation, summaries: Mapping[str, Summary], out: Path) -> str:
    lines = table(summaries)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    files.write_whole(out / f"{name}.csv", text.getvalue().encode())
    made = markdown(ablation.title, lines)
    files.write_whole(out / f"{name}.md", made.encode())
    if ablation.plot:
        files.write_whole(out / f"{name}.png", bars(ablation.title, summaries))
    return made


def table(summaries: Mapping[str, Summary]) -> list[list[str]]:
    """A heading and one line per row: the metrics of its best validation, its parameters and its cost."""
    lines = [["row", *COLUMNS, "parameters", "steps", "seconds"]]
    for row, summary in summaries.items():
        best = best_of(summary)
        metrics = [f"{best[name]:.{METRICS[name].decimals}f}" for name in COLUMNS]
        lines.append([row, *metrics, str(summary.parameters), str(summary.steps), str(summary.seconds)])
    return lines


def best_of(summary: Summary) -> dict[str, float]:
    """The validation that selected the weights."""
    return next(each for each in summary.validation if each["step"] == summary.best["step"])


def markdown(title: str, lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table with its title."""
    heading, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    rule = "|---" + "|---:" * (len(lines[0]) - 1) + "|"
    note = "Metrics are those of inpaint-bench on the validation photographs, at the best step."
    return "\n".join([f"# {title}", "", heading, rule, *rest, "", note, ""])


def bars(title: str, summaries: Mapping[str, Summary]) -> bytes:
    """A bar chart of every metric in `BARS`, as a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(BARS), 3.5), layout="constrained")
    figure.suptitle(title)
    for position, name in enumerate(BARS, 1):
        axes = figure.add_subplot(1, len(BARS), position)
        values = [best_of(summary)[name] for summary in summaries.values()]
        axes.bar(range(len(values)), values)
        axes.set_xticks(range(len(values)), list(summaries), rotation=25, ha="right", fontsize=8)
        margin = (max(values) - min(values)) or abs(values[0])
        axes.set_ylim(min(values) - margin, max(values) + margin / 2)
        axes.set_ylabel(f"{name} {METRICS[name].unit}".strip() + ", axis cut")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120, metadata={"Software": None})
    return out.getvalue()
