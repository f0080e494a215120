"""Names that a user types, checked before any work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaint_bench.cli.progress import note
from inpaint_bench.data.protocols import Page
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    import torch

    from inpaint_bench.runner.folder import RunFolder


@dataclass(frozen=True)
class Chosen:
    """Metrics by name: those that are measured, and those that cannot be measured here, each with the reason."""

    names: list[str]
    absent: dict[str, str]

    def say_absent(self) -> None:
        """A line on stderr for each reason; also where progress is not wanted, for these are no progress."""
        for why in dict.fromkeys(self.absent.values()):
            note(f"not measured: {', '.join(name for name in self.absent if self.absent[name] == why)}: {why}")

    def and_measured(self, run: "RunFolder") -> list[str]:
        """The names, and those of metrics that the run has results of: what is there is kept up to date."""
        from inpaint_bench.analysis.run import RunData
        from inpaint_bench.metrics.registry import CHOOSABLE, absent

        before = RunData(run).measured()
        again = [name for name, metric in CHOOSABLE.items() if name in before and not absent(metric)]
        return list(dict.fromkeys([*self.names, *again]))


def chosen_metrics(text: str, page: Page, where: str) -> Chosen:
    """The metrics of `--metrics`, all that there are, or the page's; every Fréchet distance brings its kernel distance.

    What cannot be measured here is left out of `all` and of the page's, and said. Raises InputError for one that is
    not known, naming the page if it is its, and for one that was asked for by name and cannot be measured here.
    """
    from inpaint_bench.metrics import metric
    from inpaint_bench.metrics.registry import CHOOSABLE, absent, find, with_companions

    requested = [name.strip() for name in text.split(",") if name.strip()]
    every = "all" in requested
    try:
        names = with_companions(find(name).name for name in (CHOOSABLE if every else requested or page.metrics))
        metric(page.choose)
    except InputError as error:
        raise error if requested else InputError(f"the protocol page of {where}: {error}") from error
    lacking = {name: why for name in names if (why := absent(find(name)))}
    if not every and (named := [name for name in requested if name in lacking]):
        raise InputError(f"{named[0]} cannot be measured here: {lacking[named[0]].rstrip('.')}.")
    return Chosen([name for name in names if name not in lacking], lacking)


def open_device(name: str) -> "torch.device":
    """A torch device that is there. Raises InputError for one that is not."""
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"--device {name}: no such device; give cpu, cuda or cuda:1.") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"--device {name}: metrics need float64; give cpu, cuda or cuda:1.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"--device {name}: {torch.cuda.device_count()} GPUs are visible here. Use --device cpu.")
    return device
