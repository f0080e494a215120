"""Image features on disk: a .npy file with a row a picture, and a .json file that says which picture each row is of.

Those of a method's composites lie in its folder, those of the targets in `_targets`. A row is made anew when its
picture or the network has changed since; networks do not run twice on one picture, whatever it is called.
"""

from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.metrics.cache import features_of
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.pictures import ALL, Picture, Samples, offered, pictures, still_counted
from inpaint_bench.runner.progress import Bar, no_bar
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.stored import TARGETS, FeatureRow, features_path, usable_index, write_features
from inpaint_bench.threads import in_order


def measure_features(
    run: RunFolder,
    dataset: Dataset,
    folder: str,
    extractor: Extractor,
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
    counted: Samples = ALL,
) -> None:
    """Compute the features of a method's composites, or of the targets, unless the file is up to date.

    Of a stochastic method those of the samples that are `counted`, and of all where the file holds more already.
    """
    path = features_path(run, folder, extractor.name)
    before = usable_index(path) if sums.trusted(run.path, path.with_suffix(".json")) else None
    measured = [(row.pair, row.sample) for row in before.rows] if before else []
    listed = pictures(run, folder, still_counted(counted, measured))
    rows = tuple(FeatureRow(one.pair.pair, one.sample, one.hash) for one in listed)
    if before and (before.signature, before.rows) == (extractor.signature(), rows):
        return

    def decoded(one: Picture) -> Pixels:
        return one.pixels(run, one.prepared(dataset)) if folder == TARGETS else one.composite(run)

    source = (offered(pixels) for pixels in in_order(decoded, listed, runtime.jobs))
    made = features_of(extractor, source, runtime.metric_device)
    with bar(f"{folder.lstrip('_')}: {extractor.name}", len(rows)) as advance:
        write_features(path, extractor.signature(), rows, extractor.width, made, advance)
    sums.write_sums(run.path, path, path.with_suffix(".json"))
