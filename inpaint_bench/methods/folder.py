"""A method that is a folder of existing outputs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.errors import BenchError, IncompleteError, InputError, some
from inpaint_bench.methods.base import Method, Prediction, PredictJob
from inpaint_bench.methods.layouts import Outputs, match
from inpaint_bench.threads import in_order


def folder_method(name: str, folder: Path, every_pair: Sequence[Pair], samples: int) -> Method:
    """The outputs in a folder, at most the first `samples` of each pair.

    Raises InputError unless they fit one of the known layouts.
    """
    matched = match(folder, every_pair).first(samples)
    return Method(
        name,
        f"folder:{folder.resolve()}",
        "",
        lambda job: read_outputs(matched.outputs, folder, job),
        stale=lambda pair, texts: _source_of(matched.outputs.get(pair.pair, {}), texts) != texts.get("source"),
        notes=str(matched),
    )


def _source_of(samples: dict[int | None, Path], texts: Mapping[str, str]) -> str | None:
    sample = texts.get("sample")
    path = samples.get(None if sample is None else int(sample))
    return files.file_sha256(path) if path else None


def read_outputs(outputs: Outputs, folder: Path, job: PredictJob) -> Iterator[Prediction]:
    """Every output of the job's pairs.

    Raises InputError or IncompleteError, after the last usable one, naming pairs with an unusable or missing output.
    """
    for pair, samples in outputs.items():
        if None not in samples and len(samples) != job.samples:
            raise InputError(
                f"{folder}: pair {pair} has {len(samples)} samples; the protocol takes {job.samples} from a stochastic "
                "method. Provide that many, or one output per pair."
            )
    wrong: list[BenchError] = []
    missing = [pair.pair for pair in job.pairs if pair.pair not in outputs]
    present = [pair for pair in job.pairs if pair.pair in outputs]
    for found in in_order(lambda pair: _read_pair(outputs, job, pair), present, job.jobs):
        if isinstance(found, BenchError):
            wrong.append(found)
        else:
            yield from found
    if wrong:
        more = f" {len(wrong) - 1} more outputs cannot be used." if len(wrong) > 1 else ""
        raise type(wrong[0])(f"{wrong[0]}{more}")
    if missing:
        raise IncompleteError(f"{folder}: {len(missing)} of {len(job.pairs)} pairs have no output: {some(missing)}.")


def _read_pair(outputs: Outputs, job: PredictJob, pair: Pair) -> list[Prediction] | BenchError:
    prepared = job.prepare(pair)
    try:
        return [_read(path, sample, prepared) for sample, path in sorted(outputs[pair.pair].items(), key=str)]
    except InputError as error:
        return error


def _read(path: Path, sample: int | None, prepared: Prepared) -> Prediction:
    from inpaint_bench.methods.predictions import from_pixels  # heavy

    pixels = read_output(path, prepared)
    return Prediction(prepared, sample, from_pixels(pixels), files.file_sha256(path))


def read_output(path: Path, prepared: Prepared) -> Pixels:
    """An output file as pixels. Raises InputError unless it is an RGB PNG of its image's size, or grey as its image."""
    target = prepared.target
    pixels, _ = images.read_png(path, "replicate" if (target == target[..., :1]).all() else "refuse")
    if pixels.shape != prepared.target.shape:
        got, wanted = (f"{shape[1]}x{shape[0]}" for shape in (pixels.shape, prepared.target.shape))
        raise InputError(f"{path}: pair {prepared.pair.pair}: the output is {got}; the image is {wanted}.")
    return pixels
