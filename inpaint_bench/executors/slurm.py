"""Units as jobs of a Slurm cluster, submitted through submitit; whether one is done is known from its files.

Without accounting Slurm forgets a job soon after its end, so its queue only says which jobs are still there.
"""

import contextlib
import io
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError, InputError
from inpaint_bench.executors.local import THREADS, stated_threads
from inpaint_bench.executors.units import GONE, OnLook, State, Unit, last_lines, read_attempt, whole_number

LOG = logging.getLogger("inpaint_bench")
AT_ONCE = 500  # units of one array; clusters allow 1,000 unless they say otherwise
PARALLEL = 64  # units at a time, unless array_parallelism says
CPUS = 4  # of a unit, unless cpus_per_task or OMP_NUM_THREADS says
MINUTES = "60"  # of a unit, unless time says
POLL = 10  # seconds between looks at the queue, unless poll says
GRACE = 10  # seconds in which the files of a job that has left the queue may still arrive on this machine
LOOKS = 3  # times at the start, before a cluster counts as one that does not answer
AGAIN = 60  # seconds until units that sbatch refused, as of too many jobs, are submitted again
LONGEST_NOTE = 4096  # bytes of the file that holds the job of a unit
PATIENCE = 60  # seconds that one command of Slurm may take
STUCK = (  # reasons for which a job waits for ever
    "BadConstraints",
    "JobHeldAdmin",
    "JobHoldMaxRequeue",
    "PartitionConfig",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "launch failed requeued held",
    "launch_failed_requeued_held",
)


@dataclass(frozen=True)
class Slurm:
    """A cluster; `options` are those of sbatch, without the first two dashes."""

    options: dict[str, str]
    slots: int
    threads: int
    poll: int
    setup: str = ""  # a line of shell that a job begins with
    python: str | None = None  # how a job starts Python, in a container say
    name: str = "slurm"
    remote: bool = True
    detaches: bool = True

    def run(self, units: Sequence[Unit], on_look: OnLook) -> list[State]:
        """Submit units as job arrays, and wait until each is done or has failed.

        Jobs of an earlier command that are still there are waited for, not submitted again. An interrupt leaves them:
        the same command comes back to them. Raises InputError where sbatch refuses.
        """
        queue = Queue(units, self.poll)
        states = {unit.name: queue.attached(unit) for unit in units}
        queue.cancel_strangers()
        again = 0.0  # when units that sbatch refused are submitted again
        try:
            while left := [one for one in states.values() if one.state in ("waiting", "running")]:
                waiting = [one for one in left if one.state == "waiting"][:AT_ONCE]
                if waiting and time.monotonic() >= again:
                    again = 0.0
                    try:
                        states |= {one.unit.name: one for one in self._submitted(waiting, queue)}
                    except InputError as error:
                        if all(one.state == "waiting" for one in left):
                            raise
                        LOG.warning("%s Others are at work, so it is tried again later.", error)
                        again = time.monotonic() + AGAIN
                    continue
                time.sleep(min(1, self.poll))
                queue.look()
                states |= {one.unit.name: queue.after(one) for one in left if one.state == "running"}
                on_look([*states.values()])
        except KeyboardInterrupt:
            queue.leave([one for one in states.values() if one.state == "running"])
            raise
        return [*states.values()]

    def _submitted(self, states: Sequence[State], queue: "Queue") -> list[State]:
        """The states of units of which one more try was submitted."""
        import submitit

        executor = submitit.SlurmExecutor(folder=queue.home / "slurm", python=self.python)
        setup = [f"export {name}={states[0].unit.threads}" for name in THREADS]
        executor.update_parameters(
            job_name=queue.name,
            use_srun=False,
            cpus_per_task=self.threads,
            array_parallelism=self.slots,
            setup=[*filter(None, [self.setup]), *setup],
            additional_parameters={key: value or True for key, value in self.options.items()},
        )
        try:
            with contextlib.redirect_stderr(io.StringIO()), executor.batch():  # what sbatch says is in the error too
                jobs = [executor.submit(run_command, one.unit.command, str(one.unit.log)) for one in states]
        except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
            raise InputError(f"--slurm: {_words_of(error)}") from error
        for one, job in zip(states, jobs, strict=True):
            queue.keep(one.unit, job.job_id)
        return [one.started(f"job {job.job_id}") for one, job in zip(states, jobs, strict=True)]


class Queue:
    """The jobs of one run's units, by their common name; a file beside each unit holds its last job."""

    def __init__(self, units: Sequence[Unit], poll: int) -> None:
        self.home, self.poll = units[0].spec.parent, poll
        home = self.home
        self.name = f"inpaint-bench-{files.sha256(os.fsencode(home.resolve()))[:10]}"
        self.jobs: dict[str, str] = {}  # by unit
        self.there: dict[str, str] = {}  # the jobs in the queue, each with its state and what it waits for
        self.gone: dict[str, float] = {}  # since when a job has not been in the queue
        self.looked, self.silent = -float(poll), False
        keys = {unit.name: unit.key for unit in units}
        for path in home.glob("*.job"):
            job, key = _read_job(path)
            if job and keys.get(path.stem, key) == key:  # one that does something else is cancelled as a stranger
                self.jobs[path.stem] = job
        if not any(self.look() for _ in range(LOOKS)):
            raise IncompleteError("Slurm does not answer: squeue fails. Run the same command again when it does.")

    def look(self) -> bool:
        """Ask Slurm for the queue, not too often; whether it answered.

        While it does not, nothing is taken to be gone.
        """
        now = time.monotonic()
        if now - self.looked < self.poll:
            return True
        answer = _ask("squeue", "--noheader", "--array", f"--name={self.name}", "--format=%i|%T|%r")
        if answer is None:
            if not self.silent:
                LOG.warning("Slurm does not answer; its jobs go on, and this command waits for it.")
            self.silent = True
            return False
        self.looked, self.silent = now, False
        rows = [line.strip().split("|") for line in answer.splitlines() if line.count("|") == 2]
        self.there = {job: f"{state.lower()}, {reason}" for job, state, reason in rows}
        self.gone = {job: self.gone.get(job, now) for job in self.jobs.values() if job not in self.there}
        return True

    def keep(self, unit: Unit, job: str) -> None:
        """Note the new job of a unit, so that another command finds it; the next look is at once."""
        self.jobs[unit.name] = job
        files.write_whole(unit.spec.with_suffix(".job"), f"{job} {unit.key}".encode())
        self.looked = -float(self.poll)

    def attached(self, unit: Unit) -> State:
        """The state of a unit at the start of a command: running where its job is still there."""
        job, state = self.jobs.get(unit.name, ""), State(unit, "waiting")
        return state.started(f"job {job}") if job in self.there else state

    def cancel_strangers(self) -> None:
        """Cancel jobs of this run that nothing is known of: a command was killed while it submitted them."""
        if strangers := sorted(self.there.keys() - {*self.jobs.values()}):
            _ask("scancel", *strangers)

    def after(self, state: State) -> State:
        """The state of a unit by its files, and by whether its job is still there."""
        unit, job = state.unit, self.jobs[state.unit.name]
        attempt = read_attempt(unit)
        if attempt is not None and attempt.token == job and attempt.ended is not None:
            return state.after(attempt.code)
        known = self.there.get(job, "")
        if known.partition(", ")[2] in STUCK:
            _ask("scancel", job)
        elif job not in self.gone or time.monotonic() - self.gone[job] < GRACE:
            return replace(state, where=f"job {job}{f' {known}' if known.startswith('pending') else ''}")
        words = last_lines(self.home / "slurm" / f"{job}_0_log.err")
        with open(unit.log, "a", encoding="utf-8") as log:
            log.write(f"Slurm ended job {job}: {known or _fate(job)}. {words}\n")
        return state.after(GONE)

    def leave(self, running: Sequence[State]) -> None:
        """Leave the jobs where they are, and say how to come back; the job of a probe is cancelled."""
        if probes := [self.jobs[one.unit.name] for one in running if not one.unit.method]:
            _ask("scancel", *probes)
        elif running:
            LOG.warning(
                "%d jobs go on. The same command, without --fresh, comes back to them; `scancel --name=%s` cancels "
                "them.",
                len(running),
                self.name,
            )


def open_slurm(options: dict[str, str]) -> Slurm:
    """The cluster that this machine submits to, with options of sbatch and some of ours: poll, python, setup.

    Raises InputError where Slurm or submitit is not here.
    """
    if lacking := [name for name in ("sbatch", "srun", "squeue", "scancel", "scontrol") if shutil.which(name) is None]:
        raise InputError(
            f"--executor slurm: there is no {lacking[0]} here. Run it on a login node of a cluster; on Debian "
            "`apt-get install slurm-client` installs the commands."
        )
    try:
        import submitit  # noqa: F401  # here, so that it is said at once
    except ImportError as error:
        raise InputError("--executor slurm needs submitit: `pip install 'inpaint-bench[slurm]'`.") from error
    left = {"time": MINUTES} | {key.replace("_", "-"): value for key, value in options.items()}
    poll = whole_number("slurm", left, "poll", POLL)
    threads = whole_number("slurm", left, "cpus-per-task", stated_threads() or CPUS)
    slots = whole_number("slurm", left, "array-parallelism", PARALLEL)
    setup, python = left.pop("setup", ""), left.pop("python", None)
    return Slurm(left, slots, threads, poll, setup, python)


def run_command(command: Sequence[str], log: str) -> None:
    """In a job: become the program of a unit, run by this Python; what it prints is added to its log.

    Nothing is left in between that Slurm could end while the program goes on.
    """
    array, job = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ["SLURM_JOB_ID"]
    token = f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}" if array else job
    with open(log, "ab") as out, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.environ["PYTHONSAFEPATH"] = "1"  # no module of the working folder in place of one that we import
    os.execv(sys.executable, [sys.executable, *command[1:], "--token", token])


def _read_job(path: Path) -> tuple[str, str]:
    """The job of a unit and what it does, from its file; ('', '') where that cannot be read or holds no job."""
    try:
        text = files.read_bytes(path, LONGEST_NOTE).decode("utf-8", "replace")
    except OSError:
        return "", ""
    found = re.fullmatch(r"([0-9]+(?:_[0-9]+)?)(?: (\S*))?\s*", text)
    return (found[1], found[2] or "") if found else ("", "")


def _ask(*command: str) -> str | None:
    """What a command of Slurm prints; None where it fails, as while the controller is away."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None


def _fate(job: str) -> str:
    """How a job ended, in Slurm's words, as long as it knows."""
    found = re.search(r"JobState=(\S+) Reason=(\S+)", _ask("scontrol", "show", "job", "-o", job) or "")
    return f"{found[1]}, {found[2]}" if found else "its state is not known"


def _words_of(error: Exception) -> str:
    """What sbatch says in an error of submitit."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    refusals = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in lines if line.startswith("sbatch: ")]
    return f"sbatch refuses: {'; '.join(refusals or lines[-1:])}".rstrip(".") + "."
