"""Write golden_adapter.json of one or more rooms: what each of their methods predicts now.

    python baselines/make_golden.py classical rn

Run it when an adapter is new, or when its output changed on purpose; the commit says why.
"""

import json
import sys

import torch

from inpaint_bench.files import write_if_changed
from inpaint_bench.golden import adapter
from inpaint_bench.methods.rooms import find_rooms, loader, weights_of
from inpaint_bench.weights import FILLED

SAMPLES = 2
SIZES = {"dsi": 64}  # at 256 a code whose draw is near a border may fall otherwise on another machine


def main(rooms: list[str]) -> None:
    """Write the file of every room that is named."""
    for name in rooms:
        found = [(room, card) for room, card in find_rooms().values() if room.folder.name == name]
        cases = []
        for room, card in found:
            weights = weights_of(room, card, "", FILLED if card.learned else None)
            inpaint = loader(room, card)(weights, torch.device("cpu"))
            cases.append(adapter.record(card.name, inpaint, SIZES.get(name, 256), SAMPLES if card.stochastic else 0))
        golden = {"schema": adapter.SCHEMA, "note": adapter.__doc__.split("\n")[0], "cases": cases}
        write_if_changed(found[0][0].folder / adapter.FILE, (json.dumps(golden) + "\n").encode())


if __name__ == "__main__":
    main(sys.argv[1:])
