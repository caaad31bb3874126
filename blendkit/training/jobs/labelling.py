"""`pseudolabel gate`, whole: a stream on unlabelled recordings, gated, with what its teacher saw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Scores, sigmoid
from blendkit.engine import recipe_data, run
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.io import Names, is_source, read_labels, read_source, truth_for
from blendkit.metrics import paired_bootstrap
from blendkit.recipe import find_recipe, only_streams, parse_recipe
from blendkit.scoring import CAREFUL, How
from blendkit.training.jobs.pseudo_labels import (
    Gates,
    gate,
    refuse_seen_unlabelled,
    thresholds_by_precision,
    write_pseudo,
)


@dataclass(frozen=True)
class PseudoLabelRequest:
    """What a user asks of `pseudolabel gate`; see its help."""

    source: str
    out: Path
    data: Path | None = None
    audio: str | None = None
    stream: str | None = None
    space: Any = None
    saw: Path | None = None
    least: float | None = None
    precision: float | None = None
    oof: str | None = None
    oof_space: str = "logit"
    labels: Path | None = None
    percentile: float | None = None
    top: int | None = None
    agree: tuple[str, ...] = ()
    soft: bool = False
    power: float = 1.0
    overrides: tuple[str, ...] = ()
    seen_audio: str | None = None
    allow_seen: bool = False
    how: How = CAREFUL


@dataclass(frozen=True)
class Taught:
    """A stream's probabilities or ranks, the other streams that must agree, and what was learned from."""

    scores: Scores
    others: dict[str, Scores]
    saw: tuple[str, ...]
    saw_known: bool


def label_once(ask: PseudoLabelRequest, tell: Emit) -> dict[str, Any]:
    """Label unlabelled recordings by gates and write them; return what pseudo.json says."""
    _check(ask)
    ranks = dict(_agreeing(a) for a in ask.agree)
    taught = (
        _from_file(ask)
        if is_source(ask.source)
        else _from_recipe(ask, ask.audio or "unlabelled_soundscapes", ranks, tell)
    )
    refuse_seen_unlabelled(taught.saw, taught.scores.rows.recordings(), ask.allow_seen)
    thresholds = _thresholds(ask, taught.scores)
    gates = Gates(ask.least, thresholds, ask.percentile, ask.top, ranks, ask.soft, ask.power)
    kept = gate(taught.scores, gates, taught.others)
    facts = {
        "source": ask.source,
        "stream": ask.stream,
        "space": taught.scores.space,
        "precision": ask.precision,
        "saw": list(taught.saw),
        "saw_known": taught.saw_known,
        "inflation": _inflation(ask, tell),
    }
    return write_pseudo(ask.out, taught.scores, kept, gates, _had(ask, taught.scores), facts)


def _check(ask: PseudoLabelRequest) -> None:
    problems = []
    if (ask.precision is None) != (ask.oof is None) and ask.seen_audio is None:
        problems.append("--precision needs --oof, the teacher's out-of-fold scores, and the other way round")
    if ask.oof is not None and ask.labels is None:
        problems.append("--oof needs --labels")
    if ask.seen_audio is not None and ask.oof is None:
        problems.append("--seen-audio is compared with --oof")
    if is_source(ask.source) and (ask.space is None or ask.agree or ask.seen_audio or ask.stream):
        problems.append(
            "a score file needs --space, and has no --stream, --agree or --seen-audio: those are a recipe's"
        )
    if problems:
        raise BlendkitError("these gates cannot be made", problems)


def _agreeing(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise BlendkitError(
            f"--agree {text}: expected STREAM=RANK with a percentile rank between 0 and 1, as in birdnet=0.9"
        )
    return name, found


def _from_file(ask: PseudoLabelRequest) -> Taught:
    scores, _ = read_source(ask.source, Names())
    saw = read_labels(ask.saw).recordings if ask.saw is not None else ()
    return Taught(_as_shares(scores, ask.space), {}, tuple(saw), ask.saw is not None)


def _from_recipe(ask: PseudoLabelRequest, audio: str, others: Any, tell: Emit) -> Taught:
    text, source, _ = find_recipe(ask.source)
    recipe = parse_recipe(text, source, [*ask.overrides, f"audio={json.dumps([audio])}"])
    name = ask.stream or recipe.model.output
    cut = only_streams(recipe, name, list(others))
    folder = ask.out / f"run-{Path(audio).name}"
    result = run(cut, recipe_data(ask.source, ask.data), folder, how=ask.how, tell=tell)
    saw = json.loads((folder / "run.json").read_text(encoding="utf-8"))["saw"]
    made = {n: _as_shares(s, s.space) for n, s in result.made.items()}
    return Taught(made[name], {n: made[n] for n in others}, tuple(sorted({r for v in saw.values() for r in v})), True)


def _as_shares(scores: Scores, space: Any) -> Scores:
    """Logits as probabilities; probabilities and ranks as they are."""
    if space == "logit":
        return scores.with_values(sigmoid(scores.values), "prob")
    return scores.with_values(scores.values, space)


def _oof(ask: PseudoLabelRequest) -> tuple[Scores, NDArray[np.bool_], NDArray[np.bool_]]:
    assert ask.oof is not None
    assert ask.labels is not None
    scores, _ = read_source(ask.oof, Names())
    taxonomy = recipe_data(ask.source, ask.data) / "taxonomy.csv" if not is_source(ask.source) else None
    taxonomy = taxonomy if taxonomy is not None and taxonomy.is_file() else None
    truth, labelled, _ = truth_for(ask.labels, scores.rows, scores.classes, taxonomy, ask.oof)
    return _as_shares(scores, ask.oof_space), truth, labelled


def _thresholds(ask: PseudoLabelRequest, scores: Scores) -> NDArray[np.float64] | None:
    if ask.precision is None:
        return None
    if scores.space == "rank":
        raise BlendkitError(
            "--precision: thresholds of ranks mean nothing on other recordings",
            ["take a stream of logits or probabilities, or --percentile and --top"],
        )
    oof, truth, labelled = _oof(ask)
    return thresholds_by_precision(scores, oof, truth, labelled, ask.precision)


def _had(ask: PseudoLabelRequest, scores: Scores) -> NDArray[np.int64]:
    """How many labelled spans each class has so far."""
    counts = dict.fromkeys(scores.classes, 0)
    spans = read_labels(ask.labels).spans if ask.labels is not None else {}
    for heard in (c for s in spans.values() for *_, cs in s for c in cs):
        if heard in counts:
            counts[heard] += 1
    return np.array(list(counts.values()), np.int64)


def _inflation(ask: PseudoLabelRequest, tell: Emit) -> dict[str, Any] | None:
    """What the teacher scores on recordings it saw, against its out-of-fold scores of the same rows."""
    if ask.seen_audio is None:
        return None
    seen = _from_recipe(ask, ask.seen_audio, {}, tell)
    oof, truth, labelled = _oof(ask)
    here = np.flatnonzero(np.isin(oof.rows.recording, seen.scores.rows.recordings()))
    oof, truth, labelled = oof.take_rows(here), truth[here], labelled[here]
    own = seen.scores.align(
        oof.rows, oof.classes, unknown_classes="ignore", source="the teacher on labelled recordings"
    )
    both = {"seen": own.values, "unseen": oof.values}
    boot = paired_bootstrap(truth, both, oof.rows.recording.tolist(), mask=np.tile(labelled[:, None], truth.shape[1]))
    gain = boot.difference("seen", "unseen")
    return {**{n: boot.estimate[n] for n in both}, "gain": [gain.estimate, gain.low, gain.high]}
