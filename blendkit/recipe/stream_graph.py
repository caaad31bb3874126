"""The stream graph: one namespace, no loops, nothing unused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops import info_of
from blendkit.recipe.load import Recipe, cut_down
from blendkit.recipe.schema import BlendModel, MemberModel, RecipeModel, StreamModel
from blendkit.recipe.step_schema import Step
from blendkit.recipe.strict_yaml import KeyPath
from blendkit.registry import OPS, registry


@dataclass(frozen=True)
class StreamDef:
    """A stream as the recipe defines it. inputs: the streams it is made from; reads: those that its steps read."""

    name: str
    path: KeyPath
    model: MemberModel | StreamModel | BlendModel
    inputs: tuple[str, ...]
    reads: tuple[tuple[KeyPath, str], ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Every stream that must be made before this one, each once."""
        return tuple(dict.fromkeys([*self.inputs, *(name for _, name in self.reads)]))

    @property
    def is_member(self) -> bool:
        """True for a member's own stream."""
        return isinstance(self.model, MemberModel)


def stream_defs(model: RecipeModel) -> dict[str, StreamDef]:
    """Return every stream by name; of equal names the last section's is returned, and `check_graph` reports them."""
    out = {n: StreamDef(n, ("members", n), m, ()) for n, m in model.members.items()}
    out |= {n: StreamDef(n, ("streams", n), s, (s.source,)) for n, s in model.streams.items()}
    out |= {n: StreamDef(n, ("blends", n), b, _blend_inputs(b)) for n, b in model.blends.items()}
    return {n: replace(d, reads=tuple(_reads((*d.path, "steps"), d.model.steps))) for n, d in out.items()}


def _reads(path: KeyPath, steps: Sequence[Step]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (key path, name) of every stream that steps name as an argument."""
    for i, step in enumerate(steps):
        if step.gates:
            yield from _reads((*path, i, "gates"), step.gates)
        elif step.op in registry(OPS).names():
            info = info_of(registry(OPS).get(step.op))
            for parameter in info.streams() if info is not None else ():
                if isinstance(step.params.get(parameter), str):
                    yield (*path, i, step.op, parameter), step.params[parameter]


def check_graph(recipe: Recipe, defs: dict[str, StreamDef]) -> tuple[list[str], list[str]]:
    """Return the streams in an order in which each can be made, and every problem of the graph."""
    problems = _clashes(recipe) + _dangling(recipe, defs)
    links = {n: [i for i in d.needs if i in defs] for n, d in defs.items()}
    try:
        order = list(TopologicalSorter(links).static_order())
    except CycleError as error:
        loop = " -> ".join(reversed(error.args[1]))
        return [], [
            *problems,
            f"{recipe.where(defs[error.args[1][0]].path)}: streams feed each other in a loop: {loop}",
        ]
    if problems:  # with unknown names, whether a stream is used cannot be decided
        return order, problems
    used: set[str] = set()
    wanted = [n for n in (recipe.model.output, *recipe.model.also) if n in defs]
    while wanted:
        name = wanted.pop()
        if name not in used:
            used.add(name)
            wanted += links[name] + [m for _, m in named_members(defs[name]) if m in defs]
    problems += [
        f"{recipe.where(d.path)}: {n!r} is used by nothing; remove it, or list it under `also`"
        for n, d in defs.items()
        if n not in used
    ]
    return order, problems


def only_streams(recipe: Recipe, output: str, also: list[str]) -> Recipe:
    """Return the recipe cut down to some streams and those they need. Raises BlendkitError for unknown names."""
    defs = stream_defs(recipe.model)
    unknown = [f"{n!r}{did_you_mean(n, defs)}" for n in (output, *also) if n not in defs]
    if unknown:
        raise BlendkitError(f"{recipe.source}: no stream is called {', '.join(unknown)}")
    needed, wanted = set(), [output, *also]
    while wanted:
        one = wanted.pop()
        if one in defs and one not in needed:
            needed.add(one)
            wanted += [*defs[one].needs, *(m for _, m in named_members(defs[one]))]
    return cut_down(recipe, needed, output, [n for n in also if n != output])


def _blend_inputs(blend: BlendModel) -> tuple[str, ...]:
    groups = () if blend.weights_by is None else blend.weights_by.groups()
    names = [*blend.of, *(n for _, of in groups for n in of)]
    return tuple(dict.fromkeys(names))


def _clashes(recipe: Recipe) -> list[str]:
    model = recipe.model
    sections = {"members": list(model.members), "streams": list(model.streams), "blends": list(model.blends)}
    seen: dict[str, str] = {}
    problems = []
    for section, names in sections.items():
        for name in names:
            if name in seen:
                problems.append(f"{recipe.where((section, name))}: {name!r} is already a name under {seen[name]}")
            seen.setdefault(name, section)
    return problems


def named_members(d: StreamDef) -> list[tuple[KeyPath, str]]:
    """Return (key path, name) wherever a stream's definition asks for a member's coverage."""
    out: list[tuple[KeyPath, str]] = []
    steps: list[tuple[KeyPath, Step]] = [((*d.path, "steps", i), s) for i, s in enumerate(d.model.steps)]
    steps += [((*path, "gates", i), g) for path, s in steps for i, g in enumerate(s.gates or [])]
    for path, step in steps:
        if step.where is not None:
            given = (step.where.covered_by, step.where.not_covered_by)
            out += [((*path, "where"), name) for name in given if name is not None]
    if isinstance(d.model, BlendModel) and d.model.weights_by is not None:
        out += [((*d.path, "weights_by", "covered_by", n), n) for n in d.model.weights_by.covered_by or {}]
    return out


def _dangling(recipe: Recipe, defs: dict[str, StreamDef]) -> list[str]:
    wanted: list[tuple[KeyPath, str]] = [(("output",), recipe.model.output)]
    wanted += [(("also", i), n) for i, n in enumerate(recipe.model.also)]
    for d in defs.values():
        key = "from" if isinstance(d.model, StreamModel) else "of"
        wanted += [((*d.path, key, i) if key == "of" else (*d.path, key), i) for i in d.inputs]
        wanted += d.reads
    members = {n: d for n, d in defs.items() if d.is_member}
    problems = [
        f"{recipe.where(path)}: no member is called {name!r}{did_you_mean(name, members)}"
        for d in defs.values()
        for path, name in named_members(d)
        if name not in members
    ]
    return problems + [
        f"{recipe.where(path)}: no stream is called {name!r}{did_you_mean(name, defs)}"
        for path, name in wanted
        if name not in defs
    ]
