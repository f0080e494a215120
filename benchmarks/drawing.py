"""Seconds of drawing 12,000 masks, of each kind and as the pages with drawn masks have them; what they are held to.

    python benchmarks/drawing.py [COUNT]

COUNT masks of each page, by default all, are drawn and kept in an empty cache, as when its pairs are built; a smaller
COUNT is held to the same bound a mask. A line a kind gives the milliseconds of one mask. Exit code 1 where a bound is
broken.
"""

import sys
import tempfile
import time
from pathlib import Path

from inpaint_bench.data.masks import draw, drawn, lama_mat
from inpaint_bench.data.protocols import page_path, read_page
from inpaint_bench.threads import in_order

BOUNDS = {"celeba-drawn": 180, "places2-512": 720}  # seconds of 12,000 masks on two cores
OF_A_KIND = 60
JOBS = 2


def seconds_of_page(name: str, count: int) -> float:
    """The seconds in which the first masks of a page are drawn."""
    page = read_page(page_path(name))
    assert page.size is not None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in drawn.mask_names(page)[:count]]
        size, begun = page.size, time.perf_counter()
        for _ in in_order(lambda path: drawn.read_hole(path, size, ""), paths, JOBS):
            pass
        return time.perf_counter() - begun


def milliseconds_of_kind(kind: str, size: int) -> float:
    """The milliseconds of one mask, on average."""
    begun = time.process_time()
    for seed in range(OF_A_KIND):
        if kind in draw.KINDS:
            draw.draw(kind, size, seed, *((1, 20), (20, 40), (40, 60))[seed % 3])
        else:
            lama_mat.draw(kind, size, seed, 1, 60)
    return (time.process_time() - begun) / OF_A_KIND * 1000


def main(arguments: list[str]) -> int:
    """Print the times and the bound of each page."""
    count = int(arguments[0]) if arguments else 12000
    for kind in [*draw.KINDS, *lama_mat.KINDS]:
        times = ", ".join(f"{milliseconds_of_kind(kind, size):.1f} ms at {size}" for size in (256, 512))
        print(f"{kind:12}  {times}")
    broken = 0
    for name, bound in BOUNDS.items():
        seconds, most = seconds_of_page(name, count), bound * count / 12000
        print(f"{name:12}  {seconds:.1f} s for {count} masks in {JOBS} threads, at most {most:.0f} s")
        broken += seconds > most
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
