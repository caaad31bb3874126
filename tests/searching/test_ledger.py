from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from blendkit.errors import BlendkitError
from blendkit.searching.ledger import append_entry, check_entry, ledger_transfers, read_ledger, transfer_agreement


def oof(name: str, sha256: str, x: float, **more: Any) -> dict[str, Any]:
    return {"kind": "oof", "recipe": name, "sha256": sha256, "oof": x, **more}


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep/ledger.jsonl"
    append_entry(path, oof("a", "aaaaaaaa", 0.7654, low=0.7, high=0.8, **{"from": "compare"}))
    before = path.read_bytes()
    append_entry(path, oof("b", "bbbbbbbb", 0.8998, **{"from": "search"}))
    assert path.read_bytes().startswith(before)  # only ever added to
    append_entry(path, {"kind": "lb", "recipe": "a", "public": 0.879, "private": 0.898})
    append_entry(path, {"kind": "lb", "recipe": "bbbbbb", "public": 0.870})  # by the start of a hash
    a, b = read_ledger(path)
    assert (a.recipe, a.oof, a.low, a.high, a.public, a.private, a.source) == (
        "a", 0.7654, 0.7, 0.8, 0.879, 0.898, "compare",
    )  # fmt: skip
    assert (b.public, b.private, b.source) == (0.870, None, "search")
    assert math.isnan(b.low)


def test_a_name_is_the_last_measured_before_the_score(tmp_path: Path) -> None:
    path = tmp_path / "l"
    append_entry(path, oof("a", "1" * 8, 0.7))
    append_entry(path, {"kind": "lb", "recipe": "a", "public": 0.9})
    append_entry(path, oof("a", "2" * 8, 0.8))
    append_entry(path, {"kind": "lb", "recipe": "a", "public": 0.91})
    append_entry(path, oof("a", "1" * 8, 0.71))  # measured again: its score stays
    assert [(e.sha256[0], e.oof, e.public) for e in read_ledger(path)] == [("2", 0.8, 0.91), ("1", 0.71, 0.9)]


def test_a_line_cut_short_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "l"
    append_entry(path, oof("a", "1" * 8, 0.7))
    with path.open("a") as handle:
        handle.write('{"kind": "oof", "reci')
    append_entry(path, oof("b", "2" * 8, 0.8))
    notes: list[str] = []
    assert [e.recipe for e in read_ledger(path, notes.append)] == ["a", "b"]
    assert notes == [f"{path}: line 2 was cut short when a process ended, and is left out"]


def test_every_bad_line_is_named_in_order(tmp_path: Path) -> None:
    path = tmp_path / "l"
    lines = [
        "nonsense",
        '{"kind": "lb", "recipe": "eos8"}',
        '{"kind": "oof", "recipe": "a"}',
        '{"kind": "what"}',
        "",
        "[]",
    ]
    lines.append('{"kind": "oof", "recipe": "eos7", "sha256": "x", "oof": "high"}')
    path.write_text("\n".join(lines))
    with pytest.raises(BlendkitError) as caught:
        read_ledger(path)
    assert [p.split(":")[0] for p in caught.value.problems] == [f"line {i}" for i in (1, 2, 3, 4, 6, 7)]
    with pytest.raises(BlendkitError, match="cannot read this ledger"):
        read_ledger(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"sha256": []}, "sha256 must be a text"), ({"recipe": 0.8}, "recipe must be a text"),
     ({"high": " ", "low": {}}, "low must be a number; high must be a number"), ({"oof": None}, r"lacks \['oof'\]")],
)  # fmt: skip
def test_a_value_of_another_type_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    append_entry(tmp_path / "l.jsonl", {**oof("a", "aaaaaaaa", 0.7), **change})
    with pytest.raises(BlendkitError, match=f"line 1: {said}"):
        read_ledger(tmp_path / "l.jsonl")


def test_a_score_needs_a_measured_recipe(tmp_path: Path) -> None:
    path = tmp_path / "l"
    with pytest.raises(BlendkitError, match="no measured recipe is 'eos8'"):
        check_entry(path, {"kind": "lb", "recipe": "eos8"})
    append_entry(path, oof("eos7", "1" * 8, 0.7))
    with pytest.raises(BlendkitError, match="did you mean 'eos7'"):
        check_entry(path, {"kind": "lb", "recipe": "eos8"})
    check_entry(path, {"kind": "lb", "recipe": "eos7"})


def test_gains_and_what_became_of_them(tmp_path: Path) -> None:
    path = tmp_path / "l"
    for i, (name, x, lb) in enumerate(
        [
            ("v6", 0.7654, (0.879, 0.898)),
            ("pseudo", 0.8998, (0.870, 0.893)),
            ("tta", 0.77, (0.88, None)),
            ("x", 0.6, None),
        ]
    ):
        append_entry(path, oof(name, str(i) * 8, x))
        if lb is not None:
            append_entry(path, {"kind": "lb", "recipe": name, "public": lb[0], "private": lb[1]})
    pseudo, tta = ledger_transfers(read_ledger(path))
    assert (pseudo.reference, pseudo.recipe) == ("v6", "pseudo")
    assert pseudo.oof_gain == pytest.approx(0.1344)  # the lesson: +0.134 out of fold
    assert pseudo.public_gain == pytest.approx(-0.009)  # was -0.009
    assert (tta.public_gain, tta.private_gain) == (pytest.approx(0.001), None)
    assert transfer_agreement([pseudo, tta]) == (1, 2)
    assert ledger_transfers([]) == []


def test_gains_are_those_on_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "l"
    for name, x, on in (("a", 0.675, "120"), ("b", 0.825, "120"), ("b", 0.794, "144"), ("c", 0.788, "144")):
        append_entry(path, oof(name, name * 8, x) | {"on": on})
    for name, public in (("a", 0.7), ("b", 0.8), ("c", 0.75)):
        append_entry(path, {"kind": "lb", "recipe": name, "public": public})
    b, c = ledger_transfers(read_ledger(path))
    assert (b.oof_gain, c.oof_gain) == (pytest.approx(0.15), None)  # not .794 - .675
    assert transfer_agreement([b, c]) == (1, 1)


def test_a_figure_that_was_tuned_on_its_rows_is_no_held_out_gain(tmp_path: Path) -> None:
    path = tmp_path / "l"
    append_entry(path, oof("b", "b" * 8, 0.9) | {"on": "x", "tuned": True})
    append_entry(path, oof("b", "b" * 8, 0.7) | {"on": "y"})
    append_entry(path, oof("a", "a" * 8, 0.65) | {"on": "x"})
    for name in "ba":
        append_entry(path, {"kind": "lb", "recipe": name, "public": 0.5 + 0.1 * (name == "a")})
    (moved,) = ledger_transfers(read_ledger(path))
    assert (moved.oof_gain, moved.in_sample) == (pytest.approx(-0.25), True)
    assert transfer_agreement([moved]) == (0, 0)
    append_entry(path, oof("a", "a" * 8, 0.75) | {"on": "y"})
    (moved,) = ledger_transfers(read_ledger(path))
    assert (moved.oof_gain, moved.in_sample) == (pytest.approx(0.05), False)


def test_in_sample_gains_are_shown_and_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "l"
    append_entry(path, oof("first", "1" * 8, 0.7))
    append_entry(path, oof("tuned", "2" * 8, 0.9) | {"tuned": True})
    append_entry(path, oof("other", "3" * 8, 0.75))
    for name, public in (("first", 0.80), ("tuned", 0.79), ("other", 0.81)):
        append_entry(path, {"kind": "lb", "recipe": name, "public": public})
    found = ledger_transfers(read_ledger(path))
    assert [t.in_sample for t in found] == [True, False]
    assert transfer_agreement(found) == (1, 1)


def test_a_name_of_several_recipes_is_said(tmp_path: Path) -> None:
    path = tmp_path / "l"
    for digit in "12":
        append_entry(path, oof("eos7", digit * 10, 0.7))
    said = check_entry(path, {"kind": "lb", "recipe": "eos7"})
    assert said == "2 recipes are called 'eos7': the last that was measured is meant, of 11111111, 22222222"
    assert check_entry(path, {"kind": "lb", "recipe": "1111111"}) == ""


def test_a_recipe_keeps_every_name_it_was_measured_under(tmp_path: Path) -> None:
    path = tmp_path / "l"
    append_entry(path, oof("blend", "1" * 8, 0.7))
    append_entry(path, oof("blend (searched)", "1" * 8, 0.71, **{"from": "search"}))  # the search kept its weights
    assert check_entry(path, {"recipe": "blend"}) == ""
    append_entry(path, {"kind": "lb", "recipe": "blend", "public": 0.9})
    (own,) = read_ledger(path)
    assert (own.recipe, own.names, own.public) == ("blend (searched)", ("blend", "blend (searched)"), 0.9)
    with pytest.raises(BlendkitError, match=r"no measured recipe is 'blond' \(did you mean 'blend'"):
        check_entry(path, {"recipe": "blond"})


def test_a_latest_name_goes_before_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "l"
    append_entry(path, oof("mean", "1" * 8, 0.7))
    append_entry(path, oof("mean", "2" * 8, 0.8))
    append_entry(path, oof("renamed", "1" * 8, 0.7))
    assert check_entry(path, {"recipe": "mean"}) == ""
    append_entry(path, {"kind": "lb", "recipe": "mean", "public": 0.9})
    assert {e.sha256[0]: e.public for e in read_ledger(path)} == {"2": 0.9, "1": None}
