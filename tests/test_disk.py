"""After a power cut a file is the old one or the new one, and a folder that vanished is not made again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from power_cut import power_cut_after

from inpaint_bench import disk, files


def after_power_cuts(work: Callable[[], None]) -> Iterator[tuple[dict[str, bytes], bool]]:
    """What is left of the folder `on`, which holds an old a.txt, after a power cut at each sync, and after none."""
    syncs, cut = 0, True
    while cut:
        on, left = Path(f"{syncs}/on"), Path(f"{syncs}/left")
        on.mkdir(parents=True)
        (on / "a.txt").write_bytes(b"old")
        with pytest.MonkeyPatch.context() as patch, power_cut_after(syncs, on.parent) as disk:
            patch.chdir(on.parent)
            work()
        disk.restore(on, left)
        files_left = [path for path in left.rglob("*") if path.is_file() and not path.name.startswith(".writing-")]
        yield {path.relative_to(left).as_posix(): path.read_bytes() for path in files_left}, not disk.cut
        syncs, cut = syncs + 1, disk.cut


def test_after_a_power_cut_a_file_is_the_old_one_or_the_new_one_and_what_was_written_is_there() -> None:
    def work() -> None:
        files.write_whole(Path("on/a.txt"), b"new")
        files.write_whole(Path("on/b/c.txt"), b"also")

    allowed = [{"a.txt": b"old"}, {"a.txt": b"new"}, {"a.txt": b"new", "b/c.txt": b"also"}]
    found = list(after_power_cuts(work))
    assert {allowed.index(left) for left, _ in found} == {0, 1, 2}
    assert [left for left, ended in found if ended] == [allowed[2]]


def test_files_whose_names_are_synced_once_are_whole_or_not_there_and_all_there_in_the_end() -> None:
    def work() -> None:
        with disk.names_synced_once(Path("on")):
            for name in ("a.txt", "b/c.txt", "b/d.txt"):
                files.write_whole(Path("on") / name, b"new")

    found = list(after_power_cuts(work))
    assert all(value in (b"new", b"old") for left, _ in found for value in left.values())
    assert [left for left, ended in found if ended] == [dict.fromkeys(("a.txt", "b/c.txt", "b/d.txt"), b"new")]


def test_a_folder_that_vanished_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk.make_folder(tmp_path / "run" / "method" / "composites", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    disk.make_folder(tmp_path / "run" / "method" / "composites", tmp_path / "run")
    assert (tmp_path / "run" / "method" / "composites").is_dir()
