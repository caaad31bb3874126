"""Reading a score table: blendkit against pandas and polars, in one process, from the page cache.

    python -m tests.benchmarks.bench_readers [rows]

A table of `rows` chunks (default 20000) and 234 classes, as CSV with nine digits and as Parquet of float64. The others
give back a frame; blendkit also reads the row ids as recordings and times, checks ids, cells and columns, and puts rows
into the canonical order, which is in its time. polars is measured if it is installed (`pip install polars`).
"""

import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from blendkit import read_scores
from tests.benchmarks.timing import best_of

CLASSES, PER_RECORDING = 234, 12


def write_tables(folder: Path, rows: int) -> dict[str, Path]:
    """Write one table of random probabilities as CSV and as Parquet."""
    values = np.random.default_rng(0).random((rows, CLASSES)).round(9)
    ids = [f"rec{i // PER_RECORDING:06}_{i % PER_RECORDING * 5 + 5}" for i in range(rows)]
    frame = pd.DataFrame(values, columns=[f"c{j:03}" for j in range(CLASSES)])
    frame.insert(0, "row_id", ids)
    paths = {"CSV": folder / "scores.csv", "Parquet": folder / "scores.parquet"}
    frame.to_csv(paths["CSV"], index=False)
    frame.to_parquet(paths["Parquet"], index=False)
    return paths


def ways(kind: str, path: Path) -> dict[str, Callable[[], object]]:
    """Return what is timed for one file."""
    found: dict[str, Callable[[], object]] = {"blendkit": lambda: read_scores(path, space="prob")}
    if kind == "CSV":
        found["pandas, C"] = lambda: pd.read_csv(path)
        found["pandas, pyarrow"] = lambda: pd.read_csv(path, engine="pyarrow")
    else:
        found["pandas"] = lambda: pd.read_parquet(path)
    if importlib.util.find_spec("polars"):
        import polars as pl

        read = pl.read_csv if kind == "CSV" else pl.read_parquet
        found["polars"] = lambda: read(path)
    return found


def main(rows: int) -> None:
    """Time every way to read every table, and print each as a multiple of blendkit's."""
    if not importlib.util.find_spec("polars"):
        print("polars is not installed, and is left out")
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in write_tables(Path(folder), rows).items():
            print(f"{kind}, {rows} x {CLASSES}, {path.stat().st_size / 1e6:.0f} MB")
            spent = {name: best_of(read) for name, read in ways(kind, path).items()}
            for name, seconds in spent.items():
                print(f"  {name:16} {1000 * seconds:7.0f} ms   {seconds / spent['blendkit']:5.2f} times blendkit's")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
