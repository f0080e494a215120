"""Results and tables that are up to date are not made again, and those that are not are."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
import torch

import inpaint_bench as ib
from inpaint_bench import files
from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.api import derived, writing
from inpaint_bench.runner import sums

RUN = Path("runs/tiny")


def grey(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Paints the hole grey."""
    return image + 0.5 * mask


@pytest.fixture
def again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The same command again, which leaves what it wrote first; it returns how often it derived results."""
    monkeypatch.chdir(tmp_path)
    page, count = str(tiny.make_dataset(tmp_path, count=4, metrics=["psnr"])), 0

    def counted(*arguments: object) -> object:
        nonlocal count
        count += 1
        return derive_results(*arguments)  # type: ignore[arg-type]

    def run(**options: object) -> int:
        nonlocal count
        count = 0
        ib.run(page, {"grey": grey}, out=RUN, device="cpu", quiet=True, **options)  # type: ignore[arg-type]
        assert here() == first or not first
        return count

    first: dict[Path, bytes] = {}
    monkeypatch.setattr(writing, "derive_results", counted)
    run()
    first |= here()
    return run


def here() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (RUN / "results.jsonl", *sorted(RUN.glob("tables/*")))}


def test_the_same_command_again_derives_nothing(again: Callable[..., int]) -> None:
    assert [again(), again()] == [0, 0]
    assert again(verify=True) == 1


def edited(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"2", b"3"))


def of_other_results(sums_file: Path) -> None:
    """SHA256SUMS with another hash of the results."""
    sums_file.write_bytes(sums.to_text(sums.read_sums(RUN) | {"results.jsonl": "0" * 64}))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("results.jsonl", edited),
        ("results.jsonl", Path.unlink),
        ("tables/plain.tex", edited),
        (sums.FILE, of_other_results),
        (sums.FILE, Path.unlink),
    ],
)
def test_results_and_tables_that_are_edited_or_gone_are_made_again(
    again: Callable[..., int], name: str, change: Callable[[Path], object]
) -> None:
    change(RUN / name)
    assert [again(), again()] == [1, 0]


def test_scores_that_are_edited_are_measured_again_and_give_the_results_that_are_here(
    again: Callable[..., int],
) -> None:
    scores = (RUN / "grey" / "scores.csv").read_bytes()
    edited(RUN / "grey" / "scores.csv")
    assert again() == 0
    assert (RUN / "grey" / "scores.csv").read_bytes() == scores


def test_other_code_and_other_libraries_derive_again(
    again: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "_code", lambda: "other")
    assert [again(), again()] == [1, 0]
    monkeypatch.setattr(derived, "LIBRARIES", ("numpy",))
    assert again() == 1


def test_a_damaged_note_derives_again(again: Callable[..., int], tmp_path: Path) -> None:
    (note,) = tmp_path.rglob("derived/*.json")
    note.write_bytes(b"{}")
    assert [again(), again()] == [1, 0]


def test_the_note_of_a_run_that_nobody_repeats_is_removed_after_90_days(again: Callable[..., int]) -> None:
    (note,) = (files.cache_dir() / "derived").iterdir()
    unused = note.with_stem("a" * 32)
    unused.write_text("{}")
    for path, days in ((note, 89), (unused, 91)):
        os.utime(path, (time.time() - days * 24 * 60 * 60,) * 2)
    assert again() == 0
    assert time.time() - note.stat().st_mtime < 24 * 60 * 60  # it was used
    assert [path.name for path in note.parent.iterdir()] == [note.name]
