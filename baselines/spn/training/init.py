"""Initial values of SPN: variance-preserving ones, and a network that fills holes before any training.

`init_diffusion` is for short runs. A randomly initialised network of a hundred layers spends most of a short run on
learning to pass a colour through. Here a few channels of every layer implement a classical method, built from
convolutions and ReLU: colours diffuse from the edge of the hole. All other channels are random. Training changes
everything except the channels that select between known and unknown, from the first encoder to the dense blocks.

The building block: for a colour c in [0, 1] and k = 1 where something is known and 0 elsewhere, relu(c - k) is the
colour where nothing is known and 0 where something is: a selection in one layer.

Colours are averaged over cells (2x2 groups) whose pixels are all known; other cells take their first known pixel. At a
quarter of the size, colours are copied from cell to cell into the hole, from the four sides in turn, and then smoothed
there. On the way up, each size keeps what it knows and takes the rest from the next smaller size.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from baselines.layers import ResidualDenseBlock
from baselines.spn.blocks import DecoderBlock, MergeBlock
from baselines.spn.network import Generator

LINEAR = ("*mapping*", "*mlp_gamma", "*mlp_beta", "gff.*", "encoder_sm_out", "*shortcut*", "*conv_s", "decoder.6")
RESIDUAL = ("rdbs.*.lff", "feature_recon.?.conv_block.4", "middle.*.conv_block.7")  # the last layers of residual blocks

MIN_WIDTH = 16  # the smallest width whose layers have enough channels
COLOURS = range(3)
KNOWN, ONE = 3, 4  # channels at full size, after the colours
CELL = ((1, 1), (1, 2), (2, 1), (2, 2))  # the four pixels of a cell in the window of a 4x4 convolution of stride 2
ALL, ONE_SMALL, MEAN = 16, 17, 18  # channels at smaller sizes: 4 x (colours, known), these, and the three means
FIXED, FIRST, WHOLE, CHOSEN = 4, 5, 8, 9  # channels of the dense blocks, after colours and known: see `_enter`
SIDES = ((1, 0), (0, 1), (1, 2), (2, 1))  # left, above, right, below in a 3x3 window
MARGIN = 2  # the weight of k in relu(c - k): with exactly 1, the first steps of Adam would undo a selection
COPY_BLOCKS = 10  # dense blocks that copy, six steps each; the others smooth
GREY = 0.45  # the colour of cells that no step has reached
KNOTS = (0.0, 0.06, 0.22, 0.78, 0.94, 1.0)  # colours at which the inverse of tanh is interpolated
DARKEST = 0.008  # the value for 0, which tanh itself never reaches


def init_scaled(network: nn.Module) -> None:
    """Normal values whose variance preserves the scale of activations (He et al. 2015), and biases of 0.

    PyTorch's default shrinks activations in every layer. The prior learner has about a hundred layers and no
    normalisation, so almost nothing of the image reaches the pyramid at first. The variance is doubled before a ReLU;
    the last layers of residual blocks start small, so that sixteen blocks in a row do not increase the scale.
    """
    for name, module in network.named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        fan_in = module.weight[0].numel()
        gain = 1.0 if _matches(name, LINEAR) else 2.0**0.5
        nn.init.normal_(module.weight, 0, (0.3 if _matches(name, RESIDUAL) else gain) / fan_in**0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@torch.no_grad()
def init_diffusion(network: Generator) -> None:
    """Overwrite the channels that diffuse colours, in a network of width 16 or more, with three levels and SPADE."""
    _encode_prior(network)
    _enter(network)
    for number, block in enumerate(network.rdbs):
        assert isinstance(block, ResidualDenseBlock)
        if number < COPY_BLOCKS:
            _copy(block, number)
        else:
            _smooth(block)
    _leave(network)
    _decode_prior(network)
    _paint(network)


def _cleared(conv: nn.Module, rows: Iterable[int]) -> tuple[Tensor, Tensor]:
    """The weight and bias of a convolution, with the rows that will be written set to zero."""
    weight, bias = conv.get_parameter("weight"), conv.get_parameter("bias")
    for row in rows:
        weight[row], bias[row] = 0, 0
    return weight, bias


def _held(conv: nn.Module, rows: range) -> tuple[Tensor, Tensor]:
    """The same, with the gradient of these rows blocked: sixty slightly wrong selections in a row would explode."""

    def without(gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        gradient[: len(rows)] = 0
        return gradient

    weight, bias = _cleared(conv, rows)
    for parameter in (weight, bias):
        parameter.register_hook(without)  # type: ignore[no-untyped-call]
    return weight, bias


def _encode_prior(network: Generator) -> None:
    """Colours that are 0 in the hole, and which pixels are known; then cells of 2x2 and of 4x4 pixels."""
    weight, bias = _held(network.encoder_conv1_sm, range(5))
    for i in COLOURS:
        weight[i, i, 3, 3], weight[i, 3, 3, 3] = 1, -1  # the hole is white: subtracting the mask makes it black
    weight[KNOWN, 3, 3, 3], bias[KNOWN], bias[ONE] = -1, 1, 1
    weight, _ = _held(network.encoder_conv2_sm, range(5))
    for i in (*COLOURS, KNOWN, ONE):
        weight[i, i, 1:3, 1:3] = 1 / 4  # the image was enlarged twice: the pixel itself
    _cells(network.encoder_conv3_sm, first=[(i,) for i in range(4)], whole=KNOWN, mean=0, one=ONE)
    firsts = [tuple(4 * place + i for place in range(4)) for i in range(4)]
    _cells(network.encoder_conv4_sm, firsts, whole=ALL, mean=MEAN, one=ONE_SMALL)


def _cells(conv: nn.Module, first: list[tuple[int, ...]], whole: int, mean: int, one: int) -> None:
    """For every cell: the first known of its four parts, whether all four are known, and their mean if so.

    `first` are the channels that sum to the colours of a part and to whether any of it is known; `whole` and `mean`
    are the channels of fully known parts.
    """
    weight, bias = _held(conv, range(MEAN + 3))
    for place, (y, x) in enumerate(CELL):
        for i in range(4):
            weight[4 * place + i, first[i], y, x] += 1
            for earlier_y, earlier_x in CELL[:place]:
                weight[4 * place + i, first[KNOWN], earlier_y, earlier_x] -= MARGIN
        weight[ALL, whole, y, x] = 1
        weight[ONE_SMALL, one, y, x] = 1 / 4
        for i in COLOURS:
            weight[MEAN + i, mean + i, y, x] = 1 / 4
            weight[MEAN + i, whole, y, x] += MARGIN
            weight[MEAN + i, one, y, x] -= MARGIN  # not in the bias, which half precision would round
    bias[ALL] = -3


def _enter(network: Generator) -> None:
    """The input of the dense blocks: colours (means so far), partly known, fixed, the input colours, fully known, first
    known colours.

    Fixed are fully known cells, and the border, where a mean of neighbours would read outside the image.
    """
    weight, bias = _held(network.encoder_sm_out, range(CHOSEN + 3))
    for i in COLOURS:
        weight[i, MEAN + i, 1, 1] = 1
        weight[FIRST + i, i, 1, 1] = 1
        weight[CHOSEN + i, [4 * place + i for place in range(4)], 1, 1] = 1
    weight[KNOWN, [4 * place + KNOWN for place in range(4)], 1, 1] = 1
    weight[WHOLE, ALL, 1, 1] = 1
    weight[FIXED, ALL, 1, 1] = 1
    weight[FIXED, ONE_SMALL] -= 1 / 4  # 1/4 is exact in half precision, 1/9 is not
    bias[FIXED] = 9 / 4


def _steps(block: ResidualDenseBlock) -> Iterator[tuple[int, Tensor, Tensor, Sequence[int]]]:
    """The layers of a dense block: number, weight, the columns of the fusion that read the layer's outputs, and the
    input channels where the layer finds the outputs of the layers before it.
    """
    fusion, _ = _held(block.lff, range(CHOSEN + 3))
    channels = len(fusion)
    for number in range(len(block.layers)):
        weight, bias = _held(block.get_submodule(f"layers.{number}.conv"), range(6))
        growth = len(bias)
        places = [channels + growth * earlier for earlier in range(number + 1)]
        yield number, weight, fusion[:, places[-1] :], places[:-1]


def _copy(block: ResidualDenseBlock, number: int) -> None:
    """Each layer copies colours into unknown cells from their neighbour on one side."""
    for step, weight, fusion, before in _steps(block):
        if number == 0 and step == 0:  # partly known cells take their first known colour
            for i in COLOURS:
                weight[i, CHOSEN + i, 1, 1], weight[i, WHOLE, 1, 1] = 1, -MARGIN
        else:
            y, x = SIDES[(number * len(block.layers) + step) % 4]
            for i in range(4):
                for base in (0, *before):
                    weight[i, base + i, y, x] += 1
                    weight[i, base + KNOWN, 1, 1] -= MARGIN
        for i in range(4):
            fusion[i, i] = 1


def _smooth(block: ResidualDenseBlock) -> None:
    """Each layer moves cells that are not fixed to the mean of their four neighbours: the increase and the decrease."""
    change = torch.tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) / 4
    for _, weight, fusion, before in _steps(block):
        for i in COLOURS:
            for row, sign in ((i, 1), (3 + i, -1)):
                weight[row, i] += sign * change
                weight[row, FIXED, 1, 1] -= MARGIN
                for base in before:
                    weight[row, base + i] += sign * change
                    weight[row, base + 3 + i] -= sign * change
                fusion[i, row] = sign


def _leave(network: Generator) -> None:
    """Output the colours of the last dense block, cancelling the added encoder features; grey where unknown."""
    fuse, smooth = network.gff
    weight, bias = _cleared(fuse, COLOURS)
    last = weight.shape[1] - smooth.get_parameter("weight").shape[0]
    for i in COLOURS:
        weight[i, last + i], weight[i, last + FIRST + i] = 1, -1
        weight[i, last + KNOWN], bias[i] = -GREY, GREY
    weight, _ = _cleared(smooth, COLOURS)
    for i in COLOURS:
        weight[i, i, 1, 1] = 1


def _decode_prior(network: Generator) -> None:
    """Pass colours through; each size keeps the colours that it knows."""
    for block in network.feature_recon:
        if isinstance(block, MergeBlock):
            weight, _ = _cleared(block.get_submodule("shortcut.1"), COLOURS)
            for i in COLOURS:
                weight[i, i, 1, 1] = 1
        _cleared(block.get_submodule("conv_block.4"), COLOURS)
    enlarge, _, _, half, enlarge_again, _, _, full = network.feature_recon_decoder
    for conv in (enlarge, enlarge_again):
        weight, _ = _cleared(conv, range(12))
        for i in COLOURS:
            weight[4 * i : 4 * i + 4, i, 1, 1] = 1
    parts = [[4 * place + i for place in range(4)] for i in range(4)]
    assert isinstance(half, MergeBlock)
    assert isinstance(full, MergeBlock)
    _choose(half, given=[MEAN + i for i in COLOURS], known=parts[KNOWN])
    inner, outer = (half.get_submodule(f"conv_block.{place}").get_parameter("weight") for place in (1, 4))
    for i in COLOURS:
        inner[3 + i] = 0
        inner[3 + i, parts[i], 1, 1], inner[3 + i, ALL, 1, 1] = 1, -MARGIN
        half.get_submodule("conv_block.1").get_parameter("bias")[3 + i] = 0
        outer[i, 3 + i, 1, 1] = 1
    _choose(full, given=list(COLOURS), known=[KNOWN])


def _choose(block: MergeBlock, given: list[int], known: list[int]) -> None:
    """A merge block outputs the encoder's colours, and the decoded ones where nothing is known."""
    inner, _ = _cleared(block.get_submodule("conv_block.1"), COLOURS)
    outer, _ = _cleared(block.get_submodule("conv_block.4"), COLOURS)
    short, _ = _cleared(block.get_submodule("shortcut.1"), COLOURS)
    for i in COLOURS:
        short[i, given[i], 1, 1] = 1
        inner[i, block.encoded + i, 1, 1] = 1
        inner[i, known, 1, 1] = -MARGIN
        outer[i, i, 1, 1] = 1


def _paint(network: Generator) -> None:
    """The skip branch of the last decoder block passes the pyramid's colours on; its main branch adds nothing.

    The tanh is inverted beforehand by a piecewise linear function through `KNOTS`, shifted so that no ReLU clips it.
    """
    block, last = network.decoder[3], network.decoder[6]
    assert isinstance(block, DecoderBlock)
    side = block.SPADE_s
    wanted = torch.atanh(2 * torch.tensor(KNOTS).clamp(DARKEST, 1 - DARKEST) - 1)
    slopes = wanted.diff() / torch.tensor(KNOTS).diff()
    bends = torch.cat([slopes[:1], slopes.diff()])
    hidden, hidden_bias = _cleared(side.mlp_shared[0], range(3 * len(bends)))
    beta, _ = _cleared(side.mlp_beta, COLOURS)
    _, gamma = _cleared(side.mlp_gamma, COLOURS)
    gamma[:3] = -1  # cancels the normalised features
    _cleared(block.conv_block[5], COLOURS)
    through, _ = _cleared(block.conv_s, COLOURS)
    weight, bias = _cleared(last, COLOURS)
    bias[:] = wanted[0]
    for i in COLOURS:
        for number, bend in enumerate(bends):
            row = 3 * number + i
            hidden[row, i, 1, 1], hidden_bias[row] = 1, -KNOTS[number]
            beta[i, row, 1, 1] = bend
        through[i, i, 1, 1], weight[i, i, 3, 3] = 1, 1
