"""`push`, `pull` and `model-index`: a run to a hub and back, private, checked, and nothing outside the folder."""

from collections.abc import Iterator
from pathlib import Path

import finished
import pytest
import tiny
import yaml  # type: ignore[import-untyped]
from hub import Hub, opened_hub
from serving import Server
from terminal import OUT, Terminal

import inpaint_bench as ib
from inpaint_bench import files
from inpaint_bench.api.sharing import FILE_OF_RUN
from inpaint_bench.runner import sums

TO = "hf://datasets/lab/run"
# of huggingface_hub's own upload of large files without Xet
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hub, Server]]:
    """A hub, and a token that may write there."""
    monkeypatch.setenv("HF_TOKEN", "hf_writes")
    with opened_hub(monkeypatch) as opened:
        yield opened


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small run of two methods."""
    page = tiny.make_dataset(tmp_path, count=3, metrics=["psnr"])
    finished.finished_run(page, tmp_path / OUT, ["telea", "mean-fill"])
    return OUT


def shared(run: Path) -> dict[str, bytes]:
    """The files of a run that are pushed with pictures."""
    names = [path for path in run.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in names if "tables" not in path.parts}


def test_a_run_comes_back_as_it_was(terminal: Terminal, hub: tuple[Hub, Server], run: Path) -> None:
    answer = terminal("push", run, "--to", TO, "--pictures")
    repository = hub[0].repositories["lab/run"]
    answer.does(f"{TO}@{repository.sha}\n")
    assert repository.private
    assert "names the machine and the commands" in answer.err
    assert hub[0].large  # files in the commit and beside it
    assert {name: data for name, data in repository.files.items() if name != ".gitattributes"} == shared(run)
    terminal("pull", f"{TO}@{repository.sha}", "--out", "runs/back").does(
        "runs/back: 3 pairs of tiny by mean-fill, telea.\n"
    )
    assert shared(Path("runs/back")) == shared(run)
    assert [path.name for path in Path("runs").iterdir()].count("back") == 1
    assert not list(Path("runs").glob(".pulling-*"))
    assert ib.load_run("runs/back").results.equals(ib.load_run(run).results)


def test_composites_are_pushed_only_where_they_are_named(
    terminal: Terminal, hub: tuple[Hub, Server], run: Path
) -> None:
    terminal("push", run, "--to", TO, "--pictures").does()
    terminal("push", run, "--to", TO).does()  # what is not pushed any more is deleted there
    assert not [name for name in hub[0].repositories["lab/run"].files if name.endswith(".png")]
    pulled = ib.pull(TO)
    assert (pulled.path, pulled.methods) == (Path("runs/run"), ["mean-fill", "telea"])
    terminal("table", "runs/run").does("telea")


def test_a_public_repository_has_to_be_chosen(terminal: Terminal, hub: tuple[Hub, Server], run: Path) -> None:
    terminal("push", run, "--to", TO, "--public").does()
    assert not hub[0].repositories["lab/run"].private
    terminal("push", run, "--to", TO).refuses(2, f"{TO} is public: give --public to push there")


@pytest.mark.parametrize("change", ["scores", "extra", "sums", "picture", "gone", "run.json"])
def test_what_was_changed_on_the_hub_is_not_taken(
    terminal: Terminal, hub: tuple[Hub, Server], run: Path, change: str
) -> None:
    terminal("push", run, "--to", TO, "--pictures").does()
    there = hub[0].repositories["lab/run"].files
    if change == "scores":
        there["telea/scores.csv"] = there["telea/scores.csv"].replace(b"1", b"2", 1)
    elif change == "extra":
        there["telea/features.lite0.npy"] = b"x"
    elif change == "sums":
        del there[sums.FILE]
    elif change == "picture":
        there["telea/composites/00000.png"] = there["telea/composites/00001.png"]
    elif change == "gone":
        del there["telea/scores.csv"]
    else:
        there["run.json"] = there["run.json"].replace(b'"seed": 7', b'"seed": 8')
        there["run.json"] = there["run.json"].replace(b'"fingerprint": "', b'"fingerprint": "0', 1)
    answer = terminal("pull", TO, "--out", "runs/back")
    assert answer.code == 5, answer.err
    assert not Path("runs/back").exists()
    assert not list(Path("runs").glob(".pulling-*"))


@pytest.mark.parametrize(
    "name", ["../x.csv", "/x.csv", "a/../../x.json", "telea/.hidden.csv", "x.py", "a/b/c/d.csv", "report/x.json"]
)
def test_a_repository_with_another_file_is_not_fetched(
    terminal: Terminal, hub: tuple[Hub, Server], run: Path, name: str
) -> None:
    terminal("push", run, "--to", TO).does()
    hub[0].repositories["lab/run"].files[name] = b"x"
    before = len(hub[1].requests)
    terminal("pull", TO, "--out", "runs/back").refuses(2, f"{TO} holds what is no file of a run: '{name}'.")
    assert len(hub[1].requests) == before + 1
    terminal("push", run, "--to", TO).refuses(2, "no file of a run", "Nothing was pushed.")


def test_the_files_of_targets_are_files_of_a_run() -> None:
    assert FILE_OF_RUN.fullmatch("_targets/features.timm-resnet18.npy")
    assert FILE_OF_RUN.fullmatch("telea/composites/00017.s3.png")


def test_a_run_that_was_edited_is_not_pushed(terminal: Terminal, hub: tuple[Hub, Server], run: Path) -> None:
    scores = run / "telea" / "scores.csv"
    scores.write_bytes(scores.read_bytes().replace(b"1", b"2", 1))
    terminal("push", run, "--to", TO).refuses(5, "telea/scores.csv")
    assert not hub[0].repositories


def test_what_the_hub_refuses_is_one_sentence_without_the_token(
    terminal: Terminal, hub: tuple[Hub, Server], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("pull", TO).refuses(3, f"{TO} cannot be pulled: there is no such dataset, or it is private")
    monkeypatch.setenv("HF_TOKEN", "hf_reads")
    refused = terminal("push", run, "--to", TO)
    refused.refuses(3, f"{TO} cannot be pushed: the hub does not let this account. Log in with `hf auth login`")
    assert "hf_reads" not in refused.err
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    terminal("pull", TO).refuses(3, "HF_HUB_OFFLINE is set")


@pytest.mark.parametrize("address", ["lab/run", "hf://lab/run", "hf://datasets/lab", "hf://datasets/../run", f"{TO}/x"])
def test_what_is_no_address_is_refused(terminal: Terminal, address: str) -> None:
    terminal("pull", address).refuses(2, "is no address of a dataset; give hf://datasets/USER/NAME")


def test_a_folder_that_is_there_is_kept(terminal: Terminal, run: Path) -> None:
    terminal("pull", TO, "--out", run).refuses(2, f"{run}: is there already.")


def test_a_model_card_gets_the_results(terminal: Terminal, run: Path) -> None:
    printed = yaml.safe_load(terminal("model-index", run, "--methods", "telea").out)
    (entry,) = printed["model-index"]
    assert entry["name"] == "telea"
    results = ib.load_run(run).results.query("method == 'telea' and bucket == 'all' and metric == 'psnr'")
    stated = {one["metrics"][0]["type"]: one for one in entry["results"]}
    assert stated["psnr"]["metrics"][0]["value"] == results["value"].item()
    assert stated["psnr"]["metrics"][0]["name"] == results["signature"].item()
    assert stated["psnr"]["dataset"]["args"]["fingerprint"] == ib.load_run(run).fingerprint
    Path("README.md").write_text("---\nlicense: mit\ntags:\n- inpainting\n---\n# Telea\n\nText.\n")
    for _ in range(2):  # again in place of what was there
        terminal("model-index", run, "--methods", "telea", "--metrics", "psnr", "--card", "README.md").does(
            "README.md\n"
        )
        text = Path("README.md").read_text()
        card = yaml.safe_load(text.split("---\n")[1])
        assert (card["license"], card["tags"]) == ("mit", ["inpainting"])
        assert len(card["model-index"][0]["results"]) == 1
        assert text.endswith("# Telea\n\nText.\n")


def test_what_is_no_model_card_is_refused(terminal: Terminal, run: Path) -> None:
    Path("README.md").write_text("---\n- a list\n---\n")
    before = files.sha256(Path("README.md").read_bytes())
    terminal("model-index", run, "--methods", "telea", "--card", "README.md").refuses(
        2, "README.md: not a model card whose metadata can be read"
    )
    assert files.sha256(Path("README.md").read_bytes()) == before
    terminal("model-index", run, "--methods", "tela").refuses(2, "no method here is called 'tela'.")
    terminal("model-index", run, "--methods", "telea", "--metrics", "fid").refuses(
        2, "no metric measured here is called"
    )
