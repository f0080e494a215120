"""A program of any kind: a failure is one sentence, what it finished is kept, the next run completes it."""

import sys
from pathlib import Path

import pytest
import tiny
from terminal import OUT, TINY, Terminal, composites, pngs, write_program

COPY = "for name in names: shutil.copy(images / name, out / name)"
TWO_THEN = """
for name in names[: None if probing or Path("mended").exists() else 2]: shutil.copy(images / name, out / name)
if not probing and not Path("mended").exists(): {then}
"""
ALL = pngs(["00000", "00001", "00002", "00003"])


def test_a_program_runs_and_is_scored(terminal: Terminal, page: Path) -> None:
    terminal.run(write_program(COPY)).does("mine", "psnr ↑")
    assert composites() == ALL
    assert {path.name for path in (OUT / "mine").iterdir()} == {"composites", "scores.csv"}


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("print('first line\\nout of memory'); sys.exit(7)", "the program ended with code 7: out of memory."),
        ("raise ValueError('no such layer')", "the program ended with code 1: ValueError: no such layer."),
        ("import os; os.kill(os.getpid(), 9)", "the program ended with code -9."),
        ("pass", "runs/tiny/mine/program/out: 2 of 4 pairs have no output: 00002, 00003."),
        ("(out / names[2]).write_bytes(b'half')", "00002.png: not a complete image"),
        ("(out / names[2]).write_bytes(b'half'); sys.exit(7)", "the program ended with code 7."),
    ],
    ids=["non-zero", "traceback", "killed", "outputs missing", "an output broken", "broken off"],
)
def test_a_program_that_breaks_off_keeps_what_it_finished_and_the_next_run_completes(
    terminal: Terminal, page: Path, then: str, message: str
) -> None:
    entry = write_program(TWO_THEN.format(then=then))
    answer = terminal.run(entry)
    answer.refuses(2 if "not a complete" in message else 3, message)
    assert composites() == ALL[:2]
    before = [(OUT / "mine/composites" / name).stat().st_mtime_ns for name in ALL[:2]]
    Path("mended").touch()
    terminal.run(entry).does("mine")
    assert composites() == ALL
    assert before == [(OUT / "mine/composites" / name).stat().st_mtime_ns for name in ALL[:2]]


def test_a_program_that_fails_beside_a_scrap_of_its_own_keeps_what_it_finished(terminal: Terminal, page: Path) -> None:
    then = "(out / 'scratch.tmp').touch(); sys.exit(7)"
    terminal.run(write_program(TWO_THEN.format(then=then))).refuses(3, "the program ended with code 7.")
    assert composites() == ALL[:2]


@pytest.mark.acceptance
def test_a_program_that_runs_too_long_is_stopped(terminal: Terminal, page: Path) -> None:
    entry = write_program(TWO_THEN.format(then="import time; time.sleep(1000)"))
    answer = terminal.run(entry, "--timeout", 4)
    answer.refuses(3, "mine: the program exceeded its time limit of 4 seconds and was stopped. See --timeout.")
    assert composites() == ALL[:2]
    Path("mended").touch()
    terminal.run(entry).does("mine")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("pass", "the program succeeded but wrote no output."),
        (
            "if probing: shutil.copy(images / names[0], out / names[0])",
            "wrote 1 outputs for the two probe images",
        ),
        (
            COPY + "\nif not probing: (out / 'extra.png').touch()",
            "1 files belong to no pair (extra.png). Known layouts:",
        ),
        (COPY + "\nif not probing: (out / 'log.txt').touch()", "out/log.txt: not a PNG file."),
        ("for name in names: (out / name.replace('png', 'jpg')).touch()", "JPEG compression changes pixels"),
    ],
    ids=["nothing", "half of the probe", "extra", "no picture", "jpeg"],
)
def test_what_a_program_writes_besides_is_reported(terminal: Terminal, page: Path, body: str, message: str) -> None:
    terminal.run(write_program(body)).refuses(3, message, "run the same command again")
    assert composites() == []


def test_an_output_of_another_size_is_reported_by_pair_and_the_others_are_kept(terminal: Terminal, page: Path) -> None:
    tiny.save_png(Path("large.png"), tiny.picture(0, 32))
    entry = write_program(COPY + "\nif not probing: shutil.copy('large.png', out / names[1])")
    terminal.run(entry).refuses(2, "00001.png: pair 00001: the output is 32x32; the image is 24x24.")
    assert composites() == [ALL[0], *ALL[2:]]


def test_a_program_that_cannot_be_started_is_reported(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("mine=exec:./nowhere {images} {masks} {out}")
    answer.refuses(3, "mine: the program cannot be started: No such file or directory: ./nowhere.")
    Path("plain.txt").touch()
    answer = terminal.run("mine=exec:./plain.txt {images} {masks} {out}")
    answer.refuses(3, "mine: the program cannot be started: Permission denied: ./plain.txt.")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("infer {images} {masks}", "a command needs {images}, {masks} and {out}"),
        ("infer", "a command needs {images}, {masks} and {out}"),
        ("", "a command needs {images}, {masks} and {out}"),
        (
            "infer {images} {masks} {out} {sead}",
            "and may use {seed}, {samples} and {prompts}; no other braces are allowed",
        ),
        ("infer {images} {masks} {out} {}", "no other braces are allowed"),
        ("infer {images:d} {masks} {out}", "no other braces are allowed"),
        ("infer {images} {masks} {out", "Write {{ and }} for literal braces"),
        ('infer {images} {masks} {out} "', "No closing quotation"),
    ],
)
def test_a_command_line_that_cannot_be_filled_in_is_refused(
    terminal: Terminal, page: Path, command: str, message: str
) -> None:
    terminal.run(f"mine=exec:{command}").refuses(2, "mine=exec:", message)
    assert not OUT.exists()


def test_commas_within_quotes_belong_to_the_command(terminal: Terminal, page: Path) -> None:
    entry = write_program(COPY, "{images} {masks} {out} 'one,two'")
    terminal.predict(f"{entry},mean-fill").does("4 pairs by mine, mean-fill")


def test_a_command_quoted_as_a_whole_is_unquoted(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, command = write_program(COPY, "{images} {masks} {out} one,two").partition("exec:")
    monkeypatch.setenv("INPAINT_BENCH_METHODS", f"{name}exec:'{command}',mean-fill")
    terminal("predict", *TINY).does("4 pairs by mine, mean-fill")


def test_a_program_of_samples_gets_the_number_and_the_seed(terminal: Terminal, page: Path) -> None:
    body = """
    count, seed = int(str(others[0])), str(others[1])
    Path('requested.txt').write_text(f'{count} {seed}')
    for name in names:
        for sample in range(count): shutil.copy(images / name, out / name.replace('.png', f'.s{sample}.png'))
    """
    terminal.run(write_program(body, "{images} {masks} {out} {samples} {seed}")).does("mine (best of 3)")
    assert composites() == [f"0000{pair}.s{sample}.png" for pair in range(4) for sample in range(3)]
    assert Path("requested.txt").read_text() == "3 0"


def test_a_program_that_breaks_off_within_the_samples_of_a_pair_keeps_the_pairs_before(
    terminal: Terminal, page: Path
) -> None:
    body = """
    for name in names:
        for sample in range(3):
            if name == '00002.png' and sample == 1 and not Path('mended').exists(): sys.exit(7)
            shutil.copy(images / name, out / name.replace('.', f'.s{sample}.'))
    """
    entry = write_program(body, "{images} {masks} {out} {samples}")
    terminal.run(entry).refuses(3, "the program ended with code 7.")
    assert composites() == [f"0000{pair}.s{sample}.png" for pair in range(2) for sample in range(3)]
    Path("mended").touch()
    terminal.run(entry).does("mine (best of 3)")


def test_a_program_with_too_few_samples_is_refused(terminal: Terminal, page: Path) -> None:
    body = "for name in names: [shutil.copy(images / name, out / name.replace('.', f'.s{s}.')) for s in range(2)]"
    answer = terminal.run(write_program(body, "{images} {masks} {out} {samples}"))
    answer.refuses(2, "pair 00000 has 2 samples; the protocol takes 3")
    assert composites() == []


def test_a_program_is_given_images_with_empty_holes_and_masks_of_255(terminal: Terminal, page: Path) -> None:
    body = """
    import numpy as np
    from PIL import Image
    for name in names:
        image, mask = np.array(Image.open(images / name)), np.array(Image.open(masks / name))
        assert mask.shape == image.shape[:2] and set(np.unique(mask)) == {0, 255}
        assert not image[mask > 0].any() and image[mask == 0].all()
        shutil.copy(images / name, out / name)
    """
    terminal.predict(write_program(body).replace(" -S", "")).does("4 pairs by mine")


@pytest.mark.parametrize("folder", ["a folder", "a{b}", "{seed}", 'it\'s {images} "here"', "{"])
@pytest.mark.parametrize("placeholders", ["{images} {masks} {out}", "'{images}' \"{masks}\" {out}"])
def test_folders_with_blanks_braces_and_quotes_in_their_names_reach_the_program(
    terminal: Terminal, page: Path, folder: str, placeholders: str
) -> None:
    terminal.predict(write_program(COPY, placeholders), "--out", folder).does("4 pairs by mine")
    assert composites(out=Path(folder)) == ALL
    assert sys.executable in Path(folder, "run.json").read_text()


def test_literal_braces_reach_the_program(terminal: Terminal, page: Path) -> None:
    body = COPY + "\nassert str(others[0]) == '{seed}=0'"
    terminal.predict(write_program(body, "{images} {masks} {out} {{seed}}={seed}")).does("4 pairs by mine")
