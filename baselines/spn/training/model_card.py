"""Write the model card of weights that ship, from what is known of the runs that trained them, one after the other.

python -m baselines.spn.training.model_card METHOD RUN [RUN...] > baselines/spn/METHOD.md
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import msgspec

from baselines.spn.training.photographs import TABLE, read_table
from baselines.spn.training.trainer import KNOWN
from inpaint_bench import files

SHOWN = ("psnr", "ssim", "mae", "psnr_hole", "mae_hole")


def model_card(method: str, weights: Path, runs: Sequence[dict[str, Any]]) -> str:
    """Markdown: what the file is, what it was trained on, at what cost, and how validation went.

    `weights` is what the last run made, `runs` what is known of each; each begins with the weights of the one before.
    """
    known = runs[-1]
    best, config = known["best"], known["config"]
    licences = "; ".join(sorted({row["licence"] for row in read_table(TABLE)}))
    facts = {
        "File": f"`{method}.safetensors`, half precision, {weights.stat().st_size:,} bytes, sha256 "
        f"`{files.file_sha256(weights)}`.",
        "Use": "a real SPN in every run, with no download. It is a quarter as wide as the paper's and was trained on a "
        "processor within hours: its numbers say nothing about the paper's network.",
        "Data": f"{known['photographs']} photographs to learn from and {config['validation']} for validation, listed "
        "with photographer, source and licence in `training/photographs.csv`. None is a photograph of the "
        "sample dataset or nearly one; a test compares their perceptual hashes. Holes are drawn.",
        "Licence": f"Apache-2.0, as the project. The photographs' own: {licences}.",
        "Training": " ".join(_told(method, number, run) for number, run in enumerate(runs)),
        "Chosen": f"the weights of step {best['step']:,}, with the best {best['metric']} of the validation "
        f"photographs, {best['value']:.4f}. No picture of a test set took part in this choice.",
    }
    told = "\n".join(
        fill(f"- **{name}**: {fact}", 120, subsequent_indent="  ", break_on_hyphens=False)
        for name, fact in facts.items()
    )
    about = f"Means over the composites of the validation photographs, {config['validation_size']} pixels a side."
    curves = "\nThe last part:\n\n".join(_curve(run["validation"]) for run in runs)
    return f"# {method}\n\n{told}\n\n## Validation\n\n{about}\n\n{curves}"


def _told(method: str, number: int, known: dict[str, Any]) -> str:
    """How a run was started and what it cost."""
    settings = known["config"]["stages"]
    stages = ", then ".join(f"{s['steps']:,} steps of {s['batch']} at {s['size']} pixels" for s in settings)
    command = f"`inpaint-bench train {method} --images PHOTOGRAPHS --out RUN`, by `training/recipes/{method}.toml`"
    if number:
        command = (
            f"Then `--config training/{method}-last.toml --set weights_file=RUN/best.safetensors` with another `--out`"
        )
    return (
        f"{command}: {stages}. {known['steps']:,} steps, {known['pictures']:,} pictures, "
        f"{known['seconds']:,} seconds on {known['machine']}; processes: {known['processes']}."
    )


def _curve(rows: list[dict[str, float]]) -> str:
    lines = [f"| step | {' | '.join(SHOWN)} |", f"|---:{'|---:' * len(SHOWN)}|"]
    lines += [f"| {row['step']:.0f} | {' | '.join(f'{row[name]:.4f}' for name in SHOWN)} |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    method, *runs = sys.argv[1:]
    every = [msgspec.json.decode((Path(run) / KNOWN).read_bytes()) for run in runs]
    print(model_card(method, Path(runs[-1]) / "best.safetensors", every), end="")
