"""Classes and their relatives: ids, scientific names, genus, family, order and class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from blendkit.core.arrays import Int64
from blendkit.core.changed_ids import plain_spelling
from blendkit.errors import BlendkitError, shorten

Level = Literal["genus", "family", "order", "class_name"]
Sonotypes = Literal["group", "skip"]
TAXA = frozenset({"Amphibia", "Aves", "Insecta", "Mammalia", "Reptilia"})  # a recipe may name them where none occurs
LEVELS: tuple[Level, ...] = ("genus", "family", "order", "class_name")  # fine to coarse
_CITED = re.compile(r"([A-Z][a-z-]+ [a-z-]+(?: [a-z-]+)?) \(?[A-Z][^\d_]*, ?\d{4}\)?")  # `Guyalna cuta Walker, 1850`
_TWO_NAMES = re.compile(r"([^_]+)_([^_]+)|(.+?) \((.+)\)")
_SONOTYPE = re.compile(r"(?<![A-Za-z])son\d+$")


@dataclass(frozen=True)
class Taxonomy:
    """The scientific_name, family, order and class_name of each class id ("" if unknown).

    Where the tables have them, also its common_name and ebird_code. reports_as: {code: code} of eBird's REPORT_AS,
    from forms and groups of subspecies to their species.
    """

    table: Mapping[str, Mapping[str, str]]
    reports_as: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class ids, in the order of the file."""
        return tuple(self.table)

    def scientific_name(self, class_id: str) -> str:
        """Return the scientific name of a class, or an empty string."""
        return self.table.get(class_id, {}).get("scientific_name", "")

    def common_name(self, class_id: str) -> str:
        """Return the common name of a class, or an empty string."""
        return self.table.get(class_id, {}).get("common_name", "")

    def ebird_code(self, class_id: str) -> str:
        """Return the eBird code of a class; where no table has one, its id, which may be that code."""
        return self.table.get(class_id, {}).get("ebird_code", "") or class_id

    def by_name(self) -> dict[str, str]:
        """Return {name in lower case: class id} of the scientific, common and eBird names that one class alone has."""
        found: dict[str, set[str]] = {}
        for c in self.classes:
            for name in {self.scientific_name(c), self.common_name(c), self.table[c].get("ebird_code", "")} - {""}:
                found.setdefault(plain_spelling(name), set()).add(c)
        return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}

    def ids_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return {name: class id} of those that are no ids, but names that one class alone has, in any letter case.

        So are two names of one class together, as `Scientific name_Common name` and `Common name (Scientific name)`,
        names whose blanks are `_` or `.`, and scientific names with their author and year.
        """
        by_name, found = self.by_name(), dict[str, str]()
        for name in names:
            if name in self.table:
                continue
            plain = plain_spelling(name)
            two, cited = _TWO_NAMES.fullmatch(plain), _CITED.fullmatch(name.strip())
            blanks = (plain, plain.replace("_", " "), plain.replace(".", " "))  # R's make.names
            forms = (*blanks, cited[1].lower() if cited else "")
            whole = next((by_name[f] for f in forms if f in by_name), None)
            parts = {by_name.get(p) for p in two.groups() if p} if two else set()
            known = {whole} if whole else parts - {None}
            if len(known) == 1:
                found[name] = str(known.pop())
        return found

    def ebird_hints(self, names: Iterable[str], classes: Iterable[str]) -> list[str]:
        """Say, for names that are no classes, which classes eBird's REPORT_AS ties them to; others have no line.

        A form is reported as its species. In the table of an earlier year a species that was split since has forms
        that are species now: these may be what a retired code has become.
        """
        ids = set(classes)
        hints = []
        for name in names:
            species = self.reports_as.get(name, "")
            forms = sorted(c for c, of in self.reports_as.items() if of == name and c in ids)
            if species in ids:
                hints.append(f"eBird reports {name!r} as {species!r}")
            elif forms:
                hints.append(f"eBird reported {shorten(map(repr, forms))} as {name!r}, which may have been split")
        return hints

    def as_ids(
        self, columns: Sequence[str], wanted: Container[str] | None = None, *, source: str = "scores"
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the ids of columns (C,), and a note if any is a name: one of a class whose id is no column itself.

        wanted: the ids that may be given (None: all). Raises BlendkitError if two columns are names of one class.
        """
        ids = self.ids_of(columns)
        new = {c: i for c, i in ids.items() if i not in columns and (wanted is None or i in wanted)}
        found: dict[str, list[str]] = {}
        for c, i in new.items():
            found.setdefault(i, []).append(c)
        several = [f"{' and '.join(map(repr, own))} are {i}" for i, own in found.items() if len(own) > 1]
        if several:
            raise BlendkitError(f"{source}: several columns are names of one class: leave one", [shorten(several)])
        note = f"{len(new)} columns are names of classes, not ids, and are read as these: {shorten(new)}"
        return tuple(new.get(c, c) for c in columns), (note,) if new else ()

    def is_sonotype(self, class_id: str) -> bool:
        """True for sound types without a species, named like `Insect son01`."""
        return bool(_SONOTYPE.search(self.scientific_name(class_id)) or _SONOTYPE.search(class_id))

    def group_of(self, class_id: str, level: Level, sonotypes: Sonotypes = "skip") -> str:
        """Return the name of the class's group at a level, or "" where it has none.

        The genus is the first word of the scientific name. For sonotypes that word is not a genus:
        `skip` gives them no genus, `group` uses the word as their genus (as public notebooks do).
        """
        if level != "genus":
            return self.table.get(class_id, {}).get(level, "")
        if sonotypes == "skip" and self.is_sonotype(class_id):
            return ""
        words = self.scientific_name(class_id).split()
        return words[0] if words else ""

    def groups(self, classes: Sequence[str], level: Level, sonotypes: Sonotypes = "skip") -> Int64:
        """Return (C,) group numbers at a level, -1 for classes without a group or alone in it."""
        names = [self.group_of(c, level, sonotypes) for c in classes]
        shared = sorted(n for n, size in Counter(names).items() if n and size > 1)
        number = {n: i for i, n in enumerate(shared)}
        return np.array([number.get(n, -1) for n in names], np.int64)

    def sizes(self, classes: Sequence[str], level: Level, sonotypes: Sonotypes = "skip") -> dict[str, int]:
        """Return the number of classes in each group of two or more."""
        names = [self.group_of(c, level, sonotypes) for c in classes]
        return {n: size for n, size in sorted(Counter(names).items()) if n and size > 1}
