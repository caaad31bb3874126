"""Other fits whose out-of-fold figures are subtracted from those of a head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Int64
from blendkit.errors import BlendkitError, shorten
from blendkit.io import read_provenance
from blendkit.training.examples import Examples
from blendkit.training.jobs.saved_arrays import read_arrays
from blendkit.training.outputs import OOF


def seen_by(folders: Sequence[Path]) -> list[str]:
    """Say of other fits whose out-of-fold figures are none, so that this one's are not compared with them."""
    kinds = {p.name: read_provenance(p / OOF).kind for p in folders}
    seen = [n for n, k in kinds.items() if k == "in-sample"]
    unsure = [n for n, k in kinds.items() if k == "unknown"]
    said = [f"{shorten(seen)} learned from rows of its own out-of-fold table: they cannot be compared"] if seen else []
    what = f"what {shorten(unsure)} learned from is not known: a figure against it may be of seen recordings"
    return [*said, *([what] if unsure else [])]


def out_of_fold_of(path: Path, examples: Examples, fold: Int64) -> Any:
    """Another fit's out-of-fold logits on these rows, classes and folds."""
    again = "run that fit again, with the same rows, --folds and groups"
    advice = f"--against takes the --out folder of a finished `blendkit fit seqhead`; {again}"
    names = ("row_ids", "classes", "logits", "left_out", "fold")
    saved = read_arrays(path / OOF, names, "the out-of-fold table of a fit", advice)
    if tuple(saved["classes"].tolist()) != examples.classes:
        raise BlendkitError(f"--against {path}: it was judged on other classes", [advice])
    at = {r: i for i, r in enumerate(saved["row_ids"].tolist())}
    rows = np.array([at.get(r, -1) for r in examples.row_ids.tolist()], np.int64)
    lacking = {r for r, i in zip(examples.row_ids.tolist(), rows.tolist(), strict=True) if i < 0}
    if lacking - set(saved["left_out"].tolist()) or set(at) - set(examples.row_ids.tolist()):
        raise BlendkitError(f"--against {path}: it was judged on other rows", [advice])
    there = rows >= 0
    if at and (moved := int((saved["fold"][rows[there]] != fold[there]).sum())):
        raise BlendkitError(f"--against {path}: {moved} of {int(there.sum())} rows lay in other folds there", [again])
    return np.where(there[:, None], saved["logits"][rows] if at else np.nan, np.nan)  # nan: not out-of-fold there
