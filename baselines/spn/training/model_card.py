"""Write the model card of weights in this repository, from the summaries of the runs that trained them, in order.

python -m baselines.spn.training.model_card METHOD RUN [RUN...] > baselines/spn/METHOD.md
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import msgspec

from baselines.spn.training.build_dataset import TABLE, read_table
from baselines.spn.training.train import SUMMARY
from inpaint_bench import files

METRICS = ("psnr", "ssim", "mae", "psnr_hole", "mae_hole")


def model_card(method: str, weights: Path, runs: Sequence[dict[str, Any]]) -> str:
    """The card as Markdown: the file, its training data, the cost of training, and the validation metrics.

    `weights` are those of the last run, `runs` the summaries; each run starts from the weights of the previous one.
    """
    last = runs[-1]
    best, config = last["best"], last["config"]
    licences = "; ".join(sorted({row["licence"] for row in read_table(TABLE)}))
    facts = {
        "File": f"`{method}.safetensors`, half precision, {weights.stat().st_size:,} bytes, sha256 "
        f"`{files.file_sha256(weights)}`.",
        "Use": "a trained SPN that needs no download. It has a quarter of the paper's width and was trained on a CPU "
        "within hours: its numbers say nothing about the paper's network.",
        "Data": f"{last['photographs']} training photographs and {config['validation']} for validation, listed with "
        "photographer, source and licence in `training/photographs.csv`. None is a photograph of the sample dataset "
        "or a near-duplicate of one; a test compares their perceptual hashes. Masks are generated.",
        "Licence": f"Apache-2.0, like the project. Licences of the photographs: {licences}.",
        "Training": " ".join(_training(method, number, run) for number, run in enumerate(runs)),
        "Selection": f"the weights of step {best['step']:,}, with the best {best['metric']} on the validation "
        f"photographs, {best['value']:.4f}. No image of a test set was used.",
    }
    items = "\n".join(
        fill(f"- **{name}**: {fact}", 120, subsequent_indent="  ", break_on_hyphens=False)
        for name, fact in facts.items()
    )
    about = f"Means over the composites of the validation photographs at {config['validation_size']} pixels."
    curves = "\nFine-tuning:\n\n".join(_curve(run["validation"]) for run in runs)
    return f"# {method}\n\n{items}\n\n## Validation\n\n{about}\n\n{curves}"


def _training(method: str, number: int, run: dict[str, Any]) -> str:
    """The command of a run and its cost."""
    settings = run["config"]["stages"]
    stages = ", then ".join(f"{s['steps']:,} steps of {s['batch']} at {s['size']} pixels" for s in settings)
    command = f"`inpaint-bench train {method} --images PHOTOGRAPHS --out RUN`, by `training/configs/{method}.toml`"
    if number:
        command = (
            f"Then `--config training/configs/overrides/{method}-finetune.toml --set weights_file=RUN/best.safetensors`"
            " with another `--out`"
        )
    return (
        f"{command}: {stages}. {run['steps']:,} steps, {run['pictures']:,} images, "
        f"{run['seconds']:,} seconds on {run['machine']}; processes: {run['processes']}."
    )


def _curve(rows: list[dict[str, float]]) -> str:
    lines = [f"| step | {' | '.join(METRICS)} |", f"|---:{'|---:' * len(METRICS)}|"]
    lines += [f"| {row['step']:.0f} | {' | '.join(f'{row[name]:.4f}' for name in METRICS)} |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    method, *runs = sys.argv[1:]
    every = [msgspec.json.decode((Path(run) / SUMMARY).read_bytes()) for run in runs]
    print(model_card(method, Path(runs[-1]) / "best.safetensors", every), end="")
