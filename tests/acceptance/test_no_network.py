"""No command that was not asked to fetch opens a connection, with every method and metric that can run here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance

GUARD = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("something wants the network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.gethostbyname = refuse
from inpaint_bench.cli import run_cli
sys.exit(run_cli(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--limit", "2"),
        ("run", "--limit", "2", "--methods", "telea", "--metrics", "all"),
        ("doctor",),
        ("datasets", "list"),
        ("methods",),
        ("metrics",),
        ("--help",),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_a_command_uses_no_network(arguments: tuple[str, ...], tmp_path: Path) -> None:
    environment = {**os.environ, "INPAINT_BENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", GUARD, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "wants the network" not in done.stderr, done.stderr[-2000:]
    assert done.returncode == 0, done.stderr[-2000:]
