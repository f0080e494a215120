"""Methods given as Python objects: what is accepted, what is recorded about them, and what is refused."""

import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from inpaint_bench import files
from inpaint_bench.data import datasets, prepare
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.methods.base import Method, PredictJob
from inpaint_bench.methods.select import Given, select_methods
from inpaint_bench.runner.folder import start
from inpaint_bench.runner.predict import predict_pairs
from inpaint_bench.runner.runtime import RuntimeOptions

SOURCE = Path(__file__).read_text()


def half(image: Tensor, mask: Tensor) -> Tensor:
    return image + 0.5 * mask


def noisy(image: Tensor, mask: Tensor, seeds: Tensor) -> Tensor:
    levels = (seeds % 1000).float()[:, :, None, None, None] / 1000
    return image[:, None] + levels * mask[:, None]


class Level(nn.Module):
    """A network as people write them."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image + 0.25 * mask


@pytest.fixture
def dataset(page: Path) -> Dataset:
    return datasets.see(datasets.open_dataset(str(page), None), 1)


def select(methods: Any, dataset: Dataset, **weights: str) -> list[Method]:
    return select_methods(methods, dataset, dataset, Given(weights=weights))


def code_of(text: str) -> str:
    assert text in SOURCE
    return files.sha256(text.encode())[:12]


def predictions(method: Method, dataset: Dataset) -> list[tuple[str, int | None, Tensor, Tensor]]:
    job = PredictJob(
        dataset.page,
        dataset.pairs,
        lambda pair: prepare.prepare(dataset.page, dataset.data, pair),
        Path("scratch"),
        torch.device("cpu"),
    )
    return [
        (one.prepared.pair.pair, one.sample, one.prediction, torch.from_numpy(one.prepared.hole))
        for one in method.predict(job)
    ]


def test_a_function_is_a_method(dataset: Dataset) -> None:
    (method,) = select({"mine": half}, dataset)
    assert (method.name, method.source) == ("mine", f"callable:{__name__}.half")
    assert method.code == code_of("def half(image: Tensor, mask: Tensor) -> Tensor:\n    return image + 0.5 * mask\n")
    found = predictions(method, dataset)
    assert [(pair, sample) for pair, sample, _, _ in found] == [(pair.pair, None) for pair in dataset.pairs]
    assert all((prediction[:, hole] == 0.5).all() for _, _, prediction, hole in found)


def test_a_stochastic_function_is_given_the_seeds_of_every_sample(dataset: Dataset) -> None:
    (method,) = select({"mine": noisy}, dataset)
    found = predictions(method, dataset)
    samples = range(dataset.page.samples)
    assert [(pair, sample) for pair, sample, _, _ in found] == [(p.pair, s) for p in dataset.pairs for s in samples]
    levels = [set(prediction[:, hole].flatten().tolist()) for _, _, prediction, hole in found]
    assert all(len(level) == 1 for level in levels)
    assert len({level.pop() for level in levels}) > len(dataset.pairs)


def test_a_network_a_part_and_a_lambda_are_methods_too(dataset: Dataset) -> None:
    given = {"net": Level(), "part": functools.partial(half), "short": lambda image, mask: image}
    net, part, short = select(given, dataset)
    assert net.source == f"callable:{__name__}.Level"
    assert net.code == code_of(SOURCE[SOURCE.index("class Level") :].split("\n\n\n")[0] + "\n")
    assert (part.source, part.code) == (f"callable:{__name__}.half", select({"mine": half}, dataset)[0].code)
    assert short.source.endswith("<lambda>")
    assert all((prediction[:, hole] == 0.25).all() for _, _, prediction, hole in predictions(net, dataset))


def test_code_without_a_source_text_has_no_hash(dataset: Dataset) -> None:
    names: dict[str, Any] = {}
    exec("def typed(image, mask): return image", names)
    (method,) = select({"mine": names["typed"]}, dataset)
    assert method.code == ""


def test_a_function_fills_a_run_folder_and_another_one_is_not_mixed_with_it(dataset: Dataset) -> None:
    (method,) = select({"mine": half}, dataset)
    runtime = RuntimeOptions("cpu")
    run = predict_pairs(start(Path("run"), dataset), dataset, method, runtime)
    assert list(run.samples_of("mine")) == [pair.pair for pair in dataset.pairs]
    assert run.info.methods["mine"].source == f"callable:{__name__}.half"
    (another,) = select({"mine": Level()}, dataset)
    with pytest.raises(InputError, match="made with source callable:"):
        predict_pairs(run, dataset, another, runtime)


def test_names_entries_and_functions_keep_their_order(dataset: Dataset) -> None:
    program = "exec:true {images} {masks} {out}"
    assert [m.name for m in select(["telea", f"mine={program}", "mean-fill"], dataset)] == [
        "telea",
        "mine",
        "mean-fill",
    ]
    found = select({"z": program, "a": half}, dataset)
    assert [(method.name, method.source) for method in found] == [("z", program), ("a", f"callable:{__name__}.half")]


def test_a_baselines_method_may_have_another_name_and_is_not_mixed_with_its_neighbour(dataset: Dataset) -> None:
    (again,) = select(["again=telea"], dataset)
    assert (again.name, again.source, again.title) == ("again", "baseline classical: telea", "Telea")
    (other,) = select({"again": "navier-stokes"}, dataset)
    runtime = RuntimeOptions("cpu")
    run = predict_pairs(start(Path("run"), dataset), dataset, again, runtime)
    with pytest.raises(InputError, match="made with source baseline classical: telea, now it is baseline classical: n"):
        predict_pairs(run, dataset, other, runtime)


def test_without_methods_all_that_can_run_here_are_selected(dataset: Dataset) -> None:
    names = [method.name for method in select(None, dataset)]
    assert {"telea", "mean-fill"} <= {*names}


@pytest.mark.parametrize(
    ("methods", "sentence"),
    [
        ({"mine": 3}, "mine: an object of type int is not a method. Give a function of (image, mask)"),
        ({"mine": None}, "mine: an object of type NoneType is not a method."),
        ({"mine": lambda image: image}, "mine: its parameters are (image); they must be (image, mask) or (image, mask"),
        ({"mine": [1]}, "mine: an object of type list is not a method."),
        (
            {"mine": "tela"},
            "mine=tela: 'tela' is neither a kind of method nor a baseline's method. Did you mean 'telea'?",
        ),
        ({"mine": "{x}:y"}, "mine={x}:y: '{x}' is neither a kind of method nor a baseline's method."),
        ({"Again": "telea"}, "'Again' cannot name a method; use small letters"),
        ({"Mine": half}, "'Mine' cannot name a method; use small letters"),
        ([half], "methods: an object of type function has no name. Give {'mine': …}"),
        (half, "methods: an object of type function is neither a list nor a dictionary."),
        ("telea", "methods: 'telea' is neither a list nor a dictionary. Give names, as in ['telea', 'spn']"),
        (["telea", "telea"], "two methods are called 'telea'."),
        (["tela"], "no method is called 'tela'. Did you mean 'telea'?"),
        ([], "no method is named."),
        ({}, "no method is named."),
    ],
)
def test_what_is_no_method_is_refused_in_a_sentence(methods: Any, sentence: str, dataset: Dataset) -> None:
    with pytest.raises(InputError) as raised:
        select(methods, dataset)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_weights_for_a_function_are_refused(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="--weights mine: a function takes no weights from here"):
        select({"mine": half}, dataset, mine="some.safetensors")


def test_a_function_that_fails_is_named(dataset: Dataset) -> None:
    def broken(image: Tensor, mask: Tensor) -> Tensor:
        raise ValueError("no paint")

    (method,) = select({"mine": broken}, dataset)
    with pytest.raises(MethodError, match="mine: the probe of two images failed: ValueError: no paint"):
        predictions(method, dataset)
