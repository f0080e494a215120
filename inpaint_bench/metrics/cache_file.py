"""The file of the cache: values that networks computed, and distances of sets, by keys made of hashes.

It is a SQLite file in the cache folder, which several processes may use at once. It only saves time: where it cannot
be read or written, values are computed, an entry whose checksum does not match is computed again, and a damaged file is
begun anew. That is why nothing is synced to the disk, which would take 10 ms a value: a power cut costs entries only.
Where the file is full, the entries that were stored first go.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from inpaint_bench import files

WAIT = 20  # seconds to wait while another process writes
MOST = 4 << 30  # bytes of entries
LOOKED_UP = 256  # keys per query
_TABLE = "CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum BLOB NOT NULL)"


def key_of(signature: str, device: str, *hashes: str) -> bytes:
    """The key of a value: its signature, the kind of device (last digits differ) and the hashes of its inputs.

    The device is named as torch prints it, without the number of a card or with it.
    """
    kind = device.partition(":")[0]
    return bytes.fromhex(files.sha256("\n".join([signature, kind, *hashes]).encode()))


def get_many(keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Look up keys; the result holds those that are in the cache."""
    found: dict[bytes, bytes] = {}
    with contextlib.suppress(sqlite3.Error, OSError), _opened() as connection:
        for start in range(0, len(keys), LOOKED_UP):
            some = keys[start : start + LOOKED_UP]
            marks = ",".join("?" * len(some))
            entries = connection.execute(f"SELECT key, value, checksum FROM kept WHERE key IN ({marks})", some)
            found.update((key, value) for key, value, checksum in entries if checksum == _checksum(key, value))
    return found


def put_many(values: Mapping[bytes, bytes]) -> None:
    """Store values by their keys. Does nothing where the cache cannot be written."""
    entries = [(key, value, _checksum(key, value)) for key, value in values.items()]
    with contextlib.suppress(sqlite3.Error, OSError), _opened() as connection, connection:
        connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", entries)
        _make_way(connection)


def _make_way(connection: sqlite3.Connection) -> None:
    """Remove a tenth of the entries, those that were stored first, where the file is full; others take their pages."""
    pages, unused, size = (
        connection.execute(f"PRAGMA {fact}").fetchone()[0] for fact in ("page_count", "freelist_count", "page_size")
    )
    if (pages - unused) * size > MOST:
        first, last = connection.execute("SELECT min(rowid), max(rowid) FROM kept").fetchone()
        connection.execute("DELETE FROM kept WHERE rowid <= ?", (first + (last - first) // 10,))


def _checksum(key: bytes, value: bytes) -> bytes:
    return bytes.fromhex(files.sha256(key + value))


@contextlib.contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    """Open the cache file, creating it if needed. Readers do not wait for writers, nor writers for the disk."""
    path = files.cache_dir() / "values.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_TABLE)
            yield connection
    except sqlite3.DatabaseError as error:
        if type(error) is sqlite3.DatabaseError:  # not one of its kinds, such as a disk that is full: it is damaged
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise
