"""Saved features and labels as training examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.core import NameRule, Taxonomy, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io import read_taxonomy
from blendkit.store import FeatureStore, Stored
from blendkit.training.jobs.training_examples import (
    chunk_examples,
    classes_of,
    clip_examples,
    open_features,
    unlabelled_examples,
)

Save = Callable[..., FeatureStore]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a store of two features; a row's values are its own number."""

    def make(name: str, chunks: dict[str, int], made_by: str = "a" * 16, facts: Any = None) -> FeatureStore:
        about = {"facts": facts or {"params": {"model": "m"}}}
        store = FeatureStore.create(tmp_path / name, made_by, {"p": (2,), "q": (1,)}, about)
        rows = chunk_rows(chunks, 5.0, NameRule())
        number = np.arange(len(rows), dtype=np.float32)[:, None]
        stored = {r: Stored(r, n, "ok", "", 5.0 * n) for r, n in chunks.items()}
        store.write(rows, [np.hstack([number, -number]), 10 * number], stored)
        return FeatureStore.open(tmp_path / name)

    return make


def write_labels(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(["filename,start,end,primary_label", *lines]) + "\n")
    return path


def test_every_chunk_of_a_clip_has_its_folders_class(save: Save) -> None:
    e = clip_examples(save("clips", {"y/XC1": 1, "x/XC7": 2}), ["q"], ("x", "y", "z"))
    assert e.row_ids.tolist() == ["x/XC7_5", "x/XC7_10", "y/XC1_5"]
    assert e.targets.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert set(e.features) == {"q"}
    assert e.features["q"].tolist() == [[0], [10], [20]]
    assert e.group.tolist() == e.recording.tolist() == ["x/XC7", "x/XC7", "y/XC1"]
    assert set(e.kind.tolist()) == {"clip"}


def test_folders_that_are_no_class_are_named(save: Save) -> None:
    with pytest.raises(BlendkitError, match="folders that are none of the classes") as caught:
        clip_examples(save("clips", {"xblu/1": 1, "loose": 1, "b/2": 1}), ["p"], ("xblue", "b"))
    (text,) = caught.value.problems
    assert "clips outside a class folder" in text
    assert "'xblu' (did you mean 'xblue'?)" in text


def test_only_labelled_chunks_are_taken_with_their_own_features(save: Save, tmp_path: Path) -> None:
    store = save("scapes", {"r10": 2, "r2": 3})  # rows: r2 has 0 1 2, r10 has 3 4
    labels = write_labels(tmp_path / "l.csv", ["r10.ogg,5,10,y", "r2.ogg,0,5,x;y", "r2.ogg,5,10,", "gone.ogg,0,5,x"])
    e = chunk_examples(store, ["q", "p"], ("x", "y"), labels, Taxonomy({}))
    assert e.row_ids.tolist() == ["r2_5", "r2_10", "r10_10"]
    assert e.features["q"].tolist() == [[0], [10], [40]]
    assert e.targets.tolist() == [[1, 1], [0, 0], [0, 1]]  # labelled silence is learned from as well
    assert e.group.tolist() == ["r2", "r2", "r10"]
    assert set(e.kind.tolist()) == {"chunk"}


def test_labels_of_other_recordings_are_an_error_that_shows_both(save: Save, tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "l.csv", ["other.ogg,0,5,x"])
    with pytest.raises(BlendkitError, match="no label matches a chunk") as caught:
        chunk_examples(save("scapes", {"r1": 1}), ["p"], ("x",), labels, Taxonomy({}))
    assert list(caught.value.problems) == ["such as 'other' in the labels and 'r1' in the features"]


def test_unlabelled_rows_have_no_positives(save: Save) -> None:
    e = unlabelled_examples(save("u", {"r1": 2}), ["p"], ("x", "y"))
    assert e.targets.shape == (2, 2)
    assert not e.targets.any()
    assert set(e.kind.tolist()) == {"pseudo"}
    assert e.features["p"].tolist() == [[0, 0], [1, -1]]


def test_an_unknown_block_is_named(save: Save) -> None:
    with pytest.raises(BlendkitError, match="no feature 'r'"):
        unlabelled_examples(save("u", {"r1": 1}), ["r"], ("x",))


def test_stores_of_other_models_are_not_mixed(save: Save, tmp_path: Path) -> None:
    save("one", {"r1": 1})
    save("same", {"r2": 1})
    save("other", {"r3": 1}, made_by="b" * 16, facts={"params": {"model": "n", "peak": True}})
    assert len(open_features([tmp_path / "one", tmp_path / "same"])) == 2
    with pytest.raises(BlendkitError, match="cannot be mixed") as caught:
        open_features([tmp_path / n for n in ("one", "same", "other")])
    (text,) = caught.value.problems
    assert text == f"{tmp_path / 'other'}: params.model m against n; params.peak nothing against True"


def test_long_facts_are_shown_where_they_part(save: Save, tmp_path: Path) -> None:
    save("one", {"r1": 1}, facts={"adapter": "blendkit 0.1 " + "a" * 30 + "0123456789" * 3, "n": 1})
    save(
        "other", {"r2": 1}, made_by="b" * 16, facts={"adapter": "blendkit 0.1 " + "a" * 30 + "9876543210" * 3, "n": "1"}
    )
    save(
        "silent", {"r3": 1}, made_by="c" * 16, facts={"adapter": "blendkit 0.1 " + "a" * 30 + "0123456789" * 3, "n": 1}
    )
    with pytest.raises(BlendkitError) as caught:
        open_features([tmp_path / n for n in ("one", "other", "silent")])
    parted, unsaid = caught.value.problems
    assert "adapter ...aaaaaaaa012345678901... against ...aaaaaaaa987654321098...; n 1 against '1'" in parted
    assert unsaid == f"{tmp_path / 'silent'}: hash of what made them aaaaaaaaaaaaaaaa against cccccccccccccccc"


def test_classes_are_the_taxonomys_or_folders_and_labels(save: Save, tmp_path: Path) -> None:
    stores = [save("clips", {"y/1": 1, "b/2": 1}), save("scapes", {"r1": 1})]
    labels = write_labels(tmp_path / "l.csv", ["r1.ogg,0,5,c;y"])
    assert classes_of(stores, labels, Taxonomy({})) == ("b", "c", "y")
    assert classes_of(stores, None, Taxonomy({})) == ("b", "y")
    (tmp_path / "t.csv").write_text("primary_label,class_name\nz,Aves\na,Aves\n")
    taxonomy = read_taxonomy([tmp_path / "t.csv"])
    assert classes_of(stores, labels, taxonomy) == taxonomy.classes
