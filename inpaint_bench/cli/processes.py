"""Signals that ask the command line to end, and the processes that methods leave behind."""

import contextlib
import os
import signal
import sys
from types import FrameType

from inpaint_bench.errors import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
SECONDS = 3  # that a process has to end when it is asked to


def stop_on_signals() -> None:
    """From now on these signals raise Stopped, once, except where they are ignored, as under nohup."""
    process = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() != process:  # a worker, forked from here
            os.kill(os.getpid(), number)
        raise Stopped(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def end_children() -> None:
    """End the processes that methods started in this one and left; nothing of ours works on at this point."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except OSError:  # there are none: the usual case
        return
    import psutil

    tracker = sys.modules.get("multiprocessing.resource_tracker")  # cleans up after this process, then ends by itself
    spared = getattr(getattr(tracker, "_resource_tracker", None), "_pid", None)
    children = [one for one in psutil.Process().children(recursive=True) if one.pid != spared]
    for one in children:
        with contextlib.suppress(psutil.Error):
            one.terminate()
    for one in psutil.wait_procs(children, SECONDS)[1]:
        with contextlib.suppress(psutil.Error):
            one.kill()
