"""A training run, from its first step or from its checkpoint to its weights file."""

import hashlib
import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.backends.cpu import get_cpu_capability

from baselines.spn.training.checkpoint import FILE, load_checkpoint, save_checkpoint, save_weights
from baselines.spn.training.config import Config
from baselines.spn.training.data import Data, open_holes, open_photographs
from baselines.spn.training.logs import LOSSES, TERMS, Log, open_board
from baselines.spn.training.schedule import learning_rate
from baselines.spn.training.state import State, content_of, open_state, restore
from baselines.spn.training.step import Terms, learn, phase_at
from baselines.spn.training.team import Team, gathered
from baselines.spn.training.validate import MEASURED, Validation, noise_for, open_validation, validate
from inpaint_bench import files
from inpaint_bench.errors import IncompleteError, InputError
from inpaint_bench.metrics import metric

SAID_OF_MEMORY = ("out of memory", "allocate memory", "not enough memory")  # by torch, on GPUs and processors
SLOW_BF16 = ("DEFAULT", "AVX2")  # as torch calls what a processor can do: bf16 is emulated there
KNOWN = "training.json"  # what is known of a finished run

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """What a run has beside its settings: where it learns from, where it writes, and what runs it."""

    images: Path
    masks: str
    out: Path
    device: torch.device
    jobs: int = 1
    stop_after: int | None = None  # steps after which this call ends, as if it were killed there
    tell: Tell = lambda line: None


def train(config: Config, run: Run) -> Path:
    """Train, going on from a checkpoint where the folder has one; the path of the best weights.

    Raises InputError for settings, pictures and files that do not do, and IncompleteError, the last checkpoint kept,
    when a loss is no number or memory runs out.
    """
    with ExitStack() as stack:
        team, device = stack.enter_context(gathered(run.device))
        if team.rank == 0:
            stack.enter_context(files.only_one(run.out))
            if config.precision == "bf16" and device.type == "cpu" and get_cpu_capability() in SLOW_BF16:
                run.tell("This processor computes bf16 many times slower than float32: --set precision=float32")
        for stage in config.stages:
            if stage.batch % (team.world * config.accumulate):
                raise InputError(
                    f"stages: a batch of {stage.batch} has no equal parts for {team.world} processes "
                    f"and accumulate = {config.accumulate}. Choose a multiple of {team.world * config.accumulate}."
                )
        learned, kept_out = open_photographs(run.images, config)
        holes = open_holes(run.masks, config.hole)
        mark = hashlib.sha256("\n".join([*learned.names, "", *kept_out.names, "", *holes.names]).encode()).hexdigest()
        state = open_state(config, device)
        restore(state, load_checkpoint(run.out, config, mark, device))
        validation = open_validation(config, kept_out, holes)
        return Trainer(config, run, team, device, state, Data(config, learned, holes), validation, mark).go()


@dataclass(eq=False)
class Trainer:
    """A run at work in this process."""

    config: Config
    run: Run
    team: Team
    device: torch.device
    state: State
    data: Data
    validation: Validation
    mark: str  # of the pictures and masks

    def __post_init__(self) -> None:
        self.started = time.monotonic() - self.state.seconds
        self.waited, self.seen, self.since = 0.0, 0, time.monotonic()
        if self.team.rank == 0:
            out, step = self.run.out, self.state.step
            self.losses = Log(out / "losses.csv", LOSSES, step)
            columns = ("step", *dict.fromkeys((*MEASURED, self.config.best)), "infinite")
            self.scores = Log(out / "validation.csv", columns, step)
            self.board = open_board(out, self.config.tensorboard)

    def go(self) -> Path:
        """Every step that is left, then the weights."""
        config, state = self.config, self.state
        batches = self.data.batches(state.step, self.team.rank, self.team.world, self.run.jobs)
        end = config.steps if self.run.stop_after is None else min(config.steps, self.run.stop_after)
        try:
            while state.step < end:
                with self._told_of_memory():
                    begun = time.monotonic()
                    examples = next(batches)
                    self.waited += time.monotonic() - begun
                    terms = self._step(examples)
                if state.step % config.log_every == 0 or state.step == config.steps:
                    self._log(terms)
                paused = time.monotonic()
                if state.step % config.validate_every == 0 or state.step == config.steps:
                    self._validate()
                if state.step % config.checkpoint_every == 0 or state.step == config.steps:
                    self._checkpoint(terms)
                self.since += time.monotonic() - paused  # the speed is that of training alone
        finally:
            getattr(batches, "close", lambda: None)()
        return self._finish()

    def _step(self, examples: Any) -> Terms:
        config, state = self.config, self.state
        stage, taken = config.stage_at(state.step)
        for optimiser in state.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(config, state.step)
        share = stage.batch // self.team.world
        first = taken + self.team.rank * share
        places = iter(range(first, first + share))
        noise = noise_for(config, state.players.generator, "training", places, stage.size, 2)
        noise = None if noise is None else noise.to(self.device)
        phase = phase_at(config, state.step)
        terms = learn(state.players, examples.to(self.device), noise, config, phase, self._update, self._cast)
        state.step += 1
        self.seen += stage.batch
        return terms

    def _cast(self) -> AbstractContextManager[object]:
        dtype = torch.float16 if self.config.precision == "fp16" else torch.bfloat16
        return torch.autocast(self.device.type, dtype=dtype, enabled=self.config.precision != "float32")

    def _update(self, who: str, loss: Tensor, last: bool) -> None:
        """Back through a loss; after the last part of a batch the weights change."""
        state, optimiser = self.state, self.state.optimisers[who]
        state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if not last:
            return
        parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
        self.team.average(p.grad for p in parameters)
        if who == "generator" and self.config.clip:
            state.scaler.unscale_(optimiser)
            nn.utils.clip_grad_norm_(parameters, self.config.clip)
        state.scaler.step(optimiser)
        optimiser.zero_grad(set_to_none=True)
        if who == "generator":
            state.scaler.update()
            self._average_weights()

    def _average_weights(self) -> None:
        """The running mean begins as the plain mean, so that it forgets the first values soon."""
        if not self.state.average:
            return
        decay = min(self.config.average, (1 + self.state.step) / (10 + self.state.step))
        now = self.state.players.generator.state_dict()
        names = list(self.state.average)
        torch._foreach_lerp_([self.state.average[n] for n in names], [now[n] for n in names], 1 - decay)

    def _log(self, terms: Terms) -> None:
        values = self._checked(terms)
        elapsed = time.monotonic() - self.since
        speed = {"images_per_second": round(self.seen / elapsed, 3), "waiting": round(self.waited / elapsed, 4)}
        self.waited, self.seen, self.since = 0.0, 0, time.monotonic()
        if self.team.rank:
            return
        step = self.state.step
        rate, size = learning_rate(self.config, step - 1), self.config.stage_at(step - 1)[0].size
        self.losses.add(
            {"step": step, "size": size, "lr": f"{rate:.4g}", **{k: repr(v) for k, v in values.items()}, **speed}
        )
        if self.board is not None:
            for name, value in {**values, **speed, "lr": rate}.items():
                self.board.add_scalar(name, value, step)
        told = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        self.run.tell(f"{step}/{self.config.steps}  {told}  {speed['images_per_second']:.2f} images/s")

    def _checked(self, terms: Terms) -> dict[str, float]:
        """The losses over the whole team as numbers. Raises IncompleteError when one of them is none."""
        names = sorted(terms)
        stacked = torch.stack([terms[name].detach().float() for name in names])
        self.team.average([stacked])
        values = dict(zip(names, stacked.tolist(), strict=True))
        for name, value in values.items():
            if not math.isfinite(value):
                raise IncompleteError(
                    f"{self.run.out}: the loss {name} is {value} at step {self.state.step}. {self._kept()} "
                    "Go on from it with a lower learning rate or precision = float32 in another --out."
                )
        return {name: values[name] for name in TERMS if name in values}

    def _kept(self) -> str:
        return "The last checkpoint is kept." if (self.run.out / FILE).is_file() else "No checkpoint was reached yet."

    @contextmanager
    def _told_of_memory(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:  # torch's own kind is a RuntimeError
            if not isinstance(error, MemoryError) and not any(words in str(error) for words in SAID_OF_MEMORY):
                raise
            stage = self.config.stage_at(self.state.step)[0]
            raise IncompleteError(
                f"{self.run.out}: out of memory at step {self.state.step} with a batch of {stage.batch} "
                f"at {stage.size} pixels. {self._kept()} "
                f"Give more parts with --set accumulate={2 * self.config.accumulate}, or a smaller batch."
            ) from error

    def _validate(self) -> None:
        if self.team.rank:
            return
        state, config = self.state, self.config
        means = self._with_average(lambda generator: validate(generator, self.validation, self.device))
        self.scores.add({"step": state.step, **means})
        state.validated.append({"step": state.step, **means})
        if self.board is not None:
            for name, value in means.items():
                self.board.add_scalar(f"validation/{name}", value, state.step)
        better = metric(config.best).better == "higher"
        found = means[config.best]
        told = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        if state.best is None or (found > state.best if better else found < state.best):
            state.best, state.best_step = found, state.step
            self._save("best")
            told += f"  the best {config.best} so far"
        self.run.tell(f"{state.step}/{config.steps}  validation: {told}")

    def _with_average(self, work: Callable[[Any], Any]) -> Any:
        """What a function makes of the generator with the running mean of its weights, if the run keeps one."""
        generator, average = self.state.players.generator, self.state.average
        if not average:
            return work(generator)
        now = {name: value.clone() for name, value in generator.state_dict().items()}
        generator.load_state_dict(average)
        try:
            return work(generator)
        finally:
            generator.load_state_dict(now)

    def _save(self, name: str) -> None:
        facts = {"training": f"{self.config.method}, width {self.config.network.width}, step {self.state.step}"}
        self._with_average(
            lambda generator: save_weights(
                self.run.out / f"{name}.safetensors", generator.state_dict(), self.config, facts
            )
        )

    def _checkpoint(self, terms: Terms) -> None:
        self._checked(terms)
        if self.team.rank:
            return
        self.state.seconds = time.monotonic() - self.started
        save_checkpoint(self.run.out, self.config, self.mark, content_of(self.state))

    def _finish(self) -> Path:
        """The last weights and what is known of the run, once it is over."""
        best = self.run.out / "best.safetensors"
        state = self.state
        if self.team.rank or state.step < self.config.steps:
            return best
        if self.board is not None:
            self.board.close()
        self._save("last")
        known = {
            "schema": 1,
            "config": msgspec.to_builtins(self.config),
            "weights_sha256": files.file_sha256(Path(began)) if (began := self.config.weights_file) else "",
            "photographs": len(self.data.photographs),
            "parameters": sum(p.numel() for p in state.players.generator.parameters()),
            "steps": state.step,
            "pictures": sum(stage.steps * stage.batch for stage in self.config.stages),
            "seconds": round(state.seconds),
            "processes": self.team.world,
            "machine": f"{platform.processor() or platform.machine()}, {self.device.type}, torch {torch.__version__}",
            "best": {"metric": self.config.best, "value": state.best, "step": state.best_step},
            "validation": state.validated,
        }
        files.write_whole(self.run.out / KNOWN, msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")
        return best
