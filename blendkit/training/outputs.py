"""The files of a fit: ONNX heads, the out-of-fold table, a model card, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blendkit._version import __version__
from blendkit.store import atomic_path, write_json, write_text
from blendkit.training.cross_fit import Fit, HeadFit
from blendkit.training.examples import Examples
from blendkit.training.export import exported, write_onnx
from blendkit.training.head_networks import HeadShape, parameters_of

OOF = "oof.npz"


@dataclass(frozen=True)
class Source:
    """Where a fit's rows came from. fitted_on: the feature store's facts (model, settings), which go into the head.

    saw: recordings behind the fit beside its own rows (those a pseudo-labelling teacher learned from); saw_known:
    whether these are all.
    """

    features: tuple[str, ...]
    made_by: str
    fitted_on: Mapping[str, Any]
    labels: str
    group: str | None
    saw: tuple[str, ...] = ()
    saw_known: bool = True


def write_heads(out: Path, fit: Fit, examples: Examples, job: HeadFit, source: Source) -> dict[str, float]:
    """Write `head.onnx` and `folds/head_<f>.onnx`; return each one's difference from torch."""
    sample = [torch.from_numpy(np.ascontiguousarray(examples.features[n][:64])) for n in job.shape.inputs]
    graph = exported(fit.head, sample, job.shape.inputs, ["logits"])  # all heads are of one shape
    drift = {}
    for f, head in ((None, fit.head), *enumerate(fit.heads)):
        name = "head.onnx" if f is None else f"folds/head_{f}.onnx"
        facts = _facts(job.shape, examples, source, _seen_by(fit, examples, f))
        drift[name] = write_onnx(graph, head, sample, facts, out / name)
    return drift


def _seen_by(fit: Fit, examples: Examples, fold: int | None) -> set[str]:
    """The labelled and the pseudo-labelled recordings behind the head of a fold, or of all rows (None)."""
    rows = np.arange(len(examples)) if fold is None else np.flatnonzero(fit.fold != fold)
    return {*examples.recording[rows].tolist(), *fit.pseudo_recordings.get(fold, ())}


def _facts(shape: HeadShape, examples: Examples, source: Source, seen: set[str]) -> dict[str, Any]:
    return {
        "kind": "seqhead",
        "classes": list(examples.classes),
        "blocks": list(shape.inputs),
        "saw": sorted({*seen, *source.saw}),
        "fitted_on": dict(source.fitted_on),
        "made_by": f"blendkit {__version__}",
    }


def write_oof(out: Path, fit: Fit, examples: Examples) -> None:
    """Write the out-of-fold table: `row_ids`, `classes`, `fold`, `labels`, `logits`, `kind`, `group`.

    A recipe reads it as `{use: table, path: oof.npz, array: logits, rows: row_ids, classes: classes, folds: fold,
    space: logit}`.
    """
    held = {
        "row_ids": examples.row_ids,
        "classes": np.array(examples.classes, np.str_),
        "fold": fit.fold,
        "labels": (examples.targets > 0.5).astype(np.uint8),
        "logits": fit.oof,
        "kind": examples.kind,
        "group": examples.group,
    }
    with atomic_path(out / OOF) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, **held)  # type: ignore[arg-type]


def summary(
    fit: Fit, examples: Examples, job: HeadFit, source: Source, figures: Mapping[str, Any], drift: Mapping[str, float]
) -> dict[str, Any]:
    """Return all that `fit.json` and the card say."""
    kinds = {k: int((examples.kind == k).sum()) for k in ("clip", "chunk")}
    tokens = [t.name for t in job.shape.tokens]
    spread = fit.weights.std(axis=0, ddof=1) if len(fit.weights) > 1 else np.zeros(len(tokens))
    return {
        "kind": job.shape.kind,
        "parameters": parameters_of(fit.head.each[0]),
        "tokens": tokens,
        "weights": {n: [float(w), float(s)] for n, w, s in zip(tokens, fit.weights.mean(axis=0), spread, strict=True)},
        "rows": kinds,
        "recordings": len(set(examples.recording.tolist())),
        "pseudo_recordings": sorted(frozenset().union(*fit.pseudo_recordings.values())),  # behind any of the heads
        "classes": list(examples.classes),
        "folds": job.folds,
        "seeds": job.seeds,
        "best_epochs": fit.epochs,
        "epochs_of_all_rows": fit.final_epochs,
        "oof": dict(figures),
        "onnx_difference": dict(drift),
        "job": asdict(job),
        "source": asdict(source),
    }


def write_card(out: Path, report: Mapping[str, Any]) -> None:
    """Write `fit.json` and `card.md`."""
    write_json(out / "fit.json", report, sort=False)
    write_text(out / "card.md", "\n".join(_card(report)) + "\n")


def _card(report: Mapping[str, Any]) -> list[str]:
    rows, source, pseudo = report["rows"], report["source"], report["pseudo_recordings"]
    return [
        f"# Sequence head: {report['kind']}",
        "",
        f"{report['parameters']:,} parameters on {', '.join(report['tokens'])}; {len(report['classes'])} classes; "
        f"{report['seeds']} seed(s), averaged. Made by blendkit {__version__} with torch {torch.__version__}.",
        "",
        "## Data",
        "",
        f"- {rows['clip']} clip chunks and {rows['chunk']} labelled soundscape chunks "
        f"of {report['recordings']} recordings",
        f"- features: {', '.join(source['features'])} (hash {source['made_by'][:12]})",
        f"- labels: {source['labels']}; groups: {source['group'] or 'recordings'}",
        *([f"- {len(pseudo)} pseudo-labelled recordings"] if pseudo else []),
        *_teacher(source),
        "- every recording seen is listed in the head's metadata `saw`: figures on those are in-sample",
        "",
        "## Out-of-fold figures",
        "",
        f"{report['folds']} folds of whole groups; each fold is scored by heads that neither learned from it nor "
        "stopped on it. 95 % intervals redraw whole groups.",
        "",
        *_figures(report["oof"]),
        "",
        "## Shares of the tokens on held-out rows",
        "",
        *[
            f"- {n}: {w:.3f} (standard deviation over folds and seeds {s:.3f})"
            for n, (w, s) in report["weights"].items()
        ],
        "",
        f"Trained for {report['epochs_of_all_rows']} epochs on all rows: the mean of the folds' best. Largest "
        f"difference between torch and ONNX: {max(report['onnx_difference'].values()):.1e}.",
    ]


def _teacher(source: Mapping[str, Any]) -> list[str]:
    """What a card says of the teacher behind pseudo-labels."""
    saw = [f"- a pseudo-labelling teacher learned from {len(source['saw'])} recordings"] if source["saw"] else []
    unsure = "- what else the teacher learned from is not known: figures on any recording may be in-sample"
    return [*saw, *([] if source["saw_known"] else [unsure])]


def _figures(oof: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for kind, f in oof.items():
        macro = f"- {kind}s: macro-AUC {span(f['macro_auc'])} over {f['classes']} classes, {f['rows']} rows"
        lines.append(macro + (f"; top-1 {span(f['top_one'])}" if f["top_one"] else ""))
    return lines or ["- none: no class has both positive and negative rows"]


def span(found: Sequence[float], sign: str = "") -> str:
    """Return `0.900 [0.873, 0.930]`."""
    return f"{found[0]:{sign}.4f} [{found[1]:{sign}.4f}, {found[2]:{sign}.4f}]"
