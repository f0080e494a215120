"""Clusters on this machine: Slurm's daemons, and Ray's, started and stopped by a test."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tiny
from slurm_cluster import installed, slurm_cluster
from terminal import Answer, Terminal

COMMON = ("--allow-known-error", "--metrics", "psnr,ssim", "--device", "cpu")
HIDDEN = 'mount -t tmpfs none runs && { "$@"; code=$?; cp -r runs seen; exit $code; }'
IN_CI = os.environ.get("INPAINT_BENCH_CI") == "1"  # there Slurm has to be: nothing is skipped


@dataclass(frozen=True)
class Engine:
    """A cluster of two machines, as the command line reaches it."""

    options: tuple[str, ...]  # of `run`
    lose_machine: Callable[[], None]
    cluster: Any


@contextlib.contextmanager
def slurm_engine(folder: Path, **options: str) -> Iterator[Engine]:
    """A Slurm cluster; where it is not installed the test is skipped, or fails in CI."""
    if not installed():
        (pytest.fail if IN_CI else pytest.skip)("Slurm's daemons are not installed: Debian's package slurm-wlm")
    with slurm_cluster(folder, **options) as cluster, pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        yield Engine(("--slurm", "poll=1"), lambda: cluster.kill_node("n1"), cluster)


@contextlib.contextmanager
def ray_engine(**options: Any) -> Iterator[Engine]:
    """A Ray cluster: a head that works on nothing, and two nodes with a processor each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1, **options) for _ in range(2)]
        yield Engine(("--ray", cluster.address), lambda: cluster.remove_node(nodes[0], allow_graceful=False), cluster)
    finally:
        cluster.shutdown()


def run(engine: Engine, methods: str, *options: object, hidden: bool = False) -> Answer:
    """`run` on the cluster, in a process of its own: what an engine leaves in it does not stay.

    `hidden`: no other process sees its folder runs/, as where machines share no disk; it is copied to seen/ in the end.
    """
    command = [sys.executable, "-m", "inpaint_bench", "run", "--dataset", "tiny.toml", "--methods", methods]
    command += [*COMMON, *engine.options, *map(str, options)]
    if hidden:
        Path("runs").mkdir()
        command = ["unshare", "--mount", "sh", "-c", HIDDEN, "sh", *command]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    return Answer(ended.returncode, ended.stdout, ended.stderr)


def alone(terminal: Terminal, methods: str, *options: str) -> dict[str, bytes]:
    """What a run in one process finds."""
    terminal.run(methods, *COMMON, *options, "--out", "alone").does("psnr")
    return tiny.outcome(Path("alone"))
