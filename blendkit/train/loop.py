"""One head trained on some rows, resumable after every epoch; the same bits whether it was interrupted or not."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from blendkit.files import atomic_path
from blendkit.train.losses import loss_of
from blendkit.train.sampling import mixed_up

EpochRows = Callable[[np.random.Generator], NDArray[np.int64]]
Judge = Callable[[nn.Module], float]
Heard = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Schedule:
    """How a head is trained: AdamW, a cosine down to 0 over `epochs`, an average of the weights.

    average: `ema` with `ema_decay` (reached gradually), `swa` (the plain mean over the second half, Izmailov et
    al. 2018) or `none`. patience: epochs without a better score before it stops. mixup: its alpha.
    """

    epochs: int = 40
    batch: int = 128
    rate: float = 2e-3
    decay: float = 1e-2
    loss: Literal["bce", "focal"] = "bce"
    gamma: float = 2.0
    mixup: float = 0.4
    patience: int = 10
    average: Literal["ema", "swa", "none"] = "ema"
    ema_decay: float = 0.99


@dataclass
class Progress:
    """Where a training stands. best: the averaged weights of the best epoch so far."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -math.inf
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[list[float]] = field(default_factory=list)  # loss and score of every epoch


@dataclass(frozen=True)
class Data:
    """Inputs (N, ...) of the head, in its order, and targets (N, C)."""

    inputs: Sequence[Tensor]
    targets: Tensor


def train(
    head: nn.Module,
    data: Data,
    rows: EpochRows,
    schedule: Schedule,
    seed: int,
    *,
    judge: Judge | None = None,
    stop_after: int | None = None,
    checkpoint: Path | None = None,
    heard: Heard = lambda epoch, loss, score: None,
) -> Progress:
    """Train until the schedule ends, nothing has improved for `patience` epochs, or `stop_after` epochs.

    judge: scores the averaged head after an epoch, higher is better; without one the last epoch is the best.
    checkpoint: a file written after every epoch and read first. Every epoch draws from its own generator, so a
    training that was interrupted goes on as if it had not been.
    """
    optimiser = torch.optim.AdamW(_groups(head, schedule), lr=schedule.rate, weight_decay=schedule.decay)
    average = AveragedModel(head, avg_fn=_mixing(schedule))
    state = Progress()
    if checkpoint is not None and checkpoint.exists():
        state = _resume(checkpoint, head, average, optimiser)
    last = min(schedule.epochs, stop_after or schedule.epochs)
    while state.epoch < last and state.epoch - state.best_epoch < schedule.patience:
        loss = _epoch(head, average, optimiser, data, rows, schedule, seed, state.epoch)
        state.epoch += 1
        shown = average.module if _averages(schedule, state.epoch - 1) else head
        score = float(judge(shown)) if judge is not None else float(state.epoch)
        state.history.append([loss, score if judge is not None else 0.0])
        if score > state.best_score:
            state.best_epoch, state.best_score = state.epoch, score
            state.best = {k: v.detach().clone() for k, v in shown.state_dict().items()}
        if checkpoint is not None:
            _save(checkpoint, state, head, average, optimiser)
        heard(state.epoch, loss, score)
    return state


def _epoch(
    head: nn.Module, average: AveragedModel, optimiser: Any, data: Data, rows: EpochRows, schedule: Schedule,
    seed: int, epoch: int,
) -> float:  # fmt: skip
    rng = np.random.default_rng([seed, epoch])
    order = torch.from_numpy(rows(rng))
    batches = torch.split(order, schedule.batch)
    total = 0.0
    head.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        for step, batch in enumerate(batches):
            _set_rate(optimiser, schedule, epoch + step / len(batches))
            share, partner = (torch.from_numpy(a) for a in mixed_up(len(batch), schedule.mixup, rng))
            inputs = [_mix(x[batch], share, partner) for x in data.inputs]
            targets = _mix(data.targets[batch], share, partner)
            loss = loss_of(schedule.loss, schedule.gamma, head(*inputs), targets)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if _averages(schedule, epoch):
                average.update_parameters(head)
            total += float(loss.detach()) * len(batch)
    head.eval()
    average.eval()
    return total / len(order)


def _averages(schedule: Schedule, epoch: int) -> bool:
    return schedule.average == "ema" or (schedule.average == "swa" and epoch >= schedule.epochs // 2)


def _mix(x: Tensor, share: Tensor, partner: Tensor) -> Tensor:
    if bool((share == 1).all()):
        return x
    by = share.reshape(-1, *[1] * (x.dim() - 1))
    return by * x + (1 - by) * x[partner]


def _mixing(schedule: Schedule) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
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
    with atomic_path(path) as temporary:
        torch.save(held, temporary)


def _resume(path: Path, head: nn.Module, average: AveragedModel, optimiser: Any) -> Progress:
    held = torch.load(path, weights_only=True)
    head.load_state_dict(held["head"])
    average.load_state_dict(held["average"])
    optimiser.load_state_dict(held["optimiser"])
    head.eval()
    average.eval()
    return Progress(**held["progress"])
