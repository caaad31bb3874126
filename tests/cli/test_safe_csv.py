"""`run --safe-csv`: further streams for spreadsheets, and a submission that keeps its ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from blendkit.cli.commands.run import run

RECIPE = "blends: {again: {by: rank, of: {t: 1}}}\nalso: [again]\n"


def test_ids_that_a_spreadsheet_would_run_are_named(
    tones: Callable[..., Path], tone_recipe: str, tmp_path: Path
) -> None:
    (tmp_path / "r.yaml").write_text(tone_recipe + RECIPE, encoding="utf-8")
    data, out = tones({"=r": 5.0, "r": 5.0}), tmp_path / "out"
    done = CliRunner().invoke(run, [str(tmp_path / "r.yaml"), "--data", str(data), "--out", str(out), "--safe-csv"])
    assert done.exit_code == 0, done.output
    assert "note: again.csv: 1 ids got an apostrophe before them" in done.output
    ids = {n: pd.read_csv(out / f"{n}.csv")["row_id"].tolist() for n in ("submission", "again")}
    assert ids == {"submission": ["=r_5", "r_5"], "again": ["'=r_5", "r_5"]}


def test_a_share_writes_no_tables_to_make_safe() -> None:
    with pytest.raises(
        click.UsageError, match="leave out --budget, --dry-run, --format, --safe-csv, --memory and --report"
    ):
        run.main(["r.yaml", "--shard", "1/2", "--safe-csv"], standalone_mode=False)
