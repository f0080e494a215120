"""The image metrics and the samples metric by name: direction, unit, printed decimals, signature and source."""

from inpaint_bench.metrics.base import Metric, SamplesMetric, StudyMetric
from inpaint_bench.metrics.features.arniqa_files import ARNIQA, arniqa_signature
from inpaint_bench.metrics.features.clip_folder import CLIP, clip_signature
from inpaint_bench.metrics.features.timm_files import TimmFile
from inpaint_bench.metrics.features.timm_specs import DINOV2, SPECS
from inpaint_bench.metrics.features.weight_files import (
    DISTS_WEIGHTS,
    LITE0_INPUT,
    LPIPS_HEADS,
    TRUNKS,
    Trunk,
    lite0_absent,
)

_DINOV2_B = TimmFile(SPECS["dinov2_b"].model)


def _dinov2_signature() -> str:
    """The start of the hash of DINOv2's weights; '' where they are not here."""
    return "" if _DINOV2_B.absent() else _DINOV2_B.sha256[:8]


def _lpips_absent(trunk: Trunk) -> str:
    return TRUNKS[trunk].absent() or LPIPS_HEADS[trunk].absent()


def _lpips_stem(trunk: Trunk, part: str = "") -> str:
    return f"lpips_{trunk}{part}:v0.1:{TRUNKS[trunk].sha256[:8]}:{LPIPS_HEADS[trunk].sha256[:8]}"


def _lpips(trunk: Trunk, part: str = "", how: str = "", used_by: str = "") -> Metric:
    """LPIPS on a trunk: of the image, or its map, enlarged as `how` says, averaged over a part of it."""
    name = f"lpips_{trunk}{part}"
    return Metric(
        name,
        f"perceptual:{name}",
        "lower",
        "",
        3,
        _lpips_stem(trunk, part) + how,
        used_by=used_by,
        absent=lambda: _lpips_absent(trunk),
        slow=True,
        joint=f"distances:on_{trunk}",
    )


_PIXEL = (
    Metric("ssim", "pixel:ssim", "higher", "", 3, "ssim:rgb:uniform11:sample-cov", used_by="SPN, SPL, RN"),
    Metric("ssim_hole", "pixel:ssim_hole", "higher", "", 3, "ssim_hole:rgb:uniform11:sample-cov:centre"),
    Metric("ssim_band", "pixel:ssim_band", "higher", "", 3, "ssim_band:rgb:uniform11:sample-cov:centre:8px"),
    Metric("psnr", "pixel:psnr", "higher", "dB", 2, "psnr:rgb", used_by="SPN, SPL, RN, WF, DSI"),
    Metric("psnr_hole", "pixel:psnr_hole", "higher", "dB", 2, "psnr_hole:rgb"),
    Metric("psnr_band", "pixel:psnr_band", "higher", "dB", 2, "psnr_band:rgb:8px"),
    Metric("mse", "pixel:mse", "lower", "", 2, "mse:rgb:levels"),
    Metric("mse_hole", "pixel:mse_hole", "lower", "", 2, "mse_hole:rgb:levels"),
    Metric("mae", "pixel:mae", "lower", "", 4, "mae:rgb"),
    Metric("mae_hole", "pixel:mae_hole", "lower", "", 4, "mae_hole:rgb"),
    Metric("mae_band", "pixel:mae_band", "lower", "", 4, "mae_band:rgb:8px"),
    Metric("mae_spn", "pixel:mae_spn", "lower", "", 4, "mae_spn:rgb:channel-mean", used_by="SPN, SPL, RN"),
    Metric("mae_spn_hole", "pixel:mae_spn_hole", "lower", "", 4, "mae_spn_hole:rgb:channel-mean"),
    Metric("mae_spn_band", "pixel:mae_spn_band", "lower", "", 4, "mae_spn_band:rgb:channel-mean:8px"),
)

_PERCEPTUAL = (
    _lpips("alex"),
    _lpips("alex", "_hole", ":map-bilinear"),
    _lpips("alex", "_band", ":map-bilinear:8px"),
    _lpips("vgg", used_by="LaMa"),
    _lpips("vgg", "_hole", ":map-bilinear"),
    _lpips("vgg", "_band", ":map-bilinear:8px"),
    Metric(
        "dists",
        "perceptual:dists",
        "lower",
        "",
        3,
        f"dists:v0.1:{TRUNKS['vgg'].sha256[:8]}:{DISTS_WEIGHTS.sha256[:8]}:own-size",
        absent=lambda: _lpips_absent("vgg") or DISTS_WEIGHTS.absent(),  # the package lpips builds the trunk
        slow=True,
        joint="distances:on_vgg",
    ),
    Metric(
        "label_agreement",
        "perceptual:label_agreement",
        "higher",
        "",
        3,
        f"label_agreement:lite0:{LITE0_INPUT}:top1",
        absent=lite0_absent,
        slow=True,
    ),
)

_WITHOUT_TARGET = (
    Metric(
        "clip_score",
        "clip:clip_score",
        "higher",
        "",
        2,
        "clip_score:clip-vit-l14:own-preprocessing:77-tokens",
        absent=CLIP.absent,
        slow=True,
        network=clip_signature,
        compares="any",
        of_prompt=True,
    ),
    Metric(
        "clip_iqa",
        "clip:clip_iqa",
        "higher",
        "",
        3,
        "clip_iqa:clip-vit-l14:own-preprocessing:good-bad-photo",
        absent=CLIP.absent,
        slow=True,
        network=clip_signature,
        compares="any",
    ),
    Metric(
        "arniqa",
        "arniqa:arniqa",
        "higher",
        "",
        3,
        "arniqa:koniq10k:full-and-half-size",
        absent=ARNIQA.absent,
        slow=True,
        network=arniqa_signature,
        compares="any",
    ),
    Metric(
        "remove_dinov2",
        "remove:remove_dinov2",
        "higher",
        "",
        3,
        f"remove_dinov2:{_DINOV2_B.model}:crop4-min112:{DINOV2}:dinov2-positions:patches-half",
        absent=_DINOV2_B.absent,
        slow=True,
        network=_dinov2_signature,
        compares="any",
    ),
)

# Each paper's code computes its own number: none shares a name or a column with another.
_PAPER_VARIANTS = (
    Metric("ssim_7", "paper_variants:ssim_7", "higher", "", 3, "ssim_7:rgb:uniform7:sample-cov", used_by="DSI"),
    Metric("ssim_51", "paper_variants:ssim_51", "higher", "", 3, "ssim_51:rgb:uniform51:sample-cov", used_by="WF"),
    Metric(
        "ssim_51_grey",
        "paper_variants:ssim_51_grey",
        "higher",
        "",
        3,
        "ssim_51_grey:rgb2gray:uniform51:sample-cov",
        used_by="EC",
    ),
    Metric(
        "ssim_gaussian",
        "paper_variants:ssim_gaussian",
        "higher",
        "",
        3,
        "ssim_gaussian:rgb:gaussian11-1.5:population-cov",
    ),
    Metric(
        "ssim_gaussian_y",
        "paper_variants:ssim_gaussian_y",
        "higher",
        "",
        3,
        "ssim_gaussian_y:y601:gaussian11-1.5:population-cov",
    ),
    Metric(
        "ssim_lama",
        "paper_variants:ssim_lama",
        "higher",
        "",
        3,
        "ssim_lama:rgb:gaussian11-1.5:population-cov:zero-padded:float32",
        used_by="LaMa",
    ),
    Metric("psnr_grey", "paper_variants:psnr_grey", "higher", "dB", 2, "psnr_grey:rgb2gray", used_by="EC"),
    Metric("mae_ec", "paper_variants:mae_ec", "lower", "", 4, "mae_ec:rgb2gray:ratio-of-sums", used_by="EC"),
    Metric(
        "mae_ec_train",
        "paper_variants:mae_ec_train",
        "lower",
        "",
        4,
        "mae_ec_train:rgb:ratio-to-target",
        used_by="EC (training log)",
    ),
    Metric("mae_wf", "paper_variants:mae_wf", "lower", "", 4, "mae_wf:rgb:ratio-of-sums", used_by="WF"),
    Metric("mae_255", "paper_variants:mae_255", "lower", "", 2, "mae_255:rgb:levels", used_by="PIC"),
)

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (*_PIXEL, *_PERCEPTUAL, *_PAPER_VARIANTS, *_WITHOUT_TARGET)
}

# Recorded with every run, whichever metrics are requested; always of the raw prediction.
RECORDED: dict[str, Metric] = {
    "known_error": Metric("known_error", "pixel:known_errors", "lower", "", 4, "known_error:rgb:pred")
}

DIVERSITY = SamplesMetric(
    "diversity",
    "perceptual:diversity",
    "higher",
    "",
    3,
    f"diversity:{_lpips_stem('alex')}:map-in-hole",
    absent=lambda: _lpips_absent("alex"),
)

PREFERENCE = StudyMetric(
    "preference",
    "preference:preference",
    "higher",
    "",
    3,
    "preference:2afc:bt-jeffreys",
    absent=lambda: (
        "people vote on it: `inpaint-bench study make RUN --question TEXT` writes the page that asks them, and "
        "`study read` their answers."
    ),
)
