"""Table 6 from times: what is in a column, what never shares one, and the notes."""

import dataclasses
from pathlib import Path

import msgspec
import pytest
from invented import costs_of, heads, texts, timing

from inpaint_bench.errors import InputError
from inpaint_bench.tables.table import Table, TableOptions
from inpaint_bench.timing import Cost, Memory, Series, Setting
from inpaint_bench.timing.costs import significant
from inpaint_bench.weights import SYNTHETIC

OPTIONS = TableOptions("table6")


def rows(table: Table) -> dict[str, list[str]]:
    """The cells of every row, by its name."""
    return dict(zip(table.heads("row")["name"], texts(table), strict=True))


def test_a_row_has_what_was_counted_and_timed(tmp_path: Path) -> None:
    table = costs_of(tmp_path, [timing("spn", 0.0213)], OPTIONS)
    titles = ["parameters (million)", "FLOPs (10^9)", "time (s)", "end to end (s)", "memory (MiB)"]
    assert heads(table) == titles
    assert rows(table) == {"spn": ["49.6", "123", "0.0213", "0.0426", "300"]}
    assert table.title == "costs, 1 of 256x256 per call, a chip, threads 1"


def test_times_and_operations_are_those_of_one_image(tmp_path: Path) -> None:
    table = costs_of(tmp_path, [timing("spn", 0.4, setting=Setting("cpu", batch=4))], OPTIONS)
    assert rows(table) == {"spn": ["49.6", "30.9", "0.100", "0.200", "300"]}


def test_what_a_method_does_not_have_is_a_dash(tmp_path: Path) -> None:
    classical = timing("telea", network=None, cost=Cost(None, None, {}), memory=Memory(None, "unknown"))
    assert rows(costs_of(tmp_path, [classical, timing("spn")], OPTIONS))["telea"] == ["-", "-", "-", "0.0400", "-"]


def test_the_cost_of_several_samples_is_a_column_of_its_own(tmp_path: Path) -> None:
    five = Series((0.09,), (0.09,), "wall", 2, True)
    table = costs_of(tmp_path, [timing("pic", samples=5, network_of_samples=five), timing("spn")], OPTIONS)
    assert heads(table)[3] == "time of 5 samples (s)"
    assert [cells[3] for cells in rows(table).values()] == ["0.0900", "-"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.021349, "0.0213"), (0.00012345, "0.000123"), (21.349, "21.3"), (1234.5, "1234"), (0.0, "0"), (99.96, "100")],
)
def test_a_number_has_three_digits_or_all_before_its_point(value: float, text: str) -> None:
    assert significant(value) == text


def test_other_settings_and_machines_have_columns_of_their_own(tmp_path: Path) -> None:
    other = timing("rfr", machine={"GPU": "another chip"})
    table = costs_of(tmp_path, [timing("spn"), other, timing("rn", setting=Setting("cpu", size=512))], OPTIONS)
    assert tuple(table.heads("column")["group"].unique()) == (
        "1 of 256x256 per call, a chip, threads 1",
        "1 of 256x256 per call, another chip",
        "1 of 512x512 per call, a chip, threads 1",
    )
    synthetic = [[cell != "-" for cell in cells] for cells in rows(table).values()]
    assert synthetic == [[True] * 5 + [False] * 10, [False] * 5 + [True] * 5 + [False] * 5, [False] * 10 + [True] * 5]


def test_two_times_of_one_method_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two folders hold times of spn on one machine"):
        costs_of(tmp_path, [timing("spn"), timing("spn", 0.03)], OPTIONS)


def test_methods_stand_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    table = costs_of(tmp_path, [timing("a"), timing("b")], TableOptions("table6", methods=("b", "a")))
    assert list(rows(table)) == ["b", "a"]


def test_what_the_reader_must_know_is_said(tmp_path: Path) -> None:
    synthetic = timing(
        "spn", cost=Cost(1, 1, {"erf": 3, "cosine": 2}), unstable=("Others took 12% of the processors.",)
    )
    synthetic = msgspec.structs.replace(
        synthetic, made_by=msgspec.structs.replace(synthetic.made_by, weights=SYNTHETIC)
    )
    notes = costs_of(tmp_path, [synthetic, timing("rn")], OPTIONS).notes
    assert "Timed with synthetic weights, whose values do not affect the time: spn." in notes
    assert "spn: FLOPs do not count cosine, erf." in notes
    assert "Not steady (spn): Others took 12% of the processors." in notes
    assert any(note.startswith("FLOPs: ") and "counted as 2" in note for note in notes)
    assert "memory: peak." in notes


def test_reported_costs_stand_below_measured_ones_in_their_units(tmp_path: Path) -> None:
    options = dataclasses.replace(OPTIONS, methods=("spn", "rfr"))
    table = costs_of(tmp_path, [timing("spn", 0.0213)], options, "SPN 2023")
    assert rows(table) == {
        "spn": ["49.6", "123", "0.0213", "0.0426", "300"],
        "spn (reported)": ["50", "-", "0.05", "-", "-"],
        "rfr (reported)": ["30", "-", "0.02", "-", "-"],
    }
    assert "one image of 256x256 on a GTX 3090" in str(table)
