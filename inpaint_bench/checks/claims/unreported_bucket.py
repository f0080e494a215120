"""The bucket that is not printed: All less the printed buckets leaves what MAE and PSNR the pairs outside them have."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from inpaint_bench.checks.claims.base import Finding
from inpaint_bench.checks.claims.bucket_constraints import Sum, corners, fits
from inpaint_bench.checks.claims.shares import Fitting
from inpaint_bench.checks.claims.spread import CHECK, FEWEST, MAES, Ends, far

DRAWS = 2000  # shares that are tried

Shares = Float64[np.ndarray, "draws buckets"]
Left = Float64[np.ndarray, "draws"]


def check_hidden(fitting: Fitting) -> Iterator[Finding]:
    """A suspicion for methods whose unprinted bucket would have a spread far from the others', by any usual shares.

    Of the shares that fit, those count that leave the fewest methods far from the others.
    """
    rows = _rows(fitting)
    if len(rows) < FEWEST or not fits(fitting.sums, fitting.bounds):
        return
    shares = draw(fitting)
    shares = shares[shares[:, 0] > 0]
    ends = [_left(mae, psnr, shares) for mae, psnr in rows]
    low: Ends = np.stack([low for low, _ in ends], axis=1)
    high: Ends = np.stack([high for _, high in ends], axis=1)
    wrong, medians = far(low, high)
    best = int(wrong.sum(axis=1).argmin())
    for number, pair in enumerate(rows):
        if wrong[best, number]:
            text = (
                f"All and the printed buckets leave {fitting.place.buckets[0]} an MAE over root mean square error of "
                f"{low[best, number]:.3f} to {high[best, number]:.3f} where the other methods have "
                f"{medians[best, number]:.3f}, and no usual shares bring them all together."
            )
            yield Finding("suspicion", CHECK, tuple(one.total for one in pair), text)


def _rows(fitting: Fitting) -> list[tuple[Sum, Sum]]:
    """MAE and PSNR of the rows that lack the first bucket alone."""
    rows: dict[tuple[str, str], dict[str, Sum]] = {}
    for one in fitting.sums:
        if one.parts[0] is None and all(one.parts[1:]):
            rows.setdefault((one.total.table, one.total.row), {})[one.total.ours] = one
    return [(row[name], row["psnr"]) for row in rows.values() for name in MAES if {name, "psnr"} <= {*row}]


def draw(fitting: Fitting) -> Shares:
    """Shares that fit, mixtures of the outermost ones, the middle of all first: the same ones at every call."""
    outer = corners(fitting.sums, fitting.bounds)
    random = np.random.Generator(np.random.PCG64(0))
    weights = random.dirichlet(np.ones(len(outer)), DRAWS)
    drawn = np.vstack([outer.mean(axis=0), weights @ outer])
    away = np.abs(drawn - drawn[0]).max(axis=1)
    return np.asarray(drawn[np.argsort(away, kind="stable")])


def _left(mae: Sum, psnr: Sum, shares: Shares) -> tuple[Left, Left]:
    """The least and the largest spread that are left for the unprinted bucket."""
    first, others = shares[:, 0], shares[:, 1:]
    least, most = [], []
    for one in (mae, psnr):
        low, high = one.ends
        least.append((float(one.total.low) - others @ high[1:]) / first)
        most.append((float(one.total.high) - others @ low[1:]) / first)
    size = float(mae.total.unit_size)
    low, high = (np.maximum(0.0, m) * size * 10 ** (p / 20) for m, p in (least, most))
    return low, high
