"""The exact macro-AUC along every share of the output's blend, its interval, and the arrays that a page counts anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Bools, Float64, Int64, cluster_labels
from blendkit.errors import BlendkitError
from blendkit.metrics import Bootstrap, paired_bootstrap, weight_path
from blendkit.offline import LabelledChunks, Rules, blend_sides, check_shares, read_share
from blendkit.recipe import StreamPlan, make_plan
from blendkit.reporting.packed_arrays import Packed, packed
from blendkit.reporting.report_size_limits import Effort
from blendkit.reporting.report_sources import Material

_JUMP = 0.05  # of a class's AUC along the path, above which it is named
_SHOWN = 8
_EDGE = 0.01
_PROBED, _SURE = 6, 1.2  # columns that are packed for a guess, and how far it may be wrong


@dataclass(frozen=True)
class Band:
    """Intervals (B,) of the macro-AUC at some shares, and the shares that cannot be told from the best of them."""

    shares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    alike: tuple[float, ...]


@dataclass(frozen=True)
class Jump:
    """A class whose AUC changes much along the path: its lowest and highest AUC, its changes at the two outer steps."""

    class_id: str
    low: float
    high: float
    first: float
    last: float


@dataclass(frozen=True)
class SharePath:
    """macro (G,) over the shares (G,) of one member; a and b: the output with none and with all of it, where embedded.

    current: its share in the recipe; best: the share of the highest macro-AUC, which the same labels chose.
    """

    member: str
    current: float
    shares: tuple[float, ...]
    macro: tuple[float, ...]
    best: float
    best_macro: float
    current_macro: float
    jumps: tuple[Jump, ...]
    band: Band | None = None
    a: Packed | None = None
    b: Packed | None = None


@dataclass(frozen=True)
class Shares:
    """Paths of a blend's members. truth: of the scored classes, for arrays that are embedded; why_not: no paths."""

    blend: str
    paths: tuple[SharePath, ...]
    truth: Packed | None
    why_not: str = ""


def share_paths(material: Material, truth: LabelledChunks, rules: Rules, effort: Effort) -> Shares | None:
    """Return the paths of all members of the blend that the output comes from; None where there is no such blend.

    Exact wherever the steps after the blend keep weighted means; elsewhere why_not says which step does not.
    """
    recipe, workspaces = material.recipe, material.workspaces
    if recipe is None or workspaces is None:
        return None
    plan = make_plan(recipe)
    blend = next((s for s in reversed(plan.streams) if s.blend is not None), None)
    if blend is None or len(blend.inputs) < 2:
        return None
    rows, found = np.flatnonzero(truth.labelled), []
    y = truth.truth[rows]
    why = ""
    for member in _members(blend, effort.paths):
        try:
            check_shares([read_share(f"{blend.name}.{member}=0.5", recipe)])
            sides = blend_sides(workspaces, plan, blend.name, member)
            if isinstance(sides, str):
                raise BlendkitError(sides)
            a, b = (x[rows] for x in sides)
            share = blend.weights[member] / sum(blend.weights.values())
            found.append((_path(y, a, b, member, share, truth.classes, effort.points), a, b))
        except BlendkitError as error:  # no shares here, or values that cannot be blended exactly
            why = why or error.title
    if not found:
        return Shares(blend.name, (), None, why)
    # first the one whose share has most to gain, then small shares before large ones, and none last
    found.sort(key=lambda f: (f[0].current_macro - f[0].best_macro, not f[0].current, f[0].current))
    return _with_arrays(blend.name, found, y, truth, rules, effort)


def _members(blend: StreamPlan, most: int) -> list[str]:
    """Members whose share is looked at: of two, one is enough, for the other's share is the rest."""
    order = sorted(blend.inputs, key=lambda n: -blend.weights[n])
    return order[1:] if len(order) == 2 else [n for n in blend.inputs if n in order[:most]]


def _path(
    y: Bools, a: Float64, b: Float64, member: str, share: float, classes: tuple[str, ...], points: int
) -> SharePath:
    grid = [round(k / (points - 1), 6) for k in range(points)]
    path = weight_path(y, a, b, grid)
    current = weight_path(y, a, b, [round(share, 9)]).macro.item()  # by itself: its decimals would make the grid fine
    curves = path.per_class[:, path.scored]
    reach = np.ptp(curves, axis=0)
    order = [int(i) for i in np.argsort(-reach, kind="stable")[:_SHOWN] if reach[i] > _JUMP]
    step = max(1, (points - 1) // 100)  # a hundredth of the share, where the path is so fine
    jumps = tuple(
        Jump(
            classes[path.scored[i]], float(curves[:, i].min()), float(curves[:, i].max()),
            float(curves[step, i] - curves[0, i]), float(curves[-1, i] - curves[-1 - step, i]),
        )
        for i in order
    )  # fmt: skip
    macro = path.macro.tolist()
    best = int(np.argmax(path.macro))
    return SharePath(member, share, tuple(grid), tuple(macro), grid[best], macro[best], current, jumps)


def _with_arrays(
    blend: str,
    found: list[tuple[SharePath, NDArray[Any], NDArray[Any]]],
    y: Bools,
    truth: LabelledChunks,
    rules: Rules,
    effort: Effort,
) -> Shares:
    """Add intervals to the first paths, and the arrays to as many as the page has room for."""
    live = np.flatnonzero(y.any(axis=0) & ~y.all(axis=0))
    left, paths, embedded = effort.bytes, [], False
    for i, (path, a, b) in enumerate(found):
        points = 0 if i >= effort.bands else effort.band if i == 0 else effort.band // 2 + 1
        band = _band(y, a, b, path, truth, rules, points) if points > 1 else None
        arrays: tuple[Packed | None, Packed | None] = (None, None)
        if a[:, live].size <= effort.bytes and _packed_size(a, live) + _packed_size(b, live) < left * _SURE:
            x, z = packed(a[:, live]), packed(b[:, live])
            size = len(x.data) + len(z.data)
            arrays, left = ((x, z), left - size) if size <= left else (arrays, left)
        embedded = embedded or arrays[0] is not None
        paths.append(replace(path, band=band, a=arrays[0], b=arrays[1]))
    return Shares(blend, tuple(paths), packed(y[:, live].astype(np.uint8)) if embedded else None)


def _packed_size(x: NDArray[Any], live: Int64) -> float:
    """About the bytes that columns take, from a few of them: to pack all takes time, and most do not fit."""
    some = live[:: max(1, len(live) // _PROBED)]
    return len(packed(x[:, some]).data) * len(live) / max(1, len(some))


def _band(
    y: Bools, a: Float64, b: Float64, path: SharePath, truth: LabelledChunks, rules: Rules, points: int
) -> Band | None:
    """Redraw recordings at some shares; shares are alike whose difference to the best of them may be 0."""
    every = np.linspace(0, 1, points).round(6).tolist()
    # beside the ends, too: what any little share of another member does there is no straight line
    shares = sorted({*every, _EDGE, 1 - _EDGE, path.best, round(path.current, 6)})
    rows = truth.rows.take(np.flatnonzero(truth.labelled))
    clusters = cluster_labels(rows, rules.judging.clusters, np.ones(len(rows), bool), truth.contents)
    blends = {repr(w): (1 - w) * a + w * b for w in shares}
    try:
        boot = paired_bootstrap(y, blends, clusters, rules.judging.replicates, rules.judging.seed)
    except BlendkitError:
        return None
    found = [boot.interval(repr(w), rules.judging.level) for w in shares]
    alike = [w for w in shares if w == path.best or _alike(boot, repr(w), repr(path.best), rules)]
    return Band(tuple(shares), tuple(i.low for i in found), tuple(i.high for i in found), tuple(alike))


def _alike(boot: Bootstrap, one: str, best: str, rules: Rules) -> bool:
    gap = boot.difference(one, best, rules.judging.level)
    return gap.low <= 0 <= gap.high
