"""The public names of the package, read without importing it, and what of them has no docstring."""

from collections.abc import Iterator

import griffe
from site_blocks import ROOT

LISTED = ("methods", "metrics", "datasets")  # functions that share a name with a subpackage, or stand beside those


def public_names() -> list[tuple[str, str, griffe.Object]]:
    """Every name of `inpaint_bench.__all__` but the version: name, where it is, its object; errors come last."""
    package = griffe.load("inpaint_bench", search_paths=[str(ROOT)])
    found = []
    for element in package["__all__"].value.elements:
        name = str(element).strip("'\"")
        if name != "__version__":
            path = f"api.listing.{name}" if name in LISTED else name
            one = package[path]
            target = one.final_target if one.is_alias else one
            found.append((name, target.path, target))
    return sorted(found, key=lambda one: (one[2].is_class, one[0].endswith("Error")))


def undocumented() -> Iterator[str]:
    """The public functions, classes, methods and properties that have no docstring."""
    for name, _, target in public_names():
        if not target.docstring:
            yield name
        if target.is_class:
            for member, one in target.members.items():
                is_code = one.is_function or "property" in one.labels
                if not member.startswith("_") and is_code and not one.docstring:
                    yield f"{name}.{member}"
