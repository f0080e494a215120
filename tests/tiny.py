"""A dataset of a few small pictures, methods that count their work, and how runs are looked at."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.cli import run_cli
from inpaint_bench.data import images
from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.masks.draw import draw
from inpaint_bench.data.tensors import Inpaint, InpaintSamples
from inpaint_bench.weights import Weights

SIZE = 24
CPU = torch.device("cpu")
BUCKETS = ((1, 20), (20, 40), (40, 60))
COUNTING = "counting=python:tiny:load_counting"
NOISE = "noise=python:tiny:load_noise"


def picture(seed: int, size: int = SIZE) -> Pixels:
    """A smooth coloured gradient with a little noise, no two alike."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / size
    slopes = rng.uniform(20, 100, (2, 3))
    values = 40 + rows[..., None] * slopes[0] + columns[..., None] * slopes[1] + rng.normal(0, 4, (size, size, 3))
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)


def output(number: int, sample: int = 0, size: int = SIZE) -> Pixels:
    """An output for `picture(number)`, near it everywhere and equal to it nowhere."""
    other = picture(100 + number + 50 * sample, size)
    return np.asarray(np.rint(0.95 * picture(number, size) + 0.05 * other), dtype=np.uint8)


def save_png(path: Path, pixels: Pixels | images.Values) -> None:
    """Write a PNG file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    path.write_bytes(out.getvalue())


def read(path: str | Path) -> Pixels:
    """The RGB pixels of a file; a mask's values three times."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def page_text(count: int, **changes: object) -> str:
    """A protocol page of the tiny dataset, with some of its keys changed."""
    keys: dict[str, object] = {
        "schema": 1,
        "name": "tiny",
        "count": count,
        "size": SIZE,
        "samples": 3,
        "data": "data",
        "metrics": ["ssim", "psnr", "mae"],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**keys, **changes}.items()]
    tables = ['[images]\nresize = "none"', '[masks]\nresize = "none"\nhole = "255"']
    return "\n".join([*lines, *tables, '[about]\ntitle = "tiny"\nlicence = "CC0-1.0"\nget = "it is drawn"\n'])


def make_dataset(
    folder: Path, count: int = 6, hole: Callable[[int], Hole] | None = None, side: int = SIZE, **changes: object
) -> Path:
    """A page of TOML with its pictures and masks beside it; the masks fill one bucket after the other."""
    for number in range(count):
        drawn = hole(number) if hole else draw("boxes", side, number, *BUCKETS[number % len(BUCKETS)])
        save_png(folder / "data" / "images" / f"picture{number}.png", picture(number, side))
        save_png(folder / "data" / "masks" / f"mask{number}.png", images.mask_values(drawn))
    page = folder / "tiny.toml"
    page.write_text(page_text(count, **changes))
    return page


def run(page: Path, out: Path, *arguments: str, methods: str = "mean-fill,telea") -> int:
    """`inpaint-bench run` on a tiny dataset; the exit code."""
    command = ["run", "--dataset", str(page), "--methods", methods, "--out", str(out), "--quiet", *arguments]
    return run_cli(command)


def merge(parts: Iterable[Path], out: Path) -> int:
    """`inpaint-bench merge`; the exit code."""
    return run_cli(["merge", *map(str, parts), "--out", str(out)])


def outcome(folder: Path) -> dict[str, bytes]:
    """What a run found, by file: composites, scores, results and tables; not when, where or by which command."""
    kept = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in (".lock", "run.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a run folder, its bytes and when it was last written."""
    kept = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in kept}


def forget_hashes(folder: Path) -> None:
    """Leave a run without the hashes of what was derived, as one that an earlier version made."""
    (folder / "SHA256SUMS").unlink(missing_ok=True)


def results(folder: Path) -> list[dict[str, Any]]:
    """The results of a run, as JSON holds them."""
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def main_results(folder: Path) -> list[dict[str, Any]]:
    """The results that a table shows: of a stochastic method those of the chosen sample."""
    return [one for one in results(folder) if Reduction.parse(one["reduction"]).main]


def result(folder: Path, method: str, metric: str, bucket: str = "all") -> dict[str, Any]:
    """The one result of a method, a metric and a bucket, of the chosen sample."""
    (found,) = [
        one for one in main_results(folder) if (one["method"], one["metric"], one["bucket"]) == (method, metric, bucket)
    ]
    return found


# --- methods ----------------------------------------------------------------------------------


def seen_as(image: torch.Tensor, mask: torch.Tensor) -> str:
    """A name for one emptied image and its mask, the same in every process."""
    return hashlib.sha256(image.numpy().tobytes() + mask.numpy().tobytes()).hexdigest()[:16]


def load_counting(weights: Weights, device: torch.device) -> Inpaint:
    """Paints the hole grey, and writes down in calls.txt of the working folder what it was given."""

    def inpaint(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with open("calls.txt", "a") as log:
            log.writelines(seen_as(*pair) + "\n" for pair in zip(image, mask, strict=True))
        return image + 0.5 * mask

    return inpaint


def load_slow(weights: Weights, device: torch.device) -> Inpaint:
    """`load_counting` with some hundredths of a second of work an image, so that a run can be met at it."""
    paint = load_counting(weights, device)

    def inpaint(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        for _ in range(10 * len(image)):
            torch.linalg.svdvals(torch.ones(100, 100))
        return paint(image, mask)

    return inpaint


def load_noise(weights: Weights, device: torch.device) -> InpaintSamples:
    """Stochastic: noise around the known region's mean in the hole, one sample a seed."""

    def inpaint(image: torch.Tensor, mask: torch.Tensor, seeds: torch.Tensor) -> torch.Tensor:
        mean = image.mean((1, 2, 3)) / (1 - mask).mean((1, 2, 3))
        drawn = [[np.random.default_rng(int(seed)).random(image.shape[1:]) for seed in row] for row in seeds]
        noise = torch.from_numpy(np.array(drawn)).float()
        painted = (mean[:, None, None, None, None] + 0.2 * (noise - 0.5)).clamp(0, 1)
        return torch.where(mask[:, None] > 0, painted, image[:, None])

    return inpaint


def calls() -> list[str]:
    """What `load_counting` was given so far, the two images of the probe included."""
    path = Path("calls.txt")
    return path.read_text().splitlines() if path.is_file() else []
