"""Which numbers of a table the pairs can tell apart: of each metric and bucket the best, and who is not worse."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from inpaint_bench.evidence.gather import checked, gather
from inpaint_bench.evidence.kinds import Evidence, ObjectCounts, separation
from inpaint_bench.pairs.lists import Pair
from inpaint_bench.records import REFERENCES, Record, buckets
from inpaint_bench.run.folder import RunFolder
from inpaint_bench.stats import Separation

Place: TypeAlias = tuple[str, str, str, str]  # protocol, bucket, metric, signature
Standings: TypeAlias = Mapping[Place, Separation]


def standings(runs: Sequence[tuple[RunFolder, Sequence[Record]]]) -> dict[Place, Separation]:
    """The separation of the methods of those records, wherever a metric and bucket has two or more.

    Methods of several runs stand together where the runs saw the same pairs, to the pixel. Raises HashError where a
    file is not the one that a record was made from, and InputError where it is gone.
    """
    groups: dict[Place, dict[str, Evidence]] = {}
    pairs: dict[Place, dict[tuple[Pair, ...], RunFolder]] = {}
    for run, records in runs:
        listed = [record for record in records if record.method not in REFERENCES]
        for record, one in zip(listed, _evidence(run, listed), strict=True):
            if not (isinstance(one, ObjectCounts) and not one.metric.paired):
                place = (record.protocol, record.bucket, record.metric, record.signature)
                groups.setdefault(place, {})[record.method] = one
                pairs.setdefault(place, {})[run.pairs] = run
    return {
        place: separation(methods, buckets(run)[place[1]], f"{place[2]}:{place[1]}")
        for place, methods in groups.items()
        if len(methods) > 1 and len(pairs[place]) == 1
        for run in pairs[place].values()
    }


def _evidence(run: RunFolder, records: Sequence[Record]) -> Iterator[Evidence]:
    """What each record was made from."""
    found: dict[tuple[str, str, str], Evidence] = {}
    for method in dict.fromkeys(record.method for record in records):
        for one in gather(run, method, {record.metric for record in records}):
            found[method, one.metric.name, one.signature] = one
    for record in records:
        now = found.get((record.method, record.metric, record.signature))
        yield checked(run.path, record.method, record.metric, record.scores, now)
