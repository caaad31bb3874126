"""How a run reads recordings' names: by the recipe's `names:`, and for `auto` by the names themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blendkit.core import AUTO, FoundNames, Rows, fitting_names, make_rows, read_names
from blendkit.errors import BlendkitError
from blendkit.io import read_deployments
from blendkit.recipe import DataFolder, Plan


def names_of(
    plan: Plan, data: DataFolder, recordings: Sequence[str], files: dict[str, Path] | None = None
) -> FoundNames:
    """Return how the names of a run's recordings are read, and what they give.

    files: gets the table of deployments that was read. Raises BlendkitError, with the line of the recipe, for a table
    that cannot be read or has none of the recordings, and a time zone that contradicts the names.
    """
    model = plan.recipe.model.names
    try:
        table = None
        if model.deployments is not None:
            path = data.require(model.deployments)
            table = read_deployments(path)
            if files is not None:
                files[model.deployments] = path
        rule = model.rule(table)
        return fitting_names(recordings, rule) if model.preset == AUTO else read_names(rule, recordings)
    except BlendkitError as error:
        raise BlendkitError(f"{plan.recipe.where(('names',))}: {error.title}", error.problems) from error


def named_rows(plan: Plan, data: DataFolder, rows: Rows) -> tuple[FoundNames, Rows]:
    """Return how the names of score files' recordings are read, and their rows (N,) read so."""
    named = names_of(plan, data, rows.recordings())
    again = make_rows([str(r) for r in rows.recording], rows.start_s, rows.end_s, named.rule)
    return named, again
