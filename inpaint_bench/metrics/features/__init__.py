"""Networks that make a row of numbers of a picture, for distances between sets of pictures."""

from inpaint_bench.metrics.features import inception, lite0, vgg16
from inpaint_bench.metrics.features.extractor import Extract, Extractor, Rows
from inpaint_bench.metrics.features.trunks import FILES

__all__ = ["EXTRACTORS", "Extract", "Extractor", "Rows"]

_EXTRACTORS = (
    Extractor(
        "inception",
        inception.WIDTH,
        lambda: inception.FILES["inception"].absent(),
        lambda: inception.signature("inception"),
        inception.open_inception,
    ),
    Extractor(
        "inception_pic2018",
        inception.WIDTH,
        lambda: inception.FILES["inception_pic2018"].absent(),
        lambda: inception.signature("inception_pic2018"),
        inception.open_pic2018,
    ),
    Extractor("lite0", lite0.WIDTH, lite0.absent, lambda: lite0.SIGNATURE, lite0.open_lite0),
    Extractor("vgg16", vgg16.WIDTH, FILES["vgg"].absent, lambda: vgg16.SIGNATURE, vgg16.open_vgg16),
)

EXTRACTORS: dict[str, Extractor] = {extractor.name: extractor for extractor in _EXTRACTORS}
