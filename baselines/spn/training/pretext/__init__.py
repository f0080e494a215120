"""The pretext networks, whose features the pyramid learns, by name; all are frozen, none is downloaded.

Each takes images at their size and at twice the size, and returns features at full, half and quarter size. A map that
is smaller than its level is enlarged by nearest neighbour, as in the authors' code at full size.
"""

from collections.abc import Callable

from baselines.spn.training.config import Config, PretextConfig
from baselines.spn.training.pretext import detectors, edges, hrnet, spn_prior, timm_models, tresnet
from baselines.spn.training.pretext.features import Features
from inpaint_bench.errors import InputError, did_you_mean

PRETEXTS: dict[str, Callable[[PretextConfig, int], Features]] = {
    "tresnet_l": tresnet.trained,
    "lite0": timm_models.packaged,
    "hrnet": hrnet.segmenter,
    "yolo": detectors.from_ultralytics,
    "nanodet": detectors.from_package,
    "edges": edges.canny,
    "random": tresnet.random,
    "spn-prior": spn_prior.trained,
}


def open_pretext(config: Config) -> Features | None:
    """The frozen pretext network of a run; None if the prior loss is off.

    Raises InputError for an unknown name and a missing or wrong file.
    """
    wanted = config.pretext
    if config.weights.prior == 0 or config.network.levels == 0:
        return None
    make = timm_models.by_name if wanted.name.startswith("timm:") else PRETEXTS.get(wanted.name)
    if make is None:
        raise InputError(
            f"no pretext network is called '{wanted.name}'. {did_you_mean(wanted.name, [*PRETEXTS, 'timm:NAME'])}"
        )
    return make(wanted, config.seed).requires_grad_(False).eval()
