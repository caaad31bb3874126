"""What a Python caller gets wrong is said in words: what was expected, what was given, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import blendkit as bk

TABLE = pd.DataFrame({"row_id": ["A_5", "A_10", "B_5"], "x": [0.1, 0.9, 0.5], "y": [0.4, 0.2, 0.7]})
MISTAKES: dict[str, tuple[Callable[[Any, str], object], str]] = {
    "a table to measure": (lambda k, f: k.evaluate(TABLE, f), "scores: expected the path of a file, got a DataFrame"),
    "a table of labels": (lambda k, f: k.evaluate(f, TABLE), "labels: expected the path of a file, got a DataFrame"),
    "a number for a file": (lambda k, f: k.read_scores(3), "scores: expected the path of a file, got an int"),
    "a word for a space": (lambda k, f: k.read_scores(f, "probs"), "space of scores: expected one of logit, prob"),
    "a table to compare": (
        lambda k, f: k.compare([TABLE, f], f),
        "a source: expected the path of a file, got a DataFr",
    ),
    "one file to compare": (lambda k, f: k.compare(f, f), "sources: expected Mapping or list or tuple, got a str"),
    "one file to blend": (
        lambda k, f: k.blend_files(f, f, "o"),
        "score files: expected BlendFiles or list or tuple, g",
    ),
    "one share as a text": (lambda k, f: k.whatif("mean", shares="a=1"), "shares: expected list or tuple, got a str"),
    "a word for a weight": (
        lambda k, f: k.blend(
            {"a": k.read_scores(f, "prob"), "b": k.read_scores(f, "prob")}, weights={"a": "x", "b": 1}
        ),
        "weights of a blend are numbers\n  'a' has 'x'",
    ),
    "files to blend": (lambda k, f: k.blend([f, f]), "scores of a blend are a list, without names"),
    "a mapping for a recipe": (lambda k, f: k.run({"members": {}}), "recipe: expected the path of a file, got a dict"),
    "a list of recipes": (lambda k, f: k.check(["mean"]), "recipe: expected the path of a file, got a list"),
    "a word for a search": (lambda k, f: k.search("mean", "line"), "method of a search: expected GreedySearch or Line"),
    "groups of nothing": (lambda k, f: k.LineSearch("taxon"), "groups of a search: expected one of class_name, class"),
    "no steps": (lambda k, f: k.GreedySearch(0), "a greedy search picks at least one member, got 0 steps"),
    "unknown clusters": (lambda k, f: k.Judging(clusters="sites"), "got 'sites' (did you mean 'site'?)"),
    "a negative seed": (lambda k, f: k.Judging(seed=-1), "a seed is a whole number from 0 on, got -1"),
    "a level in percent": (lambda k, f: k.Judging(level=95), "the level of an interval lies between 0 and 1, got 95"),
    "a table to smooth": (lambda k, f: k.apply(TABLE, "gaussian"), "scores: expected Scores, got a DataFrame"),
    "a step as in YAML": (lambda k, f: k.apply(k.read_scores(f), {"gaussian": {}}), "op: expected str, got a dict"),
    "a table to write": (lambda k, f: k.write_scores(TABLE, f), "scores to write: expected Scores, got a DataFrame"),
    "a seed for a world": (lambda k, f: k.make_world(f, 3), "config of a sample world: expected WorldConfig, got an "),
    "threads below one": (lambda k, f: k.Runtime(threads=-1), "threads: expected a whole number from 1 on, got -1"),
    "an unknown provider": (lambda k, f: k.Runtime(provider="gpu"), "provider: expected one of cpu, cuda, openvino, g"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_a_caller_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    TABLE.to_csv(file, index=False)
    call, said = MISTAKES[name]
    with pytest.raises(bk.BlendkitError) as raised:
        call(bk, str(file))
    assert said in str(raised.value)


def test_a_recipe_is_loaded_by_its_name_or_its_path_as_text(tmp_path: Path) -> None:
    packaged = bk.load_recipe("mean", ["name=own"])
    file = tmp_path / "own.yaml"
    file.write_text("recipe: 1\nname: own\nmembers: {a: {use: table, path: a.csv, space: prob}}\noutput: a\n")
    assert packaged.model.name == bk.load_recipe(str(file)).model.name == "own"


def test_scores_of_a_table_in_memory_are_measured() -> None:
    made = bk.Scores.from_frame(TABLE, "prob")
    assert np.array_equal(made.values, TABLE[["x", "y"]].to_numpy())


@pytest.mark.parametrize("name", ["w.npz", "w.XLSX", "w.tsv", "w.csv.gz"])
def test_scores_are_not_written_under_the_name_of_another_format(name: str, tmp_path: Path) -> None:
    with pytest.raises(bk.BlendkitError, match=r"scores are written as \.csv or \.parquet"):
        bk.write_scores(bk.Scores.from_frame(TABLE, "prob"), tmp_path / name)
    assert not any(tmp_path.iterdir())
