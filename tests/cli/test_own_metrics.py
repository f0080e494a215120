"""Metrics of one's own: what they give is scored like any other metric, and what goes wrong is one sentence."""

import csv
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import numpy as np
import pytest
import tiny
from registered import forget_own_metrics
from terminal import OUT, Terminal

import inpaint_bench as ib
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.own_metric import PairMetric
from inpaint_bench.runner import own_metrics

MEAN = "return np.abs(composite.astype(float) - target)[mask].mean()"
MINE = "mine=python:mine:score"
PAIRS = ("00000", "00001", "00002", "00003")


def write_function(body: str, better: str = "lower", module: str = "mine") -> None:
    """A module of the working folder whose `score` has this body, as a new process finds it."""
    lines = ["import numpy as np", "def score(composite, target, mask):", indent(dedent(body).strip(), " " * 4)]
    Path(f"{module}.py").write_text("\n".join([*lines, f"score.better = '{better}'" if better else ""]) + "\n")
    new_process()


def write_scorer(body: str) -> str:
    """A program of the working folder that sees `composites`, `targets`, `masks` and `out`; its entry."""
    lines = [
        "import json, os, sys",
        "from pathlib import Path",
        "composites, targets, masks, out = [Path(word) for word in sys.argv[1:]]",
        "names = sorted(path.stem for path in composites.iterdir())",
        dedent(body).strip(),
    ]
    Path("scorer.py").write_text("\n".join(lines) + "\n")
    return f"mine=exec:'{sys.executable} -S scorer.py {{composites}} {{targets}} {{masks}} {{out}}'"


def new_process() -> None:
    """Forget what a process knows: modules of the working folder, and metrics that are not the package's."""
    sys.modules.pop("mine", None)
    own_metrics._imported.clear()
    forget_own_metrics()


def scores(metric: str = "mine", method: str = "mean-fill", out: Path = OUT) -> dict[str, str]:
    """The scores of a method in a metric by pair, as the file holds them."""
    with open(out / method / "scores.csv") as opened:
        rows = list(csv.DictReader(opened.readlines()[1:]))
    return {row["pair"]: row["value"] for row in rows if row["metric"] == metric}


def signature(out: Path = OUT) -> str:
    """The signature of the results in `mine`."""
    (found,) = {one["signature"] for one in tiny.main_results(out) if one["metric"] == "mine"}
    return str(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small dataset, and a run of it in psnr, mae_hole and the same in levels."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", list(sys.path))
        page = tiny.make_dataset(folder, count=4, metrics=["psnr"])
        write_function(MEAN)
        assert tiny.run(page, OUT, "--metrics", f"psnr,mae_hole,{MINE}") == 0
        new_process()
    return folder


@pytest.fixture
def scored(terminal: Terminal, made: Path, tmp_path: Path) -> Terminal:
    """The working folder is such a folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    new_process()
    return terminal


def test_a_function_is_scored_and_the_run_is_read_without_it(scored: Terminal) -> None:
    expected = {pair: 255 * float(value) for pair, value in scores("mae_hole").items()}
    assert {pair: float(value) for pair, value in scores().items()} == pytest.approx(expected, rel=1e-12)
    stem, kind, digest, *rest = signature().split(":")
    assert (stem, kind, rest) == ("mine", "python", ["u8r", "comp", "v1"])
    assert len(digest) == 12
    before = tiny.state(OUT)
    Path("mine.py").unlink()
    new_process()
    scored("table", OUT, "--metrics", "mine").does("mine ↓", f"{signature()}, lower is better")
    scored("compare", "mean-fill", "telea", OUT, "--metrics", "mine").does("mine")
    scored("score", OUT, "--data", "data").does()
    assert tiny.state(OUT).keys() == before.keys()
    assert scores().keys() == {*PAIRS}
    assert tiny.result(OUT, "telea", "mine")["value"] > 0
    scored("score", OUT, "--data", "data", "--metrics", "mine").refuses(
        2, "mine cannot be measured here", f"--metrics {MINE}"
    )
    scored("gate", OUT, "--expected", "expected", "--accept", "--reason", "the first").does()
    scored("gate", OUT, "--expected", "expected").does()
    assert json.loads(Path("expected/run.json").read_text())["metrics"]["mine"]["better"] == "lower"
    scored("report", OUT, "--data", "data").does()


def test_the_same_function_changed_is_another_signature_and_is_computed_anew(scored: Terminal) -> None:
    before, numbers = signature(), scores()
    write_function("with open('calls.txt', 'a') as log: log.write('x')\n" + MEAN)
    scored("score", OUT, "--data", "data", "--metrics", MINE).does()
    assert Path("calls.txt").read_text() == "x" * 8
    assert signature() != before
    assert scores() == numbers
    scored("score", OUT, "--data", "data", "--metrics", MINE).does()
    assert Path("calls.txt").read_text() == "x" * 8


def test_one_name_for_other_code_is_not_comparable(scored: Terminal) -> None:
    write_function("return 1 + mask.mean()")
    shutil.copytree(OUT, "other")
    scored("score", "other", "--data", "data", "--metrics", MINE).does()
    new_process()
    scored("compare", "mean-fill", "mean-fill", OUT, "other", "--metrics", "mine").refuses(4, "mine")
    write_function(MEAN, better="higher")
    scored("score", OUT, "--data", "data", "--metrics", MINE).refuses(
        4, "better = 'lower'", "elsewhere with 'higher'", "another name"
    )


def test_code_that_changes_after_it_was_imported_is_refused(scored: Terminal) -> None:
    scored("score", OUT, "--data", "data", "--metrics", MINE).does()
    Path("mine.py").write_text(Path("mine.py").read_text() + "\n# changed\n")
    scored("score", OUT, "--data", "data", "--metrics", MINE).refuses(
        2, "the code of mine changed since it was imported"
    )


def test_a_function_that_fails_is_one_sentence_and_the_other_scores_are_kept(terminal: Terminal, page: Path) -> None:
    write_function("if mask.mean() > 0.2: raise ValueError('no\\nface')\nreturn 1")
    answer = terminal.run("mean-fill", "--metrics", f"psnr,{MINE}", "--jobs", 1)
    answer.refuses(3, "mine: pair 0000", " of mean-fill failed: ValueError: no face.")
    assert tiny.result(OUT, "mean-fill", "psnr")["n"] == 4
    assert not [one for one in tiny.results(OUT) if one["metric"] == "mine"]
    assert "psnr" in answer.out
    assert 0 < len(scores()) < 4


def test_a_function_may_change_its_arrays_and_none_is_undefined(scored: Terminal) -> None:
    spoil = "for one in (composite, target, mask): one[:] = 0"
    write_function(f"first = mask.mean()\nodd = target[0, 0, 0] % 2\n{spoil}\nreturn None if odd else first")
    scored("score", OUT, "--data", "data", "--metrics", MINE).does()
    result = tiny.result(OUT, "mean-fill", "mine")
    assert result["n"] + result["undefined"] == 4
    assert all(0 < float(value or 0.5) < 1 for value in scores().values())


@pytest.mark.parametrize(
    ("metrics", "options", "message"),
    [
        ("mine=python:plain:score", (), "it does not say which way is better: --better mine=lower or mine=higher"),
        ("mine=python:plain:score", ("--better", "mine=up"), "'mine=up' must be NAME=lower or NAME=higher"),
        (MINE, ("--better", "psnr=lower"), "--better names 'psnr', which is not one of the metrics of your own."),
        ("psnr=python:mine:score", (), "a metric that ships is called 'psnr'. Choose another name."),
        ("all=python:mine:score", (), "'all' cannot name a metric"),
        ("Mine=python:mine:score", (), "'Mine' cannot name a metric"),
        (f"{MINE},{MINE}", (), "two metrics are called 'mine'."),
        ("mine=python:mine", (), "give python:MODULE:FUNCTION, as in python:mine:score."),
        ("mine=python:mine:scores", (), "mine has no function 'scores'."),
        ("mine=python:absent_module:score", (), "importing absent_module failed: ModuleNotFoundError"),
        ("mine=folder:mine", (), "'folder' is no kind of metric. Known: exec, python."),
        ("mine=exec:'python x.py {composites}'", (), "a command needs {composites} and {out}"),
        ("mine=exec:'python x.py {composites} {out} {seed}'", (), "no other braces are allowed."),
        ("mine=exec:'true {composites} {out}'", (), "it does not say which way is better: --better mine=lower"),
        ("mine=exec:'true", (), "No closing quotation"),
        ("mine=python:odd:score", (), "its unit must be text of at most 20 letters"),
    ],
)
def test_what_is_no_metric_is_refused_before_anything_is_done(
    terminal: Terminal, page: Path, metrics: str, options: Sequence[str], message: str
) -> None:
    write_function(MEAN, better="", module="plain")
    write_function(MEAN)
    Path("odd.py").write_text(Path("mine.py").read_text() + "score.unit = '</td>'\n")
    answer = terminal.run("mean-fill", "--metrics", metrics, *options)
    assert answer.code == 2
    assert "Traceback" not in answer.err
    assert message in answer.err.splitlines()[-1]
    assert not OUT.exists()


def test_shards_are_merged_and_shards_of_other_code_are_not(terminal: Terminal, page: Path) -> None:
    write_function(MEAN)
    for shard in ("1/2", "2/2"):
        terminal.run(
            "mean-fill", "--metrics", MINE, "--better", "mine=higher", "--shard", shard, "--out", shard[0]
        ).does()
    new_process()
    terminal("merge", "1", "2", "--out", "merged").does("mine ↑")
    assert {**scores(out=Path("1")), **scores(out=Path("2"))} == scores(out=Path("merged"))
    assert len(scores(out=Path("merged"))) == 4
    write_function("return 0.5", better="higher")
    terminal("score", "2", "--data", "data", "--metrics", MINE).does()
    terminal("merge", "1", "2", "--out", "mixed").refuses(4, "2: the metric mine is python:mine:score (code ")


# --- programs -------------------------------------------------------------------------------------


def test_a_program_is_given_copies_and_scores_every_sample(terminal: Terminal, page: Path) -> None:
    seen = "Path('seen.json').write_text(json.dumps([sorted(os.listdir(one)) for one in (composites, targets, masks)]))"
    spoil = "for name in names: (composites / f'{name}.png').write_bytes(b'')"
    entry = write_scorer(f"{seen}\n{spoil}\njson.dump({{name: len(name) for name in names}}, out.open('w'))")
    terminal.run(f"mean-fill,{tiny.NOISE}", "--metrics", f"psnr,{entry}", "--better", "mine=higher").does("mine ↑")
    samples = [f"{pair}.s{sample}.png" for pair in PAIRS for sample in range(3)]
    assert json.loads(Path("seen.json").read_text()) == [samples, *[[f"{pair}.png" for pair in PAIRS]] * 2]
    assert {*scores().values()} == {"5.0"}
    assert {*scores(method="noise").values()} == {"8.0"}
    assert sorted(path.name for path in (OUT / "noise").iterdir()) == ["composites", "scores.csv"]
    assert all(one["signature"].startswith("mine:exec:") for one in tiny.results(OUT) if one["metric"] == "mine")


def test_a_program_that_takes_too_long_is_one_sentence_and_the_other_scores_are_kept(
    terminal: Terminal, page: Path
) -> None:
    entry = write_scorer("import time; time.sleep(60)")
    answer = terminal.run("mean-fill", "--metrics", f"psnr,{entry}", "--better", "mine=lower", "--timeout", 0.4)
    answer.refuses(3, "mine: mean-fill: the program exceeded its time limit of 0.4 seconds and was stopped.")
    assert not scores()
    assert tiny.result(OUT, "mean-fill", "psnr")["n"] == 4
    assert sorted(path.name for path in (OUT / "mean-fill").iterdir()) == ["composites", "scores.csv"]


# --- Python and plug-ins --------------------------------------------------------------------------


def darkness(weight: float) -> Callable[..., Any]:
    """A function that is bound to a value."""
    return lambda composite, target, mask: weight * float(composite[mask].mean())


def test_functions_and_declarations_are_metrics_in_python(page: Path) -> None:
    def run(metrics: Any, **options: Any) -> ib.Run:
        return ib.run(str(page), ["mean-fill"], metrics, out="run", quiet=True, **options)

    first = run({"dark": darkness(1.0), "psnr": "psnr"}, better={"dark": "lower"})
    second = run({"dark": darkness(2.0)}, better={"dark": "lower"})
    values = [one.results.query("metric == 'dark' and bucket == 'all'").iloc[0] for one in (first, second)]
    assert values[1]["value"] == pytest.approx(2 * values[0]["value"])
    assert values[0]["signature"] != values[1]["signature"]
    third = run([PairMetric("bright", darkness(-1.0), "higher", "%", 1)])
    assert third.results.query("metric == 'bright' and bucket == 'all'")["value"].item() == -values[0]["value"]
    with pytest.raises(InputError, match="a function cannot be sent to another process: give python:MODULE:FUNCTION"):
        run({"dark": darkness(1.0)}, better={"dark": "lower"}, processes=2)
    with pytest.raises(InputError, match="an object of type int is no metric"):
        run({"dark": 3})


def test_folders_are_scored_in_ones_own_metric(terminal: Terminal) -> None:
    write_function(MEAN)
    target = np.stack([tiny.picture(number) for number in range(2)])
    mask = np.zeros((2, 24, 24), np.uint8)
    mask[:, 4:9, 4:9] = 255
    frame = ib.score(target, mask, target + np.uint8(3), ["psnr", MINE], raw=True, allow_known_error=True, quiet=True)
    assert frame["mine"].tolist() == [3.0, 3.0]


def test_plug_ins_bring_metrics_and_a_broken_one_is_one_line(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_function(MEAN)
    Path("brought.py").write_text(
        "import mine\nfrom inpaint_bench.metrics.own_metric import PairMetric\n"
        "hole = PairMetric('x', mine.score, 'lower', 'levels', 2)\n"
    )
    sys.path.insert(0, str(Path.cwd()))
    points = [EntryPoint("hole-levels", "brought:hole", own_metrics.GROUP), EntryPoint("lost", "gone:f", "x")]
    points += [EntryPoint("psnr", "gone:f", own_metrics.GROUP)]  # what ships is not replaced
    monkeypatch.setattr(own_metrics, "entry_points", lambda group: points)
    terminal.run("mean-fill", "--metrics", "psnr,hole-levels").does("hole-levels ↓")
    (result,) = [one for one in tiny.results(OUT) if one["metric"] == "hole-levels" and one["bucket"] == "all"]
    assert result["signature"].startswith("hole-levels:plugin:")
    terminal("metrics", "show", "hole-levels").does("hole-levels, lower is better, in levels")
    terminal.run("mean-fill", "--metrics", "lost").refuses(2, "lost: loading the plug-in gone:f failed")
    found = terminal("metrics", "list")
    found.does("hole-levels")
