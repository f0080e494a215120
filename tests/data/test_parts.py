"""Which shard a process is, as the variables of an engine say it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import Terminal

from inpaint_bench.data.parts import shard_of
from inpaint_bench.errors import InputError


@pytest.mark.parametrize(
    ("environment", "shard"),
    [
        ({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "0"}, (4, 8)),
        ({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"}, (3, 8)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "14",
                "SLURM_ARRAY_TASK_COUNT": "5",
                "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_STEP": "2",
            },
            (3, 5),
        ),
        ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4"}, (1, 4)),
        ({"RANK": "3", "WORLD_SIZE": "4"}, (4, 4)),
        ({"PBS_ARRAY_INDEX": "2", "PBS_ARRAY_COUNT": "4"}, (2, 4)),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, (2, 2)),
        ({"INPAINT_BENCH_SHARD_INDEX": "1", "INPAINT_BENCH_SHARD_COUNT": "2", "RANK": "1", "WORLD_SIZE": "2"}, (1, 2)),
        ({"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, (1, 2)),
    ],
)
def test_the_variables_of_engines(environment: dict[str, str], shard: tuple[int, int]) -> None:
    assert shard_of(environment) == shard


@settings(max_examples=50, database=None)
@given(st.integers(0, 50), st.integers(1, 9), st.integers(1, 30))
def test_every_task_of_a_slurm_array_is_another_shard(first: int, step: int, count: int) -> None:
    common = {
        "SLURM_ARRAY_TASK_COUNT": str(count), "SLURM_ARRAY_TASK_MIN": str(first), "SLURM_ARRAY_TASK_STEP": str(step),
    }  # fmt: skip
    found = [shard_of({**common, "SLURM_ARRAY_TASK_ID": str(first + step * task)}) for task in range(count)]
    assert found == [(number, count) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "environment",
    [
        {"RANK": "1"},
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "x", "WORLD_SIZE": "2"},
        {"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "1"},
        {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "9", "SLURM_ARRAY_TASK_STEP": "0"},
    ],
)
def test_variables_that_make_no_shard_are_named(environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"^(RANK|SLURM_ARRAY_TASK_ID)=.* make no shard\. Give K/N\.$"):
        shard_of(environment)


def test_a_run_finds_its_shard(page: object, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INPAINT_BENCH_SHARD_INDEX", "SLURM_ARRAY_TASK_ID", "OMPI_COMM_WORLD_RANK", "RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    terminal.run("telea", "--shard", "auto").refuses(2, "no variable says which shard this is", "Give K/N, as in 2/8")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    terminal.predict("telea", "--shard", "auto").does("runs/tiny.2of2")
