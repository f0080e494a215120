"""The settings of a training run: recipes, files and words that change them, and the rows of ablations."""

from pathlib import Path

import pytest

from baselines.spn.training import ablations
from baselines.spn.training.config import CONFIGS, Config, read_config, recipe_names
from inpaint_bench.errors import InputError


def test_a_file_of_settings_changes_the_recipe_and_words_change_both(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("lr = 0.5\n[network]\nwidth = 8\n[weights]\nl1 = 3.0\n")
    config = read_config("spn", path, ["network.width=6", "pretext.name=lite0"])
    assert (config.lr, config.network.width, config.weights.l1, config.pretext.name) == (0.5, 6, 3.0, "lite0")
    assert config.weights.prior == Config().weights.prior


@pytest.mark.parametrize("recipe", recipe_names())
def test_a_recipe_reads(recipe: str) -> None:
    assert read_config(recipe).steps > 0


@pytest.mark.parametrize("path", sorted((CONFIGS / "overrides").glob("*.toml")), ids=lambda path: path.stem)
def test_overrides_of_spn_small_read(path: Path) -> None:
    assert read_config("spn-small", path) != read_config("spn-small")


@pytest.mark.parametrize("name", ablations.ablation_names())
def test_every_row_of_an_ablation_is_a_run_of_its_own(name: str) -> None:
    found = ablations.configs(name, "spn", None, ["pretext.file=some-file"])
    assert len(set(map(repr, found.values()))) == len(found) > 1


def test_a_long_value_of_a_file_is_not_repeated_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for text in (f'losses = "{"a" * 10_000}"', f"{'a' * 10_000} = 1"):
        path.write_text(text)
        with pytest.raises(InputError) as refused:
            read_config("spn", path)
        assert len(str(refused.value)) < 1_000
