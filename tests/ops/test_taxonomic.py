from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blendkit.core.taxonomy import LEVELS, Taxonomy
from blendkit.errors import BlendkitError
from blendkit.ops.taxonomic import (
    congener_scores,
    mirror,
    taxon_share,
    taxonomy_max,
    taxonomy_mean,
    taxonomy_mean_unsure,
    taxonomy_noisy_or,
)

# class id, scientific name, family, order, class_name
TABLE = [
    ("a", "Scinax fuscus", "Hylidae", "Anura", "Amphibia"),
    ("b", "Scinax nasicus", "Hylidae", "Anura", "Amphibia"),
    ("c", "Boana raniceps", "Hylidae", "Anura", "Amphibia"),
    ("d", "Leptodactylus fuscus", "Leptodactylidae", "Anura", "Amphibia"),
    ("s1", "Insect son01", "", "", "Insecta"),
    ("s2", "Insect son02", "", "", "Insecta"),
    ("s3", "Insect son03", "", "", "Insecta"),
    ("e", "Pitangus sulphuratus", "Tyrannidae", "Passeriformes", "Aves"),
]
CLASSES = tuple(row[0] for row in TABLE)
KEYS = ("scientific_name", "family", "order", "class_name")
TAXONOMY = Taxonomy({c: dict(zip(KEYS, rest, strict=True)) for c, *rest in TABLE})
ALL = np.ones(len(CLASSES), bool)


def smooth(x: NDArray[Any], covered: NDArray[np.bool_] = ALL, classes: tuple[str, ...] = CLASSES, **alphas: Any) -> Any:
    return taxonomy_mean(x, taxonomy=TAXONOMY, classes=classes, covered=covered, **alphas)


def group_name(row: tuple[str, ...], level: str, sonotypes: str) -> str:
    if level == "genus":
        return "" if sonotypes == "skip" and " son" in row[1] else row[1].split()[0]
    return row[2 + ("family", "order", "class_name").index(level)]


def oracle(
    x: NDArray[Any], covered: NDArray[np.bool_], alphas: dict[str, float], sonotypes: str = "skip"
) -> NDArray[np.float64]:
    """One cell after the other, straight from the definition."""
    now = np.asarray(x, np.float64).copy()
    for level in ("genus", "family", "order", "class_name"):
        names = [group_name(row, level, sonotypes) for row in TABLE]
        after = now.copy()
        for i in range(now.shape[0]):
            for c, name in enumerate(names):
                mates = [j for j, n in enumerate(names) if n == name and covered[j]]
                if name and names.count(name) > 1 and mates:
                    mean = sum(now[i, j] for j in mates) / len(mates)
                    after[i, c] = now[i, c] + alphas.get(level, 0.0) * (mean - now[i, c])
        now = after
    return now


X = np.array([[8.0, 0.0, 4.0, 0.0, 2.0, 4.0, 6.0, 1.0]])


@pytest.mark.parametrize(
    ("alphas", "expected"),
    [
        ({"genus": 0.5}, [6, 2, 4, 0, 2, 4, 6, 1]),
        ({"genus": 1.0}, [4, 4, 4, 0, 2, 4, 6, 1]),
        ({"family": 0.5}, [6, 2, 4, 0, 2, 4, 6, 1]),
        ({"order": 0.5}, [5.5, 1.5, 3.5, 1.5, 2, 4, 6, 1]),
        ({"class_name": 0.5}, [5.5, 1.5, 3.5, 1.5, 3, 4, 5, 1]),
        ({"genus": 0.5, "sonotypes": "group"}, [6, 2, 4, 0, 3, 4, 5, 1]),
        # the family's mean is 4 again, of values that the genus has pulled together
        ({"genus": 0.5, "family": 0.5}, [5, 3, 4, 0, 2, 4, 6, 1]),
        ({"genus": 1.0, "class_name": 1.0}, [3, 3, 3, 3, 4, 4, 4, 1]),
    ],
)
def test_smoothing_by_hand(alphas: dict[str, Any], expected: list[float]) -> None:
    assert smooth(X, **alphas)[0].tolist() == expected


def test_levels_run_fine_to_coarse_whatever_their_order() -> None:
    """A genus name that two classes share makes the order matter; nested groups would commute."""
    table = {c: {"scientific_name": f"{g} x", "class_name": t} for c, g, t in ("pGA", "qGB", "rHB")}
    near = {"taxonomy": Taxonomy(table), "classes": ("p", "q", "r"), "covered": np.ones(3, bool)}
    x = np.array([[8.0, 0.0, 4.0]])
    # genus: 8, 0 -> 4, 4; then class B: 4, 4 stay
    assert taxonomy_mean(x, class_name=1.0, genus=1.0, **near).tolist() == [[4.0, 4.0, 4.0]]
    # the other way round class B comes first: 0, 4 -> 2, 2
    assert taxonomy_mean(taxonomy_mean(x, class_name=1.0, **near), genus=1.0, **near).tolist() == [[5.0, 5.0, 2.0]]
    assert LEVELS == ("genus", "family", "order", "class_name")


def test_uncovered_classes_do_not_count_in_the_mean() -> None:
    covered = np.array([True, False, True, True, True, True, False, True])
    out = smooth(X, covered, genus=0.5, class_name=0.0)
    assert out[0, 0] == 8.0  # the only covered one of its genus is its own mean
    assert out[0, 1] == 4.0  # the uncovered one is pulled towards it
    out = smooth(X, covered, class_name=0.5)
    assert out[0, 4:7].tolist() == [2.5, 3.5, 4.5]  # mean 3 of s1 and s2 alone


def test_a_group_nobody_covers_stays() -> None:
    covered = np.array([False, False, True, True, True, True, True, True])
    assert smooth(X, covered, genus=0.5)[0, :2].tolist() == [8.0, 0.0]


@given(
    seed=st.integers(0, 999),
    alphas=st.fixed_dictionaries({level: st.sampled_from([0.0, 0.05, 0.15, 0.7, 1.0]) for level in LEVELS}),
    sonotypes=st.sampled_from(["skip", "group"]),
)
def test_smoothing_equals_the_definition(seed: int, alphas: dict[str, float], sonotypes: str) -> None:
    rng = np.random.default_rng(seed)
    x, covered = rng.standard_normal((5, len(CLASSES))), rng.random(len(CLASSES)) < 0.7
    out = smooth(x, covered, sonotypes=sonotypes, **alphas)
    np.testing.assert_allclose(out, oracle(x, covered, alphas, sonotypes), atol=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_class_alone_in_its_groups_keeps_every_bit(kind: type) -> None:
    x = (np.random.default_rng(0).standard_normal((200, len(CLASSES))) / 3).astype(kind)
    out = smooth(x, genus=0.3, family=0.3, order=0.3, class_name=0.3)
    assert out.dtype == kind
    np.testing.assert_array_equal(out[:, 7], x[:, 7])  # the only bird
    assert not np.array_equal(out[:, 0], x[:, 0])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_only_covered_class_of_a_genus_keeps_every_bit(kind: type) -> None:
    x = (np.random.default_rng(1).standard_normal((200, len(CLASSES))) / 3).astype(kind)
    covered = np.array([True, False, True, True, True, True, True, True])
    np.testing.assert_array_equal(smooth(x, covered, genus=0.15)[:, 0], x[:, 0])


def test_alpha_zero_returns_the_same_values() -> None:
    np.testing.assert_array_equal(smooth(X), X)
    np.testing.assert_array_equal(smooth(X, genus=0.0, class_name=0.0, sonotypes="group"), X)


@given(seed=st.integers(0, 99), random=st.randoms(use_true_random=False))
def test_part_of_the_rows_gives_the_same_bits(seed: int, random: Any) -> None:
    x = np.random.default_rng(seed).standard_normal((30, len(CLASSES))).astype(np.float32)
    rows = random.sample(range(30), 7)
    whole = smooth(x, genus=0.15, class_name=0.05)
    np.testing.assert_array_equal(smooth(x[rows], genus=0.15, class_name=0.05), whole[rows])
    np.testing.assert_array_equal(smooth(np.asfortranarray(x), genus=0.15, class_name=0.05), whole)


def test_class_order_follows_the_ids_not_the_columns() -> None:
    x = np.random.default_rng(0).standard_normal((4, len(CLASSES)))
    order = np.random.default_rng(1).permutation(len(CLASSES))
    moved = smooth(x[:, order], classes=tuple(CLASSES[i] for i in order), genus=0.5, order=0.5)
    np.testing.assert_allclose(moved, smooth(x, genus=0.5, order=0.5)[:, order], atol=1e-14)


def test_a_subset_of_the_taxonomy_groups_only_what_is_there() -> None:
    out = smooth(np.array([[8.0, 4.0]]), np.ones(2, bool), ("a", "c"), genus=0.5)
    assert out.tolist() == [[8.0, 4.0]]  # two genera of one each
    assert smooth(np.array([[8.0, 4.0]]), np.ones(2, bool), ("a", "c"), family=0.5).tolist() == [[7.0, 5.0]]


def test_levels_the_taxonomy_lacks_are_all_named() -> None:
    bare = Taxonomy({c: {"scientific_name": f"{c} x", "class_name": "Aves"} for c in ("p", "q")})
    with pytest.raises(BlendkitError, match=r"no family and no order") as caught:
        taxonomy_mean(np.zeros((1, 2)), taxonomy=bare, classes=("p", "q"), covered=np.ones(2, bool),
                      genus=0.1, family=0.1, order=0.1)  # fmt: skip
    assert "taxonomy.csv" in str(caught.value)
    assert "genus" not in str(caught.value)


def test_classes_unknown_to_the_taxonomy_stay() -> None:
    out = smooth(np.array([[8.0, 4.0, 1.0]]), np.ones(3, bool), ("a", "b", "stranger"), genus=0.5)
    assert out.tolist() == [[7.0, 5.0, 1.0]]


TWO = Taxonomy({
    "p": {"scientific_name": "Pitangus one", "class_name": "Aves"}, "q": {"scientific_name": "Pitangus two", "class_name": "Aves"},
    "s": {"scientific_name": "Scinax one", "class_name": "Amphibia"}, "t": {"scientific_name": "Turdus one", "class_name": "Aves"},
})  # fmt: skip
FOUR = ("p", "q", "s", "t")
ALL = np.ones(4, bool)
Y = np.array([[0.8, 0.4, 0.3, 0.2]])


def test_taxonomy_max_by_hand() -> None:
    out = taxonomy_max(Y, taxonomy=TWO, classes=FOUR, covered=ALL, genus=0.5, class_name=0.25)
    q = 0.5 * 0.4 + 0.5 * 0.8
    np.testing.assert_allclose(out, [[0.8, 0.75 * q + 0.25 * 0.8, 0.3, 0.75 * 0.2 + 0.25 * 0.8]])
    silent = np.array([False, True, True, True])
    out = taxonomy_max(Y, taxonomy=TWO, classes=FOUR, covered=silent, genus=1.0)
    assert out.tolist() == [[0.4, 0.4, 0.3, 0.2]]  # an uncovered class takes, and gives nothing


def test_taxonomy_noisy_or_by_hand() -> None:
    out = taxonomy_noisy_or(Y, taxonomy=TWO, classes=FOUR, covered=ALL, genus=0.5)
    either = 1 - 0.2 * 0.6
    np.testing.assert_allclose(out, [[0.4 + either / 2, 0.2 + either / 2, 0.3, 0.2]])


def test_mirrors_by_hand() -> None:
    out = mirror(Y, classes=FOUR, covered=ALL, groups=[["q", "t"], ["s"]])
    assert out.tolist() == [[0.8, 0.4, 0.3, 0.4]]
    with pytest.raises(BlendkitError) as caught:
        mirror(Y, classes=FOUR, covered=ALL, groups=[["q", "t"], ["q", "zz"]])
    assert "unknown class 'zz'" in str(caught.value)
    assert "class 'q' is in two groups" in str(caught.value)
    some = mirror(Y, classes=FOUR, covered=ALL, groups=[["q", "zz"], ["yy"], ["p", "t"]], unknown_classes="ignore")
    assert some.tolist() == [[0.8, 0.4, 0.3, 0.8]]


def test_congeners_stand_in() -> None:
    covered = np.array([True, False, True, False])
    out, now = congener_scores(Y, TWO, FOUR, covered, "max")
    assert out.tolist() == [[0.8, 0.8, 0.3, 0.2]]
    assert now.tolist() == [True, True, True, False]  # nobody of the genus Turdus is covered
    three = Taxonomy({**TWO.table, "r": {"scientific_name": "Pitangus three", "class_name": "Aves"}})
    mean, _ = congener_scores(
        np.array([[0.8, 0.4, 0.0]]), three, ("p", "q", "r"), np.array([True, True, False]), "mean"
    )
    np.testing.assert_allclose(mean, [[0.8, 0.4, 0.6]])


EVERY = np.ones(len(CLASSES), bool)
UNSURE = np.random.default_rng(5).random((30, 8)) * np.linspace(0.3, 1.0, 30)[:, None]


@pytest.mark.parametrize("covered", [EVERY, np.array([c not in ("b", "s1") for c in CLASSES])])
def test_the_unsure_are_pulled_by_as_much_as_they_are_unsure(covered: NDArray[np.bool_]) -> None:
    out = taxonomy_mean_unsure(
        UNSURE, taxonomy=TAXONOMY, classes=CLASSES, covered=covered, genus=0.4, class_name=0.2, largest=3
    )
    for x, y in zip(UNSURE, out, strict=True):
        u = min(max((0.92 - x[covered].max()) / 0.57, 0.0), 1.0)
        # four frogs are more than three, so their class_name stays; the insects' does not
        frogs = oracle(x[None], covered, {"genus": 0.4 * u})[0]
        insects = oracle(x[None], covered, {"genus": 0.4 * u, "class_name": 0.2 * u})[0]
        expected = np.where([c.startswith("s") for c in CLASSES], insects, frogs)
        np.testing.assert_allclose(y, expected, atol=1e-12)
    with pytest.raises(BlendkitError, match="not below"):
        taxonomy_mean_unsure(UNSURE, taxonomy=TAXONOMY, classes=CLASSES, covered=EVERY, genus=0.1, unsure=0.95)


def test_a_taxon_counts_by_its_share_of_the_chunk() -> None:
    p = np.array([[0.2, 0.0, 0.1, 0.1, 0.3, 0.0, 0.1, 0.2], [0.0] * 8])
    frogs, insects, birds = 0.4, 0.4, 0.2
    shares = np.array([frogs] * 4 + [insects] * 3 + [birds])
    out = taxon_share(p, taxonomy=TAXONOMY, classes=CLASSES, covered=EVERY, power=0.5)
    np.testing.assert_allclose(out, [p[0] * np.sqrt(shares), np.zeros(8)])
    covered = np.array([c != "a" for c in CLASSES])
    part = taxon_share(p, taxonomy=TAXONOMY, classes=CLASSES, covered=covered, power=1.0)
    np.testing.assert_allclose(part[0], [0.2, *(p[0, 1:] * np.array([0.2] * 3 + [0.4] * 3 + [0.2]) / 0.8)])
    strange = taxon_share(p[:, :2], taxonomy=TAXONOMY, classes=("a", "nameless"), covered=EVERY[:2])
    np.testing.assert_allclose(strange[0], [0.2, 0.0])
    heard = np.array([[0.2, 0.1, 0.5]])  # of a frog, an insect, and of nobody's taxon: that one stays
    mixed = taxon_share(heard, taxonomy=TAXONOMY, classes=("a", CLASSES[4], "nameless"), covered=EVERY[:3], power=1.0)
    np.testing.assert_allclose(mixed[0], [0.2 * 0.2 / 0.8, 0.1 * 0.1 / 0.8, 0.5])
