"""Baselines, found by listing folders: those of the package `baselines`, of --baselines, and of entry points."""

import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from inpaint_bench import files
from inpaint_bench.data.protocols import Protocol, page_names
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.methods.card import Card, MethodCard, read_card
from inpaint_bench.methods.foreign import blamed
from inpaint_bench.weights import NO_WEIGHTS, SYNTHETIC, Weights, models, open_weights, synthetic_weights
from inpaint_bench.weights.file_kinds import is_safetensors, is_torch, what_it_is
from inpaint_bench.weights.layout import Read
from inpaint_bench.weights.models import ModelId
from inpaint_bench.weights.store import find_weights, weights_path

GROUP = "inpaint_bench.methods"
SHARED = ("convolutions.py", "layers.py")


@dataclass(frozen=True)
class Baseline:
    """A folder with a card, and the package name under which its code is imported."""

    folder: Path
    package: str
    card: Card

    @property
    def code(self) -> str:
        """Hash of the baseline's code: its own files in order of name, and those that baselines share."""
        shared = [path for name in SHARED if (path := self.folder.parent / name).is_file()]
        sources = [*sorted(self.folder.glob("*.py")), *shared]
        return files.sha256("".join(f"{p.name} {files.file_sha256(p)}\n" for p in sources).encode())[:12]


def find_baselines(extra: Path | None = None) -> dict[str, tuple[Baseline, MethodCard]]:
    """All methods of baselines by name. Raises InputError for a broken card or a name used twice."""
    found: dict[str, tuple[Baseline, MethodCard]] = {}
    for folder, package in [*_shipped(), *_installed(), *_brought(extra)]:
        baseline = Baseline(folder, package, read_card(folder / "card.toml"))
        for card in baseline.card.methods:
            if card.name in found:
                raise InputError(
                    f"{folder / 'card.toml'}: '{card.name}' is also a method of {found[card.name][0].folder}."
                )
            found[card.name] = (baseline, card)
    return found


def _shipped() -> list[tuple[Path, str]]:
    package = importlib.util.find_spec("baselines")
    roots = [Path(place) for place in (package.submodule_search_locations or [])] if package else []
    return [(folder, f"baselines.{folder.name}") for root in roots for folder in _with_cards(root)]


def _installed() -> list[tuple[Path, str]]:
    found = []
    for entry in importlib.metadata.entry_points(group=GROUP):
        with blamed(f"the entry point '{entry.name}'", f"finding the package {entry.value}", InputError):
            package = importlib.util.find_spec(entry.value)
        if package is None or package.origin is None:
            raise InputError(
                f"the entry point '{entry.name}' refers to the package {entry.value}, which cannot be found."
            )
        found.append((Path(package.origin).parent, entry.value))
    return found


def _brought(extra: Path | None) -> list[tuple[Path, str]]:
    if extra is None:
        return []
    if not extra.is_dir():
        raise InputError(f"{extra}: there is no such folder of baselines.")
    mark = files.sha256(os.fsencode(extra.resolve()))[:8]
    return [(folder, f"_baselines_{mark}_{folder.name}") for folder in _with_cards(extra)]


def _with_cards(root: Path) -> list[Path]:
    return sorted(folder for folder in root.iterdir() if (folder / "card.toml").is_file())


def loader(baseline: Baseline, card: MethodCard) -> Callable[..., Any]:
    """The function of the baseline's adapter that loads the method: `load(weights, device)`.

    Raises InputError as `refuse_absent` does, and for code that cannot be imported.
    """
    refuse_absent(card)
    return _function(baseline, "adapter", card.load)


def refuse_absent(card: MethodCard) -> None:
    """Raise InputError if a package that a method requires is not installed, with the command that installs it."""
    if not installed(card):
        assert card.requires is not None
        where = f"{card.requires.where}, " if card.requires.where else ""
        raise InputError(
            f"{card.name} needs the package '{card.requires.module}', which is not installed here. "
            f"Install it {where}with: pip install 'inpaint-bench[{card.requires.extra}]'"
        )


def reader(baseline: Baseline, card: MethodCard) -> Read | None:
    """The baseline's own function that opens one of the authors' weights files; None where they are torch files.

    Raises InputError when the card names a function that the baseline does not have.
    """
    if not card.container.reader:
        return None
    module, _, function = card.container.reader.partition(":")
    read = _function(baseline, module, function)

    def guarded(path: Path) -> Mapping[str, Any]:
        with blamed(str(path), f"reading it as weights of {card.name}", InputError):
            return read(path)  # type: ignore[no-any-return]  # a plug-in's function; its content is checked after

    return guarded


def _function(baseline: Baseline, module: str, name: str) -> Callable[..., Any]:
    """A function of the baseline's package, named in its card."""
    path = baseline.folder / f"{module}.py"
    with blamed(str(path), "importing it", InputError):
        if baseline.package not in sys.modules and baseline.package.startswith("_baselines_"):
            _import_folder(baseline)
        found = importlib.import_module(f"{baseline.package}.{module}")
        function = getattr(found, name, None)
    if not callable(function):
        raise InputError(f"{path}: has no function '{name}', which the card names.")
    return function  # type: ignore[no-any-return]  # a plug-in's function; what it returns is checked when it runs


def _import_folder(baseline: Baseline) -> ModuleType:
    folder = baseline.folder.resolve()
    start = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(baseline.package, start) if start.is_file() else None
    spec = spec or importlib.machinery.ModuleSpec(baseline.package, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    module = importlib.util.module_from_spec(spec)
    sys.modules[baseline.package] = module
    if spec.loader is not None:
        spec.loader.exec_module(module)
    return module


def installed(card: MethodCard) -> bool:
    """Whether the package that a method requires is installed."""
    try:
        return card.requires is None or importlib.util.find_spec(card.requires.module) is not None
    except ModuleNotFoundError:  # of the parent package
        return False


def runnable(baseline: Baseline, card: MethodCard, dataset: str) -> bool:
    """Whether a method can run here as it is: its package is installed and its weights, if any, are here."""
    if not installed(card) or not card.learned:
        return installed(card)
    if card.model is not None:
        return bool(card.model.repo) and models.find_model(card.model) is not None
    return bool(card.ships) or find_weights(card.name, dataset) is not None


def weights_dataset(method: str, page: Protocol) -> str:
    """The dataset whose weights a method has on a page: the page's own, or those that it names where there are none."""
    return page.name if weights_path(method, page.name).is_file() else page.weights_of or page.folder


def weights_of(baseline: Baseline, card: MethodCard, dataset: str, named: str | None) -> Weights:
    """The weights that a method is loaded with.

    `named` is a file or 'synthetic'; None: those added for the dataset, or else those shipped with the baseline.
    Raises InputError if there are none, and HashError if the shipped file does not match the card.
    """
    if not card.learned:
        if named is not None:
            raise InputError(f"{card.name} has no weights; drop --weights {card.name}={named}.")
        return NO_WEIGHTS
    if card.model is not None:
        return _model(card, card.model, named)
    if named == SYNTHETIC:
        return synthetic_weights(card.container.parts)
    here = None if named else find_weights(card.name, dataset) or _shipped_weights(baseline, card)
    found = _named_weights(card, dataset, files.expanded(named)) if named else here
    if found is None:
        raise InputError(f"{card.name} has no weights for {dataset} here. {_remedy(card, dataset)}")
    return found


def _model(card: MethodCard, published: ModelId, named: str | None) -> Weights:
    """The model of a card, or the one that is named: a folder, or an id of the hub, which must be here."""
    if named == SYNTHETIC:
        raise InputError(f"{card.name} is a model of several files, for which there are no synthetic weights.")
    if named and (folder := files.expanded(named)).is_dir():
        return models.open_model(folder)
    if named and files.expanded(named).exists():
        raise InputError(f"{named}: this is a file; give the folder that holds the model's {models.INDEX}.")
    model = models.parse_id(named) if named else published
    if model is None:
        raise InputError(f"{named}: there is no such folder, and it is no model's id, ORG/NAME or ORG/NAME@REVISION.")
    if not model.repo:
        raise InputError(
            f"{card.name} needs a model: mine={card.name}:FOLDER, or mine={card.name}:ORG/NAME@REVISION of the hub."
        )
    found = models.find_model(model)
    if found is None:
        how = f"`inpaint-bench weights fetch {card.name}{'' if model == published else f' {model}'}`"
        raise InputError(f"the model {model} is not here. Fetch it with {how}, or give its folder.")
    return models.open_model(
        found, () if models.COMMIT.fullmatch(model.revision) else (f"{model} ({found.name[:12]})",)
    )


def _remedy(card: MethodCard, dataset: str) -> str:
    """How to get weights for a dataset: fetched where they are published for it, else the user's own."""
    own = f"give --weights {card.name}=FILE, or add yours with `{_add_command(card, dataset, 'FILE')}`"
    if card.published(dataset):
        return f"Fetch them with `inpaint-bench weights fetch {card.name} {_as_given(dataset)}`; or {own}."
    published = ", ".join(dict.fromkeys(one.dataset for one in card.weights))
    return f"The authors publish {f'some for {published}' if published else 'none'}; {own}."


def _named_weights(card: MethodCard, dataset: str, path: Path) -> Weights:
    """The weights in a named file. Raises InputError for an authors' file, with the command that converts it."""
    weights = open_weights(path)
    with open(path, "rb") as file:
        head = file.read(512)
    if is_torch(head):
        command = _add_command(card, dataset, shlex.quote(str(path)))
        raise InputError(
            f"{path}: a torch file, as authors publish; it is converted once, with every name checked: `{command}`. "
            f"After that, leave out --weights {card.name}={path}."
        )
    if not is_safetensors(head) and path.suffix != ".safetensors":
        raise InputError(
            f"{path}: {what_it_is(head, 'Give the safetensors file that `weights add` or `train` wrote.')}"
        )
    return weights


def _add_command(card: MethodCard, dataset: str, file: str) -> str:
    """The command that converts an authors' file, or one of several."""
    rest = " OTHER_FILES" if len({part.file for part in card.container.parts}) > 1 else ""
    return f"inpaint-bench weights add {card.name} {_as_given(dataset)} {file}{rest}"


def _as_given(dataset: str) -> str:
    """A dataset as a command takes it: a shipped name, or a page of one's own."""
    return dataset if dataset in page_names() else f"{dataset}.toml"


def _shipped_weights(baseline: Baseline, card: MethodCard) -> Weights | None:
    if not card.ships:
        return None
    weights = open_weights(baseline.folder / f"{card.name}.safetensors")
    if weights.sha256 != card.ships:
        raise HashError(
            f"{weights.path}: hash {weights.sha256[:12]}; its card says {card.ships[:12]}. Reinstall the package."
        )
    return weights
