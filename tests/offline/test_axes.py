from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.errors import BlendkitError
from blendkit.offline.whatif_axes import check_shares, read_axis, read_share, share_weights
from blendkit.recipe.load import parse_recipe

TEXT = """\
recipe: 1
name: demo
members:
  a: {use: table, path: a.csv, space: logit}
  b: {use: table, path: b.csv, space: logit, steps: [gaussian]}
  c: {use: table, path: c.csv, space: logit}
blends:
  mix: {by: rank, of: {a: 0.5, b: 0.3, c: 0.2}}
  total: {by: sum, of: {a: 1, mix: 2}}
  grouped: {by: logit, of: {a: 1, b: 1}, weights_by: {class_name: {Aves: {a: 1}}}}
  lone: {by: logit, of: {a: 1, b: 0}}
output: mix
also: [total, grouped, lone]
"""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0:1:0.25", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("0:1:0.3", (0.0, 0.3, 0.6, 0.9, 1.0)),  # both ends, though the step does not reach the last
        ("0.1:0.3:0.1", (0.1, 0.2, 0.3)),  # decimals, not sums of floats
        ("2:6:2", (2, 4, 6)),
        ("-1:1:1", (-1, 0, 1)),
        ("0.5", (0.5,)),
        ("0.1,0.2", (0.1, 0.2)),
        ("rank,prob", ("rank", "prob")),
        ("true,null,3", (True, None, 3)),
        ("[-1, 0, 1]", ([-1, 0, 1],)),
        ("{a: 1, b: 2}", ({"a": 1, "b": 2},)),
    ],
)
def test_values_of_an_axis(text: str, values: tuple[Any, ...]) -> None:
    found = read_axis(f"b.gaussian.sigma={text}", "--sweep")
    assert found.values == values
    assert [type(v) for v in found.values] == [type(v) for v in values]
    assert (found.address, found.label) == ("b.gaussian.sigma", "b.gaussian.sigma")


def test_a_range_has_every_decimal() -> None:
    assert read_axis("x=0:1:0.05", "--sweep").values == tuple(k / 20 for k in range(21))
    assert read_axis("x=0:1:0.001", "--sweep").values == tuple(k / 1000 for k in range(1001))


@pytest.mark.parametrize(
    "text", ["x", "=1", "x=", "x=0:1", "x=a:b:c", "x=1:0:0.1", "x=0:1:0", "x=0:1:-1", "x=0:inf:1", "x=0:1:1e-9", "x=[1"]
)
def test_texts_that_are_no_axis(text: str) -> None:
    with pytest.raises(BlendkitError, match="--sweep"):
        read_axis(text, "--sweep")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mxi.a=0.1", "did you mean 'mix'"),
        ("mix.d=0.1", "'mix' does not blend 'd'"),
        ("mix=0.1", "'mix' blends a, b, c"),
        ("mix.a=1.1", "between 0 and 1, got 1.1"),
        ("mix.a=-0.1:0.5:0.1", "got -0.1"),
        ("mix.a=most", "got 'most'"),
        ("mix.a=true", "got True"),
        ("total.a=0.1", "coefficients"),
        ("grouped.a=0.1", "weighs by group"),
        ("lone.a=0.1", "no other input of 'lone' has a weight"),
    ],
)
def test_shares_that_cannot_be_set(text: str, says: str) -> None:
    with pytest.raises(BlendkitError, match=says):
        read_share(text, parse_recipe(TEXT, "demo"))


def test_a_share_is_set_and_the_ratio_of_the_others_kept() -> None:
    plain = parse_recipe(TEXT, "demo")
    for address in ("mix.c", "blends.mix.c", "blends.mix.of.c"):
        axis = read_share(f"{address}=0.5", plain)
        assert axis.label == "share of c in mix"
        assert axis.applied(plain, 0.5).model.blends["mix"].of == {"a": 0.3125, "b": 0.1875, "c": 0.5}
    assert plain.model.blends["mix"].of["c"] == 0.2


weights = st.integers(0, 100).map(lambda k: k / 100)


@given(
    st.lists(weights, min_size=2, max_size=5).filter(lambda w: sum(w[1:]) > 0),
    st.integers(0, 1000).map(lambda k: k / 1000),
)
def test_shares_are_exact(given_weights: list[float], share: float) -> None:
    names = [f"m{i}" for i in range(len(given_weights))]
    of = "{" + ", ".join(f"{n}: {w}" for n, w in zip(names, given_weights, strict=True)) + "}"
    members = "".join(f"  {n}: {{use: table, path: {n}.csv, space: logit}}\n" for n in names)
    text = f"recipe: 1\nname: x\nmembers:\n{members}blends:\n  mix: {{by: rank, of: {of}}}\noutput: mix\n"
    found = {n: Fraction(str(w)) for n, w in share_weights(parse_recipe(text, "x"), "mix", "m0", share).items()}
    total = sum(found.values())
    assert abs(found["m0"] / total - Fraction(str(share))) < Fraction(1, 10**12)
    before = [Fraction(str(w)) for w in given_weights[1:]]
    after = [found[n] for n in names[1:]]
    if share < 1:
        for b, a in zip(before, after, strict=True):
            assert abs(a / sum(after) - b / sum(before)) < Fraction(1, 10**12)


def test_two_shares_of_a_blend_are_one_too_many() -> None:
    plain = parse_recipe(TEXT, "demo")
    with pytest.raises(BlendkitError, match="two shares of 'mix'"):
        check_shares([read_share("mix.a=0.1", plain), read_share("mix.b=0.1", plain)])
    check_shares([read_share("mix.a=0.1", plain), read_axis("b.gaussian.sigma=1", "--sweep")])
