"""How often metrics agree with people, as points with intervals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inpaint_bench.analysis.people import PeopleAgreement
from inpaint_bench.figures.plots import COLOURS, INCHES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL = 14  # metrics that fit a figure of the usual size; of more it is higher
GREY = "#8b9096"


@dataclass(frozen=True, eq=False)
class Shares:
    """A row a metric: the share of votes that it agrees with. A line is chance, another one a rater among others."""

    name: str  # the stem of its files
    found: PeopleAgreement
    caption: str = ""

    def draw(self) -> "Figure":
        """The plot as a matplotlib figure, the best metric on top."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        metrics, majority = self.found.metrics, self.found.majority
        figure = Figure(figsize=(INCHES[0], INCHES[1] * max(1.0, len(metrics) / USUAL)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.axvline(0.5, color=GREY, linestyle=":", linewidth=1.1, label="chance")
        if majority:
            axes.axvline(majority.share, color=GREY, linestyle="--", linewidth=1.1, label=majority.label)
            if majority.low is not None and majority.high is not None:
                axes.axvspan(majority.low, majority.high, color=GREY, alpha=0.15, linewidth=0)
        for row, one in enumerate(metrics):
            axes.plot([one.share], [row], "o", markersize=5, color=COLOURS[0])
            if one.low is not None and one.high is not None:
                axes.plot([one.low, one.high], [row, row], "-", linewidth=1.3, color=COLOURS[0])
        axes.set_yticks(range(len(metrics)), [one.label for one in metrics])
        axes.set_ylim(len(metrics) - 0.5, -0.5)
        axes.set_xlabel("share of votes agreed with")
        figure.legend(loc="outside lower center", ncols=2)
        if self.caption:
            figure.suptitle(self.caption, fontsize=6)
        return figure
