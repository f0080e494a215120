"""Files of safetensors, our own format: read whole, and refused in one sentence where they are not."""

from pathlib import Path

from safetensors.torch import load
from torch import Tensor

from inpaint_bench.errors import InputError
from inpaint_bench.weights.file_kinds import ARCHIVE, is_safetensors, what_it_is

AGAIN = "Fetch it again."


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name. Raises InputError if there is none or it is broken."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        return load(data)
    except Exception as error:  # a KeyError for a type that torch lacks, a SafetensorError for most else
        raise InputError(f"{path}: {_reason(data, error)}") from error


def _reason(data: bytes, error: Exception) -> str:
    if data.startswith(ARCHIVE):
        return "not a safetensors file but a zip archive, as torch.save writes. Rename it to end in .pth."
    if not is_safetensors(data[:512]) and not what_it_is(data[:512], AGAIN).startswith("not a whole"):
        return what_it_is(data[:512], AGAIN)
    if isinstance(error, KeyError):
        return f"not read here: it has numbers of the type {error}. Save them as float32."
    return f"not a whole safetensors file ({str(error)[:200]}). {AGAIN}"
