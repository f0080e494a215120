"""Results as `model-index`: the metadata from which the Hugging Face hub shows what a model reached."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_bench import __version__, files
from inpaint_bench.api.arguments import AnyPath, Names, as_names
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.errors import InputError, refuse_unknown

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TASK = "image-to-image"  # the hub's task that inpainting belongs to


def model_index(run: Run | AnyPath, method: str, metrics: Names = None, card: AnyPath | None = None) -> str:
    """A method's results over all pairs as YAML; with `card`, a model card's text with them, which is written.

    Each result states its signature, fingerprint, pixel digest and number of pairs. Raises InputError for an unknown
    method or metric, where there is no finite result, and for a card whose metadata cannot be read.

    >>> import inpaint_bench as ib
    >>> run = ib.run("sample", methods=["mean-fill"], metrics=["psnr"], limit=2, out="runs/two", quiet=True)
    >>> ib.model_index(run, "mean-fill").splitlines()[:2]
    ['model-index:', '- name: mean-fill']
    """
    from huggingface_hub import ModelCard, ModelCardData

    results = _results(as_run(run), method, as_names(metrics))
    if card is None:
        data: Any = ModelCardData(model_name=method, eval_results=results)
        return f"{data.to_yaml()}\n"
    path = Path(card)
    try:
        opened: Any = (
            ModelCard(files.read_bytes(path).decode("utf-8")) if path.exists() else ModelCard("---\n{}\n---\n")
        )
        kept = [one for one in opened.data.eval_results or () if not _replaced(one, results)]
    except (OSError, ValueError, TypeError, KeyError) as error:  # UnicodeDecodeError among them
        raise InputError(
            f"{path}: not a model card whose metadata can be read ({' '.join(str(error).split())})."
        ) from error
    opened.data.model_name = opened.data.model_name or method
    opened.data.eval_results = [*kept, *results]
    text = str(opened)
    files.write_if_changed(path, text.encode())
    return text


def _replaced(one: "EvalResult", results: "list[EvalResult]") -> bool:
    """Whether a result of a card is of the same dataset and metric as a new one."""
    return any((one.dataset_type, one.metric_name) == (new.dataset_type, new.metric_name) for new in results)


def _results(run: Run, method: str, metrics: list[str]) -> "list[EvalResult]":
    from huggingface_hub import EvalResult

    refuse_unknown("method here is", [method], run.methods)
    whole = [one for one in run.result_list if one.method == method and one.bucket == "all"]
    main = [one for one in whole if one.reduction in ("none", run.main_reduction(method).name)]
    refuse_unknown("metric measured here is", metrics, {one.metric for one in main})
    kept = [one for one in main if one.metric in (metrics or [one.metric])]
    finite = [one for one in kept if one.value is not None and math.isfinite(float(one.value))]
    if not finite:
        raise InputError(f"{run.path}: there is no finite result of {method} over all pairs.")
    return [
        EvalResult(
            task_type=TASK,
            dataset_type=run.dataset,
            dataset_name=f"{run.dataset}, pairs {run.fingerprint}, pixels {run.pixels[:12]}",
            dataset_args={"fingerprint": run.fingerprint, "pixels": run.pixels, "pairs": one.n},
            metric_type=one.metric,
            metric_name=one.signature,
            metric_value=float(one.value or 0.0),
            metric_args={"measured_by": f"inpaint-bench {__version__}", "reduction": one.reduction},
        )
        for one in finite
    ]
