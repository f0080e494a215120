"""Options that methods declare: kinds, ranges and choices, what is refused, and how a run states them."""

import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Literal

import msgspec
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import Terminal

import inpaint_bench as ib
from inpaint_bench.errors import InputError
from inpaint_bench.methods.options import Option, Value, chosen, declared_by, in_words

STEPS = Option("steps", 20, "steps of it", least=1, most=100)
WEIGHT = Option("weight", 0.5, least=0)
MODE = Option("mode", "fast", choices=("fast", "exact"))
MIRROR = Option("mirror", False)
TEXT = Option("text", "")
EVERY = (STEPS, WEIGHT, MODE, MIRROR, TEXT)
MODULE = dedent(
    """
    from typing import Annotated, Literal
    import msgspec

    Level = Annotated[float, msgspec.Meta(ge=0, le=1)]

    def load(weights, device, *, level: Level = 0.5, side: Literal["l", "r"] = "l"):
        def inpaint(image, mask):
            return image + level * mask
        return inpaint

    load.needs = {NEEDS}
    """
)


def method(needs: object = None) -> str:
    Path("own.py").write_text(MODULE.replace("{NEEDS}", json.dumps(needs or {}).replace("true", "True")))
    return "mine=python:own:load"


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        (STEPS, "7", 7),
        (STEPS, 7, 7),
        (STEPS, "100", 100),
        (WEIGHT, "2", 2.0),
        (WEIGHT, 2, 2.0),
        (WEIGHT, "1e-3", 0.001),
        (MODE, "exact", "exact"),
        (MIRROR, "True", True),
        (MIRROR, False, False),
        (TEXT, "a, b = c", "a, b = c"),
        (TEXT, "", ""),
    ],
)
def test_a_value_is_read_as_the_kind_of_the_default(option: Option, text: object, value: Value) -> None:
    found = option.read(text, "here")
    assert found == value
    assert type(found) is type(option.default)


@pytest.mark.parametrize(
    ("option", "text", "allowed"),
    [
        (STEPS, "0", "a whole number from 1 to 100"),
        (STEPS, "101", "a whole number from 1 to 100"),
        (STEPS, "1.5", "a whole number from 1 to 100"),
        (STEPS, True, "a whole number from 1 to 100"),
        (STEPS, "9" * 5000, "a whole number from 1 to 100"),
        (WEIGHT, "-0.1", "a number from 0"),
        (WEIGHT, "nan", "a number from 0"),
        (WEIGHT, "inf", "a number from 0"),
        (WEIGHT, "", "a number from 0"),
        (MODE, "slow", "one of fast, exact"),
        (MIRROR, "1", "true or false"),
        (TEXT, "two\nlines", "text"),
        (TEXT, "a" * 5000, "text"),
        (TEXT, 3, "text"),
    ],
)
def test_another_value_is_refused_with_what_is_allowed(option: Option, text: object, allowed: str) -> None:
    with pytest.raises(InputError, match=rf"^here: .{{1,70}} is not allowed; it must be {allowed}\.$"):
        option.read(text, "here")


def test_what_is_not_given_has_its_default_and_what_is_not_declared_is_refused() -> None:
    assert chosen("mine", EVERY, {"steps": "3"}) == {
        "steps": 3, "weight": 0.5, "mode": "fast", "mirror": False, "text": "",
    }  # fmt: skip
    with pytest.raises(InputError, match=r"--set mine\.step: mine has no such option\. Did you mean 'steps'\?"):
        chosen("mine", EVERY, {"step": "3"})
    with pytest.raises(InputError, match=r"mine has no such option\. It declares none\."):
        chosen("mine", (), {"step": "3"})


def test_a_default_outside_of_what_is_allowed_declares_nothing() -> None:
    with pytest.raises(ValueError, match="the default: '0' is not allowed"):
        Option("steps", 0, least=1)


@settings(max_examples=50, database=None)
@given(st.integers(1, 100), st.floats(0, 1e6), st.booleans())
def test_a_value_in_words_is_the_value_again(steps: int, weight: float, mirror: bool) -> None:
    values = chosen("mine", EVERY, {"steps": steps, "weight": float(f"{weight:.15g}"), "mirror": mirror})
    words = dict(part.split("=") for part in in_words(values).split(", "))
    assert chosen("mine", EVERY, words) == values


def test_no_two_sets_of_values_have_the_same_words() -> None:
    one = {"prompt": "x, negative=y", "negative": ""}
    other = {"prompt": "x", "negative": "y"}
    assert in_words(one) != in_words(other)
    assert in_words({"weight": 7.5000001}) == "weight=7.5000001"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mine": {"level": 10**400}}, "it must be a number from 0 to 1"),
        ({"mine": {5: 1}}, "mine has no such option"),
        ({"mine": 30}, "the options of a method are given by name"),
        ({"*": {"lvl": 1}}, "--set mine.lvl: mine has no such option. Did you mean 'level'?"),
    ],
)
def test_options_that_are_none_are_refused_in_python_too(page: Path, options: object, words: str) -> None:
    given = method().partition("=")
    with pytest.raises(InputError, match=re.escape(words)):
        ib.run("tiny.toml", {given[0]: given[2]}, options=options, quiet=True)  # type: ignore[arg-type]


def test_a_value_for_all_methods_yields_to_a_methods_own(page: Path, terminal: Terminal) -> None:
    first = method()
    answer = terminal.run(f"{first},more=python:own:load", "--set", "*.level=0.25", "--set", "more.level=0.75")
    answer.does("mine: level=0.25, side=l", "more: level=0.75, side=l")


def test_keyword_parameters_declare_options() -> None:
    def load(
        weights: object,
        device: object,
        other: int = 3,
        *,
        steps: Annotated[int, msgspec.Meta(ge=0, le=50, description="of it")] = 20,
        mode: Literal["fast", "exact"] = "fast",
        plain: float = 1,
        size: Literal[256, 512] = 256,
        helper: object = None,
    ) -> None: ...

    assert declared_by(load) == (
        Option("steps", 20, "of it", 0, 50),
        Option("mode", "fast", choices=("fast", "exact")),
        Option("plain", 1.0),
        Option("size", 256, choices=("256", "512")),
    )
    with pytest.raises(InputError, match="it must be one of 256, 512"):
        chosen("mine", declared_by(load), {"size": 300})
    assert declared_by(lambda weights, device: None) == ()


POSTPONED = """
from __future__ import annotations
from typing import TYPE_CHECKING, Annotated
import msgspec
if TYPE_CHECKING:
    from elsewhere import Weights

def load(weights: Weights, device, *, steps: Annotated[int, msgspec.Meta(ge=1, le=5)] = 2):
    return lambda image, mask: image + 0.5 * mask

def unreadable(weights, device, *, steps: Weights = 2):
    return load(weights, device)
"""


def test_hints_that_are_text_are_read_and_what_cannot_be_read_is_said(page: Path, terminal: Terminal) -> None:
    Path("postponed.py").write_text(POSTPONED)
    mine = ("mine=python:postponed:load", "--set")
    terminal.run(*mine, "mine.steps=6").refuses(2, "it must be a whole number from 1 to 5")
    terminal.run(*mine, "mine.steps=5").does("mine: steps=5")
    answer = terminal.run("mine=python:postponed:unreadable", "--out", "other")
    answer.refuses(2, "the hints of its options cannot be read: NameError: name 'Weights' is not defined")


def test_a_module_gets_its_options_and_a_run_states_them(page: Path, terminal: Terminal) -> None:
    terminal.run(method(), "--set", "mine.level=0.25").does("mine: level=0.25, side=l")
    info = json.loads(Path("runs/tiny/run.json").read_bytes())["methods"]["mine"]
    assert info["options"] == {"level": 0.25, "side": "l"}
    terminal.run(method(), "--set", "mine.level=0.25").does("mine: level=0.25")
    terminal.run(method()).refuses(2, "made with options level=0.25, side=l, now it is level=0.5, side=l")
    terminal.run(method(), "--set", "mine.level=2").refuses(2, "it must be a number from 0 to 1")
    terminal.run(method(), "--set", "mine.lvl=1").refuses(2, "Did you mean 'level'?")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("steps=3", "'steps=3' must be METHOD.OPTION=VALUE"),
        ("telea.radius", "must be METHOD.OPTION=VALUE"),
        ("telea.radius=3", "--set telea.radius: telea has no such option. It declares none."),
        ("thelea.radius=3", "--set names 'thelea', which is not one of the methods. Did you mean 'telea'?"),
    ],
)
def test_a_setting_of_nothing_is_refused(page: Path, terminal: Terminal, setting: str, words: str) -> None:
    terminal.run("telea", "--set", setting).refuses(2, words)


def test_merged_parts_must_agree_on_the_options(page: Path, terminal: Terminal) -> None:
    for part, level in (("1/2", "0.25"), ("2/2", "0.5")):
        assert terminal.run(
            method(), "--shard", part, "--out", f"part{part[0]}", "--set", f"mine.level={level}"
        ).code == 0  # fmt: skip
    terminal("merge", "part1", "part2", "--out", "whole").refuses(4, "mine was made with other options")


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"multiple": 16}, "mine takes height and width multiples of 16; the images of tiny are 24x24"),
        ({"exact_size": 64}, "mine takes 64x64 pixels only; the images of tiny are 24x24"),
        ({"prompt": True}, "mine needs a prompt, and 4 of 4 pairs have none. Give one for all, --set mine.prompt="),
        ({"sise": 64}, "its attribute 'needs': Object contains unknown field `sise`"),
    ],
)
def test_what_a_method_needs_is_said_before_it_runs(page: Path, terminal: Terminal, needs: object, words: str) -> None:
    terminal.run(method(needs)).refuses(2, words)
    assert not Path("runs/tiny").exists()


def test_too_little_memory_is_said_and_the_run_goes_on(page: Path, terminal: Terminal) -> None:
    answer = terminal.run(method({"memory_gb": 500000}), "--device", "cpu")
    assert "mine: it needs about 500000 GB of memory with its usual options, and cpu has " in answer.err
    assert answer.code == 0


def test_a_small_image_is_resized_for_a_method_on_request(page: Path, terminal: Terminal) -> None:
    answer = terminal.run(method({"multiple": 16, "min_size": 32}), "--resize-for-method")
    answer.does("mine: level=0.5, side=l, resize_for_method=shorter side at least 32 in multiples of 16")
    assert tiny.read("runs/tiny/mine/composites/00000.png").shape == (24, 24, 3)
    terminal.run("telea", "--resize-for-method", "--out", "other").does("telea")
    assert json.loads(Path("other/run.json").read_bytes())["methods"]["telea"]["options"] == {}


def test_a_program_gets_the_prompts_of_its_pairs(page: Path, terminal: Terminal) -> None:
    Path("paint.py").write_text(
        dedent(
            """
            import json, os, shutil, sys
            images, out, prompts = sys.argv[1:]
            texts = json.load(open(prompts))
            assert len(texts) in (1, 2, 4) and texts.keys() == {n[:5] for n in os.listdir(images)}, texts
            shutil.copytree(images, out, dirs_exist_ok=True)
            """
        )
    )
    terminal.run("mine=exec:'python paint.py {images} {out} {prompts}'").refuses(2, "a command needs {images}, {masks}")
    command = "python paint.py {images} {out} {prompts} # {masks}"
    answer = terminal.run(f"mine=exec:'sh -c \"{command}\"'", "--shard", "2/4")
    assert answer.code == 0, answer.err
