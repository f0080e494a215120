"""Files of safetensors, our own format: read whole, and refused in one sentence where they are not."""

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.weights.file_kinds import ARCHIVE, MOST_FILE, is_safetensors, what_it_is

AGAIN = "Fetch it again."


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name. Raises InputError if there is none or it is broken."""
    try:
        files.size_of(path, MOST_FILE)
        with open(path, "rb") as file:
            head = file.read(512)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file.") from error
    try:
        with safe_open(path, "pt"):  # compares the sizes that the header states with the file's, before it is read
            pass
        return load(files.read_bytes(path, MOST_FILE))
    except InputError:
        raise
    except Exception as error:  # a KeyError for a type that torch lacks, a SafetensorError for most else
        raise InputError(f"{path}: {_reason(head, error)}") from error


def _reason(head: bytes, error: Exception) -> str:
    if head.startswith(ARCHIVE):
        return "not a safetensors file but a zip archive, as torch.save writes. Rename it to end in .pth."
    if not is_safetensors(head) and not what_it_is(head, AGAIN).startswith("not a whole"):
        return what_it_is(head, AGAIN)
    if isinstance(error, KeyError):
        return f"not read here: it has numbers of the type {error}. Save them as float32."
    return f"not a whole safetensors file ({str(error)[:200]}). {AGAIN}"
