from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from blendkit.training.loop import Data, _average_fn, _averages, _set_rate, train
from blendkit.training.mixup import mixed
from blendkit.training.settings import Schedule

X = torch.from_numpy(np.random.default_rng(0).standard_normal((32, 3)).astype(np.float32))
Y = (X[:, :1] > 0).float()


class Linear(nn.Module):
    """A head with a mixing weight, which learns faster."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.out = nn.Linear(3, 1)
        self.mix = nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(x * self.mix)
        return found


def fit(schedule: Schedule, **more: object) -> tuple[Linear, object]:
    head = Linear()
    rows: Callable[[np.random.Generator], np.ndarray] = lambda rng: rng.permutation(32)  # noqa: E731
    return head, train(head, Data([X], Y), rows, schedule, 0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["ema", "swa", "none"])
@pytest.mark.parametrize("loss", ["bce", "focal", "soft-auc"])
def test_it_learns(kind: str, loss: str) -> None:
    schedule = Schedule(epochs=30, batch=8, rate=0.05, loss=loss, average=kind, mixup=0.0)  # type: ignore[arg-type]
    head, state = fit(schedule)
    head.load_state_dict(state.best)  # type: ignore[attr-defined]
    assert ((head(X) > 0) == (Y > 0)).float().mean() > 0.9
    history = np.array(state.history)  # type: ignore[attr-defined]
    assert history[-1, 0] < history[0, 0]
    assert (state.epoch, state.best_epoch) == (30, 30)  # type: ignore[attr-defined]


def test_the_best_epoch_is_kept_and_training_stops_after_patience() -> None:
    scores = iter([0.1, 0.5, 0.3, 0.4, 0.2, 0.9])
    seen: list[tuple[int, float]] = []
    _, state = fit(
        Schedule(epochs=6, batch=16, patience=3),
        judge=lambda scored: next(scores),
        on_epoch=lambda epoch, loss, score: seen.append((epoch, score)),
    )
    assert (state.best_epoch, state.best_score, state.epoch) == (2, 0.5, 5)  # type: ignore[attr-defined]
    assert seen == [(1, 0.1), (2, 0.5), (3, 0.3), (4, 0.4), (5, 0.2)]


def test_stop_after_limits_the_epochs() -> None:
    _, state = fit(Schedule(epochs=20, batch=16), stop_after=4)
    assert state.epoch == 4  # type: ignore[attr-defined]


def test_another_loss_than_the_schedules() -> None:
    _, state = fit(Schedule(epochs=1, batch=32, mixup=0.0), loss=lambda found, wanted: (found * 0 + 7).mean())
    assert state.history[0][0] == 7  # type: ignore[attr-defined]


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    schedule, file = Schedule(epochs=3, batch=16), tmp_path / "c.pt"
    _, first = fit(schedule, checkpoint=file)
    stamp = file.read_bytes()
    _, again = fit(schedule, checkpoint=file)
    assert file.read_bytes() == stamp
    assert again.history == first.history  # type: ignore[attr-defined]
    assert all(torch.equal(v, again.best[k]) for k, v in first.best.items())  # type: ignore[attr-defined]


def test_averages_by_hand() -> None:
    own, new = torch.tensor(1.0), torch.tensor(2.0)
    ema, swa = _average_fn(Schedule(ema_decay=0.99)), _average_fn(Schedule(average="swa"))
    assert ema(own, new, 0).item() == pytest.approx(1 + (1 - 1 / 10))  # decay is reached gradually
    assert ema(own, new, 10_000).item() == pytest.approx(1 + 0.01, rel=1e-4)
    assert swa(own, new, 1).item() == pytest.approx(1.5)
    assert swa(own, new, 3).item() == pytest.approx(1.25)
    late = Schedule(epochs=10, average="swa")
    assert [_averages(late, e) for e in (4, 5)] == [False, True]
    assert _averages(Schedule(), 0)
    assert not _averages(Schedule(average="none"), 9)


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    optimiser = torch.optim.SGD([{"params": Linear().parameters(), "faster": 10.0}], lr=1.0)

    def rate(at: float) -> float:
        _set_rate(optimiser, Schedule(epochs=10, rate=2.0), at)
        return float(optimiser.param_groups[0]["lr"])

    assert rate(0) == pytest.approx(10 * 2 * 0.1)
    assert rate(5) == pytest.approx(10 * 2 * 0.5)
    assert rate(10) == pytest.approx(0, abs=1e-12)


def test_mixup_by_hand() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    out = mixed(x, torch.tensor([0.25, 1.0]), torch.tensor([1, 0]))
    assert torch.equal(out, torch.tensor([[0.25 * 1 + 0.75 * 3, 0.25 * 2 + 0.75 * 4], [3.0, 4.0]]))
    assert mixed(x, torch.ones(2), torch.tensor([1, 0])) is x


def test_a_judge_does_not_change_the_number_of_threads() -> None:
    before, seen = torch.get_num_threads(), list[int]()

    def judge(scored: nn.Module) -> float:
        torch.set_num_threads(before + 1)
        return 0.5

    def rows(rng: np.random.Generator) -> np.ndarray:
        seen.append(torch.get_num_threads())
        return rng.permutation(32)

    train(Linear(), Data([X], Y), rows, Schedule(epochs=3), 0, judge=judge)
    assert seen == [before] * 3
    assert torch.get_num_threads() == before


def test_rows_whose_targets_are_unknown_teach_nothing() -> None:
    wrong = torch.cat([Y[:16], 1 - Y[16:]])
    counts = torch.arange(32)[:, None] < 16

    def trained(targets: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
        head = Linear()
        schedule = Schedule(epochs=3, batch=8, rate=0.05, average="none")
        train(head, Data([X], targets, counts), lambda rng: rng.permutation(32), schedule, 0)
        return head.out.weight.detach()

    assert torch.equal(trained(wrong, counts), trained(Y, counts))
    assert not torch.equal(trained(wrong, counts), trained(wrong, None))
