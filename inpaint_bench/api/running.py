"""`run` and `predict`: a dataset inpainted by methods, and scored."""

from collections.abc import Mapping
from typing import Any

from inpaint_bench.api.arguments import JOBS, AnyPath, Methods, Metrics, Names
from inpaint_bench.api.executing import open_executor
from inpaint_bench.api.pipeline import Pipeline
from inpaint_bench.api.run import Run
from inpaint_bench.data.parts import Shard


def run(
    dataset: str = "sample",
    methods: Methods = None,
    metrics: Metrics = None,
    *,
    data: AnyPath | None = None,
    pairs: AnyPath | None = None,
    targets: AnyPath | None = None,
    masks: AnyPath | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
    baselines: AnyPath | None = None,
    weights: Mapping[str, str] | None = None,
    device: str = "auto",
    batch: int = 8,
    jobs: int = JOBS,
    timeout: float | None = None,
    out: AnyPath | None = None,
    allow_known_error: bool = False,
    code: AnyPath | None = None,
    fresh: Names = None,
    quiet: bool = False,
    mask_threshold: int | None = None,
    fetch: bool = False,
    accept_licence: bool = False,
    io: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
    resize_for_method: bool = False,
    offload: bool = False,
    processes: int = 1,
    gpus: int = 0,
    executor: str = "",
    units: int | None = None,
    allow_mixed: bool = False,
    better: Mapping[str, str] | None = None,
    verify: bool = False,
    samples: str = "chosen",
    log: Names = None,
) -> Run:
    """Inpaint every pair of a dataset with each method, score the composites, and return the run.

    Called again with the same arguments it resumes: finished pairs are not computed twice.

    Args:
        dataset: a protocol's name, the path of a protocol page, or 'photos:DIR' for a folder of photographs.
        methods: names of baselines, separated by commas or in a list; or a dict of names, each with an entry such as
            'folder:results', 'python:module:load' or 'exec:…', or with a callable `(image, mask) -> prediction` on
            tensors: image (batch, 3, height, width) in [0, 1] with zeros in the hole, mask (batch, 1, height, width)
            with 1 in the hole. A callable of `(image, mask, seeds)` is stochastic: seeds (batch, samples), predictions
            (batch, samples, 3, height, width). Default: every method that can run here.
        metrics: names, or 'all'; or a dict of names, each with a function `(composite, target, mask) -> number` on
            arrays of a pair or an entry such as 'python:module:function' or 'exec:…'. Default: the protocol's.
        data: the folder that holds the dataset's images/ and masks/.
        pairs: another list of pairs, as `pairs import` writes it.
        targets, masks: in place of `dataset`, a folder of images and one of masks of the same names or of LaMa's, as
            a_mask000.png, or one mask file for all; 255 in the hole.
        limit: only the first so many pairs.
        shard: (k, n) for the k-th of n parts of these pairs, (k, l, n) for the k-th to the l-th; `merge` joins them.
        baselines: a folder of baselines of one's own, each with a card.toml.
        weights: by method, or '*' for all, a weights file or 'synthetic'.
        device: 'auto' (cuda, else mps, else cpu), 'cpu', 'cuda', 'cuda:1' or 'mps'.
        batch: images that a network takes at once.
        jobs: threads that read and write.
        timeout: seconds that an exec: program may run, a method or a metric.
        out: the run folder. Default: runs/<dataset>.
        allow_known_error: score outputs whose known region is far from the target's.
        code: the folder that the code of exec: and python: methods and metrics is in; a change in it is noticed.
        fresh: methods whose finished pairs are computed anew.
        quiet: no progress bars.
        mask_threshold: with `masks`, values above it are hole, 0 to 254. Default: 255 is, and all others must be 0.
        fetch, accept_licence: first fetch the published weights of named methods that have none here, as licensed.
        io: by method, or '*' for all, the contract of an exported network ('torchscript:FILE', 'onnx:FILE'), as --io.
        options: by method, values of the options that it declares, as in {'sdxl-inpaint': {'steps': 30}}.
        resize_for_method: resize images for methods that do not take their size, and predictions back; recorded.
        offload: keep one part at a time of a model on the GPU, where the method can (diffusion models).
        processes: cut the run into shards, and work on them in so many processes of this machine.
        gpus: with `processes`, give each process one of the first so many GPUs; 1 process each by default.
        executor: 'slurm:KEY=VALUE,…', 'ray:ADDRESS,KEY=VALUE,…' or a plug-in's: where the run is worked on, in units.
        units: of each method, where the run is worked on in units. Default: so many that each is some ten minutes.
        better: of metrics of one's own, 'lower' or 'higher'; their functions may say it by an attribute `better`.
        allow_mixed: let machines that differ work on one method; recorded, and noted in tables.
        verify: hash every composite again, not only those that moved, and derive results that are up to date too.
        samples: of a stochastic method, those that have features and objects: the 'chosen' ones, or 'all'.
        log: 'wandb', 'mlflow', 'tensorboard' or 'trackio', or several: where results are logged, as `Run.log` does.

    Raises:
        InputError: for an unknown name, a file that cannot be used, or a method that fails on bad input.
        IncompleteError: where a method failed on a pair, weights cannot be fetched, or a logger failed; what was
            finished is kept.
        HashError: where a target, mask or scored composite is not what it was, or weights are not the published ones.

    >>> import inpaint_bench as ib
    >>> run = ib.run("sample", methods=["mean-fill"], metrics=["psnr"], limit=2, out="runs/doctest", quiet=True)
    >>> run.results.query("metric == 'psnr' and bucket == 'all'")[["method", "n"]].values.tolist()
    [['mean-fill', 2]]
    """
    outcome = Pipeline(
        dataset, methods, metrics, data, pairs, targets, masks, limit, shard, baselines, weights or {}, device, batch,
        jobs, timeout, out, code=code, fresh=fresh, allow_known_error=allow_known_error, quiet=quiet,
        mask_threshold=mask_threshold, fetch=fetch, accept_licence=accept_licence, io=io or {},
        options=options or {}, resize_for_method=resize_for_method, offload=offload,
        executor=open_executor(executor, processes, gpus), units=units, allow_mixed=allow_mixed, better=better or {},
        verify=verify, samples=samples,
    ).run(log=log)  # fmt: skip
    outcome.raise_failures()
    return outcome.run


def predict(dataset: str = "sample", methods: Methods = None, **options: Any) -> Run:
    """Inpaint every pair with each method and save the composites; nothing is scored or logged.

    Parameters as those of `run`.

    Raises what `run` raises.
    """
    engine = open_executor(options.pop("executor", ""), options.pop("processes", 1), options.pop("gpus", 0))
    outcome = Pipeline(dataset, methods, executor=engine, **options).predict()
    outcome.raise_failures()
    return outcome.run
