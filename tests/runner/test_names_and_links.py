"""Names from files are input: none becomes a path outside its folder, and no link leads a write there."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import tiny
from hypothesis import example, given
from hypothesis import strategies as st

from inpaint_bench import files
from inpaint_bench.cli import run_cli
from inpaint_bench.errors import InputError

STRANGE = ["../x", "/x", "a/b", "..", ".", "", "-a", "_a", "A", "a\x00", "a\n", "a" * 101, "é"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    page = tiny.make_dataset(folder / "dataset", count=3, metrics=["psnr"])
    assert tiny.run(page, folder / "run") == 0
    return folder


@pytest.fixture
def page(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "dataset", tmp_path / "dataset")
    return tmp_path / "dataset" / "tiny.toml"


@pytest.fixture
def run(made: Path, page: Path, tmp_path: Path) -> Path:
    """A copy of one run."""
    shutil.copytree(made / "run", tmp_path / "run")
    return tmp_path / "run"


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> None:
    message = capsys.readouterr().err
    assert code == 2, message
    assert all(word in message for word in words), message


@given(st.text(max_size=20))
@example("../x")
@example("a" * 101)
@example("a\n")
def test_a_name_is_a_path_just_inside_its_folder_or_refused(name: str) -> None:
    try:
        path = files.within(Path("folder"), name)
    except InputError:
        return
    assert path.parent == Path("folder")
    assert Path(os.path.normpath(path)) == path
    assert path.name == name


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("command", ["score", "table", "run", "merge", "report", "gate"])
def test_a_method_of_run_json_whose_name_is_a_path_is_refused(
    page: Path, run: Path, capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    info = json.loads((run / "run.json").read_text())
    info["methods"][name] = info["methods"]["telea"]
    (run / "run.json").write_text(json.dumps(info))
    data, before = ["--data", str(page.parent / "data")], set(run.parent.rglob("*"))
    capsys.readouterr()
    arguments = {
        "score": [str(run), *data],
        "report": [str(run), *data],
        "table": [str(run)],
        "merge": [str(run), "--out", "merged"],
        "gate": [str(run), "--expected", "expected", "--accept", "--reason", "so"],
        "run": ["--dataset", str(page), "--methods", "telea", "--out", str(run)],
    }
    refused(capsys, run_cli([command, *arguments[command]]), "run.json: broken: ")
    cache = run.parent / "cache"
    made = {path for path in set(run.parent.rglob("*")) - before if cache not in (path, *path.parents)}
    assert made <= {run.parent / "merged", run.parent / "merged/.lock", run / ".lock"}


@pytest.mark.parametrize("name", ["tables", "report", "run.json", "pairs.csv", "results.jsonl"])
def test_a_method_is_not_called_like_what_every_run_holds(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code = tiny.run(page, tmp_path / "run", methods=f"{name}=folder:{page.parent / 'data/images'}")
    refused(capsys, code, f"a method cannot be called '{name}'")


@pytest.mark.parametrize("name", ["../picture0.png", "/etc/passwd", "a/../../b.png", "a\x00.png", "", "./a.png"])
def test_a_list_of_pairs_names_no_picture_elsewhere(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    listed = tmp_path / "list.csv"
    assert run_cli(["pairs", "build", "--dataset", str(page), "--out", str(listed), "--quiet"]) == 0
    listed.write_text(listed.read_text().replace("picture1.png", name))
    code = run_cli(["run", "--dataset", str(page), "--pairs", str(listed), "--methods", "mean-fill", "--quiet"])
    if "\0" not in name:
        refused(capsys, code, f"{listed}: line 4: ", "is no name of a file within its folder")
    elif sys.version_info >= (3, 11):
        refused(capsys, code, f"{listed}: line 4: ", "control characters")
    else:
        refused(capsys, code, f"{listed}: cannot be read as a list of pairs (line contains NUL)")


def test_weights_are_added_for_a_dataset_of_a_plain_name(capsys: pytest.CaptureFixture[str]) -> None:
    Path("rfr.pth").touch()
    for name in ("../../x", "/x", "a/b"):
        refused(capsys, run_cli(["weights", "add", "rfr", name, "rfr.pth"]), "no dataset is called")


# --- links ------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["tables", "telea", "telea/composites", "_targets", "report"])
def test_no_write_follows_a_link_out_of_the_run(
    page: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], inside: str
) -> None:
    outside = tmp_path / "outside"
    if (run / inside).is_dir():
        shutil.rmtree(run / inside)
    outside.mkdir()
    (run / inside).symlink_to(outside, target_is_directory=True)
    capsys.readouterr()
    data = ["--data", str(page.parent / "data")]
    if inside == "report":
        code = run_cli(["report", str(run), *data])
    elif inside == "tables":
        code = run_cli(["score", str(run), *data])
    else:
        code = tiny.run(page, run, "--metrics", "psnr,fd_lite0")
    refused(capsys, code, "a link leads from ", f" to {outside}", "Remove it.")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("inside", ["pictures", "plots", "pairs", "pictures/methods"])
def test_no_write_of_a_report_follows_a_link_out_of_it(
    page: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], inside: str
) -> None:
    command = ["report", str(run), "--data", str(page.parent / "data"), "--out", "page"]
    assert run_cli(command) == 0
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "thesis.tex").touch()
    shutil.rmtree(Path("page", inside))
    Path("page", inside).symlink_to(outside, target_is_directory=True)
    refused(capsys, run_cli(command), "a link leads from ")
    assert [path.name for path in outside.iterdir()] == ["thesis.tex"]


def test_a_run_folder_that_is_itself_a_link_is_the_users_wish(page: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk", target_is_directory=True)
    assert tiny.run(page, tmp_path / "run") == 0
    assert (tmp_path / "disk" / "results.jsonl").is_file()


def test_a_file_that_is_a_link_is_replaced_and_not_written_through(page: Path, run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for name in ("results.jsonl", "tables/plain.txt"):
        (run / name).unlink()
        (run / name).symlink_to(tmp_path / "mine.txt")
    assert tiny.run(page, run) == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not (run / "results.jsonl").is_symlink()


def test_a_lock_that_is_a_link_is_refused(
    page: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (run / ".lock").unlink(missing_ok=True)
    (run / ".lock").symlink_to(tmp_path / "mine.txt")
    refused(capsys, tiny.run(page, run), ".lock: is a link")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_merging_takes_no_file_from_outside_the_parts(
    page: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    composite = run / "telea/composites/00001.png"
    composite.rename(tmp_path / "outside.png")
    composite.symlink_to(tmp_path / "outside.png")
    refused(capsys, tiny.merge([run], tmp_path / "merged"), f"{composite}: a link leads out of ")
    assert not (tmp_path / "merged/telea/composites/00001.png").exists()
