"""Labels matched to the rows and classes of scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blendkit.core import Bools, LabelTable, Rows, Taxonomy, compare_names
from blendkit.errors import BlendkitError
from blendkit.io.readers.label_csv import read_labels
from blendkit.io.readers.taxonomy_csv import read_taxonomy


@dataclass(frozen=True, eq=False)
class Truth:
    """The labels of some chunks: truth (N, C), and which chunks were labelled at all (N,)."""

    values: Bools
    labelled: Bools
    taxonomy: Taxonomy


def truth_for(
    labels: LabelTable | Path | str,
    rows: Rows,
    classes: tuple[str, ...],
    taxonomy: Taxonomy | Path | str | None,
    what: str,
) -> Truth:
    """Return the truth of rows (N) and classes (C). Raises BlendkitError if no label matches a row of `what`."""
    taxa = taxonomy if isinstance(taxonomy, Taxonomy) else read_taxonomy(taxonomy) if taxonomy else Taxonomy({})
    table = labels if isinstance(labels, LabelTable) else read_labels(labels)
    table = table.named_as(rows.recordings())
    values, labelled = table.only(rows.recordings()).matrix(rows, classes, taxa.classes)
    if not labelled.any():
        raise BlendkitError(
            f"{table.source if isinstance(labels, LabelTable) else labels}: no label matches a row of {what}",
            [
                compare_names(table.recordings, rows.recordings(), "the labels", what)
                or "its labels name these recordings, but cover no whole chunk of them"
            ],
        )
    return Truth(values, labelled, taxa)
