"""Saved logits to streams: steps, blends, gates, fills.

In go the members' scores on common rows and classes, and a plan; out come the streams that the plan writes. Array
work is done by `ops`; this package supplies what each op asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.blending.align_members import MOSTLY_FILLED, aligned, rows_of_members
    from blendkit.blending.artefact_contents import contents_of_fit
    from blendkit.blending.class_and_cell_choice import where_mask
    from blendkit.blending.conversions import convert
    from blendkit.blending.cross_fitted_steps import (
        check_folds,
        fit_op,
        refuse_seen_by_blend,
        refuse_seen_by_step,
        stack_for,
    )
    from blendkit.blending.divided_work import Parts, require_divisible
    from blendkit.blending.fit_artefacts import fit_places, fit_step_artefact
    from blendkit.blending.geo_ranges import fit_ranges
    from blendkit.blending.in_parts import make_streams_in_parts
    from blendkit.blending.on_scores import apply, blend
    from blendkit.blending.site_and_hour_needs import require_name_parts
    from blendkit.blending.step_context import StepContext
    from blendkit.blending.stream_cache import Memo
    from blendkit.blending.streams import finished, make_streams
    from blendkit.blending.weights import raw_weights, weight_matrix
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "MOSTLY_FILLED",
    "Memo",
    "Parts",
    "StepContext",
    "aligned",
    "apply",
    "blend",
    "check_folds",
    "contents_of_fit",
    "convert",
    "finished",
    "fit_op",
    "fit_places",
    "fit_ranges",
    "fit_step_artefact",
    "make_streams",
    "make_streams_in_parts",
    "raw_weights",
    "refuse_seen_by_blend",
    "refuse_seen_by_step",
    "require_divisible",
    "require_name_parts",
    "rows_of_members",
    "stack_for",
    "weight_matrix",
    "where_mask",
]
