"""The grammar of chains, and the moves of a search from one chain to its neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from blendkit.core import canonical_json, json_value
from blendkit.recipe import Recipe, with_values

MEMBER_STEPS: dict[str, tuple[dict[str, Any], ...]] = {
    "gaussian": tuple({"sigma": s} for s in (0.5, 0.75, 1.0, 1.5, 2.0)),
    "file_max_mix": tuple({"alpha": a} for a in (0.1, 0.2, 0.3, 0.5)),
    "file_mean_max": tuple({"alpha": a} for a in (0.15, 0.3)),
    "local_max": tuple({"alpha": a} for a in (0.15, 0.3)),
    "low_rank_power": ({"keep": 10}, {"keep": 30}),
}
SITE_SHIFTS: tuple[dict[str, Any], ...] = ({"k": 10}, {"k": 50})
PRIOR_STRENGTHS = (0.25, 0.5, 0.75, 1.0)
OUTPUT_STEPS: dict[str, tuple[dict[str, Any], ...]] = {
    "gaussian": tuple({"sigma": s} for s in (0.5, 0.75, 1.0, 1.5)),
    "file_max_mix": tuple({"alpha": a} for a in (0.1, 0.2, 0.3)),
    "taxonomy_mean": tuple({"genus": g, "class_name": c} for g in (0.0, 0.1, 0.2) for c in (0.0, 0.05) if g or c),
    "taxonomy_mean_unsure": tuple({"genus": g, "class_name": c} for g, c in ((0.12, 0.025), (0.2, 0.05))),
    "local_max": ({"alpha": 0.15},),
}
BY = ("rank", "logit", "prob")


@dataclass(frozen=True)
class Grammar:
    """What a search may say: steps of members, steps after the blend, blends, and taxa that a step may be kept to."""

    members: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=lambda: dict(MEMBER_STEPS))
    output: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=lambda: dict(OUTPUT_STEPS))
    by: Sequence[str] = BY
    taxa: Sequence[str] = ()


@dataclass(frozen=True)
class Chain:
    """A blend's kind and weights, and the steps of its inputs and of itself, each step as one line of JSON."""

    blend: str
    by: str
    weights: tuple[tuple[str, float], ...]
    steps: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def length(self) -> int:
        """How many steps it has, a blend of several members counting as one."""
        return sum(len(own) for _, own in self.steps) + (sum(w > 0 for _, w in self.weights) > 1)

    def values(self, sections: Mapping[str, str]) -> dict[str, Any]:
        """Return what it says, by address in the recipe. sections: of every stream."""
        out: dict[str, Any] = {f"blends.{self.blend}.by": self.by, f"blends.{self.blend}.of": dict(self.weights)}
        return out | {f"{sections[n]}.{n}.steps": [json_value(s) for s in own] for n, own in self.steps}

    def key(self) -> str:
        """Return its text, which is equal for equal chains."""
        return canonical_json([self.blend, self.by, self.weights, self.steps])


def chain_of(recipe: Recipe, blend: str) -> tuple[Chain, dict[str, str]]:
    """Return a recipe's own chain up to its blend, and the section of each of its streams."""
    model, raw = recipe.model, recipe.raw
    names = [*model.blends[blend].of, blend]
    sections = {n: next(s for s in ("members", "streams", "blends") if n in getattr(model, s)) for n in names}
    steps = tuple((n, tuple(canonical_json(s) for s in _long(raw[sections[n]][n].get("steps")))) for n in names)
    weights = tuple((n, float(w)) for n, w in model.blends[blend].of.items())
    return Chain(blend, model.blends[blend].by, weights, steps), sections


def applied(recipe: Recipe, chain: Chain, sections: Mapping[str, str]) -> Recipe:
    """Return the recipe with a chain's steps, blend and weights."""
    return with_values(recipe, chain.values(sections), "search")


def _long(steps: Any) -> list[dict[str, Any]]:
    return [{s: {}} if isinstance(s, str) else s for s in steps or []]


def moves(chain: Chain, grammar: Grammar) -> Iterator[Chain]:
    """Yield the neighbours of a chain: one step more, less or other, another blend, one member left out."""
    for place, (name, own) in enumerate(chain.steps):
        known = grammar.output if name == chain.blend else grammar.members
        taxa: Sequence[str | None] = (None, *grammar.taxa) if name == chain.blend else (None,)
        for text in _edited(own, known, taxa):
            steps = (*chain.steps[:place], (name, text), *chain.steps[place + 1 :])
            yield replace(chain, steps=steps)
    yield from (replace(chain, by=by) for by in grammar.by if by != chain.by)
    used = [n for n, w in chain.weights if w]
    for name in used if len(used) > 1 else ():
        yield replace(chain, weights=tuple((n, 0.0 if n == name else w) for n, w in chain.weights))


def _edited(
    own: tuple[str, ...], known: Mapping[str, Sequence[Mapping[str, Any]]], taxa: Sequence[str | None]
) -> Iterator[tuple[str, ...]]:
    """Yield a stream's steps with one step left out, with other values, or added at the end."""
    found = [_parts(s) for s in own]
    for i, (op, where, text) in enumerate(found):
        yield (*own[:i], *own[i + 1 :])
        for params in known.get(op, ()):
            other = _step(op, params, where)
            if other != text:
                yield (*own[:i], other, *own[i + 1 :])
    there = {(op, where) for op, where, _ in found}
    for op, choices in known.items():
        for taxon in taxa:
            if (op, taxon) not in there:
                yield from ((*own, _step(op, params, taxon)) for params in choices)


def _step(op: str, params: Mapping[str, Any], taxon: str | None) -> str:
    where = {} if taxon is None else {"where": {"class_name": taxon}, "id": f"{op}_{taxon}"}
    return canonical_json({op: dict(params), **where})


def _parts(text: str) -> tuple[str, str | None, str]:
    """Return a step's op, the taxon that it is kept to, and its text."""
    step = json_value(text)
    op = next(k for k in step if k not in ("where", "id"))
    taxon = (step.get("where") or {}).get("class_name")
    return op, taxon if isinstance(taxon, str) else None, text
