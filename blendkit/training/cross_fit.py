"""Fit a sequence head: folds and seeds, each stopped on one fold and judged on another; then one head of all rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blendkit.core import Float32, Float64, Int64, canonical_json, text_hash
from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.training.examples import Examples, Index
from blendkit.training.fold_dealing import deal_folds
from blendkit.training.head_networks import AttentionPool, HeadShape, Mean, ScalarMix, new_head
from blendkit.training.loop import Data, train
from blendkit.training.mixed_copies import backgrounds_behind
from blendkit.training.picked_rows import PickedRows, in_batches
from blendkit.training.sampling import epoch_rows
from blendkit.training.settings import Mixture, Schedule
from blendkit.training.stopping import stopping_score

Head = ScalarMix | AttentionPool
_MOST_SHARES = 4096  # held-out rows over which the tokens' shares are averaged
PseudoFor = Callable[[int | None], Examples | None]
"""The pseudo-labelled rows of a fold, or of the head of all rows (None)."""


@dataclass(frozen=True)
class HeadFit:
    """The settings of a fit, without its rows. start: the weights that a scalar mix starts from, by token name."""

    shape: HeadShape
    schedule: Schedule = field(default_factory=Schedule)
    mixture: Mixture = field(default_factory=Mixture)
    folds: int = 5
    seeds: int = 1
    seed: int = 0
    start: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fit:
    """The result of a fit.

    oof (N, C): logits of every labelled row by heads that did not see its fold, averaged over seeds; by_seed
    (S, N, C). fold (N,). heads: per fold; head: of all rows. epochs: the best epoch of every (fold, seed) and
    what the head of all rows was trained for. weights (folds x seeds, tokens): shares on the held-out rows.
    pseudo_recordings, backgrounds: the pseudo-labelled recordings, and those mixed into copies of clips, behind the
    head of a fold, or of all rows (None).
    """

    oof: Float32
    by_seed: Float32
    fold: Int64
    heads: tuple[Mean, ...]
    head: Mean
    epochs: list[list[int]]
    final_epochs: list[int]
    weights: Float64
    pseudo_recordings: Mapping[int | None, frozenset[str]] = field(default_factory=dict)
    backgrounds: Mapping[int | None, frozenset[str]] = field(default_factory=dict)


def fit_seqhead(
    examples: Examples,
    job: HeadFit,
    checkpoints: Path | None = None,
    pseudo: PseudoFor = lambda fold: None,
    emit: Emit = silent,
) -> Fit:
    """Fit a head on labelled examples, with out-of-fold logits for all of them.

    Fold f is scored by a head that neither learned from it nor stopped on it: it stops on fold f + 1. The head of
    all rows is trained for the mean of the best epochs. checkpoints: a folder; what is finished there is not
    trained again. Raises BlendkitError for fewer than three folds, and for a fold to stop on in which no class has
    both positive and negative rows.
    """
    if job.folds < 3:
        raise BlendkitError(f"a fit needs three folds at least, got {job.folds}: to learn, to stop and to judge")
    fold = deal_folds(examples, job.folds)
    n, c = examples.targets.shape
    by_seed = np.full((job.seeds, n, c), np.nan, np.float32)
    heads, epochs, weights = [], [], []
    beside: dict[int | None, Int64] = {}
    added = {f: pseudo(f) for f in (*range(job.folds), None)}
    for f in range(job.folds):
        learn, stop, held = _split(fold, f, job.folds)
        beside[f] = _beside(examples, learn, np.concatenate([stop, held]))
        rows = PickedRows.of(examples, learn, _given(added[f]), examples.copies, beside[f])
        stopping = PickedRows.of(examples, stop)
        own = []
        for s in range(job.seeds):
            head, best = _train_head(rows, job, s, stopping, f"fold{f}-seed{s}", checkpoints, None, emit)
            by_seed[s, held] = logits_of(head, examples, rows=held)
            weights.append(_token_shares(head, PickedRows.of(examples, held[:_MOST_SHARES])))
            own.append((head, best))
        heads.append(Mean([h for h, _ in own]))
        epochs.append([best for _, best in own])
    final_epochs = [max(1, round(float(np.mean([e[s] for e in epochs])))) for s in range(job.seeds)]
    beside[None] = _beside(examples, np.arange(n), np.arange(0))
    rows = PickedRows.of(examples, np.arange(n), _given(added[None]), examples.copies, beside[None])
    final = [
        _train_head(rows, job, s, None, f"all-seed{s}", checkpoints, final_epochs[s], emit)[0] for s in range(job.seeds)
    ]
    oof = by_seed.mean(axis=0, dtype=np.float64).astype(np.float32)
    behind = {f: frozenset(() if more is None else more.recording.tolist()) for f, more in added.items()}
    under = {f: backgrounds_behind(examples.copies, i) for f, i in beside.items()}
    return Fit(oof, by_seed, fold, tuple(heads), Mean(final), epochs, final_epochs, np.array(weights), behind, under)


def logits_of(
    head: torch.nn.Module, examples: Examples, inputs: tuple[str, ...] | None = None, rows: Index | None = None
) -> Float32:
    """Return logits (N, C) of a head or a mean of heads, of all rows or of those at `rows`."""
    names = inputs or _inputs(head)
    index = np.arange(len(examples)) if rows is None else rows
    head.eval()
    with torch.no_grad():
        parts = [
            head(*(torch.from_numpy(examples.features[n][part]) for n in names))
            for part in in_batches(index, examples, names)
        ]
    return torch.cat(parts).numpy() if parts else np.empty((0, len(examples.classes)), np.float32)


def _inputs(head: torch.nn.Module) -> tuple[str, ...]:
    one: Any = head.each[0] if isinstance(head, Mean) else head
    inputs: tuple[str, ...] = one.tokens.shape.inputs
    return inputs


def _split(fold: Int64, f: int, folds: int) -> tuple[Int64, ...]:
    held, stop = fold == f, fold == (f + 1) % folds
    return tuple(np.flatnonzero(m) for m in (~held & ~stop & (fold >= 0), stop, held))


def _beside(examples: Examples, learn: Int64, unheard: Int64) -> Int64:
    """Which mixed copies a head learns from that learns from these rows, and is stopped or judged on those."""
    if examples.copies is None:
        return np.arange(0)
    bare = replace(examples, features={})
    return examples.copies.beside(bare.take(learn), bare.take(unheard))


def _given(more: Examples | None) -> list[Examples]:
    return [] if more is None else [more]


def _train_head(
    rows: PickedRows, job: HeadFit, seed: int, stop: PickedRows | None, name: str, checkpoints: Path | None,
    stop_after: int | None, emit: Emit,
) -> tuple[Head, int]:  # fmt: skip
    """Train one head; return it with its best weights, and which epoch these are of."""
    names = job.shape.inputs
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(job.seed + seed)
        head = new_head(job.shape)
    head.tokens.fit(rows.batches(names))
    if isinstance(head, ScalarMix) and job.start:
        head.start_from([job.start[t.name] for t in job.shape.tokens])

    def judge(scored: torch.nn.Module) -> float:
        assert stop is not None
        ((source, index),) = stop.parts
        score = stopping_score(stop.labels, logits_of(scored, source, names, index))
        if not np.isfinite(score):
            raise BlendkitError(
                f"{name}: the fold to stop on has no class with both positive and negative rows",
                ["use fewer folds, or add labelled rows"],
            )
        return score

    emit("training", {"name": name, "rows": len(rows), "epochs": stop_after or job.schedule.epochs})
    key = _checkpoint_key(rows, stop, job, seed, stop_after)
    state = train(
        head,
        Data([rows.column(n) for n in names], torch.from_numpy(rows.labels.targets), _counts(rows.labels)),
        lambda rng: epoch_rows(rows.labels, job.mixture, rng),
        job.schedule,
        job.seed + seed,
        judge=None if stop is None else judge,
        stop_after=stop_after,
        checkpoint=None if checkpoints is None else checkpoints / f"{name}-{key}.pt",
        on_epoch=lambda e, loss, score: emit("epoch", {"name": name, "epoch": e, "loss": loss, "score": score}),
    )
    head.load_state_dict(state.best)
    return head.eval(), state.best_epoch


def _counts(labels: Examples) -> torch.Tensor | None:
    return None if labels.counts is None else torch.from_numpy(labels.counts)


def _checkpoint_key(rows: PickedRows, stop: PickedRows | None, job: HeadFit, seed: int, stop_after: int | None) -> str:
    """What a checkpoint depends on: the job, and every number it learns from or stops by."""
    digest = hashlib.sha256(canonical_json([asdict(job), seed, stop_after, torch.__version__]).encode())
    for part in (rows, stop) if stop is not None else (rows,):
        for name in part.parts[0][0].features:
            for (values,) in part.batches([name]):
                digest.update(values.numpy().data)
        for array in (part.labels.targets, *([] if part.labels.counts is None else [part.labels.counts])):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(text_hash("\n".join([*part.labels.row_ids.tolist(), *part.labels.kind.tolist()])).encode())
    return digest.hexdigest()[:12]


def _token_shares(head: Head, held: PickedRows) -> Float64:
    """The mean share of every token over held-out rows."""
    with torch.no_grad():
        parts = [head.weights(blocks).double().sum(0) for blocks in held.batches(head.tokens.shape.inputs)]
        return np.asarray((torch.stack(parts).sum(0) / len(held)).numpy())
