"""`pseudolabel rounds`, whole: noisy-student rounds on stored features, honest and naive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from blendkit.core import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.io import read_taxonomy
from blendkit.store import write_json
from blendkit.training.examples import Examples
from blendkit.training.jobs.examples_of_stores import chunk_examples, open_features, unlabelled_examples
from blendkit.training.jobs.head_fit import Request, deliver, prepare_fit
from blendkit.training.rounds import Round, Rounds, inflation, run_rounds
from blendkit.training.sampling import Mixture


def fit_rounds(asked: Mapping[str, Any], tell: Emit) -> dict[str, Any]:
    """Run the rounds a user asks for (the options of `pseudolabel rounds`); return what rounds.json says.

    Raises BlendkitError without unlabelled recordings, and as `fit seqhead` does.
    """
    if (
        asked["unlabelled"] is None
        or asked["pseudo"] is not None
        or (asked["test"] is None) != (asked["test_labels"] is None)
    ):
        advice = ["--unlabelled names features of the recordings to label", "--test and --test-labels belong together"]
        raise BlendkitError("rounds make their own pseudo-labels: no --pseudo", advice)
    own = {f.name for f in fields(Request)}
    request = Request(**{k: v for k, v in asked.items() if k in own and k != "unlabelled"})
    ready = prepare_fit(request)
    stores = open_features([*request.all_features, asked["unlabelled"], *([asked["test"]] if asked["test"] else [])])
    unlabelled = unlabelled_examples(stores[len(request.all_features)], ready.blocks, ready.examples.classes)
    unlabelled = _without_labelled(unlabelled, ready.examples)
    test = _test(asked, stores[-1], ready.blocks, ready.examples.classes) if asked["test"] else None
    job = replace(ready.job, mixture=Mixture(request.soundscape_share, request.pseudo_share, request.balance))
    how = Rounds(asked["rounds"], asked["least"], asked["percentile"], asked["power"])
    protocols = {}
    for name, protocol in {"honest": how, **({"naive": replace(how, naive=True)} if asked["naive"] else {})}.items():
        checkpoints = request.out / "checkpoints" / name
        protocols[name] = run_rounds(ready.examples, unlabelled, job, protocol, checkpoints, test, tell)
    last = protocols["honest"][-1].fit
    deliver(request, last, replace(ready, job=job))
    kind = "chunk" if (ready.examples.kind == "chunk").any() else "clip"
    told: dict[str, Any] = {"kind": kind, "protocols": {n: _figures(found, kind) for n, found in protocols.items()}}
    write_json(request.out / "rounds.json", told, sort=False)
    return told


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
    both = set(unlabelled.recording.tolist()) & set(examples.recording.tolist())
    if both:
        raise BlendkitError(f"{len(both)} of the unlabelled recordings are labelled ones", sorted(both)[:5])
    return unlabelled


def _test(asked: Mapping[str, Any], store: Any, blocks: list[str], classes: tuple[str, ...]) -> Examples:
    taxonomy = read_taxonomy([asked["taxonomy"]]) if asked["taxonomy"] else Taxonomy({})
    labels: Path = asked["test_labels"]
    return chunk_examples(store, blocks, classes, labels, taxonomy)
