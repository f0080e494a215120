"""The five VGG19 slices behind the losses of the probabilistic network; for training only."""

from jaxtyping import Float
from torch import Tensor, nn

from inpaint_bench.data.tensors import Images

# Per slice: the index of a convolution in VGG19, its channels in and out, whether pooling comes before it.
Slices = tuple[tuple[tuple[int, int, int, bool], ...], ...]
SLICES: Slices = (
    ((0, 3, 64, False),),
    ((2, 64, 64, False), (5, 64, 128, True)),
    ((7, 128, 128, False), (10, 128, 256, True)),
    ((12, 256, 256, False), (14, 256, 256, False), (16, 256, 256, False), (19, 256, 512, True)),
    ((21, 512, 512, False), (23, 512, 512, False), (25, 512, 512, False), (28, 512, 512, True)),
)


class Slice(nn.Sequential):
    """Convolutions with their indices in VGG19, each with ReLU, and pooling where VGG19 has it."""

    def __init__(self, convolutions: tuple[tuple[int, int, int, bool], ...]) -> None:
        super().__init__()
        for number, channels, out, pooled in convolutions:
            if pooled:
                self.add_module(str(number - 1), nn.MaxPool2d(2))
            self.add_module(str(number), nn.Conv2d(channels, out, 3, padding=1))
            self.add_module(str(number + 1), nn.ReLU())


class VGG(nn.Module):
    """A VGG network (Simonyan, Zisserman 2015) up to relu5_1."""

    def __init__(self, slices: Slices) -> None:
        super().__init__()
        self.slice1, self.slice2, self.slice3, self.slice4, self.slice5 = map(Slice, slices)

    def forward(self, image: Images) -> list[Float[Tensor, "batch _ _ _"]]:
        """The outputs relu1_1, relu2_1, … relu5_1 for images in [0, 1], without normalisation."""
        maps: list[Tensor] = []
        out = image
        for part in (self.slice1, self.slice2, self.slice3, self.slice4, self.slice5):
            out = part(out)
            maps.append(out)
        return maps


class VGG19(VGG):
    """The VGG network of the paper."""

    def __init__(self) -> None:
        super().__init__(SLICES)
