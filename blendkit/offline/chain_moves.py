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
TO_LOGIT = canonical_json({"to": "logit"})


_ODDS = 2.0  # a member's weight against all others is doubled or halved
_ENTRY = (0.2, 0.4)  # shares that a member may enter a blend with
_DIGITS = 4


@dataclass(frozen=True)
class Grammar:
    """What a search may say: steps of members, steps after the blend, blends, and taxa that a step may be kept to.

    to_logit: the streams whose own scores are no logits; a step of `logits_only` is led there by `to: logit`.
    """

    members: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=lambda: dict(MEMBER_STEPS))
    output: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=lambda: dict(OUTPUT_STEPS))
    by: Sequence[str] = BY
    taxa: Sequence[str] = ()
    logits_only: frozenset[str] = frozenset()
    to_logit: frozenset[str] = frozenset()


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
        steps = sum(s != TO_LOGIT for _, own in self.steps for s in own)
        return steps + (len(self.used) > 1)

    @property
    def used(self) -> tuple[str, ...]:
        """The inputs with a weight above 0."""
        return tuple(n for n, w in self.weights if w)

    def own(self, name: str) -> tuple[str, ...]:
        """Return the steps of an input, or of the blend."""
        return dict(self.steps)[name]

    def stepped(self, steps: Mapping[str, tuple[str, ...]]) -> Chain:
        """Return the chain with other steps of some streams."""
        return replace(self, steps=tuple((n, steps.get(n, own)) for n, own in self.steps))

    def weighed(self, weights: Mapping[str, float]) -> Chain:
        """Return the chain with these weights, divided by their sum."""
        total = sum(weights.values())
        shares = tuple((n, round(weights.get(n, 0.0) / total, _DIGITS)) for n, _ in self.weights)
        return replace(self, weights=shares)

    def values(self, sections: Mapping[str, str]) -> dict[str, Any]:
        """Return what it says, by address in the recipe. sections: of every stream."""
        out: dict[str, Any] = {f"blends.{self.blend}.by": self.by, f"blends.{self.blend}.of": dict(self.weights)}
        return out | {f"{sections[n]}.{n}.steps": [json_value(s) for s in own] for n, own in self.steps}

    def key(self) -> str:
        """Return its text, which is equal for equal chains."""
        return canonical_json([self.blend, self.by, self.weights, self.steps])


def chain_of(recipe: Recipe, blend: str) -> tuple[Chain, dict[str, str]]:
    """Return a recipe's own chain up to its blend, and the section of each of its streams.

    Inputs are in the order of their names, so that a search does not depend on the order in which a recipe has them.
    """
    model, raw = recipe.model, recipe.raw
    names = [*sorted(model.blends[blend].of), blend]
    sections = {n: next(s for s in ("members", "streams", "blends") if n in getattr(model, s)) for n in names}
    steps = tuple((n, tuple(canonical_json(s) for s in _long(raw[sections[n]][n].get("steps")))) for n in names)
    weights = tuple((n, float(model.blends[blend].of[n])) for n in names[:-1])
    return Chain(blend, model.blends[blend].by, weights, steps), sections


def applied(recipe: Recipe, chain: Chain, sections: Mapping[str, str]) -> Recipe:
    """Return the recipe with a chain's steps, blend and weights."""
    return with_values(recipe, chain.values(sections), "search")


def _long(steps: Any) -> list[dict[str, Any]]:
    return [{s: {}} if isinstance(s, str) else s for s in steps or []]


def starts(chain: Chain, grammar: Grammar) -> list[Chain]:
    """Return where a search begins: the chain itself, its inputs with equal weights by every blend, and each alone."""
    names = [n for n, _ in chain.weights]
    equal = chain.weighed(dict.fromkeys(names, 1.0))
    return [chain, *(replace(equal, by=by) for by in grammar.by), *(chain.weighed({n: 1.0}) for n in names)]


def moves(chain: Chain, grammar: Grammar) -> Iterator[tuple[str, Chain]]:
    """Yield the neighbours of a chain, each with what is done, in words that are equal for like moves of other chains.

    One step more, less or other, of one stream or of all used inputs at once; another blend; an input's odds doubled or
    halved, an input left out, or taken in, as it is or with the steps of the heaviest.
    """
    for name in (*chain.used, chain.blend):
        known = grammar.output if name == chain.blend else grammar.members
        taxa: Sequence[str | None] = (None, *grammar.taxa) if name == chain.blend else (None,)
        for what, own in _edited(name, chain.own(name), known, taxa, grammar):
            yield f"{name}: {what}", chain.stepped({name: own})
    yield from _common(chain, grammar)
    yield from ((f"by {by}", replace(chain, by=by)) for by in grammar.by if by != chain.by)
    yield from _reweighed(chain, grammar)


def _common(chain: Chain, grammar: Grammar) -> Iterator[tuple[str, Chain]]:
    """Yield chains with one more step of all used inputs that lack its op."""
    for op, choices in grammar.members.items():
        lack = [n for n in chain.used if all(_parts(s)[0] != op for s in chain.own(n))]
        if len(lack) > 1:
            for params in choices:
                step = _step(op, params, None)
                yield f"all: + {step}", chain.stepped({n: _added(n, chain.own(n), op, step, grammar) for n in lack})


def _reweighed(chain: Chain, grammar: Grammar) -> Iterator[tuple[str, Chain]]:
    weights = dict(chain.weights)
    total = sum(weights.values())
    heaviest = max(chain.used, key=lambda n: weights[n])
    for name in weights:
        rest = {n: w / total for n, w in weights.items() if n != name}
        if weights[name] and len(chain.used) > 1:
            own = weights[name] / total
            yield f"{name}: out", chain.weighed(rest)
            yield f"{name}: more", chain.weighed({**rest, name: _ODDS * own})
            yield f"{name}: less", chain.weighed({**rest, name: own / _ODDS})
        for share in () if weights[name] else _ENTRY:
            entered = chain.weighed({**rest, name: share / (1 - share)})
            yield f"{name}: in {share}", entered
            likewise = _like(name, chain, heaviest, grammar)
            if likewise != chain.own(name):
                yield f"{name}: in {share}, likewise", entered.stepped({name: likewise})


def _edited(
    name: str,
    own: tuple[str, ...],
    known: Mapping[str, Sequence[Mapping[str, Any]]],
    taxa: Sequence[str | None],
    grammar: Grammar,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield a stream's steps with one step left out, with other values, or added at the end."""
    found = [_parts(s) for s in own]
    for i, (op, where, text) in enumerate(found):
        if text == TO_LOGIT:
            continue  # what follows may need it
        rest = (*own[:i], *own[i + 1 :])
        alone = name in grammar.to_logit and rest[-1:] == (TO_LOGIT,)  # blends convert by themselves
        yield f"- {op} {where}", rest[:-1] if alone else rest
        for params in known.get(op, ()):
            other = _step(op, params, where)
            if other != text:
                yield f"= {other}", (*own[:i], other, *own[i + 1 :])
    there = {(op, where) for op, where, _ in found}
    for op, choices in known.items():
        for taxon in taxa:
            if (op, taxon) not in there:
                for params in choices:
                    step = _step(op, params, taxon)
                    yield f"+ {step}", _added(name, own, op, step, grammar)


def _added(name: str, own: tuple[str, ...], op: str, step: str, grammar: Grammar) -> tuple[str, ...]:
    """A stream's steps with one more, after `to: logit` where the op needs logits and the stream holds none."""
    needs = op in grammar.logits_only and name in grammar.to_logit and TO_LOGIT not in own
    return (*own, TO_LOGIT, step) if needs else (*own, step)


def _like(name: str, chain: Chain, other: str, grammar: Grammar) -> tuple[str, ...]:
    """The steps of another input, with `to: logit` where this one needs it."""
    bare = tuple(s for s in chain.own(other) if s != TO_LOGIT)
    if name not in grammar.to_logit:
        return bare
    needy = (i for i, s in enumerate(bare) if _parts(s)[0] in grammar.logits_only)
    at = 0 if TO_LOGIT in chain.own(name) else next(needy, None)
    return bare if at is None else (*bare[:at], TO_LOGIT, *bare[at:])


def _step(op: str, params: Mapping[str, Any], taxon: str | None) -> str:
    where = {} if taxon is None else {"where": {"class_name": taxon}, "id": f"{op}_{taxon}"}
    return canonical_json({op: dict(params), **where})


def op_of(step: str) -> tuple[str, str | None]:
    """Return the op of a step, and the taxon that it is kept to."""
    return _parts(step)[:2]


def _parts(text: str) -> tuple[str, str | None, str]:
    """Return a step's op, the taxon that it is kept to, and its text."""
    step = json_value(text)
    op = next(k for k in step if k not in ("where", "id"))
    taxon = (step.get("where") or {}).get("class_name")
    return op, taxon if isinstance(taxon, str) else None, text
