"""Parameters in words: names, types and notes, taken from a function's own hints and docstring."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge

from blendkit.ops.declare import ByClass, ClassGroups, RanksOf
from blendkit.ops.parameter_marks import Stream
from blendkit.recipe.parameter_words import note_on, parameters_in_words


def step(
    x: float, *, sites: list[str], alpha: Annotated[float, Ge(0)] = 0.5, how: Literal["mean", "max"] = "mean",
    by: dict[str, float] | None = None,
) -> None:  # fmt: skip
    """Do something.

    sites: where it acts; alpha: how much of `name: 0.5` is mixed in. how: of the neighbours.
    """


def test_types_in_words() -> None:
    found = {p.name: (p.type, p.default) for p in parameters_in_words(step) if p.name != "x"}
    assert found["sites"][0] == "list of str"
    assert found["alpha"] == ("float, at least 0", "0.5")
    assert found["how"][0] == "mean or max"
    assert found["by"][0] == "mapping or null"


def test_streams_and_numbers_by_class_in_words() -> None:
    def gate(
        x: float, *, other: Annotated[float, Stream("any")], ranks: RanksOf, by: ByClass, sets: ClassGroups
    ) -> None:
        """Do something."""

    found = {p.name: p.type for p in parameters_in_words(gate) if p.name != "x"}
    assert (found["other"], found["ranks"]) == ("stream", "stream, as rank")
    assert (found["by"], found["sets"]) == ("numbers by class", "lists of classes")


def test_a_note_ends_at_its_sentence_and_examples_are_no_notes() -> None:
    assert note_on("a: one; b: two. c, d: three", "b") == "two"
    assert note_on("a: one; b: two. c, d: three", "d") == "three"
    assert note_on("as in: `where: {top: 3}` for three", "where") == "`where: {top: 3}` for three"
    assert note_on("as in `by: x, top: 3` for three", "top") == ""
    assert note_on("a: of `x` and `y`", "a") == "of `x` and `y`"
    assert note_on("a: one", "z") == ""
