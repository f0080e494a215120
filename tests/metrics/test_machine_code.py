"""Machine code of metrics is compiled when it is needed, and kept in the cache folder where that can be written."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
import pytest

from inpaint_bench import files
from inpaint_bench.metrics import machine_code


def test_importing_the_metrics_loads_no_compiler() -> None:
    program = "import sys, inpaint_bench.metrics; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_machine_code_is_kept_in_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _without_a_folder_of_numbas_own(monkeypatch)
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path))
    assert machine_code.compiled(_twice)(4) == 8
    assert any((tmp_path / "numba").rglob("*.code"))
    assert vars(numba.config)["CACHE_DIR"] == ""


def test_machine_code_that_is_damaged_or_cannot_be_kept_is_compiled_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _without_a_folder_of_numbas_own(monkeypatch)
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path))
    with monkeypatch.context() as full:
        full.setattr(tempfile, "mkstemp", _full)
        assert machine_code.compiled(_twice)(4) == 8
    assert not any((tmp_path / "numba").rglob("*.code"))
    assert machine_code.compiled(_twice)(4) == 8
    (kept,) = (tmp_path / "numba").rglob("*.code")
    kept.write_bytes(kept.read_bytes()[:-200] + bytes(200))
    assert machine_code.compiled(_twice)(4) == 8
    digest, code = kept.read_bytes()[:64], kept.read_bytes()[64:]
    assert files.sha256(code).encode() == digest


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_without_a_cache_folder_machine_code_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _without_a_folder_of_numbas_own(monkeypatch)
    (tmp_path / "file").touch()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "file"))
    assert machine_code.compiled(_twice)(4) == 8
    assert not any(Path(__file__).parent.rglob("*_twice*.nbc"))


def _without_a_folder_of_numbas_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    vars(numba.config)["reload_config"]()  # else the next compilation does, and undoes what follows
    monkeypatch.setitem(vars(numba.config), "CACHE_DIR", "")


def _twice(number: int) -> int:
    return 2 * number
