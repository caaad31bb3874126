"""Variants of a recipe's models (cut, quantised, on another provider): who uses a file, and what a variant changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio import Grid
from blendkit.core import Scores
from blendkit.engine.recipe_data import DataFolders, open_data
from blendkit.engine.run_inputs import Inputs, find_inputs, member_context, truth_of
from blendkit.errors import BlendkitError
from blendkit.events import silent
from blendkit.graphs import GraphNeeds, Slim, slim
from blendkit.member import TTA, MemberContext
from blendkit.metrics import macro_auc, paired_bootstrap
from blendkit.recipe import MemberPlan, Recipe, RecipeFiles, check_files, make_plan, open_recipe
from blendkit.scoring import (
    CPU_ONLY,
    MemberOrder,
    Runtime,
    audio_member,
    build_member,
    grid_of,
    member_facts,
    member_params,
    score_recordings,
)
from blendkit.store import write_text
from blendkit.temporaries import scratch_folder


@dataclass(frozen=True, eq=False)
class Using:
    """The members of a recipe that use one model file, each with the parameter that names it."""

    model: Path
    inputs: Inputs
    files: RecipeFiles
    context: MemberContext
    grid: Grid
    members: dict[str, tuple[MemberPlan, str]]

    def params(self, name: str, model: Path | None = None) -> dict[str, Any]:
        """Return a member's parameters, its model whole, or replaced by another file."""
        member, key = self.members[name]
        params = member_params(member, self.files)
        # a variant is compared with the file itself, not with a cut of it
        whole = {"slim": False} if "slim" in params else {}
        return {**params, **whole, **({} if model is None else {key: str(model)})}


@dataclass(frozen=True)
class Variant:
    """What a variant of a model changes, over the rows of some recordings.

    seconds: of the model per recording, before and after. drift: the largest and the mean absolute
    difference of a covered logit. auc: macro-AUC before and after over labelled rows, and the interval of
    their difference; None without labels.
    """

    rows: int
    seconds: tuple[float, float]
    largest: float
    mean: float
    auc: tuple[float, float] | None
    interval: tuple[float, float] | None


def members_using(
    model: Path | str,
    recipe: Recipe | Path | str,
    data: DataFolders = None,
    *,
    allow_outside: bool = False,
    runtime: Runtime = CPU_ONLY,
) -> Using:
    """Return the members of a recipe that use `model`. Raises BlendkitError if none does."""
    opened, model = open_recipe(recipe), Path(model)
    plan, recipe = make_plan(opened.recipe), opened.recipe
    folder = open_data(opened, data, allow_outside)
    files = check_files(plan, folder)
    inputs = find_inputs(plan, folder, None)
    if not model.is_file():
        raise BlendkitError(f"{model}: no such model")
    found = {
        name: (member, key)
        for name, member in plan.members.items()
        for key in member.files
        if any(p.samefile(model) for p in files.of_member(name, key))
    }
    if not found:
        named = sorted({str(p) for k, p in files.paths.items() if k[0] == "members"})
        raise BlendkitError(f"{recipe.source}: no member uses {model}", [f"its files: {', '.join(named) or 'none'}"])
    context = member_context(plan, inputs, runtime)
    return Using(model, inputs, files, context, grid_of(plan, context), found)


def slim_model(used: Using, out: Path) -> tuple[Slim, Path | None]:
    """Write the model cut down to what the recipe needs of it, and its shorter class list beside it."""
    asks = []
    for name, (member, _) in used.members.items():
        made = build_member(member, used.params(name), used.context)
        if not isinstance(getattr(made, "ask", None), GraphNeeds):
            raise BlendkitError(f"member {name!r}: {member.use} does not declare what it needs of its model")
        asks.append(made.ask)
    ask = _merged(asks)
    made_slim = slim(ask, used.context.examples, used.context.threads, out)
    if ask.head is None:
        return made_slim, None
    labels = out.with_name(f"{out.stem}_labels.csv")
    write_text(labels, "\n".join(["label", *(ask.labels[i] for i in ask.keep)]) + "\n")
    return made_slim, labels


def _merged(asks: Sequence[GraphNeeds]) -> GraphNeeds:
    """What several members need of one model, together."""
    first = asks[0]
    heads = {a.head for a in asks if a.head is not None}
    lists = {a.labels for a in asks if a.head is not None}
    if len({(a.input, a.samples, a.rate) for a in asks}) > 1 or len(heads) > 1 or len(lists) > 1:
        raise BlendkitError(
            f"{first.model.name}: members need different inputs, heads or label lists of it; no one graph serves all"
        )
    return GraphNeeds(
        first.model,
        first.name,
        first.input,
        first.samples,
        first.rate,
        next(iter(heads), None),
        next(iter(lists), ()),
        np.unique(np.concatenate([a.keep for a in asks])),
        tuple(dict.fromkeys(t for a in asks for t in a.taps)),
        tuple(dict.fromkeys(o for a in asks for o in a.outputs)),
    )


def measure(used: Using, name: str, variant: Path | None, runtime: Runtime, recordings: int) -> Variant:
    """Score some recordings with a member's model and with a variant of it (or another provider), and compare.

    Raises BlendkitError if there is no recording to score.
    """
    if not used.inputs.recordings:
        raise BlendkitError(f"no audio below {used.inputs.data.said}: a variant is measured on recordings")
    before, slow = _scored(used, name, used.params(name), used.context, recordings)
    context = replace(used.context, provider=runtime.provider)
    after, fast = _scored(used, name, used.params(name, variant), context, recordings)
    gap = np.abs(after.values[:, after.covered] - before.values[:, before.covered])
    auc = interval = None
    truth, labelled, _ = truth_of(used.inputs, before.rows, before.classes)
    if truth[labelled].any():
        both = {"before": before.values, "after": after.values}
        auc = (macro_auc(truth, before.values, labelled).macro, macro_auc(truth, after.values, labelled).macro)
        if len(set(before.rows.recording[labelled])) > 1:  # one recording alone has no interval
            drawn = paired_bootstrap(truth, both, list(before.rows.recording), mask=labelled)
            change = drawn.difference("after", "before")
            interval = (change.low, change.high)
    return Variant(len(before.rows), (slow, fast), float(gap.max()), float(gap.mean()), auc, interval)


def _scored(
    used: Using, name: str, params: dict[str, Any], context: MemberContext, recordings: int
) -> tuple[Scores, float]:
    """The logits of the first recordings, and the model's seconds per recording."""
    member, _ = used.members[name]
    facts = member_facts(member, used.files, context, TTA(), used.grid)
    # a new folder: from a store that exists, logits would be read instead of computed and timed
    with scratch_folder() as folder:
        scorer = audio_member(MemberOrder(member, params, context, TTA(), facts, Path(folder) / "logits", used.grid))
        score_recordings([scorer], used.inputs.recordings[:recordings], used.grid, silent)
        assert scorer.store is not None
        return scorer.store.read(context.names), scorer.inference_s / max(1, scorer.scored)
