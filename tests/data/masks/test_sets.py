"""Mask files: what counts as hole, and NVIDIA's set, whose polarity and order are checked."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench.data import images
from inpaint_bench.data.images import Values
from inpaint_bench.data.masks import sets
from inpaint_bench.data.masks.sets import (
    binarise,
    check_nvidia,
    check_polarity,
    list_masks,
    list_nvidia,
    nvidia_interval,
    read_hole,
)
from inpaint_bench.data.protocols import HOLE_RULES
from inpaint_bench.errors import InputError


def grey(*values: int) -> Values:
    return np.array([values], dtype=np.uint8)


def white(permille: int, size: int = 100) -> Values:
    """A mask whose first so many thousandths are white."""
    values = np.zeros(size * size, dtype=np.uint8)
    values[: permille * size * size // 1000] = 255
    return values.reshape(size, size)


def save(path: Path, values: Values) -> Path:
    path.write_bytes(images.png_bytes(values))
    return path


NAMES = [f"{index:05d}.png" for index in range(12000)]


def nvidia_folder(folder: Path, indices: range, inverted: range = range(0)) -> Path:
    """A part of the set, some of it inverted, linked to one small file an interval."""
    files, linked = folder / "files", folder / "set"
    files.mkdir()
    linked.mkdir()
    plain = [save(files / f"{k}.png", white(100 * k + 55)) for k in range(6)]
    other = [save(files / f"{k}-inverted.png", 255 - white(100 * k + 55)) for k in range(6)]
    for index in indices:
        source = other if index in inverted else plain
        (linked / NAMES[index]).symlink_to(source[index // 2000])
    return linked


@pytest.mark.parametrize(
    ("rule", "hole"),
    [("> 0", [False, True, True, True, True]), ("> 127", [False, False, False, True, True])],
)
def test_values_above_the_threshold_are_hole(rule: str, hole: list[bool]) -> None:
    assert binarise(grey(0, 1, 127, 128, 255), rule, "a.png").tolist() == [hole]


def test_the_rule_255_takes_two_values() -> None:
    assert binarise(grey(0, 255, 0), "255", "a.png").tolist() == [[False, True, False]]
    assert binarise(grey(0, 0), "255", "a.png").tolist() == [[False, False]]


@pytest.mark.parametrize("value", [1, 128, 254])
def test_the_rule_255_refuses_any_other_value(value: int) -> None:
    with pytest.raises(InputError) as error:
        binarise(grey(0, 255, value), "255", "masks/a.png")
    assert str(error.value) == (
        f"masks/a.png: contains the value {value}; the rule '255' allows only 0 and 255. "
        "JPEG and smooth edges leave such values. Say from where they are hole: --mask-threshold 127 for a mask or "
        'folder of your own, hole = "> 127" in a protocol page; or save the mask with two values.'
    )


def test_two_values_are_0_and_any_other() -> None:
    for white in (1, 128, 255):
        assert binarise(grey(0, white, 0), "two values", "a.png").tolist() == [[False, True, False]]
    assert binarise(grey(0, 0), "two values", "a.png").tolist() == [[False, False]]


@given(st.lists(st.integers(0, 255), min_size=1))
def test_two_values_are_either_those_of_above_0_or_refused(values: list[int]) -> None:
    if len({0, *values}) <= 2:
        assert (binarise(grey(*values), "two values", "a.png") == binarise(grey(*values), "> 0", "a.png")).all()
    else:
        with pytest.raises(
            InputError, match=r"^a\.png: contains the value \d+; the rule 'two values' allows only 0 and"
        ):
            binarise(grey(*values), "two values", "a.png")


@given(st.lists(st.integers(0, 255), min_size=1), st.integers(0, 254))
def test_every_threshold_is_a_rule(values: list[int], threshold: int) -> None:
    assert (binarise(grey(*values), f"> {threshold}", "a.png") == (grey(*values) > threshold)).all()


@pytest.mark.parametrize("rule", ["> 255", "> -1", "> 1000", "> ٣", "> 0\n"])
def test_a_threshold_outside_8_bits_is_no_rule(rule: str) -> None:
    with pytest.raises(InputError, match="no rule for holes is called"):
        binarise(grey(0), rule, "a.png")


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InputError) as error:
        binarise(grey(0), ">0", "masks/a.png")
    assert str(error.value) == (
        "masks/a.png: no rule for holes is called '>0'. Did you mean '> 0'? Known: 255, > 0, > 127, two values."
    )


def test_a_hole_is_read_at_its_own_size(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", white(250))
    assert (read_hole(path, None, "255") == (white(250) > 0)).all()


def test_a_hole_is_resized_by_nearest_and_then_binarised(tmp_path: Path) -> None:
    values = np.zeros((4, 4), dtype=np.uint8)
    values[0, 0] = 255  # the top left of its four pixels stays
    values[3, 3] = 7  # the bottom right does not, and with it goes the value that '255' would refuse
    path = save(tmp_path / "a.png", values)
    assert read_hole(path, 2, "255").tolist() == [[True, False], [False, False]]
    with pytest.raises(InputError, match=r"a\.png: contains the value 7"):
        read_hole(path, None, "255")


def test_an_empty_hole_is_read_as_such(tmp_path: Path) -> None:
    assert not read_hole(save(tmp_path / "a.png", white(0)), 16, "> 0").any()


def test_masks_are_listed_sorted(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", ".hidden"):
        save(tmp_path / name, white(0, 4))
    assert list_masks(tmp_path) == ["a.png", "b.png"]


def test_intervals_are_the_published_ones() -> None:
    ends = [nvidia_interval(index) for index in (0, 1999, 2000, 5999, 6000, 8000, 10000, 11999)]
    assert ends == [(1, 10), (1, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 60), (50, 60)]


@pytest.mark.parametrize("index", [-1, 12000])
def test_an_index_outside_the_set_is_refused(index: int) -> None:
    with pytest.raises(InputError) as error:
        nvidia_interval(index)
    assert str(error.value) == (f"NVIDIA's irregular test set has no mask of index {index}. Allowed: 0 to 11999.")


@pytest.mark.parametrize(
    ("index", "permille"),
    [(0, 1), (0, 110), (2000, 91), (2000, 150), (2000, 210), (11999, 491), (11999, 610)],
)
def test_a_ratio_within_a_point_of_the_interval_belongs(index: int, permille: int) -> None:
    check_nvidia(white(permille), index, "a.png")


@pytest.mark.parametrize(
    ("index", "permille", "ratio", "allowed"),
    [
        (0, 0, "0.00", "1 to 10"),
        (0, 111, "11.10", "1 to 10"),
        (2000, 90, "9.00", "10 to 20"),
        (5999, 500, "50.00", "20 to 30"),
        (11999, 611, "61.10", "50 to 60"),
    ],
)
def test_a_ratio_of_another_interval_is_refused(index: int, permille: int, ratio: str, allowed: str) -> None:
    with pytest.raises(InputError) as error:
        check_nvidia(white(permille), index, "set/a.png")
    assert str(error.value) == (
        f"set/a.png: a mask ratio of {ratio} % does not belong to index {index} of NVIDIA's irregular test "
        f"set. Allowed: {allowed} %. Unpack the set again, with its original names."
    )


@pytest.mark.parametrize("index", [0, 2000, 4000, 6000])
def test_an_inverted_file_is_called_inverted(index: int) -> None:
    permille = 1000 - (100 * (index // 2000) + 55)
    with pytest.raises(InputError) as error:
        check_nvidia(white(permille), index, "set/a.png")
    assert str(error.value) == (
        f"set/a.png: this mask seems inverted (1 = known): the black share, {100 - permille // 10 - 1}.50 %, "
        f"fits index {index}, and the white share does not. White must be the hole: invert the set before use."
    )


def test_a_sound_set_passes_its_checks(tmp_path: Path) -> None:
    folder = nvidia_folder(tmp_path, range(0, 12000, 500))
    check_polarity(folder, NAMES)
    for index in range(0, 12000, 500):
        check_nvidia(images.read_values(folder / NAMES[index]), index, NAMES[index])


def test_the_whole_set_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "list_images", lambda folder: NAMES)  # 12,000 files take seconds to write
    assert list_nvidia(tmp_path) == NAMES


@pytest.mark.parametrize("count", [1, 11999, 12001])
def test_a_set_of_another_count_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(images, "list_images", lambda folder: [*NAMES, "more.png"][:count])
    with pytest.raises(InputError) as error:
        list_nvidia(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: {count} masks; NVIDIA's irregular test set has 12000. "
        "Unpack the whole set into a separate folder."
    )


def test_the_names_of_the_set_are_those_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "NVIDIA_COUNT", 3)
    assert list_nvidia(nvidia_folder(tmp_path, range(0, 12000, 4000))) == [
        "00000.png",
        "04000.png",
        "08000.png",
    ]


def test_an_inverted_set_is_refused(tmp_path: Path) -> None:
    folder = nvidia_folder(tmp_path, range(0, 6000, 500), inverted=range(12000))
    with pytest.raises(InputError) as error:
        check_polarity(folder, NAMES)
    assert str(error.value) == (
        f"{folder}: this copy of NVIDIA's irregular test set seems inverted (1 = known): masks with small "
        "holes are mostly white. White must be the hole: invert the set before use."
    )


def test_a_set_inverted_in_part_is_refused(tmp_path: Path) -> None:
    folder = nvidia_folder(tmp_path, range(0, 6000, 500), inverted=range(900, 2600))
    with pytest.raises(InputError) as error:
        check_polarity(folder, NAMES)
    assert str(error.value) == (
        f"{folder}: 4 of the 12 checked masks are mostly white and should not be: 01000.png, 01500.png, "
        "02000.png and 1 more. Files are inverted or out of order; unpack the set again, with its original names."
    )


def test_every_rule_is_known_by_name() -> None:
    for rule in HOLE_RULES:
        assert binarise(grey(0, 255), rule, "a.png").tolist() == [[False, True]]
