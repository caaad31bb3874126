"""Class maps: which column of a model belongs to which class of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Int64
from blendkit.errors import BlendkitError, shorten
from blendkit.member.class_file import ClassBy
from blendkit.member.names_by_synonym import first_known, read_synonyms
from blendkit.member.protocol import MemberContext

Proxies = Literal["none", "genus"]
_KINDS: dict[ClassBy, str] = {
    "id": "id",
    "scientific_name": "scientific name",
    "ebird": "eBird code",
    "common_name": "common name",
}
Columns = Int64
F = TypeVar("F", np.float32, np.float64)


@dataclass(frozen=True)
class ClassMap:
    """The run's classes, the model's column for each (-1: none), and how many columns the model has.

    borrowed: for a class without a column of its own, the columns of its relatives: it gets their maximum.
    """

    classes: tuple[str, ...]
    columns: Columns
    width: int
    note: str
    borrowed: Mapping[int, Columns] = field(default_factory=dict)

    @property
    def covered(self) -> tuple[bool, ...]:
        """Which classes the model really scores, itself or through relatives."""
        return tuple(bool(c >= 0) or i in self.borrowed for i, c in enumerate(self.columns))

    @property
    def used(self) -> Columns:
        """The model's columns that the classes need, in ascending order."""
        return np.unique(np.concatenate([self.columns[self.columns >= 0], *self.borrowed.values()]))

    def narrowed(self) -> ClassMap:
        """Return the map onto a model that gives only the used columns."""
        used = self.used
        columns = np.where(self.columns >= 0, np.searchsorted(used, self.columns), -1)
        borrowed = {i: np.searchsorted(used, c) for i, c in self.borrowed.items()}
        return ClassMap(self.classes, columns, len(used), self.note, borrowed)

    def place(self, values: NDArray[F]) -> NDArray[F]:
        """Return the run's scores (B, C) from the model's (B, L); classes without a column hold 0.

        Raises BlendkitError if the model gives another number of columns than its class list has.
        """
        if values.ndim != 2 or values.shape[1] != self.width:
            raise BlendkitError(f"the model gave scores of shape {values.shape}, its class list has {self.width}")
        out: NDArray[F] = np.where(self.columns >= 0, values[:, np.maximum(self.columns, 0)], values.dtype.type(0))
        for i, relatives in self.borrowed.items():
            out[:, i] = values[:, relatives].max(axis=1)
        return out


def by_id(name: str, labels: Sequence[str], context: MemberContext) -> ClassMap:
    """Match class ids exactly; if the run has no classes of its own, the model's are used."""
    classes = context.classes or tuple(labels)
    at = {label: i for i, label in enumerate(labels)}
    columns = np.array([at.get(c, -1) for c in classes], np.int64)
    return _mapped(name, classes, columns, labels)


def by_scientific_name(
    name: str,
    labels: Sequence[str],
    context: MemberContext,
    *,
    synonyms: Path | None = None,
    proxies: Proxies = "none",
) -> ClassMap:
    """Match by scientific name, ignoring case, then by synonym; a class without a name in the taxonomy by its id.

    synonyms: a CSV of two names a line, used beside blendkit's own list. proxies: with `genus`, a species
    without a column gets the maximum of its genus; sound types, whose first word is not a genus, do not.
    """
    return match_classes(name, labels, "scientific_name", context, synonyms=synonyms, proxies=proxies)


def by_name_or_id(name: str, labels: Sequence[str], context: MemberContext) -> ClassMap:
    """Match each class by its id, letter for letter, or else by scientific name and synonym as `by_scientific_name`.

    An id is the surer match, so it comes first; a list may mix both. Raises BlendkitError if no class matches.
    """
    if not context.classes or not set(context.classes).isdisjoint(labels):
        own = by_id(name, labels, context)
        rest = own.columns < 0
        if not rest.any():
            return own
        named = [w if r else "" for w, r in zip(_wanted("scientific_name", context), rest, strict=True)]
        columns, renamed = _named_columns(name, labels, named)
        return _mapped(name, context.classes, np.where(rest, columns, own.columns), labels, renamed)
    return by_scientific_name(name, labels, context)


def match_classes(
    name: str,
    labels: Sequence[str],
    by: ClassBy,
    context: MemberContext,
    *,
    synonyms: Path | None = None,
    proxies: Proxies = "none",
) -> ClassMap:
    """Match the run's classes with a model's labels: ids exactly, names and codes ignoring case, then by synonym.

    The taxonomy gives each class its names; a class without one is looked up by its id, which may be a name.
    synonyms and proxies as in `by_scientific_name`; proxies need scientific names. Raises BlendkitError if no class
    matches, and says by what kind of name some would.
    """
    if proxies != "none" and by != "scientific_name":
        raise BlendkitError(f"{name}: `proxies: {proxies}` needs `class_by: scientific_name`, got {by}")
    if not context.classes:
        if not all(labels):
            ways = ["give the run its classes with a taxonomy, or choose another `class_by:`"]
            raise BlendkitError(f"{name}: {sum(not n for n in labels)} of its classes have no {_KINDS[by]}", ways)
        return by_id(name, labels, context)
    if by == "id":
        if set(context.classes).isdisjoint(labels):
            raise _none_matches(name, labels, context, by)
        return by_id(name, labels, context)
    wanted = _wanted(by, context)
    columns, renamed = _named_columns(name, labels, wanted, synonyms)
    borrowed = _relatives(labels, context, columns) if proxies == "genus" else {}
    if not borrowed and (columns < 0).all():
        raise _none_matches(name, labels, context, by)
    return _mapped(name, context.classes, columns, labels, renamed, borrowed)


def _named_columns(
    name: str, labels: Sequence[str], wanted: Sequence[str], synonyms: Path | None = None
) -> tuple[Columns, dict[int, str]]:
    """Return the column of every wanted name (-1: none; "" wants none), and the labels that are synonyms of theirs."""
    at, others = _places(name, labels, wanted), read_synonyms(synonyms)
    columns = np.full(len(wanted), -1, np.int64)
    renamed = {}
    for i, own in enumerate(wanted):
        found = first_known([own], at, others)
        if found is not None:
            columns[i] = at[found]
            if found != own:
                renamed[i] = labels[at[found]]
    return columns, renamed


def _places(name: str, labels: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Return {label in lower case: its column}. Raises BlendkitError if a wanted one stands for two columns."""
    at = {label.lower(): i for i, label in enumerate(labels) if label}
    asked = set(wanted)
    twice = [lab for lab in labels if lab and lab.lower() in asked and labels[at[lab.lower()]] != lab]
    if twice:
        raise BlendkitError(f"{name}: several of its classes have one name but for its letter case", [shorten(twice)])
    return at


def _wanted(by: ClassBy, context: MemberContext) -> list[str]:
    """Return what each class of the run is called in that kind of name, in lower case unless it is an id.

    A class without such a name is called by its id, which may be one.
    """
    if by == "id":
        return list(context.classes)
    of = context.taxonomy
    read = {"scientific_name": of.scientific_name, "ebird": of.ebird_code, "common_name": of.common_name}[by]
    return [(read(c) or c).lower() for c in context.classes]


def names_in_common(labels: Sequence[str], context: MemberContext) -> dict[ClassBy, int]:
    """Return how many of the run's classes are among the labels, by the kinds of name by which any is."""
    lower = {n.lower() for n in labels}
    counts = {kind: sum(w.lower() in lower for w in _wanted(kind, context) if w) for kind in _KINDS}
    return {kind: n for kind, n in counts.items() if n}


def _none_matches(name: str, labels: Sequence[str], context: MemberContext, by: ClassBy) -> BlendkitError:
    """Return the error for a list of which no class is one of the run's, with the kinds by which some are."""
    ways = [
        f"{n} are the same by `class_by: {kind}`" for kind, n in names_in_common(labels, context).items() if kind != by
    ]
    if by != "id" and _wanted(by, context) == [c.lower() for c in context.classes]:
        ways.append(f"they are matched by {_KINDS[by]}, which a taxonomy gives (`taxonomy:`, --taxonomy): none does")
    return BlendkitError(
        f"{name}: none of its {len(labels)} classes is one of the run's {len(context.classes)}",
        [f"model: {shorten(labels)}", f"run: {shorten(context.classes)}", *ways],
    )


def _relatives(labels: Sequence[str], context: MemberContext, columns: Columns) -> dict[int, Columns]:
    """Return, for every class without a column, the columns of its genus."""
    genera: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        if " " in label:  # a name of one word is not a species
            genera.setdefault(label.split()[0].lower(), []).append(i)
    found = {}
    for i in np.flatnonzero(columns < 0).tolist():
        genus = context.taxonomy.group_of(context.classes[i], "genus").lower()
        if genus in genera:
            found[i] = np.array(genera[genus], np.int64)
    return found


def _mapped(
    name: str,
    classes: Sequence[str],
    columns: Columns,
    labels: Sequence[str],
    renamed: Mapping[int, str] | None = None,
    borrowed: Mapping[int, Columns] | None = None,
) -> ClassMap:
    renamed, borrowed = renamed or {}, borrowed or {}
    missing = [c for i, c in enumerate(classes) if columns[i] < 0 and i not in borrowed]
    if len(missing) == len(classes):
        raise BlendkitError(
            f"{name}: none of its {len(labels)} classes is one of the run's {len(classes)}",
            [f"model: {shorten(labels)}", f"run: {shorten(classes)}"],
        )
    matched = int((columns >= 0).sum())
    note = f"{matched} of {len(classes)} classes matched"
    note += f", among its {len(labels)}" if len(labels) > matched else ""
    if renamed:
        note += f"; {len(renamed)} by synonym: {shorten([f'{classes[i]} as {n}' for i, n in renamed.items()])}"
    if borrowed:
        sources = [f"{classes[i]} from {len(c)}" for i, c in borrowed.items()]
        note += f"; {len(borrowed)} by the highest of their genus: {shorten(sources)}"
    if missing:
        note += f"; without a column: {shorten(missing)}"
    return ClassMap(tuple(classes), columns, len(labels), note, borrowed)
