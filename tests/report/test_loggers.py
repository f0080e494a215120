"""Loggers of other people, read back as each library wrote it; nothing is sent, and no failure touches a run."""

import math
import os
import socket
import struct
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import finished
import numpy as np
import pandas as pd
import pytest
import tiny
from PIL.Image import Image
from terminal import OUT, Terminal

import inpaint_bench as ib
from inpaint_bench.report import loggers

BLOCK = 1 << 15
PICTURE = "composites/00000/telea"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that leads out of this machine is an error."""
    connect = socket.socket.connect

    def refused(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost"), address
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refused)
    for name in ("WANDB_MODE", "WANDB_API_KEY", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(tmp_path: Path) -> ib.Run:
    """A small run of two methods."""
    page = tiny.make_dataset(tmp_path, count=3, metrics=["psnr"])
    finished.finished_run(page, tmp_path / OUT, ["telea", "mean-fill"])
    return ib.load_run(OUT)


def expected(run: ib.Run) -> dict[str, float]:
    """The scalars that a logger gets."""
    rows = run.results[run.results["value"].abs() < float("inf")]
    names = rows["metric"] + "/" + rows["bucket"] + "/" + rows["method"]
    return dict(zip(names, rows["value"].astype(float), strict=True))


def wandb_log(data: bytes) -> list[bytes]:
    """The entries of wandb's file: a header of 7 bytes, then pieces in blocks of 32 KiB, as LevelDB's logs are."""
    found, at = [b""], 7
    while at < len(data):
        if (left := BLOCK - at % BLOCK) < 7:
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)  # kinds: 1 whole, 2 first, 3 middle, 4 last
        found[-1] += data[at + 7 : at + 7 + size]
        found += [b""] if kind in (1, 4) else []
        at += 7 + size
    return found[:-1]


def test_tensorboard_has_the_results_the_table_and_the_composites(run: ib.Run) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run.log("tensorboard")
    board = EventAccumulator("runs/tiny.log/tensorboard")
    board.Reload()
    tags = board.Tags()
    assert {tag: board.Scalars(tag)[0].value for tag in tags["scalars"]} == pytest.approx(expected(run))
    assert len([tag for tag in tags["images"] if tag.startswith("composites/")]) == 6
    assert {"results/text_summary", "facts/text_summary"} <= {*tags["tensors"]}


def test_mlflow_has_the_results_the_table_and_the_composites(run: ib.Run) -> None:
    from mlflow import MlflowClient

    run.log("mlflow")
    client = MlflowClient(tracking_uri=Path("runs/tiny.log/mlflow").absolute().as_uri())
    experiment = client.get_experiment_by_name(loggers.PROJECT)
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_name, found.info.status) == ("tiny", "FINISHED")
    assert found.data.metrics == pytest.approx(expected(run))
    assert (found.data.params["dataset"], found.data.params["fingerprint"]) == ("tiny", run.fingerprint)
    artifacts = Path(found.info.artifact_uri.removeprefix("file://"))
    assert (artifacts / "results.csv").read_text() == run.results.to_csv(index=False, lineterminator="\n")
    assert (tiny.read(artifacts / f"{PICTURE}.png") == run.image("telea", "00000")).all()


def test_wandb_writes_an_offline_run_and_nothing_of_the_machine(run: ib.Run) -> None:
    from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]
    from wandb.proto.wandb_internal_pb2 import DESCRIPTOR

    kinds = DESCRIPTOR.message_types_by_name.values()
    (kind,) = [one for one in kinds if {"run", "history", "environment"} <= set(one.fields_by_name)]
    run.log("wandb")
    (path,) = Path("runs/tiny.log/wandb").rglob("run-*.wandb")
    config: dict[str, str] = {}
    history: dict[str, str] = {}
    for data in wandb_log(path.read_bytes()):
        entry = GetMessageClass(kind)()
        entry.ParseFromString(data)
        assert not entry.HasField("environment") or not entry.environment.args
        config |= {item.key: item.value_json for item in entry.run.config.update}
        history |= {item.key or "/".join(item.nested_key): item.value_json for item in entry.history.item}
    assert (config["dataset"], config["fingerprint"]) == ('"tiny"', f'"{run.fingerprint}"')
    values = {name: float(history[name]) for name in expected(run)}
    assert values == pytest.approx(expected(run))
    assert history["results/_type"] == '"table-file"'
    assert history[f"{PICTURE}/_type"] == '"image-file"'
    assert len(list(path.parent.rglob("*.png"))) == 6


class Trackio(ModuleType):
    """A stand-in for trackio, which wants an older Pillow than ours: its documented functions, and what they got."""

    class Table:
        def __init__(self, dataframe: pd.DataFrame) -> None:
            self.frame = dataframe

    class Image:
        def __init__(self, value: Image, caption: str | None = None) -> None:
            self.pixels, self.caption = np.asarray(value), caption

    def __init__(self) -> None:
        super().__init__("trackio")
        self.__spec__ = ModuleSpec("trackio", None, origin="stand-in")
        self.begun: list[dict[str, Any]] = []
        self.logged: list[tuple[dict[str, Any], int | None]] = []
        self.finished = 0

    def init(
        self, project: str, name: str | None = None, space_id: str | None = None, config: dict[str, Any] | None = None,
        private: bool | None = None, embed: bool = True, auto_log_gpu: bool | None = None,
        auto_log_cpu: bool | None = None,
    ) -> None:  # fmt: skip
        print("* Trackio project initialized")
        space_id = space_id or os.environ.get("TRACKIO_SPACE_ID") or os.environ.get("TRACKIO_SERVER_URL")
        self.begun.append(
            {"project": project, "name": name, "space_id": space_id, "config": config, "private": private}
        )
        assert (embed, auto_log_gpu, auto_log_cpu) == (False, False, False)

    def log(self, metrics: dict[str, Any], step: int | None = None) -> None:
        self.logged.append((metrics, step))

    def finish(self) -> None:
        print("* Run finished.")
        self.finished += 1


@pytest.fixture
def trackio(monkeypatch: pytest.MonkeyPatch) -> Trackio:
    module = Trackio()
    monkeypatch.setitem(sys.modules, "trackio", module)
    monkeypatch.setenv("TRACKIO_DIR", "of the test")
    monkeypatch.delenv("TRACKIO_DIR")  # and what is set meanwhile is forgotten
    return module


def test_trackio_is_given_the_results_the_table_and_the_composites(
    run: ib.Run, trackio: Trackio, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKIO_SPACE_ID", "lab/space")
    monkeypatch.setenv("TRACKIO_SERVER_URL", "http://127.0.0.1")
    run.log("trackio")
    (begun,) = trackio.begun
    assert (begun["project"], begun["name"], begun["space_id"]) == (loggers.PROJECT, "tiny", None)
    assert (begun["config"]["dataset"], begun["config"]["fingerprint"]) == ("tiny", run.fingerprint)
    (scalars, step), (table, _), *pictures = trackio.logged
    assert scalars == pytest.approx(expected(run))
    assert step == 0
    frame = table["results"].frame
    assert frame.to_csv(index=False) == run.results.to_csv(index=False)
    assert not [value for value in frame.to_numpy().flat if isinstance(value, float) and math.isnan(value)]
    found = {name: one for picture, _ in pictures for name, one in picture.items()}
    assert sorted(found) == [
        f"composites/{pair:05d}/{method}" for pair in range(3) for method in ("mean-fill", "telea")
    ]
    assert (found[PICTURE].pixels == run.image("telea", "00000")).all()
    assert (found[PICTURE].caption, trackio.finished) == (PICTURE, 1)
    assert capsys.readouterr().out == ""
    assert (os.environ["TRACKIO_SPACE_ID"], os.environ["TRACKIO_DIR"]) == (
        "lab/space", str(Path("runs/tiny.log/trackio").absolute())
    )  # fmt: skip


def test_trackio_sends_to_a_private_space_where_one_is_named(run: ib.Run, trackio: Trackio) -> None:
    run.log("trackio:lab/space")
    (begun,) = trackio.begun
    assert (begun["space_id"], begun["private"], trackio.finished) == ("lab/space", True, 1)


def test_trackio_is_finished_where_logging_fails(
    run: ib.Run, trackio: Trackio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackio, "Table", lambda dataframe: 1 / 0)
    with pytest.raises(ib.IncompleteError, match=r"trackio: logging runs/tiny failed: .*division by zero"):
        run.log("trackio")
    assert trackio.finished == 1


def test_nothing_of_a_logger_lies_in_the_run_folder(run: ib.Run) -> None:
    before = sorted(path.name for path in run.path.rglob("*"))
    run.log(["tensorboard", "mlflow"])
    assert sorted(path.name for path in run.path.rglob("*")) == before
    assert sorted(path.name for path in Path("runs/tiny.log").iterdir()) == ["mlflow", "tensorboard"]


def test_the_command_line_logs_and_says_where(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=2, metrics=["psnr"])
    answer = terminal.run("telea", "--out", OUT, "--log", "tensorboard")
    answer.does("telea")
    assert "runs/tiny: logged with tensorboard, in runs/tiny.log/tensorboard, not sent." in answer.err
    assert "logged with mlflow" in terminal("score", OUT, "--data", "data", "--log", "mlflow").err


def test_run_of_the_api_logs_what_the_run_does(tmp_path: Path, trackio: Trackio) -> None:
    page = tiny.make_dataset(tmp_path, count=2, metrics=["psnr"])
    run = ib.run(str(page), "telea", device="cpu", out=OUT, quiet=True, log=["trackio", "tensorboard"])
    assert trackio.logged[0][0] == pytest.approx(expected(run))
    assert list(Path("runs/tiny.log/tensorboard").glob("events.*"))
    again: Any = {"methods": "telea", "device": "cpu", "out": OUT, "quiet": True}
    with pytest.raises(ib.InputError, match="a shard has no results"):
        ib.run(str(page), **again, shard=(1, 2), log="trackio")
    Path("runs/tiny.log/mlflow").write_text("in the way")
    with pytest.raises(ib.IncompleteError, match="mlflow: logging runs/tiny failed"):
        ib.run(str(page), **again, log="mlflow")
    assert not ib.load_run(OUT).results.empty


def test_a_logger_that_fails_costs_no_result(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.make_dataset(tmp_path, count=2, metrics=["psnr"])
    Path("runs").mkdir()
    Path("runs/tiny.log").write_text("in the way")
    answer = terminal.run("telea", "--out", OUT, "--log", "mlflow,tensorboard")
    answer.refuses(3, "mlflow: logging runs/tiny failed: ", "tensorboard: logging runs/tiny failed: ")
    assert "psnr ↑" in answer.out
    assert not ib.load_run(OUT).results.empty
    Path("runs/tiny.log").unlink()
    terminal.run("telea", "--out", OUT, "--log", "mlflow,tensorboard").does()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("wanbd", "no logger is called 'wanbd'. Did you mean 'wandb'?"),
        ("wandb:on", "'wandb:on' names no mode of wandb: after the colon stands online"),
        ("mlflow:", "'mlflow:' names no mode of mlflow: after the colon stands the address"),
        ("tensorboard:x", "'tensorboard:x' names no mode of tensorboard: tensorboard has no modes"),
    ],
)
def test_what_is_no_logger_is_refused_before_the_run(terminal: Terminal, entry: str, reason: str) -> None:
    terminal("run", "--methods", "telea", "--log", entry).refuses(2, reason)
    answer = terminal("run", "--dataset", "paris", "--methods", "rfr", "--fetch", "--log", entry)
    answer.refuses(2, reason)
    assert "licence" not in answer.err  # nobody accepts one for a run that cannot be
    assert not Path("runs").exists()


def test_a_missing_library_is_one_sentence(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loggers.EXTRA, "not_installed", "log")
    terminal("run", "--log", "not_installed").refuses(
        2, "logging with not_installed needs its package, which is not installed here. Install it with: pip install "
        "'inpaint-bench[log]'"
    )  # fmt: skip


def test_what_has_no_results_is_not_logged(terminal: Terminal) -> None:
    terminal("run", "--shard", "1/2", "--log", "mlflow").refuses(2, "--log mlflow: a shard has no results.")
    terminal("score", "--targets", "a", "--masks", "b", "--predictions", "c", "--log", "mlflow").refuses(
        2, "--log goes with a RUN"
    )
