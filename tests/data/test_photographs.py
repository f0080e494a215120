"""`photos:DIR`: any folder of photographs becomes a protocol, and its page lies in the run, to be published."""

import shutil
from pathlib import Path

import pytest
import tiny
from terminal import Terminal

from inpaint_bench.data import datasets, photographs
from inpaint_bench.data.pair_lists import read_csv
from inpaint_bench.data.protocols import page_path, read_page
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import weights_dataset
from inpaint_bench.weights.store import weights_path

NAMES = ("b.png", "sub/a.png", "c.jpg.png")
RUN = ("--methods", "mean-fill", "--metrics", "psnr", "--quiet")


@pytest.fixture
def photos() -> Path:
    """A folder of three photographs, the second in a sub-folder."""
    for number, name in enumerate(NAMES):
        tiny.save_png(Path("My Photos", name), tiny.picture(number, 40 + number))
    return Path("My Photos")


def test_a_folder_becomes_a_protocol(photos: Path) -> None:
    dataset = datasets.open_dataset("photos:My Photos", None)
    page = dataset.page
    assert (page.name, page.count, page.size, page.seed) == ("photos-my-photos", 3, 256, 2023)
    assert [pair.image for pair in dataset.pairs] == sorted(NAMES)
    assert {*page.masks.kinds} == {"strokes", "walks", "boxes", "half"}
    assert dataset.data.images == photos
    larger = datasets.open_dataset("photos-512:My Photos", None)
    assert (larger.page.name, larger.page.size) == ("photos-512-my-photos", 512)
    assert larger.page.masks.kinds == ("thin", "medium", "thick", "free-form")
    assert not Path("cache").exists()


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Été 2024", "photos-ete-2024"),
        ("__x__", "photos-x"),
        ("a" * 200, "photos-" + "a" * 60),
        ("日本", "photos-cf2abf0c"),
        ("..v", "photos-v"),
    ],
)
def test_the_name_of_the_folder_becomes_a_legal_name(folder: str, name: str) -> None:
    tiny.save_png(Path(folder, "a.png"), tiny.picture(0))
    page, _ = photographs.page_of(f"photos:{folder}")
    assert page.name == name
    Path("page.toml").write_bytes(photographs.to_toml(page))
    assert read_page(Path("page.toml")) == page


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            "photos:nowhere",
            "--dataset photos:nowhere: there is no such folder. Give one of photographs, as in photos:DIR",
        ),
        ("photos:", "--dataset photos:: there is no such folder"),
        ("photos:empty", "empty: there are no images here. Give a folder of photographs"),
        ("photo:empty", "no dataset is called 'photo:empty'"),
    ],
)
def test_a_folder_that_is_none_is_refused(terminal: Terminal, dataset: str, message: str) -> None:
    Path("empty").mkdir()
    terminal("run", "--dataset", dataset, *RUN).refuses(2, message)


def test_the_folder_is_named_once(terminal: Terminal, photos: Path) -> None:
    answer = terminal("run", "--dataset", "photos:My Photos", "--data", "x", *RUN)
    answer.refuses(2, "--dataset photos:My Photos names the folder of its data; leave out --data x.")


def test_every_command_that_takes_a_dataset_takes_a_folder(terminal: Terminal, photos: Path) -> None:
    terminal("datasets", "show", "photos:My Photos").does("3 photographs of a folder of one's own", "half")
    terminal("pairs", "build", "--dataset", "photos:My Photos").does("photos-my-photos: 3 pairs")
    terminal("datasets", "verify", "photos:My Photos").does("photos-my-photos: 3 pairs")
    terminal("predict", "--dataset", "photos:My Photos", "--methods", "mean-fill").does()
    assert {path.name for path in Path().iterdir()} == {"My Photos", "cache", "runs"}
    assert sorted(str(path.relative_to(photos)) for path in photos.rglob("*.png")) == sorted(NAMES)


def test_the_page_in_a_run_gives_the_same_results_elsewhere(
    terminal: Terminal, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("run", "--dataset", "photos:My Photos", *RUN).does()
    published = Path("runs/photos-my-photos/protocol")
    assert {path.name for path in published.iterdir()} == {"photos-my-photos.toml", "photos-my-photos.pairs.csv"}
    assert "protocol/photos-my-photos.toml" in Path("runs/photos-my-photos/SHA256SUMS").read_text()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", "another-machine")
    photos.rename("elsewhere")
    page = Path(shutil.copytree(published, "published")) / "photos-my-photos.toml"
    terminal("run", "--dataset", page, "--data", "elsewhere", "--out", "again", *RUN).does()
    assert tiny.outcome(Path("again")) == tiny.outcome(Path("runs/photos-my-photos"))
    tiny.save_png(Path("elsewhere/b.png"), tiny.picture(7, 40))
    answer = terminal("run", "--dataset", page, "--data", "elsewhere", "--out", "third", *RUN)
    answer.refuses(5, "elsewhere/b.png: the image of pair 00000 has pixels of hash")


def test_a_run_resumes_and_says_which_photographs_came_or_went(terminal: Terminal, photos: Path) -> None:
    command = ("predict", "--dataset", "photos:My Photos", *RUN[:2], "--quiet")
    terminal(*command).does()
    before = tiny.state(Path("runs/photos-my-photos"))
    terminal(*command).does()
    assert tiny.state(Path("runs/photos-my-photos")) == before
    tiny.save_png(photos / "d.png", tiny.picture(9))
    sentence = (
        "My Photos: holds 4 photographs, and the run runs/photos-my-photos is of 3 (new d.png). Restore the folder as"
    )
    terminal(*command).refuses(2, sentence)
    (photos / "b.png").unlink()
    terminal(*command).refuses(
        2, "holds 3 photographs, and the run runs/photos-my-photos is of 3 (new d.png; gone b.png)"
    )
    page = "runs/photos-my-photos/protocol/photos-my-photos.toml"
    again = terminal("predict", "--dataset", page, "--data", "My Photos", *RUN[:2])
    again.refuses(2, "My Photos: 1 of 3 files are missing (b.png)")


def test_a_part_has_the_page_and_the_merged_run_has_the_list(terminal: Terminal, photos: Path) -> None:
    for number in (1, 2):
        command = ("predict", "--dataset", "photos:My Photos", *RUN[:2], "--quiet")
        terminal(*command, "--shard", f"{number}/2", "--out", f"part{number}").does()
        assert [path.name for path in Path(f"part{number}/protocol").iterdir()] == ["photos-my-photos.toml"]
    terminal("merge", "part1", "part2", "--out", "whole").does()
    assert read_csv(Path("whole/protocol/photos-my-photos.pairs.csv")) == read_csv(Path("whole/pairs.csv"))
    assert read_page(Path("whole/protocol/photos-my-photos.toml")) == photographs.page_of("photos:My Photos")[0]


def test_the_weights_are_those_of_the_page_or_of_the_dataset_that_it_names(terminal: Terminal, photos: Path) -> None:
    answer = terminal("predict", "--dataset", "photos:My Photos", "--methods", "rfr")
    answer.refuses(2, "rfr has no weights for places2 here", "inpaint-bench weights add rfr places2 FILE")


def test_weights_that_were_added_for_a_page_itself_come_first() -> None:
    for page, other in (("paris-drawn", "paris"), ("places2-512", "places2"), ("celeba-hq-512", "celeba-hq")):
        opened = read_page(page_path(page))
        assert weights_dataset("rfr", opened) == other
        added = weights_path("rfr", page)
        added.parent.mkdir(parents=True, exist_ok=True)
        added.touch()
        assert weights_dataset("rfr", opened) == page


def test_another_page_in_the_run_folder_is_not_taken_for_more_photographs(photos: Path) -> None:
    dataset = datasets.open_dataset("photos:My Photos", None)
    photographs.refuse_others(Path("run"), dataset.page, dataset.part, dataset.pairs, dataset)
    other = datasets.take(dataset, 2, None)
    photographs.refuse_others(Path("run"), dataset.page, dataset.part, dataset.pairs, other)
    with pytest.raises(InputError, match="holds 3 photographs"):
        photographs.refuse_others(Path("run"), dataset.page, dataset.part, dataset.pairs[:2], dataset)
