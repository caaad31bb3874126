"""Names that spreadsheets would run are neutral where that is asked for, and HTML views escape them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import blendkit as bk
from blendkit.core import NameRule, Scores, notebook_view, rows_from_ids
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.io import csv_text, read_scores, safe_cell, text_cell, write_scores
from blendkit.io.text_tables import parse_table

NAMES = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1+1", "-", "=", "+49 170"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(name: str) -> None:
    assert safe_cell(name) == f"'{name}"


@pytest.mark.parametrize("name", ["", "a=b", "r_5", "-1", "+0.5", "-1e-9", ".5", "22961", "a-b", "'=x", "47158son01"])
def test_other_texts_and_numbers_stay(name: str) -> None:
    assert safe_cell(name) == name


def scores(names: list[str]) -> Scores:
    rows = rows_from_ids([f"{n}_5" for n in names], 5.0, NameRule())
    return Scores(np.full((len(names), 2), 0.25), rows, ("=a", "b"), "prob", np.array([True, True]))


def test_a_submission_keeps_its_ids_unless_it_is_to_be_safe(tmp_path: Path) -> None:
    names = ["=r", "r"]
    write_scores(scores(names), tmp_path / "plain.csv")
    assert read_scores(tmp_path / "plain.csv", "prob").rows.ids() == ["=r_5", "r_5"]
    write_scores(scores(names), tmp_path / "safe.csv", safe=True)
    with (tmp_path / "safe.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["row_id", "'=a", "b"], ["'=r_5", "0.25", "0.25"], ["r_5", "0.25", "0.25"]]


def test_ids_that_become_equal_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"safe.csv: 1 ids with an apostrophe(.|\n)*=r_5"):
        write_scores(scores(["'=r", "=r"]), tmp_path / "safe.csv", safe=True)
    assert not list(tmp_path.iterdir())


def test_a_safe_run_changes_its_further_streams_and_says_so(
    tones: Callable[..., Path], run_text: Callable[..., RunResult], tone_recipe: str, tmp_path: Path
) -> None:
    data = tones({"=r": 5.0, "r": 5.0})
    text = f"{tone_recipe}blends: {{again: {{by: rank, of: {{t: 1}}}}}}\nalso: [again]\n"
    for safe, first in ((False, "=r_5"), (True, "'=r_5")):
        found = run_text(text, data, tmp_path / f"{safe}", safe_csv=safe)
        tables = {n: pd.read_csv(found.out / f"{n}.csv")["row_id"].tolist() for n in ("submission", "again")}
        assert tables == {"submission": ["=r_5", "r_5"], "again": [first, "r_5"]}
        said = [w for w in found.warnings if "apostrophe" in w]
        assert [w.startswith("again.csv: 1 ids") and w.endswith(": =r_5") for w in said] == [True] * safe


def test_views_in_notebooks_escape_names(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    values, covered = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([True, True])
    named = Scores(values, scores([bad, "r"]).rows, (bad, "b"), "prob", covered)
    (tmp_path / "labels.csv").write_text(f"row_id,birds\n{bad}_5,{bad}\nr_5,b\n", encoding="utf-8")
    judged = bk.evaluate(named, tmp_path / "labels.csv")
    for view in (named, named.rows, judged):
        shown = view._repr_html_()  # type: ignore[attr-defined]
        assert "<script" not in shown
        assert "&lt;script" in shown


def test_every_view_escapes_its_caption() -> None:
    package = Path(bk.__file__).parent
    views = [p for p in package.rglob("*.py") if "def _repr_html_" in p.read_text(encoding="utf-8")]
    assert len(views) >= 6
    plain = [p.name for p in views if not {"html.escape(", "return notebook_view("} & _calls(p)]
    assert plain == []
    assert notebook_view("<b>", pd.DataFrame({"<i>": ["<u>"]})).count("&lt;") == 3  # the line, a column, a cell


def _calls(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return {c for c in ("html.escape(", "return notebook_view(") if c in text}


def test_two_columns_that_only_an_apostrophe_parts_are_one_name() -> None:
    with pytest.raises(BlendkitError, match="columns named twice: =a"):
        parse_table("'=a,=a\n1,2\n", "t.csv")


@given(st.lists(st.text(alphabet="=+-@'ab1., ", min_size=1), min_size=1, max_size=4), st.sampled_from([",", ";", "\t"]))
def test_a_table_reads_back_what_no_spreadsheet_may_run(cells: list[str], separator: str) -> None:
    plain = [f"x{c}" if c.startswith("'") else c for c in (c.strip() or "x" for c in cells)]  # these are ambiguous
    text = csv_text([text_cell("=a"), "b"], [[text_cell(c), "1"] for c in plain], separator)
    table = parse_table(text, "t.csv")
    assert list(table.columns) == ["=a", "b"]
    assert table["=a"].tolist() == plain
