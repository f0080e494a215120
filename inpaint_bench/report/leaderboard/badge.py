"""A badge: a number and what it is of, as an SVG of two halves that needs nothing from elsewhere."""

from html import escape

FONT = "font-family='Verdana,DejaVu Sans,sans-serif' font-size='11'"
WIDTH = 6.6  # pixels of a letter, on average
COLOURS = {"re-measured": "#2f6b2f", "submitted": "#1f5fbf", "reported": "#5d636b"}  # white text on each: 4.5 or more


def badge(left: str, right: str, tier: str) -> str:
    """The SVG. `left` says what is measured, `right` the number; the colour is that of the tier."""
    first, second = (round(len(text) * WIDTH + 12) for text in (left, right))
    whole, title = first + second, escape(f"{left}: {right} ({tier})", quote=True)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{whole}' height='20' role='img' aria-label='{title}'>"
        f"<title>{title}</title>"
        f"<rect width='{whole}' height='20' rx='3' fill='#3a3f45'/>"
        f"<path d='M{first} 0h{second - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{second - 3}z'"
        f" fill='{COLOURS[tier]}'/>"
        f"<g fill='#fff' text-anchor='middle' {FONT}>"
        f"<text x='{first / 2:g}' y='14' textLength='{first - 12}' lengthAdjust='spacingAndGlyphs'>"
        f"{escape(left)}</text>"
        f"<text x='{first + second / 2:g}' y='14' textLength='{second - 12}' lengthAdjust='spacingAndGlyphs'>"
        f"{escape(right)}</text></g></svg>\n"
    )
