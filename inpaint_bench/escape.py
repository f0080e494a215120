"""Names, headings and notes in Markdown, LaTeX and BibTeX, where the text of users must mean nothing but itself."""

import re
import unicodedata

LATEX = str.maketrans(
    {letter: f"\\{letter}" for letter in "{}_%&#$"}
    | {letter: rf"{{\ttfamily\char{ord(letter)}}}" for letter in "\"'`"}
    | {letter: f"{{{letter}}}" for letter in "[]*"}  # a bracket after the end of a line would be a length
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "…": r"\dots{}", "·": r"$\cdot$"}
    | {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "†": r"$^{\dagger}$", "‡": r"$^{\ddagger}$"}
)
BIBTEX = (
    {letter: f"\\{letter}" for letter in "_%&#$"}
    | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
    | {"^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}", ">": r"\textgreater{}", "–": "--"}
    | {"ł": r"{\l}", "Ł": r"{\L}", "ø": r"{\o}", "Ø": r"{\O}", "ß": r"{\ss}", "æ": r"{\ae}", "œ": r"{\oe}"}
)
ACCENTS = {  # the command of TeX for each combining mark
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k",
}  # fmt: skip
ACRONYMS = {"ssim", "psnr", "mae", "mse", "lpips", "fid", "kid", "fd"}


def one_line(text: str) -> str:
    """The text with a single blank for each run of white space."""
    return " ".join(text.split())


def markdown(text: str) -> str:
    """Text in which Markdown sees nothing but text, in one line; an underscore within a word means nothing to it."""
    return re.sub(r"([\\`*|<>\[\]~&$#])|(?<!\w)_|_(?!\w)", lambda found: "\\" + found[0], one_line(text))


def latex(text: str) -> str:
    """Text in which TeX sees nothing but text, in one line."""
    return re.sub("-(?=-)", "-{}", one_line(text).translate(LATEX))  # two hyphens would be a dash


def latex_heading(label: str) -> str:
    """A label of `metric_label` or a bucket: an acronym with what makes it particular below it, a power, an arrow."""
    name, blank, rest = label.partition(" ")
    word, _, particular = name.partition("_")
    text = latex(label)
    if word in ACRONYMS:
        below = rf"\textsubscript{{{latex(particular.replace('_', ' '))}}}" if particular else ""
        text = word.upper() + below + blank + latex(rest)
    return re.sub(r"(?<=\d)-(?=\d+\.)", "--", _powers(text))  # an interval of mask ratios


def latex_note(text: str) -> str:
    """A sentence whose signatures may break at their colons."""
    return re.sub(r":(?=\S)", r":\\allowbreak{}", _powers(latex(text)))


def _powers(text: str) -> str:
    return re.sub(r"10\\textasciicircum\{\}(-?\d+)", r"$10^{\1}$", text)


def bibtex(text: str) -> str:
    """Text in which BibTeX and TeX see nothing but text, in one line.

    Accents become TeX's commands. BibTeX counts braces even where a backslash stands before one, so that there is none.
    """
    return "".join(_bibtex(letter) for letter in one_line(text))


def _bibtex(letter: str) -> str:
    if letter in BIBTEX:
        return BIBTEX[letter]
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) != 2 or parts[1] not in ACCENTS or not parts[0].isascii():
        return letter
    return rf"{{\{ACCENTS[parts[1]]}{{{parts[0]}}}}}"
