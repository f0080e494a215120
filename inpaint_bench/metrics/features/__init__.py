"""Extractors: networks that turn an image into a vector of features, for distances between sets of images."""

from inpaint_bench.metrics.features.extractor import Extract, Extractor, Rows
from inpaint_bench.metrics.features.weight_files import INCEPTION, LITE0_INPUT, TRUNKS, lite0_absent

__all__ = ["EXTRACTORS", "Extract", "Extractor", "Rows"]


def _inception(name: str, preprocessing: str, opened_by: str) -> Extractor:
    return Extractor(
        name,
        2048,
        lambda: INCEPTION[name].absent(),
        lambda: f"{name}:{INCEPTION[name].sha256[:8]}:{preprocessing}:pool3:v1",
        opened_by,
    )


_EXTRACTORS = (
    _inception("inception", "299-tf1-bilinear", "features.inception:open_inception"),
    _inception("inception_pic2018", "299-bilinear-transform-input", "features.inception:open_pic2018"),
    Extractor(
        "lite0", 320, lite0_absent, lambda: f"lite0:{LITE0_INPUT}:last-block-mean:v1", "features.lite0:open_lite0"
    ),
    Extractor(
        "vgg16",
        512,
        TRUNKS["vgg"].absent,
        lambda: f"vgg16:{TRUNKS['vgg'].sha256[:8]}:as-it-is:relu5_3-mean:v1",
        "features.vgg16:open_vgg16",
    ),
)

EXTRACTORS: dict[str, Extractor] = {extractor.name: extractor for extractor in _EXTRACTORS}
