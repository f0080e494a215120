"""First values of SPN with which it fills holes before it has learned anything: colours spread from the hole's edge.

Drawn at random, a hundred layers know nothing, and most of a short run is spent on learning to let a colour through.
Here a few channels of every layer begin as a classical method, by choices made of convolutions and ReLU; the other
channels are drawn. Training changes all but those that choose, from the first encoder to the dense blocks. With a
colour c in [0, 1] and k, 1 where something is known and 0 elsewhere, relu(c - k) is the colour where nothing is known
and 0 where something is: a choice, in one layer.

Colours are averaged where all pixels of a cell are known and are those of its first known pixel elsewhere; at a
quarter of the size they are copied from cell to cell into the hole, turn by turn from four sides, and then smoothed
there; on the way back each size keeps what it knows and takes the rest from the smaller one.
"""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from baselines.spn.blocks import DecoderBlock, MergeBlock, ResidualDenseBlock
from baselines.spn.network import Generator

LEAST = 16  # the least width whose layers have the channels for it
COLOURS = range(3)
KNOWN, ONE = 3, 4  # channels at full size, after the colours
PLACES = ((1, 1), (1, 2), (2, 1), (2, 2))  # the four pixels of a cell in the window of a 4x4 convolution of stride 2
ALL, ONE_SMALL, MEAN = 16, 17, 18  # channels of smaller sizes: four times (colours, known), these, and the three means
FIXED, FIRST, WHOLE, CHOSEN = 4, 5, 8, 9  # channels of dense blocks, after colours and known: see `_enter`
SIDES = ((1, 0), (0, 1), (1, 2), (2, 1))  # left, above, right, below in a 3x3 window
SURE = 2  # what is known counts so often against a colour: a choice by exactly 1 is undone by the first steps of Adam
FILLING = 10  # dense blocks that copy, six steps each; the rest smooth
GREY = 0.45  # of what no step has reached
KNOTS = (0.0, 0.06, 0.22, 0.78, 0.94, 1.0)  # colours at which the inverse of tanh is met
DARKEST = 0.008  # what 0 becomes; tanh itself never reaches 0 or 1


@torch.no_grad()
def diffuse(network: Generator) -> None:
    """Put these values over those that the network has, of width 16 or more, with three levels and SPADE."""
    _encode_prior(network)
    _enter(network)
    for number, block in enumerate(network.rdbs):
        assert isinstance(block, ResidualDenseBlock)
        if number < FILLING:
            _copy(block, number)
        else:
            _smooth(block)
    _leave(network)
    _decode_prior(network)
    _paint(network)


def _cleared(conv: nn.Module, rows: Iterable[int]) -> tuple[Tensor, Tensor]:
    """A convolution's weight and bias, with the rows that are about to be written at zero."""
    weight, bias = conv.get_parameter("weight"), conv.get_parameter("bias")
    for row in rows:
        weight[row], bias[row] = 0, 0
    return weight, bias


def _held(conv: nn.Module, rows: range) -> tuple[Tensor, Tensor]:
    """The same, and no gradient reaches these rows: a choice that is a little wrong, sixty times in a row, explodes."""

    def without(gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        gradient[: len(rows)] = 0
        return gradient

    weight, bias = _cleared(conv, rows)
    for parameter in (weight, bias):
        parameter.register_hook(without)  # type: ignore[no-untyped-call]
    return weight, bias


def _encode_prior(network: Generator) -> None:
    """Colours that are 0 in the hole, and which pixels are known; then cells of two and of four pixels a side."""
    weight, bias = _held(network.encoder_conv1_sm, range(5))
    for i in COLOURS:
        weight[i, i, 3, 3], weight[i, 3, 3, 3] = 1, -1  # the hole is white: taking the mask off makes it black
    weight[KNOWN, 3, 3, 3], bias[KNOWN], bias[ONE] = -1, 1, 1
    weight, _ = _held(network.encoder_conv2_sm, range(5))
    for i in (*COLOURS, KNOWN, ONE):
        weight[i, i, 1:3, 1:3] = 1 / 4  # the picture was doubled: the pixel itself
    _cells(network.encoder_conv3_sm, first=[(i,) for i in range(4)], whole=KNOWN, mean=0, one=ONE)
    firsts = [tuple(4 * place + i for place in range(4)) for i in range(4)]
    _cells(network.encoder_conv4_sm, firsts, whole=ALL, mean=MEAN, one=ONE_SMALL)


def _cells(conv: nn.Module, first: list[tuple[int, ...]], whole: int, mean: int, one: int) -> None:
    """Of every cell the first known of its four parts, whether all are whole, and their mean if so.

    `first` are the channels whose sums are a part's colours and whether it is known at all; `whole` and `mean`
    are the channels of wholly known parts.
    """
    weight, bias = _held(conv, range(MEAN + 3))
    for place, (y, x) in enumerate(PLACES):
        for i in range(4):
            weight[4 * place + i, first[i], y, x] += 1
            for earlier_y, earlier_x in PLACES[:place]:
                weight[4 * place + i, first[KNOWN], earlier_y, earlier_x] -= SURE
        weight[ALL, whole, y, x] = 1
        weight[ONE_SMALL, one, y, x] = 1 / 4
        for i in COLOURS:
            weight[MEAN + i, mean + i, y, x] = 1 / 4
            weight[MEAN + i, whole, y, x] += SURE
            weight[MEAN + i, one, y, x] -= SURE  # not in the bias, which half precision would round
    bias[ALL] = -3


def _enter(network: Generator) -> None:
    """What dense blocks work on: colours (means as yet), known in part, fixed, what was given, whole, first colours.

    Fixed are cells known wholly, and the border, where a mean of neighbours would see beyond the picture.
    """
    weight, bias = _held(network.encoder_sm_out, range(CHOSEN + 3))
    for i in COLOURS:
        weight[i, MEAN + i, 1, 1] = 1
        weight[FIRST + i, i, 1, 1] = 1
        weight[CHOSEN + i, [4 * place + i for place in range(4)], 1, 1] = 1
    weight[KNOWN, [4 * place + KNOWN for place in range(4)], 1, 1] = 1
    weight[WHOLE, ALL, 1, 1] = 1
    weight[FIXED, ALL, 1, 1] = 1
    weight[FIXED, ONE_SMALL] -= 1 / 4  # nine of them are exact in half precision, nine thirds are not
    bias[FIXED] = 9 / 4


def _steps(block: ResidualDenseBlock) -> Iterator[tuple[int, Tensor, Tensor, Sequence[int]]]:
    """The layers of a dense block: number, weight, what of the fusion takes the layer's outputs, and where the layer
    finds what those before it gave.
    """
    fusion, _ = _held(block.lff, range(CHOSEN + 3))
    channels = len(fusion)
    for number in range(len(block.layers)):
        weight, bias = _held(block.get_submodule(f"layers.{number}.conv"), range(6))
        growth = len(bias)
        places = [channels + growth * earlier for earlier in range(number + 1)]
        yield number, weight, fusion[:, places[-1] :], places[:-1]


def _copy(block: ResidualDenseBlock, number: int) -> None:
    """Each layer gives cells that are not known what their neighbour of one side knows."""
    for step, weight, fusion, before in _steps(block):
        if number == 0 and step == 0:  # first of all, cells known in part take their first known colour
            for i in COLOURS:
                weight[i, CHOSEN + i, 1, 1], weight[i, WHOLE, 1, 1] = 1, -SURE
        else:
            y, x = SIDES[(number * len(block.layers) + step) % 4]
            for i in range(4):
                for base in (0, *before):
                    weight[i, base + i, y, x] += 1
                    weight[i, base + KNOWN, 1, 1] -= SURE
        for i in range(4):
            fusion[i, i] = 1


def _smooth(block: ResidualDenseBlock) -> None:
    """Each layer moves cells that are not fixed to the mean of their four neighbours: what is added, what is taken."""
    change = torch.tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]]) / 4
    for _, weight, fusion, before in _steps(block):
        for i in COLOURS:
            for row, sign in ((i, 1), (3 + i, -1)):
                weight[row, i] += sign * change
                weight[row, FIXED, 1, 1] -= SURE
                for base in before:
                    weight[row, base + i] += sign * change
                    weight[row, base + 3 + i] -= sign * change
                fusion[i, row] = sign


def _leave(network: Generator) -> None:
    """The colours of the last dense block in place of what the encoder's sum would add; grey where none came."""
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
    """Colours go through; each size keeps what it knows."""
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
        inner[3 + i, parts[i], 1, 1], inner[3 + i, ALL, 1, 1] = 1, -SURE
        half.get_submodule("conv_block.1").get_parameter("bias")[3 + i] = 0
        outer[i, 3 + i, 1, 1] = 1
    _choose(full, given=list(COLOURS), known=[KNOWN])


def _choose(block: MergeBlock, given: list[int], known: list[int]) -> None:
    """A merge block's colours are those given, and where nothing is known, those decoded."""
    inner, _ = _cleared(block.get_submodule("conv_block.1"), COLOURS)
    outer, _ = _cleared(block.get_submodule("conv_block.4"), COLOURS)
    short, _ = _cleared(block.get_submodule("shortcut.1"), COLOURS)
    for i in COLOURS:
        short[i, given[i], 1, 1] = 1
        inner[i, block.encoded + i, 1, 1] = 1
        inner[i, known, 1, 1] = -SURE
        outer[i, i, 1, 1] = 1


def _paint(network: Generator) -> None:
    """The last decoder block's side branch takes the pyramid's colours, its main branch adds nothing to them.

    What tanh will do is undone before: a broken line through `KNOTS`, moved up so that no ReLU cuts it.
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
    gamma[:3] = -1  # of the normalised features nothing is left
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
