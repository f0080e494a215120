"""The parameters of a method's function: whether it takes seeds, and prompts."""

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from inpaint_bench.errors import MethodError


def takes_seeds(inpaint: object) -> bool:
    """Whether a method's function is stochastic: takes (image, mask, seeds) rather than (image, mask).

    Raises MethodError for anything else.
    """
    if not callable(inpaint):
        raise MethodError(f"it returned {type(inpaint).__name__}; it must return a function of (image, mask).")
    try:
        signature = inspect.signature(inpaint)
    except ValueError as error:  # of some built-in functions
        raise MethodError("its parameters cannot be inspected; wrap it in a function of (image, mask).") from error
    prompts = {"prompts": ()} if "prompts" in signature.parameters else {}
    for count in (2, 3):
        with contextlib.suppress(TypeError):
            signature.bind(*range(count), **prompts)
            return count == 3
    raise MethodError(f"its parameters are {signature}; they must be (image, mask) or (image, mask, seeds).")


def takes_prompts(inpaint: Callable[..., Any]) -> bool:
    """Whether a method's function has a parameter `prompts`, a list of one text an image."""
    return "prompts" in inspect.signature(inpaint).parameters


def no_prompts(inpaint: Callable[..., Any], count: int) -> dict[str, list[str]]:
    """Empty prompts for so many images, as keyword arguments of a function that takes some."""
    return {"prompts": [""] * count} if takes_prompts(inpaint) else {}
