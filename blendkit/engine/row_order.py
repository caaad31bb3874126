"""The rows of a run without audio, and the order in which rows are written: the template's, or the natural one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from blendkit.blending import rows_of_members
from blendkit.core import Int64, Rows, Scores, canonical_order, compare_names, rows_from_ids
from blendkit.engine.run_inputs import Inputs
from blendkit.io import Template
from blendkit.recipe import Plan


def rows_of_tables(plan: Plan, inputs: Inputs, tables: Mapping[str, Scores]) -> Rows:
    """Return the rows of a run that finished scores alone go into: the template's, where it has any of theirs.

    Rows that the scores lack are then missing, and those that they have beyond it are left out. A template without any
    of them is of other recordings and fixes the columns alone. Raises BlendkitError where the scores' rows differ.
    """
    rows = rows_of_members(plan, tables)
    wanted = () if inputs.template is None or inputs.rehearsal else inputs.template.row_ids
    own = set(rows.ids())
    if own == set(wanted) or own.isdisjoint(wanted):
        return rows
    every = rows_from_ids(wanted, plan.recipe.model.chunk_s, inputs.names)
    return every.take(canonical_order(every))


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
