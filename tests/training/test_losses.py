from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, xlogy

from blendkit.training.losses import bce, cosine, distillation, focal, listwise, loss_of, pairwise, weighted_bce
from blendkit.training.mixup import mixed_counts

Z = torch.tensor([[0.0, 2.0], [-1.0, 3.0]])
T = torch.tensor([[1.0, 0.0], [0.3, 0.9]])
P, Y = expit(Z.numpy().astype(np.float64)), T.numpy().astype(np.float64)
EACH = -(Y * np.log(P) + (1 - Y) * np.log(1 - P))


def test_bce_of_soft_targets() -> None:
    assert bce(Z, T).item() == pytest.approx(EACH.mean(), rel=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_weighs_by_distance(gamma: float) -> None:
    assert focal(Z, T, gamma).item() == pytest.approx((np.abs(Y - P) ** gamma * EACH).mean(), rel=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_distillation_is_t_squared_kl(temperature: float) -> None:
    q = expit(Z.numpy().astype(np.float64) / temperature)
    kl = xlogy(Y, Y / q) + xlogy(1 - Y, (1 - Y) / (1 - q))
    assert distillation(Z, T, temperature).item() == pytest.approx(temperature**2 * kl.mean(), rel=1e-5)
    assert distillation(Z, torch.sigmoid(Z / temperature), temperature).item() == pytest.approx(0, abs=1e-5)


def test_cosine_ignores_length() -> None:
    a, b = torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([[5.0, 0.0], [-2.0, 2.0]])
    assert cosine(a, b).item() == pytest.approx((0 + 1) / 2, abs=1e-6)
    assert cosine(a, -a).item() == pytest.approx(2, abs=1e-6)


def test_losses_by_name() -> None:
    assert loss_of("bce", 2.0, Z, T) == bce(Z, T)
    assert loss_of("focal", 1.5, Z, T) == focal(Z, T, 1.5)
    assert loss_of("focal", 1.5, Z, T) != bce(Z, T)
    # class 0: the higher target (1 over .3) has 0 over -1; class 1: .9 over 0 has 3 over 2
    pairs = (np.log1p(np.exp(-1.0)) + np.log1p(np.exp(-1.0))) / 2
    assert loss_of("soft-auc", 2.0, Z, T).item() == pytest.approx(EACH.mean() + 0.5 * pairs, rel=1e-6)


def test_masked_cells_are_in_no_loss() -> None:
    counts = torch.tensor([[True, False], [False, True]])
    assert bce(Z, T, counts).item() == pytest.approx(EACH[[0, 1], [0, 1]].mean(), rel=1e-6)
    each = np.abs(Y - P) ** 2 * EACH
    assert loss_of("focal", 2.0, Z, T, counts).item() == pytest.approx((each[0, 0] + each[1, 1]) / 2, rel=1e-6)
    assert loss_of("bce", 2.0, Z, T, torch.ones(2, 2, dtype=torch.bool)).item() == pytest.approx(bce(Z, T).item())
    one = torch.tensor([[True, True], [True, False]])  # class 1 has no pair left
    mean = EACH[[0, 0, 1], [0, 1, 0]].mean()
    assert loss_of("soft-auc", 2.0, Z, T, one).item() == pytest.approx(mean + 0.5 * np.log1p(np.exp(-1.0)), rel=1e-6)
    z = Z.clone().requires_grad_()
    bce(z, T, counts).backward()
    assert z.grad is not None
    assert (z.grad != 0).tolist() == counts.tolist()
    assert bce(Z, T, torch.zeros(2, 2, dtype=torch.bool)).item() == 0


def test_rows_weigh_in_the_loss() -> None:
    rows = EACH.mean(axis=1)
    assert weighted_bce(Z, T, torch.tensor([3.0, 1.0])).item() == pytest.approx((3 * rows[0] + rows[1]) / 4, rel=1e-6)
    assert weighted_bce(Z, T, torch.tensor([0.0, 0.5])).item() == pytest.approx(rows[1], rel=1e-6)


def test_a_blend_counts_where_both_rows_do() -> None:
    counts = torch.tensor([[True, False], [False, False], [True, True]])
    found = mixed_counts(counts, torch.tensor([0.7, 1.0, 0.4]), torch.tensor([2, 0, 1]))
    assert found.tolist() == [[True, False], [False, False], [False, False]]
    assert mixed_counts(counts, torch.ones(3), torch.tensor([2, 0, 1])).tolist() == counts.tolist()


SHARES = torch.tensor([[0.25, 0.5], [0.75, 0.5]])  # the second class has a tie alone


def test_listwise_is_the_divergence_of_two_softmaxes() -> None:
    wanted, found = np.array([np.exp(0.5), np.exp(1.5)]), np.array([np.exp(0), np.exp(-1)])  # of the first class
    wanted, found = wanted / wanted.sum(), found / found.sum()
    tie, other = np.array([0.5, 0.5]), np.array([np.exp(2), np.exp(3)]) / (np.exp(2) + np.exp(3))
    each = [(w * np.log(w / f)).sum() for w, f in ((wanted, found), (tie, other))]
    assert listwise(Z, SHARES, 0.5).item() == pytest.approx(np.mean(each), rel=1e-5)
    assert listwise(SHARES / 0.5 + torch.tensor([3.0, -7.0]), SHARES, 0.5).item() == pytest.approx(0, abs=1e-6)


def test_pairwise_counts_pairs_by_their_distance() -> None:
    assert pairwise(Z, SHARES).item() == pytest.approx(np.log1p(np.exp(0 - -1)), rel=1e-6)  # one pair, ordered wrongly
    three, shares = torch.tensor([[0.0], [2.0], [1.0]]), torch.tensor([[0.0], [0.5], [1.0]])
    each = np.log1p(np.exp([-2.0, -1.0, 1.0]))  # of the pairs 1 > 0, 2 > 0 and 2 > 1
    wanted = (each * [0.5, 1.0, 0.5]).sum() / 2
    assert pairwise(three, shares).item() == pytest.approx(wanted, rel=1e-6)
    tied = Z.clone().requires_grad_()
    pairwise(tied, torch.full((2, 2), 0.5)).backward()
    assert not tied.grad.any()
