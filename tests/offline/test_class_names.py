"""Names of classes are read alike by `eval`, `compare` and recipes, in scores and in labels."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from blendkit.errors import BlendkitError
from blendkit.offline import Judging, Labels, Rules, compare, evaluate, whatif

NAMES = {"x": "Aus bus", "y": "Cus dus"}
TAXONOMY = "primary_label,scientific_name\n" + "".join(f"{c},{n}\n" for c, n in NAMES.items())
RECIPE = """\
recipe: 1
name: small
template: null
labels: labels.csv
members:
  a: {use: table, path: names.csv, space: logit}
  b: {use: table, path: ids.csv, space: logit}
blends:
  m: {by: logit, of: {a: 1, b: 1}}
output: m
"""
SHORT = Judging(replicates=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels by scientific name; scores by id, by name and with a further column. Two pairs of four are wrong."""
    folder = tmp_path_factory.mktemp("names")
    rows = [f"r{i}_{end}" for i in (1, 2, 3, 4) for end in (5, 10)]
    heard = [True, False] * 4
    x = [2.0, -1.0, 3.0, -2.0, -1.5, 1.5, 2.5, -3.0]
    ids = pd.DataFrame({"row_id": rows, "x": x, "y": x[::-1]})
    ids.to_csv(folder / "ids.csv", index=False)
    ids.rename(columns=NAMES).assign(best=9.0).to_csv(folder / "more.csv", index=False)
    ids.rename(columns=NAMES).to_csv(folder / "names.csv", index=False)
    lines = [f"{r},{NAMES['x' if h else 'y']}" for r, h in zip(rows, heard, strict=True)]
    (folder / "labels.csv").write_text("\n".join(["row_id,labels", *lines]) + "\n", encoding="utf-8")
    (folder / "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    (folder / "r.yaml").write_text(RECIPE, encoding="utf-8")
    return folder


def test_every_command_gives_a_class_its_id(folder: Path) -> None:
    labels = Labels(folder / "labels.csv", folder / "taxonomy.csv")
    alone = [
        evaluate(folder / n, labels.table, taxonomy=labels.taxonomy, judging=SHORT) for n in ("ids.csv", "more.csv")
    ]
    assert [e.macro for e in alone] == [14 / 16] * 2  # 2 of 16 pairs are wrong, in x and in its mirror image y
    found = compare([folder / "more.csv", folder / "ids.csv"], labels, rules=Rules(judging=SHORT))
    assert [line.macro.estimate for line in found.lines] == [alone[0].macro] * 2
    assert "more: 1 columns that the taxonomy lacks are left out: best" in found.notes
    changed = whatif(folder / "r.yaml", shares=["m.a=0.3"], judging=SHORT)
    assert (changed.base, changed.best) == (alone[0].macro, alone[0].macro)
    assert any("2 labels are names of classes, not ids" in n for n in changed.notes)


def test_files_beside_a_recipe_are_read_by_its_taxonomy(folder: Path) -> None:
    found = compare([folder / "r.yaml", folder / "more.csv"], rules=Rules(judging=SHORT))
    assert found.lines[0].macro.estimate == found.lines[1].macro.estimate


def test_columns_that_only_count_are_left_out_with_a_note(folder: Path) -> None:
    ids = pd.read_csv(folder / "ids.csv")
    ids.assign(n=range(3, 11), target=1).to_csv(folder / "counted.csv", index=False)
    said = "2 columns are left out, for they are no classes: n, target"
    labels = folder / "l.csv"
    text = (folder / "labels.csv").read_text(encoding="utf-8")
    labels.write_text(text.replace("Aus bus", "x").replace("Cus dus", "y"), encoding="utf-8")
    alone = evaluate(folder / "counted.csv", labels, judging=SHORT)
    assert (alone.classes, alone.macro) == (("x", "y"), 14 / 16)
    assert said in alone.notes
    found = compare([folder / "counted.csv", folder / "ids.csv"], labels, rules=Rules(judging=SHORT))
    assert f"counted: {said}" in found.notes


def test_two_columns_of_one_class(folder: Path) -> None:
    frame = pd.read_csv(folder / "names.csv")
    (folder / "t.csv").write_text("primary_label,scientific_name,common_name\nx,Aus bus,Frog\ny,Cus dus,\n")
    frame.assign(Frog=0.5).to_csv(folder / "twice.csv", index=False)
    with pytest.raises(BlendkitError, match=r"twice.csv: several columns are names of one class"):
        evaluate(folder / "twice.csv", folder / "labels.csv", taxonomy=folder / "t.csv")
