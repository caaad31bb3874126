"""`blendkit eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._options import PATH, json_option, judged
from blendkit.cli._show import event, number, table
from blendkit.io import Names, read_source, truth_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blendkit.core import Scores
    from blendkit.metrics import MacroAUC


@click.command()
@click.argument("scores")
@click.option("--labels", required=True, type=PATH, help="CSV: filename, start, end, primary_label.")
@click.option("--taxonomy", type=PATH, help="Names the classes; labels it lists but SCORES lacks are left out.")
@click.option("--rows", help="Row id column, or NPZ array of row ids.")
@click.option("--classes", help="NPZ: the array of class ids.")
@click.option("--folds", help="Column or NPZ array of folds: the mean of the folds' own figures is shown too.")
@click.option(
    "--chunk-s", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Chunk length in seconds."
)
@judged
@json_option
def evaluate(
    scores: str,
    labels: Path,
    taxonomy: Path | None,
    rows: str | None,
    classes: str | None,
    folds: str | None,
    chunk_s: float,
    clusters: Any,
    replicates: int,
    seed: int,
    level: float,
    json_out: bool,
) -> None:
    """Measure SCORES (a submission CSV, FILE.npz:ARRAY, Parquet, a run's folder or a store) against labels.

    Macro ROC-AUC, ties counted half, over classes with positives; unlabelled chunks count nowhere. The
    interval redraws whole recordings. cmAP is the class mean of average precision.
    """
    from blendkit.metrics import average_precision, macro_auc

    found, fold_of = read_source(scores, Names(rows, classes, folds, chunk_s))
    truth, labelled, taxa = truth_for(labels, found.rows, found.classes, taxonomy, scores)
    with announced(json_out):
        result = macro_auc(truth, found.values, labelled)
        payload = _figures(found, truth, labelled, result, fold_of)
        payload |= _interval(found, truth, labelled, clusters, replicates, seed, level)
    if not folds and "fold" in found.classes and not json_out:
        click.echo("note: the column 'fold' is taken as a class; --folds fold says what it is")
    aps = average_precision(truth, found.values, labelled).per_class
    positives = truth[labelled].sum(axis=0)
    lines = [
        (
            found.classes[i],
            taxa.scientific_name(found.classes[i]),
            int(positives[i]),
            float(result.per_class[i]),
            aps[i],
        )
        for i in result.scored
    ]
    if json_out:
        for class_id, _, count, auc, ap in lines:
            event("class", {"class": class_id, "positives": count, "auc": auc, "ap": float(ap)})
        event("eval", payload)
        return
    _print(lines, payload, len(found.rows), level)


def _figures(
    found: Scores,
    truth: NDArray[np.bool_],
    labelled: NDArray[np.bool_],
    result: MacroAUC,
    fold_of: dict[str, str],
) -> dict[str, Any]:
    from blendkit.metrics import average_precision, reliability, top_one

    inside = found.values[labelled]
    out: dict[str, Any] = {
        "macro_auc": number(result.macro),
        "classes_scored": len(result.scored),
        "classes_skipped": len(result.skipped),
        "skipped": [found.classes[i] for i in result.skipped],
        "rows": int(labelled.sum()),
        "cmap": number(average_precision(truth, found.values, labelled).macro),
        "top_1": number(top_one(truth, found.values, labelled)),
    }
    if fold_of:
        out["folds"] = fold_figures(found, truth, labelled, fold_of)
    if inside.min() >= 0 and inside.max() <= 1:
        table_ = reliability(truth, found.values, mask=labelled)
        out |= {"ece": number(table_.ece), "brier": number(table_.brier)}
    return out


def fold_figures(
    found: Scores, truth: NDArray[np.bool_], labelled: NDArray[np.bool_], fold_of: dict[str, str]
) -> dict[str, float | None]:
    """Return the macro-AUC of every fold by itself."""
    import numpy as np

    from blendkit.metrics import macro_auc

    own = np.array([fold_of.get(str(r), "") for r in found.rows.recording])
    return {
        f: number(macro_auc(truth, found.values, labelled & (own == f)).macro)
        for f in sorted({*own[labelled].tolist()} - {""})
    }


def _interval(
    found: Scores,
    truth: NDArray[np.bool_],
    labelled: NDArray[np.bool_],
    by: Any,
    replicates: int,
    seed: int,
    level: float,
) -> dict[str, Any]:
    from blendkit.core import cluster_labels
    from blendkit.errors import BlendkitError
    from blendkit.metrics import paired_bootstrap

    labels = cluster_labels(found.rows, by, labelled)
    try:
        boot = paired_bootstrap(truth, {"": found.values}, labels, replicates, seed, labelled)
    except BlendkitError as error:
        return {"no_interval": error.title}
    got = boot.interval("", level)
    return {"low": number(got.low), "high": number(got.high), "sd": number(got.sd), "clusters": boot.clusters}


def _print(rows: list[tuple[str, str, int, float, float]], payload: dict[str, Any], n: int, level: float) -> None:
    from blendkit.errors import shorten

    shown = sorted(rows, key=lambda r: (r[3], r[0]))
    header = ["class", "name", "positives", "AUC", "AP"]
    table("", header, [(c, s, p, f"{a:.6f}", f"{ap:.4f}") for c, s, p, a, ap in shown])
    if payload["skipped"]:
        click.echo(f"skipped, without positives or without negatives: {shorten(payload['skipped'])}")
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
    told = [f"{name} {payload[k]:.6f}" for name, k in figures.items() if payload.get(k) is not None]
    click.echo(", ".join(told))


def _print_folds(payload: dict[str, Any]) -> None:
    own = {f: m for f, m in payload.get("folds", {}).items() if m is not None}
    if len(own) < 2 or payload["macro_auc"] is None:
        return
    mean = sum(own.values()) / len(own)
    click.echo(f"mean of {len(own)} folds: {mean:.6f} ({', '.join(f'{f}: {m:.6f}' for f, m in own.items())})")
    click.echo(
        f"pooled - fold mean: {payload['macro_auc'] - mean:+.6f}. Pooled figures also compare chunks of different "
        "folds, whose models may use different scales; a fold by itself scores only the classes it has"
    )
