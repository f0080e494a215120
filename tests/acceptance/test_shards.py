"""The shipped sample in 1 to 7 shards, merged in any order, is the whole run byte for byte."""

import random
from pathlib import Path

import pytest
import tiny

from inpaint_bench.cli import run_cli

pytestmark = pytest.mark.acceptance


def run(out: Path, *part: str) -> int:
    return run_cli(["run", "--methods", "telea,mean-fill", "--out", str(out), "--quiet", *part])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    assert run(folder / "whole") == 0
    return folder / "whole"


@pytest.mark.parametrize("of", range(1, 8))
def test_the_sample_in_shards_is_the_sample(whole: Path, tmp_path: Path, of: int) -> None:
    parts = []
    for number in range(1, of + 1):
        parts.append(tmp_path / f"{number}of{of}")
        assert run(parts[-1], "--shard", f"{number}/{of}") == 0
    random.Random(of).shuffle(parts)
    assert tiny.merge(parts, tmp_path / "merged") == 0
    assert tiny.outcome(tmp_path / "merged") == tiny.outcome(whole)
