"""The run folder: what it says of itself, and what it refuses to mix."""

import json
from pathlib import Path

import pytest
import tiny

from inpaint_bench.cli import run_cli


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tiny.make_dataset(tmp_path / "dataset")


def test_a_limited_run_has_another_fingerprint_and_says_so(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.run(page, tmp_path / "whole")
    capsys.readouterr()
    assert tiny.run(page, tmp_path / "part", "--limit", "4") == 0
    table = capsys.readouterr().out
    whole, part = (tiny.results(tmp_path / name) for name in ("whole", "part"))
    ((mark, pixels),) = {(one["fingerprint"], one["pixels"]) for one in part}
    assert mark not in {one["fingerprint"] for one in whole}
    assert all(one["part"] == {"kind": "first", "index": 1, "count": 4} for one in part)
    assert all(one["part"] == {"kind": "whole", "index": 1, "count": 1} for one in whole)
    assert table.startswith(f"tiny, only the first 4 pairs, pairs {mark}, pixels {pixels[:12]} · All (n=4)\n")
    assert "A part of the protocol: not comparable with the whole.\n" in table


def test_a_limit_that_takes_every_pair_is_the_whole(page: Path, tmp_path: Path) -> None:
    tiny.run(page, tmp_path / "whole")
    tiny.run(page, tmp_path / "limited", "--limit", "6")
    assert tiny.outcome(tmp_path / "limited") == tiny.outcome(tmp_path / "whole")


def test_without_out_a_run_lies_under_runs_by_dataset_and_part(page: Path, tmp_path: Path) -> None:
    for part in ([], ["--limit", "2"], ["--shard", "2/3"]):
        assert run_cli(["run", "--dataset", str(page), "--methods", "mean-fill", "--quiet", *part]) == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["tiny", "tiny.2of3", "tiny.first2"]


def test_run_json_says_what_ran_where(page: Path, tmp_path: Path) -> None:
    tiny.run(page, tmp_path / "out")
    info = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (info["schema"], info["protocol"]["name"], info["part"]["kind"], info["pairs"]) == (2, "tiny", "whole", 6)
    assert sorted(info["methods"]) == ["mean-fill", "telea"]
    telea = info["methods"]["telea"]
    assert (telea["source"], telea["weights"], telea["device"]) == ("baseline classical", "", "cpu")
    assert {"inpaint-bench", "python", "numpy", "torch"} <= telea["environment"].keys()
    assert telea["machine"].keys() >= {"system", "processor", "CPU capability", "threads"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--limit", "3"], "this run folder is of another part: the whole, not first 3. Choose another --out."),
        (["--shard", "1/2"], "this run folder is of another part: the whole, not shard 1/2. Choose another --out."),
    ],
)
def test_a_part_does_not_go_into_the_folder_of_the_whole(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    tiny.run(page, tmp_path / "out")
    before = tiny.state(tmp_path / "out")
    capsys.readouterr()
    assert tiny.run(page, tmp_path / "out", *arguments) == 2
    assert message in capsys.readouterr().err
    assert tiny.state(tmp_path / "out") == before


def test_another_protocol_does_not_go_into_the_folder(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.run(page, tmp_path / "out")
    page.write_text(tiny.page_text(6, eight_bit="truncate"))
    assert tiny.run(page, tmp_path / "out") == 2
    assert "this run folder is of another fingerprint: " in capsys.readouterr().err


def test_a_method_whose_code_changed_is_not_mixed(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "edited_method.py").write_text("from tiny import load_counting as load\n")
    methods = "mine=python:edited_method:load"
    assert tiny.run(page, tmp_path / "out", methods=methods) == 0
    before = tiny.state(tmp_path / "out")
    (tmp_path / "edited_method.py").write_text("from tiny import load_counting as load  # edited\n")
    assert tiny.run(page, tmp_path / "out", methods=methods) == 2
    message = capsys.readouterr().err
    assert f"{tmp_path / 'out' / 'mine'}: made with code " in message
    assert "the two are not mixed. Start it anew with --fresh mine, or choose another --out." in message
    assert tiny.state(tmp_path / "out") == before


def test_a_run_of_another_schema_is_refused(page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.run(page, tmp_path / "out")
    path = tmp_path / "out" / "run.json"
    path.write_text(path.read_text().replace('"schema": 2', '"schema": 7', 1))
    assert tiny.run(page, tmp_path / "out") == 2
    assert f"{path}: of schema 7; this version reads 2." in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("It was a dark and stormy night.")
    assert tiny.run(page, tmp_path / "thesis") == 2
    assert (
        "this folder holds something else than a run. Choose another --out, or delete the folder"
        in capsys.readouterr().err
    )
    assert [path.name for path in (tmp_path / "thesis").iterdir() if path.name != ".lock"] == ["chapter1.tex"]
