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
from blendkit.training.jobs.examples_of_stores import chunk_examples, open_features, unlabelled_examples
from blendkit.training.jobs.head_fit import prepare_fit, write_fit
from blendkit.training.jobs.requests import HeadRequest
from blendkit.training.rounds import Round, inflation, run_rounds
from blendkit.training.settings import Rounds


@dataclass(frozen=True)
class RoundsRequest:
    """Noisy-student rounds to run: a head to fit, how pseudo-labels are made, and whether the naive protocol runs too.

    test, test_labels: a feature store of labelled recordings that no round learns from, and its label file.
    """

    fit: HeadRequest
    rounds: Rounds = Rounds()
    naive: bool = False
    test: Path | None = None
    test_labels: Path | None = None


def fit_rounds(asked: RoundsRequest, emit: Emit = silent) -> dict[str, Any]:
    """Run noisy-student rounds, honest and on request naive; return what rounds.json says.

    Raises BlendkitError without unlabelled recordings, for recordings in two roles, and as `fit_head` does.
    """
    rows = asked.fit.rows
    if rows.unlabelled is None or rows.pseudo is not None or (asked.test is None) != (asked.test_labels is None):
        advice = ["--unlabelled names features of the recordings to label", "--test and --test-labels belong together"]
        raise BlendkitError("rounds make their own pseudo-labels: no --pseudo", advice)
    request = replace(asked.fit, rows=replace(rows, unlabelled=None))
    ready = prepare_fit(request)
    stores = open_features([*rows.labelled, rows.unlabelled, *([asked.test] if asked.test else [])])
    unlabelled = unlabelled_examples(stores[len(rows.labelled)], ready.blocks, ready.examples.classes)
    unlabelled = _without_labelled(unlabelled, ready.examples)
    test = _test_examples(asked, stores[-1], ready.blocks, ready.examples.classes)
    _refuse_learned(test, ready.examples, unlabelled)
    protocols = {}
    for name in ("honest", *(("naive",) if asked.naive else ())):
        how = replace(asked.rounds, naive=name == "naive")
        checkpoints = request.out / "checkpoints" / name
        protocols[name] = run_rounds(ready.examples, unlabelled, ready.job, how, checkpoints, test, emit)
    last = protocols["honest"][-1].fit
    write_fit(request, last, ready)
    kind = "chunk" if (ready.examples.kind == "chunk").any() else "clip"
    made: dict[str, Any] = {"kind": kind, "protocols": {n: _figures(found, kind) for n, found in protocols.items()}}
    write_json(request.out / "rounds.json", made, sort=False)
    return made


def _figures(rounds: list[Round], kind: str) -> list[dict[str, Any]]:
    known = all(kind in r.unseen for r in rounds)
    over = inflation(rounds, kind) if known else [None] * len(rounds)
    return [
        {
            "rows": r.rows,
            "cells": r.cells,
            "counted": r.counted,
            "labelled": r.labelled,
            "unseen": r.unseen,
            "inflation": None if o is None else float(o),
        }
        for r, o in zip(rounds, over, strict=True)
    ]


def _without_labelled(unlabelled: Examples, examples: Examples) -> Examples:
    """Return the unlabelled rows whose recordings, or copies of them, are not labelled.

    One folder may hold both. Raises BlendkitError if none is left.
    """
    both = examples.saw().among(sorted(set(unlabelled.recording.tolist())), unlabelled.contents)
    rest = unlabelled.take(np.flatnonzero(~np.isin(unlabelled.recording, both)))
    if not len(rest):
        raise BlendkitError("every unlabelled recording is a labelled one, by name or by content", [shorten(both)])
    return rest


def _refuse_learned(test: Examples | None, *learned: Examples) -> None:
    """Raise BlendkitError if a test recording is one of those that the rounds learn from."""
    if test is None:
        return
    both = Saw().joined(*(e.heard() for e in learned)).among(sorted(set(test.recording.tolist())), test.contents)
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
