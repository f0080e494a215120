"""A study on disk: a public folder that is a page without a server, and beside it the key that the organiser keeps."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import prepare
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.study import design
from inpaint_bench.study.key import CHECKS, KEY, PUBLIC, Beside, Compared, Key

PAGE = files.PACKAGE / "study" / "page"
DATA = "data.js"
GREY = 128  # the level of the hole in the masked input
MOST_QUESTION, MOST_CONSENT = 300, 20_000  # letters
URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~%/?=&+@:-]*)?")  # what cannot end a directive of the CSP
CONSENT = """You will see two images at a time and choose one of them. Each question takes a few seconds.

Taking part is voluntary. You can stop at any time by closing this page; then nothing is handed over.

Recorded are your choices, how long each took, and a random number that stands for you. No name and no address is \
recorded, no cookie is set, and nobody follows what you do elsewhere."""


@dataclass(frozen=True)
class Wording:
    """What raters are told."""

    question: str
    show: Beside = "masked"
    consent: str = CONSENT
    post: str = ""  # the organiser's address; '' for a file to download


@dataclass(frozen=True)
class Shows:
    """The pictures that a study shows: some pairs of a dataset, and the composites of some methods."""

    run: str
    dataset: Dataset
    fingerprint: str
    pixels: str
    methods: tuple[str, ...]
    pairs: tuple[Pair, ...]
    checks: tuple[Pair, ...]
    composite: Callable[[str, str], tuple[Path, str]]  # of method and pair: the file, the start of its SHA-256


def refuse_wrong(wording: Wording) -> None:
    """Raise InputError for a question, a text or an address that cannot be used."""
    if not wording.question.strip() or len(wording.question) > MOST_QUESTION:
        raise InputError(f"--question: give one of 1 to {MOST_QUESTION} letters, as in 'Which looks more natural?'.")
    if not wording.consent.strip() or len(wording.consent) > MOST_CONSENT:
        raise InputError(f"--consent: give a text, or a file with one, of 1 to {MOST_CONSENT} letters.")
    if wording.post and not URL.fullmatch(wording.post):
        raise InputError(f"--post {wording.post}: give an address such as https://example.org/answers.")


def choose_pairs(pairs: Sequence[Pair], count: int, seed: str) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The pairs of a study, buckets in proportion, and those of its attention checks: other ones, with large holes."""
    by_bucket = sorted(design.shuffled(pairs, f"{seed}:chosen"), key=lambda pair: pair.bucket)
    chosen = [by_bucket[(2 * place + 1) * len(pairs) // (2 * count)] for place in range(count)]
    others = [pair for pair in pairs if pair not in set(chosen)] or list(pairs)
    largest = sorted(others, key=lambda pair: (-float(pair.ratio), pair.pair))[:CHECKS]
    checks = [largest[place % len(largest)] for place in range(CHECKS)]
    return tuple(sorted(chosen, key=lambda pair: pair.pair)), tuple(checks)


def write_study(out: Path, shows: Shows, wording: Wording, sizes: design.Plan, seed: str) -> Key:
    """Write a study into a folder: public/ and key.json. Returns the key.

    Raises InputError where the folder holds a study or anything else, and HashError where a composite is not the one
    that was scored.
    """
    refuse_strange(out)
    refuse_wrong(wording)
    pictures = _Pictures(out / PUBLIC / "pictures", seed)
    for pair in {pair.pair: pair for pair in (*shows.pairs, *shows.checks)}.values():
        prepared = prepare(shows.dataset.page, shows.dataset.data, pair)
        pictures.write("target", pair.pair, prepared.target)
        pictures.write("masked", pair.pair, np.where(prepared.hole[..., None], np.uint8(GREY), prepared.target))
    for method in shows.methods:
        for pair in shows.pairs:
            pictures.write(f"composite {method}", pair.pair, _scored(*shows.composite(method, pair.pair)))
    blocks = blocks_of(sizes, seed)
    page = _page_data(shows, wording, blocks, pictures)
    text = msgspec.json.encode(page)
    study = files.sha256(text)[:16]
    key = Key(
        1, study, shows.run, shows.dataset.page.name, shows.fingerprint, shows.pixels, seed, wording.question,
        wording.show, shows.methods, tuple(pair.pair for pair in shows.pairs), _composites(shows), blocks,
    )  # fmt: skip
    pictures.sweep(page["pictures"])
    _write_page(out / PUBLIC, {"study": study, **page}, wording.post)
    files.write_whole(out / KEY, msgspec.json.encode(key) + b"\n")  # last: with it the study is whole
    return key


def refuse_strange(out: Path) -> None:
    """Raise InputError unless a folder is missing, empty, or what a killed `study make` left. No key is replaced."""
    if (out / KEY).exists():
        raise InputError(f"{out}: a study is here already, and its answers need its key. Choose another --out.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file, where the study needs a folder. Choose another --out.")
    inside = {path.name for path in out.iterdir()} - {".lock"} if out.is_dir() else set()
    if inside - {PUBLIC} or (inside and not (out / PUBLIC / "pictures").is_dir()):
        raise InputError(f"{out}: this folder holds something other than a study. Choose another --out.")


def blocks_of(sizes: design.Plan, seed: str) -> tuple[tuple[Compared, ...], ...]:
    """The trials of every block: its comparisons, and the checks, half of them with the right answer on each side."""
    found = []
    for number, block in enumerate(design.blocks(sizes, seed)):
        answers = design.shuffled(["left", "right"] * (CHECKS // 2), f"{seed}:answers:{number}")
        checks = [Compared(place, 0, 0, answer) for place, answer in enumerate(answers)]  # type: ignore[arg-type]
        checks = design.shuffled(checks, f"{seed}:checks:{number}")
        found.append(tuple(design.with_checks([Compared(*one) for one in block], checks)))
    return tuple(found)


class _Pictures:
    """The pictures of a page, under names that say nothing and without the text fields of their files."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.folder, self.seed = folder, seed

    def name(self, what: str, pair: str) -> str:
        return files.sha256(f"{self.seed}:picture:{what}:{pair}".encode())[:16] + ".png"

    def write(self, what: str, pair: str, pixels: Pixels) -> None:
        files.write_if_changed(self.folder / self.name(what, pair), images.png_bytes(pixels))

    def sweep(self, kept: Sequence[str]) -> None:
        """Remove what is not shown: of an interrupted study, and targets that nobody is to see."""
        for path in self.folder.iterdir():
            if path.name not in set(kept):
                path.unlink()


def _scored(path: Path, scored: str) -> Pixels:
    if (found := files.file_sha256(path)[:16]) != scored:
        raise HashError(
            f"{path}: not the image that was scored: sha256 {found}, not {scored}. `inpaint-bench score` scores what "
            "has changed."
        )
    return images.read_png(path)[0]


def _composites(shows: Shows) -> dict[str, tuple[str, ...]]:
    return {method: tuple(shows.composite(method, pair.pair)[1] for pair in shows.pairs) for method in shows.methods}


def _page_data(
    shows: Shows, wording: Wording, blocks: Sequence[Sequence[Compared]], pictures: _Pictures
) -> dict[str, Any]:
    """What the page shows: pictures by number, contexts (what stands beside two composites), and the blocks."""
    beside = {"masked": ["masked"], "target": ["target"], "both": ["masked", "target"], "none": []}[wording.show]
    pairs = [*(pair.pair for pair in shows.pairs), *(pair.pair for pair in shows.checks)]
    trials, used = [], dict[str, None]()
    for block in blocks:
        rows = []
        for one in block:
            pair = pairs[one.pair + (len(shows.pairs) if one.right_answer else 0)]
            left, right = (f"composite {shows.methods[number]}" for number in (one.left, one.right))
            if one.right_answer:
                left, right = ("target", "masked") if one.right_answer == "left" else ("masked", "target")
            rows.append((pictures.name(left, pair), pictures.name(right, pair), pair))
        trials.append(rows)
    for rows in trials:
        used |= dict.fromkeys(name for left, right, _ in rows for name in (left, right))
    order = design.shuffled(dict.fromkeys(pairs), f"{pictures.seed}:contexts")
    contexts = {pair: [(kind, pictures.name(kind, pair)) for kind in beside] for pair in order}
    used |= dict.fromkeys(name for some in contexts.values() for _, name in some)
    numbers = {name: number for number, name in enumerate(sorted(used))}
    places = {pair: number for number, pair in enumerate(contexts)}
    return {
        "question": wording.question,
        "consent": wording.consent,
        "post": wording.post,
        "pictures": list(numbers),
        "contexts": [[[kind, numbers[name]] for kind, name in some] for some in contexts.values()],
        "blocks": [[[numbers[left], numbers[right], places[pair]] for left, right, pair in rows] for rows in trials],
    }


def _write_page(public: Path, data: Mapping[str, Any], post: str) -> None:
    for asset in sorted(PAGE.iterdir()):
        text = asset.read_text(encoding="utf-8")
        if post and asset.name == "index.html":
            text = text.replace("connect-src 'none'", f"connect-src {post.partition('?')[0]}")
        files.write_whole(public / asset.name, text.encode())
    text = msgspec.json.encode(data).decode()
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    files.write_whole(public / DATA, f"window.STUDY = {text};\n".encode())
