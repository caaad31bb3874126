"""Spearman's correlation of a head's shares and the probe, with the chance of as much agreement."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from blendkit.training.jobs.probe_agreement import probe_agreement


def shares(*values: float) -> dict[str, list[float]]:
    return {f"t{i}": [v, 0.0] for i, v in enumerate(values)}


def tops(*values: float) -> dict[str, float]:
    return {f"t{i}": v for i, v in enumerate(values)}


def test_five_tokens_in_one_order_agree_by_chance_in_2_of_120_orders() -> None:
    found = probe_agreement(shares(1, 2, 3, 4, 5), tops(0.1, 0.2, 0.3, 0.4, 0.5))
    assert found == {"rho": pytest.approx(1), "p": pytest.approx(2 / 120), "tokens": 5}
    turned = probe_agreement(shares(5, 4, 3, 2, 1), tops(0.1, 0.2, 0.3, 0.4, 0.5))
    assert turned == {"rho": pytest.approx(-1), "p": pytest.approx(2 / 120), "tokens": 5}


def test_ties_and_many_tokens_are_scipys() -> None:
    for a, b in (((1, 1, 2, 3, 5, 4), (0.1, 0.3, 0.3, 0.2, 0.5, 0.9)), (range(9), (3, 1, 2, 5, 4, 8, 6, 7, 9))):
        found = probe_agreement(shares(*a), tops(*b))
        assert found is not None
        assert found["rho"] == pytest.approx(spearmanr(list(a), list(b)).statistic)
        assert 0 < found["p"] <= 1
    rng = np.random.default_rng(1)
    loose = probe_agreement(shares(*rng.random(9)), tops(*rng.random(9)))
    assert loose is not None
    assert loose["p"] > 0.05


def test_what_cannot_be_ranked_has_no_figure() -> None:
    assert probe_agreement(shares(1, 2, 3, 4), tops(1, 2, 3, 4)) is None  # four tokens
    assert probe_agreement(shares(1, 2, 3, 4, 5), {**tops(1, 2, 3, 4), "other": 1.0}) is None
    assert probe_agreement(shares(1, 2, 3, 4, 5), tops(1, 1, 1, 1, 1)) is None
    assert probe_agreement({}, {}) is None
