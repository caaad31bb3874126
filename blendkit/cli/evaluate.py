"""`blendkit eval`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli.show import event, table

if TYPE_CHECKING:
    from blendkit.scores import Scores


@click.command()
@click.argument("scores", type=click.Path(path_type=Path))
@click.option(
    "--labels", required=True, type=click.Path(path_type=Path), help="CSV: filename, start, end, primary_label."
)
@click.option(
    "--taxonomy",
    type=click.Path(path_type=Path),
    help="Names the classes; labels it lists but SCORES lacks are left out.",
)
@click.option("--array", help="NPZ: the array of scores.")
@click.option("--rows", help="Row id column, or NPZ array of row ids.")
@click.option("--classes", help="NPZ: the array of class ids.")
@click.option(
    "--chunk-s", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Chunk length in seconds."
)
@click.option("--json", "json_out", is_flag=True, help="Print NDJSON events.")
def evaluate(
    scores: Path,
    labels: Path,
    taxonomy: Path | None,
    array: str | None,
    rows: str | None,
    classes: str | None,
    chunk_s: float,
    json_out: bool,
) -> None:
    """Measure SCORES (a submission CSV, NPZ, Parquet, or a store) against labels.

    Macro ROC-AUC, ties counted half, over classes with positives; unlabelled chunks count nowhere.
    """
    from blendkit.errors import BlendkitError
    from blendkit.labels import read_labels
    from blendkit.metrics import macro_auc
    from blendkit.taxonomy import Taxonomy, read_taxonomy

    found = _read(scores, array, rows, classes, chunk_s)
    taxa = read_taxonomy([taxonomy]) if taxonomy is not None else Taxonomy({})
    label_table = read_labels(labels)
    label_table = label_table.named_as(found.rows.recordings())
    truth, labelled = label_table.only(found.rows.recordings()).matrix(found.rows, found.classes, taxa.classes)
    if not labelled.any():
        raise BlendkitError(
            f"{labels}: no label matches a row of {scores}",
            [f"labels start with {label_table.recordings[:1]}, scores with {found.rows.ids()[:1]}"],
        )
    result = macro_auc(truth, found.values, labelled)
    positives = truth[labelled].sum(axis=0)
    table_rows = [
        (found.classes[i], taxa.scientific_name(found.classes[i]), int(positives[i]), float(result.per_class[i]))
        for i in result.scored
    ]
    payload = {
        "macro_auc": None if math.isnan(result.macro) else result.macro,
        "classes_scored": len(result.scored),
        "classes_skipped": len(result.skipped),
        "skipped": [found.classes[i] for i in result.skipped],
        "rows": int(labelled.sum()),
    }
    if json_out:
        for class_id, _, count, auc in table_rows:
            event("class", {"class": class_id, "positives": count, "auc": auc})
        event("eval", payload)
        return
    _print(table_rows, payload, len(found.rows))


def _read(path: Path, array: str | None, rows: str | None, classes: str | None, chunk_s: float) -> Scores:
    from blendkit.io.tables import read_table
    from blendkit.rows import NameRule, rows_from_ids
    from blendkit.scores import Scores
    from blendkit.store import LogitStore

    if path.is_dir():
        return LogitStore.open(path).read(NameRule())
    npz = path.suffix.lower() == ".npz"
    table_ = read_table(
        path, array=array, rows=rows or ("row_ids" if npz else None), classes=classes or ("classes" if npz else None)
    )
    ids = rows_from_ids(table_.row_ids, chunk_s, NameRule())
    return Scores.build(table_.values, ids, table_.classes, "rank", source=path.name)


def _print(rows: list[tuple[str, str, int, float]], payload: dict[str, Any], n: int) -> None:
    from blendkit.errors import shorten

    shown = sorted(rows, key=lambda r: (r[3], r[0]))
    table("", ["class", "name", "positives", "AUC"], [(c, s, p, f"{a:.6f}") for c, s, p, a in shown])
    if payload["skipped"]:
        click.echo(f"skipped, without positives or without negatives: {shorten(payload['skipped'])}")
    click.echo(f"rows: {payload['rows']} labelled of {n}")
    figure = "none: no class has both positives and negatives"
    if payload["macro_auc"] is not None:
        figure = f"{payload['macro_auc']:.6f} over {payload['classes_scored']} classes"
    click.echo(f"macro-AUC: {figure}, {payload['classes_skipped']} skipped")
