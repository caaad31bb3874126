"""A share of a run: its recordings are scored and saved, and nothing is blended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blendkit.engine.checks_before_scoring import preflight
from blendkit.engine.output_folder import LOGITS, open_folder, verify_stores
from blendkit.engine.recipe_data import DataFolders, open_data
from blendkit.engine.run_inputs import find_inputs, member_context
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.recipe import On, Recipe, check_files, make_plan, open_recipe
from blendkit.scoring import CPU_ONLY, Executor, Runtime, Shard, as_shard, grid_of, open_members, score_recordings
from blendkit.store import Stored


def run_shard(
    recipe: Recipe | Path | str,
    shard: Shard | str,
    data: DataFolders = None,
    out: Path | str | None = None,
    *,
    overrides: Sequence[str] = (),
    on: On = "test",
    allow_outside: bool = False,
    stores: Path | str | None = None,
    verify: bool = False,
    runtime: Runtime = CPU_ONLY,
    executor: Executor = score_recordings,
    emit: Emit = silent,
) -> dict[str, Stored]:
    """Score a share (`2/8`) of a recipe's recordings with all its members; return the status of each.

    `run` with the same recipe, data and folder of stores then finds the logits of all shares, and blends them. The
    shares of one run may be scored at the same time, also into one folder. See `run` for the parameters. Raises
    BlendkitError for what the user can correct, also where no member needs audio.
    """
    share = as_shard(shard)
    found = open_recipe(recipe, overrides, on)
    plan = make_plan(found.recipe)
    folder = open_data(found, data, allow_outside, emit)
    target = Path(out) if out is not None else Path("out") / found.recipe.model.name
    files = check_files(plan, folder)
    inputs = find_inputs(plan, folder, None)
    preflight(plan, inputs, files)
    open_folder(target)
    context = member_context(plan, inputs, runtime)
    saved = Path(stores) if stores is not None else target / LOGITS
    if verify:
        verify_stores(saved, emit)
    opened = open_members(plan, context, files, saved)
    if not opened.audio:
        raise BlendkitError(f"{plan.recipe.source}: no member needs audio, so that there is nothing to share out")
    recordings = [r for r in inputs.to_score if share.holds(r.id)]
    return executor(opened.audio, recordings, grid_of(plan, context), emit, None).status
