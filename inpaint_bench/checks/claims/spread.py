"""Numbers that no picture can have, and MAE and PSNR that do not fit each other.

Of one picture with errors e in a hole of share r, by Cauchy and Schwarz, MAE^2 <= r * MSE, for either form of MAE;
and since no |e| is above 1, MSE <= MAE, for the MAE per channel. Of means over pictures only the second stays
certain. As -log is convex,

    mean PSNR = mean of -10 log MSE >= mean of -10 log MAE >= -10 log (mean MAE)

while the first does not carry over: one nearly perfect picture raises the mean PSNR without bound and lowers the
mean MAE by little. The second is not true of `mae_spn`, in which channels cancel. So an MAE too small for its PSNR
contradicts it only for `mae`; all else is a suspicion.

How large the errors of one picture are to how many there are is measured by spread = MAE * 10^(PSNR / 20), MAE over
root mean square error. It says more of a dataset and its masks than of a method: the papers' methods lie
within 15% of each other where holes are the same.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float64

from inpaint_bench.analysis.reported import ALL, Reported
from inpaint_bench.checks.claims.base import Finding
from inpaint_bench.checks.claims.bucket_constraints import Interval, edges, possible

FAR = 1.2  # as many times the others' median is too far for a spread
FEWEST = 3  # methods that make a median
MAES = ("mae", "mae_spn")
CHECK = "MAE against PSNR"

Ends = Float64[np.ndarray, "cases methods"]


def check_ranges(cells: Sequence[Reported]) -> Iterator[Finding]:
    """A contradiction for every number outside what its metric can be."""
    for cell in cells:
        low, high = (bound / float(cell.unit_size) for bound in possible(cell.ours))
        if float(cell.high) < low or float(cell.low) > high:
            text = f"{cell.ours} lies between {low:g} and {high:g} in these units."
            yield Finding("contradiction", "range", (cell,), text)


def check_order(cells: Sequence[Reported]) -> Iterator[Finding]:
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
                yield Finding("suspicion", "order", (small, large), "Larger holes score better than smaller ones.")


# --- printed pairs --------------------------------------------------------------------------------


def check_pairs(cells: Sequence[Reported]) -> Iterator[Finding]:
    """MAE and PSNR of one cell against each other, and their spread against the other methods' of the bucket."""
    pairs = _pairs(cells)
    for mae, psnr in pairs:
        if mae.ours == "mae" and float(psnr.high) < -10 * math.log10(max(_size(mae)[1], 1e-300)):
            text = f"Errors of at most 1 that average {f'{mae.value} {mae.unit}'.strip()} cannot give so low a PSNR."
            yield Finding("contradiction", CHECK, (mae, psnr), text)
        elif spread(mae, psnr)[0] > math.sqrt(edges(mae.bucket)[1]):
            text = "No single picture has so large an MAE at such a PSNR: only very uneven pictures would."
            yield Finding("suspicion", CHECK, (mae, psnr), text)
    by_bucket: dict[tuple[str, ...], dict[str, tuple[Reported, Reported]]] = {}
    for mae, psnr in pairs:
        by_bucket.setdefault((mae.paper, mae.dataset, mae.bucket, mae.ours), {})[f"{mae.table} {mae.row}"] = mae, psnr
    for found in by_bucket.values():
        if len(found) < FEWEST:
            continue
        ends = [spread(*pair) for pair in found.values()]
        (wrong,), (medians,) = far(np.array([[low for low, _ in ends]]), np.array([[high for _, high in ends]]))
        for pair, (low, high), is_far, other in zip(found.values(), ends, wrong, medians, strict=True):
            if is_far:
                text = f"MAE over root mean square error is {low:.3f} to {high:.3f}, of the others {other:.3f}."
                yield Finding("suspicion", CHECK, pair, text)


def _pairs(cells: Sequence[Reported]) -> list[tuple[Reported, Reported]]:
    rows: dict[tuple[str, ...], dict[str, Reported]] = {}
    for cell in cells:
        key = (cell.paper, cell.table, cell.dataset, cell.row, cell.bucket, cell.samples)
        rows.setdefault(key, {})[cell.ours] = cell
    return [(row[name], row["psnr"]) for row in rows.values() if "psnr" in row for name in MAES if name in row]


def _size(mae: Reported) -> Interval:
    return float(mae.low * mae.unit_size), float(mae.high * mae.unit_size)


def spread(mae: Reported, psnr: Reported) -> Interval:
    """MAE over root mean square error, as far as rounding leaves it open."""
    low, high = _size(mae)
    return low * 10 ** (float(psnr.low) / 20), high * 10 ** (float(psnr.high) / 20)


def far(low: Ends, high: Ends) -> tuple[Bool[np.ndarray, "cases methods"], Ends]:
    """In each case, which intervals lie whole too far from the median of the others' middles, and those medians."""
    middle = (low + high) / 2
    others = [np.median(np.delete(middle, method, axis=1), axis=1) for method in range(middle.shape[1])]
    medians = np.stack(others, axis=1)
    return (low > medians * FAR) | (high < medians / FAR), medians
