"""blendkit: blend, post-process and honestly evaluate several models on the same audio chunks.

`import blendkit as bk` is the whole Python face; the command line calls the same functions. Nothing heavy is imported
before a name is asked for, and nothing prints unless asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit._version import __version__

    # what flows
    # blends and steps on scores in memory
    from blendkit.blending import apply, blend, fit_places, fit_ranges
    from blendkit.blending import fit_step_artefact as fit_step
    from blendkit.core import LabelTable, NameRule, Rows, Scores, Taxonomy

    # detections and reviews, for people who listen
    from blendkit.detecting import (
        Clocks,
        DrawRule,
        Merging,
        Reading,
        ReviewRule,
        ThresholdRule,
        activity,
        detect,
        read_review,
        review,
    )

    # recipes and members
    from blendkit.engine import Dask, members_using, merge, run, run_shard, slim_model
    from blendkit.engine import measure as measure_variant
    from blendkit.errors import BlendkitError

    # files
    from blendkit.io import (
        Carried,
        ColumnNames,
        Provenance,
        read_labels,
        read_provenance,
        read_scores,
        read_taxonomy,
        write_scores,
    )
    from blendkit.io import convert_file as convert

    # figures, from saved logits and score files
    from blendkit.metrics import Crowd
    from blendkit.offline import (
        BlendFiles,
        BlendSettings,
        GreedySearch,
        GridSearch,
        Growth,
        Judging,
        Labels,
        LineSearch,
        Place,
        Rules,
        StackSearch,
        ablate,
        blend_files,
        check,
        compare,
        evaluate,
        new_recipe,
        search,
        search_recipe,
        whatif,
    )
    from blendkit.recipe import load_recipe, recipe_schema

    # the picture that people send on
    from blendkit.reporting import report
    from blendkit.sample import WorldConfig, make_world
    from blendkit.scoring import BackgroundMix, Runtime, fit_features, score
    from blendkit.store import FeatureStore, LogitStore

    # training on top of frozen models
    from blendkit.training import (
        HeadRequest,
        PseudoLabelRequest,
        RoundsRequest,
        StudentRequest,
        TrainingRows,
        pseudo_label,
    )
    from blendkit.training import fit_head as fit_seqhead
    from blendkit.training import fit_rounds as pseudo_label_rounds
    from blendkit.training import fit_student_of as fit_student
    from blendkit.training import probe_member as probe
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "BackgroundMix",
    "BlendFiles",
    "BlendSettings",
    "BlendkitError",
    "Carried",
    "Clocks",
    "ColumnNames",
    "Crowd",
    "Dask",
    "DrawRule",
    "FeatureStore",
    "GreedySearch",
    "GridSearch",
    "Growth",
    "HeadRequest",
    "Judging",
    "LabelTable",
    "Labels",
    "LineSearch",
    "LogitStore",
    "Merging",
    "NameRule",
    "Place",
    "Provenance",
    "PseudoLabelRequest",
    "Reading",
    "ReviewRule",
    "RoundsRequest",
    "Rows",
    "Rules",
    "Runtime",
    "Scores",
    "StackSearch",
    "StudentRequest",
    "Taxonomy",
    "ThresholdRule",
    "TrainingRows",
    "WorldConfig",
    "__version__",
    "ablate",
    "activity",
    "apply",
    "blend",
    "blend_files",
    "check",
    "compare",
    "convert",
    "detect",
    "evaluate",
    "fit_features",
    "fit_places",
    "fit_ranges",
    "fit_seqhead",
    "fit_step",
    "fit_student",
    "load_recipe",
    "make_world",
    "measure_variant",
    "members_using",
    "merge",
    "new_recipe",
    "probe",
    "pseudo_label",
    "pseudo_label_rounds",
    "read_labels",
    "read_provenance",
    "read_review",
    "read_scores",
    "read_taxonomy",
    "recipe_schema",
    "report",
    "review",
    "run",
    "run_shard",
    "score",
    "search",
    "search_recipe",
    "slim_model",
    "whatif",
    "write_scores",
]
