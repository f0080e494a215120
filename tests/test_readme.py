"""The README's table of methods says what the cards say."""

import re

from inpaint_bench import files
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.card import MethodCard

README = files.PACKAGE.parent / "README.md"


def rows() -> dict[str, tuple[list[str], list[str]]]:
    """The names in each row of the table and its other cells, by each name."""
    text = README.read_text(encoding="utf-8").partition("## Methods\n")[2].partition("\n## ")[0]
    found: dict[str, tuple[list[str], list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            names = re.findall(r"`([a-z][a-z0-9-]*)[`=]", first)
            found |= dict.fromkeys(names, (names, cells))
    return found


def how(card: MethodCard) -> str:
    """How the weights of a method come to be here."""
    if not card.learned:
        return "none"
    if card.ships:
        return "ship"
    if card.model is not None:
        return "`weights fetch`" if card.model.repo else "`run --fetch`"
    if not card.weights:
        return "your own"
    by_hand = all(file.by_hand for one in card.weights for file in one.files)
    return "by hand" if by_hand else "`weights fetch`"


def test_every_method_is_listed_with_its_year_parameters_and_how_its_weights_are_got() -> None:
    listed = rows()
    cards = {name: card for name, (_, card) in find_baselines().items()}
    assert listed.keys() == {*cards.keys() - {"diffusers"}, "mine"}
    for name, card in cards.items():
        names, (year, licence, parameters, weights, devices) = listed["mine" if name == "diffusers" else name]
        assert how(card) in weights, name
        assert ("gated" in weights) == bool(card.model and card.model.gated), name
        assert all(word in licence for word in re.findall(r"CC BY[A-Z -]*|MIT", card.licence)), name
        if name == "diffusers":
            continue
        start, _, end = year.partition("-")
        assert card.year == 0 or int(start) <= card.year <= int(end or start), name
        assert devices == ("GPU" if card.model else "CPU, GPU" if card.learned else "CPU"), name
        if card.learned:
            millions = card.parameters / 1e6
            shown = f"{millions:,.0f} M" if millions >= 1000 else f"{millions:.1f} M"
            assert shown == parameters.split(" M, ")[names.index(name)].removesuffix(" M") + " M", name
