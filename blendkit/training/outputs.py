"""The files of a fit: ONNX heads, the out-of-fold table, a model card, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blendkit._version import __version__
from blendkit.core import Contents, Float32, Saw, ScoreKind
from blendkit.io import PROVENANCE, Provenance, provenance_array
from blendkit.store import atomic_path
from blendkit.training.cross_fit import Fit, HeadFit
from blendkit.training.examples import Examples
from blendkit.training.export import exported, write_onnx
from blendkit.training.head_networks import HeadShape, parameters_of
from blendkit.training.token_shares import shares_of

OOF = "oof.npz"


@dataclass(frozen=True)
class Source:
    """Where a fit's rows came from. fitted_on: the feature store's facts (model, settings), which go into the head.

    saw: recordings behind the fit beside its own rows: those a pseudo-labelling teacher learned from.
    """

    features: tuple[str, ...]
    made_by: str
    fitted_on: Mapping[str, Any]
    labels: str
    group: str | None
    saw: Saw = Saw()

    def to_json(self) -> dict[str, Any]:
        """Return what fit.json says of it."""
        held = {f: getattr(self, f) for f in ("features", "made_by", "fitted_on", "labels", "group")}
        return {**held, "saw": list(self.saw.recordings), "saw_known": self.saw.known}


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
    """All recordings behind the head of a fold, or of all rows (None): labelled, pseudo-labelled or mixed in."""
    rows = np.arange(len(examples)) if fold is None else np.flatnonzero(fit.fold != fold)
    return {*examples.recording[rows].tolist(), *fit.pseudo_recordings.get(fold, ()), *fit.backgrounds.get(fold, ())}


def _contents(examples: Examples) -> Contents:
    """What the recordings behind a head sound like; those of the copies hold those of their clips."""
    return examples.contents if examples.copies is None else examples.copies.rows.contents


def _facts(shape: HeadShape, examples: Examples, source: Source, seen: set[str]) -> dict[str, Any]:
    return {
        "kind": "seqhead",
        "classes": list(examples.classes),
        "blocks": list(shape.inputs),
        **Saw.of(seen, _contents(examples)).joined(source.saw).to_json(),
        "fitted_on": dict(source.fitted_on),
        "made_by": f"blendkit {__version__}",
    }


def write_oof(out: Path, fit: Fit, examples: Examples, saw: Saw, logits: Float32) -> None:
    """Write the out-of-fold table: `row_ids`, `classes`, `fold`, `labels`, `logits`, `kind`, `group`, `provenance`.

    logits (N, C): nan in rows that do not count as out-of-fold, because a teacher behind the fit saw the recording
    (saw); these rows are left out, and `left_out` names them. A recipe reads the table as `{use: table, path: oof.npz,
    array: logits, rows: row_ids, classes: classes, folds: fold, space: logit}`.
    """
    counted = np.isfinite(logits).all(axis=1)
    part = examples.take(np.flatnonzero(counted))
    counted_saw = saw.among(sorted(set(part.recording.tolist())), examples.contents)  # with --allow-seen
    kind: ScoreKind = "in-sample" if counted_saw else "oof" if saw.known else "unknown"
    made = Provenance("logit", examples.seen().joined(saw), kind, examples.contents)
    held = {
        "row_ids": part.row_ids,
        "classes": np.array(examples.classes, np.str_),
        "fold": fit.fold[counted],
        "labels": (part.targets > 0.5).astype(np.uint8),
        "logits": logits[counted],
        "kind": part.kind,
        "group": part.group,
        "left_out": examples.row_ids[~counted],
        "left_out_why": np.full(int((~counted).sum()), "a teacher behind the fit learned from this recording"),
    }
    held[PROVENANCE] = provenance_array(made, held)
    with atomic_path(out / OOF) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, **held)  # type: ignore[arg-type]


def summary(
    fit: Fit, examples: Examples, job: HeadFit, source: Source, figures: Mapping[str, Any], drift: Mapping[str, float]
) -> dict[str, Any]:
    """Return what `fit.json` and the card say of a fit's rows, heads and figures.

    weights {token: (mean, deviation)}: shares of the folds' heads on the rows they are judged on; shipped_weights: of
    head.onnx, on all rows.
    """
    kinds = {k: int((examples.kind == k).sum()) for k in ("clip", "chunk")}
    if examples.copies is not None:
        kinds["mixed"] = len(examples.copies.rows)
    tokens = [t.name for t in job.shape.tokens]
    spread = fit.weights.std(axis=0, ddof=1) if len(fit.weights) > 1 else np.zeros(len(tokens))
    return {
        "kind": job.shape.kind,
        "parameters": parameters_of(fit.head.each[0]),
        "tokens": tokens,
        "weights": {n: [float(w), float(s)] for n, w, s in zip(tokens, fit.weights.mean(axis=0), spread, strict=True)},
        "shipped_weights": dict(zip(tokens, shares_of(fit.head, examples).tolist(), strict=True)),
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
        "source": source.to_json(),
    }
