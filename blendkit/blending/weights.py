"""From a recipe's weights to a (K, C) matrix: by group of classes, and only where a member covers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Level, Scores, Taxonomy
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.recipe import StreamPlan, WeightsBy


def weight_matrix(
    stream: StreamPlan, inputs: Mapping[str, Scores], members: Mapping[str, NDArray[np.bool_]], taxonomy: Taxonomy
) -> NDArray[np.float64]:
    """Return the relative weights (K, C) of a blend's inputs, 0 where an input does not cover a class.

    members maps member names to coverage (C,). Raises BlendkitError as `raw_weights` does.
    """
    classes = next(iter(inputs.values())).classes
    covered = np.array([inputs[n].covered for n in stream.inputs])
    return np.where(covered, raw_weights(stream, classes, members, taxonomy), 0.0)


def raw_weights(
    stream: StreamPlan, classes: tuple[str, ...], members: Mapping[str, NDArray[np.bool_]], taxonomy: Taxonomy
) -> NDArray[np.float64]:
    """Return a blend's weights (K, C) as the recipe gives them.

    Raises BlendkitError for groups that do not exist, negative weights, and classes whose weights are
    all zero.
    """
    names = list(stream.inputs)
    raw = np.repeat(np.array([[stream.weights.get(n, 0.0)] for n in names]), len(classes), axis=1)
    if stream.weights_by is not None:
        for mask, of in _groups(stream, stream.weights_by, classes, members, taxonomy):
            raw[:, mask] = np.array([[of.get(n, 0.0)] for n in names])
    if stream.blend is not None and stream.blend.weights != "coefficients" and (raw < 0).any():
        raise BlendkitError(f"blend {stream.name!r}: weights cannot be negative")
    empty = [c for c, dead in zip(classes, (raw == 0).all(axis=0), strict=True) if dead]
    if empty:
        raise BlendkitError(f"blend {stream.name!r}: all weights are 0 for {len(empty)} classes", [shorten(empty)])
    return raw


def _groups(
    stream: StreamPlan,
    by: WeightsBy,
    classes: tuple[str, ...],
    members: Mapping[str, NDArray[np.bool_]],
    taxonomy: Taxonomy,
) -> list[tuple[NDArray[np.bool_], Mapping[str, float]]]:
    out: list[tuple[NDArray[np.bool_], Mapping[str, float]]] = []
    where = f"blend {stream.name!r}: weights_by"
    levels: tuple[tuple[Level, Mapping[str, Mapping[str, float]] | None], ...] = (
        ("class_name", by.class_name),
        ("genus", by.genus),
    )
    for level, given in levels:  # a genus is narrower, so it comes later and wins
        taxa = [taxonomy.group_of(c, level) for c in classes]
        for name, of in (given or {}).items():
            if name not in taxa:
                raise BlendkitError(f"{where}.{level}: no class is {name!r}{did_you_mean(name, set(taxa))}")
            out.append((np.array([t == name for t in taxa]), of))
    if by.split is not None:
        if by.split.at >= len(classes):
            raise BlendkitError(f"{where}.split.at: {by.split.at} of {len(classes)} classes leaves nothing after it")
        first = np.arange(len(classes)) < by.split.at
        out += [(first, by.split.before), (~first, by.split.after)]
    for member, sides in (by.covered_by or {}).items():
        if member not in members:
            raise BlendkitError(f"{where}.covered_by: no member is called {member!r}{did_you_mean(member, members)}")
        for side, of in sides.items():
            out.append((members[member] == (side == "yes"), of))
    for group in by.classes or []:
        out.append((class_mask(group.classes, classes, f"{where}.classes"), group.of))
    return out


def class_mask(wanted: list[str], classes: tuple[str, ...], where: str) -> NDArray[np.bool_]:
    """Return (C,) true for the wanted class ids. Raises BlendkitError for unknown ones."""
    unknown = [f"{c!r}{did_you_mean(c, classes)}" for c in wanted if c not in classes]
    if unknown:
        raise BlendkitError(f"{where}: unknown classes", [shorten(unknown)])
    chosen = set(wanted)
    return np.array([c in chosen for c in classes])
