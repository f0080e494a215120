"""Files that are given as weights and are none: what they are, by their first bytes, and what to do."""

from inpaint_bench.fetch import arrived

MOST_FILE = 4 << 30  # bytes; the largest network here has 0.5 GiB of weights
ARCHIVE = b"PK\x03\x04"
OLD = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the first pickle of a file of torch before 1.6: a magic number
PACKED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}  # fmt: skip
OTHERS = {
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG",
}


def what_it_is(head: bytes, again: str) -> str:
    """A sentence on a file that is no torch file, from its first 512 bytes; `again` ends it where no more is known."""
    if not head:
        return f"an empty file. {again}"
    if arrived.is_page(head):
        return (
            f"a web page{arrived.title(head)}, not weights: the link leads to a page. Open it in a browser, "
            "download the file itself, and give that."
        )
    if head.startswith(arrived.POINTER):
        return (
            "a Git LFS pointer, not the weights it stands for. Run `git lfs pull` in its repository, or download the "
            "file itself, and give that."
        )
    if head[257:262] == b"ustar":
        return "a tar archive. Unpack it and give the file in it; a file of torch 0.1 must be saved again."
    for mark, name in PACKED.items():
        if head.startswith(mark):
            return f"a file packed with {name}. Unpack it, and give the file in it."
    for mark, name in OTHERS.items():
        if head.startswith(mark):
            return f"{name}, not weights. Give the file that the authors publish."
    if is_safetensors(head):
        return "a safetensors file. Rename it to end in .safetensors."
    return f"not a whole torch file: it does not begin as one. {again}"


def is_safetensors(head: bytes) -> bool:
    """Whether a file may be one of safetensors: the length of a header of JSON, and the header."""
    return len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32


def is_torch(head: bytes) -> bool:
    """Whether a file begins as one of `torch.save` does: a zip archive, or before torch 1.6 a magic number."""
    return head.startswith((ARCHIVE, OLD))
