"""What a table looks like: a PDF of nothing else, where a TeX is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError

SECONDS = 120
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,xcolor}
\pdfinfoomitdate=1 \pdfsuppressptexinfo=-1 \pdftrailerid{} %% the same bytes at any time
\pdfhorigin=0pt \pdfvorigin=0pt
\newsavebox\page
\begin{document}
%s\end{document}
"""
PAGE = r"""\sbox\page{%%
%s}%%
\pdfpagewidth=\dimexpr\wd\page+2em\relax
\pdfpageheight=\dimexpr\ht\page+\dp\page+2em\relax
\shipout\vbox{\kern1em\hbox{\kern1em\box\page}}
"""


def pdflatex() -> str | None:
    """Where a TeX is installed; None where there is none."""
    return shutil.which("pdflatex")


def document(tables: Sequence[str]) -> str:
    """A document of tables of `as_latex`, each on a page that fits it."""
    return DOCUMENT % "".join(PAGE % table for table in tables)


def write_preview(path: Path, tables: Sequence[str]) -> None:
    """Write the PDF of some tables. Raises IncompleteError where there is no TeX, or it cannot set them."""
    program = pdflatex()
    if program is None:
        raise IncompleteError("no pdflatex is installed here. Install a TeX with booktabs and xcolor.")
    with tempfile.TemporaryDirectory(prefix="inpaint-bench-tex-") as folder:
        Path(folder, "table.tex").write_text(document(tables), encoding="utf-8")
        _set(program, Path(folder), path)
        files.write_if_changed(path, Path(folder, "table.pdf").read_bytes())


def _set(program: str, folder: Path, path: Path) -> None:
    command = [program, "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "table.tex"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise IncompleteError(f"{path}: pdflatex did not make it ({error}). The table itself is written.") from error
    if done.returncode:
        log = done.stdout.decode("utf-8", "replace").splitlines()
        why = next((line.removeprefix("! ") for line in log if line.startswith("!")), "it message nothing")
        raise IncompleteError(
            f"{path}: pdflatex did not make it: {why.rstrip('.')}. The table itself is written; booktabs and xcolor "
            "must be installed, and letters that are not Latin need another TeX."
        )
