"""Keys that members share, members with two files, and members that an override takes out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe import DataFolder, check_files, filled_text, make_plan, open_recipe, parse_recipe, with_values

ALL = """\
recipe: 1
name: r
members:
  a: {use: table, path: a.npz, array: a, space: prob, rows: row_id}
  b: {use: table, path: a.npz, array: b, space: logit, rows: row_id}
blends:
  both: {by: rank, of: {a: 1, b: 3}}
output: both
"""
SHORT = """\
recipe: 1
name: r
defaults:
  table: {path: a.npz, space: prob, rows: row_id}
members:
  a: {use: table, array: a}
  b: {use: table, array: b, space: logit}
blends:
  both: {by: rank, of: {a: 1, b: 3}}
output: both
"""
TWO = ALL.replace("{use: table, path: a.npz, array: a,", "{use: table, path: {oof: o.csv, test: t.csv},")


def filled(text: str, *overrides: str) -> str:
    return filled_text(make_plan(parse_recipe(text, "r.yaml", overrides)))


def test_shared_keys_are_those_that_members_leave_out():
    assert filled(SHORT) == filled(ALL)
    assert "defaults" not in filled(SHORT)


def test_a_shared_key_can_be_overridden_for_all_and_for_one():
    every = parse_recipe(SHORT, "r.yaml", ["defaults.table.rows=id"]).model.members
    assert [m.params["rows"] for m in every.values()] == ["id", "id"]
    one = with_values(parse_recipe(SHORT, "r.yaml"), {"members.b.rows": "id"}, "test").model.members
    assert [m.params["rows"] for m in one.values()] == ["row_id", "id"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("table: {path", "tabel: {path"),
            "r.yaml:4: defaults.tabel: no member has `use: tabel` (did you mean 'table'?)",
        ),
        (("space: prob, rows", "steps: [], rows"), "defaults.table.steps: 'steps' cannot be shared"),
        (("rows: row_id", "rowz: row_id"), "r.yaml:4: defaults.table.rowz: unknown key 'rowz' (did you mean 'rows'?)"),
        (("space: prob, rows", "missing_rows: never, rows"), "r.yaml:4: defaults.table.missing_rows"),
        (("table: {path: a.npz, space: prob, rows: row_id}", "table: 7"), "defaults.table"),
        (
            ("table: {path: a.npz, space: prob, rows: row_id}", "space: prob"),
            "write `defaults: {table: {...}}`, the keys",
        ),
    ],
)
def test_shared_keys_are_strict_and_named_with_their_place(change: tuple[str, str], says: str):
    with pytest.raises(BlendkitError) as found:
        filled(SHORT.replace(*change, 1))
    assert sum(says in p for p in found.value.problems) == 1, found.value.problems


def test_the_side_that_is_read_changes_the_file_and_not_the_recipe(tmp_path: Path):
    (tmp_path / "r.yaml").write_text(TWO, encoding="utf-8")
    oof, test = (make_plan(open_recipe(tmp_path / "r.yaml", on=on).recipe) for on in ("oof", "test"))
    assert [p.members["a"].params["path"] for p in (oof, test)] == ["o.csv", "t.csv"]
    assert filled_text(oof) == filled_text(test)
    assert filled(filled_text(oof)) == filled_text(oof)  # what is filled reads back


def test_what_differs_between_two_files_is_a_pair_too(tmp_path: Path):
    own = TWO.replace("test: t.csv}", "test: t.csv}, array: {oof: probs, test: null}, folds: {oof: fold, test: null}")
    (tmp_path / "r.yaml").write_text(own, encoding="utf-8")
    oof, test = (make_plan(open_recipe(tmp_path / "r.yaml", on=on).recipe) for on in ("oof", "test"))
    assert [p.members["a"].params["array"] for p in (oof, test)] == ["probs", None]
    assert [p.members["a"].params["folds"] for p in (oof, test)] == ["fold", None]
    assert filled_text(oof) == filled_text(test)
    assert filled(filled_text(oof)) == filled_text(oof)
    with pytest.raises(BlendkitError, match=r"members\.a\.array"):  # without two files there is nothing to tell apart
        filled(own.replace("{oof: o.csv, test: t.csv}", "o.csv"))
    with pytest.raises(BlendkitError, match=r"members\.a\.array"):
        filled(own.replace("{oof: probs, test: null}", "{oof: probs}"))


@pytest.mark.parametrize("pair", ["{oof: o.csv}", "{oof: o.csv, test: 7}", "{oof: o.csv, test: t.csv, more: x}", "{}"])
def test_a_pair_of_files_is_whole(pair: str):
    with pytest.raises(BlendkitError, match=r"members.a.path: expected a file, or two as `\{oof: FILE, test: FILE\}`"):
        filled(TWO.replace("{oof: o.csv, test: t.csv}", pair))


def test_only_finished_scores_come_in_two_files():
    with pytest.raises(BlendkitError, match=r"members.m.model"):
        filled("recipe: 1\nname: r\nmembers:\n  m: {use: onnx, model: {oof: a, test: b}}\noutput: m\n")


def test_each_of_two_files_has_its_own_hash(tmp_path: Path):
    hashes = {}
    for name in ("o.csv", "t.csv"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        hashes[name] = hashlib.sha256(name.encode()).hexdigest()
    (tmp_path / "a.npz").write_bytes(b"")

    def check(stated: str, on: str) -> None:
        text = TWO.replace("space: prob", f"space: prob, sha256: {{path: {stated}}}")
        (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
        check_files(make_plan(open_recipe(tmp_path / "r.yaml", on=on).recipe), DataFolder(tmp_path))

    right = f"{{oof: {hashes['o.csv']}, test: {hashes['t.csv']}}}"
    check(right, "oof")
    check(right, "test")
    swapped = f"{{oof: {hashes['o.csv']}, test: {hashes['o.csv']}}}"
    check(swapped, "oof")
    with pytest.raises(BlendkitError, match=r"t\.csv is another file"):
        check(swapped, "test")
    with pytest.raises(BlendkitError, match=r"two files; write `path: \{oof: HASH, test: HASH\}`"):
        check(hashes["o.csv"], "test")


@pytest.mark.parametrize("override", ["members.a=null", "a=null"])
def test_null_takes_a_member_out_with_its_weights(override: str):
    model = parse_recipe(ALL, "r.yaml", [override]).model
    assert list(model.members) == ["b"]
    assert model.blends["both"].of == {"b": 3}


def test_null_takes_a_member_out_of_groups_of_weights():
    by = "of: {a: 1, b: 3}, weights_by: {class_name: {Aves: {a: 1, b: 2}}, classes: [{classes: [x], of: {a: 1, b: 5}}]}"
    model = parse_recipe(ALL.replace("of: {a: 1, b: 3}", by), "r.yaml", ["members.a=null"]).model
    assert model.blends["both"].weights_by is not None
    assert [of for _, of in model.blends["both"].weights_by.groups()] == [{"b": 2}, {"b": 5}]


def test_a_member_that_is_not_there_cannot_be_taken_out():
    with pytest.raises(BlendkitError, match=r"--set members.aa=null: no member is called 'aa' \(did you mean 'a'\?\)"):
        parse_recipe(ALL, "r.yaml", ["members.aa=null"])
