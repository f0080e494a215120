"""A policy file: which rule applies to a result, and what is refused."""

import math
import re
from pathlib import Path

import pytest

from inpaint_bench import files
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.verdicts import Policy
from inpaint_bench.checks.gate.policy import DEFAULT, GatePolicy, Rule, read_policy, refuse_idle
from inpaint_bench.data.parts import WHOLE
from inpaint_bench.errors import InputError


def result(metric: str = "psnr", method: str = "telea", bucket: str = "all") -> Result:
    return Result(
        2, "tiny", "f", "e", WHOLE, method, "", bucket, metric, "none", "s", 20.0, 24, "measured", scores="", code=""
    )


def policy(text: str) -> GatePolicy:
    Path("policy.toml").write_text(f"schema = 1\n{text}")
    return read_policy(Path("policy.toml"))


@pytest.mark.parametrize(
    ("metric", "better", "digit"), [("psnr", "higher", 0.01), ("ssim", "higher", 0.001), ("mae", "lower", 0.0001)]
)
def test_by_default_a_tenth_of_the_last_printed_digit_is_no_move(metric: str, better: str, digit: float) -> None:
    found = DEFAULT.of(result(metric))
    assert (found.better, found.relative, found.paired, found.alpha) == (better, 1e-5, True, 0.01)
    assert found.absolute == pytest.approx(digit / 10)
    assert found.noise == pytest.approx(digit)


def test_large_values_may_move_by_a_share() -> None:
    assert DEFAULT.of(result("mse")).tolerance(500.0) == pytest.approx(0.005)
    assert DEFAULT.of(result("psnr")).tolerance(25.0) == pytest.approx(0.001)


def test_the_last_rule_that_sets_a_key_wins() -> None:
    found = policy(
        "alpha = 0.05\n[[rules]]\nabsolute = 0.1\npaired = false\n"
        '[[rules]]\nmetric = "psnr*"\nabsolute = 0.3\nnoise = 1\n'
        '[[rules]]\nmethod = "lama"\nrelative = 0.5\n[[rules]]\nbucket = "all"\nabsolute = 0\n'
    )
    assert found.of(result("mae", bucket="0.0-0.2")) == Policy("lower", 0.1, 1e-5, False, 0.0001, 0.05)
    assert found.of(result("psnr", bucket="0.0-0.2")) == Policy("higher", 0.3, 1e-5, False, 1.0, 0.05)
    assert found.of(result("psnr_hole", "lama", "all")) == Policy("higher", 0.0, 0.5, False, 1.0, 0.05)


def test_an_improvement_is_drift_where_a_rule_says_so() -> None:
    found = policy('[[rules]]\nmetric = "mae"\nimproved = "drift"\n[[rules]]\nmethod = "lama"\nimproved = "pass"\n')
    assert found.refuses_better(result("mae"))
    assert not found.refuses_better(result("psnr"))
    assert not found.refuses_better(result("mae", "lama"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[[rules]]\nabsolut = 1\n",
            "no key is called 'absolut' in [[rules]]. Did you mean 'absolute'? Known: absolute, ",
        ),
        ("alfa = 1\n", "no key is called 'alfa'. Did you mean 'alpha'? Known: alpha, rules, schema."),
        ("alpha = 0\n", "Expected `float` >= 0.001"),
        ("[[rules]]\nabsolute = -1\n", "Expected `float` >= 0.0"),
        ('[[rules]]\nimproved = "fail"\n', "Invalid enum value 'fail'"),
        ("rules = 3\n", "Expected `array`, got `int`"),
        ("[[rules\n", "policy.toml: "),
    ],
)
def test_an_invalid_policy_is_refused_by_its_key(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        policy(text)
    assert message in str(refused.value)
    assert str(refused.value).startswith("policy.toml: ")


def test_a_missing_policy_and_one_of_another_version_are_refused() -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: there is no such policy file"):
        read_policy(Path("nowhere.toml"))
    Path("policy.toml").write_text("schema = 2\n")
    with pytest.raises(InputError, match=r"policy\.toml: Invalid enum value 2"):
        read_policy(Path("policy.toml"))


def test_a_rule_without_effect_is_refused() -> None:
    results = [result("psnr", "telea"), result("mae", "lama")]
    refuse_idle(GatePolicy(1, rules=(Rule(metric="psnr*"), Rule(method="lama"))), results, "p")
    with pytest.raises(InputError, match=r"p: rule 1: no expected method matches 'tela'. Did you mean 'telea'\?"):
        refuse_idle(GatePolicy(1, rules=(Rule(method="tela"),)), results, "p")
    with pytest.raises(InputError, match="p: rule 2 matches no expected result: its names never occur together"):
        refuse_idle(GatePolicy(1, rules=(Rule(), Rule(metric="psnr", method="lama"))), results, "p")


def test_the_policy_in_the_documentation_is_valid() -> None:
    text = (files.shipped("results") / "expected" / "README.md").read_text()
    (shown,) = re.findall(r"```toml\nschema = 1\n(.*?)```", text, re.DOTALL)
    found = policy(shown)
    assert found.of(result("psnr_hole", "mine")) == Policy("higher", 0.01, 0.0, True, 0.5, 0.01)
    assert found.of(result("mae", "telea")) == Policy("lower", 0.0, 0.0, False, 0.0001, 0.01)
    assert found.refuses_better(result("mae", "telea"))


def test_without_a_rule_pairs_may_not_move_without_limit() -> None:
    assert math.isinf(Policy("higher").noise)
    assert not math.isinf(DEFAULT.of(result()).noise)
