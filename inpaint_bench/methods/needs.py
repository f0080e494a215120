"""What a method needs before it can run: image sizes, a prompt, memory. It is compared before a run starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from inpaint_bench.data.protocols import Count, Protocol
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.methods.sizes import ANY_SIZE, Sizes

if TYPE_CHECKING:
    from inpaint_bench.data.datasets import Dataset

Gigabytes = Annotated[float, msgspec.Meta(ge=0, le=1e6)]


@dataclass(frozen=True)
class Needs:
    """The image sizes that a method takes, whether it needs a prompt, and the memory of its device, about."""

    sizes: Sizes = ANY_SIZE
    prompt: bool = False
    memory_gb: float = 0.0


NO_NEEDS = Needs()


class Stated(Schema, frozen=True):
    """What a user's function states: `load.needs = {"multiple": 8, "min_size": 512, "prompt": True}`."""

    multiple: Count = 1
    min_size: Count = 1
    exact_size: Count | None = None
    prompt: bool = False
    memory_gb: Gigabytes = 0.0


def stated_by(load: Callable[..., Any]) -> Needs:
    """What a function states in its attribute `needs`; nothing without. Raises InputError for what cannot be read."""
    try:
        stated = msgspec.convert(getattr(load, "needs", {}), Stated)
    except msgspec.ValidationError as error:
        known = ", ".join(Stated.__struct_fields__)
        raise InputError(f"its attribute 'needs': {error}. Known keys: {known}.") from error
    sizes = Sizes(stated.multiple, stated.min_size, stated.exact_size)
    return Needs(sizes, stated.prompt, stated.memory_gb)


def refuse_size(name: str, sizes: Sizes, page: Protocol) -> None:
    """Raise InputError where a page's images are of a size that a method does not take."""
    if page.size is not None and not sizes.take(page.size):
        raise InputError(
            f"{name} takes {sizes}; the images of {page.name} are {page.size}x{page.size}. Leave it out, or let the "
            "images be resized for it: --resize-for-method."
        )


def refuse_unmet(name: str, needs: Needs, options: Mapping[str, object], dataset: "Dataset") -> None:
    """Raise InputError where a dataset's images are of a size that a method does not take, or lack a prompt."""
    refuse_size(name, needs.sizes, dataset.page)
    without = sum(not pair.prompt for pair in dataset.pairs)
    if needs.prompt and without and not options.get("prompt"):
        raise InputError(
            f"{name} needs a prompt, and {without} of {len(dataset.pairs)} pairs have none. Give one for all, "
            f"--set {name}.prompt='…', or a list of pairs with a column 'prompt'."
        )
