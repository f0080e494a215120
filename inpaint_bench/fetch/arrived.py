"""What has come instead of a file: a web page of some kind, a pointer to a file, nothing."""

import html
import re
from pathlib import Path

PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")
POINTER = b"version https://git-lfs"
HEAD = 1 << 16  # bytes in which a page says what it is
TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
KINDS = {  # what pages of hosts say, in lower case
    "its quota page: too many people fetched the file today. Try again in a day": (
        b"too many users have viewed or downloaded", b"quota exceeded", b"download quota", b"exceeded its quota",
    ),
    "a page that asks whether to download a file too large for its virus scan": (
        b"virus scan warning", b"scan this file for viruses", b'id="download-form"',
    ),
    "a page of consent to cookies": (b"consent.google", b"before you continue to", b"consent.youtube"),
    "a page for signing in: the file is not public": (
        b"accounts.google.com/", b"servicelogin", b'type="password"', b"you need access", b"request access",
        b"sign in to continue", b"<title>sign in",
    ),
}  # fmt: skip


def not_a_file(head: bytes) -> str:
    """What the first bytes of a download are instead of a file, as the end of 'it sent …'; '' where they may be one."""
    if not head:
        return "an empty file"
    if head.startswith(POINTER):
        return "a Git LFS pointer, not the file it stands for"
    return f"{kind_of_page(head)}{title(head)}" if is_page(head) else ""


def is_page(head: bytes) -> bool:
    """Whether bytes begin as a web page does."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(PAGES)


def kind_of_page(head: bytes) -> str:
    """What a web page is for, as far as its text tells."""
    text = head[:HEAD].lower()
    return next((kind for kind, marks in KINDS.items() if any(mark in text for mark in marks)), "a web page")


def title(head: bytes) -> str:
    """The title of a web page as ' ('TITLE')'; '' where it has none."""
    found = TITLE.search(head)
    if found is None:
        return ""
    text = " ".join(html.unescape(found[1].decode("utf-8", "replace")).split())
    return f" ('{''.join(letter for letter in text if letter.isprintable())[:80]}')"


def first_bytes(path: Path) -> bytes:
    """The bytes of a file in which a page says what it is."""
    with open(path, "rb") as file:
        return file.read(HEAD)
