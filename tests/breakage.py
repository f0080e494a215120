"""Ways to break a valid file: its bytes, its lines, its values. Each draws from a generator of random numbers."""

import json
import random
import re
from collections.abc import Callable

Break = Callable[[bytes, random.Random], bytes]

DEEP = 100_000
ODD = [  # raw texts in the place of a value
    "null", "true", "-1", "0", "1", "1.5", "-0.0", "1e999", "NaN", "Infinity", '""', '" "', '"x"', "[]", "{}", "[[]]",
    '{"a": 1}', "9" * 5000, "-" + "9" * 400, "1" + "0" * 18, "2147483648", "9223372036854775808", "1000000000000",
    '"' + "a" * 200_000 + '"', "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, '"../outside"', '"/outside"',
    '"a/b"', '"."', '".."', '"\\u0000"', '"\\ud800"', '"%s{x}{}"', '"\\n\\r\\t"', '"ａ"', "inf", "nan", "''", "0x10",
    "01", "1_0", "2020-01-01", "5e-324", "1e-400", "-1e308", "+1", "1.", ".5", "1e2", '"1"', '"NaN"', '"\\u202e"',
    "false", "2147483647", "65536", '"\\ud83d"', "[true]", "[null]", '["a", 1]', "[0, 20]", "[[1, 2], [3]]",
    '{"": ""}', "1e15", "[1, [2, [3]]]", '"' + "é" * 300 + '"',
]  # fmt: skip
CELLS = [
    "", " ", "-1", "0", "1", "1e999", "nan", "inf", "-inf", "x", "9" * 5000, "a" * 200_000, "../outside", "/outside",
    "\x00", '"', '"a', "a,b", "é", "{x}", "%s", "1_0", "０", "0x10", "99999999999999999999", "00000", "true", "None",
    "[1]", "5e-324", "-0.0", "+1", "1.", ".5", "0x1p3", "1e5", " 1", "\u202e",
    "\ufeff", '"a\nb"', "=1+1", "1e-400", "NaN", "infinity", "١", "a/b", "..", "~", "C:\\x", "\x1b[31m",
]  # fmt: skip
STRANGERS = [
    b"",
    b"\x00" * 4096,
    b"\xff\xfe" + "text".encode("utf-16-le"),
    b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n",
    b"PK\x03\x04" + b"\x00" * 40,
    b"\x80\x02}q\x00.",
    b"GIF89a" + b"\x00" * 20,
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0" + b"\x00" * 20,
    b"[" * DEEP,
    b"a" * 1_000_000,
]


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    """One to four bits."""
    broken = bytearray(data)
    for _ in range(chance.randint(1, 4)) if data else ():
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def cut(data: bytes, chance: random.Random) -> bytes:
    """The end, the beginning or a piece of the middle is missing."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice([data[:start], data[end:], data[:start] + data[end:]])


def overwrite(data: bytes, chance: random.Random) -> bytes:
    """A piece is zeros, ones or noise."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    fill = chance.choice([b"\x00", b"\xff", bytes([chance.randrange(256)])])
    return data[:start] + fill * (end - start) + data[end:]


def repeat(data: bytes, chance: random.Random) -> bytes:
    """A piece stands there twice."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:end] + data[end:]


def insert(data: bytes, chance: random.Random) -> bytes:
    """Bytes that are no text, a byte order mark, or a line too many."""
    place = chance.choice([0, len(data), chance.randrange(len(data) + 1)])
    more = chance.choice(
        [b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\x28", b"\n\n", b"\r", b"#", b",", b'"', b"{", b"]"]
    )
    return data[:place] + more + data[place:]


def stranger(data: bytes, chance: random.Random) -> bytes:
    """Another file altogether."""
    return chance.choice(STRANGERS)


def lines(data: bytes, chance: random.Random) -> bytes:
    """A line is missing, doubled, moved, or has other ends."""
    some = data.splitlines(keepends=True)
    if not some:
        return b"\n"
    at, to = chance.randrange(len(some)), chance.randrange(len(some))
    kind = chance.randrange(5)
    if kind == 0:
        del some[at]
    elif kind == 1:
        some.insert(to, some[at])
    elif kind == 2:
        some.insert(to, some.pop(at))
    elif kind == 3:
        some = [line.replace(b"\n", b"\r\n") for line in some]
    else:
        some = some[:at]
    return b"".join(some)


VALUE = re.compile(rb'(?<=[:=\[,])\s*("(?:[^"\\]|\\.)*"|-?[\w.+-]+)')


def value(data: bytes, chance: random.Random) -> bytes:
    """A value of JSON or TOML is an odd one."""
    found = list(VALUE.finditer(data))
    if not found:
        return data + b"x"
    start, end = chance.choice(found).span()
    return data[:start] + b" " + chance.choice(ODD).encode() + data[end:]


def key(data: bytes, chance: random.Random) -> bytes:
    """A key of a JSON object, at any depth, is missing, renamed, or has the value of another."""
    try:
        tree = json.loads(data.splitlines()[0] if b"\n{" in data else data)
    except ValueError:
        return lines(data, chance)
    objects: list[dict[str, object]] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            objects.append(node)
        for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(one)

    walk(tree)
    some = [one for one in objects if one]
    if not some:
        return b"{}"
    chosen = chance.choice(some)
    name = chance.choice(list(chosen))
    kind = chance.randrange(3)
    taken = chosen.pop(name) if kind < 2 else chosen[name]
    if kind == 1:
        chosen[chance.choice(["", "x", "../x", "\x00", name + " "])] = taken
    if kind == 2:
        chosen[name] = chosen[chance.choice(list(chosen))]
    return json.dumps(tree).encode() + b"\n"


def cell(data: bytes, chance: random.Random) -> bytes:
    """A cell of CSV is an odd one, is missing, or is one too many."""
    rows = [line.split(b",") for line in data.split(b"\n")]
    row = chance.choice(rows)
    at = chance.randrange(len(row))
    kind = chance.randrange(4)
    if kind == 0 and len(row) > 1:
        del row[at]
    elif kind == 1:
        row.insert(at, chance.choice(CELLS).encode())
    else:
        row[at] = chance.choice(CELLS).encode()
    return b"\n".join(b",".join(one) for one in rows)


def twice(data: bytes, chance: random.Random) -> bytes:
    """A key of JSON stands there twice, with two values."""
    found = list(re.finditer(rb'"(\w+)":', data))
    if not found:
        return data + data
    one = chance.choice(found)
    return data[: one.start()] + one[0] + chance.choice(ODD[:12]).encode() + b"," + data[one.start() :]


def many(data: bytes, chance: random.Random) -> bytes:
    """A line twenty thousand times."""
    some = data.splitlines(keepends=True) or [b"\n"]
    at = chance.randrange(len(some))
    return b"".join([*some[:at], some[at][:300] * 20_000, *some[at:]])


BYTES: tuple[Break, ...] = (flip_bits, flip_bits, cut, overwrite, repeat, insert, stranger)
TEXT: tuple[Break, ...] = (*BYTES, lines, lines)
JSON: tuple[Break, ...] = (*TEXT, value, value, value, value, key, key, twice, many)
TOML: tuple[Break, ...] = (*TEXT, value, value, value, value)
CSV: tuple[Break, ...] = (*TEXT, cell, cell, cell, cell, many)
