"""Two images tell a method whose masks are inverted, before it spoils a run; nothing else is refused by them."""

from pathlib import Path

import pytest
import torch
from terminal import OUT, Terminal, composites, write_method, write_program

from inpaint_bench.data.tensors import Images, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.methods.probe import probe_images, refuse_inverted

SAID = "it leaves the hole empty and repaints the known region: its masks seem inverted. Here 1 (255 in files)"


def fill(image: Images, mask: Masks) -> Images:
    """The mean of what is known, in the hole."""
    known = 1 - mask
    mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
    return image * known + mean * mask


def inverted(image: Images, mask: Masks) -> Images:
    """What is taken for known is the empty hole, so that all is black."""
    return fill(image, 1 - mask)


def random_network(image: Images, mask: Masks) -> Images:
    """A network with weights made from names gives something in [0, 1] that has nothing to do with the image."""
    return torch.rand(image.shape, generator=torch.Generator().manual_seed(0))


HARMLESS = {
    "a fill": fill,
    "a random network": random_network,
    "all white": lambda image, mask: torch.ones_like(image),
    "nothing done": lambda image, mask: image,
    "a hole that stays black in a known region that is only blurred": lambda image, mask: image * 0.98,
    "one hole of two left empty": lambda image, mask: torch.cat([image[:1], 1 - image[1:]]),
    "a wrong shape, which the run tells": lambda image, mask: image[..., 1:],
}


@pytest.mark.parametrize("size", [24, 256])
def test_inverted_masks_are_reported(size: int) -> None:
    with pytest.raises(InputError, match="mine: it leaves the hole empty"):
        refuse_inverted("mine", inverted, size)


@pytest.mark.parametrize("harmless", HARMLESS)
@pytest.mark.parametrize("size", [24, 256])
def test_no_other_method_is_refused(harmless: str, size: int) -> None:
    refuse_inverted("mine", HARMLESS[harmless], size)


def test_the_probe_is_in_range_with_a_hole_and_a_known_region() -> None:
    image, mask = probe_images(64)
    assert image.min() > 0.3
    assert image.max() <= 1
    assert set(mask.flatten().tolist()) == {0, 1}
    assert ((mask.mean((1, 2, 3)) > 0.02) & (mask.mean((1, 2, 3)) < 0.5)).all()


def test_a_function_with_inverted_masks_is_refused_before_the_first_pair(terminal: Terminal, page: Path) -> None:
    terminal.run(write_method("return mask * image + (1 - mask) * 0.5")).refuses(2, f"mine: {SAID}", "invert the mask")
    assert composites() == []


def test_a_stochastic_function_with_inverted_masks_is_refused(terminal: Terminal, page: Path) -> None:
    body = "return (mask * image + (1 - mask) * 0.5)[:, None].repeat(1, seeds.shape[1], 1, 1, 1)"
    terminal.run(write_method(body, "image, mask, seeds")).refuses(2, f"mine: {SAID}")


def test_a_program_with_inverted_masks_is_refused_before_the_first_pair(terminal: Terminal, page: Path) -> None:
    body = """
    import numpy as np
    from PIL import Image
    for name in names:
        image, hole = np.array(Image.open(images / name)), np.array(Image.open(masks / name)) > 0
        image[~hole] = 128
        Image.fromarray(image).save(out / name)
    """
    terminal.run(write_program(body).replace(" -S", "")).refuses(2, f"mine: {SAID}")
    assert composites() == []
    assert not any(OUT.glob("mine/program*"))


def test_a_function_that_draws_is_run(terminal: Terminal, page: Path) -> None:
    body = "return image + mask * torch.rand(image.shape, generator=torch.Generator().manual_seed(0))"
    terminal.predict(write_method(body)).does("4 pairs by mine")
