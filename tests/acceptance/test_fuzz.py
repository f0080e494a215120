"""10,000 broken files. FUZZ_SEED chooses others, FUZZ_COUNT how many of each format."""

import os
from pathlib import Path

import fuzz_formats
import fuzzing
import pytest
from test_broken_files import workspace  # noqa: F401  # a fixture

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("form", fuzz_formats.FORMATS, ids=lambda form: form.name)
def test_a_broken_file_gives_the_same_numbers_or_one_sentence(
    form: fuzzing.Format,
    workspace: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    first, count = int(os.environ.get("FUZZ_SEED", "1000")), int(os.environ.get("FUZZ_COUNT", "150"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert fuzzing.faults(form, workspace, scratch, first, count) == []
