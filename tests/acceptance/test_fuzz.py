"""10,000 broken files. FUZZ_SEED chooses others, FUZZ_COUNT how many of each format."""

import os
from pathlib import Path

import fuzz_formats
import fuzz_networks
import fuzz_workspace
import fuzzing
import pytest

pytestmark = pytest.mark.acceptance


REPORTED = Path(__file__).parents[2] / "results" / "reported" / "spn_paper.csv"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid file of every format, also of those that take long."""
    folder = tmp_path_factory.mktemp("valid") / "workspace"
    folder.mkdir()
    fuzz_workspace.make_workspace(folder, REPORTED)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fuzz_networks.make_clip()
    return folder


@pytest.mark.parametrize("form", fuzz_formats.FORMATS, ids=lambda form: form.name)
def test_a_broken_file_gives_the_same_numbers_or_one_sentence(
    form: fuzzing.Format,
    workspace: Path,
    tmp_path: Path,
) -> None:
    first, count = int(os.environ.get("FUZZ_SEED", "1000")), int(os.environ.get("FUZZ_COUNT", "150"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert fuzzing.faults(form, workspace, scratch, first, count) == []
