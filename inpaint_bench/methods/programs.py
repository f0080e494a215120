"""A method that is a program: it reads a folder of images and one of masks, and writes a folder of outputs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench.data import images
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import export_pair
from inpaint_bench.disk import passing, refuse_way_out
from inpaint_bench.errors import IncompleteError, InputError, MethodError, some
from inpaint_bench.files import write_whole
from inpaint_bench.methods.base import Method, Prediction, PredictJob
from inpaint_bench.methods.code import folder_code, only_known, program_code
from inpaint_bench.methods.commands import empty, run_command, words_of
from inpaint_bench.methods.entries import placeholders
from inpaint_bench.methods.folder import read_outputs
from inpaint_bench.methods.layouts import Outputs, match
from inpaint_bench.threads import in_order

if TYPE_CHECKING:  # heavy
    from inpaint_bench.data.tensors import Images, Masks

FOLDERS = ("images", "masks", "out")
ALLOWED = {*FOLDERS, "seed", "samples", "prompts"}


def program_method(name: str, template: str, folder: Path | None = None) -> Method:
    """A command line with the placeholders {images}, {masks} and {out}, and optionally {seed}, {samples}, {prompts}.

    The last one is a JSON file with the prompt of every pair by its name.

    Its code is in `folder` if one is given, else in the files that the command names.

    Raises InputError if one of the three is missing or another one is present.
    """
    used = placeholders(f"{name}=exec:{template}", template)
    if not {*FOLDERS} <= used <= ALLOWED:
        raise InputError(
            f"{name}=exec:{template}: a command needs {{images}}, {{masks}} and {{out}}, "
            "and may use {seed}, {samples} and {prompts}; no other braces are allowed."
        )
    code, known = (folder_code(folder), "") if folder else program_code(template)
    source = f"exec:{template}"
    return Method(
        name, source, code, lambda job: _in_passing(name, template, job), command=template, notes=only_known(known)
    )


def _in_passing(name: str, template: str, job: PredictJob) -> Iterator[Prediction]:
    with passing(job.scratch), passing(_probing(job.scratch)):
        yield from _predict(name, template, job)


def _predict(name: str, template: str, job: PredictJob) -> Iterator[Prediction]:
    out = job.scratch / "out"
    left_over = _left_over(out, job.pairs)  # of an interrupted run: complete outputs are used
    if left_over:
        have = tuple(pair for pair in job.pairs if pair.pair in left_over)
        yield from read_outputs(left_over, out, _only(job, have))
        job = _only(job, tuple(pair for pair in job.pairs if pair.pair not in left_over))
    if not job.pairs:
        empty(job.scratch)
        return
    _probe(name, template, job)
    empty(job.scratch)
    for _ in in_order(lambda pair: export_pair(job.prepare(pair), job.scratch), job.pairs, job.jobs):
        pass
    failure = run_program(name, template, job.scratch, job)
    outputs = outputs_in(out, job.pairs, failure)
    yield from _finished(outputs, out, job, failure)
    empty(job.scratch)


def _finished(outputs: Outputs, out: Path, job: PredictJob, failure: MethodError | None) -> Iterator[Prediction]:
    """The outputs that the program finished; then raises its failure, if it failed."""
    done = tuple(pair for pair in job.pairs if pair.pair in outputs)
    try:
        yield from read_outputs(outputs, out, _only(job, done) if failure else job)
    except (InputError, IncompleteError) as error:
        raise failure or error from error
    if failure:
        raise failure


def _only(job: PredictJob, pairs: Sequence[Pair]) -> PredictJob:
    return replace(job, pairs=pairs)


def _left_over(out: Path, pairs: Sequence[Pair]) -> Outputs:
    if _no_outputs(out):
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
    """Run the program until it ends; returns its failure, if any, as one sentence. Nothing that it started is left."""
    refuse_way_out(scratch / "out")
    (scratch / "out").mkdir(parents=True, exist_ok=True)
    folders = {name: str((scratch / name).resolve()) for name in FOLDERS}
    prompts = scratch / "prompts.json"
    if "{prompts}" in template:
        write_whole(prompts, json.dumps({pair.pair: pair.prompt for pair in job.pairs}).encode())
    facts = {"seed": str(job.page.seed), "samples": str(job.samples), "prompts": str(prompts.resolve())}
    return run_command(name, words_of(template, folders | facts), scratch / "log.txt", job.timeout)


def outputs_in(out: Path, pairs: Sequence[Pair], failure: MethodError | None) -> Outputs:
    """The outputs of a program by pair. Raises its failure, or MethodError for missing or wrong outputs."""
    if problem := _no_outputs(out):
        raise failure or MethodError(problem)
    try:
        matched = match(out, pairs, broken_off=failure is not None)
    except InputError as error:
        raise failure or MethodError(str(error)) from error
    if matched.others and not failure:
        raise MethodError(f"{out / matched.others[0]}: not a PNG file. A program must write nothing else there.")
    return matched.outputs


def _no_outputs(out: Path) -> str:
    """What is wrong with a folder that a program was to write files into; '' if nothing is.

    A link may lead anywhere, and a pipe never ends: neither is opened.
    """
    if out.is_symlink() or not out.is_dir():
        return f"{out}: the program removed this folder, or replaced it. It must write its outputs into it."
    found = sorted(out.iterdir())
    if strange := [path.name for path in found if path.is_symlink() or not (path.is_file() or path.is_dir())]:
        return f"{out}: the program wrote {some(strange)}, which is a link or no file. It must write PNG files."
    return "" if found else f"{out}: the program succeeded but wrote no output."


def _probing(scratch: Path) -> Path:
    return scratch.with_name(scratch.name + "-probe")


def _probe(name: str, template: str, job: PredictJob) -> None:
    import torch

    from inpaint_bench.data import tensors
    from inpaint_bench.methods.predictions import from_pixels
    from inpaint_bench.methods.probe import refuse_inverted

    scratch = _probing(job.scratch)
    empty(scratch)

    def predict(image: "Images", mask: "Masks") -> "Images":
        for number, (pixels, hole) in enumerate(zip(tensors.eight_bit(image), mask[:, 0].numpy() > 0, strict=True)):
            write_whole(scratch / "images" / f"{number:05d}.png", images.png_bytes(pixels))
            write_whole(scratch / "masks" / f"{number:05d}.png", images.png_bytes(images.mask_values(hole)))
        pairs = tuple(Pair(f"{n:05d}", f"{n:05d}.png", f"{n:05d}.png") for n in range(len(image)))
        if failure := run_program(name, template, scratch, _only(job, pairs)):
            raise failure
        outputs = outputs_in(scratch / "out", pairs, None)
        if len(outputs) < len(pairs):
            raise MethodError(f"{name}: the program wrote {len(outputs)} outputs for the two probe images.")
        return torch.stack(
            [from_pixels(images.read_png(next(iter(outputs[p.pair].values())), "replicate")[0]) for p in pairs]
        )

    try:
        refuse_inverted(name, predict, job.page.size or 256)
    finally:
        empty(scratch)
