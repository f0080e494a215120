"""Ablations: the rows of a table or figure of the paper, each a training run, and what comes of them side by side.

An ablation is a page of TOML in `ablations/`: rows with a name and the settings that they change, or a grid whose every
combination is a row. Each row trains in a folder of its own, so a second call goes on where the first one ended.
"""

import csv
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from baselines.spn.training.config import Config, as_config, merge, read_settings
from baselines.spn.training.pretext import open_pretext
from baselines.spn.training.trainer import KNOWN, Run, train
from inpaint_bench import files
from inpaint_bench.data.protocols import Schema
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics import METRICS

FOLDER = Path(__file__).parent / "ablations"
COLUMNS = ("psnr", "ssim", "mae", "psnr_hole", "mae_hole")


class Row(Schema, frozen=True):
    """One run: what it changes."""

    name: str
    set: dict[str, Any] = msgspec.field(default_factory=dict)


class Ablation(Schema, frozen=True):
    """A table or a figure of the paper."""

    title: str
    plot: bool
    rows: tuple[Row, ...] = ()
    grid: dict[str, tuple[float, ...]] = msgspec.field(default_factory=dict)  # dotted key: its values


class Known(msgspec.Struct, frozen=True):
    """What a finished run wrote down, as far as a table needs it."""

    parameters: int
    steps: int
    seconds: int
    best: dict[str, Any]
    validation: list[dict[str, float]]


def ablation_names() -> list[str]:
    """The ablations that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_ablation(name: str) -> Ablation:
    """An ablation by name. Raises InputError, with the nearest one, when there is none."""
    if name not in ablation_names():
        raise InputError(f"no ablation is called '{name}'. {did_you_mean(name, ablation_names())}")
    found: Ablation = msgspec.toml.decode((FOLDER / f"{name}.toml").read_bytes(), type=Ablation)
    return found


def rows_of(ablation: Ablation) -> list[Row]:
    """The rows, those of a grid spelled out."""
    rows = list(ablation.rows)
    if ablation.grid:
        for values in itertools.product(*ablation.grid.values()):
            chosen = dict(zip(ablation.grid, values, strict=True))
            settings: dict[str, Any] = {}
            for key, value in chosen.items():
                merge(settings, _nested(key, value))
            rows.append(Row(" ".join(f"{key.rsplit('.', 1)[-1]}={value:g}" for key, value in chosen.items()), settings))
    return rows


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    found: dict[str, Any] = value
    return found


def configs(asked: str, recipe: str, file: Path | None, changes: Sequence[str]) -> dict[str, Config]:
    """The settings of every row: the recipe, the file, the words, and last what the row itself changes.

    `asked` is an ablation, or NAME:ROW,ROW for some of its rows. Raises InputError for a wrong name or setting.
    """
    name, colon, some = asked.partition(":")
    rows = {row.name: row for row in rows_of(read_ablation(name))}
    for wanted in (chosen := some.split(",") if colon else list(rows)):
        if wanted not in rows:
            raise InputError(f"{name} has no row '{wanted}'. {did_you_mean(wanted, rows)}")
    found = {}
    for row in (row for row in rows.values() if row.name in chosen):
        settings = read_settings(recipe, file, changes)
        merge(settings, row.set)
        found[row.name] = as_config(settings, f"the row '{row.name}' of {name}")
    return found


def train_rows(asked: str, recipe: str, file: Path | None, changes: Sequence[str], run: Run) -> str:
    """Train every row and write NAME.csv and NAME.md, for a figure NAME.png too; the table as text.

    All settings and pretext networks are checked before the first row trains. Raises what `train` raises.
    """
    rows = configs(asked, recipe, file, changes)
    name = asked.partition(":")[0]
    ablation = read_ablation(name)
    for row, config in rows.items():
        try:
            open_pretext(config)
        except InputError as error:
            raise InputError(f"the row '{row}' of {name}: {error}") from error
    known: dict[str, Known] = {}
    for row, config in rows.items():
        run.tell(f"{ablation.title}: {row}")
        out = run.out / re.sub(r"[^A-Za-z0-9.=+-]+", "-", row)
        train(config, replace(run, out=out))
        known[row] = msgspec.json.decode((out / KNOWN).read_bytes(), type=Known)
    lines = table(known)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    files.write_whole(run.out / f"{name}.csv", text.getvalue().encode())
    made = markdown(ablation.title, lines)
    files.write_whole(run.out / f"{name}.md", made.encode())
    if ablation.plot:
        files.write_whole(run.out / f"{name}.png", bars(ablation.title, known))
    return made


def table(known: Mapping[str, Known]) -> list[list[str]]:
    """A heading and a line a row: the metrics of its best validation, its parameters and its cost."""
    lines = [["row", *COLUMNS, "parameters", "steps", "seconds"]]
    for row, facts in known.items():
        best = best_of(facts)
        metrics = [f"{best[name]:.{METRICS[name].decimals}f}" for name in COLUMNS]
        lines.append([row, *metrics, str(facts.parameters), str(facts.steps), str(facts.seconds)])
    return lines


def best_of(facts: Known) -> dict[str, float]:
    """The validation that chose the weights."""
    return next(each for each in facts.validation if each["step"] == facts.best["step"])


def markdown(title: str, lines: Sequence[Sequence[str]]) -> str:
    """A table under its title."""
    heading, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    rule = "|---" + "|---:" * (len(lines[0]) - 1) + "|"
    note = "Metrics are those of the harness on validation photographs, at the step with the best of them."
    return "\n".join([f"# {title}", "", heading, rule, *rest, "", note, ""])


def bars(title: str, known: Mapping[str, Known]) -> bytes:
    """A bar a row for the metrics that the paper's figures show, as a PNG file."""
    from matplotlib.figure import Figure

    shown: tuple[Literal["psnr", "ssim", "mae"], ...] = ("psnr", "ssim", "mae")
    figure = Figure(figsize=(4 * len(shown), 3.5), layout="constrained")
    figure.suptitle(title)
    for place, name in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), place)
        values = [best_of(facts)[name] for facts in known.values()]
        axes.bar(range(len(values)), values)
        axes.set_xticks(range(len(values)), list(known), rotation=25, ha="right", fontsize=8)
        margin = (max(values) - min(values)) or abs(values[0])
        axes.set_ylim(min(values) - margin, max(values) + margin / 2)
        axes.set_ylabel(f"{name} {METRICS[name].unit}".strip() + ", axis cut")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120, metadata={"Software": None})
    return out.getvalue()
