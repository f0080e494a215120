"""What disturbed a measurement is reported in sentences; a quiet machine gives none."""

import pytest
import torch

from inpaint_bench.timing import Series
from inpaint_bench.timing.machine import Moment, clocks, disturbances, facts, now, unsteady

QUIET = Moment(0.0, 0.0, 0.0, 0.0, 3000.0)


def series(*seconds: float, steady: bool = True) -> Series:
    return Series(seconds, seconds, "wall", 4, steady)


def test_a_quiet_machine_gives_no_sentences() -> None:
    assert disturbances(QUIET, Moment(10.0, 19.0, 19.5, 0.0, 2950.0), 2) == []
    assert unsteady("network", series(*[1.0] * 20)) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (Moment(10.0, 10.0, 14.0, 0.0, 3000.0), "Other processes used 20% of the usable cores"),
        (Moment(10.0, 10.0, 10.0, 2.5, 3000.0), "A CPU quota stopped the process for 2.5 of 10 seconds"),
        (Moment(10.0, 10.0, 10.0, 0.0, 2400.0), "clock fell from 3000 to 2400 MHz"),
        (Moment(10.0, 10.0, 10.0, 0.0, 3000.0, "sw_thermal_slowdown"), "GPU ran below its clock (sw_thermal_slowdown)"),
    ],
)
def test_a_disturbance_gives_a_sentence(after: Moment, words: str) -> None:
    (message,) = disturbances(QUIET, after, 2)
    assert words in message


def test_counters_that_the_system_does_not_report_give_no_sentences() -> None:
    assert disturbances(Moment(0.0, 0.0, None, None, None), Moment(9.0, 1.0, None, None, None), 1) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (series(*[1.0] * 9, steady=False), "not steady after 4 warm-up calls"),
        (series(*[1.0, 1.0, 1.0, 2.0] * 3), "a tenth of the calls took 2 s or more; the median is 1 s."),
        (series(*[1.0] * 10, *[1.15] * 10), "slowed down, from 1 s (first third) to 1.15 s (last)"),
        (series(*[1.15] * 10, *[1.0] * 10), "sped up, from 1.15 s (first third) to 1 s (last)"),
    ],
)
def test_an_unstable_series_gives_a_sentence(found: Series, words: str) -> None:
    (message,) = unsteady("network", found)
    assert message.startswith("network: ")
    assert words in message


def test_the_facts_of_this_machine_are_complete() -> None:
    found = facts(torch.device("cpu"))
    assert found["threads"] == str(torch.get_num_threads())
    assert all(found.values())
    assert list(clocks(torch.device("cpu"), "after")) == ["clock after"]
    assert now(torch.device("cpu")).wall <= now(torch.device("cpu")).wall
