"""A report on disk: one folder that opens from a file manager, with nothing to install and no network."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from inpaint_bench import files
from inpaint_bench.analysis.significance import significance
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import InputError
from inpaint_bench.figures.plots import for_dark, svg
from inpaint_bench.report.curves import Curve, curves
from inpaint_bench.report.facts import facts
from inpaint_bench.report.pictures import FOLDER, write_pictures
from inpaint_bench.report.read import Contents

PAGE = files.PACKAGE / "report" / "page"
SCHEMA = "// inpaint-bench report 1"
DATA, PLOTS = "data.js", "plots"
ATTRIBUTION = "ATTRIBUTION.csv"  # whose the pictures are, where that lies beside them: it goes with them


def write_report(
    contents: Contents,
    dataset: Dataset,
    out: Path,
    absent: Mapping[str, str],
    jobs: int,
    on_progress: Callable[[int], None] = lambda count: None,
) -> Path:
    """Write the report of a run into a folder of its own and return its first page, index.html.

    `absent` names metrics that could not be measured, and why. What an older report left in the folder and this one
    has not is deleted. `on_progress` is called with 1 for every pair and every plot. Raises InputError when the folder holds
    something else, or a target is missing, and HashError when a picture or a score is not what it was.
    """
    refuse_strange(out)
    files.write_whole(out / DATA, f"{SCHEMA}\n".encode())  # from now on the folder is a report's
    written = dict(write_pictures(contents, dataset, out, jobs, on_progress))
    sizes = {path.stem: size for path, size in written.items() if path.parent.name == "targets"}
    drawn = [_draw(draw, out, on_progress) for draw in curves(contents)]
    shown = [result for result in contents.results if result.main]
    data = facts(contents, significance([(contents.run, shown)]), absent, sizes)
    data |= {"plots": [one for one, _ in drawn], "attribution": _attribution(dataset, out)}
    for asset in sorted(PAGE.iterdir()):
        if asset.is_file():
            files.write_if_changed(out / asset.name, asset.read_bytes())
    files.write_whole(out / DATA, data_script(data))
    _sweep(out, {*written, *(path for _, paths in drawn for path in paths)})
    return out / "index.html"


def refuse_strange(out: Path) -> None:
    """Raise InputError unless a folder is empty, not there yet, or a report's."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: a file stands where the report's folder should be. Choose another --out.")
    data = out / DATA
    ours = data.is_file() and data.read_bytes()[: len(SCHEMA)] == SCHEMA.encode()
    if not ours and any(out.iterdir()):
        raise InputError(f"{out}: this folder holds something else than a report. Choose another --out.")


def data_script(data: Mapping[str, Any]) -> bytes:
    """The data as a script, since a page that is opened as a file may read nothing else; safe inside of HTML too."""
    text = msgspec.json.encode(data).decode()
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return f"{SCHEMA}\nwindow.REPORT = {text};\n".encode()


def _draw(
    draw: Callable[[], Curve], out: Path, on_progress: Callable[[int], None]
) -> tuple[dict[str, Any], Sequence[Path]]:
    """A plot's two files, and what the page says of it."""
    curve = draw()
    light, dark = (out / PLOTS / f"{curve.plot.name}.{kind}.svg" for kind in ("light", "dark"))
    drawn = svg(curve.plot)
    files.write_if_changed(light, drawn)
    files.write_if_changed(dark, for_dark(drawn))
    on_progress(1)
    fact = {
        "kind": curve.kind,
        "metric": curve.metric,
        "light": f"{PLOTS}/{light.name}",
        "dark": f"{PLOTS}/{dark.name}",
    }
    return {**fact, "notes": list(curve.notes)}, (light, dark)


def _attribution(dataset: Dataset, out: Path) -> str:
    """The name of the file that says whose the pictures are, copied; '' where there is none."""
    source = dataset.data.images.parent / ATTRIBUTION
    if not source.is_file():
        return ""
    files.write_if_changed(out / ATTRIBUTION, source.read_bytes())
    return ATTRIBUTION


def _sweep(out: Path, kept: set[Path]) -> None:
    """Delete the pictures and plots of an older report in the same folder."""
    for folder in (out / FOLDER, out / PLOTS):
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file() and path not in kept:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
