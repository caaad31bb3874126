"""The types that all parts of blendkit exchange: scores, rows, labels, taxonomy, and the spaces of scores.

Arrays and names go in; immutable objects that validate themselves come out. This package reads and writes no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.core.arrays import Bools, Float32, Float64, Int64, Matrix
    from blendkit.core.audio_suffixes import AUDIO_SUFFIXES, OTHER_SUFFIXES, recording_id
    from blendkit.core.compiling import compiled, read_only
    from blendkit.core.differences import compare_names, compare_rows, near_names
    from blendkit.core.hashes import canonical_json, text_hash
    from blendkit.core.joining import concat, shared_rows
    from blendkit.core.labels import LabelTable
    from blendkit.core.names import CLOCK_RESET, DEFAULT_NAMES, NO_HOUR, NameRule, natural_key
    from blendkit.core.rows import (
        MIN_REMAINDER_S,
        ClusterBy,
        Remainder,
        Rows,
        canonical_order,
        chunk_rows,
        cluster_labels,
        count_chunks,
        fold_of,
        format_seconds,
        make_rows,
        rows_from_ids,
    )
    from blendkit.core.scores import Scores
    from blendkit.core.spaces import FileSpace, Space, logit, saturated, sigmoid, zero_floor
    from blendkit.core.taxonomy import LEVELS, TAXA, Level, Sonotypes, Taxonomy
    from blendkit.core.threads import side_by_side
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "AUDIO_SUFFIXES",
    "CLOCK_RESET",
    "DEFAULT_NAMES",
    "LEVELS",
    "MIN_REMAINDER_S",
    "NO_HOUR",
    "OTHER_SUFFIXES",
    "TAXA",
    "Bools",
    "ClusterBy",
    "FileSpace",
    "Float32",
    "Float64",
    "Int64",
    "LabelTable",
    "Level",
    "Matrix",
    "NameRule",
    "Remainder",
    "Rows",
    "Scores",
    "Sonotypes",
    "Space",
    "Taxonomy",
    "canonical_json",
    "canonical_order",
    "chunk_rows",
    "cluster_labels",
    "compare_names",
    "compare_rows",
    "compiled",
    "concat",
    "count_chunks",
    "fold_of",
    "format_seconds",
    "logit",
    "make_rows",
    "natural_key",
    "near_names",
    "read_only",
    "recording_id",
    "rows_from_ids",
    "saturated",
    "shared_rows",
    "side_by_side",
    "sigmoid",
    "text_hash",
    "zero_floor",
]
