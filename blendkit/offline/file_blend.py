"""Score files in, a blend out that its author can defend: weights, a held-out verdict, a submission and its recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.core import MissingRows, Space, Taxonomy, UnknownClasses, notebook_view, require_kind
from blendkit.engine import LOGITS, RECIPE, RUN, RunResult, require_own, run
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.events import Emit, silent
from blendkit.io import ColumnNames, names_by_file, read_taxonomy, split_label_source
from blendkit.offline.cliffs_of_shares import share_cliffs
from blendkit.offline.found_values import Found
from blendkit.offline.interval_settings import Judging
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.recipe_draft import BLEND, BlendFiles, Draft, common_blend, require_members, root_of
from blendkit.offline.recipe_search import greedy_weights, line_weights
from blendkit.offline.score_facts import ScoreFacts, classes_lacked, look_at
from blendkit.offline.score_kinds import refuse_labels
from blendkit.offline.verdicts import Verdict, signed, verdict_on, weights_text
from blendkit.recipe import Recipe, parse_recipe

if TYPE_CHECKING:
    import pandas as pd

EQUAL = "equal weights, a convention and not a finding: without labels nothing was measured"


@dataclass(frozen=True)
class BlendSettings:
    """How files are read and blended, where that is not to be found out.

    names: of their columns and arrays; spaces: of files, by the name that a recipe gives them; by: the blend.
    missing_rows: rows that a file lacks and another has are an error, get the median of each class in it, or count as
    nothing found, as they do in tables of detections. unknown_classes: what taxonomy and template lack is an error, or
    left out.
    """

    names: ColumnNames = ColumnNames()
    spaces: Mapping[str, Space] | None = None
    by: str | None = None
    missing_rows: MissingRows = "error"
    unknown_classes: UnknownClasses = "error"


@dataclass(frozen=True, eq=False, repr=False)
class Blended:
    """What was blended, and what it is worth.

    facts: of every file; by and why: the blend and its reason; weights: by name; found and verdict: of the search, None
    without labels; run: what was written; recipe: the file that gives the same submission; command: runs it; data: the
    folder of the recipe's files.
    """

    facts: tuple[ScoreFacts, ...]
    by: str
    why: str
    weights: Mapping[str, float]
    found: Found | None
    verdict: Verdict | None
    run: RunResult
    recipe: Path
    command: str
    notes: tuple[str, ...]
    data: Path

    def __repr__(self) -> str:
        said = EQUAL if self.verdict is None else self.verdict.text
        return f"Blended({weights_text(self.weights)} by {self.by}; {said}; {self.run.submission})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per input: its weight, and its macro-AUC where there are labels."""
        import pandas as pd

        macro = [self.run.streams[n].macro_auc for n in self.weights]
        index = pd.Index(list(self.weights), name="member")
        return pd.DataFrame({"weight": list(self.weights.values()), "macro_auc": macro}, index=index)

    def _repr_html_(self) -> str:
        """Show the inputs in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def new_recipe(
    files: BlendFiles | Sequence[Path | str],
    place: Path | str = "recipe.yaml",
    *,
    settings: BlendSettings | None = None,
) -> str:
    """Return the text of a recipe that blends score files and members with equal weights, with comments.

    place: where it will lie; the paths in it are relative to that folder if all files lie below it, else to the nearest
    folder that they share, which the first comment names for --data. Raises BlendkitError as `blend_files` does.
    """
    given = _given(files, None)
    require_members(given.members, runnable=False)
    draft = _draft(given, settings or BlendSettings(), Path(place))
    text = draft.text(Path(place))
    parse_recipe(text, Path(place).name)
    return text


def blend_files(
    files: BlendFiles | Sequence[Path | str],
    labels: Path | str | None = None,
    out: Path | str = Path("out") / BLEND,
    *,
    settings: BlendSettings | None = None,
    judging: Judging | None = None,
    emit: Emit = silent,
) -> Blended:
    """Blend score files: find the blend that fits them, its weights if there are labels, and write the result.

    `out` gets submission.csv, recipe.yaml, run.json and timings.json; running the recipe gives the same submission.
    With labels the weights are searched (two members: along every share, exactly; more: greedily) and judged on
    recordings that the search did not use (quarters of the recordings, held out in turn). Where that shows a blend to
    be worse than one member alone, that member alone is written. Raises BlendkitError for fewer than two members, files
    that cannot be read or blended, labels that match nothing, a folder that blendkit did not make, and a recipe there
    that was edited; nothing is written then.
    """
    given, target = _given(files, labels), Path(out)
    require_own(target)
    require_members(given.members, runnable=True)
    place = target / RECIPE
    _refuse_edited(place, target / RUN)
    draft = _draft(given, settings or BlendSettings(), place)
    _refuse_own_input(draft, target)
    notes = [*classes_lacked(draft.facts), *(f"{f.name}: {n}" for f in draft.facts for n in f.notes)]
    found = verdict = None
    if given.labels is None:
        draft = replace(draft, said=(EQUAL,))
    else:
        found, cliffs = _search(draft, target, judging or Judging(), emit)
        searched = {n: float(w) for n, w in found.values[f"blends.{BLEND}.of"].items()}
        g = found.guarded
        verdict = verdict_on(searched, g.best_member, g.gain, g.better, found.judging, found.seen)
        weights, instead = _delivered(draft, searched, verdict, found)
        blended = sum(w > 0 for w in weights.values()) > 1 and weights == searched
        verdict = replace(verdict, held_out=g.nested) if blended and not found.seen else verdict
        draft = replace(
            draft, weights=weights, said=(*_said(found, searched, verdict), *instead), tuned_on=found.labels
        )
        notes += [n for n in found.notes if n not in notes] + cliffs + instead
    text = draft.text(place)
    done = run(parse_recipe(text, RECIPE), draft.root, target, recipe_text=text, emit=emit)
    command = text.splitlines()[0].rpartition("Run it: ")[2]
    said = dict.fromkeys([*notes, *done.warnings])
    return Blended(
        draft.facts, draft.by, draft.why, draft.weights, found, verdict, done, place, command, tuple(said), draft.root
    )  # fmt: skip


def _refuse_edited(recipe: Path, run_json: Path) -> None:
    """Raise BlendkitError for a recipe that was changed after blendkit wrote it: run.json is written last of all."""
    if recipe.is_file() and run_json.is_file() and recipe.stat().st_mtime_ns > run_json.stat().st_mtime_ns:
        raise BlendkitError(
            f"{recipe} was changed since blendkit wrote it, and would be replaced",
            ["choose another --out, move it elsewhere, or `blendkit run` it"],
        )


def _refuse_own_input(draft: Draft, target: Path) -> None:
    """Raise BlendkitError where a file to blend lies in the folder whose files will be replaced."""
    own = [f.path for f in (*draft.facts, *draft.tests) if f.path.is_relative_to(target.resolve())]
    if own:
        raise BlendkitError(f"{own[0]} is blended, and would be replaced", ["choose another --out"])


def _given(files: BlendFiles | Sequence[Path | str], labels: Path | str | None) -> BlendFiles:
    if isinstance(files, str | Path):
        require_kind(files, (BlendFiles, list, tuple), "score files", 'give ["first.csv", "second.csv"]')
    given = files if isinstance(files, BlendFiles) else BlendFiles(tuple(files))
    given = given if labels is None else replace(given, labels=labels)
    if len(given.files) + len(given.members) < 2:
        raise BlendkitError("a blend needs two score files or members", ["as in `blendkit blend a.csv b.csv`"])
    if given.test and len(given.test) != len(given.files):
        counts = f"{len(given.files)} score files and {len(given.test)} test files"
        raise BlendkitError(counts, ["give one test file for every score file, in the same order"])
    if given.members and given.audio is None:
        raise BlendkitError(f"{given.members[0]} scores audio: say in which folder (--audio)")
    for file in (*given.files, *given.test):
        refuse_labels(file, given.labels)
    named = [p for p in (given.taxonomy, given.template, given.audio) if p is not None]
    named += [] if given.labels is None else [split_label_source(given.labels)[0]]
    missing = [p for p in named if not p.exists()]
    if missing:
        beside = {p: [q.name for q in p.parent.iterdir()] if p.parent.is_dir() else [] for p in missing}
        raise BlendkitError("no such file or folder", [f"{p}{did_you_mean(p.name, beside[p])}" for p in missing])
    return given


def _draft(given: BlendFiles, settings: BlendSettings, place: Path) -> Draft:
    taxonomy = None if given.taxonomy is None else read_taxonomy(given.taxonomy)
    names = names_by_file([*given.files, *given.test], settings.names)
    parts = ((given.files, names[: len(given.files)]), (given.test, names[len(given.files) :]))
    facts, tests = (tuple(_looked(files, own, settings, taxonomy)) for files, own in parts)
    if tests:
        facts_spaces = [(f, t) for f, t in zip(facts, tests, strict=True) if f.space != t.space]
        if facts_spaces:
            lines = [f"{f.path.name}: {f.space} ({f.why}); {t.path.name}: {t.space} ({t.why})" for f, t in facts_spaces]
            raise BlendkitError("score files and their test files hold different things", lines)
    by, why = common_blend(facts, given.members)
    if settings.by is not None:
        by, why = settings.by, f"{settings.by}: as asked for"
    every = [*(f.name for f in facts), *given.members]
    if clash := [n for n in every if every.count(n) > 1 or n == BLEND]:
        raise BlendkitError(f"{clash[0]!r} is the name of two things in this recipe: rename that file")
    return Draft(
        given, facts, tests, settings.names, root_of(given, [*facts, *tests], place), by, why,
        dict.fromkeys(every, 1.0), unknown_classes=settings.unknown_classes,
    )  # fmt: skip


def _looked(
    files: Sequence[Path | str], names: Sequence[ColumnNames], settings: BlendSettings, taxonomy: Taxonomy | None
) -> list[ScoreFacts]:
    return look_at(files, names, settings.spaces or {}, taxonomy, settings.missing_rows) if files else []


def _search(draft: Draft, out: Path, judging: Judging, emit: Emit) -> tuple[Found, list[str]]:
    """Search and judge weights. What needs audio is scored first, into the folder that the run takes it from."""
    text = draft.text(out / RECIPE)
    recipe: Recipe = parse_recipe(text, RECIPE)
    if draft.given.members:
        run(recipe, draft.root, out, on="oof", recipe_text=text, emit=emit)
    workspaces, opened = open_workspaces(recipe, place=Place(draft.root, out / LOGITS), emit=emit)
    if len(draft.weights) == 2:
        found = line_weights(workspaces, opened, judging=judging)
    else:
        found = greedy_weights(workspaces, opened, 20, judging=judging)
    _, *others = draft.weights
    return found, share_cliffs(workspaces, opened, BLEND, others[0]) if len(others) == 1 else []


def _delivered(
    draft: Draft, searched: Mapping[str, float], verdict: Verdict, found: Found
) -> tuple[dict[str, float], list[str]]:
    """What is written, and why it is not what was found: of a blend that is worse than one input, that input alone, if
    it has all classes; of weights that are worse than equal ones beyond the interval, equal ones.
    """
    every = {c for f in draft.facts for c in f.scores.classes}
    whole = {f.name for f in draft.facts if every <= set(f.scores.classes)}
    if verdict.judgement == "not" and verdict.best in {*whole, *draft.given.members}:
        return {n: float(n == verdict.best) for n in searched}, []
    gain = found.gain
    if gain.high < 0:
        by = f"{signed(-gain.estimate, gain)} [{signed(-gain.high, gain)}, {signed(-gain.low, gain)}]"
        why = f"equal weights did better than those that were found, by {by} on held-out recordings"
        return dict.fromkeys(searched, 1.0), [f"{why}: they are delivered"]
    return dict(searched), []


def _said(found: Found, searched: Mapping[str, float], verdict: Verdict) -> tuple[str, ...]:
    g = found.guarded
    how = f"weights {weights_text(searched)}: found on all labels, where their macro-AUC is {found.after:.6f}"
    held = f"held out ({found.split}): {g.nested:.6f}; the best alone, chosen likewise: {g.alone:.6f}"
    return verdict.text, f"{how}; {held}"
