"""Find a whole recipe: chains grown and pruned over a stated grammar, judged on recordings that were held out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Bools
from blendkit.errors import BlendkitError
from blendkit.metrics import macro_auc
from blendkit.offline.chain_moves import PRIOR_STRENGTHS, SITE_SHIFTS, Chain, Grammar, applied, chain_of, moves
from blendkit.offline.found_values import Found
from blendkit.offline.interval_settings import Judging
from blendkit.offline.recipe_search import (
    PARTS,
    TIMES,
    blend_to_search,
    judged_search,
    labelled_cells,
    searched_weights,
)
from blendkit.offline.searched_figures import Looks
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.recipe import Recipe, make_plan, recipe_text, with_values

_PRIOR_FOLDS = 5
_WHOLE = 3  # shares of the time for the search on all labels, of which each part has one
_LEAST = 1e-4  # of macro-AUC that a round must gain, or the search ends


@dataclass(frozen=True)
class Growth:
    """How chains are searched.

    minutes: for all of it, the repetitions that judge it included; beam: chains kept per round; price: of a step, in
    macro-AUC, so that the shorter of two like chains wins; seed: of the order in which neighbours are looked at;
    grammar: default: the steps of `blendkit.offline.chain_moves`, with priors where sites and hours are known, and
    steps after the blend also for one taxon alone.
    """

    minutes: float = 10.0
    beam: int = 3
    price: float = 0.0005
    seed: int = 0
    grammar: Grammar | None = None


@dataclass(frozen=True)
class Worth:
    """A step of the found chain, and what the figure on all labels loses without it (in-sample)."""

    stream: str
    step: str
    worth: float


@dataclass(frozen=True, eq=False)
class Grown:
    """A found recipe. found: its values and their judgement; worths: of its steps; looks: chains measured, on how many
    parts of the labels together; rounds: whole ones of the search on all labels, which those on parts do not exceed;
    finished: every search ended by itself, not by the clock."""

    recipe: Recipe
    found: Found
    worths: tuple[Worth, ...]
    looks: int
    rounds: int
    finished: bool

    def text(self) -> str:
        """Return the found recipe as YAML, with what is known of it as comments."""
        tuned = with_values(self.recipe, {"tuned_on": list(self.recipe.model.labels)}, "search")
        return recipe_text(tuned, self.found.said())


@dataclass(eq=False)
class _Search:
    """What one growth needs: where scores come from, which cells count, what was measured, and until when."""

    workspaces: Workspaces
    recipe: Recipe
    sections: dict[str, str]
    grammar: Grammar
    how: Growth
    looks: Looks
    ended: list[bool] = field(default_factory=list)

    def figure(self, chain: Chain, cells: Bools) -> float:
        """Return the macro-AUC of a chain on some cells; minus infinity for one that no recipe can say."""

        def measure() -> float:
            try:
                workspace, scores = self.workspaces.output(applied(self.recipe, chain, self.sections))
            except BlendkitError:
                return -np.inf  # such as a prior before its stream holds logits
            return macro_auc(workspace.truth, scores.values, cells).macro

        return self.looks.get(chain.key(), cells, measure)

    def net(self, chain: Chain, cells: Bools) -> float:
        """Return the figure less the price of the steps."""
        return self.figure(chain, cells) - self.how.price * chain.length

    def weighed(self, chain: Chain, cells: Bools) -> Chain:
        """Return the chain with the weights that the exact path finds, where its blend has weights to search."""
        try:
            own = applied(self.recipe, chain, self.sections)
            found = searched_weights(self.workspaces, own, cells, dict(chain.weights))
        except BlendkitError:
            return chain
        return replace(chain, weights=tuple((n, found[n]) for n, _ in chain.weights))

    def grow(self, start: Chain, cells: Bools, until: float, most: float) -> tuple[Chain, int]:
        """Return the best chain of whole rounds and their number, at most `most`; one that the clock cut is dropped.

        In a round all neighbours of the beam are measured; rounds end when none is better.
        """
        rng = np.random.default_rng(self.how.seed)
        beam, rounds = [start], 0
        while rounds < most:
            tried = {c.key(): c for b in beam for c in (b, self.weighed(b, cells))}
            near = list({m.key(): m for c in beam for m in moves(c, self.grammar)}.values())
            for place in rng.permutation(len(near)).tolist():
                if time.monotonic() > until:
                    self.ended.append(False)
                    return beam[0], rounds
                chain = near[place]
                self.net(chain, cells)
                tried[chain.key()] = chain
            ranked = sorted(tried.values(), key=lambda c: (-self.net(c, cells), c.length, c.key()))
            better = self.net(ranked[0], cells) >= self.net(beam[0], cells) + _LEAST
            beam, rounds = ranked[: self.how.beam], rounds + 1
            if not better:
                break
        self.ended.append(True)
        return beam[0], rounds


def grow_recipe(
    workspaces: Workspaces, recipe: Recipe, how: Growth, judging: Judging, looks: Path | None = None
) -> Grown:
    """Search steps, blend and weights of a recipe's output; see `blendkit search recipe`.

    looks: a file of figures measured so far, which a search that was stopped goes on from. Raises BlendkitError where
    the output is no blend.
    """
    blend = blend_to_search(recipe)
    start, sections = chain_of(recipe, blend)
    workspace = workspaces.workspace(make_plan(recipe))
    grammar = how.grammar or _grammar(workspace, recipe)
    about = _data_hash(workspace)
    search = _Search(workspaces, recipe, sections, grammar, how, Looks(looks, about))
    slices = PARTS * TIMES + _WHOLE
    begun = time.monotonic()
    grown: list[tuple[Chain, int]] = []

    def find(cells: Bools) -> dict[str, Any]:
        # the first search is that of all labels; no part may get further than it did, or it would judge another chain
        until = begun + 60 * how.minutes * (len(grown) + _WHOLE) / slices  # what one leaves of its time goes on
        grown.append(search.grow(start, cells, until, grown[0][1] if grown else np.inf))
        return grown[-1][0].values(sections)

    try:
        found = judged_search(workspaces, recipe, find, blend, judging)
        best, rounds = grown[0]
        worths = tuple(_worths(search.figure, best, labelled_cells(workspace)))
    finally:
        search.looks.flush()  # also of a search that is stopped: it goes on from them
    return Grown(applied(recipe, best, sections), found, worths, len(search.looks), rounds, all(search.ended))


def _data_hash(workspace: Workspace) -> str:
    """What all figures depend on: truth, and the members' scores."""
    found = sha256(np.packbits(workspace.truth).tobytes() + np.packbits(workspace.labelled).tobytes())
    for name, scores in sorted(workspace.members.items()):
        found.update(name.encode() + np.ascontiguousarray(scores.values).tobytes())
    return found.hexdigest()


def _grammar(workspace: Workspace, recipe: Recipe) -> Grammar:
    """The grammar for these data: site shifts and priors where sites (and hours) are known, and the taxa there are."""
    taxa = [workspace.around.taxonomy.group_of(c, "class_name") for c in workspace.classes]
    scored = np.flatnonzero((workspace.truth & workspace.labelled[:, None]).any(axis=0)).tolist()
    counts = Counter(taxa[c] for c in scored)
    several = sorted(t for t, n in counts.items() if t and n > 1)
    plain = Grammar(taxa=tuple(several) if len(several) > 1 else ())
    rows = workspace.rows
    if len(set(rows.site.tolist()) - {""}) > 1:
        plain = replace(plain, members={**plain.members, "prior_shift_by_site": SITE_SHIFTS})
    if not (workspace.labels and any(rows.site) and (rows.hour >= 0).any()):
        return plain
    fit = {"labels": recipe.model.labels[0], "folds": _PRIOR_FOLDS}
    prior = tuple({"strength": s, "fit": fit} for s in PRIOR_STRENGTHS)
    return replace(plain, members={**plain.members, "site_hour_prior": prior})


def _worths(figure: Callable[[Chain, Bools], float], chain: Chain, cells: Bools) -> list[Worth]:
    whole, out = figure(chain, cells), []
    for place, (name, own) in enumerate(chain.steps):
        for i, step in enumerate(own):
            steps = (*chain.steps[:place], (name, (*own[:i], *own[i + 1 :])), *chain.steps[place + 1 :])
            out.append(Worth(name, step, whole - figure(replace(chain, steps=steps), cells)))
    return out
