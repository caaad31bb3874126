"""The text of a recipe for the models and weights of a `solutions` dictionary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

SPLIT = 117  # the column at which the notebooks' division_attention changes weights
SMOOTHED = "taxonomy_mean: {genus: 0.15, class_name: 0.05, sonotypes: group}"  # by the notebooks' TAX_SMOOTHING
_WIDTH = 118


@dataclass(frozen=True)
class ModelOf:
    """One model: its file, one weight or one for each side of a split, and the weights of its two branches."""

    name: str
    file: str
    weight: list[float]
    xsed: list[float] | None
    shown: str


@dataclass(frozen=True)
class BlendOf:
    """The outer blend. kind: as the notebook calls it; by: as a recipe does; split: the class where weights change."""

    kind: str
    by: str
    smooth: bool
    models: tuple[ModelOf, ...]
    split: int | None = None
    also: tuple[str, ...] = ()


def solutions_recipe(name: str, source: str, blend: BlendOf, notes: Sequence[str], outside: Sequence[str]) -> str:
    """Return a recipe with comments, which list what was not converted."""
    smooth = " and TAX_SMOOTHING" if blend.smooth else ""
    lines = [f"# Converted from {source}: `type_add` {blend.kind}{smooth}."]
    lines += [f"#   {m.name}: leaderboard {m.shown}" for m in blend.models if m.shown]
    lines.append("# Check the spaces: if a notebook wrote ranks, say `space: rank`; the values alone cannot prove it.")
    if any(m.xsed for m in blend.models):
        lines.append("# xSED blends a model's two branches: save both from its notebook under the names below.")
    lines += _comments("Left out:", notes)
    lines += _comments("The notebook's code also has what follows, which is NOT in this recipe:", outside)
    return "\n".join([*lines, "recipe: 1", f"name: {name}", *_members(blend), *_blends(blend), *_end(blend)]) + "\n"


def _comments(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    wrapped = [line for i in items for line in wrap(i, _WIDTH, initial_indent="#   - ", subsequent_indent="#     ")]
    return [f"# {title}", *wrapped]


def _members(blend: BlendOf) -> list[str]:
    lines = ["members:"]
    if any(m.xsed for m in blend.models):
        lines.append("  sed: {use: table, path: submission_sed.csv, space: prob}")
    for m in blend.models:
        file = m.file if m.xsed is None else f"{Path(m.file).stem}_proto.csv"
        name = m.name if m.xsed is None else f"{m.name}_proto"
        lines.append(f"  {name}: {{use: table, path: {_quoted(file)}, space: prob}}")
    return lines


def _blends(blend: BlendOf) -> list[str]:
    lines = ["blends:"]
    for m in blend.models:
        if m.xsed is not None:
            of = f"{{{m.name}_proto: {m.xsed[0]!r}, sed: {m.xsed[1]!r}}}"
            lines += [f"  {m.name}:  # xSED", "    by: rank", f"    of: {of}"]
    lines += ["  blend:", f"    by: {blend.by}"]
    if blend.by == "direct" and len({m.xsed is not None for m in blend.models}) == 2:
        lines.append("    mixed: true  # the notebook averages probabilities with ranks")
    lines.append(f"    of: {_weights(blend, 0)}")
    if blend.split is not None:
        split = f"at: {blend.split}, before: {_weights(blend, 0)}, after: {_weights(blend, 1)}"
        lines.append(f"    weights_by: {{split: {{{split}}}}}")
    return lines


def _end(blend: BlendOf) -> list[str]:
    lines = []
    if blend.smooth:
        lines += ["    steps:", f"      - {SMOOTHED}"]
    return [*lines, "output: blend", *([f"also: [{', '.join(blend.also)}]"] if blend.also else [])]


def _weights(blend: BlendOf, side: int) -> str:
    return "{" + ", ".join(f"{m.name}: {m.weight[side]!r}" for m in blend.models) + "}"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./-]+", text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
