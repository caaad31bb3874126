from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score
from sklearn.model_selection import LeaveOneOut, PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from blendkit.errors import BlendkitError
from blendkit.metrics.knn import initial_weights, neighbours_right, probe

RNG = np.random.default_rng(0)
LABELS = [c for c in "abcd" for _ in range(15)]
FOLDS = [str(i % 5) for i in range(60)]
CENTRES = RNG.standard_normal((4, 6))
GOOD = np.repeat(CENTRES, 15, axis=0) + 0.6 * RNG.standard_normal((60, 6))
NOISE = RNG.standard_normal((60, 6))


def test_three_clips_by_hand() -> None:
    x = np.array([[0.0], [1], [10], [11], [5]])
    assert neighbours_right(x, ["a", "a", "b", "b", "a"], None, 1, "euclidean").tolist() == [
        True,
        True,
        True,
        True,
        True,
    ]
    # the last clip's neighbours are 1 and 10, at 4 and 5
    assert neighbours_right(x, ["a", "b", "b", "b", "a"], None, 1, "euclidean").tolist() == [
        False,
        False,
        True,
        True,
        False,
    ]
    # whoever shares its group has no vote
    got = neighbours_right(x, ["a", "a", "b", "b", "a"], ["1", "1", "2", "2", "3"], 1, "euclidean")
    assert got.tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("x", [GOOD, NOISE], ids=["good", "noise"])
@pytest.mark.parametrize("folds", [True, False])
def test_parity_with_scikit_learn(metric: str, x: np.ndarray, folds: bool) -> None:
    split = PredefinedSplit([int(f) for f in FOLDS]) if folds else LeaveOneOut()
    named = cross_val_predict(KNeighborsClassifier(5, metric=metric), x, LABELS, cv=split)
    got = neighbours_right(x, LABELS, FOLDS if folds else None, 5, metric)  # type: ignore[arg-type]
    tied = _tied(x, FOLDS if folds else [str(i) for i in range(len(x))], metric)  # of these names decide there
    assert tied.sum() < len(x) / 2
    assert np.array_equal(got[~tied], (named == np.array(LABELS))[~tied])


def _tied(x: np.ndarray, groups: list[str], metric: str) -> np.ndarray:
    out = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if groups[j] != groups[i]]
        model = KNeighborsClassifier(5, metric=metric).fit(x[others], np.array(LABELS)[others])
        shares = np.sort(model.predict_proba(x[i : i + 1])[0])
        out.append(shares[-1] == shares[-2])
    return np.array(out)


def test_of_equal_votes_the_nearest_class_wins_whatever_its_name() -> None:
    x = np.array([[0.0], [1.0], [1.1], [1.2], [0.9], [50.0]])  # of the first: b at .9 and 1.2, a at 1.0 and 1.1
    for a, b in (("a", "b"), ("z", "b")):
        got = neighbours_right(x, [b, a, a, b, b, a], None, 4, "euclidean")
        assert got[0]
    shuffled = {c: f"{9 - i}{c}" for i, c in enumerate("abcd")}
    one = neighbours_right(NOISE, LABELS, FOLDS, 5, "cosine")
    assert np.array_equal(one, neighbours_right(NOISE, [shuffled[c] for c in LABELS], FOLDS, 5, "cosine"))


def test_gains_are_over_the_embedding_wherever_it_stands() -> None:
    for order in (("embedding", "block"), ("block", "embedding")):
        assert probe(dict.fromkeys(order, NOISE), LABELS, FOLDS, replicates=20).against == "embedding"


def test_the_better_feature_leads_and_its_gain_is_sure() -> None:
    made = probe({"good": GOOD, "noise": NOISE, "same": NOISE.copy()}, LABELS, FOLDS)
    assert [p.name for p in made.features] == ["good", "noise", "same"]
    assert made.against == "same"
    good, noise = made.features[:2]
    assert good.top_one == made.correct["good"].mean() > 0.8
    assert good.low <= good.top_one <= good.high
    assert good.silhouette == pytest.approx(silhouette_score(GOOD, LABELS, metric="cosine"))
    assert made.gains["good"][1] > 0  # the same clips are redrawn for both
    assert made.gains["noise"] == (0, 0, 0)
    assert noise.top_one < 0.5


def test_intervals_depend_on_the_seed_alone() -> None:
    one, again, other = (probe({"x": NOISE}, LABELS, seed=s, replicates=20).features[0] for s in (0, 0, 1))
    assert one == again
    assert (one.low, one.high) != (other.low, other.high)
    shuffled = RNG.permutation(60)
    moved = probe({"x": NOISE[shuffled]}, [LABELS[i] for i in shuffled])
    assert moved.features[0].top_one == one.top_one


def test_many_sources_are_redrawn_whole() -> None:
    sources = [str(i // 5) for i in range(60)]  # twelve sources of five alike clips
    alike = np.repeat(GOOD[::5], 5, axis=0) + 1e-3 * RNG.standard_normal((60, 6))
    wide = probe({"x": alike}, LABELS, sources).features[0]
    narrow = probe({"x": alike}, LABELS).features[0]
    assert wide.high - wide.low > narrow.high - narrow.low
    assert wide.top_one <= narrow.top_one  # clips of one source vouch for each other


def test_weights_to_start_with() -> None:
    made = probe({"good": GOOD, "half": GOOD + 1.5 * NOISE, "noise": NOISE}, LABELS, FOLDS)
    weights = initial_weights(made.features, blocks=2)
    assert list(weights) == ["good", "half"]
    assert sum(weights.values()) == pytest.approx(1)
    top = {p.name: p.top_one for p in made.features}
    assert weights["good"] / weights["half"] == pytest.approx(
        (top["good"] - top["noise"]) / (top["half"] - top["noise"])
    )


def test_what_cannot_be_probed() -> None:
    with pytest.raises(BlendkitError, match=r"features \(n, D\) of 60 clips"):
        probe({"x": GOOD[:5]}, LABELS)
    with pytest.raises(BlendkitError, match=r"features \(n, D\) of 60 clips") as error:
        probe({"x": GOOD}, LABELS, ["one", "two"])
    assert error.value.problems == ("2 groups",)
    with pytest.raises(BlendkitError, match="all clips are a"):
        probe({"x": GOOD}, ["a"] * 60)
    with pytest.raises(BlendkitError, match="every class needs at least two") as error:
        probe({"x": GOOD}, ["z", *LABELS[1:]])
    assert error.value.problems == ("z",)
    with pytest.raises(BlendkitError, match="k is 5, but a clip has only 0 neighbours outside"):
        probe({"x": GOOD}, LABELS, ["one"] * 60)
    with pytest.raises(BlendkitError, match="no feature 'y'"):
        probe({"x": GOOD}, LABELS, against="y")
    with pytest.raises(BlendkitError, match="1 values that are not finite"):
        probe({"x": with_nan()}, LABELS)


def with_nan() -> np.ndarray:
    x = GOOD.copy()
    x[3, 2] = np.nan
    return x


def test_two_classes_are_enough() -> None:
    found = probe({"x": np.array([[0.0], [0.1], [5.0], [5.1]])}, ["a", "a", "b", "b"], metric="euclidean", k=1)
    assert found.features[0].top_one == 1
