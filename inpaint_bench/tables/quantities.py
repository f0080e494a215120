"""What a number is of: its metric, its unit in a style, its heading, and its order among others."""

from collections.abc import Iterable, Mapping

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.tables.table import STYLES, Quantity, Style, TableOptions

TENTHS = {"mae", "mae_hole", "mae_band", "mae_spn", "mae_spn_hole", "mae_spn_band"}  # what the paper prints times 10
TENTH = "10^-1"


def style_of(options: TableOptions) -> Style:
    """The style that a options names. Raises InputError, with the nearest one, for one that is not there."""
    if options.style not in STYLES:
        raise InputError(f"no style of table is called '{options.style}'. {did_you_mean(options.style, STYLES)}")
    return STYLES[options.style]


def chosen_buckets(options: TableOptions, known: Iterable[str]) -> set[str]:
    """The buckets of those known that a options shows. Raises InputError for one that was asked for and is not there."""
    there = set(known)
    for bucket in options.buckets:
        if bucket not in there:
            raise InputError(f"no bucket here is called '{bucket}'. {did_you_mean(bucket, there)}")
    wanted = options.buckets or style_of(options).buckets
    return there & set(wanted) if wanted else there


def ranks_of(options: TableOptions) -> dict[str, int]:
    """Where each metric stands: those that were named in their order, then the others as the catalogue has them."""
    return {name: number for number, name in enumerate(dict.fromkeys([*options.metrics, *ORDER]))}


def in_tenths(metric: str, style: Style) -> bool:
    """Whether a style prints a metric in 10^-1."""
    return style.tenths and metric in TENTHS


def quantity(
    metric: str, signature: str, reduction: Reduction, style: Style, ranks: Mapping[str, int] = ORDER
) -> Quantity:
    """What a number of a metric of ours is of, in the unit of a style."""
    unit = TENTH if in_tenths(metric, style) else ""
    return Quantity(ranks[metric], metric, signature, unit, metric_label(metric, reduction, unit))
