"""Shards: any partition, merged in any order, is the whole run byte for byte; anything less is refused."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from selection import quick

from inpaint_bench.cli import run_cli

METHODS = f"{tiny.COUNTING},{tiny.NOISE},mean-fill"
PAIRS = 7
PACES = (("--batch", "1", "--jobs", "1"), ("--batch", "3", "--jobs", "4"), ())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of the whole, and the shards of its partitions into two and into three."""
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        page = tiny.make_dataset(folder / "dataset", count=PAIRS)
        assert tiny.run(page, folder / "whole", methods=METHODS) == 0
        for of in (2, 3):
            shards(folder, of)
        yield folder


def shards(world: Path, of: int) -> list[Path]:
    """The shards of the partition into so many, run when they are first needed."""
    found = [world / f"{number}of{of}" for number in range(1, of + 1)]
    for number, out in enumerate(found, start=1):
        if not out.exists():
            given = ("--shard", f"{number}/{of}", *PACES[(of + number) % len(PACES)])
            assert tiny.run(world / "dataset" / "tiny.toml", out, *given, methods=METHODS) == 0
    return found


@st.composite
def partitions(draw: st.DrawFn) -> list[int]:
    """A partition: the shards' places, in any order."""
    return draw(st.permutations(range(draw(st.integers(1, PAIRS)))))


@pytest.mark.acceptance
@settings(max_examples=6)
@given(order=partitions())
def test_any_partition_merged_in_any_order_is_the_whole_run(world: Path, order: list[int]) -> None:
    parts = shards(world, len(order))
    with TemporaryDirectory(dir=world) as out:
        assert tiny.merge([parts[place] for place in order], Path(out)) == 0
        assert tiny.outcome(Path(out)) == tiny.outcome(world / "whole")


@pytest.mark.parametrize("of", quick(range(1, PAIRS + 1), [2, 3]))
def test_the_shards_of_a_partition_hold_every_pair_once(world: Path, of: int) -> None:
    found = [path.name for part in shards(world, of) for path in (part / "mean-fill/composites").iterdir()]
    assert sorted(found) == [f"{pair:05d}.png" for pair in range(PAIRS)]


def test_a_shard_has_the_fingerprint_of_the_whole_but_no_table(world: Path) -> None:
    assert not (world / "1of3" / "results.jsonl").exists()
    assert not (world / "1of3" / "tables").exists()
    assert {one["fingerprint"] for one in tiny.results(world / "whole")} == {_fingerprint(world / "1of3")}


def test_the_shards_of_the_first_pairs_merged_are_a_run_of_the_first_pairs(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, limit = world / "dataset" / "tiny.toml", ("--limit", "5")
    assert tiny.run(page, tmp_path / "alone", *limit, methods="mean-fill") == 0
    parts = [tmp_path / f"part{number}" for number in (1, 2)]
    for number, part in enumerate(parts, start=1):
        assert tiny.run(page, part, *limit, "--shard", f"{number}/2", methods="mean-fill") == 0
    assert f"{parts[1]}: shard 2/2 of the first 5 is done." in capsys.readouterr().out
    assert tiny.merge(parts, tmp_path / "out") == 0
    assert tiny.outcome(tmp_path / "out") == tiny.outcome(tmp_path / "alone")
    assert tiny.merge(parts[:1], tmp_path / "half") == 3
    assert "3 of 5 pairs are in" in capsys.readouterr().err
    assert tiny.merge([parts[0], world / "2of2"], tmp_path / "mixed") == 4


def test_merging_again_touches_no_file(world: Path, tmp_path: Path) -> None:
    parts, out = [world / "1of2", world / "2of2"], tmp_path / "out"
    tiny.merge(parts, out)
    before = tiny.state(out)
    assert tiny.merge(reversed(parts), out) == 0
    assert tiny.state(out) == before


def test_merging_prints_the_table_of_the_whole(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.merge([world / "2of2", world / "1of2"], tmp_path / "out")
    summary, by_bucket = capsys.readouterr().out, (tmp_path / "out" / "tables" / "plain.txt").read_text()
    assert summary.startswith("tiny, pairs ")
    assert "All (n=7)" in summary.splitlines()[0]
    assert by_bucket == (world / "whole" / "tables" / "plain.txt").read_text()


def test_merging_needs_neither_targets_nor_masks(world: Path, tmp_path: Path) -> None:
    data = world / "dataset" / "data"
    data.rename(world / "away")
    try:
        assert tiny.merge([world / "1of2", world / "2of2"], tmp_path / "out") == 0
    finally:
        (world / "away").rename(data)


def test_a_merged_run_goes_on_as_if_it_were_run_in_one(world: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "out", world / "dataset" / "tiny.toml"
    tiny.merge([world / "1of2", world / "2of2"], out)
    before = tiny.state(out)
    assert tiny.run(page, out, methods=METHODS) == 0
    assert tiny.calls() == []
    assert tiny.state(out) == before


def test_a_merge_that_was_cut_short_goes_on(world: Path, tmp_path: Path) -> None:
    parts, out = [world / "1of2", world / "2of2"], tmp_path / "out"
    tiny.merge(parts, out)
    for name in ("run.json", "results.jsonl", "noise/scores.csv", "noise/composites/00003.s1.png"):
        (out / name).unlink()
    assert tiny.merge(parts, out) == 0
    assert tiny.outcome(out) == tiny.outcome(world / "whole")


def test_shards_that_are_only_predicted_are_merged_and_then_scored(world: Path, tmp_path: Path) -> None:
    page, parts = world / "dataset" / "tiny.toml", [tmp_path / "1", tmp_path / "2"]
    for number, part in enumerate(parts, start=1):
        common = ["--dataset", str(page), "--methods", METHODS, "--quiet", "--out", str(part)]
        assert run_cli(["predict", *common, "--shard", f"{number}/2"]) == 0
    assert tiny.merge(parts, tmp_path / "out") == 0
    assert run_cli(["score", str(tmp_path / "out"), "--data", str(world / "dataset" / "data"), "--quiet"]) == 0
    assert tiny.outcome(tmp_path / "out") == tiny.outcome(world / "whole")


def test_a_shard_that_is_scored_again_has_no_results_of_its_own(world: Path, tmp_path: Path) -> None:
    page, out = world / "dataset" / "tiny.toml", tmp_path / "out"
    assert tiny.run(page, out, "--shard", "1/2", "--metrics", "psnr", methods=METHODS) == 0
    assert run_cli(["score", str(out), "--data", str(world / "dataset" / "data"), "--quiet"]) == 0
    assert tiny.outcome(out) == tiny.outcome(world / "1of2")


def test_a_method_brought_by_shards_of_its_own_joins_those_already_merged(world: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "out", world / "dataset" / "tiny.toml"
    tiny.merge([world / "1of2", world / "2of2"], out)
    for number in (1, 2):
        tiny.run(page, tmp_path / f"t{number}", "--shard", f"{number}/2", methods="telea")
    assert tiny.merge([tmp_path / "t1", tmp_path / "t2"], out) == 0
    assert {one["method"] for one in tiny.results(out)} == {"counting", "noise", "mean-fill", "telea"}


def test_a_missing_shard_is_refused(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tiny.merge([world / "1of3", world / "3of3"], tmp_path / "out") == 3
    message = capsys.readouterr().err
    assert message.startswith("Error: 5 of 7 pairs are in ")
    assert message.endswith("these are not all parts of the whole. Name every shard.\n")
    assert not (tmp_path / "out" / "run.json").exists()


def test_a_shard_named_twice_is_refused(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tiny.merge([world / "1of2", world / "2of2", world / "1of2"], tmp_path / "out") == 2
    message = capsys.readouterr().err
    assert "both hold counting for pair 00000, 00002, 00004 and 1 more. Name every part once." in message


def test_shards_of_different_partitions_that_overlap_are_refused(world: Path, tmp_path: Path) -> None:
    assert tiny.merge([world / "1of2", world / "2of2", world / "2of3"], tmp_path / "out") == 2


def test_a_shard_of_another_protocol_is_not_comparable(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tiny.make_dataset(tmp_path / "other", count=PAIRS, seed=1)
    assert tiny.run(page, tmp_path / "two", "--shard", "2/2", methods=METHODS) == 0
    capsys.readouterr()
    assert tiny.merge([world / "1of2", tmp_path / "two"], tmp_path / "out") == 4
    assert capsys.readouterr().err.endswith("Merge parts of one protocol.\n")


def test_a_method_of_other_code_is_not_comparable(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = world / "dataset" / "tiny.toml"
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "changing_method.py"
    for number in (1, 2):
        module.write_text(f"from tiny import load_counting as load  # version {number}\n")
        shard = ("--shard", f"{number}/2")
        assert tiny.run(page, tmp_path / f"{number}", *shard, methods="mine=python:changing_method:load") == 0
    sys.modules.pop("changing_method")
    capsys.readouterr()
    assert tiny.merge([tmp_path / "1", tmp_path / "2"], tmp_path / "out") == 4
    assert f"{tmp_path / '2'}: mine was made with another code than in {tmp_path / '1'}." in capsys.readouterr().err


def test_a_shard_that_lacks_a_method_leaves_the_merged_run_incomplete(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = world / "dataset" / "tiny.toml"
    tiny.run(page, tmp_path / "1", "--shard", "1/2", methods="mean-fill,telea")
    tiny.run(page, tmp_path / "2", "--shard", "2/2", methods="mean-fill")
    capsys.readouterr()
    assert tiny.merge([tmp_path / "1", tmp_path / "2"], tmp_path / "out") == 3
    assert "telea lacks 3 of 7 pairs: 00001, 00003, 00005." in capsys.readouterr().err
    assert {one["method"] for one in tiny.results(tmp_path / "out")} == {"mean-fill"}


def test_a_folder_that_is_no_run_is_refused(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert tiny.merge([world / "1of2", tmp_path / "empty"], tmp_path / "out") == 2
    assert "not a run folder: it has no run.json" in capsys.readouterr().err


def test_a_run_of_something_else_is_not_merged_over(world: Path, tmp_path: Path) -> None:
    page, out = world / "dataset" / "tiny.toml", tmp_path / "out"
    tiny.run(page, out, "--limit", "3")
    before = tiny.state(out)
    assert tiny.merge([world / "1of2", world / "2of2"], out) == 2
    assert tiny.state(out) == before


def test_shards_are_not_merged_into_one_of_them(world: Path, tmp_path: Path) -> None:
    before = tiny.state(world / "1of2")
    assert tiny.merge([world / "1of2", world / "2of2"], world / "1of2") == 2
    assert tiny.state(world / "1of2") == before


def _fingerprint(folder: Path) -> str:
    found = json.loads((folder / "run.json").read_text())["fingerprint"]
    assert isinstance(found, str)
    return found


def test_raw_predictions_and_composites_are_not_merged(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [tmp_path / "1", tmp_path / "2"]
    for part, name in zip(parts, ("1of2", "2of2"), strict=True):
        shutil.copytree(world / name, part)
    info = json.loads((parts[1] / "run.json").read_text())
    (parts[1] / "run.json").write_text(json.dumps({**info, "raw": True}))
    assert tiny.merge(parts, tmp_path / "out") == 4
    assert "scores raw predictions, one composites" in capsys.readouterr().err


def test_a_merged_run_says_where_any_part_allowed_a_known_error(world: Path, tmp_path: Path) -> None:
    parts = [tmp_path / "1", tmp_path / "2"]
    for part, name in zip(parts, ("1of2", "2of2"), strict=True):
        shutil.copytree(world / name, part)
    info = json.loads((parts[1] / "run.json").read_text())
    info["methods"]["counting"]["known_error_allowed"] = True
    (parts[1] / "run.json").write_text(json.dumps(info))
    assert tiny.merge(parts, tmp_path / "out") == 0
    merged = json.loads((tmp_path / "out" / "run.json").read_text())["methods"]
    assert [merged[name]["known_error_allowed"] for name in ("counting", "mean-fill")] == [True, False]
