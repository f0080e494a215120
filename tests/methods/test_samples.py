"""Stochastic methods: a file a sample, seeds that depend on nothing but the pair, and the best one is scored."""

import hashlib
from pathlib import Path

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from terminal import OUT, Answer, Terminal, composites, write_method

from inpaint_bench.data.pair_lists import sample_seed

NOISE = """
drawn = [[np.random.default_rng(int(seed)).random(image.shape[1:]) for seed in row] for row in seeds]
with open("seeds.txt", "a") as log:
    log.writelines(",".join(map(str, row)) + "\\n" for row in seeds.tolist())
return image[:, None] + mask[:, None] * torch.from_numpy(np.array(drawn)).float()
"""
FIVE = [f"0000{pair}.s{sample}.png" for pair in range(4) for sample in range(5)]


def expected_seed(seed: int, pair: str, sample: int) -> int:
    """The rule, as the design has it: eight bytes, big-endian, shifted right by one."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{pair}:{sample}".encode()).digest()[:8], "big") // 2


def five(folder: Path) -> None:
    tiny.make_dataset(folder, count=4, metrics=["psnr", "mae"], samples=5, seed=2023)


def run(terminal: Terminal, *arguments: object) -> Answer:
    return terminal.run(write_method(NOISE, "image, mask, seeds"), *arguments)


def values(metric: str) -> dict[str, dict[int, float]]:
    """The scores of every sample by pair."""
    found: dict[str, dict[int, float]] = {}
    for line in Path(OUT, "mine/scores.csv").read_text().splitlines()[2:]:
        pair, sample, name, _, _, value = line.split(",")
        if name == metric:
            found.setdefault(pair, {})[int(sample)] = float(value)
    return found


@given(st.integers(0, 2**32), st.from_regex(r"\A[0-9]{5}\Z"), st.integers(0, 100))
def test_a_seed_follows_the_rule_and_fits_63_bits(seed: int, pair: str, sample: int) -> None:
    assert sample_seed(seed, pair, sample) == expected_seed(seed, pair, sample) < 2**63


def test_every_sample_is_a_file_and_the_best_by_psnr_is_scored(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    run(terminal).does("psnr ↑", "mae ↓", "mine (best of 5)")
    assert composites() == FIVE
    psnr, mae = values("psnr"), values("mae")
    best = {pair: max(samples, key=lambda sample: samples[sample]) for pair, samples in psnr.items()}
    assert len(set(best.values())) > 1
    for metric, found in (("psnr", psnr), ("mae", mae)):
        mean = sum(found[pair][sample] for pair, sample in best.items()) / 4
        result = tiny.result(OUT, "mine", metric)
        assert result["value"] == pytest.approx(mean, rel=1e-12)
        assert result["signature"].endswith(":best-psnr-of-5")


def test_the_sample_is_chosen_by_psnr_even_where_that_is_not_requested(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    run(terminal, "--metrics", "mae").does("mae ↓", "mine (best of 5)")
    best = {pair: max(samples, key=lambda sample: samples[sample]) for pair, samples in values("psnr").items()}
    mean = sum(values("mae")[pair][sample] for pair, sample in best.items()) / 4
    assert tiny.result(OUT, "mine", "mae")["value"] == pytest.approx(mean, rel=1e-12)


def test_a_method_is_given_the_seeds_of_the_rule(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    run(terminal).does()
    rows = [[int(word) for word in line.split(",")] for line in Path("seeds.txt").read_text().splitlines()]
    of_pairs = [row for row in rows if len(row) == 5]
    assert of_pairs == [[expected_seed(2023, f"0000{pair}", sample) for sample in range(5)] for pair in range(4)]


def test_outputs_do_not_depend_on_the_batch_or_on_what_was_done_before(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    run(terminal, "--out", "whole").does()
    whole = tiny.outcome(Path("whole/mine"))
    run(terminal, "--out", "alone", "--batch", 1, "--jobs", 1).does()
    assert tiny.outcome(Path("alone/mine")) == whole
    for name in ("00001.s0.png", "00002.s4.png"):
        Path("whole/mine/composites", name).unlink()
    run(terminal, "--out", "whole").does()
    assert tiny.outcome(Path("whole/mine")) == whole


def test_a_wrong_number_of_samples_is_reported(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    entry = write_method("return image[:, None].repeat(1, min(3, seeds.shape[1]), 1, 1, 1)", "image, mask, seeds")
    answer = terminal.run(entry)
    answer.refuses(3, "pair 00000: predictions of shape (3, 3, 24, 24); it must be (5, 3, height, width), one per seed")


def test_one_prediction_in_place_of_samples_is_reported(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    answer = terminal.run(write_method("return image + 0.5 * mask", "image, mask, seeds"))
    answer.refuses(3, "pair 00000: predictions of shape (3, 24, 24); it must be (5, 3, height, width), one per seed")


def test_a_third_argument_with_a_value_of_its_own_takes_no_seeds(terminal: Terminal, tmp_path: Path) -> None:
    five(tmp_path)
    terminal.predict(write_method("return image + level * mask", "image, mask, level=0.5")).does()
    assert composites() == [f"0000{pair}.png" for pair in range(4)]
