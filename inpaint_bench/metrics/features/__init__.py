"""Networks that make a row of numbers of a picture, for distances between sets of pictures."""

from inpaint_bench.metrics.features import inception, lite0, vgg16
from inpaint_bench.metrics.features.extractor import Extract, Extractor, Rows
from inpaint_bench.metrics.features.trunks import FILES

__all__ = ["EXTRACTORS", "Extract", "Extractor", "Rows"]

_EXTRACTORS = (
    Extractor(
        "inception",
        "Inception-v3 of 2015-12-05, pool3: the features of FID",
        inception.WIDTH,
        lambda: inception.FILES["inception"].absent(),
        lambda: inception.signature("inception"),
        inception.open_inception,
    ),
    Extractor(
        "inception_pic2018",
        "torchvision's Inception-v3, pool3, as a script of 2018 ran it: most likely the paper's, an inference",
        inception.WIDTH,
        lambda: inception.FILES["inception_pic2018"].absent(),
        lambda: inception.signature("inception_pic2018"),
        inception.open_pic2018,
    ),
    Extractor(
        "lite0",
        "EfficientNet-Lite0, last block",
        lite0.WIDTH,
        lite0.FILE.absent,
        lambda: lite0.SIGNATURE,
        lite0.open_lite0,
    ),
    Extractor("vgg16", "VGG16, relu5_3", vgg16.WIDTH, FILES["vgg"].absent, lambda: vgg16.SIGNATURE, vgg16.open_vgg16),
)

EXTRACTORS: dict[str, Extractor] = {extractor.name: extractor for extractor in _EXTRACTORS}
