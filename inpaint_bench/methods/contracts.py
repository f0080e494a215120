"""What an exported network takes and gives, as `--io` or a file beside it says."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.data.protocols import Count
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean

KINDS = ("torchscript", "onnx")  # of networks in a file of their own
Range = Literal["0-1", "-1-1", "0-255"]
MOST_BYTES = 1 << 16
Names = Annotated[tuple[str, ...], msgspec.Meta(max_length=8)]


class Contract(Schema, frozen=True):
    """The contract of an exported network; the defaults are the convention of this package.

    Images are (batch, 3, height, width) and masks (batch, 1, height, width).
    """

    image: Range = "0-1"  # the range of its image
    mask: Literal["hole", "known"] = "hole"  # which region is 1
    mask_range: Literal["0-1", "0-255", "centred"] = "0-1"  # centred: -0.5 and 0.5
    hole: float = 0.0  # what stands in the hole of the image, in the image's range
    channels: Literal["rgb", "bgr"] = "rgb"  # of image and result
    join: Literal["no", "image-mask", "mask-image"] = "no"  # whether both are the channels of one input
    inputs: Names = ()  # their names, image first, where they are not the first ones of the file
    output: str = ""  # the name of the result, where it is not the first one
    result: Range = "0-1"  # its range
    size: Count | None = None  # the side of the squares that it takes
    multiple: Count = 1  # sides are padded below and on the right to multiples of this, mirrored
    dtype: Literal["float32", "uint8"] = "float32"  # of the inputs


PRESETS = {
    "lama-torchscript": Contract(multiple=8),  # big-lama.pt: the result is composed
    "lama-onnx": Contract(size=512, result="0-255"),  # lama_fp32.onnx
    "migan-onnx": Contract(  # migan_pipeline_v2.onnx: crops, blends, and keeps pixels of the hole at its border
        image="0-255", mask="known", mask_range="0-255", result="0-255", dtype="uint8"
    ),
    "migan-generator": Contract(  # migan_traced.pt, and what the authors' export writes
        image="-1-1", mask="known", mask_range="centred", join="mask-image", result="-1-1"
    ),
}


def contract_of(file: Path, given: str | None) -> Contract:
    """The contract of a network: `given` as a preset, a TOML file, or 'key=value;key=value'; else of FILE.toml, if any.

    Raises InputError for an unknown preset, key or value.
    """
    beside = file.with_suffix(".toml")
    if given is None:
        return _read(beside) if beside.is_file() else Contract()
    if given in PRESETS:
        return PRESETS[given]
    if given.endswith(".toml"):
        return _read(files.expanded(given))
    if "=" not in given:
        raise InputError(f"--io: no preset is called '{given}'. {did_you_mean(given, PRESETS)} Or give FILE.toml.")
    return _inline(given)


def _read(path: Path) -> Contract:
    try:
        return decode.toml(files.read_bytes(path, MOST_BYTES), Contract)  # type: ignore[no-any-return]
    except FileNotFoundError as error:
        raise InputError(f"--io: {path}: there is no such file.") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}. Known keys: {', '.join(Contract.__struct_fields__)}.") from error


def _inline(text: str) -> Contract:
    values: dict[str, object] = {}
    for part in filter(None, text.split(";")):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key not in Contract.__struct_fields__:
            raise InputError(f"--io: no key is called '{key}'. {did_you_mean(key, Contract.__struct_fields__)}")
        values[key] = value.split(",") if key == "inputs" else value
    try:
        return msgspec.convert(values, Contract, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"--io {text}: {error}.") from error


def in_words(contract: Contract) -> str:
    """What a contract says beyond the defaults, for run.json."""
    default = msgspec.to_builtins(Contract())
    stated = {key: value for key, value in msgspec.to_builtins(contract).items() if value != default[key]}
    return "; ".join(f"{key}={value}" for key, value in stated.items()) or "the defaults"
