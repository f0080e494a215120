"""A real Slurm cluster on this machine, for tests: a controller and two nodes, every file of theirs in one folder.

Needs Debian's package `slurm-wlm` (22.05), and no service of it running: neither systemd, nor munge, nor root.
"""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import psutil

NODES = ("n1", "n2")  # each with two processors, whatever the machine has
PATIENCE = 30  # seconds for something that takes one or two
REAPING = 3  # seconds that process 1 has to reap what was killed: in some containers it never does
CONFIG = """\
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
MailProg=/bin/true
StateSaveLocation={folder}/state
SlurmdSpoolDir={short}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=6
MessageTimeout=4
TCPTimeout=1
BatchStartTimeout=1
InactiveLimit=0
JobRequeue=1
KillWait=2
MinJobAge=300
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=16000
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=16000
PartitionName=main Nodes=n1,n2 Default=YES DefaultTime=10 MaxTime=60
PartitionName=one Nodes=n1 DefaultTime=10 MaxTime=60
"""


def installed() -> bool:
    """Whether Slurm's daemons are on this machine."""
    return all(shutil.which(program, path=_path()) for program in ("slurmctld", "slurmd", "sbatch"))


@dataclass
class SlurmCluster:
    """A cluster that runs. Its partitions are `main`, of both nodes, and `one`, of the first."""

    folder: Path
    _daemons: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What sbatch and its like need to find the cluster."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def call(self, *command: str) -> str:
        """What a command of Slurm prints."""
        return subprocess.run(command, env=self._environment(), check=True, stdout=subprocess.PIPE, text=True).stdout

    def kill_node(self, node: str) -> None:
        """Kill all that runs on a node, as if its machine lost power. Slurm sees it some fifteen seconds later."""
        self._kill(node)
        _until(lambda: not _killed(self._processes(node)), f"no process of {node} is left")

    def start_node(self, *nodes: str) -> None:
        """Boot nodes that do not run, and wait until they take jobs."""
        since = datetime.now().replace(microsecond=0)
        for node in nodes:
            self._start(node, "slurmd", "-N", node)
        for node in nodes:
            _until(partial(self._takes_jobs, node, since), f"{node} takes jobs; see {self.folder}")

    def start_controller(self) -> None:
        """Start the controller, with the state that it saved if it did, and wait until it answers."""
        self._start("slurmctld", "slurmctld")
        _until(self._answers, f"the controller answers; see {self.folder}")

    def restart_controller(self, down: float = 0) -> None:
        """Stop the controller, which saves its state, and start it again after some seconds."""
        self._daemons["slurmctld"].terminate()
        self._daemons["slurmctld"].wait(PATIENCE)
        time.sleep(down)
        self.start_controller()

    def stop(self) -> None:
        """Kill all, jobs too."""
        self._kill("slurmctld")
        for node in NODES:
            self.kill_node(node)

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH"))}
        return clean | {"PATH": _path()} | self.environment

    def _start(self, name: str, *command: str) -> None:
        with open(self.folder / f"{name}.out", "ab") as out:
            self._daemons[name] = subprocess.Popen(
                [*command, "-D"],
                env=self._environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        if (daemon := self._daemons.pop(name, None)) is not None:
            _killed([*psutil.Process(daemon.pid).children(), psutil.Process(daemon.pid)])
            daemon.wait()

    def _answers(self) -> bool:
        try:
            return "UP" in self.call("scontrol", "ping")
        except subprocess.CalledProcessError:
            return False

    def _takes_jobs(self, node: str, since: datetime) -> bool:
        """Right after its death a node still counts as one that takes jobs: only what came since is news."""
        line = self.call("scontrol", "--oneliner", "show", "node", node)
        seen = dict(part.split("=", 1) for part in line.split() if "=" in part)
        up = seen["State"] in ("IDLE", "MIXED", "ALLOCATED") and seen["SlurmdStartTime"] != "None"
        return up and datetime.fromisoformat(seen["SlurmdStartTime"]) >= since

    def _processes(self, node: str) -> list[psutil.Process]:
        """The processes of jobs on a node, and of Slurm that watch over them: those write to the log of the node."""
        log, found = str(self.folder / f"{node}.log"), []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                names = process.environ()
                in_job = names.get("SLURMD_NODENAME") == node and names.items() >= self.environment.items()
                watches = process.name() == "slurmstepd" and any(file.path == log for file in process.open_files())
                if process.status() != psutil.STATUS_ZOMBIE and (in_job or watches):
                    found += [process, *process.children(recursive=True)]
        return found


@contextlib.contextmanager
def slurm_cluster(folder: Path, *, task_prolog: str = "") -> Iterator[SlurmCluster]:
    """A cluster in a folder. At the end nothing of it runs, its jobs neither.

    `task_prolog` is a script that runs before each task; what it prints as `export NAME=value` is set in the task.
    """
    folder = folder.resolve()
    (folder / "state").mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="slurm-", dir="/tmp") as short:  # of sockets: they may have 107 characters
        config = CONFIG.format(folder=folder, short=short, ports=_free_ports(3), user=getpass.getuser())
        if task_prolog:
            script = folder / "task_prolog.sh"
            script.write_text(task_prolog)
            script.chmod(0o755)
            config += f"TaskProlog={script}\n"
        (folder / "slurm.conf").write_text(config)
        cluster = SlurmCluster(folder)
        try:
            cluster.start_controller()
            cluster.start_node(*NODES)
            yield cluster
        finally:
            cluster.stop()


def _killed(processes: Sequence[psutil.Process]) -> bool:
    """Kill processes; whether there were any. Waits for whoever is their parent to reap them, but not for ever."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=REAPING)
    return bool(processes)


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
