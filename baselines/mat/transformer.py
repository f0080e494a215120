"""The transformer of MAT's first stage: attention within windows, among what is known.

Tokens are kept as maps, (batch, height, width, channels), and their masks as (batch, height, width, 1).
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from baselines.mat.layers import Dense, PartialConv

HEADS = 6
FORBIDDEN = -100.0  # of a logit; a window without any valid key is that of plain attention

Tokens = Float[Tensor, "batch _ _ channels"]
Valid = Float[Tensor, "batch _ _ 1"]
Windows = Float[Tensor, "windows tokens channels"]


def windows_of(x: Tokens, side: int) -> Windows:
    """A map cut into squares, row by row, each of them row by row."""
    batch, height, width, channels = x.shape
    cut = x.view(batch, height // side, side, width // side, side, channels)
    return cut.transpose(2, 3).reshape(-1, side * side, channels)


def joined(windows: Windows, height: int, width: int, side: int) -> Tokens:
    """The map of which `windows_of` made these."""
    cut = windows.view(-1, height // side, width // side, side, side, windows.shape[2])
    return cut.transpose(2, 3).reshape(-1, height, width, windows.shape[2])


@lru_cache(maxsize=16)
def region_term(height: int, width: int, side: int, device: torch.device) -> Float[Tensor, "windows tokens tokens"]:
    """What is added to logits in a map that was rolled by half a window: tokens of opposite edges do not meet."""
    areas = torch.zeros(1, height, width, 1, device=device)
    bands = [slice(None, -side), slice(-side, -(side // 2)), slice(-(side // 2), None)]
    for number, (rows, columns) in enumerate((rows, columns) for rows in bands for columns in bands):
        areas[:, rows, columns] = number
    flat = windows_of(areas, side)
    return torch.where(flat == flat.transpose(1, 2), 0.0, FORBIDDEN)


class Attention(nn.Module):
    """Attention of six heads within windows; queries and keys see tokens of unit length, values the tokens."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.q, self.k, self.v, self.proj = (Dense(channels, channels) for _ in range(4))

    def forward(self, x: Windows, term: Float[Tensor, "windows _ tokens"] | None) -> Windows:
        """The attention; the term is added to the logits of every head."""
        unit = functional.normalize(x, dim=2)
        query, key, value = (
            part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in (self.q(unit), self.k(unit), self.v(x))
        )
        term = None if term is None else term[:, None].expand(-1, 1, x.shape[1], -1)
        found = functional.scaled_dot_product_attention(query, key, value, term)
        attended: Windows = self.proj(found.transpose(1, 2).flatten(2))
        return attended


class Perceptron(nn.Module):
    """Two layers, the first with an activation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = Dense(channels, 2 * channels, active=True), Dense(2 * channels, channels)

    def forward(self, x: Tokens) -> Tokens:
        """Tokens from tokens."""
        found: Tokens = self.fc2(self.fc1(x))
        return found


class Block(nn.Module):
    """Attention, of which a layer and a perceptron make the next tokens: without sums and norms."""

    def __init__(self, channels: int, window: int, shifted: bool) -> None:
        super().__init__()
        self.attn = Attention(channels)
        self.fuse = Dense(2 * channels, channels, active=True)
        self.mlp = Perceptron(channels)
        self.window, self.shift = window, window // 2 if shifted else 0

    def forward(self, x: Tokens, valid: Valid | None) -> tuple[Tokens, Valid | None]:
        """The next tokens, and which of them have seen something known."""
        height, width = x.shape[1:3]
        term, valid = self._masked(x, valid)
        attended = self.attn(windows_of(self._rolled(x, -1), self.window), term)
        y = self._rolled(joined(attended, height, width, self.window), 1)
        tokens: Tokens = self.mlp(self.fuse(torch.cat([x, y], dim=3)))
        return tokens, valid

    def _rolled(self, x: Tensor, sign: int) -> Tensor:
        return torch.roll(x, (sign * self.shift,) * 2, (1, 2)) if self.shift else x

    def _masked(self, x: Tokens, valid: Valid | None) -> tuple[Tensor | None, Valid | None]:
        """What is added to the logits, and the mask behind the block: of a whole window, the sum of its tokens'."""
        height, width = x.shape[1:3]
        term = None
        if self.shift:
            term = region_term(height, width, self.window, x.device).repeat(len(x), 1, 1)
        if valid is None:
            return term, None
        of_windows = windows_of(self._rolled(valid, -1), self.window)
        soft = torch.where(of_windows == 1, 0, of_windows)  # a value between 0 and 1 is itself added to logits
        keys = torch.where(of_windows == 0, FORBIDDEN, soft).transpose(1, 2)
        term = keys if term is None else term + keys
        summed = of_windows.sum(dim=1, keepdim=True).clamp(0, 1).expand_as(of_windows)
        return term, self._rolled(joined(summed, height, width, self.window), 1)


class Level(nn.Module):
    """A resampling convolution, blocks, and a convolution whose result is added to what came into the blocks."""

    def __init__(self, channels: int, window: int, shifts: list[bool], resample: str = "") -> None:
        super().__init__()
        if resample:
            self.downsample = Resample(channels, resample)
        self.blocks = nn.ModuleList(Block(channels, window, shifted) for shifted in shifts)
        self.conv = PartialConv(channels, channels)
        self.resampled = bool(resample)

    def forward(self, x: Tokens, valid: Valid | None) -> tuple[Tokens, Valid | None]:
        """Tokens and mask at the resolution of the level."""
        if self.resampled:
            x, valid = self.downsample(x, valid)
        start = x
        for block in self.blocks:
            x, valid = block(x, valid)
        x, valid = on_maps(self.conv, x, valid)
        return x + start, valid


class Resample(nn.Module):
    """The convolution that brings tokens to the resolution of a level, half the one before or twice it."""

    def __init__(self, channels: int, resample: str) -> None:
        super().__init__()
        self.conv = PartialConv(channels, channels, resample)

    def forward(self, x: Tokens, valid: Valid | None) -> tuple[Tokens, Valid | None]:
        """Tokens and mask at the other resolution."""
        return on_maps(self.conv, x, valid)


def on_maps(conv: PartialConv, x: Tokens, valid: Valid | None) -> tuple[Tokens, Valid | None]:
    """A partial convolution of tokens."""
    found, mask = conv(x.permute(0, 3, 1, 2), None if valid is None else valid.permute(0, 3, 1, 2))
    return found.permute(0, 2, 3, 1), None if mask is None else mask.permute(0, 2, 3, 1)
