"""What a paper cites: the tool, the protocol, the data, and every method and metric, as BibTeX."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from inpaint_bench import __version__
from inpaint_bench.api.arguments import AnyPath, Names, as_names, as_path
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.data.datasets import open_page
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.data.references import Reference, References, by_key, of_datasets
from inpaint_bench.errors import InputError, refuse_unknown
from inpaint_bench.escape import one_line
from inpaint_bench.methods.baselines import Baseline, find_baselines
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.references import of_metrics
from inpaint_bench.metrics.registry import CHOOSABLE

TOOL = Reference(
    "inpaint-bench",
    "misc",
    "inpaint-bench: fixed pairs, named metrics and comparable tables for image inpainting",
    ("{The inpaint-bench developers}",),
    "Software",
    note=f"Version {__version__}",
)


def cite(
    run: Run | AnyPath | None = None,
    *,
    dataset: str = "",
    methods: Names = None,
    metrics: Names = None,
    baselines: AnyPath | None = None,
) -> str:
    """BibTeX for a paper: of everything in a run, or of what is named; each entry once.

    A method or metric of one's own has no entry but a comment. `baselines` is the folder of one's own baselines.
    Raises InputError for an unknown name, and where both a run and names are given.

    >>> import inpaint_bench as ib
    >>> ib.cite(methods="lama").count("suvorov2022lama")
    1
    """
    library = Library(find_baselines(as_path(baselines)))
    if run is None:
        return _of_names(library, dataset, as_names(methods), as_names(metrics))
    if dataset or methods or metrics:
        raise InputError("give a run, or names of a dataset, methods and metrics; not both.")
    opened = as_run(run)
    mark = f"fingerprint {opened.fingerprint}, pixels {opened.pixels[:12]}"
    names = [name for name in CHOOSABLE if name in opened.measured() - set(RECORDED)]
    return library.to_bibtex(opened.info.protocol, mark, library.methods_of(opened), names)


def method_keys(run: Run, baselines: AnyPath | None = None) -> dict[str, tuple[str, ...]]:
    """The keys of BibTeX that each method of a run cites; none for a method of one's own."""
    library = Library(find_baselines(as_path(baselines)))
    return {name: library.keys_of_method(card) for name, card in library.methods_of(run).items()}


def _of_names(library: "Library", dataset: str, methods: list[str], metrics: list[str]) -> str:
    refuse_unknown("method is", methods, library.known)
    refuse_unknown("metric is", [name for name in metrics if name not in CHOOSABLE], CHOOSABLE)
    page = open_page(dataset)[0] if dataset else None
    return library.to_bibtex(page, "", {name: library.known[name][1] for name in methods}, metrics)


@dataclass(frozen=True)
class Library:
    """All references that are known: those of the datasets, of the metrics, and of the methods' cards."""

    known: Mapping[str, tuple[Baseline, MethodCard]]  # by method

    @cached_property
    def datasets(self) -> References:
        """The references of datasets and masks."""
        return of_datasets()

    @cached_property
    def metrics(self) -> References:
        """The references of metrics."""
        return of_metrics()

    @cached_property
    def references(self) -> Mapping[str, Reference]:
        """All by key. Raises InputError where one key has two meanings."""
        baselines = {id(baseline): baseline for baseline, _ in self.known.values()}
        cards = [one for baseline in baselines.values() for one in baseline.card.references]
        return by_key([TOOL, *self.datasets.references, *self.metrics.references, *cards])

    def methods_of(self, run: Run) -> dict[str, MethodCard | None]:
        """The cards of a run's methods; None for a method of one's own."""
        return {name: self._card(name, run.info.methods[name].source) for name in run.methods}

    def _card(self, name: str, source: str) -> MethodCard | None:
        """The card of a method by its source: 'baseline FOLDER', 'baseline FOLDER: METHOD', or 'METHOD:MODEL'."""
        kind, _, rest = source.partition(" ")
        named = (rest.partition(": ")[2] or name) if kind == "baseline" else source.partition(":")[0] or name
        return self.known[named][1] if named in self.known else None

    def keys_of_method(self, card: MethodCard | None) -> tuple[str, ...]:
        """What a method cites: what its card says; the tool where the tool itself defines it."""
        if card is None:
            return ()
        return card.cite or ((TOOL.key,) if card.repository == "this one" else ())

    def keys_of_metric(self, name: str) -> tuple[str, ...] | None:
        """What a metric cites: the tool where the tool itself defines it; None for a metric of one's own."""
        found = self.metrics.keys_of(name)
        return found if found is None else found or (TOOL.key,)

    def keys_of_dataset(self, page: Protocol) -> tuple[str, ...]:
        """What a protocol's images and masks cite."""
        names = [page.name, f"masks:{page.masks.set}", *(f"drawn:{kind}" for kind in page.masks.kinds)]
        return tuple(key for name in names for key in self.datasets.keys_of(name) or ())

    def to_bibtex(
        self, page: Protocol | None, mark: str, methods: Mapping[str, MethodCard | None], metrics: Iterable[str]
    ) -> str:
        """The entries, each once, in the order of a paper; comments name what has none."""
        keys, comments, own = [TOOL.key], [], []
        if page is not None:
            own.append(_of_protocol(page, mark))
            keys += self.keys_of_dataset(page)
            if self.datasets.keys_of(page.name) is None:
                comments.append(f"the data of {page.name}: no reference is known{_stated(page.about.paper)}")
        for name, card in methods.items():
            keys += self.keys_of_method(card)
            if not self.keys_of_method(card):
                comments.append(f"the method {name}: no reference is known{_stated(card.paper if card else '')}")
        for name in metrics:
            found = self.keys_of_metric(name)
            keys += found or ()
            if found is None:
                comments.append(f"the metric {name}: no reference is known")
        entries = [TOOL, *own, *(self.references[key] for key in dict.fromkeys(keys) if key != TOOL.key)]
        texts = [f"% {one_line(text).replace('@', ' at ')}\n" for text in comments]
        return "".join(texts) + "\n" * bool(texts) + "\n".join(one.to_bibtex() for one in entries)


def _of_protocol(page: Protocol, mark: str) -> Reference:
    """The entry of a protocol, with what its numbers can be compared by."""
    about = [f"{page.count} pairs", f"seed {page.seed}", mark]
    return Reference(
        f"inpaint-bench-{page.name.replace('_', '-').replace('.', '-')}",
        "misc",
        f"The protocol {page.name} of inpaint-bench: {page.about.title}",
        TOOL.authors,
        TOOL.venue,
        note=f"{TOOL.note}, {', '.join(filter(None, about))}",
    )


def _stated(paper: str) -> str:
    return f"; {paper}" if paper else ""


def write_bibtex(path: Path, text: str) -> None:
    """Write BibTeX to a file, whole. Raises InputError where that cannot be done."""
    from inpaint_bench import files

    files.write_if_changed(path, text.encode())
