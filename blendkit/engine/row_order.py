"""The order in which rows are written: the template's, or the natural one."""

from __future__ import annotations

import numpy as np

from blendkit.core import Int64, Scores, compare_names
from blendkit.io import Template


def row_order(scores: Scores, template: Template | None) -> tuple[Int64 | None, str | None]:
    """Return the order rows are written in (None: as they are), and a warning where the template cannot give it.

    The template's order holds only where its row set equals the expected one.
    """
    if template is None:
        return None, None
    ids = scores.rows.ids()
    if len(ids) == len(template.row_ids) and set(ids) == set(template.row_ids):
        at = {r: i for i, r in enumerate(ids)}
        return np.array([at[r] for r in template.row_ids], np.int64), None
    apart = compare_names(template.row_ids, ids, "the template", "the recordings")
    return None, (
        f"the template lists {len(template.row_ids)} rows, the recordings give {len(ids)}: "
        "the template fixes the columns only, rows are in natural order" + (f"; {apart}" if apart else "")
    )
