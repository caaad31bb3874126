"""From a recipe's weights to a (K, C) matrix: by group of classes, and 0 where an input does not cover a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from blendkit.core import Bools, Float64, Level, Scores, Taxonomy
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.ops import StackWeights
from blendkit.recipe import StreamPlan, WeightsBy


def weight_matrix(
    stream: StreamPlan, inputs: Mapping[str, Scores], members: Mapping[str, Bools], taxonomy: Taxonomy,
    stack: StackWeights | None = None,
) -> Float64:  # fmt: skip
    """Return the relative weights (K, C) of a blend's inputs, 0 where an input does not cover a class.

    members maps member names to coverage (C,); stack: of the file that the recipe names. Raises BlendkitError as
    `raw_weights` does.
    """
    classes = next(iter(inputs.values())).classes
    covered = np.array([inputs[n].covered for n in stream.inputs])
    return np.where(covered, raw_weights(stream, classes, members, taxonomy, stack), 0.0)


def raw_weights(
    stream: StreamPlan, classes: tuple[str, ...], members: Mapping[str, Bools], taxonomy: Taxonomy,
    stack: StackWeights | None = None,
) -> Float64:  # fmt: skip
    """Return a blend's weights (K, C) as the recipe gives them, or the coefficients of the stack that it names.

    Raises BlendkitError for groups that do not exist, negative weights, and classes whose weights are
    all zero.
    """
    names = list(stream.inputs)
    raw = np.repeat(np.array([[stream.weights.get(n, 0.0)] for n in names]), len(classes), axis=1)
    if stream.weights_by is not None:
        for mask, of in _groups(stream, stream.weights_by, classes, members, taxonomy):
            raw[:, mask] = np.array([[of.get(n, 0.0)] for n in names])  # replaces `of`: an input left out weighs 0
    if stack is not None:
        own, known = stack.of(names, classes)
        raw = np.where(known, own, raw)
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
    members: Mapping[str, Bools],
    taxonomy: Taxonomy,
) -> Iterator[tuple[Bools, Mapping[str, float]]]:
    """Yield (which classes (C,), weights) of every group; where groups overlap, the later one applies."""
    where = f"blend {stream.name!r}: weights_by"
    for path, of in by.groups():
        kind, key = path[0], path[1]
        if kind in ("class_name", "genus"):
            level: Level = "genus" if kind == "genus" else "class_name"
            yield _of_taxon(str(key), level, classes, taxonomy, where), of
        elif kind == "split":
            yield _of_columns(by, key == "before", classes, where), of
        elif kind == "covered_by":
            if key not in members:
                raise BlendkitError(f"{where}.covered_by: no member is called {key!r}{did_you_mean(key, members)}")
            yield members[str(key)] == (path[2] == "yes"), of
        else:
            yield class_mask((by.classes or [])[int(key)].classes, classes, f"{where}.classes"), of


def _of_taxon(name: str, level: Level, classes: tuple[str, ...], taxonomy: Taxonomy, where: str) -> Bools:
    if not taxonomy.table:
        raise BlendkitError(f"{where}.{level}: needs a taxonomy, and there is none (`taxonomy:` names it)")
    taxa = [taxonomy.group_of(c, level) for c in classes]
    if name not in taxa:
        raise BlendkitError(f"{where}.{level}: no class is {name!r}{did_you_mean(name, set(taxa))}")
    return np.array([t == name for t in taxa])


def _of_columns(by: WeightsBy, before: bool, classes: tuple[str, ...], where: str) -> Bools:
    at = 0 if by.split is None else by.split.at
    if at >= len(classes):
        raise BlendkitError(f"{where}.split.at: {at} of {len(classes)} classes leaves nothing after it; give less")
    first = np.arange(len(classes)) < at
    return first if before else ~first


def class_mask(wanted: list[str], classes: tuple[str, ...], where: str) -> Bools:
    """Return (C,) true for the wanted class ids. Raises BlendkitError for unknown ones."""
    unknown = [f"{c!r}{did_you_mean(c, classes)}" for c in wanted if c not in classes]
    if unknown:
        raise BlendkitError(f"{where}: unknown classes", [shorten(unknown)])
    chosen = set(wanted)
    return np.array([c in chosen for c in classes])
