"""The slow ones of the classical methods, as functions of one picture and as a process.

`python functions.py NAME` reads pickled pairs of picture and hole from its input and writes the inpainted picture of
each, until its input ends. It imports no torch: it starts within a second.
"""

import os
import pickle
import signal
import sys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from inpaint_bench.data.images import Hole, Pixels

PATCH = 3  # pixels a side of the patches of PatchMatch
SEED = 0  # of PatchMatch's random search, set before every picture


def biharmonic(pixels: "Pixels", hole: "Hole") -> "Pixels":
    """Biharmonic functions (Damelin and Hoang 2018), by scikit-image."""
    from skimage.restoration import inpaint_biharmonic

    output = inpaint_biharmonic(pixels / 255, hole, channel_axis=-1)  # already within the range of the known values
    return np.asarray(np.rint(output * 255), dtype=np.uint8)


def patchmatch(pixels: "Pixels", hole: "Hole") -> "Pixels":
    """PatchMatch (Barnes et al. 2009) in a pyramid, by PyPatchMatch."""
    import patchmatch as library

    library.set_random_seed(SEED)
    mask = hole.astype(np.uint8)[..., None] * np.uint8(255)
    return np.asarray(library.inpaint(pixels, mask, patch_size=PATCH))


FUNCTIONS = {"biharmonic": biharmonic, "patchmatch": patchmatch}


def main(name: str) -> None:
    """Inpaint pictures from the input until it ends or one fails; Ctrl-C is left to who reads the answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # where a library's own words go
        while True:
            try:
                pickle.dump(FUNCTIONS[name](*pickle.load(sys.stdin.buffer)), answers)
                answers.flush()
            except Exception:  # the input has ended; or who reads the answers finds out for itself what is wrong
                return


if __name__ == "__main__":
    main(sys.argv[1])
