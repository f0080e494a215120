"""Detected objects on disk: what a detector finds in each picture, and how much of what it found in the target.

A file of JSON lines in the folder of a method, of the targets (`_targets`: the upper bound of every metric) and of
the targets with white holes (`_masked`: the lower bound).
"""

import msgspec

from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.metrics import cache_file
from inpaint_bench.metrics.detection import Detect, Detections, Detector, from_row, to_row
from inpaint_bench.metrics.detection.matching import tally
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.pictures import ALL, Picture, Samples, content, pictures, still_counted
from inpaint_bench.runner.progress import Bar, no_bar
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.stored import Found, Header, objects_path, read_objects
from inpaint_bench.threads import in_order


def measure_objects(
    run: RunFolder,
    dataset: Dataset,
    folder: str,
    detector: Detector,
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
    counted: Samples = ALL,
) -> None:
    """Detect in the composites of a method, in the targets or in the masked targets, and compare with the targets.

    Of a stochastic method in the samples that are `counted`, and in all where the file holds more already.
    """
    path, header = objects_path(run, folder, detector.name), Header(1, detector.signature())
    stored = read_objects(path) if sums.trusted(run.path, path) else None
    found_before = stored.found if stored else ()
    listed = pictures(run, folder, still_counted(counted, [(one.pair, one.sample) for one in found_before]))
    usable = found_before if stored and stored.header == header else ()
    before = {(one.pair, one.sample, one.picture): one for one in usable}
    lacking = any((one.pair.pair, one.sample, one.hash) not in before for one in listed)
    detect = detector.open(runtime.metric_device) if lacking else None

    def look(picture: Picture) -> Found:
        pair, sample = picture.pair.pair, picture.sample
        if kept := before.get((pair, sample, picture.hash)):
            return kept
        assert detect is not None
        prepared = picture.prepared(dataset)
        target = detections(prepared.target, detector, detect, runtime)
        found = detections(picture.pixels(run, prepared), detector, detect, runtime)
        return Found(pair, sample, picture.hash, to_row(found), tally(target, found, prepared.hole))

    lines = [msgspec.json.encode(header)]
    with bar(f"{folder.lstrip('_')}: {detector.name}", len(listed)) as advance:
        for one in in_order(look, listed, runtime.jobs):
            lines.append(msgspec.json.encode(one))
            advance(1)
    files.write_if_changed(path, b"\n".join([*lines, b""]))
    sums.write_sums(run.path, path)


def detections(pixels: Pixels, detector: Detector, detect: Detect, runtime: RuntimeOptions) -> Detections:
    """The objects in a picture, from the cache where the same pixels were searched before."""
    key = cache_file.key_of(detector.signature(), str(runtime.metric_device), content(pixels))
    kept = cache_file.get_many([key]).get(key)
    if kept is not None:
        return from_row(msgspec.json.decode(kept))
    (found,) = detect([pixels])
    cache_file.put_many({key: msgspec.json.encode(to_row(found))})
    return found
