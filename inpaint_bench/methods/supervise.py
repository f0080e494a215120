"""Runs a program, and ends everything that it started: once it has ended, on request, and when its parent is gone.

A process of its own, `python -I -S supervise.py PACKAGES WORD...`, where PACKAGES is the folder that psutil is in. What
the program leaves behind becomes its child (on Linux even what has left the program's session), so that nothing else is
ended by mistake. The program has to end when standard input does; its output goes to standard error; on standard output
stands its exit code, negative for a signal, or `errno N` where it cannot be started.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_CHILD_SUBREAPER = 36  # of Linux: orphans below this process become its children
SECONDS = 10  # after which what cannot be ended, a process of another user say, is left


class Supervisor:
    """One program and its descendants."""

    def __init__(self, program: "subprocess.Popen[bytes]") -> None:
        self.program = program
        self.ending = False

    def run(self) -> int:
        """Wait for the program, end what it left, and return its exit code."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda *_: self.end())
        threading.Thread(target=self._end_on_request, daemon=True).start()
        code = -signal.SIGKILL.value
        while True:
            try:
                ended, status = os.waitpid(-1, 0)
                if ended == self.program.pid:
                    code = self.program.returncode = os.waitstatus_to_exitcode(status)
                    os.waitpid(-1, os.WNOHANG)  # the usual end: it left nobody
                    self.end()
                elif self.ending:  # it may have started another process meanwhile, which is now a child of this one
                    self._kill()
            except ChildProcessError:
                return code

    def end(self) -> None:
        """Kill the program's group and every descendant."""
        self.ending = True
        signal.alarm(SECONDS)
        with contextlib.suppress(OSError):
            os.killpg(self.program.pid, signal.SIGKILL)
        self._kill()

    def _kill(self) -> None:
        import psutil

        for one in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()

    def _end_on_request(self) -> None:
        os.read(0, 1)
        self.end()


def main() -> None:
    """Run the program of the command line."""
    sys.path.append(sys.argv[1])
    with contextlib.suppress(OSError, AttributeError):  # it is not Linux
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        program = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=2, stderr=2, start_new_session=True)
    except OSError as error:
        print("errno", error.errno)
    else:
        print(Supervisor(program).run())


if __name__ == "__main__":
    main()
