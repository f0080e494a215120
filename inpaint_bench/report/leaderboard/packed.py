"""A file inside a line of JSON: compressed, with its hash, and bounded when it is unpacked."""

import base64
import binascii
import gzip
import zlib
from typing import Annotated

import msgspec

from inpaint_bench import files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError

MOST_UNPACKED = 1 << 26  # bytes: 600,000 scores
GZIP = 16 + zlib.MAX_WBITS


class Packed(Schema, frozen=True):
    """Bytes as base64 of gzip, and the SHA-256 of what they unpack to."""

    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    gzip: str


def pack(data: bytes) -> Packed:
    """Bytes as a line can hold them; the same bytes give the same text. Raises InputError for too many."""
    if len(data) > MOST_UNPACKED:
        raise InputError(f"{len(data):,} bytes are too many for a leaderboard's file, which holds {MOST_UNPACKED:,}.")
    return Packed(files.sha256(data), base64.b64encode(gzip.compress(data, 9, mtime=0)).decode())


def unpack(packed: Packed, where: str) -> bytes:
    """The bytes. Raises InputError where they cannot be unpacked, or would be more than `MOST_UNPACKED`.

    Raises HashError where they are not what the hash says.
    """
    try:
        stream = zlib.decompressobj(GZIP)
        data = stream.decompress(base64.b64decode(packed.gzip, validate=True), MOST_UNPACKED + 1)
        data = data if len(data) > MOST_UNPACKED else data + stream.flush()
    except (binascii.Error, ValueError, zlib.error) as error:
        raise InputError(f"{where}: cannot be unpacked: it is no gzip in base64. Submit the run again.") from error
    if len(data) > MOST_UNPACKED:
        raise InputError(f"{where}: unpacks to more than {MOST_UNPACKED:,} bytes, the most that are read.")
    if not stream.eof or stream.unused_data:
        raise InputError(f"{where}: cannot be unpacked: it was cut, or something follows it. Submit the run again.")
    if (found := files.sha256(data)) != packed.sha256:
        raise HashError(f"{where}: sha256 {found[:12]}, not {packed.sha256[:12]}: it was edited. Submit the run again.")
    return data
