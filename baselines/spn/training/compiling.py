"""`compile = true`: the generator's blocks as machine code made for them, block by block.

The network as one graph has a hundred layers and did not end within half an hour; its sixteen dense blocks alike are
compiled once, and so are the others: seven graphs for one size of picture.
"""

import os
import shutil
import tempfile
from pathlib import Path

from torch import nn

from baselines.spn.blocks import DecoderBlock, MergeBlock, MiddleBlock, ResidualBlock, ResidualDenseBlock
from inpaint_bench import files
from inpaint_bench.errors import InputError

BLOCKS = (DecoderBlock, MergeBlock, MiddleBlock, ResidualBlock, ResidualDenseBlock)
COMPILERS = ("c++", "g++", "clang++")


def keep_in_cache() -> Path:
    """The folder where torch keeps what it compiles, in the cache folder; torch makes it as soon as Adam is there."""
    folder = files.cache_folder("compiled")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    return folder


def compile_blocks(generator: nn.Module) -> None:
    """Have every block compiled when it is first called; what is made serves later runs.

    Raises InputError where there is no compiler for C++, which torch needs for it.
    """
    asked = os.environ.get("CXX")
    if not any(map(shutil.which, [asked] if asked else COMPILERS)):
        raise InputError(f"compile = true needs a compiler for C++ ({asked or ', '.join(COMPILERS)}). Install one.")
    os.environ["TMPDIR"] = str(keep_in_cache())  # headers compiled beforehand lie in the folder for what is temporary
    tempfile.tempdir = None  # which Python remembers
    for block in generator.modules():
        if isinstance(block, BLOCKS):
            block.compile()
