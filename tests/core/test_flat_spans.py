"""Labelled spans against rows of many recordings, compared with a loop over both."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import WHOLE_RECORDING, LabelTable, NameRule, Rows, chunk_rows, united_spans

CLASSES = ("x", "y")
SPANS = st.tuples(
    st.integers(0, 40), st.integers(1, 12) | st.just(0), st.frozensets(st.sampled_from(["x", "y", "rare"]))
).map(lambda s: (s[0] * 500, (s[0] + s[1]) * 500 if s[1] else WHOLE_RECORDING, s[2]))
TABLES = st.dictionaries(st.sampled_from("abcd"), st.lists(SPANS, max_size=5).map(tuple), max_size=4)


def by_loops(table: LabelTable, rows: Rows) -> tuple[list[list[bool]], list[bool]]:
    truth, labelled = [], []
    for first, last in pairwise(rows.offsets().tolist()):
        spans = table.spans.get(rows.recording[first], ())
        reached = max((s[1] for s in spans), default=0)
        for i in range(first, last):
            start, end = round(rows.start_s[i] * 1000), round(rows.end_s[i] * 1000)
            over = [s for s in spans if s[0] < end and s[1] > start]
            truth.append([any(c in s[2] for s in over) for c in CLASSES])
            known_end = reached if i == last - 1 and start + 1000 <= reached < end else end
            at = start
            for s in sorted(over, key=lambda s: s[:2]):
                at = max(at, s[1]) if s[0] <= at else at
            labelled.append(bool(spans) and at >= known_end)
    return truth, labelled


@given(TABLES, st.dictionaries(st.sampled_from("abcde"), st.integers(1, 5), min_size=1), st.randoms())
def test_the_matrix_is_that_of_loops(spans: dict, chunks: dict, random: object) -> None:
    table = LabelTable(spans, 0, "l.csv")
    rows = chunk_rows(chunks, 2.5, NameRule())
    kept = np.array([i for i in range(len(rows)) if random.random() < 0.8], np.int64)  # type: ignore[attr-defined]
    for some in (rows, rows.take(kept), rows.take(np.arange(len(rows))[::-1])):  # also gaps, and times that fall
        truth, labelled = table.matrix(some, CLASSES, ("rare",))
        assert (truth.tolist(), labelled.tolist()) == by_loops(table, some)
        assert truth.shape == (len(some), 2)


@given(st.lists(st.tuples(st.sampled_from("ab"), SPANS), max_size=12))
def test_equal_spans_are_one_with_the_classes_of_all(spans: list) -> None:
    expected: dict[str, dict[tuple[int, int], frozenset[str]]] = {}
    for recording, (begin, stop, classes) in spans:
        own = expected.setdefault(recording, {})
        own[begin, stop] = own.get((begin, stop), frozenset()) | classes
    start, end = (np.array([s[i] for _, s in spans], np.int64) for i in (0, 1))
    every, sets = np.arange(len(spans)), [s[2] for _, s in spans]
    found = united_spans([r for r, _ in spans], every, start, end, sets, every)
    assert found == {r: tuple((*s, c) for s, c in own.items()) for r, own in expected.items()}
    assert [*found] == [*expected]
    assert LabelTable(found, 0, "").classes == {c for s in sets for c in s}


def test_parts_and_new_names_of_spans() -> None:
    x, y = frozenset({"x"}), frozenset({"y"})
    table = LabelTable({"a": ((0, 5, x), (5, 9, y)), "b": (), "f/a": ((0, 5, y),)}, 0, "l.csv")
    assert table.only(["f/a", "b"]).spans == {"b": (), "f/a": ((0, 5, y),)}
    assert table.only(["f/a"]).classes == {"y"}
    assert table.renamed({"x": "y"}).spans["a"] == ((0, 5, y), (5, 9, y))
    assert table.named_as(["f/a"]).spans == {"f/a": ((0, 5, x | y), (5, 9, y)), "b": ()}  # labels of one recording
    assert table.named_as(["a"]).recordings == ("a", "b", "f/a")  # `a` has labels of its own: `f/a` is another file
    assert table.chunk_counts(0.002) == {"a": 5, "b": 1, "f/a": 3}


def test_a_copy_is_made_only_where_something_changes() -> None:
    table = LabelTable({"a": ((0, 5000, frozenset({"x"})),)}, 0, "l.csv")
    assert table.named_as(["a", "b"]) is table
    assert table.only(["a", "b"]) is table
    assert table.named_as(["f/a"]).recordings == ("f/a",)
    table.classes.add("other")
    assert table.classes == {"x"}
