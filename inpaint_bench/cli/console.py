"""Standard streams that take any text, whatever a console can show, and that may lose their reader."""

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator

IN_ASCII = {
    "→": "->", "↑": "^", "↓": "v", "†": "+", "‡": "++", "…": "...", "·": ".", "±": "+-", "×": "x", "−": "-", "–": "-",
    "≤": "<=", "≥": ">=", "√": "sqrt",
}  # fmt: skip
ASCII = "ascii-console"  # which click leaves as it is; where a stream is 'ascii' it would write UTF-8
ERRORS = "inpaint_bench.ascii"
LONGEST = 2000  # characters of an error


class Console(io.TextIOWrapper):
    """A stream without encoding errors. Once nobody reads it (`| head`), what is written is dropped."""

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        with self._unread():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what is buffered."""
        with self._unread():
            super().flush()

    @contextlib.contextmanager
    def _unread(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


def open_console() -> None:
    """Make the standard output and error of this process a Console each, and its file names UTF-8.

    Under a locale that is not UTF-8, Python takes file names as ASCII, and no name in a list of pairs would be found:
    Python is then started again in its UTF-8 mode, and says what the console shows through PYTHONIOENCODING.
    """
    if sys.getfilesystemencoding() != "utf-8":
        shown = {"PYTHONIOENCODING": f"{sys.stdout.encoding}:{sys.stdout.errors}"}
        os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], {**os.environ, **shown})
    codecs.register_error(ERRORS, _in_ascii)
    codecs.register(_ascii_console)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            encoding, by_line = ASCII if ascii_only else stream.encoding, stream.line_buffering
            console = Console(stream.detach(), encoding, ERRORS, line_buffering=by_line)
            setattr(sys, name, console)
            setattr(sys, f"__{name}__", console)


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(IN_ASCII.get(one) or one.encode("ascii", "backslashreplace").decode() for one in letters), error.end


def _ascii_console(name: str) -> codecs.CodecInfo | None:
    if name != ASCII.replace("-", "_"):
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode, known.decode, known.streamreader, known.streamwriter, known.incrementalencoder,
        known.incrementaldecoder, ASCII,
    )  # fmt: skip


def in_one_line(text: str) -> str:
    """The text without its middle where it is long, and with what cannot be printed escaped: controls, marks.

    A name from elsewhere must not move the cursor, start a line, turn what follows around, or fill the screen.
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 4 :]}"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
