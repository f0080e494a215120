"""`make gpu`, tried on a processor: every part writes its file, and one that fails does not end the others."""

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from types import ModuleType

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "gpu.py"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(SCRIPT.parent)
    return importlib.import_module("gpu")


def run_script(*options: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(path or ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    words = [sys.executable, str(SCRIPT), "--device", "cpu", "--quick", "--out", "out", *options]
    return subprocess.run(words, env=environment, capture_output=True, text=True)


def normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def required_by(distribution: str, extras: bool) -> set[str]:
    """The distributions that one requires."""
    texts = [text for text in requires(distribution) or () if extras or "extra ==" not in text]
    return {normal(re.split(r"[^\w.-]", text)[0]) for text in texts}


def with_theirs(distributions: set[str]) -> set[str]:
    """Distributions with all that they require."""
    found, left = set[str](), set(map(normal, distributions))
    while left:
        found.add(name := left.pop())
        with contextlib.suppress(PackageNotFoundError):  # of another system
            left |= required_by(name, extras=False) - found
    return found


def without_others(folder: Path, needed: set[str]) -> Path:
    """A folder for PYTHONPATH, with which no other package that this project requires can be imported."""
    others = required_by("inpaint-bench", extras=True) - with_theirs(needed)
    blocked = [name for name, owners in packages_distributions().items() if set(map(normal, owners)) <= others]
    assert {"lpips", "hypothesis", "timm"} <= {*blocked}
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({blocked}))\n")
    return folder


@pytest.mark.acceptance
def test_every_part_runs_on_a_processor_with_the_packages_that_the_script_names(
    gpu: ModuleType, tmp_path: Path
) -> None:
    answer = run_script("--minutes", "30", path=without_others(tmp_path / "path", set(gpu.NEEDED.values())))
    log = tmp_path / "out" / "log.txt"
    assert answer.returncode == 0, answer.stdout + answer.stderr + log.read_text()
    for name in gpu.PARTS:
        content = json.loads((tmp_path / "out" / f"{name}.json").read_text())
        assert content["ended"]["how"] == "finished"
        assert content["rows"]
        assert f"## {content['title']}\n" in (tmp_path / "out" / "report.md").read_text()
    tests = json.loads((tmp_path / "out" / "tests.json").read_text())["rows"]
    assert {row["outcome"] for row in tests} == {"passed"}
    assert (tmp_path / "out" / "finetune" / "checkpoint.pt").is_file()


def test_parts_without_time_are_recorded_as_stopped_and_the_script_ends_with_3(tmp_path: Path) -> None:
    answer = run_script("--minutes", "0", "--parts", "training,pairs")
    assert answer.returncode == 3
    for name in ("pairs", "training"):
        assert json.loads((tmp_path / "out" / f"{name}.json").read_text())["ended"]["how"] == "stopped"
    report = (tmp_path / "out" / "report.md").read_text()
    assert report.index("## pairs") < report.index("## training")


@pytest.mark.parametrize(
    ("code", "how"), [(0, "finished"), (3, "not everything was done"), (4, "a check failed"), (1, "crashed")]
)
def test_the_exit_code_of_a_part_and_its_last_line_are_recorded(
    gpu: ModuleType, tmp_path: Path, code: int, how: str
) -> None:
    program = f"print('first'); print('| last'); raise SystemExit({code})"
    found, last = gpu.run([sys.executable, "-c", program], 60.0, tmp_path / "log")
    assert (found, last) == (code, "| last")
    ended = gpu.ended(found, last, 1.0, 60.0)
    assert ended["how"] == how
    assert ended.get("last_line") == (last if code else None)


def test_a_part_is_stopped_with_its_children_at_its_limit(gpu: ModuleType, tmp_path: Path) -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(99)'])"
    assert gpu.run([sys.executable, "-c", program], 0.5, tmp_path / "log")[0] is None


def test_each_part_has_its_share_of_nine_minutes_and_what_others_leave(gpu: ModuleType) -> None:
    names = list(gpu.PARTS)
    assert gpu.limit_of(names, 540.0) == pytest.approx(60 * gpu.PARTS[names[0]].share)
    assert gpu.limit_of(names[-1:], 333.0) == 333.0
    assert gpu.limit_of(names, -1.0) == 0
    assert gpu.PARTS[names[-1]].share == 3.0


def script(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gpu.py", *options])
    return int(gpu.main())


def test_what_is_missing_is_one_sentence_before_anything_runs(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert script(gpu, monkeypatch) == 2
    assert f"gpu: torch {torch.__version__} sees no GPU here. Install" in capsys.readouterr().err
    assert script(gpu, monkeypatch, "--device", "cpu") == 2
    assert "photographs.zip: there are no photographs to train on. Make the file with" in capsys.readouterr().err
    assert script(gpu, monkeypatch, "--device", "cpu", "--parts", "pairs", "--weights", "none") == 2
    assert capsys.readouterr().err == f"gpu: {tmp_path / 'none'}: there is no such file of weights.\n"
    monkeypatch.setitem(gpu.NEEDED, "no_such_module", "no-such-package")
    assert script(gpu, monkeypatch, "--device", "cpu", "--quick") == 2
    assert capsys.readouterr().err == (
        "gpu: not installed here: no-such-package. Install them: pip install no-such-package.\n"
    )
    assert not list(tmp_path.iterdir())


def test_an_unknown_part_is_refused(
    gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        script(gpu, monkeypatch, "--parts", "pairs,tabel6")
    assert "no part is called 'tabel6'; known: tests, table6" in capsys.readouterr().err


def test_a_row_of_the_report_shows_four_digits_and_hides_no_bar(gpu: ModuleType) -> None:
    report = importlib.import_module("on_gpu.report")
    rows = [{"what": "a|b", "ms": 12.34567}, {"what": "c", "why": "two\nlines"}]
    ended = {"how": "finished", "seconds": 1.5, "limit_seconds": 60.0}
    assert report.section({"part": "x", "rows": rows, "notes": ["a note"], "ended": ended}).splitlines() == [
        *("## x", "", "Finished, 1.5 of 60.0 s.", "", "| what | ms | why |", "| --- | --- | --- |"),
        *("| a\\|b | 12.35 | - |", "| c | - | two lines |", "", "- a note"),
    ]
