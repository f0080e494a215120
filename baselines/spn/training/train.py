"""A training run: from its first step, or its checkpoint, to its weights files."""

import hashlib
import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch.backends.cpu import get_cpu_capability

from baselines.spn.training.checkpoint import FILE, TrainState, initial_state, resume, save_checkpoint, save_weights
from baselines.spn.training.config import Config
from baselines.spn.training.data import Examples, MaskSource, Photographs, TrainingData, open_masks, open_photographs
from baselines.spn.training.distributed import Processes, process_group
from baselines.spn.training.loggers import TERMS, RunLog, Throughput
from baselines.spn.training.losses import Terms
from baselines.spn.training.schedule import learning_rate
from baselines.spn.training.train_step import TrainStep
from baselines.spn.training.validate import MEASURED, Validation, noise_for, open_validation, validate
from inpaint_bench import files
from inpaint_bench.errors import IncompleteError, InputError
from inpaint_bench.metrics import metric

OUT_OF_MEMORY = ("out of memory", "allocate memory", "not enough memory")  # in torch's messages, on GPU and CPU
SLOW_BF16 = ("DEFAULT", "AVX2")  # torch's names of CPU capabilities that emulate bf16
SUMMARY = "training.json"  # what is known of a finished run


@dataclass(frozen=True)
class TrainJob:
    """Everything about a run that is not a setting: its data, its folder and the hardware."""

    images: Path
    masks: str
    out: Path
    device: torch.device
    jobs: int = 1
    stop_after: int | None = None  # steps after which this call returns, as if killed there
    on_progress: Callable[[str], None] = lambda line: None
    until: float | None = None  # of time.monotonic(): from then on it returns, with a checkpoint; one process alone


def train(config: Config, job: TrainJob) -> Path:
    """Train, resuming from the checkpoint in the folder if there is one; the path of the best weights.

    Raises InputError for invalid settings, images and files, and IncompleteError, keeping the last checkpoint, when a
    loss is not finite or memory runs out.
    """
    with ExitStack() as stack:
        processes, device = stack.enter_context(process_group(job.device))
        if processes.rank == 0:
            stack.enter_context(files.only_one(job.out))
            if config.precision == "bf16" and device.type == "cpu" and get_cpu_capability() in SLOW_BF16:
                job.on_progress("This CPU computes bf16 many times slower than float32: --set precision=float32")
        _check_batches(config, processes.world_size)
        training, held_out = open_photographs(job.images, config)
        masks = open_masks(job.masks, config.hole)
        data_id = _data_id(training, held_out, masks)
        state = initial_state(config, device)
        resume(job.out, config, data_id, state, device)
        validation = open_validation(config, held_out, masks)
        data = TrainingData(config, training, masks)
        return Trainer(config, job, processes, device, state, data, validation, data_id).run()


def _check_batches(config: Config, world_size: int) -> None:
    parts = world_size * config.accumulate
    for stage in config.stages:
        if stage.batch % parts:
            raise InputError(
                f"stages: a batch of {stage.batch} cannot be split equally over {world_size} processes "
                f"and accumulate = {config.accumulate}. Choose a multiple of {parts}."
            )


def _data_id(training: Photographs, held_out: Photographs, masks: MaskSource) -> str:
    """Identifies the photographs and masks of a run by their names."""
    return hashlib.sha256("\n".join([*training.names, "", *held_out.names, "", *masks.names]).encode()).hexdigest()


@dataclass(eq=False)
class Trainer:
    """The training loop of one process."""

    config: Config
    job: TrainJob
    processes: Processes
    device: torch.device
    state: TrainState
    data: TrainingData
    validation: Validation
    data_id: str

    def __post_init__(self) -> None:
        config, out, step = self.config, self.job.out, self.state.step
        self.started = time.monotonic() - self.state.seconds
        self.train_step = TrainStep(config, self.state, self.processes)
        self.log: RunLog | None = None
        if self.processes.rank == 0:
            metrics = tuple(dict.fromkeys((*MEASURED, config.best)))
            self.log = RunLog(out, step, config.steps, metrics, config.log, self.job.on_progress)

    def run(self) -> Path:
        """Train the remaining steps and save the weights."""
        config, state = self.config, self.state
        batches = self.data.batches(state.step, self.processes.rank, self.processes.world_size, self.job.jobs)
        end = config.steps if self.job.stop_after is None else min(config.steps, self.job.stop_after)
        speed, late = Throughput(), False
        try:
            while state.step < end and not late:
                with self._explaining_memory():
                    with speed.waiting():
                        examples = next(batches)
                    terms = self._step(examples)
                    speed.images += config.stage_at(state.step - 1)[0].batch
                if self._due(config.log_every):
                    self._log_losses(terms, speed)
                late = self.job.until is not None and time.monotonic() >= self.job.until
                with speed.paused():
                    if self._due(config.validate_every):
                        self._validate()
                    if late or self._due(config.checkpoint_every):
                        self._checkpoint(terms)
        finally:
            getattr(batches, "close", lambda: None)()
        return self._finish(late)

    def _due(self, every: int) -> bool:
        return self.state.step % every == 0 or self.state.step == self.config.steps

    def _step(self, examples: Examples) -> Terms:
        state = self.state
        stage, taken = self.config.stage_at(state.step)
        share = stage.batch // self.processes.world_size
        first = taken + self.processes.rank * share
        numbers = iter(range(first, first + share))
        noise = noise_for(self.config, state.networks.generator, "training", numbers, stage.size, 2)
        return self.train_step(examples.to(self.device), None if noise is None else noise.to(self.device))

    def _log_losses(self, terms: Terms, speed: Throughput) -> None:
        values, rates = self._finite(terms), speed.report()
        if self.log is not None:
            last = self.state.step - 1
            size, lr = self.config.stage_at(last)[0].size, learning_rate(self.config, last)
            self.log.add_losses(self.state.step, size, lr, values, rates)

    def _finite(self, terms: Terms) -> dict[str, float]:
        """The losses, as means over the processes. Raises IncompleteError when one is not finite."""
        names = sorted(terms)
        means = self.processes.mean(torch.stack([terms[name].detach().float() for name in names])).tolist()
        values = dict(zip(names, means, strict=True))
        for name, value in values.items():
            if not math.isfinite(value):
                raise IncompleteError(
                    f"{self.job.out}: the loss {name} is {value} at step {self.state.step}. {self._kept()} "
                    "Resume from it with a lower learning rate or precision = float32 in another --out."
                )
        return {name: values[name] for name in TERMS if name in values}

    def _kept(self) -> str:
        return "The last checkpoint is kept." if (self.job.out / FILE).is_file() else "There is no checkpoint yet."

    @contextmanager
    def _explaining_memory(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:  # torch raises subclasses of RuntimeError
            if not isinstance(error, MemoryError) and not any(text in str(error) for text in OUT_OF_MEMORY):
                raise
            stage = self.config.stage_at(self.state.step)[0]
            raise IncompleteError(
                f"{self.job.out}: out of memory at step {self.state.step} with a batch of {stage.batch} "
                f"at {stage.size} pixels. {self._kept()} "
                f"Split batches with --set accumulate={2 * self.config.accumulate}, or choose a smaller batch."
            ) from error

    def _validate(self) -> None:
        if self.log is None:
            return
        state, config = self.state, self.config
        means = validate(state.evaluated, self.validation, self.device)
        state.validated.append({"step": state.step, **means})
        found = means[config.best]
        higher = metric(config.best).better == "higher"
        improved = state.best is None or (found > state.best if higher else found < state.best)
        if improved:
            state.best, state.best_step = found, state.step
            save_weights(self.job.out / "best.safetensors", state, config)
        self.log.add_validation(state.step, means, f"  the best {config.best} so far" if improved else "")

    def _checkpoint(self, terms: Terms) -> None:
        self._finite(terms)
        if self.processes.rank == 0:
            self.state.seconds = time.monotonic() - self.started
            save_checkpoint(self.job.out, self.config, self.data_id, self.state)

    def _finish(self, late: bool) -> Path:
        """Save the last weights, also where the time was over, and the summary, once the run is complete."""
        best, complete = self.job.out / "best.safetensors", self.state.step == self.config.steps
        if self.log is None or not (complete or late):
            return best
        self.log.close()
        save_weights(self.job.out / "last.safetensors", self.state, self.config)
        if not complete:
            return best
        summary = msgspec.json.format(msgspec.json.encode(self._summary()), indent=1) + b"\n"
        files.write_whole(self.job.out / SUMMARY, summary)
        return best

    def _summary(self) -> dict[str, object]:
        state, config = self.state, self.config
        return {
            "schema": 1,
            "config": msgspec.to_builtins(config),
            "weights_sha256": files.file_sha256(Path(config.weights_file)) if config.weights_file else "",
            "photographs": len(self.data.photographs),
            "parameters": sum(p.numel() for p in state.networks.generator.parameters()),
            "steps": state.step,
            "pictures": sum(stage.steps * stage.batch for stage in config.stages),
            "seconds": round(state.seconds),
            "processes": self.processes.world_size,
            "machine": f"{platform.processor() or platform.machine()}, {self.device.type}, torch {torch.__version__}",
            "best": {"metric": config.best, "value": state.best, "step": state.best_step},
            "validation": state.validated,
        }
