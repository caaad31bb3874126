"""Labels matched to the rows and classes of scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import Bools, LabelTable, Rows, Taxonomy, compare_names, unused_names
from blendkit.errors import BlendkitError, shorten
from blendkit.io.readers.label_files import read_labels
from blendkit.io.readers.taxonomy_csv import read_taxonomy


@dataclass(frozen=True, eq=False)
class Truth:
    """The labels of some chunks: truth (N, C), and which chunks were labelled at all (N,).

    notes: how the labels were read where that is not plain, and the labelled classes that the scores lack.
    """

    values: Bools
    labelled: Bools
    taxonomy: Taxonomy
    notes: tuple[str, ...] = ()


def truth_for(
    labels: LabelTable | Path | str,
    rows: Rows,
    classes: tuple[str, ...],
    taxonomy: Taxonomy | Path | str | None,
    what: str,
    *,
    path: Path | str | None = None,
    also: Iterable[str] = (),
) -> Truth:
    """Return the truth of rows (N) and classes (C). path: where labels that are read already come from, for errors.
    also: classes of other scores, whose labels are left out.

    Raises BlendkitError if no label matches a row of `what`, or if most labels of its recordings end beyond its rows.
    """
    taxa = taxonomy if isinstance(taxonomy, Taxonomy) else read_taxonomy(taxonomy) if taxonomy else Taxonomy({})
    table = labels if isinstance(labels, LabelTable) else read_labels(labels)
    table = table.named_as(rows.recordings())
    table.require_in_reach(rows, what)
    known = {*classes, *also}
    matching = table.only(rows.recordings()).by_id(taxa, known)
    matching.require_known(known, taxa)
    values, labelled = matching.matrix(rows, classes, known | set(taxa.classes))
    if not labelled.any():
        raise BlendkitError(
            f"{path or (table.source if isinstance(labels, LabelTable) else labels)}: no label matches a row of {what}",
            [
                compare_names(table.recordings, rows.recordings(), "the labels", what)
                or "its labels name these recordings, but cover no whole chunk of them"
            ],
        )
    lacking = sorted(matching.classes - set(classes))
    if lacking and not matching.classes & set(classes):
        both = [f"labels: {shorten(lacking, 3)}", f"{what}: {shorten(classes, 3)}"]
        ways = ["if these are names of the same classes, a taxonomy that lists both says so"]
        raise BlendkitError(
            f"no labelled class is a class of {what}", [*both, *taxa.ebird_hints(lacking, classes), *ways]
        )
    left_out = f"{len(lacking)} labelled classes that {what} lacks are left out: {shorten(lacking)}"
    hints = taxa.ebird_hints(lacking, classes)
    unused = unused_names(table.recordings, rows.recordings(), table.source)
    late, spans = matching.beyond(rows)
    if late:
        left = f"{late} of {spans} labelled spans of these recordings end more than a chunk beyond the last row"
        hints = [f"{left} of {what}", *hints]
    notes = [*matching.notes, *matching.on_chunks(rows, what), *_unscored(table, rows, what)]
    notes += [*([left_out] if lacking else []), *hints]
    notes += filter(None, [unused])
    return Truth(values, labelled, taxa, tuple(notes))


def _unscored(table: LabelTable, rows: Rows, what: str) -> list[str]:
    """Return a note on labelled recordings that have no row; none without any."""
    scored = set(rows.recordings())
    lacking = [r for r in table.recordings if r not in scored]
    if not lacking:
        return []
    of = f"{len(lacking)} of the {len(table.recordings)} labelled recordings"
    return [f"{of} have no scores in {what}, and no part in any figure: {shorten(lacking, 3)}"]
