"""`benchmarks/newcomer.py` takes steps in order, in one folder, and stops at the first that fails."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_steps_share_a_folder_and_each_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    from newcomer import command, walk

    walk({"write": command("echo words > file"), "read": command("grep words file")})
    assert [line.split(" | ")[0] for line in capsys.readouterr().out.splitlines()[2:]] == [
        "| write", "| read", "| all of it",
    ]  # fmt: skip


def test_the_first_step_that_fails_ends_it_with_what_it_printed(tmp_path: Path) -> None:
    from newcomer import command, walk

    with pytest.raises(SystemExit, match=r"broken: exit code 3\nwords of it\n"):
        walk({"broken": command("echo words of it; exit 3"), "next": command(f"touch '{tmp_path}/taken'")})
    assert not (tmp_path / "taken").exists()


def test_a_step_has_no_settings_of_ours_and_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newcomer import UNSET, environment

    for name in UNSET:
        monkeypatch.setenv(name, "ours")
    found = environment(tmp_path)
    assert not set(UNSET) & set(found)
    assert Path(found["XDG_CACHE_HOME"]).is_relative_to(tmp_path)
    assert found["PATH"].startswith(f"{tmp_path}/inpaint-bench/.venv/bin:")


def test_a_path_that_there_is_not_is_refused() -> None:
    from newcomer import main

    with pytest.raises(SystemExit, match=r"'site' is no path\. Known: path, docs\."):
        main(["site"])
