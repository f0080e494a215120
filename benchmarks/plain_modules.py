"""Networks beside the same networks in plain torch modules: NCHW, nothing folded, joined or kept, as published.

    python benchmarks/plain_modules.py [NAME ...] [--runs 7] [--threads 2]

Batch 1, synthetic weights; sides are 256 pixels, of migan-512 and mat 512. Outputs are compared; then both take turns,
so that they see the same load, and the median of the processor's seconds is printed. Beside other work take one
thread: several count the seconds in which they wait for each other.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from plain.ctsdg import ctsdg
from plain.dsi import dsi, dsi_64
from plain.ec import ec
from plain.lama import lama
from plain.mat import mat
from plain.mfe import mfe
from plain.migan import migan
from plain.pic import pic
from plain.rfr import rfr
from plain.rn import rn
from plain.spl import spl
from plain.spn import spn, spn_prob
from plain.wf import wf
from torch import Tensor

PAIRS: dict[str, Callable[[], tuple[Callable[[], Tensor], Callable[[], Tensor]]]] = {
    "lama": lama,
    "migan": partial(migan, 256, "migan/golden.json"),
    "migan-512": partial(migan, 512, "migan/golden_512.json"),
    "mat": partial(mat, 512, "mat/golden_512.json"),
    "mat-256": partial(mat, 256, "mat/golden_256.json"),
    "spn": spn,
    "spn-prob": spn_prob,
    "wf": wf,
    "rfr": rfr,
    "ec": ec,
    "spl": spl,
    "mfe": mfe,
    "rn": rn,
    "ctsdg": ctsdg,
    "pic": pic,
    "dsi": dsi,
    "dsi-64": dsi_64,
}
PARTS = {
    "dsi": "  (condition and texture; the codes are given, not sampled)",
    "dsi-64": "  (one sample for an image of 64 pixels)",
}


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(PAIRS), choices=[*PAIRS], metavar="NAME")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.names:
        ours, plain = PAIRS[name]()
        taken: dict[str, list[float]] = {"ours": [], "plain": []}
        with torch.inference_mode():
            difference = (ours() - plain()).abs().max().item()
            for _ in range(arguments.runs):
                for which, forward in (("ours", ours), ("plain", plain)):
                    start = time.process_time()
                    forward()
                    taken[which].append(time.process_time() - start)
        one, other = (statistics.median(taken[which]) for which in ("ours", "plain"))
        line = (
            f"{name:10} ours {one:6.2f} s  plain {other:6.2f} s  {other / one:.2f} times  difference {difference:.1e}"
        )
        print(line + PARTS.get(name, ""))


if __name__ == "__main__":
    main()
