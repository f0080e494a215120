"""The command line. A command parses, calls, prints; what it needs is imported when it runs."""

import sys
from importlib import import_module
from pathlib import Path

import click

from inpaint_bench import __version__
from inpaint_bench.api import cannot_write
from inpaint_bench.cli.console import in_one_line, open_console
from inpaint_bench.cli.processes import end_children, stop_on_signals
from inpaint_bench.errors import BenchError, Stopped, did_you_mean

COMMANDS = {  # name → the module of this package that holds it
    "run": "run",
    "predict": "run",
    "score": "score",
    "merge": "run",
    "status": "status",
    "time": "time",
    "inpaint": "inpaint",
    "table": "table",
    "report": "report",
    "compare": "compare",
    "gate": "gate",
    "claims": "claims",
    "study": "study",
    "leaderboard": "leaderboard",
    "figure": "figure",
    "cite": "cite",
    "push": "share",
    "pull": "share",
    "model-index": "share",
    "pairs": "pairs",
    "methods": "lists",
    "datasets": "datasets",
    "metrics": "lists",
    "check": "check",
    "weights": "weights",
    "train": "train",
    "inspect": "inspect",
    "doctor": "doctor",
}


class Commands(click.Group):
    """Commands in the order of the flow; a wrong name gets a proposal."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the flow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of that name. Raises UsageError, with the nearest one, when there is none."""
        if cmd_name not in COMMANDS:
            raise click.UsageError(f"no command is called '{cmd_name}'. {did_you_mean(cmd_name, COMMANDS)}", ctx)
        command = getattr(import_module(f"inpaint_bench.cli.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inpaint-bench")
def cli() -> None:
    """Benchmark image inpainting: fixed pairs, named metrics, comparable tables.

    With nothing else, `inpaint-bench run` runs every method that can run here on the sample dataset. Every option
    can also be set as INPAINT_BENCH_<OPTION>. Exit codes: 0 done, 1 drift or a failed check, 2 bad input or usage,
    3 incomplete, 4 not comparable, 5 a file is not what its hash says, 130 interrupted (143 by SIGTERM).
    """


def main() -> None:
    """The entry point: errors become one sentence and an exit code."""
    open_console()
    stop_on_signals()
    try:
        code = run_cli(sys.argv[1:])
    finally:
        end_children()
    sys.exit(code)


def run_cli(arguments: list[str]) -> int:
    """Run a command line and return its exit code."""
    try:
        code = cli.main(arguments, prog_name="inpaint-bench", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BenchError as error:
        return _show(error)
    except (KeyboardInterrupt, click.Abort) as error:
        reason = error.__cause__ or error  # click makes an Abort of what it is given
        what, code = (str(reason), reason.exit_code) if isinstance(reason, Stopped) else ("Interrupted", 130)
        click.echo(f"{what}. What was finished is kept; run the same command again to go on.", err=True)
        return code
    except OSError as error:  # a disk or a folder that fails where no sentence of ours foresaw it
        return _show(cannot_write(Path(error.filename or "."), error))


def _show(error: BenchError) -> int:
    click.echo(f"Error: {in_one_line(str(error))}", err=True)
    return error.exit_code
