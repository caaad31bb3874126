"""Find a whole recipe: chains grown and pruned over a stated grammar, judged on recordings that were held out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Bools, Matrix
from blendkit.errors import BlendkitError
from blendkit.metrics import macro_auc
from blendkit.offline.chain_grammar import grammar_for
from blendkit.offline.chain_moves import Chain, Grammar, applied, chain_of, moves, op_of, starts
from blendkit.offline.grown_recipe import Climb, Grown, Worth
from blendkit.offline.interval_settings import Judging
from blendkit.offline.judged_search import blend_to_search, judged_search, nested_figure, searched_cells
from blendkit.offline.recipe_search import searched_weights
from blendkit.offline.searched_figures import Looks
from blendkit.offline.workspace import Workspace, Workspaces
from blendkit.recipe import Recipe, make_plan

ROUND = 40  # neighbours that are looked at together
_WHOLE = 3  # shares of the time for the search on all labels, of which each part has one
LEAST = 1e-4  # of macro-AUC that a chain must gain to be better


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


@dataclass(eq=False)
class _Search:
    """What one growth needs: where scores come from, which cells count, what was measured, and until when.

    cells: those of the search on all labels, then those of every one that judges it. A chain's scores are made once
    and measured on all of them.
    """

    workspaces: Workspaces
    recipe: Recipe
    sections: dict[str, str]
    grammar: Grammar
    how: Growth
    looks: Looks
    cells: list[Bools]
    ended: list[bool] = field(default_factory=list)

    def figure(self, chain: Chain, at: int) -> float:
        """Return the macro-AUC of a chain on some cells; minus infinity for one that no recipe can say."""

        def measure() -> tuple[float, ...]:
            try:
                workspace, scores = self.workspaces.output(applied(self.recipe, chain, self.sections), quiet=True)
            except BlendkitError:
                return (-np.inf,) * len(self.cells)  # such as a step that needs a space which its stream lacks
            return tuple(macro_auc(workspace.truth, scores.values, c).macro for c in self.cells)

        return self.looks.get(chain.key(), measure)[at]

    def net(self, chain: Chain, at: int) -> float:
        """Return the figure less the price of the steps."""
        return self.figure(chain, at) - self.how.price * chain.length

    def weighed(self, chain: Chain, at: int) -> Chain:
        """Return the chain with the weights that the exact path finds, where they gain more than a step must."""
        try:
            own = applied(self.recipe, chain, self.sections)
            found = chain.weighed(searched_weights(self.workspaces, own, self.cells[at], dict(chain.weights)))
        except BlendkitError:
            return chain  # its blend has no weights to search
        return found if self.net(found, at) >= self.net(chain, at) + max(self.how.price, LEAST) else chain

    def pruned(self, chain: Chain, at: int) -> Chain:
        """Return the chain without steps that cost more than they give, the worst first: the clock may leave some."""
        while True:
            fewer = [chain.stepped({n: own}) for n in (*chain.used, chain.blend) for own in _one_less(chain.own(n))]
            best = max(fewer, key=lambda c: self.net(c, at), default=chain)
            if self.net(best, at) <= self.net(chain, at):
                return chain
            chain = best

    def grow(self, start: Chain, at: int, until: float, most: float) -> list[Chain]:
        """Return the best chain at the start and after every whole round, of at most `most`; the clock's cut is lost.

        In a round some neighbours of the beam are measured, first those by moves that gained when they were last
        looked at, then new ones, then those that lost. The search ends when there is none left that is better.
        """
        rng, last = np.random.default_rng(self.how.seed), dict[str, float]()
        beam = self._best({c.key(): c for c in starts(start, self.grammar)}, at)
        seen, path, ended, cut = {c.key() for c in beam}, [beam[0]], False, False
        while len(path) <= most and not ended and not cut:
            near, new = self._near(beam, seen, last, rng), dict[str, Chain]()
            for what, origin, chain in near[:ROUND]:
                if cut := time.monotonic() > until:
                    break
                new[chain.key()] = chain
                last[what] = self.net(chain, at) - self.net(origin, at)
            else:
                seen |= new.keys()
                beam = self._best({c.key(): c for c in beam} | new, at)
                ended = len(near) <= ROUND and self.net(beam[0], at) < self.net(path[-1], at) + LEAST
                path.append(beam[0])
        self.ended.append(not cut)
        return path

    def _best(self, chains: Mapping[str, Chain], at: int) -> list[Chain]:
        known = [c for c in chains.values() if np.isfinite(self.figure(c, at))]
        return sorted(known, key=lambda c: (-self.net(c, at), c.length, c.key()))[: self.how.beam]

    def _near(
        self, beam: list[Chain], seen: set[str], last: Mapping[str, float], rng: np.random.Generator
    ) -> list[tuple[str, Chain, Chain]]:
        """Neighbours that were not looked at, each with its move and where it starts, in the order to look at them."""
        new = {m.key(): (what, c, m) for c in reversed(beam) for what, m in moves(c, self.grammar)}
        listed = [new[k] for k in sorted(new) if k not in seen]
        mixed = [listed[i] for i in rng.permutation(len(listed)).tolist()]
        return sorted(mixed, key=lambda one: -last.get(one[0], 0.0))


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
    grammar = how.grammar or grammar_for(workspace, recipe)
    cells = searched_cells(workspace, judging)
    search = _Search(workspaces, recipe, sections, grammar, how, Looks(looks, _data_hash(workspace, cells)), cells)
    order = {c.tobytes(): at for at, c in enumerate(cells)}
    slices = len(cells) - 1 + _WHOLE
    begun = time.monotonic()
    paths: list[list[Chain]] = []
    found_chains: list[Chain] = []

    def find(mask: Bools) -> dict[str, Any]:
        # the first search is that of all labels; no part may get further than it did, or it would judge another chain
        until = begun + 60 * how.minutes * (len(paths) + _WHOLE) / slices  # what one leaves of its time goes on
        at = order[mask.tobytes()]
        paths.append(search.grow(start, at, until, len(paths[0]) - 1 if paths else np.inf))
        found_chains.append(search.pruned(search.weighed(paths[-1][-1], at), at))
        return found_chains[-1].values(sections)

    try:
        found = judged_search(workspaces, recipe, find, blend, judging)
        worths = tuple(_worths(search, found_chains))
        climb = tuple(_climb(search, paths, workspace, judging))
    finally:
        search.looks.flush()  # also of a search that is stopped: it goes on from them
    best = applied(recipe, found_chains[0], sections)
    return Grown(best, found, worths, len(search.looks), len(paths[0]) - 1, climb, all(search.ended))


def _data_hash(workspace: Workspace, cells: list[Bools]) -> str:
    """What all figures depend on: truth, the cells that they are measured on, and the members' scores."""
    found = sha256(b"".join(np.packbits(one).tobytes() for one in (workspace.truth, *cells)))
    for name, scores in sorted(workspace.members.items()):
        found.update(name.encode() + np.ascontiguousarray(scores.values).tobytes())
    return found.hexdigest()


def _one_less(steps: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the steps without the first, without the second, and so on."""
    return [(*steps[:i], *steps[i + 1 :]) for i in range(len(steps))]


def _worths(search: _Search, found: list[Chain]) -> list[Worth]:
    chain, out = found[0], []
    whole = search.figure(chain, 0)
    for name in (*chain.used, chain.blend):
        own = chain.own(name)
        for step, less in zip(own, _one_less(own), strict=True):
            without = chain.stepped({name: less})
            again = sum(any(op_of(s) == op_of(step) for s in other.own(name)) for other in found[1:])
            out.append(Worth(name, step, whole - search.figure(without, 0), again))
    return out


def _climb(search: _Search, paths: list[list[Chain]], workspace: Workspace, judging: Judging) -> list[Climb]:
    """The rounds in which the chain of all labels changed, and the last one."""
    whole, *others = paths
    last = len(whole) - 1
    changed = [i for i in range(len(whole)) if i in (0, last) or whole[i].key() != whole[i - 1].key()]
    return [
        Climb(i, search.figure(whole[i], 0), nested_figure(workspace, judging, _made(search, others, i)))
        for i in changed
    ]


def _made(search: _Search, paths: list[list[Chain]], round_: int) -> Iterator[Matrix]:
    """The scores of the chains that the searches without a part had after a round, or at their end."""
    for path in paths:
        chain = path[min(round_, len(path) - 1)]
        yield search.workspaces.output(applied(search.recipe, chain, search.sections), quiet=True)[1].values
