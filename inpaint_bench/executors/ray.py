"""Units as calls of Ray actors, each a process that keeps its method loaded and works on one unit after the other.

An actor is given units of one method only: what a method changes in its process, torch's settings say, concerns no
other.
Where workers do not see the folder of the driver, files travel through Ray's object store.
"""

import contextlib
import io
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.executors.local import THREADS, stated_threads
from inpaint_bench.executors.units import GONE, OnLook, State, Unit, whole_number

WAIT = 0.5  # seconds between looks at the actors
CPUS = 4  # of a unit at most, unless cpus or OMP_NUM_THREADS says
ANSWERS = 10  # seconds in which the head of a cluster has to answer
TOO_LONG = 124  # the exit code of a unit that was ended because of its time
KEYS = ("address", "cpus", "gpus", "workers", "time")


@dataclass(frozen=True)
class Ray:
    """The cluster that this process is connected to."""

    slots: int
    threads: int
    gpus: int
    minutes: int  # of a unit; 0 for no limit
    name: str = "ray"
    remote: bool = True
    detaches: bool = False

    def run(self, units: Sequence[Unit], on_look: OnLook) -> list[State]:
        """Work on units, so many at a time; actors end when this call does, or this process."""
        pool = Pool(self)
        states = {unit.name: State(unit, "waiting") for unit in units}
        try:
            while any(one.state in ("waiting", "running") for one in states.values()):
                for state in pool.take([one for one in states.values() if one.state == "waiting"]):
                    states[state.unit.name] = state
                for state in pool.ended(states):
                    states[state.unit.name] = state
                on_look([*states.values()])
        finally:
            pool.close()
        return [*states.values()]


@dataclass(frozen=True)
class Call:
    """A unit that an actor works on."""

    unit: str
    method: str
    actor: Any
    begins: Any  # what Ray gives as soon as the actor runs


class Pool:
    """The actors of one call of `Ray.run`."""

    def __init__(self, executor: Ray) -> None:
        self.executor = executor
        self.idle: list[tuple[str, Any]] = []  # the method that an actor holds, and the actor
        self.calls: dict[Any, Call] = {}  # by what Ray will give in the end
        self.begun: dict[str, float] = {}  # when the actor of a unit began to work on it

    def take(self, waiting: Sequence[State]) -> Iterator[State]:
        """Start waiting units where there is an actor for them; an idle one gets units of its own method first.

        Where nothing waits, idle actors end: one that is still to start may need their processors.
        """
        import ray

        left = list(waiting)
        while self.idle and not left:
            ray.kill(self.idle.pop()[1])
        while left and len(self.calls) < self.executor.slots:
            held = {method for method, _ in self.idle}
            state = next((one for one in left if one.unit.method in held), left[0])
            left.remove(state)
            unit = state.unit
            actor = self._actor_for(unit)
            where = actor._actor_id.hex()[:8]
            given = (str(unit.spec.absolute()), files.read_bytes(unit.spec), packed(unit), unit.work, where)
            begins = actor.begins.remote()
            self.calls[actor.call.remote(*given)] = Call(unit.name, unit.method, actor, begins)
            yield state.started(f"actor {where}")

    def ended(self, states: Mapping[str, State]) -> Iterator[State]:
        """The states of units whose call has ended, in whatever way."""
        import ray

        for reference in ray.wait([*self.calls], timeout=WAIT)[0] if self.calls else ():
            call = self.calls.pop(reference)
            self.begun.pop(call.unit, None)
            unit = states[call.unit].unit
            try:
                code, archive = ray.get(reference)
            except ray.exceptions.RayError as error:
                yield self._lost(states[call.unit], call, f"Ray ended the unit: {words_of(error)}", GONE)
                continue
            unpack(archive, unit.spec.parent)
            if code:  # what failed may have left its process in a bad state
                ray.kill(call.actor)
            else:
                self.idle.append((call.method, call.actor))
            yield states[call.unit].after(code)
        yield from self._too_long(states)

    def _too_long(self, states: Mapping[str, State]) -> Iterator[State]:
        """The states of units that are ended because of their time, which begins when their actor does."""
        import ray

        minutes = self.executor.minutes
        for reference, call in list(self.calls.items()) if minutes else ():
            if call.unit not in self.begun and ray.wait([call.begins], timeout=0)[0]:
                self.begun[call.unit] = time.monotonic()
            if time.monotonic() - self.begun.get(call.unit, time.monotonic()) > 60 * minutes:
                del self.calls[reference], self.begun[call.unit]
                yield self._lost(states[call.unit], call, f"The unit took more than time={minutes} minutes.", TOO_LONG)

    def close(self) -> None:
        """End all actors, whatever they do."""
        import ray

        for actor in [*(actor for _, actor in self.idle), *(call.actor for call in self.calls.values())]:
            ray.kill(actor)

    def _actor_for(self, unit: Unit) -> Any:
        """An idle actor of the unit's method, or a new one, for which an idle one of another method may have to end."""
        import ray

        for place, (method, actor) in enumerate(self.idle):
            if method == unit.method:
                del self.idle[place]
                return actor
        if self.idle and len(self.idle) + len(self.calls) >= self.executor.slots:
            ray.kill(self.idle.pop(0)[1])
        environment = {name: value for name, value in os.environ.items() if name.startswith("INPAINT_BENCH_")}
        environment |= dict.fromkeys(THREADS, str(unit.threads))
        wanted = {"num_cpus": self.executor.threads, "num_gpus": self.executor.gpus, "max_restarts": 0}
        return ray.remote(Worker).options(**wanted, runtime_env={"env_vars": environment}).remote(str(Path.cwd()))

    def _lost(self, state: State, call: Call, sentence: str, code: int) -> State:
        """The state of a unit whose actor is gone, or is ended here."""
        import ray

        ray.kill(call.actor)
        with open(state.unit.log, "a", encoding="utf-8") as log:
            log.write(f"{sentence}\n")
        return state.after(code)


def open_ray(options: dict[str, str]) -> Ray:
    """Connect to a cluster, of which each unit gets so many processors and GPUs.

    Raises InputError where Ray is not installed, where there is no cluster, and where no machine of it has so much.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError("--executor ray needs Ray: `pip install 'inpaint-bench[ray]'`.") from error
    left = dict(options)
    address = left.pop("address", "") or os.environ.get("RAY_ADDRESS", "auto")
    gpus, minutes = (whole_number("ray", left, key, 0) for key in ("gpus", "time"))
    refuse_silent(address)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
        signal.signal(signal.SIGTERM, handler)  # Ray puts its own in place
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"--ray {address}: no cluster answers ({words_of(error)}). `ray start --head` starts one on this machine."
        ) from error
    machines = [one["Resources"] for one in ray.nodes() if one["Alive"]]
    most = int(max(one.get("CPU", 0) for one in machines))
    threads = whole_number("ray", left, "cpus", stated_threads() or max(1, min(CPUS, most)))
    fit = [int(min(one.get("CPU", 0) // threads, one.get("GPU", 0) // gpus if gpus else 1 << 20)) for one in machines]
    grows = "workers" in left  # the cluster may get machines that it does not have yet
    slots = whole_number("ray", left, "workers", max(1, sum(fit)))
    if left:
        raise InputError(f"--ray: there is no option '{min(left)}'. {did_you_mean(min(left), KEYS)}")
    if not any(fit) and not grows:
        raise InputError(
            f"--ray {address}: no machine of the cluster has what a unit asks for: cpus={threads}, gpus={gpus}. "
            "Where it gets machines on demand, say how many units there may be at a time: workers=."
        )
    return Ray(slots, threads, gpus, minutes)


def refuse_silent(address: str) -> None:
    """Raise InputError at once where nobody listens at HOST:PORT: Ray would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=ANSWERS).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--ray {address}: no cluster answers there ({error}). Give HOST:PORT of its head, as `ray start` shows it."
        ) from error


class Worker:
    """In an actor: works on units of one method."""

    def __init__(self, folder: str) -> None:
        with contextlib.suppress(OSError):  # another machine may not have it
            os.chdir(folder)

    def begins(self) -> None:
        """Nothing: it is called to see when this process runs."""

    def call(self, path: str, spec: bytes, before: bytes, work: Callable[..., int], token: str) -> tuple[int, bytes]:
        """Work on a unit; the exit code, and all its files where the driver's folder is not seen from here."""
        shared = Path(path)
        if shared.is_file() and shared.read_bytes() == spec:
            with printed_to(shared.with_suffix(".log")):
                return work(shared, token, stays=True), b""
        with tempfile.TemporaryDirectory(prefix="inpaint-bench-") as home:
            here = Path(home, shared.name)
            here.write_bytes(spec)
            unpack(before, here.parent)
            with printed_to(here.with_suffix(".log")):
                code = work(here, token, here.with_suffix(""), stays=True)
            return code, pack(here.parent, here.stem)


def words_of(error: BaseException) -> str:
    """What an error of Ray says: of one that a worker raised the last line, of others the first."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines() if line.strip()]
    return (lines[-1] if "Traceback" in str(error) else lines[0]) if lines else type(error).__name__


@contextlib.contextmanager
def printed_to(log: Path) -> Iterator[None]:
    """What this process prints is added to a file meanwhile."""
    kept = [os.dup(1), os.dup(2)]
    try:
        with open(log, "ab") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def packed(unit: Unit) -> bytes:
    """What an earlier try of a unit left, for a worker that may not see it."""
    return pack(unit.spec.parent, unit.name) if unit.part.is_dir() else b""


def pack(home: Path, name: str) -> bytes:
    """The files of a unit, in one archive: its folder, and what lies beside it, its end last."""
    out = io.BytesIO()
    inner = sorted(path for path in (home / name).rglob("*") if path.is_file() and path.name != ".lock")
    beside = [home / f"{name}.{end}" for end in ("log", "attempt", "answer", "done")]
    with zipfile.ZipFile(out, "w") as archive:
        for path in [*inner, *(path for path in beside if path.is_file())]:
            archive.write(path, path.relative_to(home).as_posix())
    return out.getvalue()


def unpack(archive: bytes, home: Path) -> None:
    """Write the files of an archive below a folder, each whole, in their order."""
    if not archive:
        return
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            if ".." in Path(name).parts or Path(name).is_absolute():
                raise InputError(f"Ray: a worker sent a file called '{name}', which leads out of {home}.")
            files.write_whole(home / name, opened.read(name))
