"""Write golden_adapter.json of one or more baselines: the reference output of each of their methods.

    python baselines/make_golden.py classical rn

Run it for a new adapter, or when its output changed on purpose; the commit message gives the reason.
"""

import json
import sys

import torch

from inpaint_bench.checks.activations import adapter
from inpaint_bench.files import write_if_changed
from inpaint_bench.methods.baselines import find_baselines, loader, weights_of
from inpaint_bench.weights import SYNTHETIC

SAMPLES = 2
SIZES = {"dsi": 64}  # at 256, rounding on another machine may change a code whose draw is close to a boundary


def main(baselines: list[str]) -> None:
    """Write the file of every named baseline."""
    for name in baselines:
        found = [(baseline, card) for baseline, card in find_baselines().values() if baseline.folder.name == name]
        cases = []
        for baseline, card in found:
            weights = weights_of(baseline, card, "", SYNTHETIC if card.learned else None)
            inpaint = loader(baseline, card)(weights, torch.device("cpu"))
            cases.append(adapter.capture(card.name, inpaint, SIZES.get(name, 256), SAMPLES if card.stochastic else 0))
        golden = {"schema": adapter.SCHEMA, "note": adapter.NOTE, "cases": cases}
        write_if_changed(found[0][0].folder / adapter.FILE, (json.dumps(golden) + "\n").encode())


if __name__ == "__main__":
    main(sys.argv[1:])
