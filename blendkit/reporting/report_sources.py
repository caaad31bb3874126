"""What a report is made from: recipes with their saved logits, run folders, and score files, on common rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blendkit.core import LabelTable, Saw, ScoreKind, Scores, Taxonomy, json_value
from blendkit.engine import LOGITS, RECIPE, RUN
from blendkit.errors import BlendkitError, why_no_file
from blendkit.events import Emit, silent
from blendkit.io import ColumnNames, is_source, read_labels
from blendkit.offline import (
    LabelledChunks,
    Labels,
    Place,
    Source,
    SourcesRead,
    Workspaces,
    open_workspaces,
    read_sources,
    score_kind,
)
from blendkit.recipe import Plan, Recipe, flow_text, make_plan, parse_recipe

_EXAMPLES = (
    "a recipe, from its saved logits and score files: blendkit report eos7.yaml",
    "a run's folder, with all of its members: blendkit report out/eos7 --data DATA",
    "score files, each compared with the first: blendkit report a.csv b.csv --labels labels.csv",
)


@dataclass(frozen=True, eq=False)
class Material:
    """Scores by name, the one that the report is about first, and what is known of them.

    roles: `output`, `blend`, `stream`, `member` or `source`; truth: None without labels; plans: of the recipes;
    recipe and workspaces: where one recipe's saved logits can be blended anew; facts: of run.json, empty without;
    kinds: what the scores of the labelled recordings are, of files.
    """

    title: str
    scores: dict[str, Scores]
    roles: dict[str, str]
    truth: LabelledChunks | None
    taxonomy: Taxonomy
    plans: dict[str, Plan]
    notes: tuple[str, ...]
    recipe: Recipe | None = None
    workspaces: Workspaces | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, ScoreKind] = field(default_factory=dict)
    saw: Mapping[str, Saw] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The name of the scores that the report is about."""
        return next(iter(self.scores))


@dataclass(frozen=True)
class Asked:
    """How the sources of a report are read. run: the folder of a run of the one recipe."""

    names: ColumnNames | None = None
    overrides: Sequence[str] = ()
    place: Place | None = None
    emit: Emit = silent
    run: Path | None = None


def open_material(
    sources: Mapping[str, Source] | Sequence[Path | str | Recipe], labels: Labels | LabelTable | Path | str | None,
    asked: Asked,
) -> Material:  # fmt: skip
    """Read the sources of a report: one recipe or run folder with all of its streams, or several to compare.

    Raises BlendkitError for no source, and as `compare` does for sources that cannot be read.
    """
    if not sources:
        raise BlendkitError("a report needs a source", list(_EXAMPLES))
    if not isinstance(sources, Mapping) and len(sources) == 1:
        (source,) = sources
        if not isinstance(source, Recipe) and _is_run(Path(source)):
            return _of_run(Path(source), labels, asked)
        if isinstance(source, Recipe) or not is_source(source):
            return _of_recipe(source, labels, asked, None if asked.run is None else _run_facts(asked.run))
    named = sources if isinstance(sources, Mapping) else _named(sources)
    read = read_sources(named, labels, names=asked.names, overrides=asked.overrides, place=asked.place, emit=asked.emit)
    return _of_several(read)


def _named(sources: Sequence[Path | str | Recipe]) -> Mapping[str, Source] | Sequence[Path | str]:
    """Recipes in memory go by their own names."""
    files = [s for s in sources if not isinstance(s, Recipe)]
    if len(files) == len(sources):
        return files
    return {s.model.name if isinstance(s, Recipe) else str(s): s for s in sources}


def _is_run(path: Path) -> bool:
    return (path / RUN).is_file()


def _of_several(read: SourcesRead) -> Material:
    """Score files and recipes, each with its output alone."""
    truth = read.truth
    labelled = [] if truth is None else truth.rows.recording[truth.labelled].tolist()
    found = {own: score_kind(known, labelled) for own, known in read.files.items()}
    kinds = {n: kind for n, (kind, _) in found.items()}
    notes = [*read.notes, *(f"{n}: {said}" for n, (_, texts) in found.items() for said in texts if truth is not None)]
    saw = {n: known.saw for n, known in read.files.items()}
    first, *others = read.scores
    title = f"{first} and {len(others)} others" if len(others) > 1 else " and ".join(read.scores)
    return Material(
        title,
        read.scores, dict.fromkeys(read.scores, "source"), truth, read.taxonomy or Taxonomy({}), read.plans,
        tuple(notes), kinds=kinds, saw=saw,
    )  # fmt: skip


def _of_recipe(
    source: Recipe | Path | str, labels: Labels | LabelTable | Path | str | None, asked: Asked,
    facts: Mapping[str, Any] | None = None,
) -> Material:  # fmt: skip
    """A recipe with its output and every stream before it, from saved logits."""
    given = labels.table if isinstance(labels, Labels) else labels
    table = given if isinstance(given, LabelTable) or given is None else read_labels(given)
    workspaces, recipe = open_workspaces(
        source, asked.overrides, asked.place, asked.emit, labels=table, need_labels=table is not None
    )
    plan, output = make_plan(recipe), recipe.model.output
    workspace = workspaces.workspace(plan)
    names = tuple(dict.fromkeys([output, *recipe.model.blends, *recipe.model.streams, *plan.members]))
    made = workspaces.streams(plan, names)
    roles = {n: "member" if n in plan.members else "blend" if n in recipe.model.blends else "stream" for n in names}
    truth = LabelledChunks.of(workspace) if workspace.labelled.any() else None
    notes = dict.fromkeys([*workspace.notes, *(facts or {}).get("warnings", ())])
    return Material(
        recipe.model.name, {n: made[n] for n in names}, {**roles, output: "output"}, truth,
        workspace.around.taxonomy, {recipe.model.name: plan}, tuple(notes), recipe, workspaces, facts or {},
    )  # fmt: skip


def _of_run(folder: Path, labels: Labels | LabelTable | Path | str | None, asked: Asked) -> Material:
    """A run's folder: with a data folder all of its streams, else its submission and what run.json says."""
    facts = _run_facts(folder)
    recipe = parse_recipe(flow_text(facts["recipe"]), RECIPE)
    if asked.place is not None and asked.place.data is not None:
        place = replace(asked.place, store=asked.place.store or folder / LOGITS)
        return _of_recipe(recipe, labels, replace(asked, place=place), facts)
    found = _of_several(read_sources([folder], labels, names=asked.names, emit=asked.emit))
    scores = {recipe.model.output: found.scores[found.main]}
    note = "the members are not shown: give the folder of the recipe's files (--data, place=Place(data=...)) for them"
    return replace(
        found, title=recipe.model.name, scores=scores, roles={recipe.model.output: "output"},
        plans={recipe.model.name: make_plan(recipe)}, notes=(*found.notes, *facts.get("warnings", ()), note),
        facts=facts, kinds=dict(zip([recipe.model.output], found.kinds.values(), strict=False)),
    )  # fmt: skip


def _run_facts(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    try:
        facts = json_value(path.read_text(encoding="utf-8"))
        if not isinstance(facts["recipe"], dict):
            raise TypeError("its recipe is no mapping")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else why_no_file(path, error)
        raise BlendkitError(f"{path}: not the facts of a run", [reason, "run the recipe again"]) from error
    return dict(facts)
