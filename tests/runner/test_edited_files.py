"""What is derived is what its sources give: an edited file is refused with its name, and the advice mends it."""

import json
import re
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import tiny
from selection import quick

import inpaint_bench as ib
from inpaint_bench import files
from inpaint_bench.analysis.results import REAL_VS_REAL
from inpaint_bench.cli import run_cli
from inpaint_bench.errors import HashError
from inpaint_bench.runner.sums import FILE

Edit = Callable[[Path], None]
METHODS = f"mean-fill,telea,{tiny.NOISE}"
METRICS = ("--metrics", "psnr,mae,kid_lite0")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset and a run of two methods and a stochastic one, with features; made once."""
    folder = tmp_path_factory.mktemp("edited")
    page = tiny.make_dataset(folder / "dataset", count=6, metrics=["psnr", "mae"])
    assert tiny.run(page, folder / "run", *METRICS, methods=METHODS) == 0
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "dataset", tmp_path / "dataset")
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


def lines(name: str, change: Callable[[list[str]], list[str]]) -> Edit:
    """Change the lines of a file."""

    def edit(run: Path) -> None:
        path = run / name
        path.write_text("".join(change(path.read_text().splitlines(keepends=True))))

    return edit


def results(**changes: object) -> Edit:
    """Change the fields of the first result that has them."""

    def change(found: list[str]) -> list[str]:
        one = json.loads(found[0])
        return [json.dumps({**one, **changes}) + "\n", *found[1:]]

    return lines("results.jsonl", change)


def info(*keys: str, to: object) -> Edit:
    """Change a value of run.json."""

    def edit(run: Path) -> None:
        whole = json.loads((run / "run.json").read_text())
        inner = whole
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to
        (run / "run.json").write_text(json.dumps(whole))

    return edit


def flip(name: str) -> Edit:
    """Flip a bit in the middle of a file."""

    def edit(run: Path) -> None:
        data = bytearray((run / name).read_bytes())
        data[len(data) * 3 // 4] ^= 1
        (run / name).write_bytes(data)

    return edit


def other_bucket(found: list[str]) -> list[str]:
    return [re.sub(r"0\.\d-0\.\d$", "0.4-0.6", line) for line in found]


DERIVED: dict[str, tuple[str, Edit]] = {
    "a value of a result": ("results.jsonl", results(value=1.0)),
    "an interval of a result": ("results.jsonl", results(low=0.0)),
    "a rank of a result": ("results.jsonl", results(significance="worse")),
    "a count of a result": ("results.jsonl", results(n=5)),
    "the weights of a result": ("results.jsonl", results(weights="0" * 64)),
    "the fingerprint of a result": ("results.jsonl", results(fingerprint="0" * 12)),
    "the pixels of a result": ("results.jsonl", results(pixels="0" * 64)),
    "half of the results": ("results.jsonl", lines("results.jsonl", lambda found: found[: len(found) // 2])),
    "every result twice": ("results.jsonl", lines("results.jsonl", lambda found: found * 2)),
    "one result twice": ("results.jsonl", lines("results.jsonl", lambda found: [*found, found[3]])),
    "results in another order": ("results.jsonl", lines("results.jsonl", lambda found: found[::-1])),
    "a value of a score": (
        "telea/scores.csv",
        lines("telea/scores.csv", lambda found: [re.sub(r",[\d.]+$", ",99.0", line) for line in found]),
    ),
    "a score twice": ("telea/scores.csv", lines("telea/scores.csv", lambda found: [*found, found[4]])),
    "scores cut": ("telea/scores.csv", lines("telea/scores.csv", lambda found: found[:9])),
    "no score": ("noise/scores.csv", lines("noise/scores.csv", lambda found: [])),
    "a feature": ("telea/features.lite0.npy", flip("telea/features.lite0.npy")),
}
SOURCES: dict[str, tuple[str, Edit]] = {
    "a bucket of a pair": ("pairs.csv", lines("pairs.csv", other_bucket)),
    "a ratio of a pair": (
        "pairs.csv",
        lines("pairs.csv", lambda found: [re.sub(r"0\.\d{6},", "0.111111,", line) for line in found]),
    ),
    "the order of pairs": ("pairs.csv", lines("pairs.csv", lambda found: found[:2] + found[:1:-1])),
    "the 8-bit rule of run.json": ("run.json", info("protocol", "eight_bit", to="truncate")),
    "the buckets of run.json": ("pairs.csv", info("protocol", "buckets", to=[0, 30, 60])),
    "the seed of run.json": ("run.json", info("protocol", "seed", to=7)),
    "the fingerprint of run.json": ("run.json", info("fingerprint", to="0" * 12)),
    "the pixels of run.json": ("run.json", info("pixels", to="0" * 64)),
    "the weights of run.json": ("results.jsonl", info("methods", "telea", "weights", to="0" * 64)),
    "raw in run.json": ("results.jsonl", info("raw", to=True)),
}
PRINTING = {
    "table": ("table", "RUN"),
    "report": ("report", "RUN", "--data", "dataset/data", "--out", "page"),
    "compare": ("compare", "telea", "mean-fill", "RUN"),
    "gate": ("gate", "RUN", "--expected", "expected"),
    "accept": ("gate", "RUN", "--expected", "other", "--accept", "--reason", "so"),
}
QUICK = [
    *product(DERIVED | SOURCES, ["table"]),
    *product(["a value of a score", "a rank of a result", "a bucket of a pair"], PRINTING),
]


def command(name: str, run: Path) -> int:
    return run_cli([str(run) if word == "RUN" else word for word in PRINTING[name]])


def test_scores_that_were_edited_are_not_listed(run: Path) -> None:
    lines("telea/scores.csv", lambda found: [*found[:-1], found[-1].rstrip() + "1\n"])(run)
    with pytest.raises(HashError, match=r"telea/scores\.csv: not what was written here"):
        ib.load_run(run).scores  # noqa: B018  # a property
    assert run_cli(["table", str(run), "--long", "scores"]) == 5


def test_scores_that_are_gone_are_not_left_out_of_a_list(run: Path) -> None:
    (run / "telea/scores.csv").unlink()
    with pytest.raises(HashError, match=r"telea/scores\.csv: is gone"):
        ib.load_run(run).scores  # noqa: B018  # a property


@pytest.mark.parametrize(("edited", "printing"), quick(product(DERIVED | SOURCES, PRINTING), QUICK))
def test_nothing_is_printed_of_an_edited_file(
    run: Path, capsys: pytest.CaptureFixture[str], edited: str, printing: str
) -> None:
    if printing == "gate":
        assert run_cli(["gate", str(run), "--expected", "expected", "--accept", "--reason", "so"]) == 0
    name, edit = (DERIVED | SOURCES)[edited]
    edit(run)
    capsys.readouterr()
    assert command(printing, run) == 5
    out, err = capsys.readouterr()
    assert f"{run / name}: " in err
    assert "telea" not in out


@pytest.mark.parametrize("edited", quick(DERIVED, ["a value of a score", "half of the results", "a feature"]))
def test_scoring_makes_what_was_edited_again(run: Path, capsys: pytest.CaptureFixture[str], edited: str) -> None:
    before = tiny.outcome(run)
    DERIVED[edited][1](run)
    assert tiny.outcome(run) != before
    assert run_cli(["score", str(run), "--data", "dataset/data", "--quiet"]) == 0
    assert tiny.outcome(run) == before
    assert command("table", run) == 0


@pytest.mark.parametrize("edited", quick(DERIVED, ["a value of a score", "a feature"]))
def test_running_again_makes_what_was_edited_again(run: Path, edited: str) -> None:
    before = tiny.outcome(run)
    DERIVED[edited][1](run)
    assert tiny.run(Path("dataset/tiny.toml"), run, *METRICS, methods=METHODS) == 0
    assert tiny.outcome(run) == before


def test_the_hashes_are_those_that_sha256sum_checks(run: Path) -> None:
    found = dict(line.split("  ")[::-1] for line in (run / FILE).read_text().splitlines())
    assert {"pairs.csv", "results.jsonl", "telea/scores.csv", "telea/features.lite0.npy"} <= found.keys()
    assert all(files.file_sha256(run / name) == sha256 for name, sha256 in found.items())


def test_a_run_without_hashes_is_read_and_scored_anew_and_has_them_then(run: Path) -> None:
    before = tiny.outcome(run)
    (run / FILE).unlink()
    assert command("table", run) == 0
    results(value=1.0)(run)
    assert command("table", run) == 5
    assert run_cli(["score", str(run), "--data", "dataset/data", "--quiet"]) == 0
    assert {name: data for name, data in tiny.outcome(run).items() if name != FILE} == {
        name: data for name, data in before.items() if name != FILE
    }


def test_a_reference_row_of_another_signature_is_found_though_its_hash_fits(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def edit(found: list[str]) -> list[str]:
        every = [json.loads(line) for line in found]
        (row,) = (one for one in every if (one["method"], one["bucket"]) == (REAL_VS_REAL, "all"))
        row["signature"] = row["signature"].replace(":lite0:", ":lite0:made-up:")
        return [json.dumps(one) + "\n" for one in every]

    lines("results.jsonl", edit)(run)
    tiny.forget_hashes(run)
    assert run_cli(["table", str(run)]) == 5
    message = capsys.readouterr().err
    assert f"{run}/results.jsonl: {REAL_VS_REAL}, kid_lite0 is of signature 'kid_lite0:" in message
    assert "made-up" in message


@pytest.mark.parametrize("edited", ["a value of a score", "a score twice", "a feature"])
def test_edited_shards_are_not_merged(run: Path, capsys: pytest.CaptureFixture[str], edited: str) -> None:
    page = Path("dataset/tiny.toml")
    for number in (1, 2):
        assert tiny.run(page, Path(f"{number}"), "--shard", f"{number}/2", *METRICS) == 0
    name, edit = DERIVED[edited]
    edit(Path("1"))
    capsys.readouterr()
    assert tiny.merge([Path("1"), Path("2")], Path("merged")) == 5
    assert f"1/{name}: " in capsys.readouterr().err


@pytest.mark.parametrize("key", ["eight_bit", "seed"])
def test_a_shard_of_an_edited_page_neither_goes_on_nor_is_merged(
    run: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    page = Path("dataset/tiny.toml")
    for number in (1, 2):
        assert tiny.run(page, Path(f"{number}"), "--shard", f"{number}/2") == 0
        info("protocol", key, to="truncate" if key == "eight_bit" else 7)(Path(f"{number}"))
    assert tiny.run(page, Path("1"), "--shard", "1/2") == 2
    assert "this run folder is of another page" in capsys.readouterr().err
    assert tiny.merge([Path("1"), Path("2")], Path("merged")) != 0
    assert not Path("merged/results.jsonl").exists()


@pytest.mark.parametrize("edited", ["a bucket of a pair", "a ratio of a pair"])
def test_a_list_of_pairs_that_says_something_else_than_the_masks_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], edited: str
) -> None:
    arguments = ["run", "--dataset", "dataset/tiny.toml", "--pairs", "pairs.csv", "--methods", "telea", "--quiet"]
    shutil.copy(run / "pairs.csv", "pairs.csv")
    SOURCES[edited][1](Path())
    assert run_cli(arguments) == 5
    assert "pairs.csv: pair 00000: " in capsys.readouterr().err
    assert not Path("runs/tiny/telea").exists()


def test_hole_pixels_of_a_list_are_compared_with_the_mask(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = [line.split(",") for line in (run / "pairs.csv").read_text().splitlines()]
    for row in found[2:]:
        row[5:7] = [str(int(row[5]) + 1), f"{(int(row[5]) + 1) / tiny.SIZE**2:.6f}"]
    Path("pairs.csv").write_text("".join(",".join(row) + "\n" for row in found))
    assert run_cli(["run", "--dataset", "dataset/tiny.toml", "--pairs", "pairs.csv", "--methods", "telea"]) == 5
    assert re.search(r"mask\d\.png: the mask of pair 0000\d has hole pixels \d+; the list", capsys.readouterr().err)


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: "x" + text, lambda text: 2 * text])
def test_a_damaged_list_of_hashes_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[str], str]
) -> None:
    (run / FILE).write_text(damage((run / FILE).read_text()))
    assert run_cli(["table", str(run)]) == 5
    assert (
        f"{run / FILE}: damaged. Restore it; or delete it, and `inpaint-bench score {run}`" in capsys.readouterr().err
    )
