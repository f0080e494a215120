"""The contract that the methods of every baseline keep."""

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import pytest
import torch
from authors_files import outline, tensors, write_authors_files
from loading import CPU, held
from selection import quick
from torch import Tensor

from inpaint_bench.checks.activations import adapter, replay
from inpaint_bench.checks.activations.stages import check_file
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import Baseline, find_baselines, installed, loader, reader, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import SYNTHETIC
from inpaint_bench.weights.containers import read_container
from inpaint_bench.weights.layout import Part, Synthetic
from inpaint_bench.weights.synthetic import KEEP, kept


@dataclass(frozen=True)
class Published:
    """The output of the authors' network for image 0 and mask 0, in a file of reference activations."""

    file: str
    case: int = 0
    eight_bit: bool = False  # whether the image was rounded to 8 bits
    slow: bool = False
    output: Callable[[Tensor], Tensor] = lambda prediction: prediction  # from a prediction to the network's output


PUBLISHED = {
    "rn": Published("golden.json", eight_bit=True),
    "ec": Published("ec_inpaint.json", case=1, eight_bit=True),
    "lama": Published("golden.json", eight_bit=True, slow=True),
    "spl": Published("golden.json", slow=True),
    "spn": Published("spn.json", slow=True),
    "spn-prob": Published("spn_prob.json", slow=True, output=lambda prediction: prediction[:, 0]),
    "mfe": Published("golden.json", eight_bit=True, slow=True, output=lambda prediction: prediction * 2 - 1),
}
FOUND = {name: found for name, found in find_baselines().items() if found[1].model is None}  # networks of our own
NAMES = [*PUBLISHED, *sorted(FOUND.keys() - PUBLISHED, key=lambda name: (not FOUND[name][1].learned, name))]
METHODS = {name: FOUND[name] for name in NAMES}  # parameters that begin alike let pytest run one method after another
LEARNED = [name for name, (_, card) in METHODS.items() if card.learned]
SEEDS = torch.tensor([[1, 2], [3, 4]])
ROUNDING = {"wf": 3e-4}  # absolute, between batches of one and of two; 1e-4 elsewhere


def files_of(method: str) -> list[Path]:
    """A method's files of reference activations; one that several methods name is that of the first."""
    owners: dict[Path, str] = {}
    for name, (baseline, card) in METHODS.items():
        for golden in card.golden:
            owners.setdefault(baseline.folder / golden, name)
    return [path for path, owner in owners.items() if owner == method]


@dataclass
class Subject:
    """A method with synthetic weights, loaded when it is first needed."""

    name: str
    baseline: Baseline
    card: MethodCard

    @cached_property
    def inpaint(self) -> Callable[..., Tensor]:
        weights = weights_of(self.baseline, self.card, "", SYNTHETIC if self.card.learned else None)
        return loader(self.baseline, self.card)(weights, CPU)  # type: ignore[no-any-return]

    @property
    def side(self) -> int:
        """A small side that the method takes."""
        card = self.card
        return card.exact_size or -(-max(card.min_size, 16) // card.multiple) * card.multiple

    def predict(self, images: Tensor, masks: Tensor, seeds: Tensor = SEEDS) -> Tensor:
        """Predictions; a stochastic method's have an axis for samples."""
        return self.inpaint(images, masks, *([seeds[: len(images)]] if self.card.stochastic else []))

    @cached_property
    def pair(self) -> tuple[Tensor, Tensor]:
        """Two whole images and their masks."""
        images = torch.cat([synthetic.image(self.side, seed) for seed in range(2)])
        return images, torch.cat([synthetic.mask(self.side, seed) for seed in range(2)])

    @cached_property
    def first(self) -> Tensor:
        """The prediction for the first pair by itself."""
        images, masks = (each[:1] for each in self.pair)
        return self.predict(emptied(images, masks), masks)


@pytest.fixture(scope="module", autouse=True)
def _no_initial_values() -> Iterator[None]:
    """Every weight is loaded; drawing values for them first takes seconds for the large networks."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("kaiming_uniform_", "uniform_"):
            patch.setattr(torch.nn.init, name, lambda tensor, *given, **options: tensor)
        yield


# Twins of others, and the networks that take longest: `make test` leaves them to `make acceptance`.
SLOW = {"ctsdg", "dsi", "lama", "mat", "mat-256", "mfe", "migan-512", "rfr-small", "spl", "spn", "spn-prob", "wf"}


@pytest.fixture(scope="module", params=quick(METHODS, METHODS.keys() - SLOW))
def subject(request: pytest.FixtureRequest) -> Subject:
    baseline, card = METHODS[request.param]
    if not installed(card):
        pytest.skip(f"{card.name} needs a package that is not installed")
    return Subject(request.param, baseline, card)


of_learned = pytest.mark.parametrize("subject", quick(LEARNED, {*LEARNED} - SLOW), indirect=True)


def test_every_recorded_stage_agrees_with_the_reference_activations(subject: Subject) -> None:
    assert subject.card.golden or not subject.card.learned
    for path in files_of(subject.name):
        stages = list(check_file(subject.baseline, path, CPU))
        assert stages
        assert not [stage for stage in stages if not stage.agrees]


def test_the_adapter_gives_its_reference_output(subject: Subject) -> None:
    for case in adapter.load_cases(subject.baseline.folder / adapter.FILE, subject.name):
        assert replay.agrees(case["output"], adapter.predict(subject.inpaint, case, CPU), case["rule"])


@pytest.mark.parametrize(
    "subject",
    [pytest.param(name, marks=[pytest.mark.acceptance] if PUBLISHED[name].slow else []) for name in PUBLISHED],
    indirect=True,
)
def test_the_adapter_gives_the_output_of_the_authors_network(subject: Subject) -> None:
    published = PUBLISHED[subject.name]
    case = replay.load(subject.baseline.folder / published.file)["cases"][published.case]
    image, mask = synthetic.image(256), synthetic.mask(256)
    image = (image * 255).round() / 255 if published.eight_bit else image
    seeds = torch.tensor([[case["noise"]["seed"]]]) if subject.card.stochastic else SEEDS
    output = published.output(subject.predict(emptied(image, mask), mask, seeds))
    assert replay.agrees(case["output"], output, replay.rule_of(case, "output"))


@of_learned
def test_synthetic_weights_follow_the_rule_of_the_reference_activations(subject: Subject) -> None:
    every = outline(subject.baseline, subject.card).state_dict()
    for part in subject.card.container.parts:
        names = {name.removeprefix(part.name) for name in every if name.startswith(part.name)}
        rules = [rule_for(names, part, subject.baseline.folder / file) for file in subject.card.golden]
        ops = [change for change in part.synthetic.ops if change.op != KEEP]
        assert msgspec.structs.replace(part.synthetic, ops=tuple(ops)) in rules


def rule_for(names: set[str], part: Part, path: Path) -> Synthetic | None:
    """The rule of a file of reference activations about a part, as far as it concerns the part's names."""
    golden = replay.load(path)
    if not names <= {name.removeprefix(part.name) for name in golden["state_dict"] | golden["aliases"]}:
        return None
    fill, published = golden["fill"], [*names, *(part.prefix + name for name in names)]
    changing = [name for name in published if not kept(name, part.synthetic)]
    changes = [change for change in fill["ops"] if fnmatch.filter(changing, change["match"])]
    return msgspec.convert({"gain": fill["gain"], "fan_in": fill["fan_in"], "ops": changes}, Synthetic)


@of_learned
def test_a_file_in_the_authors_layout_loads_strictly_with_every_value_in_its_place(
    subject: Subject, tmp_path: Path
) -> None:
    baseline, card = subject.baseline, subject.card
    state = tensors(baseline, card)
    found = read_container(write_authors_files(card, state, tmp_path), card.container, reader(baseline, card))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    loader(baseline, card)(held(found), CPU)


@of_learned
def test_the_card_states_the_number_of_parameters_and_explains_a_difference_from_the_paper(subject: Subject) -> None:
    count = sum(parameter.numel() for parameter in outline(subject.baseline, subject.card).parameters())
    assert count == subject.card.parameters
    assert subject.card.reported_parameters_m in (None, count // 10**6) or subject.card.parameters_note


def test_predictions_are_finite_images_in_range_on_the_device(subject: Subject) -> None:
    side = subject.side
    expected = (1, 2, 3, side, side) if subject.card.stochastic else (1, 3, side, side)
    assert subject.first.shape == expected
    assert subject.first.dtype == torch.float32
    assert subject.first.device == CPU
    assert ((subject.first >= 0) & (subject.first <= 1)).all()  # false for NaN
    assert subject.first.std() > 0.01 or not subject.card.learned


def test_an_output_does_not_depend_on_the_batch(subject: Subject) -> None:
    images, masks = emptied(*subject.pair), subject.pair[1]
    alone = torch.cat([subject.first, subject.predict(images[1:], masks[1:], SEEDS[1:])])
    together = subject.predict(images, masks)
    torch.testing.assert_close(together, alone, rtol=0, atol=ROUNDING.get(subject.name, 1e-4))


def test_neither_pixels_under_the_hole_nor_later_samples_change_anything(subject: Subject) -> None:
    images, masks = (each[:1] for each in subject.pair)
    assert not torch.equal(images, emptied(images, masks))
    again = subject.predict(images, masks, SEEDS[:, :1])
    assert torch.equal(again, subject.first[:, :1] if subject.card.stochastic else subject.first)


def test_the_smallest_size_of_the_card_and_an_oblong_are_taken(subject: Subject) -> None:
    card = subject.card
    if card.exact_size:
        return  # every other test is of that size
    height = -(-card.min_size // card.multiple) * card.multiple if card.learned else 17
    width = subject.side + card.multiple
    image, mask = (made(2 * width)[..., :height, :width] for made in (synthetic.image, synthetic.mask))
    mask[..., height // 3 : height // 2, width // 3 : width // 2] = 1
    prediction = subject.predict(emptied(image, mask), mask)
    assert prediction.shape[-3:] == (3, height, width)
    assert ((prediction >= 0) & (prediction <= 1)).all()


@of_learned
def test_other_sizes_are_refused(subject: Subject) -> None:
    card, side = subject.card, subject.side
    fixed = card.multiple > 1 or card.exact_size
    wrong = [(side + max(1, card.multiple // 2), side), (side, side + 1)] if fixed else []
    wrong += [(card.min_size // card.multiple * card.multiple - card.multiple, side)] if card.min_size > 1 else []
    assert not any(card.sizes.take(height) and card.sizes.take(width) for height, width in wrong)
    for height, width in wrong:
        with pytest.raises(InputError, match=rf"^{card.name}: images of {height}x{width}; .*{card.sizes}.*protocol"):
            subject.predict(torch.zeros(1, 3, height, width), torch.zeros(1, 1, height, width))


@of_learned
def test_masks_that_hide_nothing_or_everything_give_finite_predictions(subject: Subject) -> None:
    masks = torch.stack([torch.full((1, subject.side, subject.side), hole) for hole in (0.0, 1.0)])
    assert subject.predict(emptied(subject.pair[0], masks), masks).isfinite().all()
