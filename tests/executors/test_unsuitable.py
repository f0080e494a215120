"""What a cluster cannot do is said in one sentence before work starts."""

import shutil
from pathlib import Path

import pytest
import tiny
from engines import COMMON, Engine, alone, ray_engine, run, slurm_engine
from painter import checkpoint, write_baseline
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.api.planning import units_folder

pytest_plugins = ["engine_fixtures"]
pytestmark = pytest.mark.usefixtures("nine")
OUT = Path("runs/tiny")
UNITS = units_folder(OUT)


def with_option(engine: Engine, option: str) -> Engine:
    """The engine with one option more."""
    first, text = engine.options
    return Engine((first, f"{text},{option}"), engine.lose_machine, engine.cluster)


def test_what_slurm_refuses(tmp_path: Path, terminal: Terminal) -> None:
    with slurm_engine(tmp_path / "slurm") as engine:
        for option, words in (
            ("partition=none", "--slurm: sbatch refuses: invalid partition specified: none"),
            ("gpus-per-node=1", "--slurm: sbatch refuses: Invalid generic resource (gres) specification"),
            ("foo=1", "--slurm: sbatch refuses: unrecognized option '--foo=1'"),
        ):
            terminal.run("telea", *COMMON, *with_option(engine, option).options).refuses(2, words)
            assert not UNITS.exists()


@pytest.mark.acceptance
def test_a_job_that_would_wait_for_ever(tmp_path: Path) -> None:
    with slurm_engine(tmp_path / "slurm") as engine:
        answer = run(with_option(engine, "time=120"), "telea")
        answer.refuses(3, "slurm: the probe", "gave no answer", "PartitionTimeLimit")
        assert not engine.cluster.call("squeue", "--noheader").strip()


@pytest.mark.acceptance
def test_no_gpu_where_one_is_asked_for(engine: Engine) -> None:
    answer = run(engine, "telea", "--device", "cuda")
    answer.refuses(2, "--device cuda: 0 GPUs are visible here")
    assert not OUT.joinpath("telea").exists()


@pytest.mark.acceptance
def test_ray_has_no_machine_with_so_much() -> None:
    with ray_engine() as engine:
        run(with_option(engine, "gpus=1"), "telea").refuses(
            2, "no machine of the cluster has what a unit asks for: cpus=1, gpus=1"
        )
        run(with_option(engine, "gpu=1"), "telea").refuses(2, "there is no option 'gpu'", "gpus")


def other_version() -> Path:
    """A folder with another version of this package."""
    folder = Path("elsewhere").absolute()
    shutil.copytree(files.PACKAGE, folder / "inpaint_bench", ignore=shutil.ignore_patterns("__pycache__"))
    here = folder / "inpaint_bench" / "__init__.py"
    here.write_text(here.read_text().replace('__version__ = "', '__version__ = "9.'))
    return folder


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["slurm", "ray"])
def test_another_version_on_the_machine(name: str, tmp_path: Path) -> None:
    folder = other_version()
    prolog = f"#!/bin/sh\necho export PYTHONPATH={folder}\n"
    opened = (
        slurm_engine(tmp_path / "slurm", task_prolog=prolog)
        if name == "slurm"
        else ray_engine(env_vars={"PYTHONPATH": str(folder)})
    )
    with opened as engine:
        run(engine, "telea").refuses(
            2, "inpaint-bench 9.", "is installed there, and", "Install the same on every machine"
        )


@pytest.mark.acceptance
def test_weights_that_the_machine_does_not_have(tmp_path: Path, terminal: Terminal) -> None:
    write_baseline()
    Path("painter.pth").write_bytes(checkpoint())
    terminal("weights", "add", "painter", "tiny.toml", "painter.pth", "--baselines", "mine").does()
    prolog = "#!/bin/sh\necho export INPAINT_BENCH_CACHE=/nonexistent\n"
    with slurm_engine(tmp_path / "slurm", task_prolog=prolog) as engine:
        run(engine, "painter", "--baselines", "mine").refuses(2, "painter", "weights")
    assert not OUT.joinpath("painter").exists()


@pytest.mark.acceptance
def test_slurm_needs_a_folder_that_its_machines_see(tmp_path: Path) -> None:
    with slurm_engine(tmp_path / "slurm") as engine:
        answer = run(engine, "telea", hidden=True)
        answer.refuses(3, "slurm: the probe", "gave no answer", "Do its machines see", "tiny.units")


@pytest.mark.acceptance
def test_ray_sends_files_where_machines_share_no_folder(terminal: Terminal) -> None:
    methods = f"{tiny.COUNTING},{tiny.NOISE}"
    expected = alone(terminal, methods)
    with ray_engine() as engine:
        run(engine, methods, "--units", 2, hidden=True).does("psnr")
    assert tiny.outcome(Path("seen/tiny")) == expected
    assert not Path("seen/tiny.units").exists()
