"""A name that nobody knows is answered with the nearest one, before any work is done."""

from pathlib import Path

import pytest
from terminal import OUT, Terminal, write_method


def test_an_unknown_dataset_is_refused_with_the_nearest(terminal: Terminal) -> None:
    terminal("run", "--dataset", "pari").refuses(2, "dataset is called 'pari'", "Did you mean 'paris'?", "celeba-hq")


def test_a_page_that_is_not_there_is_refused(terminal: Terminal) -> None:
    terminal("run", "--dataset", "other.toml").refuses(2, "other.toml: there is no such protocol page")


def test_an_unknown_method_is_refused_with_the_nearest(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fil").refuses(2, "no method is called 'mean-fil'", "Did you mean 'mean-fill'?", "telea")
    assert not OUT.exists()


def test_an_unknown_method_spoils_nothing_of_those_named_with_it(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill,nobody").refuses(2, "no method is called 'nobody'", "Known: ")
    assert not OUT.exists()


def test_an_unknown_metric_is_refused_with_the_nearest(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("mean-fill", "--metrics", "pnsr,ssim")
    answer.refuses(2, "no metric is called 'pnsr'", "Did you mean 'psnr'?")
    assert not OUT.exists()


def test_an_unknown_option_is_refused_with_the_nearest(terminal: Terminal) -> None:
    terminal("run", "--datset", "paris").refuses(2, "No such option", "--datset", "--dataset")


def test_an_unknown_command_is_refused_with_the_nearest(terminal: Terminal) -> None:
    terminal("scor").refuses(2, "no command is called 'scor'", "Did you mean 'score'?")


def test_an_unknown_command_of_pairs_is_refused(terminal: Terminal) -> None:
    terminal("pairs", "built").refuses(2, "built")


@pytest.mark.parametrize(("option", "value"), [("--style", "table9"), ("--format", "latx")])
def test_an_unknown_style_or_format_is_refused_with_what_is_allowed(
    terminal: Terminal, option: str, value: str
) -> None:
    terminal("table", option, value).refuses(2, option, value)


@pytest.mark.parametrize("kind", ["dataset", "method", "metric"])
def test_show_refuses_an_unknown_name(terminal: Terminal, kind: str) -> None:
    terminal(f"{kind}s", "show", "nothing").refuses(2, f"no {kind} is called 'nothing'", "Known: ")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--limit", "0"), "--limit"),
        (("--shard", "3/2"), "'3/2' is no shard; give K/N with 1 <= K <= N"),
        (("--shard", "2"), "'2' is no shard"),
        (("--batch", "0"), "--batch"),
        (("--jobs", "none"), "--jobs"),
        (("--timeout", "0"), "--timeout"),
        (("--weights", "spn"), "'spn' must be NAME=FILE"),
        (("--device", "gpu"), "--device gpu: no such device; give auto, cpu, cuda, cuda:1 or mps."),
        (("--device", "meta"), "--device meta: "),
        (("--device", "cuda:99"), "--device cuda:99: "),
        (("--shard", "1/9"), "--shard 1/9: there are only 4 pairs"),
        (("--limit", "2", "--shard", "1/3"), "--shard 1/3: there are only 2 pairs"),
        (("--targets", "data/images"), "targets and masks go together"),
    ],
)
def test_a_wrong_value_of_an_option_is_refused(
    terminal: Terminal, page: Path, arguments: tuple[str, ...], word: str
) -> None:
    terminal.run("mean-fill", *arguments).refuses(2, word)
    assert not OUT.exists()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            "mine=pyton:mine:load",
            ("'pyton' is neither a kind of method nor a baseline's method", "Did you mean 'python'?"),
        ),
        (
            "mine=whatever",
            ("'whatever' is neither a kind of method nor a baseline's method", "exec, flux-fill, folder, "),
        ),
        ("My Method=python:mine:load", ("'My Method' cannot name a method", "small letters")),
        ("mean-fill,mean-fill", ("two methods are called 'mean-fill'",)),
        ("mine=python:mine", ("give python:MODULE:FUNCTION",)),
        ("mine=folder:", ("give folder:DIR",)),
        ("mine=folder:nowhere", ("nowhere: there is no such folder of outputs",)),
    ],
)
def test_a_method_brought_in_a_wrong_way_is_refused(
    terminal: Terminal, page: Path, entry: str, words: tuple[str, ...]
) -> None:
    write_method("return image")
    terminal.run(entry).refuses(2, *words)
    assert not OUT.exists()


def test_weights_for_a_method_that_is_not_requested_are_refused(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("mean-fill", "--weights", "telae=some.safetensors")
    answer.refuses(2, "--weights names 'telae', which is not one of the methods")


def test_weights_for_a_method_without_are_refused(terminal: Terminal, page: Path) -> None:
    Path("some.safetensors").write_bytes(b"")
    answer = terminal.run("mean-fill", "--weights", "mean-fill=some.safetensors")
    answer.refuses(2, "mean-fill has no weights; drop --weights mean-fill=some.safetensors.")


def test_weights_for_a_folder_are_refused(terminal: Terminal, page: Path) -> None:
    Path("done").mkdir()
    answer = terminal.run("mine=folder:done", "--weights", "mine=some.safetensors")
    answer.refuses(2, "a folder: method takes no weights")


def test_a_table_of_a_method_that_is_not_in_the_run_is_refused(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does("mean-fill")
    answer = terminal("table", OUT, "--methods", "mean-fil")
    answer.refuses(2, "no method here is called 'mean-fil'", "Did you mean 'mean-fill'?")
    terminal("table", OUT, "--metrics", "lpips").refuses(2, "no metric here is called 'lpips'", "psnr")


def test_a_table_of_no_run_is_refused(terminal: Terminal) -> None:
    terminal("table").refuses(2, "runs/sample: not a run folder")
