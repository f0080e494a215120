"""Numbers outside the range of their metric, and MAE and PSNR that are inconsistent with each other.

For one image with errors e in a hole that covers a share r of it, MAE^2 <= r * MSE by Cauchy-Schwarz, for either form
of MAE; and since |e| <= 1, MSE <= MAE for the MAE per channel. For means over images only the second is certain. As
-log is convex,

    mean PSNR = mean of -10 log MSE >= mean of -10 log MAE >= -10 log (mean MAE)

while the first does not carry over: one nearly perfect image raises the mean PSNR without bound and hardly lowers the
mean MAE. The second does not hold for `mae_spn`, in which channels cancel. So an MAE too small for its PSNR is a
contradiction only for `mae`; everything else is a suspicion.

spread = MAE * 10^(PSNR / 20), MAE over root mean square error, measures how evenly errors are spread. It depends more
on a dataset and its masks than on a method: the methods of the papers lie within 15% of each other on the same holes.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float64

from inpaint_bench.analysis.reported import ALL, Reported
from inpaint_bench.checks.claims.base import ClaimFinding
from inpaint_bench.checks.claims.bucket_constraints import Interval, edges, metric_range

FAR = 1.2  # an outlier differs from the median of the others by more than this factor
FEWEST = 3  # methods that a median needs
MAES = ("mae", "mae_spn")
CHECK = "MAE against PSNR"

Ends = Float64[np.ndarray, "cases methods"]


def check_ranges(cells: Sequence[Reported]) -> Iterator[ClaimFinding]:
    """A contradiction for every number outside the range of its metric."""
    for cell in cells:
        low, high = (bound / float(cell.unit_size) for bound in metric_range(cell.ours))
        if float(cell.high) < low or float(cell.low) > high:
            text = f"{cell.ours} lies between {low:g} and {high:g} in these units."
            yield ClaimFinding("contradiction", "range", (cell,), text)


def check_order(cells: Sequence[Reported]) -> Iterator[ClaimFinding]:
    """A suspicion wherever larger holes score better than smaller ones."""
    rows: dict[tuple[str, ...], list[Reported]] = {}
    for cell in cells:
        if cell.over == "pairs" and cell.bucket != ALL:
            key = (cell.paper, cell.table, cell.dataset, cell.row, cell.metric, cell.samples)
            rows.setdefault(key, []).append(cell)
    for row in rows.values():
        row.sort(key=lambda cell: edges(cell.bucket))
        for small, large in pairwise(row):
            gained = large.low > small.high if small.better == "higher" else large.high < small.low
            if gained and edges(small.bucket)[1] <= edges(large.bucket)[0]:
                yield ClaimFinding("suspicion", "order", (small, large), "Larger holes score better than smaller ones.")


# --- printed pairs --------------------------------------------------------------------------------


def check_pairs(cells: Sequence[Reported]) -> Iterator[ClaimFinding]:
    """MAE against PSNR of the same row and bucket, and their spread against that of the other methods."""
    pairs = _pairs(cells)
    for mae, psnr in pairs:
        if mae.ours == "mae" and float(psnr.high) < -10 * math.log10(max(_size(mae)[1], 1e-300)):
            text = f"Errors of at most 1 with a mean of {f'{mae.value} {mae.unit}'.strip()} cannot give so low a PSNR."
            yield ClaimFinding("contradiction", CHECK, (mae, psnr), text)
        elif spread(mae, psnr)[0] > math.sqrt(edges(mae.bucket)[1]):
            text = "No single image has so large an MAE at such a PSNR: only a very uneven set of images would."
            yield ClaimFinding("suspicion", CHECK, (mae, psnr), text)
    by_bucket: dict[tuple[str, ...], dict[str, tuple[Reported, Reported]]] = {}
    for mae, psnr in pairs:
        by_bucket.setdefault((mae.paper, mae.dataset, mae.bucket, mae.ours), {})[f"{mae.table} {mae.row}"] = mae, psnr
    for found in by_bucket.values():
        if len(found) < FEWEST:
            continue
        ends = [spread(*pair) for pair in found.values()]
        (wrong,), (medians,) = outliers(np.array([[low for low, _ in ends]]), np.array([[high for _, high in ends]]))
        for pair, (low, high), is_far, other in zip(found.values(), ends, wrong, medians, strict=True):
            if is_far:
                text = f"MAE over root mean square error is {low:.3f} to {high:.3f}, the others' median {other:.3f}."
                yield ClaimFinding("suspicion", CHECK, pair, text)


def _pairs(cells: Sequence[Reported]) -> list[tuple[Reported, Reported]]:
    rows: dict[tuple[str, ...], dict[str, Reported]] = {}
    for cell in cells:
        key = (cell.paper, cell.table, cell.dataset, cell.row, cell.bucket, cell.samples)
        rows.setdefault(key, {})[cell.ours] = cell
    return [(row[name], row["psnr"]) for row in rows.values() if "psnr" in row for name in MAES if name in row]


def _size(mae: Reported) -> Interval:
    return float(mae.low * mae.unit_size), float(mae.high * mae.unit_size)


def spread(mae: Reported, psnr: Reported) -> Interval:
    """MAE over root mean square error, the smallest and the largest that rounding allows."""
    low, high = _size(mae)
    return low * _peak_over_error(float(psnr.low)), high * _peak_over_error(float(psnr.high))


def _peak_over_error(psnr: float) -> float:
    """The range of pixels over the root mean square error, as far as floats go."""
    return float(10 ** min(psnr / 20, 300))


def outliers(low: Ends, high: Ends) -> tuple[Bool[np.ndarray, "cases methods"], Ends]:
    """In each case, which intervals lie entirely too far from the median of the others' centres, and those medians."""
    middle = (low + high) / 2
    others = [np.median(np.delete(middle, method, axis=1), axis=1) for method in range(middle.shape[1])]
    medians = np.stack(others, axis=1)
    return (low > medians * FAR) | (high < medians / FAR), medians
