"""timing.json: written whole, read back, and never mixed with another setting."""

from pathlib import Path

import msgspec
import pytest

from inpaint_bench.errors import InputError
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.timing import (
    Cost,
    Memory,
    Series,
    Setting,
    Timing,
    read_timings,
    refuse_another,
    timing_path,
    write_timing,
)

INFO = MethodInfo(
    "baseline spn", "c0de", "synthetic", "cpu", ("inpaint-bench", "time"), {"torch": "2"}, {"system": "Linux"}
)
SERIES = Series((0.5, 0.25, 1.0), (0.5, 0.5, 0.5), "wall", 2, True)


def timing(method: str = "spn", setting: Setting = Setting("cpu")) -> Timing:  # noqa: B008  # frozen
    return Timing(
        schema=1,
        method=method,
        title="SPN",
        made_by=INFO,
        setting=setting,
        pictures="drawn",
        network=SERIES,
        end_to_end=SERIES,
        samples=1,
        network_of_samples=None,
        cost=Cost(50_648_835, 336_180_019_200, {"relu": 10}),
        memory=Memory(2**20, "resident"),
        machine={"cores": "2"},
        unstable=("a load",),
        day="2026-01-01",
    )


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    for name in ("spn", "lama"):
        write_timing(tmp_path, timing(name))
    found = read_timings(tmp_path)
    assert found == {name: timing(name) for name in ("lama", "spn")}
    assert found["spn"].synthetic
    assert found["spn"].seconds == 0.5


def test_the_seconds_of_an_image_are_a_batch_shared_out() -> None:
    assert timing(setting=Setting("cpu", 256, 4)).seconds == 0.125


def test_a_folder_without_times_has_none(tmp_path: Path) -> None:
    assert read_timings(tmp_path) == {}


@pytest.mark.parametrize("setting", [Setting("cuda"), Setting("cpu", 512), Setting("cpu", 256, 8)])
def test_times_of_another_setting_are_not_written_over(tmp_path: Path, setting: Setting) -> None:
    write_timing(tmp_path, timing())
    refuse_another(tmp_path, "spn", Setting("cpu"))
    refuse_another(tmp_path, "lama", setting)
    with pytest.raises(InputError, match=r"holds the times of 1 of 256x256 on cpu; now it would be .* another --out"):
        refuse_another(tmp_path, "spn", setting)


def test_a_broken_file_and_one_of_another_version_are_refused(tmp_path: Path) -> None:
    path = timing_path(tmp_path, "spn")
    path.parent.mkdir()
    path.write_bytes(b'{"schema": 1, "method"')
    with pytest.raises(InputError, match=r"spn/timing.json: not a timing file of this version"):
        read_timings(tmp_path)
    path.write_bytes(b'{"schema": 1, "method": "\xff"}')
    with pytest.raises(InputError, match=r"spn/timing.json: not a timing file of this version"):
        read_timings(tmp_path)
    path.write_bytes(msgspec.json.encode(timing()).replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(InputError, match="Time the method again"):
        read_timings(tmp_path)


def test_times_under_another_name_are_refused(tmp_path: Path) -> None:
    write_timing(tmp_path, timing())
    (tmp_path / "spn").rename(tmp_path / "spl")
    with pytest.raises(InputError, match="holds the times of spn"):
        read_timings(tmp_path)
