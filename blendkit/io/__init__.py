"""Files of other tools: one module per format, with readers and writers in separate folders.

Readers turn paths into core types (scores, labels, taxonomies); writers do the reverse. Every error names the file
and the line, column or array that is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.io.answer_words import meaning_of
    from blendkit.io.audio_places import NO_EFFORT, UNSEEN, AudioFolder, scored_recordings
    from blendkit.io.conversion import Converted, convert_file
    from blendkit.io.converted_detections import Carried
    from blendkit.io.file_content_cache import FileContents
    from blendkit.io.file_reader import ColumnNames, FileHead, Reader, ReadFile, file_head, find_reader, read_found
    from blendkit.io.file_seen import FileSeen, look_into
    from blendkit.io.file_writer import (
        ScoreWriter,
        Writer,
        call_score_writer,
        find_writers,
        with_fitting_scores,
        write_detections,
    )
    from blendkit.io.names_of_columns import names_by_file
    from blendkit.io.provenance import (
        NOT_KNOWN,
        PROVENANCE,
        Provenance,
        joined,
        known_space,
        of_store,
        provenance_array,
        read_provenance,
        write_side_provenance,
    )
    from blendkit.io.readers.deployment_csv import read_deployments
    from blendkit.io.readers.detection_tables import Detections
    from blendkit.io.readers.hoplite_database import read_hoplite
    from blendkit.io.readers.kaggle_cache import Cache, read_cache
    from blendkit.io.readers.label_files import read_labels, saw_of_labels, split_label_source
    from blendkit.io.readers.label_spans import LABELLED_BY, OF_A_TEACHER, TEACHER
    from blendkit.io.readers.leaderboard_csv import read_leaderboard
    from blendkit.io.readers.metadata_column import read_metadata_column
    from blendkit.io.readers.range_table import WEEKS, WHOLE_YEAR, RangeTable, is_range_table, read_range_table
    from blendkit.io.readers.result_folder import read_detections
    from blendkit.io.readers.sample_submission import Template, read_template
    from blendkit.io.readers.score_sources import ScoreFile, is_source, longer_chunk_notes, read_score_file, read_scores
    from blendkit.io.readers.score_table import Table, read_table, recording_folds
    from blendkit.io.readers.site_coordinates import read_sites
    from blendkit.io.readers.species_finds import read_finds, recordings_of_finds
    from blendkit.io.readers.species_lists import read_species_lists
    from blendkit.io.readers.taxonomy_csv import read_taxonomy
    from blendkit.io.readers.threshold_csv import read_thresholds
    from blendkit.io.run_names import RunFacts, is_of_run, rule_facts, run_facts
    from blendkit.io.score_places import SUBMISSION, score_file, split_source
    from blendkit.io.solutions import ConvertedSolutions, read_solutions
    from blendkit.io.space_check import CONSTANT, check_space, likely_space
    from blendkit.io.text_tables import (
        decimal_points,
        open_table,
        parse_table,
        plain_name,
        read_text_file,
        separator_of,
    )
    from blendkit.io.truth_for_scores import Truth, truth_for
    from blendkit.io.windows_to_chunks import (
        Windowed,
        chunks_without_window,
        late_windows,
        repeated_windows,
        windows_on_chunks,
        without_rows,
    )
    from blendkit.io.writers.range_csv import write_range_table
    from blendkit.io.writers.safe_cells import safe_cell
    from blendkit.io.writers.submission import Written, write_scores, write_submission
    from blendkit.io.writers.text_rows import csv_text, file_stems, label_cell, score_cell, seconds_cell, text_cell
    from blendkit.io.writers.write_raven import write_raven_tables
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "CONSTANT",
    "LABELLED_BY",
    "NOT_KNOWN",
    "NO_EFFORT",
    "OF_A_TEACHER",
    "PROVENANCE",
    "SUBMISSION",
    "TEACHER",
    "UNSEEN",
    "WEEKS",
    "WHOLE_YEAR",
    "AudioFolder",
    "Cache",
    "Carried",
    "ColumnNames",
    "Converted",
    "ConvertedSolutions",
    "Detections",
    "FileContents",
    "FileHead",
    "FileSeen",
    "Provenance",
    "RangeTable",
    "ReadFile",
    "Reader",
    "RunFacts",
    "ScoreFile",
    "ScoreWriter",
    "Table",
    "Template",
    "Truth",
    "Windowed",
    "Writer",
    "Written",
    "call_score_writer",
    "check_space",
    "chunks_without_window",
    "convert_file",
    "csv_text",
    "decimal_points",
    "file_head",
    "file_stems",
    "find_reader",
    "find_writers",
    "is_of_run",
    "is_range_table",
    "is_source",
    "joined",
    "known_space",
    "label_cell",
    "late_windows",
    "likely_space",
    "longer_chunk_notes",
    "look_into",
    "meaning_of",
    "names_by_file",
    "of_store",
    "open_table",
    "parse_table",
    "plain_name",
    "provenance_array",
    "read_cache",
    "read_deployments",
    "read_detections",
    "read_finds",
    "read_found",
    "read_hoplite",
    "read_labels",
    "read_leaderboard",
    "read_metadata_column",
    "read_provenance",
    "read_range_table",
    "read_score_file",
    "read_scores",
    "read_sites",
    "read_solutions",
    "read_species_lists",
    "read_table",
    "read_taxonomy",
    "read_template",
    "read_text_file",
    "read_thresholds",
    "recording_folds",
    "recordings_of_finds",
    "repeated_windows",
    "rule_facts",
    "run_facts",
    "safe_cell",
    "saw_of_labels",
    "score_cell",
    "score_file",
    "scored_recordings",
    "seconds_cell",
    "separator_of",
    "split_label_source",
    "split_source",
    "text_cell",
    "truth_for",
    "windows_on_chunks",
    "with_fitting_scores",
    "without_rows",
    "write_detections",
    "write_range_table",
    "write_raven_tables",
    "write_scores",
    "write_side_provenance",
    "write_submission",
]
