"""CRC-32C (Castagnoli), fast enough for hundreds of megabytes in numpy.

A CRC is linear over the field of two elements: the data is cut into lanes, all lanes are worked through side by
side, and their remainders are joined in pairs, the first of a pair moved past the bytes of the second.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0x82F63B78  # bits reversed
Words = NDArray[np.uint32]


def masked_crc32c(data: bytes) -> int:
    """The CRC-32C as LevelDB and TensorFlow store it, so that data with CRCs in it may be checked too."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """The CRC-32C of some bytes; that of b"123456789" is 0xE3069283."""
    if len(data) < 4:
        return _bytewise(data)
    count = -(-len(data) // 4)  # words
    lanes = 1 << round(math.log2(count) / 2)
    length = -(-count // lanes)
    padded = np.zeros(4 * lanes * length, np.uint8)  # zeros before the data change nothing
    tail = padded[-len(data) :]
    tail[:] = np.frombuffer(data, np.uint8)
    tail[:4] ^= 255  # a remainder begins as ones
    words = padded.view("<u4").reshape(lanes, length)
    low, high = _tables()
    remainders = np.zeros(lanes, np.uint32)
    for column in range(length):
        remainders ^= words[:, column]
        remainders = low[remainders & 0xFFFF] ^ high[remainders >> 16]
    return _joined(remainders, length) ^ 0xFFFFFFFF


def _bytewise(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _past_byte(crc ^ byte)
    return crc ^ 0xFFFFFFFF


@cache
def _tables() -> tuple[Words, Words]:
    """What becomes of the lower and the upper half of a remainder past one word."""
    move = _past_words(1)
    halves = np.arange(1 << 16, dtype=np.uint32)
    return _moved(move, halves), _moved(move, halves << np.uint32(16))


def _joined(remainders: Words, length: int) -> int:
    """The remainder of all lanes, each `length` words long; their number is a power of two."""
    move = _past_words(length)
    while len(remainders) > 1:
        remainders = _moved(move, remainders[::2]) ^ remainders[1::2]
        move = _moved(move, move)
    return int(remainders[0])


def _past_words(count: int) -> Words:
    """What becomes of every single bit of a remainder past that many words of zeros."""
    result = np.array([1 << bit for bit in range(32)], np.uint32)
    move = np.array([_past_word(1 << bit) for bit in range(32)], np.uint32)
    while count:
        if count & 1:
            result = _moved(move, result)
        move, count = _moved(move, move), count >> 1
    return result


def _moved(move: Words, remainders: Words) -> Words:
    """Remainders after a linear map, which is given by what it makes of each single bit."""
    bits = (remainders[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return np.asarray(np.bitwise_xor.reduce(bits * move, axis=1), np.uint32)


def _past_byte(remainder: int) -> int:
    for _ in range(8):
        remainder = (remainder >> 1) ^ (POLYNOMIAL if remainder & 1 else 0)
    return remainder


def _past_word(remainder: int) -> int:
    for _ in range(4):
        remainder = _past_byte(remainder)
    return remainder
