"""Figures: every panel at its own pixels, the same bytes every time, and only what was scored."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from selection import quick
from terminal import OUT, Once, Terminal

from inpaint_bench.analysis.run import RunData
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.figures.draw import bar_style, draw_bars, positions, write_bars, write_sheet
from inpaint_bench.figures.read import FigureData, figure_data
from inpaint_bench.figures.sheets import Sheet, all_samples, detection, grid, most_different, zoom
from inpaint_bench.metrics.detection.matching import masked_input

PAIRS = ("00000", "00002")


@pytest.fixture
def data(terminal: Terminal, page: Path, once: Once) -> FigureData:
    """Two pairs of a run of telea and of mean-fill."""
    once(lambda: terminal.run("telea,mean-fill").does())
    return figure_data(RunData.open(OUT), Path("data"), pairs=PAIRS, methods=["telea", "mean-fill"])


def drawn(sheet: Sheet, name: str = "figure.png") -> list[list[Pixels]]:
    """What a PNG file of the sheet holds where its panels are."""
    write_sheet(sheet, Path(name))
    picture = tiny.read(name)
    lefts, tops, width, height = positions(sheet)
    assert picture.shape == (height, width, 3)
    return [
        [
            picture[top : top + panel.pixels.shape[0], left : left + panel.pixels.shape[1]]
            for left, panel in zip(lefts, panels, strict=True)
            if panel is not None
        ]
        for top, (_, panels) in zip(tops, sheet.rows, strict=True)
    ]


def test_a_grid_shows_masked_input_every_method_and_target_pixel_by_pixel(data: FigureData) -> None:
    sheet = grid(data)
    assert sheet.columns == ("masked input", "telea", "mean-fill", "target")
    assert [label for label, _ in sheet.rows] == list(PAIRS)
    for pair, row in zip(data.pairs, drawn(sheet), strict=True):
        prepared = data.prepared(pair)
        composites = [tiny.read(OUT / name / "composites" / f"{pair.pair}.png") for name in ("telea", "mean-fill")]
        expected = [masked_input(prepared.target, prepared.hole), *composites, prepared.target]
        assert all((found == wanted).all() for found, wanted in zip(row, expected, strict=True))


def test_an_enlarged_pixel_is_a_square_of_its_colour(data: FigureData) -> None:
    small, large = drawn(grid(data)), drawn(grid(data).enlarged(3))
    for one, other in zip(small[1], large[1], strict=True):
        assert (one.repeat(3, axis=0).repeat(3, axis=1) == other).all()


@pytest.mark.parametrize(
    ("make", "suffix"), quick(product((grid, zoom), ("png", "pdf")), [(grid, "pdf"), (zoom, "png")])
)
def test_the_same_figure_is_the_same_bytes(data: FigureData, make: Callable[[FigureData], Sheet], suffix: str) -> None:
    for name in ("one", "other"):
        write_sheet(make(data), Path(f"{name}.{suffix}"))
    assert Path(f"one.{suffix}").read_bytes() == Path(f"other.{suffix}").read_bytes()


def test_a_pdf_embeds_its_font_and_names_no_day(data: FigureData) -> None:
    write_sheet(grid(data), Path("figure.pdf"))
    pdf = Path("figure.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"Date" not in pdf


def test_a_picture_of_a_pdf_has_its_own_size(data: FigureData) -> None:
    write_sheet(grid(data), Path("figure.pdf"))
    pdf = Path("figure.pdf").read_bytes()
    assert pdf.count(b"/Subtype /Image") == 8
    assert pdf.count(f"/Width {tiny.SIZE}".encode()) == pdf.count(f"/Height {tiny.SIZE}".encode()) == 8


def test_a_zoom_frames_a_square_and_shows_it_as_large_as_fits(data: FigureData) -> None:
    sheet = zoom(data, side=6, at=(4, 8))
    assert [label for label, _ in sheet.rows] == ["00000", "x4", "00002", "x4"]
    for whole, crop in zip(sheet.rows[0][1], sheet.rows[1][1], strict=True):
        assert whole is not None
        assert crop is not None
        assert whole.boxes[0].ends == (4, 8, 10, 14)
        assert (crop.pixels == whole.pixels[8:14, 4:10].repeat(4, axis=0).repeat(4, axis=1)).all()
    (first, *_), (cut, *_), *_ = drawn(sheet)
    panel = sheet.rows[1][1][0]
    assert panel is not None
    assert (cut[2:-2, 2:-2] == panel.pixels[2:-2, 2:-2]).all()
    assert (first[10:12, 6:8] == panel.pixels[8:16:4, 8:16:4]).all()


def test_without_a_place_the_square_is_where_methods_differ_most() -> None:
    one = np.zeros((20, 30, 3), dtype=np.uint8)
    other = one.copy()
    other[11:14, 17:20] = 90
    other[2, 2] = 60
    assert most_different([one, other], 3) == (17, 11)
    assert most_different([one, one], 3) == (0, 0)


def test_a_square_outside_the_picture_is_refused(data: FigureData) -> None:
    with pytest.raises(InputError, match="pair 00000: a square of 6 pixels at 20,0 lies outside its 24x24"):
        zoom(data, side=6, at=(20, 0))
    with pytest.raises(InputError, match="a square of 25 pixels"):
        zoom(data, side=25)


def test_of_a_stochastic_method_all_samples_are_shown_or_the_chosen_one(terminal: Terminal, page: Path) -> None:
    terminal.run(f"{tiny.NOISE},telea").does()
    data = figure_data(RunData.open(OUT), Path("data"))
    sheet = all_samples(data)
    assert sheet.columns == ("masked input", "sample 0", "sample 1", "sample 2", "target")
    assert [label for label, _ in sheet.rows] == [f"0000{number} noise" for number in range(4)]
    for pair, (_, panels) in zip(data.pairs, sheet.rows, strict=True):
        pixels = [panel.pixels for panel in panels if panel is not None]
        for number in range(3):
            assert (pixels[1 + number] == tiny.read(OUT / f"noise/composites/{pair.pair}.s{number}.png")).all()
        errors = [((one.astype(float) - pixels[-1]) ** 2).mean() for one in pixels[1:-1]]
        assert data.chosen("noise", pair) == int(np.argmin(errors))
        best = grid(data).rows[data.pairs.index(pair)][1][data.methods.index("noise") + 1]
        assert best is not None
        assert (best.pixels == pixels[1 + int(np.argmin(errors))]).all()


def test_samples_without_scores_and_methods_without_samples_are_refused(terminal: Terminal, page: Path) -> None:
    terminal.predict(f"{tiny.NOISE},telea").does()
    with pytest.raises(InputError, match=r"noise: the samples of pair 00000 have no psnr.*score runs/tiny"):
        grid(figure_data(RunData.open(OUT), Path("data")))
    with pytest.raises(InputError, match="none of telea is stochastic"):
        all_samples(figure_data(RunData.open(OUT), Path("data"), methods=["telea"]))


# --- detection ------------------------------------------------------------------------------------


@pytest.fixture
def detected(terminal: Terminal, page: Path, once: Once) -> FigureData:
    """A run with objects detected by NanoDet, where those in the outputs of telea are replaced by boxes of ours."""
    once(lambda: terminal.run("telea", "--metrics", "psnr,det_conf").does())
    path = OUT / "telea" / "objects.nanodet.jsonl"
    header, *lines = path.read_text().splitlines()
    boxes = {"boxes": [[2, 3, 12, 13], [5, 5, 9, 20]], "scores": [0.75, 0.25], "labels": [1, 2]}
    rows: list[dict[str, Any]] = [json.loads(line) | {"detections": boxes} for line in lines]
    path.write_text("\n".join([header, *map(json.dumps, rows)]) + "\n")
    tiny.forget_hashes(OUT)
    return figure_data(RunData.open(OUT), Path("data"), pairs=["00001"])


def test_boxes_from_a_score_on_are_shown_with_it_and_their_class(detected: FigureData) -> None:
    panel = detection(detected).rows[0][1][1]
    assert panel is not None
    assert [(box.ends, box.text, box.colour) for box in panel.boxes] == [((2, 3, 12, 13), "bicycle 0.75", 1)]
    lower = detection(detected, "nanodet", 0.2).rows[0][1][1]
    assert lower is not None
    assert [box.text for box in lower.boxes] == ["bicycle 0.75", "car 0.25"]
    (row,) = drawn(detection(detected).enlarged(4))
    assert not (row[1] == tiny.read(OUT / "telea/composites/00001.png").repeat(4, axis=0).repeat(4, axis=1)).all()


def test_objects_of_another_picture_are_refused(detected: FigureData) -> None:
    path = OUT / "telea" / "objects.nanodet.jsonl"
    lines = path.read_text().splitlines()
    row = json.loads(lines[2])
    path.write_text("\n".join([*lines[:2], json.dumps(row | {"picture": "0" * 16}), *lines[3:]]) + "\n")
    with pytest.raises(HashError, match="pair 00001 was another picture"):
        detection(detected)
    path.write_text("\n".join([*lines[:2], *lines[3:]]) + "\n")
    with pytest.raises(InputError, match="no objects were detected in pair 00001"):
        detection(figure_data(RunData.open(OUT), Path("data"), pairs=["00001"]))


def test_a_run_without_objects_is_refused(data: FigureData) -> None:
    with pytest.raises(InputError, match="it has no objects detected by any detector"):
        detection(data)
    with pytest.raises(InputError, match="it has no objects detected by nanodet"):
        detection(data, "nanodet")
    with pytest.raises(InputError, match="no detector is called 'nanodat'"):
        detection(data, "nanodat")


# --- bars -----------------------------------------------------------------------------------------


def test_bars_are_the_results_with_their_intervals(data: FigureData) -> None:
    results = [one for one in RunData.open(OUT).result_list if one.metric == "psnr" and one.source == "measured"]
    (axes,) = draw_bars(results).axes
    by_method = {bars.get_label(): [bar.get_height() for bar in bars] for bars in axes.containers}
    buckets = ["0.0-0.2", "0.2-0.4", "0.4-0.6", "all"]
    values = {(one.method, one.bucket): one for one in results}
    assert by_method == {m: [values[m, b].value for b in buckets] for m in ("mean-fill", "telea")}
    ends = {tuple(np.asarray(line.get_ydata()).tolist()) for line in axes.lines}
    assert ends == {(one.low, one.high) for one in results if one.low is not None}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [*buckets[:3], "All"]
    assert axes.get_ylim()[0] == 0


def test_the_legend_names_every_bar_by_its_own_colour(terminal: Terminal, page: Path) -> None:
    """Samples have signatures and plots of their own, so that no plot holds bars of every method."""
    terminal.run(f"telea,mean-fill,{tiny.NOISE}").does()
    figure = draw_bars([one for one in RunData.open(OUT).result_list if one.main])
    drawn = {
        bars.get_label(): {bar.get_facecolor() for bar in bars}
        for axes in figure.axes
        for bars in axes.containers
        if len(bars)
    }
    (legend,) = figure.legends
    keys = [patch.get_facecolor() for patch in legend.get_patches()]
    named = dict(zip([text.get_text() for text in legend.get_texts()], keys, strict=True))
    assert {name: {colour} for name, colour in named.items()} == drawn
    assert len(set(keys)) == 3


def test_methods_beyond_the_colours_are_hatched() -> None:
    looks = [(one["facecolor"], one["hatch"]) for one in map(bar_style, range(30))]
    assert len(set(looks)) == 30


def test_bars_of_what_has_no_results_are_refused(data: FigureData) -> None:
    run = RunData.open(OUT)
    with pytest.raises(InputError, match="no metric here is called 'pnsr'"):
        write_bars(run, Path("bars.pdf"), metrics=["pnsr"])
    with pytest.raises(InputError, match="no method here is called 'tela'"):
        write_bars(run, Path("bars.pdf"), methods=["tela"])
    empty = RunData.open(OUT)
    empty.set_results([])
    with pytest.raises(InputError, match="there are no results to draw bars of"):
        write_bars(empty, Path("bars.pdf"))
    for name in ("one.pdf", "other.pdf"):
        write_bars(run, Path(name))
    assert Path("one.pdf").read_bytes() == Path("other.pdf").read_bytes()


# --- what is refused ------------------------------------------------------------------------------


def test_a_composite_that_changed_since_it_was_scored_is_refused(data: FigureData) -> None:
    tiny.save_png(OUT / "telea/composites/00000.png", tiny.picture(9))
    with pytest.raises(HashError, match=r"00000\.png: not the picture that was scored"):
        grid(data)


def test_an_unfinished_pair_is_refused(data: FigureData) -> None:
    (OUT / "telea/composites/00002.png").unlink()
    with pytest.raises(InputError, match="pair 00002 has no composite, or lacks samples"):
        figure_data(RunData.open(OUT), Path("data"), pairs=PAIRS)
