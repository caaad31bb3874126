"""Optional members and shifts: which a recipe can do without, what they weigh, and the recipe without them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from blendkit.ops import info_of
from blendkit.recipe.load import Recipe, with_values, without
from blendkit.recipe.schema import BlendModel, RecipeModel, StreamModel
from blendkit.recipe.stream_graph import StreamDef, named_members, stream_defs
from blendkit.recipe.strict_yaml import KeyPath
from blendkit.registry import OPS, registry


def optional_problems(recipe: Recipe, defs: Mapping[str, StreamDef], finished: Collection[str]) -> list[str]:
    """Return why members that the recipe calls optional cannot be left out, each with its line.

    finished: members that read finished scores. Only a member that nothing but blends takes can be optional, beside
    another one that is not.
    """
    model = recipe.model
    optional = {n for n, m in model.members.items() if m.optional}
    found: dict[str, list[str]] = {n: [] for n in optional}
    for n in optional:
        if n in finished:
            found[n].append("it reads finished scores, which takes no time")
        if n in (model.output, *model.also):
            found[n].append("it is written itself")
        for d in defs.values():
            found[n] += _needs(d, n)
    for name, blend in model.blends.items():
        for _, of in _weight_groups(blend):
            if any(of.values()) and not any(w for i, w in of.items() if i not in optional):
                for n in optional & set(of):
                    found[n].append(f"nothing else has a weight in blend {name!r} for some classes")
    return [
        f"{recipe.where(('members', n, 'optional'))}: {n!r} cannot be optional: {'; '.join(dict.fromkeys(found[n]))}"
        for n in model.members
        if found.get(n)
    ]


def _needs(d: StreamDef, member: str) -> Iterator[str]:
    """Yield why a stream cannot be made without a member."""
    if isinstance(d.model, StreamModel) and member in d.inputs:
        yield f"stream {d.name!r} is made from it"
    if any(name == member for _, name in d.reads):
        yield f"a step of {d.name!r} reads it"
    if any(name == member for _, name in named_members(d)):
        yield f"`covered_by` or `not_covered_by` of {d.name!r} asks for its coverage"
    if isinstance(d.model, BlendModel) and member in d.inputs:
        info = info_of(registry(OPS).get(d.model.by))
        if info is not None and info.weights == "coefficients":
            yield f"the weights of blend {d.name!r} (`by: {d.model.by}`) are no shares of a whole"


def _weight_groups(blend: BlendModel) -> Iterator[tuple[KeyPath, dict[str, float]]]:
    """Yield (key path below the blend, weights): its `of`, then every group of `weights_by`."""
    yield ("of",), blend.of
    if blend.weights_by is not None:
        yield from ((("weights_by", *path), of) for path, of in blend.weights_by.groups())


def member_shares(model: RecipeModel) -> dict[str, float]:
    """Return every member's share in the output, 0 to 1: the product of its relative weights on all ways to it.

    Of `weights_by` only the blend's own `of` counts. A member that only steps read has the share 0.
    """
    defs = stream_defs(model)

    def below(name: str) -> dict[str, float]:
        d = defs[name]
        if d.is_member:
            return {name: 1.0}
        of = d.model.of if isinstance(d.model, BlendModel) else dict.fromkeys(d.inputs, 1.0)
        total = sum(abs(w) for w in of.values()) or 1.0
        out: dict[str, float] = {}
        for i, weight in of.items():
            for member, share in below(i).items():
                out[member] = out.get(member, 0.0) + abs(weight) / total * share
        return out

    found = below(model.output)
    return {n: found.get(n, 0.0) for n in model.members}


def narrowed(recipe: Recipe, members: Collection[str], shifts: Mapping[str, float]) -> Recipe:
    """Return the recipe without some optional members, and with one shift (in seconds) alone for others.

    Their weights go with the members, so that those of the rest count among themselves.
    """
    gone: list[KeyPath] = [("members", n) for n in members]
    for name, blend in recipe.model.blends.items():
        groups = list(_weight_groups(blend))
        gone += [("blends", name, *path, n) for path, of in groups for n in members if n in of]
    gone += [("members", n, "tta") for n, shift in shifts.items() if shift == 0]
    tta = {n: {"shifts_s": [s], "edge": recipe.model.members[n].tta.edge} for n, s in shifts.items() if s != 0}
    return with_values(without(recipe, gone), {f"members.{n}.tta": t for n, t in tta.items()}, "the time budget")
