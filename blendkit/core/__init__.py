"""The types that all parts of blendkit exchange: scores, rows, labels, taxonomy, and the spaces of scores.

Arrays and names go in; immutable objects that validate themselves come out. This package reads and writes no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.core.argument_kinds import require_choice, require_kind, require_path
    from blendkit.core.arrays import Bools, Float32, Float64, Int16, Int64, Matrix, NewMatrix, in_memory
    from blendkit.core.audio_content import (
        ENVELOPE_PARTS,
        ENVELOPE_STEP_DB,
        MARK_DIGITS,
        AudioContent,
        JoinedContents,
        content_texts,
        contents_to_json,
    )
    from blendkit.core.audio_suffixes import (
        AUDIO_SUFFIXES,
        OTHER_SUFFIXES,
        composed,
        file_id,
        printable,
        recording_id,
        without_accents,
    )
    from blendkit.core.auto_names import (
        FoundNames,
        check_zone,
        fitting_names,
        read_names,
        rule_name,
        with_fitting_names,
    )
    from blendkit.core.chunk_counts import LONGEST_CHUNK_S, MIN_REMAINDER_S, SHORTEST_CHUNK_S, Remainder, count_chunks
    from blendkit.core.chunk_steps import longer_chunks
    from blendkit.core.clocks import OFFSET_FORMS, is_zone, zone
    from blendkit.core.coded_rows import rows_of_codes
    from blendkit.core.columns_that_are_no_classes import is_bookkeeping, numbers_rows
    from blendkit.core.compiling import (
        cache_places,
        compiled,
        compiled_only,
        few,
        loop_threads,
        read_only,
        while_compiling,
    )
    from blendkit.core.deployments import Deployment, DeploymentKey, Deployments
    from blendkit.core.detection_table import DetectionTable, NamedClass, Naming, ScoredRecording, named_classes
    from blendkit.core.distinct_counts import distinct_values
    from blendkit.core.durations import LONGEST_TIME_S, in_words, seconds_in
    from blendkit.core.flat_spans import FlatSpans, united_spans
    from blendkit.core.garbage_collection import no_search_for_circles
    from blendkit.core.group_links import linked_groups
    from blendkit.core.hashes import canonical_json, text_hash
    from blendkit.core.joining import all_rows, concat, matched_by_name, named_as, shared_rows
    from blendkit.core.json_texts import json_value
    from blendkit.core.labels import WHOLE_RECORDING, LabelTable
    from blendkit.core.name_differences import compare_names, compare_rows, unused_names
    from blendkit.core.name_presets import AUTO, NAME_PRESETS, PARTS, PATTERNS, NameSource
    from blendkit.core.names import NO_HOUR, NO_MOMENT, NameParts, NameRule, SiteFrom
    from blendkit.core.natural_order import natural_key, natural_sorted
    from blendkit.core.patterns import UserPattern, user_pattern
    from blendkit.core.recording_paths import match_recordings, path_ids, whole_path
    from blendkit.core.results_in_notebooks import notebook_view
    from blendkit.core.rows import (
        ClusterBy,
        MissingRows,
        Rows,
        UnknownClasses,
        canonical_order,
        chunk_rows,
        cluster_labels,
        fold_of,
        format_seconds,
        make_rows,
        rows_from_ids,
        same_rows,
    )
    from blendkit.core.scores import Scores
    from blendkit.core.seen_recordings import (
        Contents,
        Saw,
        ScoreKind,
        as_saw,
        base_name,
        copies,
        copies_counted,
        copies_said,
        further_copies,
        held_out_of,
        kind_of,
        same_recordings,
        unseen_folds,
    )
    from blendkit.core.spaces import (
        NO_PROBABILITIES,
        NOTHING_FOUND,
        FileSpace,
        Space,
        logit,
        lost_as_probabilities,
        nothing_found,
        pairs_lost_as_probabilities,
        saturated,
        saturated_pairs,
        sigmoid,
        tied_pairs,
        ties_made,
        written_space,
        zero_floor,
    )
    from blendkit.core.taxonomy import LEVELS, TAXA, Level, Sonotypes, Taxonomy
    from blendkit.core.threads import side_by_side
    from blendkit.core.time_units import SMALL_UNITS, looks_small, unit_of_lengths, unit_of_times
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "AUDIO_SUFFIXES",
    "AUTO",
    "ENVELOPE_PARTS",
    "ENVELOPE_STEP_DB",
    "LEVELS",
    "LONGEST_CHUNK_S",
    "LONGEST_TIME_S",
    "MARK_DIGITS",
    "MIN_REMAINDER_S",
    "NAME_PRESETS",
    "NOTHING_FOUND",
    "NO_HOUR",
    "NO_MOMENT",
    "NO_PROBABILITIES",
    "OFFSET_FORMS",
    "OTHER_SUFFIXES",
    "PARTS",
    "PATTERNS",
    "SHORTEST_CHUNK_S",
    "SMALL_UNITS",
    "TAXA",
    "WHOLE_RECORDING",
    "AudioContent",
    "Bools",
    "ClusterBy",
    "Contents",
    "Deployment",
    "DeploymentKey",
    "Deployments",
    "DetectionTable",
    "FileSpace",
    "FlatSpans",
    "Float32",
    "Float64",
    "FoundNames",
    "Int16",
    "Int64",
    "JoinedContents",
    "LabelTable",
    "Level",
    "Matrix",
    "MissingRows",
    "NameParts",
    "NameRule",
    "NameSource",
    "NamedClass",
    "Naming",
    "NewMatrix",
    "Remainder",
    "Rows",
    "Saw",
    "ScoreKind",
    "ScoredRecording",
    "Scores",
    "SiteFrom",
    "Sonotypes",
    "Space",
    "Taxonomy",
    "UnknownClasses",
    "UserPattern",
    "all_rows",
    "as_saw",
    "base_name",
    "cache_places",
    "canonical_json",
    "canonical_order",
    "check_zone",
    "chunk_rows",
    "cluster_labels",
    "compare_names",
    "compare_rows",
    "compiled",
    "compiled_only",
    "composed",
    "concat",
    "content_texts",
    "contents_to_json",
    "copies",
    "copies_counted",
    "copies_said",
    "count_chunks",
    "distinct_values",
    "few",
    "file_id",
    "fitting_names",
    "fold_of",
    "format_seconds",
    "further_copies",
    "held_out_of",
    "in_memory",
    "in_words",
    "is_bookkeeping",
    "is_zone",
    "json_value",
    "kind_of",
    "linked_groups",
    "logit",
    "longer_chunks",
    "looks_small",
    "loop_threads",
    "lost_as_probabilities",
    "make_rows",
    "match_recordings",
    "matched_by_name",
    "named_as",
    "named_classes",
    "natural_key",
    "natural_sorted",
    "no_search_for_circles",
    "notebook_view",
    "nothing_found",
    "numbers_rows",
    "pairs_lost_as_probabilities",
    "path_ids",
    "printable",
    "read_names",
    "read_only",
    "recording_id",
    "require_choice",
    "require_kind",
    "require_path",
    "rows_from_ids",
    "rows_of_codes",
    "rule_name",
    "same_recordings",
    "same_rows",
    "saturated",
    "saturated_pairs",
    "seconds_in",
    "shared_rows",
    "side_by_side",
    "sigmoid",
    "text_hash",
    "tied_pairs",
    "ties_made",
    "unit_of_lengths",
    "unit_of_times",
    "united_spans",
    "unseen_folds",
    "unused_names",
    "user_pattern",
    "while_compiling",
    "whole_path",
    "with_fitting_names",
    "without_accents",
    "written_space",
    "zero_floor",
    "zone",
]
