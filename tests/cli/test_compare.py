"""`compare`: two methods on the same pairs, or a sentence that says why not."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from terminal import OUT, Answer, Once, Terminal

from inpaint_bench.analysis.statistics import difference, holm
from inpaint_bench.runner.scores import read_scores

COUNT = 24  # eight pairs a bucket
BUCKETS = ("0.0-0.2", "0.2-0.4", "0.4-0.6", "all")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The tiny dataset, with pairs enough to tell methods apart."""
    return tiny.make_dataset(tmp_path, count=COUNT, metrics=["psnr", "mae"])


def outputs(name: str, noise: float, perfect: int = 0) -> str:
    """A results folder of targets with noise, the first few of them without; the entry of --methods for it."""
    rng = np.random.default_rng(len(name))
    for number in range(COUNT):
        target = tiny.picture(number)
        drawn = rng.normal(0, noise if number >= perfect else 0, target.shape)
        tiny.save_png(Path(name) / f"picture{number}.png", np.clip(np.round(target + drawn), 0, 255).astype(np.uint8))
    return f"{name}=folder:{name}"


@pytest.fixture
def run(terminal: Terminal, page: Path, once: Once) -> Path:
    """A run of a method that is near the targets, and one that is farther away."""
    once(lambda: terminal.run(f"{outputs('near', 3)},{outputs('farther', 6)},telea").does())
    return OUT


def rows(answer: Answer) -> list[dict[str, Any]]:
    """The rows of --format json."""
    answer.does()
    found: list[dict[str, Any]] = json.loads(answer.out)["rows"]
    return found


def values(run: Path, method: str, metric: str, bucket: str) -> list[float]:
    """The scores of a bucket, straight from the file, in order of the pairs."""
    lines = (run / "pairs.csv").read_text().splitlines()[1:]
    inside = [row["pair"] for row in csv.DictReader(lines) if bucket in (row["bucket"], "all")]
    found = {score.pair: score.value for score in read_scores(run / method / "scores.csv") if score.metric == metric}
    return [found[pair] for pair in sorted(inside)]


def test_every_metric_and_bucket_is_compared_as_the_statistics_say(terminal: Terminal, run: Path) -> None:
    found = rows(terminal("compare", "near", "farther", run, "--format", "json"))
    assert [(row["metric"], row["bucket"]) for row in found] == [(m, b) for m in ("psnr", "mae") for b in BUCKETS]
    for row in found:
        a, b = (values(run, method, row["metric"], row["bucket"]) for method in ("near", "farther"))
        expected = difference(np.array(a), np.array(b), f"{row['metric']}:{row['bucket']}")
        assert (row["n"], row["left_out"], row["difference"]) == (len(a), 0, expected.mean)
        assert ((row["low"], row["high"]), row["p"]) == (expected.interval, expected.p)
        for method, mean in (("near", row["a"]), ("farther", row["b"])):
            assert mean == tiny.result(run, method, row["metric"], row["bucket"])["value"]
    for metric in ("psnr", "mae"):
        of_metric = [row for row in found if row["metric"] == metric]
        assert [row["adjusted"] for row in of_metric] == holm([row["p"] for row in of_metric])


def test_the_better_one_is_named_in_words(terminal: Terminal, run: Path) -> None:
    answer = terminal("compare", "farther", "near", run)
    answer.does("a: farther\nb: near\n", "psnr ↑: psnr:rgb:u8r:comp:v1, higher is better", "lower is better", "Holm")
    assert answer.out.count("near better") == 8
    assert "farther better" not in answer.out


def test_what_is_within_the_noise_is_not_separable(terminal: Terminal, page: Path) -> None:
    terminal.run(f"{outputs('one', 4)},{outputs('other', 4)}").does()
    answer = terminal("compare", "one", "other", OUT)
    assert answer.out.count("not separable") == 8


def test_the_three_formats_hold_the_same_rows(terminal: Terminal, run: Path) -> None:
    exact = rows(terminal("compare", "near", "telea", run, "--format", "json"))
    table = list(csv.DictReader(io.StringIO(terminal("compare", "near", "telea", run, "--format", "csv").out)))
    plain = [{key: "" if value is None else str(value) for key, value in row.items()} for row in exact]
    assert [{"method_a": "near", "method_b": "telea"} | row for row in plain] == table
    text = terminal("compare", "near", "telea", run).out
    for row in exact:
        digits = {"psnr": 2, "mae": 4}[row["metric"]]
        assert f"{row['a']:.{digits}f}  " in text
        assert f"{row['low']:+.{digits + 1}f} to {row['high']:+.{digits + 1}f}" in text


def test_the_same_command_prints_the_same_bytes(terminal: Terminal, run: Path) -> None:
    first = terminal("compare", "near", "telea", run, "--format", "json").out
    shutil.move(run, "elsewhere")
    assert terminal("compare", "near", "telea", "elsewhere", "--format", "json").out == first


def test_exchanging_the_methods_exchanges_the_result(terminal: Terminal, run: Path) -> None:
    there = rows(terminal("compare", "near", "telea", run, "--format", "json"))
    back = rows(terminal("compare", "telea", "near", run, "--format", "json"))
    for one, other in zip(there, back, strict=True):
        assert (one["a"], one["b"], one["p"], one["n"]) == (other["b"], other["a"], other["p"], other["n"])
        assert (one["low"], one["high"]) == (-other["high"], -other["low"])
        assert {one["better"], other["better"]} in ({"a", "b"}, {None})


def test_pairs_of_infinite_psnr_are_left_out_and_counted(terminal: Terminal, page: Path) -> None:
    terminal.run(f"{outputs('mixed', 3, perfect=5)},{outputs('all', 3, perfect=COUNT)},mean-fill").does()
    found = rows(terminal("compare", "mixed", "mean-fill", OUT, "--format", "json"))
    assert [(row["n"], row["left_out"]) for row in found if row["bucket"] == "all"] == [(19, 5), (24, 0)]
    terminal("compare", "mixed", "mean-fill", OUT).does("19 of 24", "are left out")
    nothing = rows(terminal("compare", "mixed", "all", OUT, "--format", "json"))[3]
    assert (nothing["n"], nothing["a"], nothing["low"], nothing["p"], nothing["better"]) == (0, None, None, 1, None)
    terminal("compare", "mixed", "all", OUT).does("0 of 24")


def test_one_method_of_two_runs_is_compared_by_its_runs(terminal: Terminal, run: Path) -> None:
    outputs("near", 8)
    terminal.run("near=folder:near", "--out", "again").does()
    answer = terminal("compare", "near", "near", run, "again", "--metrics", "psnr")
    answer.does("a: near of runs/tiny\nb: near of again\n", "near of runs/tiny better")
    assert "mae" not in answer.out


def test_samples_are_compared_by_the_chosen_one(terminal: Terminal, page: Path) -> None:
    terminal.run(f"{tiny.NOISE},{tiny.NOISE.replace('noise', 'also', 1)}").does()
    found = rows(terminal("compare", "noise", "also", OUT, "--format", "json"))
    assert all((row["difference"], row["p"], row["better"]) == (0, 1, None) for row in found)
    assert all(row["signature"].endswith(":best-psnr-of-3") for row in found)
    assert found[3]["a"] == tiny.result(OUT, "noise", "psnr")["value"]


def test_known_error_is_compared_when_it_is_requested(terminal: Terminal, run: Path) -> None:
    answer = terminal("compare", "near", "telea", run, "--metrics", "known_error")
    answer.does("known_error ↓")


# --- what is refused ------------------------------------------------------------------------------


def test_a_best_sample_and_a_single_output_are_not_comparable(terminal: Terminal, page: Path) -> None:
    terminal.run(f"{tiny.NOISE},telea").does()
    answer = terminal("compare", "telea", "noise", OUT)
    answer.refuses(4, "psnr of telea is psnr:rgb:u8r:comp:v1, of noise psnr:rgb:u8r:comp:v1:best-psnr-of-3")


def test_runs_of_other_pairs_are_not_comparable(terminal: Terminal, run: Path) -> None:
    terminal.run("telea", "--limit", "12", "--out", "first").does()
    terminal("compare", "near", "telea", run, "first").refuses(4, "do not hold the same pairs: fingerprints ")


def test_a_part_is_compared_as_a_part(terminal: Terminal, run: Path) -> None:
    terminal.run("telea,near=folder:near", "--limit", "12", "--out", "first").does()
    terminal("compare", "near", "telea", "first").does("only the first 12 pairs", "not comparable with the whole")


def test_results_that_count_other_pairs_are_not_comparable(terminal: Terminal, run: Path) -> None:
    tiny.forget_hashes(run)
    path = run / "results.jsonl"
    lines = path.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if '"telea"' in line and '"psnr"' in line and '"all"' in line)
    lines[place] = lines[place].replace(f'"n":{COUNT}', '"n":23')
    path.write_text("\n".join(lines) + "\n")
    terminal("compare", "near", "telea", run).refuses(5, "of 23 pairs, but its scores give ", " of 24.")
    lines[place] = lines[place].replace('"n":23', f'"n":{COUNT}')
    path.write_text("".join(f"{line}\n" for line in lines if '"0.2-0.4"' not in line))
    terminal("compare", "near", "telea", run).refuses(4, "psnr in bucket 0.2-0.4: 0 pairs of near, 0 of telea")


def test_scores_that_changed_since_are_refused(terminal: Terminal, run: Path) -> None:
    path = run / "telea" / "scores.csv"
    path.write_bytes(path.read_bytes().replace(b"0.0", b"0.1", 1))
    terminal("compare", "near", "telea", run).refuses(
        5, "telea/scores.csv: not what the results of psnr were made from", "score"
    )
    path.unlink()
    terminal("compare", "near", "telea", run).refuses(
        2, "telea: what the results of psnr were made from is not here", "score"
    )


def test_an_unknown_method_or_metric_is_refused_with_the_nearest(terminal: Terminal, run: Path) -> None:
    terminal("compare", "near", "tela", run).refuses(2, "no method here is called 'tela'. Did you mean 'telea'?")
    path = run / "results.jsonl"
    tiny.forget_hashes(run)
    farther = [line for line in path.read_text().splitlines(keepends=True) if '"farther"' in line]
    path.write_text(path.read_text() + "".join(farther).replace('"farther"', '"(target)"'))  # a reference has results
    terminal("compare", "(target)", "telea", run).refuses(2, "no method here is called '(target)'.")
    answer = terminal("compare", "near", "telea", run, "--metrics", "pnsr")
    answer.refuses(2, "near and telea share no metric 'pnsr'. Did you mean 'psnr'? Known: known_error, mae, psnr.")


def test_a_method_that_is_not_finished_is_refused(terminal: Terminal, run: Path) -> None:
    (run / "telea" / "composites" / "00004.png").unlink()
    terminal("score", run, "--data", "data").refuses(3, "telea lacks 1 of 24 pairs: 00004.")
    terminal("compare", "near", "telea", run).refuses(3, "telea has no results: pairs are missing")


def test_methods_without_a_common_metric_are_not_comparable(terminal: Terminal, run: Path) -> None:
    terminal.run("telea", "--metrics", "ssim", "--out", "other").does()
    terminal("compare", "near", "telea", run, "other").refuses(
        4, "have no metric in common: psnr, mae, known_error; ssim"
    )


def test_a_metric_of_only_one_method_is_said(terminal: Terminal, run: Path) -> None:
    terminal.run("telea", "--metrics", "psnr,ssim", "--out", "other").does()
    terminal("compare", "near", "telea", run, "other").does("only of near: mae\n", "only of telea: ssim\n")


def test_a_method_is_not_compared_with_itself(terminal: Terminal, run: Path) -> None:
    terminal("compare", "near", "near", run).refuses(2, "near cannot be compared with itself")


def test_without_a_run_it_is_said_where_one_was_looked_for(terminal: Terminal) -> None:
    terminal("compare", "telea", "mean-fill").refuses(2, "runs/sample: not a run folder")
