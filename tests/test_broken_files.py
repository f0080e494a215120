"""Broken files of every format, a few of each; `tests/acceptance/test_fuzz.py` breaks many more."""

from pathlib import Path

import fuzz_formats
import fuzz_workspace
import fuzzing
import pytest

ROOT = Path(__file__).parents[1]
EACH = 6
QUICK = [form for form in fuzz_formats.FORMATS if not form.slow]  # what takes long is left to the acceptance tests


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid file of every format; made once for each worker."""
    folder = tmp_path_factory.mktemp("valid") / "workspace"
    folder.mkdir()
    fuzz_workspace.make_workspace(folder, ROOT / "results" / "reported" / "spn_paper.csv")
    return folder


def test_five_hundred_files_are_broken_each_time() -> None:
    assert EACH * len(QUICK) >= 500


@pytest.mark.parametrize("form", QUICK, ids=lambda form: form.name)
def test_a_broken_file_gives_the_same_numbers_or_one_sentence(
    form: fuzzing.Format, workspace: Path, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert fuzzing.faults(form, workspace, scratch, 0, EACH) == []
