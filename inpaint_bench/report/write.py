"""A report on disk: one folder with a page that opens without a server or a network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from inpaint_bench import disk, files
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.significance import ranks
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import InputError
from inpaint_bench.figures.plots import for_dark, svg
from inpaint_bench.report.curves import Curve, curves
from inpaint_bench.report.facts import facts
from inpaint_bench.report.pages import files_of_pairs
from inpaint_bench.report.pictures import FOLDER, write_pictures
from inpaint_bench.report.read import ReportData, read_report_data

PAGE = files.PACKAGE / "report" / "page"
SCHEMA = "// inpaint-bench report 1"
DATA, DATA_OF_PAIRS, PLOTS = "data.js", "pairs", "plots"
ATTRIBUTION = "ATTRIBUTION.csv"  # the authors of the images; copied if it lies next to them


def write_report(
    run: RunData,
    dataset: Dataset,
    out: Path,
    absent: Mapping[str, str],
    jobs: int,
    on_progress: Callable[[int], None] = lambda count: None,
) -> Path:
    """Write the report of a run into a folder of its own and return the path of its page, index.html.

    `dataset` is that of the run, opened on this machine. `absent` gives the metrics that could not be measured, with
    the reason. Images, plots and data that only an older report in the folder had are deleted. `jobs` threads read and
    write images. `on_progress` is called with 1 for every pair and every plot, `report_steps` times in all.

    Raises InputError when the run has no results, the folder holds something else, or a target is missing, and
    HashError when an image or a scores file has changed since it was scored.
    """
    refuse_strange(out)
    data = read_report_data(run)
    files.write_whole(out / DATA, f"{SCHEMA}\n".encode())  # marks the folder as that of a report
    written = dict(write_pictures(data, dataset, out, jobs, on_progress))
    sizes = {path.stem: size for path, size in written.items() if path.parent.name == "targets"}
    drawn = [_draw(draw, out, on_progress) for draw in curves(data)]
    shown = [result for result in data.results if result.main]
    found = facts(data, ranks([(run, shown)]), absent)
    found |= {"plots": [one for one, _ in drawn], "attribution": _attribution(dataset, out)}
    for asset in sorted(PAGE.iterdir()):
        if asset.is_file():
            files.write_if_changed(out / asset.name, asset.read_bytes())
    of_pairs = [*_write_data(data, [one["name"] for one in found["buckets"]], sizes, out)]
    files.write_whole(out / DATA, data_script(found))
    _sweep(out, {*written, *of_pairs, *(path for _, paths in drawn for path in paths)})
    return out / "index.html"


def report_steps(run: RunData) -> int:
    """How often `write_report` reports progress: once for every pair and every plot."""
    return len(run.pairs) + len(curves(read_report_data(run)))


def refuse_strange(out: Path, schema: str = SCHEMA, what: str = "report") -> None:
    """Raise InputError unless a folder is missing, empty, or that of a page whose data begin with that schema."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file, where the {what} needs a folder. Choose another --out.")
    data = out / DATA
    ours = data.is_file() and _head(data, len(schema)) == schema.encode()
    if not ours and any(out.iterdir()):
        raise InputError(f"{out}: this folder holds something other than a {what}. Choose another --out.")


def _head(path: Path, length: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(length)


def _write_data(
    data: ReportData, buckets: Sequence[str], sizes: Mapping[str, tuple[int, int]], out: Path
) -> Iterator[Path]:
    """Write the files of the data of pairs; yields each."""
    with disk.passing(out / DATA_OF_PAIRS):
        for name, content in files_of_pairs(data, buckets, sizes):
            path = out / DATA_OF_PAIRS / f"{name}.js"
            files.write_if_changed(path, data_script(content, f"(window.REPORT_FILES ??= {{}})['{name}']"))
            yield path


def data_script(data: Any, variable: str = "window.REPORT", schema: str = SCHEMA) -> bytes:
    """The data as a script, which is all that a page opened as a file may load; it is safe inside HTML too."""
    text = msgspec.json.encode(data).decode()
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return f"{schema}\n{variable} = {text};\n".encode()


def _draw(
    draw: Callable[[], Curve], out: Path, on_progress: Callable[[int], None]
) -> tuple[dict[str, Any], Sequence[Path]]:
    """The facts of a plot for the page, and its two files."""
    curve = draw()
    light, dark = (out / PLOTS / f"{curve.plot.name}.{kind}.svg" for kind in ("light", "dark"))
    drawn = svg(curve.plot)
    files.write_if_changed(light, drawn)
    files.write_if_changed(dark, for_dark(drawn))
    on_progress(1)
    found = {
        "kind": curve.kind,
        "metric": curve.metric,
        "light": f"{PLOTS}/{light.name}",
        "dark": f"{PLOTS}/{dark.name}",
    }
    return {**found, "title": curve.title, "notes": list(curve.notes)}, (light, dark)


def _attribution(dataset: Dataset, out: Path) -> str:
    """Copy the file with the authors of the images; its name, or '' where there is none."""
    source = dataset.data.images.parent / ATTRIBUTION
    if not source.is_file():
        return ""
    files.write_if_changed(out / ATTRIBUTION, files.read_bytes(source))
    return ATTRIBUTION


def _sweep(out: Path, kept: set[Path]) -> None:
    """Delete the images, plots and data of an older report in the same folder."""
    for folder in (out / FOLDER, out / PLOTS, out / DATA_OF_PAIRS):
        disk.refuse_way_out(folder / "any")
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_symlink() or (path.is_file() and path not in kept):
                path.unlink()  # of a link only itself
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
