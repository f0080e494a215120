"""Loggers of other people: Weights & Biases, trackio, MLflow and TensorBoard behind four functions.

Without a MODE all write to a folder of this machine, and nothing is sent to a network. Each library is imported when
its logger is opened.
"""

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inpaint_bench.errors import InputError, refuse_unknown

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

PROJECT = "inpaint-bench"
EXTRA = {"wandb": "log", "mlflow": "log", "tensorboard": "log", "trackio": "trackio"}  # which installs a logger
MODES = {  # what may stand after a logger's name and a colon
    "wandb": "online, which sends to the account that `wandb login` has set up",
    "mlflow": "the address of a tracking server or database, as http://localhost:5000",
    "trackio": "the space on the Hugging Face hub to send to, as USER/SPACE",
    "tensorboard": "",
}
Facts = Mapping[str, str | int | float]


class Logger(Protocol):
    """What is logged of a run or a training. Names of scalars have parts with a '/' between them."""

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Finite numbers by name at a step."""

    def table(self, name: str, frame: "pd.DataFrame") -> None:
        """A table by name."""

    def picture(self, name: str, image: "Image") -> None:
        """A picture by name."""

    def close(self) -> None:
        """Write out what is still buffered."""


def parsed(entry: str) -> tuple[str, str]:
    """The logger and the mode of an entry, NAME or NAME:MODE.

    Raises InputError for an unknown logger, a mode that it does not have, and where its library is not installed.
    """
    name, colon, mode = entry.partition(":")
    refuse_unknown("logger is", [name], EXTRA)
    if colon and (not mode or not MODES[name] or (name == "wandb" and mode != "online")):
        allowed = f"after the colon stands {MODES[name]}" if MODES[name] else f"{name} has no modes"
        raise InputError(f"'{entry}' names no mode of {name}: {allowed}.")
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:  # a folder of that name, as wandb makes one, is no package
        raise InputError(
            f"logging with {name} needs its package, which is not installed here. "
            f"Install it with: pip install 'inpaint-bench[{EXTRA[name]}]'"
        )
    return name, mode


def where(entry: str, folder: Path) -> str:
    """Where a logger writes, in words: a folder here, or what the user chose."""
    name, mode = parsed(entry)
    if mode:
        return f"sent to {mode if mode != 'online' else 'the account of wandb'}"
    chosen = os.environ.get("TRACKIO_DIR") if name == "trackio" else None  # which a process cannot change
    return f"in {chosen or folder / name}, not sent"


def open_logger(entry: str, folder: Path, title: str, facts: Facts) -> Logger:
    """The logger of an entry. `folder` is where those write that send nothing; `title` names the run there.

    Raises InputError as `parsed` does, and whatever the library raises.
    """
    name, mode = parsed(entry)
    own = (folder / name).absolute()
    own.mkdir(parents=True, exist_ok=True)
    return _OPEN[name](own, mode, title, facts)


class _Tracked:
    """wandb, and trackio, whose functions have the same names."""

    def __init__(self, library: Any, log: Any) -> None:
        self.library, self.log = library, log

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.log(dict(values), step=step)

    def table(self, name: str, frame: "pd.DataFrame") -> None:
        self.log({name: self.library.Table(dataframe=frame.astype(object).where(frame.notna(), None))})

    def picture(self, name: str, image: "Image") -> None:
        self.log({name: self.library.Image(image, caption=name)})

    def close(self) -> None:
        self.library.finish()


class _Wandb(_Tracked):
    """wandb, whose helper process ends with its logger: at the exit of Python it may be gone, which wandb reports."""

    def close(self) -> None:
        self.library.finish()
        self.library.teardown()


def _wandb(folder: Path, mode: str, title: str, facts: Facts) -> Logger:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # the library reports its own crashes to its makers
    import wandb

    settings = wandb.Settings(  # nothing of this machine, its environment or the command is noted
        console="off", disable_git=True, disable_code=True, silent=True, x_disable_meta=True, x_disable_stats=True
    )
    chosen: Any = mode or "offline"
    run = wandb.init(project=PROJECT, name=title, dir=str(folder), mode=chosen, config=dict(facts), settings=settings)
    return _Wandb(wandb, run.log)


class _Trackio(_Tracked):
    """trackio, which prints on stdout, where results belong."""

    def close(self) -> None:
        with contextlib.redirect_stdout(sys.stderr):
            self.library.finish()


def _trackio(folder: Path, mode: str, title: str, facts: Facts) -> Logger:
    os.environ.setdefault("TRACKIO_DIR", str(folder))  # read when the library is imported
    with contextlib.redirect_stdout(sys.stderr), _without("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        import trackio

        trackio.init(
            project=PROJECT, name=title, config=dict(facts), space_id=mode or None, private=True, embed=False,
            auto_log_gpu=False, auto_log_cpu=False,
        )  # fmt: skip
    return _Trackio(trackio, trackio.log)


@contextlib.contextmanager
def _without(*names: str) -> Iterator[None]:
    """Meanwhile the environment lacks variables that would send a run somewhere."""
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


class _MLflow:
    """A run of MLflow's client, which has no state in this process."""

    def __init__(self, client: Any, run: str) -> None:
        self.client, self.run = client, run

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.client.log_metric(self.run, name.replace(":", "_"), value, step=step)

    def table(self, name: str, frame: "pd.DataFrame") -> None:
        self.client.log_text(self.run, frame.to_csv(index=False, lineterminator="\n"), f"{name}.csv")

    def picture(self, name: str, image: "Image") -> None:
        self.client.log_image(self.run, image, f"{name}.png")

    def close(self) -> None:
        self.client.set_terminated(self.run)


def _mlflow(folder: Path, mode: str, title: str, facts: Facts) -> Logger:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when the library is imported
    if not mode:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # a folder needs no database
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=mode or folder.as_uri())
    found = client.get_experiment_by_name(PROJECT)
    experiment = found.experiment_id if found else client.create_experiment(PROJECT)
    run = client.create_run(experiment, run_name=title).info.run_id
    for name, fact in facts.items():
        client.log_param(run, name.replace(":", "_"), fact)
    return _MLflow(client, run)


class _TensorBoard:
    """Event files; a table is text in Markdown."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def table(self, name: str, frame: "pd.DataFrame") -> None:
        self.writer.add_text(name, frame.to_markdown(index=False))

    def picture(self, name: str, image: "Image") -> None:
        import numpy as np

        self.writer.add_image(name, np.asarray(image), dataformats="HWC")

    def close(self) -> None:
        self.writer.close()


def _tensorboard(folder: Path, mode: str, title: str, facts: Facts) -> Logger:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))
    if facts:
        writer.add_text("facts", "\n".join(f"- {name}: {fact}" for name, fact in facts.items()))
    return _TensorBoard(writer)


_OPEN = {"wandb": _wandb, "trackio": _trackio, "mlflow": _mlflow, "tensorboard": _tensorboard}
