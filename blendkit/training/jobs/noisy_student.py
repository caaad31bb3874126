"""The whole of `pseudolabel rounds`: noisy-student rounds on stored features, honest and naive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Saw, Taxonomy
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit, silent
from blendkit.io import read_taxonomy
from blendkit.store import FeatureStore, write_json
from blendkit.training.examples import Examples
from blendkit.training.inflation_intervals import inflation_of
from blendkit.training.jobs.head_fit import prepare_fit, write_fit
from blendkit.training.jobs.requests import HeadRequest
from blendkit.training.jobs.training_examples import chunk_examples, open_features, unlabelled_examples
from blendkit.training.rounds import Round, main_kind, run_rounds
from blendkit.training.settings import Rounds


@dataclass(frozen=True)
class RoundsRequest:
    """Noisy-student rounds to run: a head to fit, how pseudo-labels are made, and whether the naive protocol runs too.

    test, test_labels: a feature store of labelled recordings that no round learns from, and its label file. splits: in
    how many deals of the recordings into folds the inflation is measured; the first one's heads are delivered.
    """

    fit: HeadRequest
    rounds: Rounds = Rounds()
    naive: bool = False
    test: Path | None = None
    test_labels: Path | None = None
    splits: int = 3


def fit_rounds(asked: RoundsRequest, emit: Emit = silent) -> dict[str, Any]:
    """Run noisy-student rounds, honest and on request naive; return what rounds.json says.

    Raises BlendkitError without unlabelled recordings, for recordings in two roles, and as `fit_head` does.
    """
    rows = asked.fit.rows
    if rows.unlabelled is None or rows.pseudo is not None or (asked.test is None) != (asked.test_labels is None):
        advice = ["--unlabelled names features of the recordings to label", "--test and --test-labels belong together"]
        raise BlendkitError("rounds make their own pseudo-labels: no --pseudo", advice)
    if problems := asked.rounds.rules.problems():
        raise BlendkitError("these gates cannot be made", problems)
    request = replace(asked.fit, rows=replace(rows, unlabelled=None))
    ready = prepare_fit(request)
    stores = open_features([*rows.labelled, rows.unlabelled, *([asked.test] if asked.test else [])])
    unlabelled = unlabelled_examples(stores[len(rows.labelled)], ready.blocks, ready.examples.classes)
    unlabelled, left_out = _without_labelled(unlabelled, ready.examples)
    test = _test_examples(asked, stores[-1], ready.blocks, ready.examples.classes)
    _refuse_learned(test, ready.examples, unlabelled)
    splits = asked.splits if test is not None else 1  # without unseen recordings there is no inflation to measure
    protocols: dict[str, list[list[Round]]] = {}
    for name in ("honest", *(("naive",) if asked.naive else ())):
        how, folder = replace(asked.rounds, naive=name == "naive"), request.out / "checkpoints" / name
        protocols[name] = [
            run_rounds(ready.examples, unlabelled, ready.job, how, folder / f"split{k}", test, emit, k)
            for k in range(splits)
        ]
    write_fit(request, protocols["honest"][0][-1].fit, ready)
    kind = main_kind(ready.examples)
    figures = {n: _figures(found, kind) for n, found in protocols.items()}
    made: dict[str, Any] = {"kind": kind, "splits": splits, "protocols": figures, "left_out": left_out}
    write_json(request.out / "rounds.json", made, sort=False)
    return made


def _figures(splits: list[list[Round]], kind: str) -> list[dict[str, Any]]:
    """Return, per round, the figures of the delivered split, the means of all splits, and the inflation."""
    judged = [[r.judged for r in rounds if r.judged is not None and kind in r.unseen] for rounds in splits]
    known = all(len(found) == len(rounds) for found, rounds in zip(judged, splits, strict=True))
    over = inflation_of(judged) if known else [None] * len(splits[0])
    return [
        {
            "rows": r.rows,
            "cells": r.cells,
            "counted": r.counted,
            "labelled": r.labelled,
            "unseen": r.unseen,
            "mean": _means([rounds[i] for rounds in splits], kind),
            "inflation": over[i],
        }
        for i, r in enumerate(splits[0])
    ]


def _means(splits: list[Round], kind: str) -> dict[str, float | None]:
    """The means over splits of a round's macro-AUCs, unseen that of the folds' heads; None where there is none."""
    own = [r.labelled.get(kind, {}).get("macro_auc") for r in splits]
    outside = [r.judged.macros()[1] for r in splits if r.judged is not None]
    return {
        "counted": float(np.mean([r.counted for r in splits])),
        "labelled": float(np.mean([f[0] for f in own])) if all(own) else None,
        "unseen": float(np.mean(outside)) if len(outside) == len(splits) else None,
    }


def _without_labelled(unlabelled: Examples, examples: Examples) -> tuple[Examples, list[str]]:
    """Return the unlabelled rows whose recordings, or copies of them, are not labelled, and the recordings left out.

    One folder may hold both. Raises BlendkitError if none is left.
    """
    both = examples.saw().among(sorted(set(unlabelled.recording.tolist())), unlabelled.contents)
    rest = unlabelled.take(np.flatnonzero(~np.isin(unlabelled.recording, both)))
    if not len(rest):
        raise BlendkitError("every unlabelled recording is a labelled one, by name or by content", [shorten(both)])
    return rest, both


def _refuse_learned(test: Examples | None, *learned: Examples) -> None:
    """Raise BlendkitError if a test recording is one of those that the rounds learn from."""
    if test is None:
        return
    both = Saw().joined(*(e.seen() for e in learned)).among(sorted(set(test.recording.tolist())), test.contents)
    if both:
        raise BlendkitError(
            f"--test: the rounds learn from {len(both)} of its recordings, so figures on them would be in-sample",
            [shorten(both), "test on recordings that are neither labelled nor unlabelled ones of the rounds"],
        )


def _test_examples(
    asked: RoundsRequest, store: FeatureStore, blocks: list[str], classes: tuple[str, ...]
) -> Examples | None:
    if asked.test is None or asked.test_labels is None:
        return None
    taxonomy = read_taxonomy(asked.fit.rows.taxonomy) if asked.fit.rows.taxonomy else Taxonomy({})
    return chunk_examples(store, blocks, classes, asked.test_labels, taxonomy)
