"""Tables: blendkit against what a notebook does, in one process, from the page cache, in CPU time.

    python -m tests.benchmarks.bench_tables [rows]

A table of `rows` chunks (default 20000) and 234 classes; labels of every chunk. Writing a submission holds its check,
which a notebook leaves out. The whole is `run` of two Parquet members, blended by rank, all chunks labelled: reading,
macro-AUC of three streams, checks, a submission and its report; the notebooks read, rank, blend, measure and write.
polars is measured if it is installed (`pip install polars`).
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

import blendkit as bk

CLASSES, PER_RECORDING, ROWS = [f"c{j:03}" for j in range(234)], 12, 20_000
RECIPE = """recipe: 1
name: whole
taxonomy: taxonomy.csv
labels: labels.csv
members:
  a: {use: table, path: a.parquet, space: prob}
  b: {use: table, path: b.parquet, space: prob}
blends:
  both: {by: rank, of: {a: 0.6, b: 0.4}}
output: both
"""
Way = Callable[[], object]


def cpu_of(work: Way, times: int = 2) -> float:
    """Return the least CPU time of some tries, of all threads, in seconds."""
    spent = []
    for _ in range(times):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def write_world(folder: Path, rows: int) -> None:
    """Write two members as Parquet, one as CSV, labels, a taxonomy and a recipe."""
    rng = np.random.default_rng(0)
    ids = [f"rec{i // PER_RECORDING:06}_{i % PER_RECORDING * 5 + 5}" for i in range(rows)]
    truth = rng.random((rows, len(CLASSES))) < 0.01
    for name in ("a", "b"):
        scores = 1 / (1 + np.exp(3 - 1.5 * truth - 1.5 * rng.standard_normal(truth.shape)))
        frame = pd.DataFrame(scores, columns=CLASSES)
        frame.insert(0, "row_id", ids)
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    frame.to_csv(folder / "b.csv", index=False)
    times = [(i % PER_RECORDING * 5, i % PER_RECORDING * 5 + 5) for i in range(rows)]
    labels = {
        "filename": [f"rec{i // PER_RECORDING:06}.ogg" for i in range(rows)],
        "start": [f"00:{s // 60:02}:{s % 60:02}" for s, _ in times],
        "end": [f"00:{e // 60:02}:{e % 60:02}" for _, e in times],
        "primary_label": [";".join(CLASSES[j] for j in np.flatnonzero(y)) for y in truth],
    }
    pd.DataFrame(labels).to_csv(folder / "labels.csv", index=False)
    pd.DataFrame({"primary_label": CLASSES, "class_name": "Aves"}).to_csv(folder / "taxonomy.csv", index=False)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")


def macro_auc(truth: Any, scores: Any) -> float:
    """Return the mean AUC of the classes with positives, by scipy's ranks."""
    ranks = rankdata(scores, axis=0)
    positives = truth.sum(axis=0)
    live = (positives > 0) & (positives < len(truth))
    n, p = len(truth), positives[live]
    wins = (ranks * truth).sum(axis=0)[live] - p * (p + 1) / 2
    return float((wins / (p * (n - p))).mean())


def truth_by_pandas(folder: Path, ids: list[str]) -> Any:
    """Return the truth of all chunks as a notebook reads it."""
    labels = pd.read_csv(folder / "labels.csv")
    end = pd.to_timedelta(labels["end"]).dt.total_seconds().astype(int).astype(str)
    key = labels["filename"].str.removesuffix(".ogg") + "_" + end
    wide = labels["primary_label"].fillna("").str.get_dummies(";").reindex(columns=CLASSES, fill_value=0)
    return wide.set_index(key).loc[ids].to_numpy(bool)


def notebook(
    folder: Path, read: Callable[[Path], tuple[list[str], Any]], write: Callable[[list[str], Any], None]
) -> None:
    """Read, rank, blend, measure and write."""
    ids, a = read(folder / "a.parquet")
    _, b = read(folder / "b.parquet")
    blend = (0.6 * rankdata(a, axis=0) + 0.4 * rankdata(b, axis=0)) / len(a)
    truth = truth_by_pandas(folder, ids)
    for scores in (a, b, blend):
        macro_auc(truth, scores)
    write(ids, blend)


def by_pandas(folder: Path) -> dict[str, Way]:
    """Return what a notebook with pandas does, by work."""
    frame = pd.read_parquet(folder / "b.parquet")

    def read(path: Path) -> tuple[list[str], Any]:
        found = pd.read_parquet(path)
        return found["row_id"].tolist(), found[CLASSES].to_numpy()

    def write(ids: list[str], values: Any) -> None:
        out = pd.DataFrame(values, columns=CLASSES)
        out.insert(0, "row_id", ids)
        out.to_csv(folder / "pandas.csv", index=False)

    return {
        "submission, CSV": lambda: frame.to_csv(folder / "pandas.csv", index=False),
        "scores, CSV": lambda: pd.read_csv(folder / "b.csv"),
        "scores, Parquet": lambda: pd.read_parquet(folder / "b.parquet"),
        "labels on chunks": lambda: truth_by_pandas(folder, frame["row_id"].tolist()),
        "run, the whole": lambda: notebook(folder, read, write),
    }


def by_polars(folder: Path) -> dict[str, Way]:
    """Return what a notebook with polars and scipy does, by work; nothing where polars is not installed."""
    if not importlib.util.find_spec("polars"):
        return {}
    import polars as pl

    frame = pl.read_parquet(folder / "b.parquet")

    def read(path: Path) -> tuple[list[str], Any]:
        found = pl.read_parquet(path)
        return found["row_id"].to_list(), found.select(CLASSES).to_numpy()

    def write(ids: list[str], values: Any) -> None:
        columns = {c: values[:, j] for j, c in enumerate(CLASSES)}
        pl.DataFrame({"row_id": ids, **columns}).write_csv(folder / "polars.csv")

    return {
        "submission, CSV": lambda: frame.write_csv(folder / "polars.csv"),
        "scores, CSV": lambda: pl.read_csv(folder / "b.csv"),
        "scores, Parquet": lambda: pl.read_parquet(folder / "b.parquet"),
        "run, the whole": lambda: notebook(folder, read, write),
    }


def by_blendkit(folder: Path) -> dict[str, Way]:
    """Return blendkit's ways, by work."""
    scores = bk.read_scores(folder / "b.parquet", space="prob")

    def labels() -> None:
        table = bk.read_labels(folder / "labels.csv").named_as(scores.rows.recordings())
        table.matrix(scores.rows, scores.classes)

    return {
        "submission, CSV": lambda: bk.write_scores(scores, folder / "blendkit.csv"),
        "scores, CSV": lambda: bk.read_scores(folder / "b.csv", space="prob"),
        "scores, Parquet": lambda: bk.read_scores(folder / "b.parquet", space="prob"),
        "labels on chunks": labels,
        "run, the whole": lambda: bk.run(folder / "recipe.yaml", data=folder, out=folder / "out"),
    }


def rows(chunks: int = ROWS) -> list[dict[str, Any]]:
    """Return a row per work: CPU seconds of each way, and blendkit's as a multiple of the best other one's."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_world(folder, chunks)
        ours, pandas, polars = by_blendkit(folder), by_pandas(folder), by_polars(folder)
        for work, way in ours.items():
            way()  # loads or compiles what it needs
            spent = {"ours": cpu_of(way), "pandas": cpu_of(pandas[work])}
            if work in polars:
                spent["polars"] = cpu_of(polars[work])
            best = min(v for k, v in spent.items() if k != "ours")
            found.append({"work": f"{work}, {chunks} x {len(CLASSES)}", **spent, "ratio": spent["ours"] / best})
    return found


def main(chunks: int) -> None:
    """Print the table."""
    print("| work | ours, CPU s | pandas | polars | ours / best of the others |\n| --- | ---: | ---: | ---: | ---: |")
    for row in rows(chunks):
        cells = [f"{row[k]:.2f}" if k in row else "" for k in ("ours", "pandas", "polars", "ratio")]
        print(f"| {row['work']} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
