"""The command `train`: settings are checked, a run ends in weights that load, an ablation ends in a table."""

import json
from pathlib import Path

import few_steps
import pytest
import torch
from terminal import Terminal

from baselines.spn.network import SPN
from baselines.spn.training import ablations, build_dataset, train
from baselines.spn.training.config import as_config, read_config
from baselines.spn.training.networks import build
from inpaint_bench import files
from inpaint_bench.data import images as image_files
from inpaint_bench.data import synthetic
from inpaint_bench.errors import InputError
from inpaint_bench.weights import open_weights

QUICK = (
    *("--set", "network.width=4", "--set", "network.discriminator=4", "--set", "validation=1"),
    *("--set", "validation_size=32", "--set", "stages=[{steps=2,size=32,batch=2}]", "--set", "pretext.name=edges"),
    *("--set", "log_every=1", "--quiet"),
)
TINY = (*QUICK, "--set", "network.levels=0", "--set", "network.blocks=1")  # the pyramid has no part in these tests


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return few_steps.photographs(tmp_path / "images")


def test_a_run_ends_in_weights_that_load(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    answer = terminal("train", "spn", "--images", images, "--out", tmp_path / "out", *QUICK)
    answer.does("best.safetensors")
    assert answer.err == ""
    network = open_weights(tmp_path / "out" / "best.safetensors").into(SPN(4, (1, 1, 1)))
    assert network(synthetic.image(32), synthetic.mask(32))[0].isfinite().all()


def test_progress_lines_have_losses_and_speed(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    answer = terminal(
        "train", "spn", "--images", images, "--out", tmp_path / "out", *[each for each in TINY if each != "--quiet"]
    )
    assert "1/2  g_total" in answer.err
    assert "images/s" in answer.err
    assert "2/2  validation: psnr" in answer.err


def test_weights_for_the_adapter_have_no_heads(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    terminal("train", "spn", "--images", images, "--out", out, *QUICK, "--set", "heads=false", "--set", "saved=float16")
    weights = open_weights(out / "best.safetensors")
    assert {tensor.dtype for tensor in weights.tensors().values()} == {torch.float16}
    weights.into(SPN(4, None))


@pytest.mark.acceptance
def test_a_run_may_start_from_the_weights_of_another(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    command = ("train", "spn", "--images", images, *QUICK)
    first = tmp_path / "one" / "last.safetensors"
    terminal(*command, "--out", first.parent, "--set", "heads=false", "--set", "saved=float16").does()
    config = read_config("spn", None, [*QUICK[1:4:2], f"weights_file={first}"])
    began = build(config, (1, 1, 1)).state_dict()
    held = open_weights(first).tensors()
    assert all(torch.equal(began[name], value.float()) for name, value in held.items())
    assert {name.split(".")[0] for name in began.keys() - held.keys()} == {
        "feature_mapping", "feature_mapping_128", "feature_mapping_256",
    }  # fmt: skip
    terminal(*command, "--out", tmp_path / "two", "--set", f"weights_file={first}").does("best.safetensors")
    known = json.loads((tmp_path / "two" / "training.json").read_text())
    assert known["weights_sha256"] == files.file_sha256(first)
    wider = ("--set", "network.width=8", "--set", f"weights_file={first}")
    terminal(*command, "--out", tmp_path / "wider", *wider).refuses(2, f"{first}: not the weights of this network")
    lost = ("--set", f"weights_file={tmp_path / 'lost'}")
    terminal(*command, "--out", tmp_path / "lost", *lost).refuses(2, "there is no such weights file")


@pytest.mark.acceptance
def test_the_rest_of_a_network_stays_as_it_was(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    first, second = (tmp_path / name / "last.safetensors" for name in ("one", "two"))
    command = ("train", "spn", "--images", images, *QUICK)
    terminal(*command, "--out", first.parent).does()
    part = ("--set", f"weights_file={first}", "--set", 'trainable=["decoder.6.*", "middle.7.*.weight"]')
    terminal(*command, "--out", second.parent, *part).does()
    before, after = (open_weights(path).tensors() for path in (first, second))
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert {"decoder.6.weight", "decoder.6.bias", "middle.7.conv_block.3.weight"} <= changed
    assert all(name.startswith("decoder.6.") or name.endswith(".weight") for name in changed)
    assert {".".join(name.split(".")[:2]) for name in changed} == {"decoder.6", "middle.7"}
    for pattern, words in (
        ("decoder.9.*", "trainable: no parameter matches 'decoder.9.*'"),
        ("feature_mapping*", "trainable: the heads alone do not change the prediction"),
    ):
        terminal(*command, "--out", tmp_path / "wrong", "--set", f'trainable=["{pattern}"]').refuses(2, words)


def test_compiling_without_a_compiler_is_refused(
    terminal: Terminal, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    answer = terminal("train", "spn", "--images", images, "--out", tmp_path / "out", *TINY, "--set", "compile=true")
    answer.refuses(2, "compile = true needs a compiler for C++ (no-such-compiler). Install one.")


def test_bf16_on_a_cpu_without_it_is_noted(
    terminal: Terminal, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, precision, capability, noted in (
        ("slow", "bf16", "AVX2", True),
        ("fast", "bf16", "AVX512", False),
        ("whole", "float32", "AVX2", False),
    ):
        monkeypatch.setattr(train, "get_cpu_capability", lambda capability=capability: capability)
        settings = (
            "--out",
            tmp_path / name,
            *[each for each in TINY if each != "--quiet"],
            "--set",
            f"precision={precision}",
        )
        answer = terminal("train", "spn", "--images", images, *settings)
        answer.does("best.safetensors")
        assert ("computes bf16 many times slower" in answer.err) == noted


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("network.widht=3", "no key is called 'network.widht'. Did you mean 'width'?"),
        ("lrr=3", "no key is called 'lrr'. Did you mean 'lr'?"),
        ("losses=papers", "losses: invalid enum value 'papers'. Allowed: code, paper."),
        ("network.width=3", "network.width: expected int that's a multiple of 2."),
        ("lr=-1", "lr: expected float > 0"),
        ("stages=[{steps=2,siz=32}]", "no key is called 'stages.siz'. Did you mean 'size'?"),
        ("stages=[]", "stages must hold at least one stage"),
        ("best=pnsr", "no metric is called 'pnsr'. Did you mean 'psnr'?"),
        ("lr", "give key=value, as in network.width=16."),
        ("accumulate=3", "cannot be split into 3 equal parts"),
    ],
)
def test_a_wrong_setting_is_refused(terminal: Terminal, images: Path, tmp_path: Path, change: str, words: str) -> None:
    answer = terminal("train", "spn", "--images", images, "--out", tmp_path / "out", *TINY, "--set", change)
    answer.refuses(2, words)


def test_wrong_names_and_files_are_refused(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    given = ("--images", images, "--out", tmp_path / "out", *TINY)
    terminal("train", "spm", *given).refuses(2, "no method that can be trained here is called 'spm'", "'spn")
    terminal("train", "spn", *given, "--config", "none.toml").refuses(2, "none.toml: there is no such file of settings")
    terminal("train", "spn", *given, "--ablation", "tabel3").refuses(2, "Did you mean 'table3'?")
    terminal("train", "spn", "--images", tmp_path / "none", *given[2:]).refuses(2, "there is no such folder")
    (tmp_path / "masks").mkdir()
    terminal("train", "spn", *given, "--masks", tmp_path / "masks").refuses(2, "holds no masks")


@pytest.mark.acceptance
def test_an_ablation_ends_in_its_table(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    terminal("train", "spn", "--images", images, "--out", out, *QUICK, "--ablation", "table3").does(
        "# Table 3: scales of the prior", "| 64 |", "| 64+128 |", "| 64+128+256 |"
    )
    assert (out / "table3.csv").read_text().count("\n") == 4
    assert not list(out.glob("*.png"))


@pytest.mark.acceptance
def test_some_rows_of_an_ablation(terminal: Terminal, images: Path, tmp_path: Path) -> None:
    given = ("train", "spn", "--images", images, "--out", tmp_path / "out", *QUICK, "--ablation")
    answer = terminal(*given, "fig8:edges,random")
    answer.does("| random |", "| edges |")
    assert "TResNet-L" not in answer.out
    assert (tmp_path / "out" / "fig8.png").is_file()
    terminal(*given, "fig8:edgs").refuses(2, "fig8 has no row 'edgs'. Did you mean 'edges'?")
    terminal(*given, "fig8:").refuses(2, "fig8 has no row ''")
    terminal(*given, "fig8").refuses(2, "the row 'TResNet-L' of fig8: the pretext network tresnet_l needs its weights")
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == ["edges", "random"]


def test_a_figure_is_drawn_too(tmp_path: Path) -> None:
    validation = [{"step": 2.0, "psnr": 20.0, "ssim": 0.8, "mae": 0.05, "psnr_hole": 15.0, "mae_hole": 0.1}]
    known = {name: ablations.Summary(1, 2, 3, {"step": 2}, validation) for name in ("one", "other")}
    assert ablations.bars("Fig. 7", known).startswith(b"\x89PNG")


# --- the networks of the ablations -----------------------------------------------------------------


def variant(**network: object) -> SPN:
    made = build(as_config({"network": {"width": 4, **network}}, "the test"), (5, 6, 7))
    assert isinstance(made, SPN)
    return made


def test_the_papers_network_is_unchanged() -> None:
    torch.manual_seed(0)
    wanted = SPN(4, (5, 6, 7)).state_dict()
    found = variant().state_dict()
    assert {name: tensor.shape for name, tensor in found.items()} == {n: t.shape for n, t in wanted.items()}


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_every_weight_of_a_smaller_pyramid_learns(levels: int) -> None:
    network = variant(levels=levels)
    prediction, priors = network(synthetic.image(32), synthetic.mask(32))
    heads = network.distil(priors) if levels else ()
    (prediction.mean() + sum(head.mean() for head in heads if head.numel())).backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []
    assert [prior.shape[1] for prior in priors] == [4 * (levels > 2), 8 * (levels > 1), 16 * (levels > 0)]


def test_scaled_initial_values_let_the_image_reach_the_pyramid() -> None:
    def reached(init: str) -> float:
        torch.manual_seed(0)
        network = build(as_config({"network": {"width": 8}, "init": init}, "the test"), None)
        with torch.inference_mode():
            _, priors = network(synthetic.image(64), synthetic.mask(64))
        return float(priors.quarter.std(dim=(2, 3)).mean())

    assert reached("torch") < 0.1
    assert 0.3 < reached("scaled") < 3


def test_fewer_or_more_blocks_and_concatenation_change_the_count_of_weights() -> None:
    counts = [
        sum(value.numel() for value in variant(**changes).parameters())
        for changes in ({"blocks": 4}, {}, {"blocks": 12}, {"modulation": "concat"})
    ]
    assert counts[0] < counts[1] < counts[2]
    assert counts[2] - counts[1] == counts[1] - counts[0]
    assert counts[3] != counts[1]


def test_table_4_has_the_papers_millions_of_weights() -> None:
    with torch.device("meta"):
        counts = [
            sum(
                p.numel()
                for p in build(as_config({"network": {"blocks": blocks}}, "the test"), (76, 76, 152)).parameters()
            )
            for blocks in (4, 8, 12)
        ]
    assert [count // 10**6 for count in counts] == [38, 50, 62]


# --- the photographs of the small models -----------------------------------------------------------


def test_no_training_photograph_is_a_sample_photograph_or_nearly_one() -> None:
    learned, shown = build_dataset.read_table(build_dataset.TABLE), build_dataset.read_table(build_dataset.SAMPLE)
    attributed = build_dataset.read_table(build_dataset.ATTRIBUTION)
    assert {row["file"] for row in shown} == {row["file"] for row in attributed}
    assert not {row["photograph_sha256"] for row in learned} & {row["photograph_sha256"] for row in attributed}
    sample = [build_dataset.as_bits(row["hash"]) for row in shown]
    for row in learned:
        found = build_dataset.as_bits(row["hash"])
        assert min(build_dataset.distance(found, other) for other in sample) >= build_dataset.MIN_DISTANCE, row["file"]


def test_the_hash_knows_a_smaller_and_a_mirrored_copy() -> None:
    pixels = image_files.read_pixels(build_dataset.ATTRIBUTION.parent / "images" / "building-colosseum.png")
    found = build_dataset.difference_hash(pixels)
    small = image_files.resize_bilinear(pixels, 190)
    assert build_dataset.distance(found, build_dataset.difference_hash(small)) < 20
    assert build_dataset.distance(found, build_dataset.difference_hash(small[:, ::-1].copy())) < 20
    other = image_files.read_pixels(build_dataset.ATTRIBUTION.parent / "images" / "animal-cat.png")
    assert build_dataset.distance(found, build_dataset.difference_hash(other)) >= build_dataset.MIN_DISTANCE
    assert (build_dataset.as_bits(build_dataset.as_text(found)) == found).all()


def test_photographs_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"package \S+ is missing.*says which packages are needed"):
        build_dataset.collect(tmp_path, tmp_path / "out")
