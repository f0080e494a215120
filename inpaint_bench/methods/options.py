"""Options that a method declares, and the values that a user gives them: `--set METHOD.OPTION=VALUE`."""

import inspect
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean

Value: TypeAlias = bool | int | float | str
OptionName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,30}\Z")]
Bound = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
FACTS = ("ge", "le", "description")  # of the metadata of annotations
MOST_NUMBER = 1e15
MOST_TEXT = 4000  # letters of a value


class Option(Schema, frozen=True):
    """One option: the kind of its values is that of its default, `least` and `most` are allowed too."""

    name: OptionName
    default: Value
    about: str = ""
    least: Bound | None = None
    most: Bound | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            self.read(self.default, "the default")
        except InputError as error:
            raise ValueError(str(error)) from error

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.choices:
            return f"one of {', '.join(choice or chr(39) * 2 for choice in self.choices)}"
        ends = (("from", self.least), ("to", self.most))
        return " ".join([KINDS[type(self.default)], *(f"{word} {end:g}" for word, end in ends if end is not None)])

    def read(self, given: object, where: str) -> Value:
        """A value as the option's kind: text is read as one. Raises InputError for one that is not allowed."""
        kind = type(self.default)
        value = _parsed(given, kind) if isinstance(given, str) and kind is not str else given
        if kind is float and type(value) is int and abs(value) <= MOST_NUMBER:
            value = float(value)
        if type(value) is not kind or not self._fits(value):
            raise InputError(f"{where}: {str(given)[:60]!r} is not allowed; it must be {self.allowed}.")
        return value

    def _fits(self, value: Value) -> bool:
        if self.choices and as_text(value) not in self.choices:
            return False
        if isinstance(value, str):
            return len(value) <= MOST_TEXT and value.isprintable()
        if isinstance(value, bool):
            return True
        least = -MOST_NUMBER if self.least is None else self.least
        return least <= value <= (MOST_NUMBER if self.most is None else self.most)  # NaN is neither


def _parsed(text: str, kind: type[Value]) -> Value:
    """Text as a value of a kind, or as it is where it is none."""
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return kind(text) if len(text) <= 40 else text
    except ValueError:
        return text


def chosen(method: str, declared: Iterable[Option], given: Mapping[str, object]) -> dict[str, Value]:
    """The value of every option that a method declares: as given, or its default.

    Raises InputError for an option that is not declared, with the nearest one, and for a value that is not allowed.
    """
    known = {option.name: option for option in declared}
    for name in map(str, given):
        if name not in known:
            what = did_you_mean(name, known) if known else "It declares none."
            raise InputError(f"--set {method}.{name}: {method} has no such option. {what}")
    return {
        name: option.read(given.get(name, option.default), f"--set {method}.{name}") for name, option in known.items()
    }


def in_words(values: Mapping[str, Value]) -> str:
    """Values in one line, as results and tables state them; empty texts are left out."""
    return ", ".join(f"{name}={_unmistakable(as_text(value))}" for name, value in values.items() if value != "")


def _unmistakable(text: str) -> str:
    """A text, in quotes where it could be taken for the end of a value and the next one."""
    return json.dumps(text, ensure_ascii=False) if {*',="'} & {*text} else text


def as_text(value: Value) -> str:
    """A value as a user types it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def declared_by(load: Callable[..., Any]) -> tuple[Option, ...]:
    """The options of a function `load(weights, device, *, steps: int = 20)`: its keyword-only parameters.

    A default or a hint says the kind; `Annotated[int, msgspec.Meta(ge=1, le=100, description="…")]` the range, and
    `Literal["a", "b"]` the choices. A default that is neither text nor a number nor true or false declares nothing.
    Raises InputError for a default that is outside of what is allowed, and for a hint that cannot be read.
    """
    try:
        parameters = inspect.signature(load).parameters.values()
    except (ValueError, TypeError):
        return ()
    own = [one for one in parameters if one.kind is one.KEYWORD_ONLY and type(one.default) in KINDS]
    hints = _hints(load, {one.name: one.annotation for one in own if one.annotation is not one.empty})
    found = []
    for one in own:
        try:
            found.append(_declared(one.name, one.default, hints.get(one.name)))
        except ValueError as error:
            raise InputError(f"the option {one.name}: {error}") from error
    return tuple(found)


def _hints(load: Callable[..., Any], annotations: dict[str, Any]) -> dict[str, Any]:
    """What annotations mean, also those that are text; of the options alone: others may name what is not imported."""
    holder = types.SimpleNamespace(__annotations__=annotations)
    try:
        return typing.get_type_hints(holder, getattr(load, "__globals__", {}), include_extras=True)
    except Exception as error:  # an annotation is an expression
        raise InputError(f"the hints of its options cannot be read: {type(error).__name__}: {error}.") from error


def _declared(name: str, default: Value, hint: Any) -> Option:
    metadata = getattr(hint, "__metadata__", ())
    facts: dict[str, Any] = {key: fact for meta in metadata for key in FACTS if (fact := _fact(meta, key)) is not None}
    inner = typing.get_args(hint)[0] if metadata else hint
    choices = typing.get_args(inner) if typing.get_origin(inner) is Literal else ()
    usual = float(default) if inner is float and type(default) is int else default
    allowed = tuple(as_text(choice) for choice in choices)
    return Option(name, usual, facts.get("description", ""), facts.get("ge"), facts.get("le"), allowed)


def _fact(meta: object, key: str) -> Any:
    return getattr(meta, key, None)
