"""The bucket that is not printed: what MAE and PSNR All and the printed buckets imply for the pairs outside them."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from inpaint_bench.checks.claims.base import ClaimFinding
from inpaint_bench.checks.claims.bucket_constraints import BucketConstraint, feasible, vertices
from inpaint_bench.checks.claims.shares import FeasibleShares
from inpaint_bench.checks.claims.spread import CHECK, FEWEST, MAES, Ends, outliers

DRAWS = 2000  # shares that are tried

Shares = Float64[np.ndarray, "draws buckets"]
PerDraw = Float64[np.ndarray, "draws"]


def check_unreported_bucket(shares: FeasibleShares) -> Iterator[ClaimFinding]:
    """A suspicion for methods whose unprinted bucket would have a spread far from the others', under all usual shares.

    The feasible shares that are reported are those under which the fewest methods are outliers.
    """
    rows = _rows(shares)
    if len(rows) < FEWEST or not feasible(shares.constraints, shares.bounds):
        return
    drawn = draw(shares)
    drawn = drawn[drawn[:, 0] > 0]
    ends = [_implied_spread(mae, psnr, drawn) for mae, psnr in rows]
    low: Ends = np.stack([low for low, _ in ends], axis=1)
    high: Ends = np.stack([high for _, high in ends], axis=1)
    wrong, medians = outliers(low, high)
    best = int(wrong.sum(axis=1).argmin())
    for number, pair in enumerate(rows):
        if wrong[best, number]:
            text = (
                f"All and the printed buckets imply for {shares.dataset.buckets[0]} an MAE over root mean square error "
                f"of {low[best, number]:.3f} to {high[best, number]:.3f} where the other methods have "
                f"{medians[best, number]:.3f}, and no usual shares bring them all together."
            )
            yield ClaimFinding("suspicion", CHECK, tuple(one.total for one in pair), text)


def _rows(shares: FeasibleShares) -> list[tuple[BucketConstraint, BucketConstraint]]:
    """MAE and PSNR of the rows that lack the first bucket alone."""
    rows: dict[tuple[str, str], dict[str, BucketConstraint]] = {}
    for one in shares.constraints:
        if one.parts[0] is None and all(one.parts[1:]):
            rows.setdefault((one.total.table, one.total.row), {})[one.total.ours] = one
    return [(row[name], row["psnr"]) for row in rows.values() for name in MAES if {name, "psnr"} <= {*row}]


def draw(shares: FeasibleShares) -> Shares:
    """Feasible shares: mixtures of the vertices, their mean first; the same ones at every call."""
    outer = vertices(shares.constraints, shares.bounds)
    random = np.random.Generator(np.random.PCG64(0))
    weights = random.dirichlet(np.ones(len(outer)), DRAWS)
    drawn = np.vstack([outer.mean(axis=0), weights @ outer])
    away = np.abs(drawn - drawn[0]).max(axis=1)
    return np.asarray(drawn[np.argsort(away, kind="stable")])


def _implied_spread(mae: BucketConstraint, psnr: BucketConstraint, shares: Shares) -> tuple[PerDraw, PerDraw]:
    """The smallest and the largest spread of the unprinted bucket under each draw of shares."""
    first, others = shares[:, 0], shares[:, 1:]
    least, most = [], []
    for one in (mae, psnr):
        low, high = one.extremes
        least.append((float(one.total.low) - others @ high[1:]) / first)
        most.append((float(one.total.high) - others @ low[1:]) / first)
    size = float(mae.total.unit_size)
    low, high = (np.maximum(0.0, m) * size * 10 ** (p / 20) for m, p in (least, most))
    return low, high
