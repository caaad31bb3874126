"""Everything about pseudo-labels that can be known before anything is scored: most mistakes end here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blendkit.core import FileSpace, LabelTable, Saw, Scores, sigmoid
from blendkit.errors import BlendkitError, shorten
from blendkit.io import (
    Truth,
    check_space,
    is_source,
    read_labels,
    read_provenance,
    read_scores,
    split_source,
    truth_for,
)
from blendkit.metrics import precision_thresholds
from blendkit.store import BROKEN_NPZ, read_npz
from blendkit.training.jobs.claimed_out_of_fold import ClaimedOutOfFold, claimed_out_of_fold
from blendkit.training.jobs.label_requests import PseudoLabelRequest
from blendkit.training.jobs.teacher_saw import with_labels


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """A teacher's out-of-fold probabilities and the truth of their rows; folds: of row ids, where the file has them."""

    scores: Scores
    truth: Truth
    folds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CheckedGate:
    """What a request names, read and checked.

    ranks: the percentile rank that each other stream must reach. claims: what the files of `oof` say of themselves.
    thresholds: per class, at the precision asked for.
    """

    ranks: Mapping[str, float]
    labels: LabelTable | None
    oof: tuple[OutOfFold, ...]
    claims: tuple[ClaimedOutOfFold, ...]
    thresholds: Mapping[str, float] | None


def checked_gate(request: PseudoLabelRequest, taxonomy: Path | None) -> CheckedGate:
    """Read and check what a request names; nothing is scored.

    taxonomy: of the recipe's data, where there is one. Raises BlendkitError for files that cannot be read, for a
    precision of ranks, and for one that no class reaches.
    """
    check, source = request.check, request.teacher.source
    with_labels(Saw(), request.teacher.saw)
    if is_source(source):
        refuse_ranks(request, request.teacher.space or read_provenance(source).space)
    labels = None if check.labels is None else read_labels(check.labels)
    oof = () if labels is None else tuple(_out_of_fold(request, o, labels, taxonomy) for o in check.oof)
    claims = tuple(
        claimed_out_of_fold(name, one.scores.rows.recording.tolist(), one.truth)
        for name, one in zip(check.oof if oof else (), oof, strict=True)
    )
    thresholds = None
    if request.gates.precision is not None:
        thresholds = _thresholds(oof, request.gates.precision)
    return CheckedGate(_agreeing(request.gates.agree)[0], labels, oof, claims, thresholds)


def refuse_ranks(request: PseudoLabelRequest, space: FileSpace) -> None:
    """Raise BlendkitError for what needs probabilities, asked of a stream of ranks."""
    given, problems = request.gates, []
    if given.precision is not None:
        problems.append("--precision: thresholds of ranks mean nothing on other recordings")
    if given.rules.soft or given.rules.whole_rows:
        problems.append("--soft and --whole-rows: a rank is no probability, half of all ranks lie above 0.5")
    if problems and space == "rank":
        way_out = "use a stream of logits or probabilities, or --percentile and --top with hard labels"
        raise BlendkitError("the teacher's scores are ranks", [*problems, way_out])


def refuse_contradictions(request: PseudoLabelRequest) -> None:
    """Raise BlendkitError listing what contradicts itself in a request; no file is read."""
    given, check, problems = request.gates, request.check, _agreeing(request.gates.agree)[1]
    if not given.rules.any_gate and given.precision is None:
        problems.append("no gate: everything would be a label; give --least, --precision, --percentile or --top")
    problems += given.rules.problems()
    if (given.precision is None) != (not check.oof) and check.seen_audio is None:
        problems.append("--precision needs --oof, the teacher's out-of-fold scores, and the other way round")
    if check.oof and check.labels is None:
        problems.append("--oof needs --labels")
    if check.seen_audio is not None and not check.oof:
        problems.append("--seen-audio is compared with --oof")
    if is_source(request.teacher.source) and (given.agree or check.seen_audio or request.teacher.stream):
        problems.append("a score file has no --stream, --agree or --seen-audio: those are a recipe's")
    if problems:
        raise BlendkitError("these gates cannot be made", problems)


def _agreeing(texts: tuple[str, ...]) -> tuple[dict[str, float], list[str]]:
    """Return the rank that each other stream must reach, and what is wrong with the texts."""
    found, problems = {}, []
    for text in texts:
        name, _, value = text.partition("=")
        try:
            rank = float(value)
        except ValueError:
            rank = -1.0
        if not name or not 0 <= rank <= 1:
            wanted = "expected STREAM=RANK with a percentile rank between 0 and 1, as in birdnet=0.9"
            problems.append(f"--agree {text}: {wanted}")
        found[name] = rank
    return found, problems


def _out_of_fold(request: PseudoLabelRequest, source: str, labels: LabelTable, taxonomy: Path | None) -> OutOfFold:
    space = request.check.oof_space
    scores = read_scores(source, space)
    check_space(scores.values, space, f"--oof {source}")
    truth = truth_for(labels, scores.rows, scores.classes, taxonomy, source)
    return OutOfFold(probabilities_of(scores), truth, _folds_of(source))


def _folds_of(source: str) -> dict[str, int]:
    """Return the fold of every row of an out-of-fold table that `fit seqhead` wrote; nothing for other files."""
    path, _ = split_source(source)
    try:
        held = read_npz(path, ["row_ids", "fold"]) if path.suffix.lower() == ".npz" else {}
    except BROKEN_NPZ:
        return {}
    if not held or held["fold"].dtype.kind not in "iu" or held["fold"].shape != (len(held["row_ids"]),):
        return {}
    return dict(zip(map(str, held["row_ids"].tolist()), held["fold"].tolist(), strict=True))


def _thresholds(splits: Sequence[OutOfFold], precision: float) -> dict[str, float]:
    """Return the threshold of every class: the highest of all splits, inf where one of them has none."""
    by_class: dict[str, float] = {}
    for one in splits:
        found = precision_thresholds(one.truth.values, one.scores.values, precision, mask=one.truth.labelled)
        for c, t in zip(one.scores.classes, found.tolist(), strict=True):
            by_class[c] = max(t, by_class.get(c, t))
    if min(by_class.values(), default=float("inf")) == float("inf"):
        first = splits[0]
        had = first.truth.values[first.truth.labelled].sum(axis=0).tolist()
        named = [f"{c} ({n})" for c, n in zip(first.scores.classes, had, strict=True) if n]
        raise BlendkitError(
            f"no class reaches a precision of {precision:g} on --oof: nothing would be a label",
            [
                f"classes with positive rows: {shorten(named)}",
                "3 true rows of a class must lie above its threshold: lower the precision, or label more",
            ],
        )
    return by_class


def probabilities_of(scores: Scores) -> Scores:
    """Return logits as probabilities; probabilities and ranks as they are."""
    return scores.with_values(sigmoid(scores.values), "prob") if scores.space == "logit" else scores
