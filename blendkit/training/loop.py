"""Train one network, resumable after every epoch; an interrupted training ends with the same bits."""

from __future__ import annotations

import copy
import io
import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from blendkit.core import Int64
from blendkit.errors import BlendkitError
from blendkit.store import atomic_path
from blendkit.training.losses import loss_of
from blendkit.training.mixup import mixed, mixed_counts, mixup_shares
from blendkit.training.settings import Schedule

_BROKEN = (
    OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, pickle.UnpicklingError,
)  # fmt: skip
EpochRows = Callable[[np.random.Generator], Int64]
Judge = Callable[[nn.Module], float]
OnEpoch = Callable[[int, float, float], None]


@dataclass
class Progress:
    """The state of a training. best: the averaged weights of the best epoch so far."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -math.inf
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[list[float]] = field(default_factory=list)  # loss and score of every epoch


@dataclass(frozen=True)
class Data:
    """Inputs (N, ...) of the head, in its order, targets (N, C), and counts (N, C): which are known (None: all)."""

    inputs: Sequence[RowIndex]
    targets: Tensor
    counts: Tensor | None = None


class RowIndex(Protocol):
    """Anything that gives rows (B, ...) for their indices: a tensor, or a file."""

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return the rows at these indices."""
        ...


Loss = Callable[[Any, Tensor], Tensor]


def train(
    head: nn.Module,
    data: Data,
    rows: EpochRows,
    schedule: Schedule,
    seed: int,
    *,
    judge: Judge | None = None,
    loss: Loss | None = None,
    stop_after: int | None = None,
    checkpoint: Path | None = None,
    on_epoch: OnEpoch = lambda epoch, loss, score: None,
    device: str = "cpu",
) -> Progress:
    """Train until the schedule ends, nothing has improved for `patience` epochs, or `stop_after` epochs.

    judge: scores the averaged head after an epoch, higher is better; without one the last epoch is the best.
    loss: of what the head gives and the targets (default: the schedule's, over the cells that count). device: where the
    head is; on a GPU it runs in bfloat16 where that is safe.
    checkpoint: a file written after every epoch and read first. Every epoch draws from its own generator, so a
    training that was interrupted goes on as if it had not been.
    """
    optimiser = torch.optim.AdamW(_groups(head, schedule), lr=schedule.rate, weight_decay=schedule.decay)
    average = AveragedModel(head, avg_fn=_average_fn(schedule), use_buffers=True)
    state = Progress()
    if checkpoint is not None and checkpoint.exists():
        state = _resume(checkpoint, head, average, optimiser)
    last = min(schedule.epochs, stop_after or schedule.epochs)
    run = _Run(head, average, optimiser, data, rows, schedule, seed, loss, device)
    while state.epoch < last and state.epoch - state.best_epoch < schedule.patience:
        mean_loss = _epoch(run, state.epoch)
        state.epoch += 1
        scored = average.module if _averages(schedule, state.epoch - 1) else head
        score = _score(judge, scored) if judge is not None else float(state.epoch)
        state.history.append([mean_loss, score if judge is not None else 0.0])
        if score > state.best_score:
            state.best_epoch, state.best_score = state.epoch, score
            state.best = {k: v.detach().clone() for k, v in scored.state_dict().items()}
        if checkpoint is not None:
            _save(checkpoint, state, head, average, optimiser)
        on_epoch(state.epoch, mean_loss, score)
    return state


def _score(judge: Judge, scored: nn.Module) -> float:
    """Return the judge's score, and leave torch's thread count as it was.

    numba starts its threads with the first AUC and sets OpenMP's count, which is torch's too. The last bit of torch's
    sums depends on it, so epochs before and after would differ, and so would a training that goes on in a new process.
    """
    threads = torch.get_num_threads()
    try:
        return float(judge(scored))
    finally:
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class _Run:
    """The parts of a training that do not change from epoch to epoch."""

    head: nn.Module
    average: AveragedModel
    optimiser: Any
    data: Data
    rows: EpochRows
    schedule: Schedule
    seed: int
    loss: Loss | None
    device: str


def _epoch(run: _Run, epoch: int) -> float:
    """Train one epoch; return its mean loss."""
    rng = np.random.default_rng([run.seed, epoch])
    schedule, device = run.schedule, run.device
    order = torch.from_numpy(run.rows(rng))
    batches = torch.split(order, schedule.batch)
    total = 0.0
    run.head.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        for step, batch in enumerate(batches):
            _set_rate(run.optimiser, schedule, epoch + step / len(batches))
            share, partner = (torch.from_numpy(a) for a in mixup_shares(len(batch), schedule.mixup, rng))
            inputs = [mixed(x[batch], share, partner).to(device) for x in run.data.inputs]
            targets = mixed(run.data.targets[batch], share, partner).to(device)
            with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=device != "cpu"):
                loss = _loss(run, run.head(*inputs), targets, batch, share, partner)
            run.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            run.optimiser.step()
            if _averages(schedule, epoch):
                run.average.update_parameters(run.head)
            total += float(loss.detach()) * len(batch)
    run.head.eval()
    run.average.eval()
    return total / len(order)


def _loss(run: _Run, found: Any, targets: Tensor, batch: Tensor, share: Tensor, partner: Tensor) -> Tensor:
    if run.loss is not None:
        return run.loss(found, targets)
    known = run.data.counts
    counts = None if known is None else mixed_counts(known[batch], share, partner).to(targets.device)
    return loss_of(run.schedule.loss, run.schedule.gamma, found, targets, counts)


def _averages(schedule: Schedule, epoch: int) -> bool:
    return schedule.average == "ema" or (schedule.average == "swa" and epoch >= schedule.epochs // 2)


def _average_fn(schedule: Schedule) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    def mixing(own: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        n = float(count)
        keep = min(schedule.ema_decay, (1 + n) / (10 + n)) if schedule.average == "ema" else n / (n + 1)
        return own + (new - own) * (1 - keep)

    return mixing


def _groups(head: nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    """Mixing weights learn ten times as fast and do not decay: a softmax of few numbers hardly moves otherwise."""
    mixing = [p for n, p in head.named_parameters() if n.endswith("mix")]
    rest = [p for n, p in head.named_parameters() if not n.endswith("mix")]
    fast = [{"params": mixing, "weight_decay": 0.0, "faster": 10.0}] if mixing else []
    return [{"params": rest, "faster": 1.0}, *fast]


def _set_rate(optimiser: Any, schedule: Schedule, at: float) -> None:
    """One epoch of warming up, then half a cosine."""
    rate = schedule.rate * min(1.0, at + 0.1) * 0.5 * (1 + math.cos(math.pi * at / schedule.epochs))
    for group in optimiser.param_groups:
        group["lr"] = rate * group["faster"]


def _save(path: Path, state: Progress, head: nn.Module, average: AveragedModel, optimiser: Any) -> None:
    held = {
        "progress": copy.copy(vars(state)),
        "head": head.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    data = io.BytesIO()
    torch.save(held, data)  # into a file, torch would hide why it cannot be written
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.getbuffer())


def _resume(path: Path, head: nn.Module, average: AveragedModel, optimiser: Any) -> Progress:
    try:
        held = torch.load(path, weights_only=True)
        head.load_state_dict(held["head"])
        average.load_state_dict(held["average"])
        optimiser.load_state_dict(held["optimiser"])
        state = Progress(**held["progress"])
    except _BROKEN as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        advice = "delete it: training starts again from its first epoch"
        raise BlendkitError(f"{path}: not a checkpoint that can be read", [reason, advice]) from error
    head.eval()
    average.eval()
    return state
