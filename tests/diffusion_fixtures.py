"""A tiny diffusion model, for the tests of what is run with one and of what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
import tiny_diffusion
from terminal import Answer, Terminal


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_diffusion.save(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture
def model(saved: Path) -> Path:
    """A copy of the model in the working folder, and a page of three pairs of its size with two samples."""
    tiny.make_dataset(Path.cwd(), 3, side=tiny_diffusion.SIDE, size=tiny_diffusion.SIDE, samples=2)
    shutil.copytree(saved, "model")
    return Path("model")


@pytest.fixture
def run(model: Path, terminal: Terminal) -> Callable[..., Answer]:
    """`run` of the model in two steps; random weights repaint what is known."""

    def run(*arguments: object, methods: str = "mine=diffusers:model") -> Answer:
        steps = () if any("mine.steps=" in str(one) for one in arguments) else ("--set", "mine.steps=2")
        return terminal.run(methods, "--metrics", "psnr", "--allow-known-error", *steps, *arguments)

    return run
