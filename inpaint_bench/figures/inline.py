"""Pictures as parts of a page, in a notebook or elsewhere: they hold everything, and load nothing."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from inpaint_bench.data.images import Pixels, png_bytes

SHOWN = 320  # pixels that a picture is wide at least, where the page is

STYLE = """<style>
.inpaint-bench-slider { margin: 0; font: 13px/1.5 system-ui, sans-serif; }
.inpaint-bench-slider div { position: relative; }
.inpaint-bench-slider img { display: block; width: 100%; image-rendering: pixelated; }
.inpaint-bench-slider img + img { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at)); }
.inpaint-bench-slider input { width: 100%; margin: .3rem 0 0; }
.inpaint-bench-slider figcaption { display: flex; justify-content: space-between; gap: 1rem; }
</style>"""


@dataclass(frozen=True)
class Slider:
    """Two pictures of one size, of which a slider shows the left part of one and the right part of the other.

    A notebook shows it; `to_html()` is a part of a page, which needs no other file, no network and no script.
    """

    before: Pixels
    after: Pixels
    labels: tuple[str, str]
    title: str

    def to_html(self) -> str:
        """The slider as HTML; every text is escaped."""
        height, width = self.after.shape[:2]
        (left, right), title = map(escape, self.labels), escape(self.title)
        return f"""<figure class="inpaint-bench-slider" style="--at: 50%; max-width: {max(width, SHOWN)}px">
{STYLE}
<div><img src="{data_uri(self.before)}" width="{width}" height="{height}" alt="{left}"><img \
src="{data_uri(self.after)}" width="{width}" height="{height}" alt="{right}"></div>
<input type="range" min="0" max="100" value="50" step="0.5" aria-label="where {left} ends and {right} begins" \
oninput="this.parentNode.style.setProperty('--at', this.value + '%')">
<figcaption><span>{left}</span><span>{title}</span><span>{right}</span></figcaption>
</figure>
"""

    _repr_html_ = to_html


def strip(title: str, rows: Iterable[tuple[str, Sequence[Pixels]]]) -> str:
    """A title, and pictures in rows that have a name each, as HTML."""
    cells = "".join(
        f'<div style="text-align: center">{"".join(map(_thumbnail, pictures))}<br>{escape(name)}</div>\n'
        for name, pictures in rows
    )
    return (
        f'<div style="font: 13px/1.5 system-ui, sans-serif"><p>{escape(title)}</p>\n'
        f'<div style="display: flex; flex-wrap: wrap; gap: .6rem">\n{cells}</div></div>\n'
    )


def _thumbnail(picture: Pixels) -> str:
    return f'<img src="{data_uri(picture)}" width="96" height="96" style="object-fit: contain" alt="">'


def data_uri(picture: Pixels) -> str:
    """A picture as an address that holds its PNG file."""
    return f"data:image/png;base64,{base64.b64encode(png_bytes(picture)).decode('ascii')}"
