from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blendkit.errors import BlendkitError
from blendkit.training import cross_fit
from blendkit.training.cross_fit import _checkpoint_key, _split, fit_seqhead, logits_of
from blendkit.training.examples import Examples
from blendkit.training.picked_rows import PickedRows

Make = Callable[..., Examples]


def test_each_fold_is_scored_by_a_head_that_never_saw_it(make_examples: Make, head_fit: Any, fitted: Any) -> None:
    e = make_examples()
    for f, head in enumerate(fitted.heads):
        held = np.flatnonzero(fitted.fold == f)
        np.testing.assert_allclose(fitted.oof[held], logits_of(head, e.take(held)), atol=1e-6)
        learn, stop, own = _split(fitted.fold, f, 3)
        assert set(own.tolist()) == set(held.tolist())
        assert set(stop.tolist()) == set(np.flatnonzero(fitted.fold == (f + 1) % 3).tolist())
        assert not set(learn.tolist()) & {*own.tolist(), *stop.tolist()}
        assert len(learn) + len(stop) + len(own) == len(e)


def test_a_folds_own_labels_change_nothing_of_its_logits(
    make_examples: Make, head_fit: Any, fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_fit, "deal_folds", lambda *args: fitted.fold)  # folds alone are dealt by all labels
    e = make_examples()
    other = e.targets.copy()
    held = fitted.fold == 0
    other[held] = other[held][:, ::-1]
    again = fit_seqhead(replace(e, targets=other), head_fit, None)
    np.testing.assert_array_equal(again.oof[held], fitted.oof[held])
    assert not np.array_equal(again.oof[~held], fitted.oof[~held])


def test_equal_fits_give_equal_bits(make_examples: Make, head_fit: Any, fitted: Any, tmp_path: Path) -> None:
    e = make_examples()
    first = fit_seqhead(e, head_fit, tmp_path)
    np.testing.assert_array_equal(first.oof, fitted.oof)
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert len(stamps) == 4  # three folds and the head of all rows
    second = fit_seqhead(e, head_fit, tmp_path)
    np.testing.assert_array_equal(second.oof, first.oof)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == stamps


def test_seeds_are_averaged(make_examples: Make, head_fit: Any) -> None:
    fit = fit_seqhead(make_examples(), replace(head_fit, seeds=2), None)
    np.testing.assert_allclose(fit.oof, fit.by_seed.mean(axis=0), atol=1e-6)
    assert not np.array_equal(fit.by_seed[0], fit.by_seed[1])
    assert [len(e) for e in fit.epochs] == [2, 2, 2]
    assert fit.weights.shape == (6, 2)
    assert fit.final_epochs == [max(1, round(np.mean([e[s] for e in fit.epochs]))) for s in (0, 1)]


def test_pseudo_labels_are_learned_and_never_judged(make_examples: Make, head_fit: Any, fitted: Any) -> None:
    more = make_examples(0, 12, "pseudo", seed=9, prefix="p")
    asked: list[int | None] = []

    def pseudo(fold: int | None) -> Examples:
        asked.append(fold)
        return more.take(np.arange(6)) if fold == 1 else more

    fit = fit_seqhead(make_examples(), head_fit, None, pseudo)
    assert asked == [0, 1, 2, None]
    every = {f"p{i}" for i in range(12)}
    assert fit.pseudo_recordings == {0: every, 1: {f"p{i}" for i in range(6)}, 2: every, None: every}
    assert fitted.pseudo_recordings == {0: set(), 1: set(), 2: set(), None: set()}
    assert fit.oof.shape == fitted.oof.shape
    assert not np.array_equal(fit.oof, fitted.oof)


def test_a_scalar_mix_starts_from_the_probe(make_examples: Make, head_fit: Any) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    short = replace(head_fit, schedule=replace(head_fit.schedule, epochs=1, rate=1e-6), start={"a": 0.9, "b": 0.1})
    fit = fit_seqhead(make_examples(), short, None, emit=lambda name, payload: said.append((name, payload)))
    np.testing.assert_allclose(fit.weights.mean(axis=0), [0.9, 0.1], atol=1e-3)
    assert {name for name, _ in said} == {"training", "epoch"}
    assert [p["name"] for n, p in said if n == "training"] == ["fold0-seed0", "fold1-seed0", "fold2-seed0", "all-seed0"]


def test_what_a_checkpoint_depends_on(make_examples: Make, head_fit: Any) -> None:
    def picked(e: Examples) -> PickedRows:
        return PickedRows.of(e, np.arange(len(e)))

    given = make_examples()
    e, stop = picked(given), picked(make_examples(6, 6, seed=1))
    changed = picked(replace(given, features={**given.features, "a": given.features["a"] + 1e-3}))
    keys = {
        _checkpoint_key(e, stop, head_fit, 0, None), _checkpoint_key(changed, stop, head_fit, 0, None), _checkpoint_key(e, None, head_fit, 0, None),
        _checkpoint_key(e, stop, head_fit, 1, None), _checkpoint_key(e, stop, head_fit, 0, 3), _checkpoint_key(e, stop, replace(head_fit, folds=4), 0, None),
        _checkpoint_key(picked(replace(given, targets=1 - given.targets)), stop, head_fit, 0, None),
        _checkpoint_key(PickedRows.of(given, np.arange(len(given))[::-1].copy()), stop, head_fit, 0, None),
    }  # fmt: skip
    assert len(keys) == 8
    assert _checkpoint_key(e, stop, head_fit, 0, None) == _checkpoint_key(e, stop, head_fit, 0, None)


def test_mistakes_are_explained(make_examples: Make, head_fit: Any) -> None:
    with pytest.raises(BlendkitError, match="three folds at least, got 2"):
        fit_seqhead(make_examples(), replace(head_fit, folds=2), None)
    e = make_examples()
    first = replace(e, targets=np.where(np.arange(3) == 0, 1.0, 0.0).astype(np.float32)[None].repeat(len(e), 0))
    with pytest.raises(BlendkitError, match="no class with both positive and negative rows"):
        fit_seqhead(first, head_fit, None)


def test_no_rows_give_no_logits(make_examples: Make, fitted: Any) -> None:
    none = make_examples().take(np.empty(0, np.int64))
    assert logits_of(fitted.head, none).shape == (0, 3)
    with torch.no_grad():
        assert not fitted.head.training
