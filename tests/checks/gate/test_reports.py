"""What the gate found in its formats: a test report that parses, a table for a pull request, annotations of GitHub."""

from xml.etree import ElementTree

import pytest

from inpaint_bench.analysis.per_pair import Value
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.verdicts import State as Judged
from inpaint_bench.analysis.verdicts import Verdict
from inpaint_bench.checks.gate.findings import Finding, Findings, Moved, State
from inpaint_bench.checks.gate.formats import ANNOTATIONS, as_annotations, as_junit, as_markdown, as_text

WORST = (Moved("00017", "a_picture|1.png", 19.0, 21.0), Moved("00003", "b.png", 20.5, 21.0))
JUDGED: dict[State, Judged] = {
    "pass": "same",
    "drift": "worse",
    "improved": "better",
    "missing": "missing",
    "incomparable": "not comparable",
}


def finding(state: State, method: str = "telea", bucket: str = "all", value: Value = 20.7) -> Finding:
    result = Result(1, "tiny", "f", "", method, "", bucket, "psnr", "s", 21.0, 24, "measured", "", "")
    key = (method, "psnr", bucket)
    if state == "incomparable":
        verdict = Verdict(key, "not comparable", value, 21.0, "n", ("23", "24"))
    elif state == "missing":
        verdict = Verdict(key, "missing", None, 21.0)
    else:
        apart = {"pass": 0.0, "drift": -0.3, "improved": 0.3}[state]
        verdict = Verdict(key, JUDGED[state], 21.0 + apart, 21.0, difference=apart, tolerance=0.001)
    return Finding(result, verdict, state, WORST if state == "drift" else ())


def findings(*found: Finding) -> Findings:
    return Findings("runs/tiny", "expected", "tiny", found, ())


EVERY = findings(
    finding("incomparable", "lama"),
    finding("drift"),
    finding("missing", bucket="0.0-0.2"),
    finding("improved", bucket="0.2-0.4"),
    finding("pass", bucket="0.4-0.6"),
)


def test_a_test_report_has_a_case_for_every_result() -> None:
    root = ElementTree.fromstring(as_junit(EVERY))
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
        "telea, psnr, all pairs: worse by 0.3 dB: 20.7000, 21.0000 is expected (tolerance 0.001); "
        "worst pairs 00017 (-2), 00003 (-0.5)."
    )
    error = cases["tiny.lama", "psnr all"].find("error")
    assert error is not None
    assert error.attrib["message"] == "lama, psnr, all pairs: not comparable: n is 23, not 24."
    assert len(cases["tiny.telea", "psnr 0.4-0.6"]) == 0
    assert "better by 0.3 dB" in (cases["tiny.telea", "psnr 0.2-0.4"].findtext("system-out") or "")


def test_a_summary_has_a_row_for_what_moved_and_a_line_for_what_cannot_be_judged() -> None:
    text = as_markdown(EVERY)
    assert text.startswith(
        "## inpaint-bench gate: not comparable\n\ntiny: 1 of 5 results pass, 1 not comparable, 1 drifted, "
    )
    pairs = "00017 a\\_picture\\|1.png (-2), 00003 b.png (-0.5)"
    assert f"| drift | telea | psnr ↑ | All | 21.0000 | 20.7000 | -0.3 | 0.001 | - | {pairs} |" in text
    assert "| improved | telea | psnr ↑ | 0.2-0.4 | 21.0000 | 21.3000 | +0.3 | 0.001 | - | - |" in text
    assert "\n- lama, psnr, all pairs: not comparable: n is 23, not 24.\n" in text
    assert "\n- telea, psnr, bucket 0.0-0.2: missing in the run; 21.0000 is expected.\n" in text
    columns = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert columns == {11}


@pytest.mark.parametrize(
    ("state", "ending"), [("pass", "passed"), ("improved", "passed"), ("drift", "drift"), ("missing", "incomplete")]
)
def test_a_summary_says_in_its_heading_how_it_ended(state: State, ending: str) -> None:
    assert as_markdown(findings(finding(state))).startswith(f"## inpaint-bench gate: {ending}\n")


def test_the_exit_code_is_that_of_what_counts_most() -> None:
    codes = {"pass": 0, "improved": 0, "missing": 3, "drift": 1, "incomparable": 4}
    states = list(codes)
    for number, state in enumerate(states):
        found = findings(*(finding(before) for before in states[: number + 1]))  # type: ignore[arg-type]
        assert found.exit_code == codes[state]


def test_annotations_are_errors_and_notices_as_many_as_are_shown() -> None:
    lines = list(as_annotations(EVERY))
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::error", "::notice"]
    many = list(as_annotations(findings(*(finding("drift", bucket=str(number)) for number in range(14)))))
    assert len(many) == ANNOTATIONS
    assert many[-1] == "::error title=inpaint-bench gate::And 5 more: see the summary."
    exact = list(as_annotations(findings(*(finding("drift", bucket=str(number)) for number in range(10)))))
    assert len(exact) == ANNOTATIONS
    assert "more" not in exact[-1]


def test_a_name_is_only_text_in_a_summary() -> None:
    assert "| drift | a\\$b\\$\\&lt; | psnr ↑ |" in as_markdown(findings(finding("drift", "a$b$&lt;")))


def test_an_annotation_is_one_line_whatever_it_says() -> None:
    (line,) = as_annotations(findings(finding("drift", method="100%\nsure")))
    assert line.startswith("::error title=inpaint-bench gate::100%25%0Asure, psnr, all pairs: worse by ")
    assert "\n" not in line


def test_text_names_both_sides_and_counts() -> None:
    text = as_text(EVERY)
    assert text.startswith("tiny: runs/tiny, expected expected\n\nlama, psnr, all pairs: not comparable")
    assert "1 of 5 results pass, 1 not comparable, 1 drifted, 1 missing, 1 improved.\nwhat improved passes; " in text
