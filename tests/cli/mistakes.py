"""Mistakes of newcomers, what blendkit says of each, and the way out: what `docs/mistakes.md` lists.

Every mistake is made in a folder of its own, which starts as `WORLD`: two recordings of 10 s and 7 s, a score table
`a.csv`, labels, a taxonomy and a recipe `r.yaml` that are sound.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

SCORES = "row_id,x,y\nr2_5,0.1,0.9\nr2_10,0.2,0.8\nr10_5,0.3,0.7\nr10_10,0.4,0.6\n"
LABELS = "filename,start,end,primary_label\nr2,0,5,x\nr2,5,10,y\nr10,0,5,x\nr10,5,10,y\n"
TAXONOMY = "primary_label,scientific_name,class_name\nx,Aaa bbb,Aves\ny,Ccc ddd,Aves\n"
RECIPE = """\
recipe: 1
name: r
members:
  a: {use: table, path: a.csv, space: prob}
  b: {use: table, path: a.csv, space: prob}
blends:
  both:
    by: rank
    of: {a: 0.5, b: 0.5}
    steps:
      - gaussian: {sigma: 1.0}
output: both
"""
WORLD = {"a.csv": SCORES, "labels.csv": LABELS, "taxonomy.csv": TAXONOMY, "r.yaml": RECIPE}
EVAL, CHECK, RUN = "eval a.csv --labels labels.csv", "check r.yaml", "run r.yaml --out out"
TAXA = f"{EVAL} --taxonomy taxonomy.csv"

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Mistake:
    """A mistake: the first words of the message, the words that show the way out, and how it is made.

    without: modules that are not installed where it is made.
    """

    what: str
    starts: str
    way_out: str
    command: str = EVAL
    files: Files = field(default_factory=dict)
    code: int = 2
    without: tuple[str, ...] = ()


def recipe(old: str, new: str) -> dict[str, str]:
    """Return the sound recipe with one change."""
    assert old in RECIPE
    return {"r.yaml": RECIPE.replace(old, new, 1)}


def scores(old: str, new: str) -> dict[str, str]:
    """Return the sound score table with one change."""
    assert old in SCORES
    return {"a.csv": SCORES.replace(old, new, 1)}


def labels(old: str, new: str) -> dict[str, str]:
    """Return the sound labels with one change."""
    assert old in LABELS
    return {"labels.csv": LABELS.replace(old, new, 1)}


def many(rows: int, value: str) -> str:
    """Return a table of `rows` rows, whose columns hold `value` filled with the row's number and with another's."""
    lines = [
        f"r{i // 12}_{i % 12 * 5 + 5},{value.format(i + 1)},{value.format((i * 7) % rows + 1)}" for i in range(rows)
    ]
    return "\n".join(["row_id,x,y", *lines, ""])


def npz(**arrays: object) -> bytes:
    """Return the bytes of an NPZ file."""
    out = io.BytesIO()
    np.savez(out, **{name: np.asarray(a) for name, a in arrays.items()})
    return out.getvalue()


def parquet(**columns: object) -> bytes:
    """Return the bytes of a Parquet file."""
    out = io.BytesIO()
    pd.DataFrame(columns).to_parquet(out)
    return out.getvalue()


def npy_of_shape(shape: str) -> bytes:
    """Return an NPY file that claims a shape and holds nothing."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


ROWS = ["r2_5", "r2_10", "r10_5", "r10_10"]
ARRAYS = {"row_ids": ROWS, "classes": ["x", "y"]}
OBJECTS = npz(x=np.array([{"a": 1}], object), **ARRAYS)
TO_FOUR = "row_id,x,y\nr2_5,1,4\nr2_10,2,3\nr10_5,3,2\nr10_10,4,1\n"
PERCENT = "row_id,x,y\nr2_5,10,90\nr2_10,20,80\nr10_5,30,70\nr10_10,40,60\n"
SHORT = SCORES.replace("r10_10,0.4,0.6\n", "")
AS_LOGIT = recipe("space: prob", "space: logit")

SPACES = [
    Mistake("ranks 1 to N as rank", "member 'a': a.csv: declared `space: rank`", "divide them by 4", RUN,
            {"a.csv": TO_FOUR, **recipe("space: prob", "space: rank")}),
    Mistake("ranks 1 to N as logit", "member 'a': a.csv: declared `space: logit`", "divide them by 60", RUN,
            {"a.csv": many(60, "{}"), **AS_LOGIT}),
    Mistake("probabilities as logit", "member 'a': a.csv: declared `space: logit`", "say `unlikely: true`", RUN,
            {"a.csv": many(60, "0.{:02}"), **AS_LOGIT}),
    Mistake("logits as prob", "member 'a': a.csv: declared `space: prob`", "did you mean `space: logit`?", RUN,
            scores("0.1", "-3.5")),
    Mistake("percentages as prob", "member 'a': a.csv: declared `space: prob`", "divide them by 100", RUN,
            {"a.csv": PERCENT}),
    Mistake("`space:` left out", "r.yaml: this recipe cannot run", "expected one of logit, prob, rank", CHECK,
            recipe("path: a.csv, space: prob", "path: a.csv")),
    Mistake("a word that is no space", "r.yaml: this recipe cannot run", "'logit', 'prob', 'rank' or 'unit'", CHECK,
            recipe("space: prob", "space: probability")),
]  # fmt: skip
TABLES = [
    Mistake("one row missing in one table", "the members' rows do not agree", "`missing_rows: median`", RUN,
            {"b.csv": SHORT, **recipe("  b: {use: table, path: a", "  b: {use: table, path: b")}),
    Mistake("one row missing beside a model", "members do not fit", "`missing_rows: median`", RUN,
            {"a.csv": SHORT, **recipe("  b: {use: table, path: a.csv, space: prob}",
                                      "  b: {use: tone, classes: [x, y]}")}),
    Mistake("a class that the run lacks", "member 'a': does not fit", "`unknown_classes: ignore`", RUN,
            {**scores("x,y", "x,wren"), **recipe("  b: {use: table, path: a.csv, space: prob}",
                                                 "  b: {use: tone, classes: [x, y]}")}),
    Mistake("a retired eBird code as a class", "member 'a': does not fit", "eBird reported 'y' as 'old', which may have been split",
            RUN, {**scores("x,y", "x,old"), "ebird.csv": "SPECIES_CODE,REPORT_AS\ny,old\n",
                  **recipe("output: both\n", "output: both\ntaxonomy: [taxonomy.csv, ebird.csv]\n")}),
    Mistake("a table of a header alone", "a.csv: a header and no rows", "no scores", EVAL, {"a.csv": "row_id,x,y\n"}),
    Mistake("an empty table", "a.csv: this file is empty", "empty", EVAL, {"a.csv": ""}),
    Mistake("a row with a field too many", "a.csv: cannot read this table", "Expected 3 columns, got 4", EVAL,
            scores("r2_5,0.1,0.9", "r2_5,0.1,0.9,0.3")),
    Mistake("a row with a field too few", "a.csv: cannot read this table", "Expected 3 columns, got 2", EVAL,
            scores("r2_5,0.1,0.9", "r2_5,0.1")),
    Mistake("the same row twice", "a.csv: unusable scores", "keep one of each", EVAL, scores("r2_10", "r2_5")),
    Mistake("the same column twice", "a.csv: duplicate columns", "'x'", EVAL, scores("x,y", "x,x")),
    Mistake("an empty or NaN cell", "a.csv: unusable scores", "leave out the column of a class", EVAL,
            scores("0.1", "nan")),
    Mistake("a row id of another form", "row ids must have the form", "<recording>_<end second>", EVAL,
            scores("r2_5", "r2-5")),
    Mistake("a format that there is not", "unknown format 'csvv'", "available:", f"{EVAL} --format csvv"),
    Mistake("an NPZ array that is not there", "a.npz: its arrays cannot be identified", "has x (4, 2)",
            "eval a.npz:z --labels labels.csv", {"a.npz": npz(x=np.eye(4, 2), **ARRAYS)}),
    Mistake("pickled objects in an NPZ", "a.npz", "pickle", "eval a.npz:x --labels labels.csv", {"a.npz": OBJECTS}),
    Mistake("an NPY that claims too much", "a.npy: cannot read this NPY", "0 follow",
            "eval a.npy --labels labels.csv", {"a.npy": npy_of_shape("(99999999999999, 9999)")}),
    Mistake("a Parquet column of text", "a.parquet: its columns are not all classes", "not numbers: x",
            "eval a.parquet --labels labels.csv", {"a.parquet": parquet(row_id=ROWS, x=list("pqrs"))}),
    Mistake("a Parquet column of lists", "a.parquet: its columns are not all classes", "not numbers: x",
            "eval a.parquet --labels labels.csv", {"a.parquet": parquet(row_id=ROWS, x=[[1], [2], [3], [4]])}),
    Mistake("two tables of other recordings", "b: does not fit the expected rows", "such as 'r2'",
            "compare a.csv b.csv --labels labels.csv", {"b.csv": SCORES.replace("r", "q").replace("qow", "row")}),
    Mistake("two tables of other recordings to blend", "the members' rows do not agree", "are these scores of the same",
            "blend a.csv b.csv --out o", {"b.csv": SCORES.replace("r", "q").replace("qow", "row")}),
    Mistake("one source to compare", "give at least two sources", "at least two", "compare a.csv --labels labels.csv"),
]  # fmt: skip
SOUND = [
    ("a gzipped table", "eval a.csv.gz --labels labels.csv", {"a.csv.gz": gzip.compress(SCORES.encode())}),
    ("semicolons and decimal commas", EVAL, {"a.csv": SCORES.replace(",", ";").replace(".", ",")}),
]
