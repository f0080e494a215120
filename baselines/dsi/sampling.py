"""Samples the codes of the structure position by position, computing only what is new at each position.

Evaluated from scratch, the autoregressive network would run over the whole map once per position. What it computes at a
position depends only on earlier positions and never changes, so it is cached: the down stream is computed one row at a
time, once the row above is sampled; so is the part of the right stream that comes from the row above; keys and values
of the attention are kept. What remains per position is the right stream itself, as matrix-vector products.

Samples are processed in parallel lanes. The number of lanes is constant, whether they are used or not: a product of
another shape may round differently, and a code close to a boundary would then depend on the number of samples.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from baselines.dsi.blocks import WNConv2d, concat_elu
from baselines.dsi.structure import CHANNELS, HEADS, KEY, VALUE, CausalAttention, GatedStep, StructurePixelCNN
from baselines.dsi.vqvae import CODE_CHANNELS, CODES

LANES = 8


class CodeSampler:
    """The autoregressive network with its kernels rearranged for sampling."""

    def __init__(self, network: StructurePixelCNN, codebook: Float[Tensor, "512 64"]) -> None:
        self.codebook = codebook
        self.enter_down = network.enter_down[0]
        self.above, left = network.enter_right
        self.left_above = left.kernel[:, :, 0, 0].t()  # (65, 128), for the position above and to the left
        self.left_bias = left.b + left.kernel[:, CODE_CHANNELS, 1, 0]  # the plane of ones is constant
        self.left = codebook @ left.kernel[:, :CODE_CHANNELS, 1, 0].t()  # (512, 128), indexed by the code to the left
        self.down = [step for step, _ in network.steps]
        right = [step for _, step in network.steps]
        self.first, self.second = ([_taps(conv, 1) for conv in convs] for convs in _convolutions(right))
        self.first_above, self.second_above = (
            torch.stack([_taps(conv, 0) for conv in convs]) for convs in _convolutions(right)
        )
        across = [step.across for step in right if step.across is not None]
        self.across = torch.stack([layer.kernel.t() for layer in across])
        self.first_bias = torch.stack([step.first.b + layer.b for step, layer in zip(right, across, strict=True)])
        steps = self.down + right
        self.condition = torch.cat([step.condition.kernel for step in steps])
        self.second_bias = torch.cat([step.second.b + step.condition.b for step in steps])
        self.attention = [step.attention and _Attention(step.attention) for step in right]
        self.output = [(layer.kernel.t(), layer.b) for layer in network.output]
        self.logits = (network.logits[0].kernel.t(), network.logits[0].b)

    def sample(
        self,
        condition: Float[Tensor, "images 256 height width"],
        uniform: Float64[Tensor, "images samples height width"],
    ) -> tuple[Int64[Tensor, "images samples height width"], Float[Tensor, "images samples height width 512"]]:
        """Codes 0..511 for each image, and the logits they were sampled from, given a uniform draw per position."""
        terms = [self._terms(image[None]) for image in condition]
        lanes = [(image, sample) for image in range(uniform.shape[0]) for sample in range(uniform.shape[1])]
        codes = torch.empty(uniform.shape, dtype=torch.int64, device=uniform.device)
        logits = condition.new_empty(*uniform.shape, CODES)
        for start in range(0, len(lanes), LANES):
            images, samples = zip(*lanes[start : start + LANES], strict=True)
            drawn = _Drawing(self, [terms[image] for image in images], uniform[images, samples]).draw()
            codes[images, samples], logits[images, samples] = drawn
        return codes, logits

    def _terms(self, condition: Tensor) -> Tensor:
        """The condition's contribution to the second convolution of every step: (height, 2 * steps, width, 256)."""
        places = concat_elu(condition).permute(0, 2, 3, 1)[0]
        terms = F.linear(places, self.condition, self.second_bias)
        return terms.reshape(*terms.shape[:2], -1, 2 * CHANNELS).transpose(1, 2).contiguous()


def _convolutions(steps: Sequence[GatedStep]) -> tuple[list[WNConv2d], list[WNConv2d]]:
    return [step.first for step in steps], [step.second for step in steps]


def _taps(conv: WNConv2d, row: int) -> Tensor:
    """One row of a kernel as a matrix: (columns * in, out)."""
    return conv.kernel[:, :, row].permute(2, 1, 0).flatten(0, 1).contiguous()


class _Attention:
    """The matrices of one causal attention, with its heads concatenated: all queries, all keys, all values."""

    def __init__(self, attention: CausalAttention) -> None:
        queries, keys, values = zip(*attention.heads, strict=True)
        scaled = [layer.kernel / KEY**0.5 for layer in queries], [layer.b / KEY**0.5 for layer in queries]
        self.matrix = torch.cat([*scaled[0], *(layer.kernel for layer in keys + values)]).t()
        self.bias = torch.cat([*scaled[1], *(layer.b for layer in keys + values)])
        self.merge = attention.merge.kernel.t(), attention.merge.b


class _Drawing:
    """Up to `LANES` maps that are sampled in parallel, with the cache of the positions sampled so far."""

    def __init__(self, sampler: CodeSampler, terms: list[Tensor], uniform: Tensor) -> None:
        self.sampler, self.terms = sampler, terms  # the condition's contribution, per lane
        self.live, self.height, self.width = uniform.shape
        steps, new = len(sampler.down), sampler.codebook.new_zeros
        self.uniform = uniform.new_zeros(LANES, self.height, self.width)
        self.uniform[: self.live] = uniform
        self.codes = torch.zeros_like(self.uniform, dtype=torch.int64)
        self.logits = new(LANES, self.height, self.width, CODES)
        self.features = new(
            LANES, self.height + 2, self.width + 2, CODE_CHANNELS + 1
        )  # padded with zeros above and at both sides
        self.features[:, 2:, 1:-1, CODE_CHANNELS] = 1
        down = (steps, self.live, 2, self.width + 2, 2 * CHANNELS)  # this row and the one above
        self.down_first, self.down_second = new(down), new(down)
        right = (steps, LANES, self.width + 1, 2 * CHANNELS)  # this row
        self.right_first, self.right_second = new(right), new(right)
        self.enter_row = new(self.width, LANES, CHANNELS)
        self.first_row = new(steps, self.width, LANES, CHANNELS)
        self.second_row = new(steps, self.width, LANES, 2 * CHANNELS)
        attentions, places = sum(a is not None for a in sampler.attention), self.height * self.width
        self.keys = new(attentions, LANES, HEADS, places, KEY)
        self.values = new(attentions, LANES, HEADS, places, VALUE)

    def draw(self) -> tuple[Tensor, Tensor]:
        """The codes of all positions, and the logits they were sampled from."""
        for row in range(self.height):
            for lane in range(self.live):
                self._begin_row(lane, row)
            for column in range(self.width):
                self._draw_place(row, column)
        return self.codes[: self.live], self.logits[: self.live]

    def _begin_row(self, lane: int, row: int) -> None:
        """Everything in a row that depends only on the rows above."""
        sampler = self.sampler
        self.enter_row[:, lane] = self._enter_right(lane, row)
        down = torch.stack(self._down_row(lane, row))
        first = torch.baddbmm(sampler.first_bias[:, None], concat_elu(down, 2), sampler.across)
        first = torch.baddbmm(first, _windows(self.right_first[:, lane]), sampler.first_above)
        self.first_row[:, :, lane] = first
        terms = self.terms[lane][row, len(sampler.down) :]
        self.second_row[:, :, lane] = torch.baddbmm(terms, _windows(self.right_second[:, lane]), sampler.second_above)

    def _enter_right(self, lane: int, row: int) -> Tensor:
        sampler = self.sampler
        above = self.features[lane, row + 1]
        enter = above.new_zeros(self.width, CHANNELS)
        if row:
            enter += _convolve(above[None], sampler.above.kernel, sampler.above.b)
        enter[1:] += torch.addmm(sampler.left_bias, above[1:-2], sampler.left_above)
        return enter

    def _down_row(self, lane: int, row: int) -> list[Tensor]:
        """The down stream of this row after each step."""
        enter = self.sampler.enter_down
        rows = self.features[lane, row : row + 2]
        x = _convolve(rows, enter.kernel, enter.b) if row else rows.new_zeros(self.width, CHANNELS)
        after = []
        for number, step in enumerate(self.sampler.down):
            first, second = self.down_first[number, lane], self.down_second[number, lane]
            first[1, 1:-1] = concat_elu(x)
            second[1, 1:-1] = concat_elu(_convolve(first, step.first.kernel, step.first.b))
            inner = _convolve(second, step.second.kernel) + self.terms[lane][row, number]
            x = x + F.glu(inner, dim=1)
            after.append(x)
        self.down_first[:, lane, 0] = self.down_first[:, lane, 1]
        self.down_second[:, lane, 0] = self.down_second[:, lane, 1]
        return after

    def _draw_place(self, row: int, column: int) -> None:
        x = self._right(row, column)
        for matrix, bias in self.sampler.output:
            x = x + torch.addmm(bias, F.elu(x), matrix)
        matrix, bias = self.sampler.logits
        logits = torch.addmm(bias, F.elu(x), matrix)
        codes = draw(logits, self.uniform[:, row, column])
        self.logits[:, row, column] = logits
        self.codes[:, row, column] = codes
        self.features[:, row + 2, column + 1, :CODE_CHANNELS] = self.sampler.codebook[codes]

    def _right(self, row: int, column: int) -> Tensor:
        """The right stream at one position after all steps: (lanes, 128)."""
        sampler = self.sampler
        x = self.enter_row[column]
        if column:
            x = x + sampler.left[self.codes[:, row, column - 1]]
        attentions = 0
        for number, attention in enumerate(sampler.attention):
            first, second = self.right_first[number], self.right_second[number]
            first[:, column + 1] = concat_elu(x)
            window = first[:, column : column + 2].flatten(1)
            inner = torch.addmm(self.first_row[number, column], window, sampler.first[number])
            second[:, column + 1] = concat_elu(inner)
            window = second[:, column : column + 2].flatten(1)
            y = F.glu(torch.addmm(self.second_row[number, column], window, sampler.second[number]), dim=1)
            if attention:
                y = y + self._attend(attention, attentions, y, row * self.width + column)
                attentions += 1
            x = x + y
        return x

    def _attend(self, attention: _Attention, number: int, y: Tensor, place: int) -> Tensor:
        """The attention of a position to those before it; its own key and value are cached for later positions."""
        projected = torch.addmm(attention.bias, y, attention.matrix)
        query, key, value = torch.split(projected, [HEADS * KEY, HEADS * KEY, HEADS * VALUE], dim=1)
        taken = y.new_zeros(LANES, HEADS * VALUE)
        keys, values = self.keys[number], self.values[number]
        if place:
            for lane in range(self.live):
                logits = torch.bmm(keys[lane, :, :place], query[lane].view(HEADS, KEY, 1))
                weights = torch.softmax(logits, dim=1).transpose(1, 2)
                taken[lane] = torch.bmm(weights, values[lane, :, :place]).flatten()
        keys[:, :, place] = key.reshape(LANES, HEADS, KEY)
        values[:, :, place] = value.reshape(LANES, HEADS, VALUE)
        return torch.addmm(attention.merge[1], taken, attention.merge[0])


def draw(logits: Float[Tensor, "lanes 512"], uniform: Float64[Tensor, " lanes"]) -> Int64[Tensor, " lanes"]:
    """The code at which the cumulative distribution of the softmax first exceeds the uniform draw."""
    distribution = logits.double().softmax(dim=1).cumsum(dim=1)
    threshold = uniform * distribution[:, -1]
    return (distribution <= threshold[:, None]).sum(dim=1).clamp(max=CODES - 1)


def _convolve(rows: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """The one output row, (width, out), of a kernel as high as `rows`, which are (height, width + 2, in)."""
    return F.conv2d(rows[None].permute(0, 3, 1, 2), kernel, bias)[0, :, 0].t()


def _windows(row: Tensor) -> Tensor:
    """Every position of a row with the one to its left: (steps, width + 1, in) to (steps, width, 2 * in)."""
    return torch.cat([row[:, :-1], row[:, 1:]], dim=2)
