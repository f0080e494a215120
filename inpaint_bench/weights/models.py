"""Models of several files, as diffusers saves them: model_index.json and a folder for each part.

They lie under `$INPAINT_BENCH_WEIGHTS`/models/ORG--NAME/COMMIT, or in the cache of the Hugging Face hub, or in a folder
of the user's own. Weights are read from safetensors files only, and code that lies beside them is never run.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.weights.base import Weights

INDEX = "model_index.json"
MOST_INDEX = 1 << 20  # bytes
MOST_SIDE = 1 << 12  # of a latent image
LIBRARIES = ("diffusers", "transformers")
NOT_LOADED = ("safety_checker", "feature_extractor", "image_encoder")  # what only they need is not either
TEXTS = (".json", ".txt", ".model")
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".msgpack", ".h5")
PART = re.compile(r"[a-z][a-z0-9_]{0,40}")
REPO = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
REVISION = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
COMMIT = re.compile("[0-9a-f]{40}")
MAIN = "main"
NOT_STATED = "not stated"


class ModelId(Schema, frozen=True):
    """A repository of the Hugging Face hub at a revision; `licence` is its authors'."""

    repo: Annotated[str, msgspec.Meta(pattern=rf"^({REPO})?\Z")] = ""  # '' where the user names it
    revision: Annotated[str, msgspec.Meta(pattern=rf"^{REVISION}\Z")] = MAIN
    licence: str = NOT_STATED
    gated: bool = False  # its terms are accepted on its page

    def __str__(self) -> str:
        return self.repo if self.revision == MAIN else f"{self.repo}@{self.revision}"


def parse_id(text: str) -> ModelId | None:
    """ORG/NAME or ORG/NAME@REVISION as a model; None for anything else, such as a path."""
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    found = re.fullmatch(rf"({REPO})(?:@({REVISION}))?", text)
    try:
        validate_repo_id(found[1] if found else text)
    except ValueError:
        return None
    return ModelId(found[1], found[2] or MAIN) if found else None


def models_dir(model: ModelId) -> Path:
    """The folder with a folder for each commit of a model that was fetched."""
    return files.weights_dir() / "models" / model.repo.replace("/", "--")


def find_model(model: ModelId) -> Path | None:
    """A model's folder on this machine, ours before the hub's own cache; None where it is in neither.

    Of a branch that is the commit that was fetched first, so that a branch that moves changes nothing here.
    """
    ours = models_dir(model)
    commit = pinned(model)
    if commit and (ours / commit / INDEX).is_file():
        return ours / commit
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(model.repo, INDEX, revision=commit or model.revision)
    return Path(cached).parent if isinstance(cached, str) and _is_whole(Path(cached).parent) else None


def _is_whole(folder: Path) -> bool:
    """Whether every part of a model is in a folder: a download of somebody else's may have been interrupted."""
    try:
        _own_files(folder, open_index(folder))
    except InputError:
        return False
    return True


def pinned(model: ModelId) -> str:
    """The commit that a model's revision was when it was first fetched; itself where it is one; '' if not fetched.

    Raises HashError where the file that says so holds something else.
    """
    if COMMIT.fullmatch(model.revision):
        return model.revision
    note = pin_path(model)
    if not note.is_file():
        return ""
    commit = files.read_bytes(note, 1000).decode("utf-8", "replace").strip()
    if not COMMIT.fullmatch(commit):
        raise HashError(f"{note}: holds no commit. Remove it, and fetch the model again.")
    return commit


def pin_path(model: ModelId) -> Path:
    """The file that holds the commit of a branch or tag."""
    return models_dir(model) / f"{model.revision}.commit"


@dataclass(frozen=True)
class Pipeline:
    """What model_index.json lists: the class of the pipeline, and the parts that have files."""

    kind: str
    parts: tuple[str, ...]
    absent: tuple[str, ...]  # listed parts that are not loaded


def read_index(data: bytes, where: str) -> Pipeline:
    """model_index.json. Raises InputError for what is none, and for a pipeline or a part that is code of its own."""
    try:
        index = decode.json(data, dict[str, object])
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: not the index of a model ({error}). Fetch the model again.") from error
    kind = index.get("_class_name")
    if not isinstance(kind, str):
        raise InputError(f"{where}: its pipeline is code of its own, which is not run. Use a pipeline of diffusers.")
    parts, absent = [], []
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list):
            continue
        library = value[0] if value else None
        if name in NOT_LOADED or library is None:
            absent.append(name)
        elif library in LIBRARIES and PART.fullmatch(name):
            parts.append(name)
        else:
            raise InputError(
                f"{where}: its part '{name[:60]}' is of '{str(library)[:60]}', code of its own, which is not run."
            )
    if not parts:
        raise InputError(f"{where}: it lists no part of a model. Fetch the model again.")
    return Pipeline(kind, tuple(sorted(parts)), tuple(sorted(absent)))


def open_index(folder: Path) -> Pipeline:
    """The index of a model's folder. Raises InputError where there is none."""
    path = folder / INDEX
    if not path.is_file():
        raise InputError(f"{folder}: not a model of diffusers: it has no {INDEX}. Give the folder that holds it.")
    return read_index(files.read_bytes(path, MOST_INDEX), str(path))


def loaded_files(names: Iterable[str], pipeline: Pipeline) -> list[str]:
    """Of the names of a model's files, relative and with '/', those that are loaded.

    Of weights in several precisions ('model.fp16.safetensors') the plain ones are; where a part has none, the variant
    that it has is loaded of every part that has it, as the library does. Raises InputError for a part without files,
    for one that has pickled weights only, and for parts of different variants.
    """
    listed = sorted(names)
    own = {part: [n for n in listed if n.startswith(f"{part}/") and n.count("/") == 1] for part in pipeline.parts}
    weights = {part: [name for name in of_part if name.endswith(".safetensors")] for part, of_part in own.items()}
    wanted = _chosen(weights)
    found = [INDEX]
    for part, of_part in own.items():
        texts = [name for name in of_part if name.endswith(TEXTS)]
        if not weights[part] and any(name.endswith(PICKLED) for name in of_part):
            raise InputError(
                f"{part}: its weights are pickles, which may run code, and are not opened. Use a revision of the model "
                "that has safetensors files, or save it again with diffusers: save_pretrained(FOLDER)."
            )
        if not texts:
            raise InputError(f"{part}: this part of the model has no files. Fetch the model again.")
        there = {*map(_variant, weights[part])}
        chosen = wanted if wanted in there else ""
        if there and chosen not in there:
            variants = ", ".join(sorted(there))
            raise InputError(f"{part}: its weights are there as {variants} only, and those of others as {wanted}.")
        found += [name for name in weights[part] if _variant(name) == chosen]
        found += [name for name in texts if ".index." not in name or _variant(name) == chosen]
    return found


def _chosen(weights: Mapping[str, Iterable[str]]) -> str:
    """The variant that is loaded, as the library has one for all parts: '' where every part has plain weights."""
    sets = [{*map(_variant, names)} for names in weights.values()]
    return min((min(one) for one in sets if one and "" not in one), default="")


def _variant(name: str) -> str:
    """'fp16' of model.fp16.safetensors, model.fp16-00001-of-00002.safetensors and model.safetensors.index.fp16.json."""
    words = re.sub(r"-\d{5}-of-\d{5}", "", name.rpartition("/")[2]).split(".")
    return ".".join(word for word in words[1:] if word not in ("safetensors", "index", "json"))


def open_model(folder: Path, unpinned: tuple[str, ...] = ()) -> Weights:
    """The weights of a model: its folder, and a hash over the names and bytes of the files that are loaded.

    Raises InputError for a folder that is no model or lacks a part, and as `loaded_files` does.
    """
    pipeline = open_index(folder)
    digest = "".join(f"{name} {files.file_sha256(folder / name)}\n" for name in _own_files(folder, pipeline))
    return Weights(folder, files.sha256(os.fsencode(digest)), unpinned=unpinned)


def variant(folder: Path) -> str:
    """The variant of a model's weights, as 'fp16', where there are no plain ones; '' elsewhere."""
    weights = [name for name in _own_files(folder, open_index(folder)) if name.endswith(".safetensors")]
    return max(map(_variant, weights), default="")


def _own_files(folder: Path, pipeline: Pipeline) -> list[str]:
    try:
        return loaded_files(_names(folder, pipeline), pipeline)
    except InputError as error:
        raise InputError(f"{folder}/{error}") from error


def _names(folder: Path, pipeline: Pipeline) -> Iterator[str]:
    yield INDEX
    for part in pipeline.parts:
        if (inner := folder / part).is_dir():
            yield from (f"{part}/{path.name}" for path in inner.iterdir() if path.is_file())


def native_side(folder: Path) -> int | None:
    """The side in pixels that a model's UNet was made for; None where that is not stated, as of transformers."""
    try:
        unet = decode.json(files.read_bytes(folder / "unet" / "config.json", MOST_INDEX), dict[str, object])
        vae = decode.json(files.read_bytes(folder / "vae" / "config.json", MOST_INDEX), dict[str, object])
    except (OSError, msgspec.DecodeError):
        return None
    side, channels = unet.get("sample_size"), vae.get("block_out_channels")
    if not isinstance(side, int) or not isinstance(channels, list) or not 1 <= side <= MOST_SIDE:
        return None
    return int(side * 2 ** (min(len(channels), 8) - 1))
