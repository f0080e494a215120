"""`doctor` lists what is missing and how to fix it, and whether the default run works."""

import sys
from importlib import metadata
from pathlib import Path

import pytest
from selection import quick
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.checks import doctor
from inpaint_bench.checks.doctor import DoctorItem, Requirement, examine, packages, requirements, works
from inpaint_bench.weights import store


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Fake versions of packages; None: not installed."""
    changed: dict[str, str | None] = {}
    real = metadata.version

    def version(name: str) -> str:
        found = changed[name] if name in changed else real(name)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)
    return changed


def about(word: str, items: list[DoctorItem]) -> DoctorItem:
    (found,) = [item for item in items if item.what.startswith(word)]
    return found


def test_the_default_run_works_here(terminal: Terminal) -> None:
    answer = terminal("doctor")
    answer.does("`inpaint-bench run` works here.", "sample: 75 pairs", "telea", "torch ")
    assert "→ inpaint-bench weights fetch rn places2" in answer.out
    assert "paris: missing" in answer.out
    assert "→ inpaint-bench datasets fetch paris\n" in answer.out
    assert "Fetch it: inpaint-bench weights fetch inception" in answer.out


def test_a_missing_package_is_listed_with_the_command_that_installs_it(
    terminal: Terminal, installed: dict[str, str | None]
) -> None:
    installed["torch"] = None
    answer = terminal("doctor")
    assert answer.code == 1
    assert "missing  torch: not installed\n           → pip install 'torch>=" in answer.out
    assert "does not work here: torch: not installed." in answer.out
    assert "\nmethods" not in answer.out


def test_a_package_of_an_extra_is_not_needed(installed: dict[str, str | None]) -> None:
    installed["onnxruntime"] = None
    found = list(packages())
    one = about("onnxruntime", found)
    assert (one.state, one.fix, one.needed) == ("missing", "pip install 'inpaint-bench[detect]'", False)
    assert works(found)


@pytest.mark.parametrize(
    ("version", "state", "words"),
    [
        ("0.0.1", "missing", "too old, 8.1 or newer is required"),
        ("8.1", "note", "tested with"),
        ("9.9.9", "note", "tested with"),
    ],
)
def test_a_version_is_compared_with_the_minimum_and_the_tested_one(
    installed: dict[str, str | None], version: str, state: str, words: str
) -> None:
    installed["click"] = version
    found = about("click", list(packages()))
    assert found.state == state
    assert words in found.what


def test_a_build_of_the_tested_version_is_the_tested_version(installed: dict[str, str | None]) -> None:
    installed["torch"] = f"{doctor.tested_versions()['torch']}+cpu"
    assert about("torch 2", list(packages())).state == "ok"


@pytest.mark.parametrize(("python", "version"), [((3, 10, 13), "2.2.6"), ((3, 11, 0), "2.4.6"), ((3, 13, 1), "2.4.6")])
def test_the_tested_version_is_that_for_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: tuple[int, int, int], version: str
) -> None:
    pins = ["# tested", "numpy==2.4.6; python_version >= '3.11'", "numpy==2.2.6; python_version < '3.11'"]
    (tmp_path / "constraints.txt").write_text("\n".join(pins))
    monkeypatch.setattr(files, "PACKAGE", tmp_path / "inpaint_bench")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", python)
        assert doctor.tested_versions() == {"numpy": version}


def test_opencv_under_another_name_is_opencv(installed: dict[str, str | None]) -> None:
    installed["opencv-python-headless"] = None
    installed["opencv-python"] = "9.9"
    assert about("opencv-python", list(packages())).what.startswith("opencv-python 9.9")


def test_a_checkout_and_an_installation_name_the_same_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = requirements()
    assert Requirement("torch", "2.6") in here
    assert Requirement("tensorboard", "2.16", "train") in here
    assert not any(one.extra == "test" for one in here)
    lines = [f"{one.name}>={one.minimum}{f'; extra == {one.extra!r}' if one.extra else ''}" for one in here]
    lines += ["tomli>=2.0; python_version < '3.4'", "PyPatchMatch>=1; (sys_platform == 'os') and extra == 'classical'"]
    monkeypatch.setattr(files, "PACKAGE", tmp_path / "inpaint_bench")
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    assert requirements() == here
    assert doctor.tested_versions() == {}


def test_a_folder_that_is_not_writable_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "file" / "cache"))
    found = list(doctor.folders())
    assert [one.state for one in found] == ["ok", "missing"]
    assert "INPAINT_BENCH_CACHE" in found[1].fix
    assert not works(found)


def test_weights_are_listed_by_dataset() -> None:
    for dataset in ("paris", "celeba"):
        path = store.weights_path("rn", dataset)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert about("rn", list(doctor.methods())).what == "rn: weights for celeba, paris"


ERRORS = [ImportError("libtorch.so: no such file"), ValueError("numpy.dtype size changed")]


@pytest.mark.parametrize("error", quick(ERRORS, ERRORS[:1]))
def test_a_section_that_cannot_be_loaded_is_listed_and_the_others_are_checked(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise error

    monkeypatch.setitem(doctor._SECTIONS, "methods", broken)
    found = list(examine())
    assert about("cannot be checked", found).what.endswith(f"{type(error).__name__}: {error}")
    assert {one.section for one in found} == {"packages", "folders", "data", "methods", "metrics"}
    assert not works(found)
