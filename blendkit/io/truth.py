"""Labels on the rows and classes of scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blendkit.core import LabelTable, Rows, Taxonomy


def truth_for(
    labels: Path, rows: Rows, classes: tuple[str, ...], taxonomy: Path | None, what: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Taxonomy]:
    """Return truth (N, C), labelled (N,) and the taxonomy. Raises BlendkitError if no label matches a row."""
    from blendkit.core import Taxonomy
    from blendkit.errors import BlendkitError, shorten
    from blendkit.io.readers.label_csv import read_labels
    from blendkit.io.readers.taxonomy_csv import read_taxonomy

    taxa: Taxonomy = read_taxonomy([taxonomy]) if taxonomy is not None else Taxonomy({})
    table: LabelTable = read_labels(labels).named_as(rows.recordings())
    truth, labelled = table.only(rows.recordings()).matrix(rows, classes, taxa.classes)
    if not labelled.any():
        raise BlendkitError(
            f"{labels}: no label matches a row of {what}",
            [f"labels start with {shorten(table.recordings[:1]) or 'nothing'}, scores with {rows.ids()[0]}"],
        )
    return truth, labelled, taxa
