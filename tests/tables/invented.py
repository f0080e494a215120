"""Results and times that no run gave, and names that every format must bear."""

from typing import Any

from inpaint_bench.analysis.results import Result
from inpaint_bench.runner.folder import MethodInfo
from inpaint_bench.timing import Cost, Memory, Series, Setting, Timing

NASTY = (
    "a_b%c&d#e$f{g}h~i^j\\k",
    '[x] *y* --z-- `u\' "v" <w>',
    "| pipe | \\textbf{q} $x$ %",
)


def result(**changes: Any) -> Result:
    """A result of the dataset tiny, with some of its facts changed."""
    facts: dict[str, Any] = {
        "schema": 1, "protocol": "tiny", "fingerprint": "f" * 12, "part": "", "method": "telea", "weights": "",
        "bucket": "all", "metric": "psnr", "signature": "psnr:rgb:u8r:comp:v1", "value": 20.0, "n": 7,
        "source": "measured", "scores": "", "code": "",
    }  # fmt: skip
    return Result(**{**facts, **changes})


def mae(value: float, **changes: Any) -> Result:
    """A result of the paper's MAE."""
    return result(metric="mae_spn", signature="mae_spn:rgb:channel-mean:u8t:comp:v1", value=value, **changes)


def fd(n: int, **changes: Any) -> Result:
    """A result of a Fréchet distance of n pictures."""
    return result(metric="fd_lite0", signature="fd_lite0:v1", value=31.4, n=n, **changes)


def results(methods: list[str], datasets: tuple[str, ...] = ("tiny",)) -> list[Result]:
    """Results of every method, in two metrics and three buckets, with intervals."""
    return [
        make(
            value=(20.0 + number) / scale,
            low=(19.5 + number) / scale,
            high=(20.5 + number) / scale,
            method=method,
            bucket=bucket,
            protocol=dataset,
        )
        for dataset in datasets
        for number, method in enumerate(methods)
        for make, scale in ((result, 1.0), (mae, 500.0))
        for bucket in ("0.2-0.4", "0.4-0.6", "all")
    ]


def timing(method: str, seconds: float = 0.02, **changes: Any) -> Timing:
    """The times of a method that takes so long."""
    series = Series((seconds,) * 3, (seconds,) * 3, "wall", 2, True)
    whole = Series((2 * seconds,), (seconds,), "wall", 2, True)
    made_by = MethodInfo("baseline", "", "", "cpu", (), {}, {})
    facts: dict[str, Any] = {
        "schema": 1, "method": method, "title": method, "made_by": made_by, "setting": Setting("cpu"),
        "pictures": "some",
        "network": series, "end_to_end": whole, "samples": 1, "network_of_samples": None,
        "cost": Cost(49_640_000, 123_456_000_000, {}), "memory": Memory(300 * 2**20, "peak"),
        "machine": {"processor": "a chip", "threads": "1"}, "unstable": (), "day": "2024-01-01",
    }  # fmt: skip
    return Timing(**{**facts, **changes})
