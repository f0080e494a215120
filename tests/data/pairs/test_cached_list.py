"""The list of pairs that the cache holds is used as it was written, or refused by name."""

from pathlib import Path

import pytest
import tiny

from inpaint_bench.data import datasets
from inpaint_bench.errors import HashError


@pytest.mark.parametrize("damage", [b"", b"no list", b"digit", b"\xff"])
def test_a_damaged_list_in_the_cache_is_named_with_the_remedy(tmp_path: Path, damage: bytes) -> None:
    page = tiny.make_dataset(tmp_path, count=2)
    seen = datasets.see(datasets.open_dataset(str(page), None), jobs=1)
    (cached,) = (tmp_path / "cache" / "pairs").glob("*.csv")
    digest = seen.pairs[0].image_sha256.encode()
    other = digest.translate(bytes.maketrans(b"0123456789", b"1234567890"))
    cached.write_bytes(cached.read_bytes().replace(digest, other) if damage == b"digit" else damage)
    with pytest.raises(HashError, match=r"\.csv: the list of pairs in the cache is damaged\. Delete it: the"):
        datasets.open_dataset(str(page), None)
    cached.unlink()
    assert datasets.see(datasets.open_dataset(str(page), None), jobs=1).pairs == seen.pairs
    assert datasets.open_dataset(str(page), None).pairs == seen.pairs
