"""Run a recipe: the order in which the other packages do their work.

In go a recipe and a data folder; out comes an output folder: submission, run.json, timings.json. What can be known
beforehand is checked before anything is scored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.engine.blending_and_writing import TableFormat
    from blendkit.engine.checks_before_scoring import preflight, require_known_classes
    from blendkit.engine.dask_cluster import slurm_cluster, slurm_settings
    from blendkit.engine.dask_engine import Dask
    from blendkit.engine.known_before_scoring import Beforehand, look_beforehand
    from blendkit.engine.local import RunResult, run
    from blendkit.engine.memory_limit import ALL_IN_MEMORY, HeldStreams, held_within
    from blendkit.engine.model_variants import Using, Variant, measure, members_using, slim_model
    from blendkit.engine.output_folder import LOGITS, RECIPE, REPORT, RUN, require_own
    from blendkit.engine.recipe_data import DataFolders, data_folder, folders_of, open_data
    from blendkit.engine.recording_names import named_rows
    from blendkit.engine.run_inputs import (
        Inputs,
        find_inputs,
        labels_out_of_reach,
        labels_together,
        member_context,
        truth_of,
    )
    from blendkit.engine.run_provenance import Behind
    from blendkit.engine.shard_merge import merge
    from blendkit.engine.shard_run import run_shard
    from blendkit.engine.time_budget import OVER_BUDGET
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "ALL_IN_MEMORY",
    "LOGITS",
    "OVER_BUDGET",
    "RECIPE",
    "REPORT",
    "RUN",
    "Beforehand",
    "Behind",
    "Dask",
    "DataFolders",
    "HeldStreams",
    "Inputs",
    "RunResult",
    "TableFormat",
    "Using",
    "Variant",
    "data_folder",
    "find_inputs",
    "folders_of",
    "held_within",
    "labels_out_of_reach",
    "labels_together",
    "look_beforehand",
    "measure",
    "member_context",
    "members_using",
    "merge",
    "named_rows",
    "open_data",
    "preflight",
    "require_known_classes",
    "require_own",
    "run",
    "run_shard",
    "slim_model",
    "slurm_cluster",
    "slurm_settings",
    "truth_of",
]
