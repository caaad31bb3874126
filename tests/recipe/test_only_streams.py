from __future__ import annotations

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe.load import Recipe, parse_recipe
from blendkit.recipe.stream_graph import only_streams

TEXT = """\
recipe: 1
name: demo
members:
  a: {use: table, path: a.csv, space: prob}
  b: {use: table, path: b.csv, space: prob, steps: [{gaussian: {}, where: {covered_by: a}}]}
  c: {use: table, path: c.csv, space: prob}
streams:
  f: {from: b, steps: []}
blends:
  d: {by: rank, of: {c: 1}, weights_by: {covered_by: {a: {yes: {f: 1}}}}}
output: d
also: [c]
"""


def cut(text: str, output: str, *also: str) -> Recipe:
    return only_streams(parse_recipe(text, "r.yaml"), output, list(also))


@pytest.mark.parametrize(
    ("output", "also", "members", "streams", "blends"),
    [
        ("c", [], {"c"}, set(), set()),
        ("b", [], {"a", "b"}, set(), set()),  # a is asked which classes it covers
        ("f", ["c"], {"a", "b", "c"}, {"f"}, set()),
        ("d", ["d"], {"a", "b", "c"}, {"f"}, {"d"}),
    ],
)
def test_what_some_streams_need(
    output: str, also: list[str], members: set[str], streams: set[str], blends: set[str]
) -> None:
    model = cut(TEXT, output, *also).model
    assert (set(model.members), set(model.streams), set(model.blends)) == (members, streams, blends)
    assert (model.output, model.also) == (output, [n for n in also if n != output])


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(BlendkitError, match=r"no stream is called 'dd' \(did you mean 'd'\?\)"):
        cut(TEXT, "c", "dd")


def test_loops_and_names_that_lead_nowhere_are_left_to_the_plan() -> None:
    loop = cut(TEXT.replace("from: b", "from: d"), "f").model
    assert (set(loop.members), set(loop.streams), set(loop.blends)) == ({"a", "c"}, {"f"}, {"d"})
    assert set(cut(TEXT.replace("of: {c: 1}", "of: {c: 1, nobody: 1}"), "d").model.blends) == {"d"}
