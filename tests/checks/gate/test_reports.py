"""Findings of the gate in every format: JUnit that parses, Markdown, annotations for GitHub, a DataFrame, HTML."""

from xml.etree import ElementTree

import numpy as np
import pytest

from inpaint_bench.analysis.results import Result, Value
from inpaint_bench.analysis.verdicts import State as VerdictState
from inpaint_bench.analysis.verdicts import Verdict
from inpaint_bench.checks.gate.base import GateFinding, MovedPair, State
from inpaint_bench.checks.gate.findings import Findings
from inpaint_bench.checks.gate.formats import ANNOTATIONS
from inpaint_bench.data.parts import WHOLE
from inpaint_bench.errors import BenchError, IncompleteError, NotComparableError

WORST = (MovedPair("00017", "a_picture|1.png", 19.0, 21.0), MovedPair("00003", "b.png", 20.5, 21.0))
VERDICTS: dict[State, VerdictState] = {
    "pass": "same",
    "drift": "worse",
    "improved": "better",
    "missing": "missing",
    "incomparable": "not comparable",
}


def finding(state: State, method: str = "telea", bucket: str = "all", value: Value = 20.7) -> GateFinding:
    result = Result(
        2, "tiny", "f", "e", WHOLE, method, "", bucket, "psnr", "none", "s", 21.0, 24, "measured", scores="", code=""
    )
    key = (method, "psnr", bucket)
    if state == "incomparable":
        verdict = Verdict(key, "not comparable", value, 21.0, "n", ("23", "24"))
    elif state == "missing":
        verdict = Verdict(key, "missing", None, 21.0)
    else:
        apart = {"pass": 0.0, "drift": -0.3, "improved": 0.3}[state]
        verdict = Verdict(key, VERDICTS[state], 21.0 + apart, 21.0, difference=apart, tolerance=0.001)
    return GateFinding(result, verdict, state, WORST if state == "drift" else ())


def findings(*found: GateFinding) -> Findings:
    return Findings("runs/tiny", "expected", "tiny", found, ())


EVERY = findings(
    finding("incomparable", "lama"),
    finding("drift"),
    finding("missing", bucket="0.0-0.2"),
    finding("improved", bucket="0.2-0.4"),
    finding("pass", bucket="0.4-0.6"),
)


def test_a_test_report_has_a_case_for_every_result() -> None:
    root = ElementTree.fromstring(EVERY.to_junit())
    assert (root.tag, root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == (
        "testsuites",
        "5",
        "1",
        "2",
    )
    assert [suite.attrib["name"] for suite in root] == ["tiny: lama", "tiny: telea"]
    assert [suite.attrib["tests"] for suite in root] == ["1", "4"]
    cases = {(case.attrib["classname"], case.attrib["name"]): case for case in root.iter("testcase")}
    assert len(cases) == 5
    failure = cases["tiny.telea", "psnr all"].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == (
        "telea, psnr, all pairs: worse by 0.3 dB: 20.7000, expected 21.0000 (tolerance 0.001); "
        "worst pairs 00017 (-2), 00003 (-0.5)."
    )
    error = cases["tiny.lama", "psnr all"].find("error")
    assert error is not None
    assert error.attrib["message"] == "lama, psnr, all pairs: not comparable: n is 23, not 24."
    assert len(cases["tiny.telea", "psnr 0.4-0.6"]) == 0
    assert "better by 0.3 dB" in (cases["tiny.telea", "psnr 0.2-0.4"].findtext("system-out") or "")


def test_a_summary_has_a_row_for_what_moved_and_a_line_for_what_cannot_be_compared() -> None:
    text = EVERY.to_markdown()
    assert text.startswith(
        "## inpaint-bench gate: not comparable\n\ntiny: 1 of 5 results pass, 1 not comparable, 1 drifted, "
    )
    pairs = "00017 a_picture\\|1.png (-2), 00003 b.png (-0.5)"
    assert f"| drift | telea | psnr ↑ | All | 21.0000 | 20.7000 | -0.3 | 0.001 | - | {pairs} |" in text
    assert "| improved | telea | psnr ↑ | 0.2-0.4 | 21.0000 | 21.3000 | +0.3 | 0.001 | - | - |" in text
    assert "\n- lama, psnr, all pairs: not comparable: n is 23, not 24.\n" in text
    assert "\n- telea, psnr, bucket 0.0-0.2: missing from the run; expected 21.0000.\n" in text
    columns = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert columns == {11}


@pytest.mark.parametrize(
    ("state", "ending"), [("pass", "passed"), ("improved", "passed"), ("drift", "drift"), ("missing", "incomplete")]
)
def test_the_heading_of_a_summary_gives_the_outcome(state: State, ending: str) -> None:
    assert findings(finding(state)).to_markdown().startswith(f"## inpaint-bench gate: {ending}\n")


def test_the_exit_code_is_that_of_what_matters_most() -> None:
    codes = {"pass": 0, "improved": 0, "missing": 3, "drift": 1, "incomparable": 4}
    states = list(codes)
    for number, state in enumerate(states):
        found = findings(*(finding(before) for before in states[: number + 1]))  # type: ignore[arg-type]
        assert found.exit_code == codes[state]


def test_there_are_no_more_annotations_than_github_shows() -> None:
    lines = EVERY.annotations()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::error", "::notice"]
    many = findings(*(finding("drift", bucket=str(number)) for number in range(14))).annotations()
    assert len(many) == ANNOTATIONS
    assert many[-1] == "::error title=inpaint-bench gate::And 5 more: see the summary."
    exact = findings(*(finding("drift", bucket=str(number)) for number in range(10))).annotations()
    assert len(exact) == ANNOTATIONS
    assert "more" not in exact[-1]


def test_a_name_is_escaped_in_a_summary() -> None:
    assert "| drift | a\\$b\\$\\&lt; | psnr ↑ |" in findings(finding("drift", "a$b$&lt;")).to_markdown()


def test_an_annotation_is_one_line_whatever_it_contains() -> None:
    (line,) = findings(finding("drift", method="100%\nsure")).annotations()
    assert line.startswith("::error title=inpaint-bench gate::100%25%0Asure, psnr, all pairs: worse by ")
    assert "\n" not in line


def test_text_names_both_sides_and_counts() -> None:
    text = EVERY.to_text()
    assert text.startswith("tiny: runs/tiny, expected expected\n\nlama, psnr, all pairs: not comparable")
    assert "1 of 5 results pass, 1 not comparable, 1 drifted, 1 missing, 1 improved.\nimproved results pass; " in text


def test_a_frame_has_a_row_for_every_result_in_their_order() -> None:
    frame = EVERY.frame
    assert list(frame["state"]) == ["incomparable", "drift", "missing", "improved", "pass"]
    drift = frame.iloc[1]
    assert (drift["method"], drift["metric"], drift["bucket"]) == ("telea", "psnr", "all")
    assert (drift["expected"], drift["difference"], drift["tolerance"]) == (21.0, -0.3, 0.001)
    assert drift["run"] == pytest.approx(20.7)
    assert (drift["worst_pairs"], frame["reason"].tolist()) == ("00017 00003", ["n", "", "", "", ""])
    assert frame["p"].isna().all()  # no paired test was made
    assert np.isnan(frame.iloc[2]["run"])


def test_a_frame_holds_infinite_and_undefined_values_as_numbers() -> None:
    values = [findings(finding("incomparable", value=value)).frame.iloc[0]["run"] for value in ("inf", None)]
    assert values[0] == np.inf
    assert np.isnan(values[1])


def test_a_notebook_shows_the_counts_and_what_does_not_pass() -> None:
    shown = findings(finding("drift", "<b>&"), finding("pass", "fine"))._repr_html_()
    assert "1 of 2 results pass, 1 drifted" in shown
    assert "&lt;b&gt;&amp;" in shown
    assert "fine" not in shown
    assert "<table" not in findings(finding("pass"))._repr_html_()
    assert str(EVERY) == EVERY.to_text()


@pytest.mark.parametrize(
    ("state", "kind"), [("incomparable", NotComparableError), ("drift", BenchError), ("missing", IncompleteError)]
)
def test_the_error_has_the_exit_code_of_the_findings(state: State, kind: type[BenchError]) -> None:
    found = findings(finding(state))
    error = found.error()
    assert type(error) is kind
    assert error.exit_code == found.exit_code
    assert str(error).startswith("runs/tiny: 0 of 1 results pass, 1 ")
    assert findings(finding("pass"), finding("improved")).error() is None
