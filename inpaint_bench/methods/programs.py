"""A method that is any program: it reads a folder of images and one of masks, and writes a folder of outputs."""

import os
import shlex
import shutil
import signal
import string
import subprocess
from collections.abc import Iterator
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

WANTED = {"images", "masks", "out"}
ALLOWED = WANTED | {"seed", "samples"}


def program_method(name: str, template: str) -> Method:
    """A command line with {images}, {masks} and {out} in it, and {seed} and {samples} where it wants them.

    Raises InputError when the line lacks one of the three or names something else.
    """
    if template[:1] in ("'", '"') and template.find(template[0], 1) == len(template) - 1:
        template = template[1:-1]  # quoted as a whole, where no shell took the quotes off
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
        shlex.split(template)
    except ValueError as error:
        raise InputError(
            f"{name}=exec:{template}: {error}. Write {{{{ and }}}} for braces that are meant, and close quotes."
        ) from error
    used = {field for _, field, _, _ in parts}
    if not WANTED <= used <= ALLOWED or any(form or conversion for _, _, form, conversion in parts):
        raise InputError(
            f"{name}=exec:{template}: a command names {{images}}, {{masks}} and {{out}}, "
            "and may name {seed} and {samples}; nothing else stands in braces."
        )
    return Method(name, f"exec:{template}", "", lambda job: _make(name, template, job), command=template)


def _make(name: str, template: str, job: PredictJob) -> Iterator[Prediction]:
    out = job.scratch / "out"
    left_over = _left_over(out, job.pairs)  # of a run that was stopped: what is whole is used
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
    """Whatever the program finished is kept; then its failure, if it failed, is on_progress."""
    made = tuple(pair for pair in job.pairs if pair.pair in outputs)
    try:
        yield from read_outputs(outputs, out, _only(job, made) if failure else job)
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
    except InputError:  # the program was stopped while it wrote under other names: it will write them again
        return {}
    return {pair: samples for pair, samples in outputs.items() if all(_whole(path) for path in samples.values())}


def _whole(path: Path) -> bool:
    try:
        images.read_png(path)
    except InputError:
        return False
    return True


def run_program(name: str, template: str, scratch: Path, job: PredictJob) -> MethodError | None:
    """Run the program to its end; its failure, if it fails, in one sentence."""
    (scratch / "out").mkdir(parents=True, exist_ok=True)
    places = {part: shlex.quote(str((scratch / part).resolve())) for part in ("images", "masks", "out")}
    command = shlex.split(template.format(**places, seed=job.page.seed, samples=job.samples))
    log = scratch / "log.txt"
    try:
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )
            try:
                code = process.wait(job.timeout)
            except BaseException:  # a time-out or Ctrl-C: the program and what it started must not live on
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
    except subprocess.TimeoutExpired:
        return MethodError(f"{name}: the program ran past its {job.timeout:g} seconds and was stopped. See --timeout.")
    except OSError as error:
        return MethodError(f"{name}: the program cannot be started: {error.strerror}: {command[0]}.")
    if code != 0:
        message = log.read_text(errors="replace").strip().splitlines()[-1:]
        return MethodError(f"{name}: the program ended with code {code}{f': {message[0][:300]}' if message else ''}.")
    return None


def outputs_in(out: Path, pairs: tuple[Pair, ...], failure: MethodError | None) -> Outputs:
    """What a program wrote, by pair. Raises its failure, or MethodError for no or wrong output."""
    if not any(out.iterdir()):
        raise failure or MethodError(f"{out}: the program ended well but wrote no output.")
    try:
        return match(out, pairs, broken_off=failure is not None).outputs
    except InputError as error:
        raise failure or MethodError(str(error)) from error


def _probe(name: str, template: str, job: PredictJob) -> None:
    scratch = job.scratch.with_name(job.scratch.name + "-probe")
    shutil.rmtree(scratch, ignore_errors=True)

    def predict(image: images.Images, mask: images.Masks) -> images.Images:
        for number, (picture, hole) in enumerate(zip(images.eight_bit(image), mask[:, 0].numpy() > 0, strict=True)):
            write_whole(scratch / "images" / f"{number:05d}.png", images.png_bytes(picture))
            write_whole(scratch / "masks" / f"{number:05d}.png", images.png_bytes(images.mask_values(hole)))
        if failure := run_program(name, template, scratch, job):
            raise failure
        pairs = tuple(Pair(f"{n:05d}", f"{n:05d}.png", f"{n:05d}.png") for n in range(len(image)))
        outputs = outputs_in(scratch / "out", pairs, None)
        if len(outputs) < len(pairs):
            raise MethodError(f"{name}: the program wrote {len(outputs)} outputs for the two images of the probe.")
        return torch.stack([from_pixels(images.read_png(next(iter(outputs[p.pair].values())))[0]) for p in pairs])

    try:
        refuse_inverted(name, predict, job.page.size or 256)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
