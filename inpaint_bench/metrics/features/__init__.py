"""Extractors: networks that turn an image into a vector of features, for distances between sets of images."""

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.base import resolve
from inpaint_bench.metrics.features.extractor import Extract, Extractor, Rows
from inpaint_bench.metrics.features.packages import lacks
from inpaint_bench.metrics.features.timm_files import INSTALL, PREFIX, TimmFile
from inpaint_bench.metrics.features.timm_specs import SPECS, TimmFeatures
from inpaint_bench.metrics.features.weight_files import INCEPTION, LITE0_INPUT, TRUNKS, lite0_absent

__all__ = ["EXTRACTORS", "Extract", "Extractor", "Rows", "timm_extractor"]


def _inception(name: str, preprocessing: str, opened_by: str) -> Extractor:
    return Extractor(
        name,
        2048,
        lambda: INCEPTION[name].absent(),
        lambda: f"{name}:{INCEPTION[name].sha256[:8]}:{preprocessing}:pool3:v1",
        opened_by,
    )


def timm_extractor(name: str, wanted: TimmFeatures) -> Extractor:
    """An extractor from a model of timm, whose weights are found by path."""
    file, how = TimmFile(wanted.model), "features.timm_models"

    def signature() -> str:
        preprocessing = wanted.preprocessing or resolve(f"{how}:own_preprocessing")(wanted.model)
        output = f"{wanted.output}{width()}" + ":dinov2-positions" * wanted.dinov2_positions
        model = "" if name == PREFIX + wanted.model else f":{wanted.model}"
        return f"{name}{model}:{file.sha256[:8]}:{preprocessing}:{output}:v1"

    def absent() -> str:
        if reason := "" if name in SPECS else lacks("timm", INSTALL):
            return reason
        try:
            if name not in SPECS:
                resolve(f"{how}:config_of")(wanted.model)
        except InputError as error:
            return str(error)
        return file.absent()

    def width() -> int:
        return wanted.width or int(resolve(f"{how}:width_of")(wanted))

    return Extractor(name, width, absent, signature, lambda device: resolve(f"{how}:open_features")(wanted, device))


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
    *(timm_extractor(name, wanted) for name, wanted in SPECS.items()),
)

EXTRACTORS: dict[str, Extractor] = {extractor.name: extractor for extractor in _EXTRACTORS}
