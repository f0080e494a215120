"""How a run is cut into units, and what is asked before it is sent."""

import itertools
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal import Terminal

from inpaint_bench.api.planning import LONGEST, SHORTEST, Plan, cuts, read_plan, write_plan
from inpaint_bench.api.unit import StepTimes
from inpaint_bench.data.parts import part_of
from inpaint_bench.errors import InputError
from inpaint_bench.executors import select
from inpaint_bench.executors.local import Local
from inpaint_bench.executors.select import open_executor, options_of


@given(
    shards=st.integers(1, 2000),
    cost=st.floats(0, 5000),
    others=st.floats(0, 1e6),
    slots=st.integers(1, 500),
)
def test_units_hold_every_shard_once_and_none_is_longer_than_it_should(
    shards: int, cost: float, others: float, slots: int
) -> None:
    found = list(cuts(2, shards + 1, cost, cost * shards + others, slots))
    assert [number for first, last in found for number in range(first, last + 1)] == list(range(2, shards + 2))
    assert all(last == first or (last - first + 1) * cost <= LONGEST + 1e-6 for first, last in found)
    lengths = [last - first + 1 for first, last in found]
    assert lengths[:-1] == sorted(lengths[:-1], reverse=True)


def test_a_unit_is_ten_minutes_and_the_last_ones_are_shorter() -> None:
    seconds = [(last - first + 1) * 10.0 for first, last in cuts(1, 7200, 10, 72_000, 8)]
    assert seconds[:10] == [LONGEST] * 10
    assert min(seconds[:-1]) == SHORTEST
    assert sum(seconds) == 72_000
    assert max(end_times(seconds, 8)) - 72_000 / 8 < SHORTEST


def end_times(seconds: list[float], slots: int) -> list[float]:
    """When each of so many machines ends, which take units as they come."""
    free = [0.0] * slots
    for one in seconds:
        free[free.index(min(free))] += one
    return free


@given(pairs=st.integers(1, 60), bounds=st.data())
def test_shards_in_a_row_are_those_shards(pairs: int, bounds: st.DataObject) -> None:
    of = bounds.draw(st.integers(1, pairs))
    first = bounds.draw(st.integers(1, of))
    last = bounds.draw(st.integers(first, of))
    part = part_of((first, last, of))
    numbers = set(range(first, last + 1))
    covered = {place for place in range(pairs) if place % of + 1 in numbers}
    one_by_one = {place for number in numbers for place in range(number - 1, pairs, of)}
    assert covered == one_by_one
    assert bool(part) == (covered != set(range(pairs)))


@pytest.mark.parametrize("shard", [(0, 3), (4, 3), (3, 2, 4), (1, 5, 4)])
def test_numbers_that_make_no_shard_are_refused(shard: tuple[int, int] | tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="is none"):
        part_of(shard)


def test_shards_in_a_row_on_the_command_line(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--shard", "1-3/4", "--out", "a").does("shard 1-3/4 is done")
    terminal.run("mean-fill", "--shard", "4/4", "--out", "b").does("shard 4/4 is done")
    terminal("merge", "a", "b", "--out", "both").does("mean-fill")
    terminal.run("mean-fill", "--shard", "3-1/4").refuses(2, "'3-1/4' is no shard; give K/N", "or K-L/N")


# --- what a pair costs ------------------------------------------------------------------------


def times(monkeypatch: pytest.MonkeyPatch, batch: int, steps: list[tuple[str, float, int]]) -> StepTimes:
    """What is heard of work at these moments."""
    clock = iter([0.0, *(when for _, when, _ in steps)])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    heard = StepTimes(batch)
    for what, _, count in steps:
        heard.hear(what, count)
    return heard


def test_loading_is_no_part_of_what_a_pair_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    loads_20_seconds = [("spn", 20 + 4.0 * (1 + place // 4), 1) for place in range(8)]
    scores_in_two_steps = [("spn: scores", 40.0, 4), ("spn: scores", 42.0, 4)]
    heard = times(monkeypatch, 4, loads_20_seconds + scores_in_two_steps)
    assert heard.per_pair(8) == pytest.approx(1.0 + 0.5)


def test_of_a_program_that_ends_with_all_outputs_the_whole_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = times(monkeypatch, 4, [("mine", 80 + place / 100, 1) for place in range(8)])
    assert heard.per_pair(8) == pytest.approx(10, rel=0.01)


def test_of_no_work_no_pair_has_a_cost() -> None:
    assert StepTimes(4).per_pair(8) is None


# --- which executor ---------------------------------------------------------------------------


def test_options_are_pairs_and_a_comma_may_stand_in_quotes() -> None:
    assert options_of("slurm", "partition=gpu, time=60,'exclude=n1,n2'") == {
        "partition": "gpu",
        "time": "60",
        "exclude": "n1,n2",
    }
    assert options_of("ray", "10.0.0.1:6379,gpus=1") == {"address": "10.0.0.1:6379", "gpus": "1"}
    assert options_of("slurm", "") == {}
    for text, words in (("gpu", "must be KEY=VALUE"), ("a=1,a=2", "a is given twice"), ("=1", "must be KEY=VALUE")):
        with pytest.raises(InputError, match=words):
            options_of("slurm", text)


def test_an_executor_of_a_plug_in(monkeypatch: pytest.MonkeyPatch, terminal: Terminal, page: Path) -> None:
    Path("mine.py").write_text(
        "from pathlib import Path\n"
        "from inpaint_bench.executors.local import Local\n"
        "def make(text):\n"
        "    Path('given.txt').write_text(text)\n"
        "    return Local(2, name='mine')\n"
    )
    monkeypatch.syspath_prepend(Path.cwd())
    point = EntryPoint("mine", "mine:make", select.GROUP)
    monkeypatch.setattr(select, "entry_points", lambda group: [point])
    terminal.run("mean-fill", "--executor", "mine:a=1", "--units", 1, "--metrics", "psnr").does("mean-fill")
    assert Path("given.txt").read_text() == "a=1"
    terminal.run("mean-fill", "--executor", "mime").refuses(2, "no executor is called 'mime'", "mine")


def test_an_executor_that_breaks_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("broken.py").write_text("def make(text):\n    raise RuntimeError('no')\n")
    monkeypatch.syspath_prepend(Path.cwd())
    monkeypatch.setattr(select, "entry_points", lambda group: [EntryPoint("mine", "broken:make", select.GROUP)])
    with pytest.raises(InputError, match="--executor mine: broken:make fails: RuntimeError: no"):
        open_executor("mine")


def test_what_is_not_installed_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(InputError, match=r"there is no sbatch here.*`apt-get install slurm-client`"):
        open_executor("slurm")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    for module, extra in (("submitit", "slurm"), ("ray", "ray")):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(InputError, match=rf"pip install 'inpaint-bench\[{extra}\]'"):
            open_executor(extra)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--executor", "slum"), "no executor is called 'slum'. Did you mean 'slurm'"),
        (("--executor", "local:a=1"), "its options are --processes and --gpus"),
        (("--slurm", "a=1", "--ray", "auto"), "a run has one executor"),
        (("--slurm", "a=1", "--executor", "ray"), "a run has one executor"),
        (("--executor", "slurm", "--processes", 2), "--processes and --gpus are of this machine"),
        (("--ray", "127.0.0.1:1"), "--ray 127.0.0.1:1: no cluster answers there"),
    ],
)
def test_what_makes_no_executor(arguments: tuple[object, ...], words: str, terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", *arguments).refuses(2, words)


def test_local_is_an_executor_too() -> None:
    assert open_executor("local", 3) == Local(3)
    assert open_executor("", 1) is None
    assert open_executor("", 1, 2) == Local(2, 2)
    assert [*itertools.islice(cuts(1, 3, 0.0, 0.0, 4), 2)] == [(1, 3)]


@pytest.mark.parametrize(
    "units",
    [
        {"mine": [(1, 1, 0)]},
        {"mine": [(1, 1, 3), (3, 3, 3)]},
        {"mine": [(1, 2, 3), (2, 3, 3)]},
        {"mine": [(1, 1, 2), (2, 2, 3)]},
        {"mine": [(2, 3, 3)]},
        {"../mine": [(1, 1, 1)]},
    ],
)
def test_a_plan_whose_units_do_not_hold_every_shard_once_is_refused(
    units: dict[str, list[tuple[int, int, int]]],
) -> None:
    write_plan(Path(), Plan(3, 1, "cpu", "cpu", False, units))
    with pytest.raises(InputError, match=r"plan\.json: not the plan of a run \(.*\)\. Remove"):
        read_plan(Path())


def test_what_stands_in_the_place_of_a_plan_is_not_taken_for_none() -> None:
    assert read_plan(Path()) is None
    Path("plan.json").mkdir()
    with pytest.raises(InputError, match="not the plan of a run"):
        read_plan(Path())
