"""The whole of `fit seqhead`: stores and labels in, heads, out-of-fold table and card out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float32, Saw, Taxonomy, json_value
from blendkit.errors import BlendkitError, shorten, why_no_file
from blendkit.events import Emit, silent
from blendkit.io import read_taxonomy
from blendkit.store import FeatureStore, require_features, written_together
from blendkit.training.cross_fit import Fit, HeadFit, fit_seqhead
from blendkit.training.examples import Examples, check_trainable, stack, with_copies_together
from blendkit.training.fold_dealing import deal_folds, thin_classes
from blendkit.training.head_networks import HeadShape, Token
from blendkit.training.jobs.against_fits import out_of_fold_of, seen_by
from blendkit.training.jobs.grouping import grouping_of, grouping_problems, with_groups
from blendkit.training.jobs.mixed_stores import require_clips, with_mixed_copies
from blendkit.training.jobs.next_commands import next_commands
from blendkit.training.jobs.padded_tails import tails_note
from blendkit.training.jobs.probe_agreement import probe_agreement
from blendkit.training.jobs.pseudo_labels import read_pseudo
from blendkit.training.jobs.requests import HeadRequest
from blendkit.training.jobs.secondary_labels import secondary_problems, with_secondary
from blendkit.training.jobs.training_examples import (
    chunk_examples,
    classes_of,
    clip_examples,
    learned_of,
    open_features,
    unlabelled_examples,
)
from blendkit.training.model_cards import FIT, write_head_card
from blendkit.training.out_of_fold import judge, not_judged
from blendkit.training.outputs import Source, summary, write_heads, write_oof


def fit_head(request: HeadRequest, emit: Emit = silent) -> dict[str, Any]:
    """Fit, judge and write a sequence head; return what `fit.json` says.

    Raises BlendkitError for what cannot be learned from, before anything is trained.
    """
    ready = prepare_fit(request)
    pseudo, saw = _pseudo(request, ready)
    fit = fit_seqhead(ready.examples, ready.job, request.out / "checkpoints", lambda fold: pseudo, emit)
    source = replace(ready.source, saw=saw.joined(ready.source.saw))
    return write_fit(request, fit, replace(ready, source=source, notes=[*ready.notes, *_masked(pseudo)]))


_OF_UNKNOWN = (
    "what the model behind the features learned from is not known: where it was these recordings, any out-of-fold "
    "figure is inflated"
)


@dataclass(frozen=True, eq=False)
class PreparedFit:
    """All that a fit needs, read and checked."""

    examples: Examples
    job: HeadFit
    source: Source
    notes: list[str]
    probed: dict[str, float]
    blocks: list[str]


def prepare_fit(request: HeadRequest) -> PreparedFit:
    """Read and check what a request names. Raises BlendkitError for what cannot be learned from."""
    stores = _open(request)
    probed = _probe(request.probe)
    tokens = _tokens(request, stores[0], probed.blocks)
    blocks = list(dict.fromkeys(b for t in tokens for b in (t.block, t.less) if b))
    examples, notes = labelled_examples(request, stores, blocks)
    job = _job(request, tokens, stores[0], examples, probed.top_one)
    source = replace(_source(request, stores), saw=learned_of(stores))
    notes += [] if all(s.says_saw for s in stores) else [_OF_UNKNOWN]
    return PreparedFit(examples, job, source, notes, probed.top_one, blocks)


def _pseudo(request: HeadRequest, ready: PreparedFit) -> tuple[Examples | None, Saw]:
    """The pseudo-labelled rows, and what their teacher learned from."""
    if request.rows.pseudo is None or request.rows.unlabelled is None:
        return None, Saw()
    (store,) = open_features([request.rows.unlabelled])
    rows = unlabelled_examples(store, ready.blocks, ready.examples.classes)
    found, saw = read_pseudo(request.rows.pseudo, rows)
    both = ready.examples.saw().among(sorted(set(found.recording.tolist())), found.contents)
    if both:
        raise BlendkitError(
            f"{request.rows.pseudo}: pseudo-labels of {len(both)} recordings that are labelled, by name or by content",
            [shorten(both), "gate again with --saw LABELS: labelled recordings are then left out"],
        )
    return found, saw


def _masked(pseudo: Examples | None) -> list[str]:
    """Say how many cells of the pseudo-labelled rows are in no loss, if any."""
    if pseudo is None or pseudo.counts is None:
        return []
    masked = int((~pseudo.counts).sum())
    return [f"{masked} of {pseudo.counts.size} pseudo-labelled cells are masked: they are in no loss"]


def write_fit(request: HeadRequest, fit: Fit, ready: PreparedFit) -> dict[str, Any]:
    """Compute the figures of a fit and write all of its files; return what `fit.json` says."""
    examples, job, source = ready.examples, ready.job, ready.source
    others = {p.name: out_of_fold_of(p, examples, fit.fold) for p in request.against}
    logits, notes = _countable(request, fit, ready)
    figures = judge(examples, logits, others, fit.fold)
    with written_together(request.out, FIT) as new:
        drift = write_heads(new, fit, examples, job, source)
        write_oof(new, fit, examples, source.saw, logits)
        made = summary(fit, examples, job, source, figures, drift)
        made = {
            **made,
            "not_judged": not_judged(examples, logits, others),
            "notes": [*ready.notes, *notes],
            "spearman": probe_agreement(made["weights"], ready.probed),
            "next": next_commands(request, source.fitted_on, judged=bool(np.isfinite(logits).any())),
        }
        write_head_card(new, made)
    return made


def _countable(request: HeadRequest, fit: Fit, ready: PreparedFit) -> tuple[Float32, list[str]]:
    """The out-of-fold logits, and notes.

    nan where a teacher, or the model that the features are of, learned from the recording, unless those are to count.
    """
    names = sorted(set(ready.examples.recording.tolist()))
    seen = np.isin(ready.examples.recording, ready.source.saw.among(names, ready.examples.contents))
    unsure = "what the pseudo-labelling teacher learned from is not known: any out-of-fold figure may be inflated"
    notes = [*seen_by(request.against), *([] if ready.source.saw.known else [unsure])]
    against = f"; no figure less {shorten([p.name for p in request.against])} is a comparison" * bool(request.against)
    if not seen.any():
        return fit.oof, notes
    what = f"{int(seen.sum())} of {len(seen)} rows are of recordings that a teacher or the features' model learned from"
    if request.allow_seen:
        return fit.oof, [f"{what}: the out-of-fold figures are inflated (--allow-seen){against}", *notes]
    return np.where(seen[:, None], np.nan, fit.oof), [f"{what}: they do not count as out-of-fold", *notes]


def labelled_examples(
    request: HeadRequest, stores: list[FeatureStore], blocks: list[str]
) -> tuple[Examples, list[str]]:
    """Return the labelled examples, of the classes that have a positive, and what the user should know."""
    taxonomy = read_taxonomy([request.rows.taxonomy]) if request.rows.taxonomy else Taxonomy({})
    classes = classes_of(stores, request.rows.labels, taxonomy)
    given = stores[: len(request.rows.features)]
    clips, mixed = [s for s in given if not s.is_mixed], [s for s in given if s.is_mixed]
    require_clips(clips, mixed)
    parts = [clip_examples(s, blocks, classes) for s in clips]
    tails = tails_note(clips, sum(map(len, parts)))
    if request.rows.soundscapes is not None:
        assert request.rows.labels is not None
        parts.append(chunk_examples(stores[len(given)], blocks, classes, request.rows.labels, taxonomy))
    examples, secondary = with_secondary(stack(parts), request.rows)
    examples, notes = with_groups(examples, request.rows)
    examples, joined = with_copies_together(examples)
    notes = [*tails, *notes, *joined, *secondary]
    without_positives = check_trainable(examples)
    if without_positives:
        notes.append(f"{len(without_positives)} classes without positives are left out: {shorten(without_positives)}")
        keep = [i for i, c in enumerate(classes) if c not in set(without_positives)]
        examples = examples.of_classes(keep)
    examples, said = with_mixed_copies(examples, mixed, blocks)
    return examples, [*notes, *said, *thin_classes(examples, deal_folds(examples, request.folds))]


def _open(request: HeadRequest) -> list[FeatureStore]:
    problems = []
    if not request.rows.features and request.rows.soundscapes is None:
        problems.append("name a feature store of clips, or --soundscapes")
    if (request.rows.soundscapes is None) != (request.rows.labels is None):
        problems.append("--soundscapes and --labels belong together")
    if (request.rows.pseudo is None) != (request.rows.unlabelled is None):
        problems.append("--pseudo and --unlabelled belong together")
    problems += grouping_problems(request.rows)
    problems += secondary_problems(request.rows)
    if problems:
        raise BlendkitError("nothing to learn from", problems)
    more = [request.rows.unlabelled] if request.rows.unlabelled else []
    return open_features([*request.rows.labelled, *more])


def _tokens(request: HeadRequest, store: FeatureStore, probed: Sequence[str]) -> tuple[Token, ...]:
    stored = [n for n in store.shapes if n != "embedding"] or list(store.shapes)
    asked = list(request.head.blocks) or list(probed) or ([] if request.head.residual else stored)
    require_features(
        str(store.manifest.folder), [*asked, *(b for pair in request.head.residual for b in pair)], store.shapes
    )
    bad = [f"{a} {list(store.shapes[a])} and {b} {list(store.shapes[b])}" for a, b in request.head.residual
           if store.shapes[a] != store.shapes[b]]  # fmt: skip
    if bad:
        raise BlendkitError("--residual needs two blocks of the same shape", bad)
    pairs = dict.fromkeys(request.head.residual)
    return (*(Token(b) for b in dict.fromkeys(asked)), *(Token(late, early) for late, early in pairs))


def _job(
    request: HeadRequest,
    tokens: tuple[Token, ...],
    store: FeatureStore,
    examples: Examples,
    probed: Mapping[str, float],
) -> HeadFit:
    named = {b for t in tokens for b in (t.block, t.less) if b}
    shapes = {n: s for n, s in store.shapes.items() if n in named}
    shape = HeadShape(
        request.head.kind, tokens, shapes, len(examples.classes), request.head.width, dropout=request.head.dropout
    )
    if request.head.kind == "attention" and request.head.width % shape.heads:
        raise BlendkitError(f"--width {request.head.width} is not a multiple of {shape.heads} attention heads")
    start = _start_weights(tokens, probed) if request.head.kind == "scalarmix" else {}
    return HeadFit(shape, request.schedule, request.mixture, request.folds, request.seeds, request.seed, start)


@dataclass(frozen=True)
class ProbeFile:
    """What a probe.json says: the top-1 of every feature, and which blocks it would mix."""

    top_one: dict[str, float]
    blocks: tuple[str, ...]


def _probe(path: Path | None) -> ProbeFile:
    """Read a probe.json once. Raises BlendkitError for a file of another kind."""
    if path is None:
        return ProbeFile({}, ())
    try:
        found = json_value(path.read_text(encoding="utf-8"))
        top_one = {f["name"]: float(f["top_one"]) for f in found["features"]}
        if not all(0 <= v <= 1 for v in top_one.values()):
            raise ValueError("a `top_one` is a share from 0 to 1")
        return ProbeFile(top_one, tuple(map(str, found["weights"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else why_no_file(path, error)
        raise BlendkitError(f"{path}: not a probe.json of `blendkit probe`", [reason]) from error


def _start_weights(tokens: tuple[Token, ...], probed: Mapping[str, float]) -> dict[str, float]:
    """Weights in proportion to a block's lead over the worst probed one; none without a probe of all tokens."""
    if not all(t.name in probed for t in tokens):
        return {}
    worst = min(probed.values())
    lead = {t.name: max(probed[t.name] - worst, 1e-3) for t in tokens}
    return {n: v / sum(lead.values()) for n, v in lead.items()}


def _source(request: HeadRequest, stores: list[FeatureStore]) -> Source:
    facts = stores[0].manifest.facts["about"]["facts"]
    labels = [
        *(["folder names"] if request.rows.features else []),
        *([request.rows.labels.name] if request.rows.labels else []),
    ]
    names = tuple(s.manifest.folder.name for s in stores)
    return Source(names, stores[0].manifest.made_by, facts, " and ".join(labels), grouping_of(request.rows))
