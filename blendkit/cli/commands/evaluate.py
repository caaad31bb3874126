"""`blendkit eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._blend_options import blend_command
from blendkit.cli._compile_notice import announced
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import chunked_columns, json_option, judged
from blendkit.cli._show import event, print_table

if TYPE_CHECKING:
    from blendkit.io import ColumnNames
    from blendkit.offline import Evaluation, Judging

_CLASSES = 10  # that are shown


@click.command()
@click.argument("scores")
@click.option(
    "--labels",
    required=True,
    type=PATH,
    help="Labels: a table of spans, row ids or clips, 0/1 columns, FILE.npz:ARRAY, Raven or Audacity files, a folder "
    "of them. FILE:COLUMN names the column of labels.",
)
@click.option(
    "--taxonomy", type=PATH, help="Taxonomy of the classes; a label that it lists and SCORES lacks is left out."
)
@chunked_columns
@judged
@click.option("--bca", is_flag=True, help="Use a bias-corrected and accelerated (BCa) interval.")
@json_option
def evaluate(
    scores: str, labels: Path, taxonomy: Path | None, names: ColumnNames, judging: Judging, bca: bool, json_out: bool
) -> None:
    """Measure SCORES (a submission CSV, FILE.npz:ARRAY, Parquet, a run's folder or a store) against labels.

    Prints the macro ROC-AUC over classes that have positives, with ties counted half; unlabelled chunks are left
    out. The interval comes from redrawing whole recordings. cmAP is the class mean of average precision.
    """
    from blendkit import offline

    with announced(json_out):
        found = offline.evaluate(scores, labels, taxonomy=taxonomy, names=names, judging=judging, bca=bca)
    payload = _payload(found)
    at = found.auc.scored.tolist()
    lines = [(found.classes[i], int(found.positives[i]), float(found.auc.per_class[i]), float(found.ap[i])) for i in at]
    if json_out:
        for class_id, count, auc, ap in lines:
            event("class", {"class": class_id, "positives": count, "auc": auc, "ap": ap})
        event("eval", payload)
        return
    named = [(c, found.taxonomy.scientific_name(c), n, auc, ap) for c, n, auc, ap in lines]
    _print(named, payload, found.rows, judging.level)
    for note in found.notes:
        click.echo(f"note: {note}")
    click.echo(f"to blend it with another: {blend_command([scores, 'OTHER'], labels, taxonomy, names)}")


def _payload(found: Evaluation) -> dict[str, Any]:
    out: dict[str, Any] = {
        "macro_auc": found.macro,
        "classes_scored": len(found.auc.scored),
        "classes_skipped": len(found.auc.skipped),
        "skipped": [found.classes[i] for i in found.auc.skipped],
        "rows": found.labelled_rows,
        "kind": found.kind,
        "cmap": found.cmap,
        "top_1": found.top_one,
    }
    if found.notes:
        out["notes"] = list(found.notes)
    if found.folds:
        out["folds"] = dict(found.folds)
    if found.ece is not None and found.brier is not None:
        out |= {"ece": found.ece, "brier": found.brier}
    if found.interval is None:
        return {**out, "no_interval": found.why_not}
    bounds = {k: getattr(found.interval, k) for k in ("low", "high", "sd")}
    return {**out, **bounds, "clusters": found.clusters}


def _print(rows: list[tuple[str, str, int, float, float]], payload: dict[str, Any], n: int, level: float) -> None:
    from blendkit.errors import shorten

    click.echo(f"rows: {payload['rows']} labelled of {n}")
    figure = "none: no class has both positives and negatives"
    if payload["macro_auc"] is not None:
        figure = f"{payload['macro_auc']:.6f} over {payload['classes_scored']} classes"
    click.echo(f"macro-AUC: {figure}, {payload['classes_skipped']} skipped")
    if "no_interval" in payload:
        click.echo(f"no interval: {payload['no_interval']}")
    elif payload["low"] is not None:
        clusters = f"{payload['clusters']} clusters redrawn"
        click.echo(f"{level:.0%} interval: {payload['low']:.6f} to {payload['high']:.6f} ({clusters})")
    _print_folds(payload)
    figures = {"cmAP": "cmap", "top-1": "top_1", "as probabilities: ECE": "ece", "Brier": "brier"}
    texts = [f"{name} {payload[k]:.6f}" for name, k in figures.items() if payload.get(k) is not None]
    click.echo(", ".join(texts))
    _print_classes(rows)
    if payload["skipped"]:
        click.echo(f"skipped, without positives or without negatives: {shorten(payload['skipped'])}")


def _print_classes(rows: list[tuple[str, str, int, float, float]]) -> None:
    shown = sorted(rows, key=lambda r: (r[3], r[0]))[:_CLASSES]
    title = f"the {_CLASSES} classes of the lowest AUC; --json lists all {len(rows)}" if len(rows) > _CLASSES else ""
    header = ["class", "name", "positives", "AUC", "AP"]
    print_table(title, header, [(c, s, p, f"{a:.6f}", f"{ap:.4f}") for c, s, p, a, ap in shown])


def _print_folds(payload: dict[str, Any]) -> None:
    own = {f: m for f, m in payload.get("folds", {}).items() if m is not None}
    if len(own) < 2 or payload["macro_auc"] is None:
        return
    mean = sum(own.values()) / len(own)
    click.echo(f"mean of {len(own)} folds: {mean:.6f} ({', '.join(f'{f}: {m:.6f}' for f, m in own.items())})")
    click.echo(
        f"pooled - fold mean: {payload['macro_auc'] - mean:+.6f}. Pooled figures also compare chunks of different "
        "folds, whose models may use different scales; a fold measures only the classes that have positives in it"
    )
