"""A PDF preview of LaTeX tables, where a TeX is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError

SECONDS = 120
START = r"""\documentclass{article}
\usepackage{booktabs,xcolor}
\pdfinfoomitdate=1 \pdfsuppressptexinfo=-1 \pdftrailerid{} % the same bytes at any time
\pdfhorigin=0pt \pdfvorigin=0pt
\newsavebox\page
\begin{document}
"""
PAGE = r"""}%
\pdfpagewidth=\dimexpr\wd\page+2em\relax
\pdfpageheight=\dimexpr\ht\page+\dp\page+2em\relax
\shipout\vbox{\kern1em\hbox{\kern1em\box\page}}
"""


def pdflatex() -> str | None:
    """The path of pdflatex; None where none is installed."""
    return shutil.which("pdflatex")


def document(tables: Sequence[str]) -> str:
    """A document of tables in LaTeX, each on a page of its size."""
    return START + "".join(f"\\sbox\\page{{%\n{table}{PAGE}" for table in tables) + "\\end{document}\n"


def write_preview(path: Path, tables: Sequence[str]) -> None:
    """Write the PDF of some tables in LaTeX. Raises IncompleteError without pdflatex, and where it fails."""
    program = pdflatex()
    if program is None:
        raise IncompleteError("no pdflatex is installed here. Install a TeX with booktabs and xcolor.")
    command = [program, "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "table.tex"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    with tempfile.TemporaryDirectory(prefix="tex-", dir=files.cache_folder("scratch")) as folder:
        Path(folder, "table.tex").write_text(document(tables), encoding="utf-8")
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise IncompleteError(f"{path}: pdflatex failed ({error}). The table itself is written.") from error
        if done.returncode:
            log = done.stdout.decode("utf-8", "replace").splitlines()
            why = next((line.removeprefix("! ") for line in log if line.startswith("!")), "it gave no reason")
            raise IncompleteError(
                f"{path}: pdflatex failed: {why.rstrip('.')}. The table itself is written; booktabs and xcolor must be "
                "installed, and letters that are not Latin need another TeX."
            )
        files.write_if_changed(path, Path(folder, "table.pdf").read_bytes())
