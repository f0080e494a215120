"""A method that is a program: it reads a folder of images and one of masks, and writes a folder of outputs."""

import os
import shlex
import shutil
import signal
import string
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from inpaint_bench.data import images
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.prepare import export_pair
from inpaint_bench.errors import IncompleteError, InputError, MethodError
from inpaint_bench.files import write_whole
from inpaint_bench.methods.base import Method, Prediction, PredictJob, from_pixels
from inpaint_bench.methods.folder import read_outputs
from inpaint_bench.methods.layouts import Outputs, match
from inpaint_bench.methods.probe import refuse_inverted
from inpaint_bench.threads import in_order

FOLDERS = ("images", "masks", "out")
ALLOWED = {*FOLDERS, "seed", "samples"}
_PARSER = string.Formatter()


def program_method(name: str, template: str) -> Method:
    """A command line with the placeholders {images}, {masks} and {out}, and optionally {seed} and {samples}.

    Raises InputError if one of the three is missing or another one is present.
    """
    if template[:1] in ("'", '"') and template.find(template[0], 1) == len(template) - 1:
        template = template[1:-1]  # quoted as a whole, and not unquoted by a shell
    try:
        parts = [part for word in shlex.split(template) for part in _PARSER.parse(word) if part[1] is not None]
    except ValueError as error:
        raise InputError(
            f"{name}=exec:{template}: {error}. Write {{{{ and }}}} for literal braces, and close quotes."
        ) from error
    used = {field for _, field, _, _ in parts}
    if not {*FOLDERS} <= used <= ALLOWED or any(form or conversion for _, _, form, conversion in parts):
        raise InputError(
            f"{name}=exec:{template}: a command needs {{images}}, {{masks}} and {{out}}, "
            "and may use {seed} and {samples}; no other braces are allowed."
        )
    return Method(name, f"exec:{template}", "", lambda job: _predict(name, template, job), command=template)


def _predict(name: str, template: str, job: PredictJob) -> Iterator[Prediction]:
    out = job.scratch / "out"
    left_over = _left_over(out, job.pairs)  # of an interrupted run: complete outputs are used
    if left_over:
        have = tuple(pair for pair in job.pairs if pair.pair in left_over)
        yield from read_outputs(left_over, out, _only(job, have))
        job = _only(job, tuple(pair for pair in job.pairs if pair.pair not in left_over))
    if not job.pairs:
        shutil.rmtree(job.scratch, ignore_errors=True)
        return
    _probe(name, template, job)
    shutil.rmtree(job.scratch, ignore_errors=True)
    for _ in in_order(lambda pair: export_pair(job.prepare(pair), job.scratch), job.pairs, job.jobs):
        pass
    failure = run_program(name, template, job.scratch, job)
    outputs = outputs_in(out, job.pairs, failure)
    yield from _finished(outputs, out, job, failure)
    shutil.rmtree(job.scratch, ignore_errors=True)


def _finished(outputs: Outputs, out: Path, job: PredictJob, failure: MethodError | None) -> Iterator[Prediction]:
    """The outputs that the program finished; then raises its failure, if it failed."""
    done = tuple(pair for pair in job.pairs if pair.pair in outputs)
    try:
        yield from read_outputs(outputs, out, _only(job, done) if failure else job)
    except (InputError, IncompleteError) as error:
        raise failure or error from error
    if failure:
        raise failure


def _only(job: PredictJob, pairs: tuple[Pair, ...]) -> PredictJob:
    return replace(job, pairs=pairs)


def _left_over(out: Path, pairs: tuple[Pair, ...]) -> Outputs:
    if not out.is_dir() or not any(out.iterdir()):
        return {}
    try:
        outputs = match(out, pairs).outputs
    except InputError:  # interrupted while it wrote under temporary names: it will write them again
        return {}
    return {pair: samples for pair, samples in outputs.items() if all(_whole(path) for path in samples.values())}


def _whole(path: Path) -> bool:
    try:
        images.read_png(path, "replicate")
    except InputError:
        return False
    return True


def run_program(name: str, template: str, scratch: Path, job: PredictJob) -> MethodError | None:
    """Run the program until it ends; returns its failure, if any, as one sentence."""
    (scratch / "out").mkdir(parents=True, exist_ok=True)
    folders = {name: str((scratch / name).resolve()) for name in FOLDERS}
    command = _words(template, {**folders, "seed": str(job.page.seed), "samples": str(job.samples)})
    log = scratch / "log.txt"
    try:
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )
            try:
                code = process.wait(job.timeout)
            except BaseException:  # a timeout or Ctrl-C: stop the program and its children
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
    except subprocess.TimeoutExpired:
        return MethodError(
            f"{name}: the program exceeded its time limit of {job.timeout:g} seconds and was stopped. See --timeout."
        )
    except OSError as error:
        return MethodError(f"{name}: the program cannot be started: {error.strerror}: {command[0]}.")
    if code != 0:
        message = log.read_text(errors="replace").strip().splitlines()[-1:]
        return MethodError(f"{name}: the program ended with code {code}{f': {message[0][:300]}' if message else ''}.")
    return None


def _words(template: str, values: Mapping[str, str]) -> list[str]:
    """The words of a command line with its placeholders replaced by values, whatever characters these contain."""
    return [
        "".join(text + (values[field] if field else "") for text, field, _, _ in _PARSER.parse(word))
        for word in shlex.split(template)
    ]


def outputs_in(out: Path, pairs: tuple[Pair, ...], failure: MethodError | None) -> Outputs:
    """The outputs of a program by pair. Raises its failure, or MethodError for missing or wrong outputs."""
    if not any(out.iterdir()):
        raise failure or MethodError(f"{out}: the program succeeded but wrote no output.")
    try:
        return match(out, pairs, broken_off=failure is not None).outputs
    except InputError as error:
        raise failure or MethodError(str(error)) from error


def _probe(name: str, template: str, job: PredictJob) -> None:
    scratch = job.scratch.with_name(job.scratch.name + "-probe")
    shutil.rmtree(scratch, ignore_errors=True)

    def predict(image: images.Images, mask: images.Masks) -> images.Images:
        for number, (pixels, hole) in enumerate(zip(images.eight_bit(image), mask[:, 0].numpy() > 0, strict=True)):
            write_whole(scratch / "images" / f"{number:05d}.png", images.png_bytes(pixels))
            write_whole(scratch / "masks" / f"{number:05d}.png", images.png_bytes(images.mask_values(hole)))
        if failure := run_program(name, template, scratch, job):
            raise failure
        pairs = tuple(Pair(f"{n:05d}", f"{n:05d}.png", f"{n:05d}.png") for n in range(len(image)))
        outputs = outputs_in(scratch / "out", pairs, None)
        if len(outputs) < len(pairs):
            raise MethodError(f"{name}: the program wrote {len(outputs)} outputs for the two probe images.")
        return torch.stack(
            [from_pixels(images.read_png(next(iter(outputs[p.pair].values())), "replicate")[0]) for p in pairs]
        )

    try:
        refuse_inverted(name, predict, job.page.size or 256)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
