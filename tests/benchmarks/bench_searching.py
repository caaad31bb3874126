"""`search recipe` beside all that it must not lose to: members, equal ranks, weights, and the tails of packaged chains.

    python -m tests.benchmarks.bench_searching real [minutes]             # 432 real rows, with BLENDKIT_REAL_DATA
    python -m tests.benchmarks.bench_searching made [minutes] [worlds]    # sample worlds, with 200 unseen recordings each

All are judged on the same parts held out: those that learn from labels are fitted without each. A tail is a packaged
chain on these members: logits for its members of logits, probabilities for those of probabilities, the strongest first.
In made worlds everything is also measured on recordings that nothing has seen. Figures stand in docs/searching.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float64, canonical_json
from blendkit.errors import BlendkitError
from blendkit.io import read_labels
from blendkit.metrics import CrossFitted
from blendkit.offline import Growth, Judging
from blendkit.offline.chain_growth import grow_recipe
from blendkit.offline.judged_search import labelled_cells, searched_cells
from blendkit.offline.recipe_search import greedy_weights, line_weights
from blendkit.offline.stack_search import stack_weights
from blendkit.offline.workspace import Workspaces
from blendkit.recipe import DataFolder, Recipe, make_plan, open_recipe, parse_recipe, with_values
from blendkit.sample import WorldConfig
from blendkit.sample.competition_tables import write_labels, write_taxonomy
from blendkit.sample.config import Part
from blendkit.sample.external_scores import external_probabilities
from blendkit.sample.recording_schedule import plan_recordings, row_ids, truth
from blendkit.sample.species import class_labels

LABELS, SCORES = "train_soundscapes_labels.csv", "oof_432.npz"
MEMBERS = {"noisy_student": "prob", "sed_20s": "prob", "sed_5s": "prob", "perch_probes": "logit",
           "perch_zeroshot": "logit"}  # fmt: skip
STRENGTHS = {"noisy_student": 1.5, "sed_20s": 1.0, "sed_5s": 0.8, "perch_probes": 2.1, "perch_zeroshot": 1.2}
PACKAGED = ("eos7", "eos_chain", "second_place_2026", "vlom", "half_babych_sed", "seqhead_v6", "seqhead_v7")
START = "all, equal ranks"
Chosen = dict[str, Recipe]


@dataclass(frozen=True, eq=False)
class Contest:
    """Recipes by name: the one of all labels, and those of the searches without each part."""

    whole: Recipe
    parts: list[Recipe]


def table(name: str) -> dict[str, Any]:
    """Return the member that reads an array of scores."""
    folded = {"rows": "row_ids", "classes": "classes", "folds": "fold"}
    return {"use": "table", "path": SCORES, "array": name, "space": MEMBERS[name], **folded}


def recipe_of(raw: dict[str, Any]) -> Recipe:
    """Return a recipe from its content."""
    return parse_recipe(canonical_json({"recipe": 1, "template": None, "labels": LABELS, **raw}), "bench")


def start() -> Recipe:
    """Return equal ranks of all members, probabilities as logits."""
    lead = {"prob": [{"to": "logit"}], "logit": []}
    members = {n: {**table(n), "steps": lead[space]} for n, space in MEMBERS.items()}
    blends = {"mix": {"by": "rank", "of": dict.fromkeys(MEMBERS, 1)}}
    return recipe_of({"name": "all", "members": members, "blends": blends, "output": "mix"})


def tail(name: str) -> Recipe:
    """Return a packaged chain whose members are these."""
    raw = open_recipe(name).recipe.raw
    spaces = {s: cycle([n for n, own in MEMBERS.items() if own == s]) for s in ("prob", "logit")}
    members = {}
    for own, given in raw["members"].items():
        space = "prob" if given.get("space") == "prob" else "logit"
        array = next(spaces[space]) if space == "prob" else "perch_probes"
        members[own] = {**{k: v for k, v in given.items() if k in ("steps", "fill_uncovered")}, **table(array)}
    return recipe_of({**{k: v for k, v in raw.items() if k in ("blends", "streams", "output", "also")}, "name": name,
                      "members": members})  # fmt: skip


def alone(name: str, steps: Sequence[dict[str, Any]] = ()) -> Recipe:
    """Return one member with steps."""
    return recipe_of({"name": name, "members": {name: {**table(name), "steps": list(steps)}}, "output": name})


def contest(folder: Path, minutes: float) -> tuple[Workspaces, dict[str, Contest]]:
    """Return everything that is compared; what learns from labels has a recipe for every part."""
    workspaces, judging, first = Workspaces(DataFolder(folder), folder / "none"), Judging(replicates=1000), start()
    parts = len(searched_cells(workspaces.workspace(make_plan(first)), judging)) - 1
    fixed: Chosen = {START: first}
    for name in MEMBERS:
        fixed[name] = alone(name)
    moved = [{"prior_shift_by_site": {}}]
    fixed["perch_probes, moved by site"] = alone("perch_probes", moved)
    for name in PACKAGED:
        try:
            fixed[f"tail of {name}"] = tail(name)
        except BlendkitError as error:
            print(f"{name}: {error}", file=sys.stderr)
    out = {n: Contest(r, [r] * parts) for n, r in fixed.items()}
    searches: dict[str, Callable[[], Any]] = {
        "search line": lambda: line_weights(workspaces, first, judging=judging),
        "search line --by-class": lambda: line_weights(workspaces, first, by="class", judging=judging),
        "search line --by-class-name": lambda: line_weights(workspaces, first, by="class_name", judging=judging),
        "search greedy": lambda: greedy_weights(workspaces, first, 20, judging=judging),
        "search stack": lambda: stack_weights(workspaces, first, judging=judging),
        "search recipe": lambda: grown(workspaces, first, minutes, judging),
    }
    for name, search in searches.items():
        found = search()
        out[name] = Contest(with_values(first, found.values, "b"), [with_values(first, v, "b") for v in found.parts])
    return workspaces, out


def grown(workspaces: Workspaces, first: Recipe, minutes: float, judging: Judging) -> Any:
    """Grow a chain and say how far it got."""
    found = grow_recipe(workspaces, first, Growth(minutes), judging)
    print(found.text(), file=sys.stderr)
    ended = "by itself" if found.finished else "by the clock"
    print(f"{found.rounds} rounds, {found.looks} looks, ended {ended}; in-sample {found.found.after:.4f}", flush=True)
    return found.found


def nested(workspaces: Workspaces, found: dict[str, Contest]) -> list[tuple[str, float, str]]:
    """Return each one's nested figure, and what `search recipe` has more, with its interval."""
    workspace, judging = workspaces.workspace(make_plan(found[START].whole)), Judging(replicates=1000)
    labelled, cells = labelled_cells(workspace), searched_cells(workspace, judging)[1:]
    names = workspace.rows.recording.tolist()
    counts = CrossFitted(workspace.truth, names, judging.replicates, judging.seed, labelled, 2)
    for name, one in found.items():
        for recipe, seen in zip(one.parts, cells, strict=True):
            held = (labelled & ~seen).any(axis=1)
            counts.add(name, scores(workspaces, recipe), held)
    boot, out = counts.bootstrap(), []
    for name in found:
        gain = boot.difference("search recipe", name, 0.95)
        said = "" if name == "search recipe" else f"{gain.estimate:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
        out.append((name, boot.estimate[name], said))
    return sorted(out, key=lambda one: -one[1])


def scores(workspaces: Workspaces, recipe: Recipe) -> Float64:
    """Return a recipe's output (N, C)."""
    return np.asarray(workspaces.output(recipe, quiet=True)[1].values, np.float64)


def made(folder: Path, seed: int, part: Part) -> None:
    """Write a sample world's tables: labels of the training recordings, scores and truth of one part."""
    config = WorldConfig(seed=seed, train_recordings=36, test_recordings=200)
    train, own = (plan_recordings(config, p) for p in (Part.TRAIN, part))
    folder.mkdir()
    write_taxonomy(folder / "taxonomy.csv")
    write_labels(folder / LABELS, train)
    write_labels(folder / "truth.csv", own)
    labels = truth(config, own)
    arrays: dict[str, Any] = {}
    for i, (name, strength) in enumerate(STRENGTHS.items()):
        p = external_probabilities(config, part, labels, strength, 20 + i).reshape(-1, labels.shape[2]).astype(float)
        arrays[name] = p if MEMBERS[name] == "prob" else np.log(p) - np.log1p(-p)
    rows = np.array(row_ids(config, own))
    fold = np.repeat(np.arange(len(own)) % 3, config.chunks)
    np.savez(folder / SCORES, row_ids=rows, classes=np.array(class_labels()), fold=fold, **arrays)


def in_a_world(folder: Path, seed: int, minutes: float) -> dict[str, tuple[float, float]]:
    """Return each one's nested figure on 36 recordings, and its figure on 200 unseen ones."""
    for part in (Part.TRAIN, Part.TEST):
        made(folder / part.title, seed, part)
    workspaces, found = contest(folder / "Train", minutes)
    held = {name: figure for name, figure, _ in nested(workspaces, found)}
    unseen = Workspaces(DataFolder(folder / "Test"), folder / "none", read_labels(folder / "Test/truth.csv"))
    figures = {}
    for name, one in found.items():
        workspace, made_scores = unseen.output(one.whole, quiet=True)
        figures[name] = (held[name], workspace.auc(made_scores).macro)
    return figures


def main(kind: str, minutes: float, worlds: int) -> None:
    """Print the table."""
    if kind == "real":
        workspaces, found = contest(Path(os.environ["BLENDKIT_REAL_DATA"]) / "birdclef2026", minutes)
        for name, figure, more in nested(workspaces, found):
            print(f"{name:32s} {figure:.4f}  {more}")
        return
    told: dict[str, list[tuple[float, float]]] = {}
    for seed in range(worlds):
        with tempfile.TemporaryDirectory() as folder:
            for name, pair in in_a_world(Path(folder), 100 + seed, minutes).items():
                told.setdefault(name, []).append(pair)
                print(f"world {100 + seed}: {name:32s} nested {pair[0]:.4f} unseen {pair[1]:.4f}", file=sys.stderr)
    best = np.array(told["search recipe"])[:, 1]
    for name, pairs in sorted(told.items(), key=lambda one: -np.mean([p[1] for p in one[1]])):
        held, unseen = np.array(pairs).T
        gap = best - unseen
        print(f"{name:32s} nested {held.mean():.4f}  unseen {unseen.mean():.4f}  recipe has {gap.mean():+.4f} more, "
              f"at least as much in {(gap >= 0).sum()} of {len(gap)}")  # fmt: skip


if __name__ == "__main__":
    given = sys.argv[1:]
    main(given[0], float(given[1]) if len(given) > 1 else 10.0, int(given[2]) if len(given) > 2 else 5)
