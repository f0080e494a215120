"""Runs to and from the Hugging Face hub: what is pushed, and what a pulled folder is checked for."""

import re
import shutil
import tempfile
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.analysis.results import results_path
from inpaint_bench.api.arguments import AnyPath
from inpaint_bench.api.run import Run, load_run
from inpaint_bench.errors import BenchError, HashError, IncompleteError, InputError, some
from inpaint_bench.fetch import share
from inpaint_bench.runner import sums

NOT_SHARED = ("report", "tables")  # which are made from the rest at any time
WITHOUT_HASH = re.compile(r"run\.json|[^/]+/timing\.json|SHA256SUMS|[^/]+/composites/[^/]+\.png")
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"
FILE_OF_RUN = re.compile(rf"SHA256SUMS|(?:{_PART}/){{0,2}}{_PART}\.(?:json|jsonl|csv|npy|png|toml)")
OF_THE_HUB = (".gitattributes", "README.md")  # what a repository may hold beside a run
MOST_FILES = 10_000_000


def push(run: Run | AnyPath, to: str, *, pictures: bool = False, public: bool = False) -> str:
    """Push a run to hf://datasets/USER/NAME and return the commit's hash; a new repository is private.

    Scores, features, results and run.json are pushed, composites only with `pictures`; tables and reports are made from
    them. The token is that of `hf auth login`, or HF_TOKEN. Raises HashError where the run is not what was written,
    InputError for a public repository without `public`, and IncompleteError where the hub does not take it.
    """
    address = share.Address.parse(to)
    path = run.path if isinstance(run, Run) else Path(run)
    opened = load_run(path)
    names = _names(path, pictures)
    _verify(opened, names)
    message = f"{opened.dataset}, pairs {opened.fingerprint}, pixels {opened.pixels[:12]}: {', '.join(opened.methods)}"
    there = [name for name in share.create(address, public) if name not in OF_THE_HUB]
    _refuse_strangers(address, there, "Nothing was pushed.")
    return share.upload(path, names, sorted({*there} - {*names}), address, message[:400])


def pull(address: str, out: AnyPath | None = None) -> Run:
    """The run at hf://datasets/USER/NAME[@REVISION], in a new folder, by default runs/NAME.

    Names, hashes, fingerprint and results are checked before the folder gets its name. Raises InputError where `out` is
    there already or the repository holds something else than a run, HashError where a file is not what its hash says,
    and IncompleteError where it cannot be fetched.
    """
    parsed = share.Address.parse(address)
    path = Path(out) if out else Path("runs") / parsed.repo.partition("/")[2]
    if path.exists():
        raise InputError(f"{path}: is there already. Choose another --out, or delete it.")
    commit, listed = share.names_of(parsed)
    names = _checked_names(parsed, [name for name in listed if name not in OF_THE_HUB])
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".pulling-", dir=path.parent))
    try:
        share.download(parsed, commit, names, staged / "run")
        shutil.rmtree(staged / "run" / ".cache", ignore_errors=True)  # which the library writes
        _verify(_opened(parsed, staged / "run"), names)
        (staged / "run").rename(path)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return load_run(path)


def _names(run: Path, pictures: bool) -> list[str]:
    """The files of a run that are pushed, by their paths in it; links are not followed."""
    found = []
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        first, *rest = name.split("/")
        composite = rest[:1] == ["composites"]
        if path.is_symlink() or not path.is_file() or first in NOT_SHARED or (composite and not pictures):
            continue
        if FILE_OF_RUN.fullmatch(name):
            found.append(name)
    return found


def _checked_names(address: share.Address, names: list[str]) -> list[str]:
    """The names, each of which can be a file of a run. Raises InputError for others, and where it holds no run."""
    _refuse_strangers(address, names, "Nothing was fetched.")
    if "run.json" not in names or len(names) > MOST_FILES or len({name.lower() for name in names}) < len(names):
        raise InputError(f"{address} holds no run. Nothing was fetched.")
    return names


def _refuse_strangers(address: share.Address, names: list[str], effect: str) -> None:
    """Raise InputError where a repository holds what can be no file of a run."""
    if strangers := [name for name in names if not FILE_OF_RUN.fullmatch(name) or name.split("/")[0] in NOT_SHARED]:
        shown = some(f"'{name[:80]}'" for name in strangers)
        raise InputError(f"{address} holds what is no file of a run: {shown}. {effect}")


def _opened(address: share.Address, folder: Path) -> Run:
    """The run that was fetched. Raises HashError or InputError about the address, not about a folder that goes."""
    try:
        return load_run(folder)
    except BenchError as error:
        raise type(error)(f"{address}: {str(error).replace(f'{folder}/', '')}") from error


def _verify(run: Run, names: list[str]) -> None:
    """Raise HashError unless every file is what its hash says: SHA256SUMS, the scores of composites, the results.

    A composite that no score names, or a file without a hash, is refused, too.
    """
    noted, remedy = sums.read_sums(run.path), f"`inpaint-bench score {run.path}` makes it again."
    if not noted:
        raise HashError(f"{run.path / sums.FILE}: is missing, so that nothing can be checked. {remedy}")
    hashed = [name for name in names if not WITHOUT_HASH.fullmatch(name)]
    if unknown := sorted({*hashed} - noted.keys()):
        raise HashError(f"{run.path}: no hash is known of {some(unknown)}. {remedy}")
    for name in sorted(noted):
        if name not in names:
            raise HashError(f"{run.path / sums.FILE}: names {name[:80]}, which is not there. {remedy}")
        if (found := files.file_sha256(run.path / name)) != noted[name]:
            raise HashError(f"{run.path / name}: sha256 {found[:12]}, not {noted[name][:12]}. {remedy}")
    for method in run.methods:
        _verify_pictures(run, method, names)
    if results_path(run.folder).is_file():
        _ = run.result_list  # which says whether they are what the scores give


def _verify_pictures(run: Run, method: str, names: list[str]) -> None:
    folder = run.folder.composites(method).relative_to(run.path).as_posix()
    shown = {name for name in names if name.startswith(f"{folder}/")}
    scored = {
        run.folder.composite(method, pair, sample).relative_to(run.path).as_posix(): sha256
        for (pair, sample), sha256 in run.pictures_of(method).items()
    }
    for name in sorted(shown):
        if name not in scored or files.file_sha256(run.path / name)[:16] != scored[name]:
            raise HashError(f"{run.path / name}: not a composite that was scored.")
    if shown and (missing := sorted(scored.keys() - shown)):
        raise IncompleteError(f"{run.path}: scored composites are missing: {some(missing)}.")
