from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from blendkit.metrics.auc import macro_auc
from blendkit.metrics.bootstrap import paired_bootstrap
from blendkit.training.examples import Examples, stack
from blendkit.training.out_of_fold import clusters_of, judge, not_judged, share_interval
from blendkit.training.stopping import stopping_score

Make = Callable[..., Examples]


@pytest.fixture
def both(make_examples: Make) -> tuple[Examples, np.ndarray]:
    e = make_examples()
    noise = np.random.default_rng(3).standard_normal(e.targets.shape)
    return e, (e.targets * 1.5 + noise).astype(np.float32)


def test_figures_are_those_of_the_metrics(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    found = judge(e, logits, {"other": logits[:, ::-1].copy()})
    for kind in ("clip", "chunk"):
        rows = np.flatnonzero(e.kind == kind)
        truth = e.targets[rows] > 0.5
        scores = {"": logits[rows], "other": logits[rows][:, ::-1]}
        boot = paired_bootstrap(truth, scores, e.group[rows].tolist(), 1000)
        assert found[kind]["macro_auc"][0] == macro_auc(truth, logits[rows]).macro
        assert found[kind]["macro_auc"][1:] == [boot.interval("").low, boot.interval("").high]
        gain = boot.difference("", "other")
        assert found[kind]["gains"]["other"]["macro_auc"] == [gain.estimate, gain.low, gain.high]
        assert (found[kind]["rows"], found[kind]["classes"]) == (len(rows), 3)
    right = (logits.argmax(axis=1) == e.targets.argmax(axis=1))[e.kind == "clip"]
    assert found["clip"]["top_one"][0] == pytest.approx(right.mean())
    assert found["chunk"]["top_one"] is None
    assert "top_one" in found["clip"]["gains"]["other"]
    assert "top_one" not in found["chunk"]["gains"]["other"]


def test_folds_are_judged_by_themselves_and_comparisons_go_by_them(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    fold = np.arange(len(e)) % 2
    found = judge(e, logits, {"moved": logits + 99 * fold[:, None].astype(np.float32)}, fold)
    for kind in ("clip", "chunk"):
        rows = np.flatnonzero(e.kind == kind)
        each = [macro_auc(e.targets[r] > 0.5, logits[r]).macro for f in (0, 1) for r in [rows[fold[rows] == f]]]
        assert found[kind]["by_fold"]["folds"] == each
        estimate, low, high = found[kind]["by_fold"]["macro_auc"]
        assert estimate == pytest.approx(np.mean(each))
        assert low < estimate < high
        gain = found[kind]["gains"]["moved"]
        assert (gain["macro_auc"], gain["by"]) == ([0, 0, 0], "mean of folds")
    alone = judge(e, logits, {"other": -logits})["chunk"]
    assert (alone["by_fold"], alone["gains"]["other"]["by"]) == (None, "pooled")


def test_rows_without_logits_count_nowhere(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    some = logits.copy()
    some[e.kind == "chunk"] = np.nan
    some[:6] = np.nan
    found = judge(e, some)
    assert list(found) == ["clip"]
    assert found["clip"]["rows"] == 30


def test_a_kind_that_cannot_be_measured_is_left_out(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    targets = e.targets.copy()
    targets[e.kind == "chunk"] = [1, 0, 0]
    assert list(judge(replace(e, targets=targets), logits)) == ["clip"]
    lonely = replace(e, group=np.full(len(e), "g"), recording=np.full(len(e), "r"))
    assert judge(lonely, logits) == {}


def test_every_kind_without_a_figure_has_its_reason(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    clips = e.kind == "clip"
    unseen = np.where(clips[:, None], np.nan, logits)
    assert not_judged(e, logits) == {}
    assert not_judged(e, unseen) == {"clip": "a teacher behind the fit learned from all of their recordings (36 rows)"}
    other = {"old": np.where(clips[:, None], np.nan, logits)}
    assert not_judged(e, logits, other) == {"clip": "no row counts as out-of-fold both here and in old"}
    one_class = replace(e, targets=np.ones_like(e.targets))
    assert "among the 18 that count" in not_judged(one_class, unseen)["chunk"]
    lonely = replace(e, group=np.full(len(e), "g"), recording=np.full(len(e), "r"))
    assert not_judged(lonely, logits)["clip"] == "the 36 rows that count are of one recording"
    assert list(not_judged(lonely.take(np.flatnonzero(clips)), logits[clips])) == ["clip"]  # no rows, no reason


def test_few_groups_are_redrawn_by_recording(make_examples: Make) -> None:
    e = make_examples()
    many, few = (replace(e, group=np.array([f"g{i % n}" for i in range(len(e))])) for n in (11, 10))
    assert clusters_of(many) is many.group
    assert clusters_of(few) is few.recording


def test_training_stops_by_soundscapes_where_they_can_be_measured(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    chunks, clips = (e.kind == k for k in ("chunk", "clip"))
    assert stopping_score(e, logits) == macro_auc(e.targets[chunks] > 0.5, logits[chunks]).macro
    none = e.targets.copy()
    none[chunks] = 0
    assert stopping_score(replace(e, targets=none), logits) == macro_auc(e.targets[clips] > 0.5, logits[clips]).macro
    assert np.isnan(stopping_score(replace(e, targets=np.zeros_like(none)), logits))


def test_shares_redraw_whole_clusters() -> None:
    right = np.repeat([1.0, 0.0], 50)
    alone = share_interval(right, np.array([str(i) for i in range(100)]))
    together = share_interval(right, np.repeat(["a", "b"], 50))
    assert alone[0] == together[0] == 0.5
    assert together[1:] == [0.0, 1.0]
    assert 0.38 < alone[1] < 0.5 < alone[2] < 0.62


def test_cells_that_do_not_count_are_in_no_figure(both: tuple[Examples, np.ndarray]) -> None:
    e, logits = both
    counts = np.ones(e.targets.shape, bool)
    counts[::4, 0] = counts[1::5, 2] = False
    wrong = np.where(counts, logits, 99.0).astype(np.float32)
    found, same = judge(replace(e, counts=counts), wrong), judge(replace(e, counts=counts), logits)
    rows = e.kind == "clip"
    assert found["clip"]["macro_auc"][0] == macro_auc(e.targets[rows] > 0.5, logits[rows], counts[rows]).macro
    assert found["clip"]["top_one"] == same["clip"]["top_one"]
    assert stopping_score(replace(e, counts=counts), wrong) == stopping_score(replace(e, counts=counts), logits)
    assert judge(e, wrong)["clip"]["macro_auc"] != found["clip"]["macro_auc"]


def test_counts_go_with_their_rows_and_classes(make_examples: Make) -> None:
    e = make_examples(2, 1)
    some = replace(e, counts=np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]], bool))
    assert some.take(np.array([2, 0])).counts.tolist() == [[False, True, True], [True, False, True]]  # type: ignore[union-attr]
    assert some.of_classes([2, 0]).counts.tolist() == [[True, True], [False, True], [True, False]]  # type: ignore[union-attr]
    assert some.of_classes([2, 0]).classes == ("z", "x")
    both = stack([e, some])
    assert both.counts is not None
    assert both.counts.tolist() == [[True] * 3] * 3 + some.counts.tolist()  # type: ignore[union-attr]
    assert stack([e, e]).counts is None
