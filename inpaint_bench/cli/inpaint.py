"""`inpaint`: one picture of any size through one method."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, as_named_files, option, quiet_option


@click.command()
@click.argument("image", type=FOLDER)
@click.argument("mask", type=FOLDER)
@option("--method", required=True, help="A name, or your own: mine=python:MODULE:FUNCTION, mine=exec:'COMMAND …'.")
@option("--out", type=FOLDER, required=True, help="The PNG file to write; of several samples FILE.s0.png and so on.")
@option("--baselines", type=FOLDER, help="A folder of your own baselines, each with its card.toml.")
@option(
    "--weights",
    metavar="NAME=FILE",
    multiple=True,
    callback=as_named_files,
    help="The weights of the method. FILE may be synthetic: values made from names, which paint nonsense.",
)
@option("--dataset", default="sample", show_default=True, help="For which dataset weights are looked for.")
@option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
@option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of a stochastic method.")
@option("--samples", type=click.IntRange(1), default=1, show_default=True, help="Of a stochastic method.")
@quiet_option
def inpaint(
    image: Path,
    mask: Path,
    method: str,
    out: Path,
    baselines: Path | None,
    weights: dict[str, str],
    dataset: str,
    device: str,
    seed: int,
    samples: int,
    quiet: bool,
) -> None:
    """Fill the hole of IMAGE that MASK shows (255 is the hole) and write the composite.

    IMAGE is 8-bit RGB or grey, of any size; pixels are taken as the file stores them, whatever rotation it asks of a
    viewer. What the method does not take in size is reflected at the edge or seen in windows. Outside the hole
    nothing changes.
    """
    import tempfile

    from inpaint_bench import files
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.cli.progress import note
    from inpaint_bench.data import images
    from inpaint_bench.data.protocols import page_path, read_page
    from inpaint_bench.runner.inpaint import Brush, open_method, output_paths, read_picture
    from inpaint_bench.weights import SYNTHETIC

    paths = output_paths(out, samples, (image, mask))
    where, picture = open_device(device), read_picture(image, mask)
    chosen, sizes = open_method(method, dataset, baselines, weights)
    if chosen.weights.sha256 == SYNTHETIC:
        note(f"{chosen.name}: synthetic weights paint nonsense.", quiet)
    files.cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="inpaint-", dir=files.cache_dir()) as scratch:
        brush = Brush(chosen, sizes, Path(scratch) / "program", where, seed, samples)
        composites = brush.paint(picture, read_page(page_path(dataset)))
    for path, composite in zip(paths, composites, strict=True):
        files.write_whole(path, images.png_bytes(composite))
        click.echo(f"{path}: {int(picture.hole.sum())} pixels by {chosen.name}.")
