"""Names of classes in the words of others: which of the known names one is, by itself or by a synonym."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from blendkit.core import composed
from blendkit.errors import BlendkitError
from blendkit.io import read_text_file, separator_of
from blendkit.member.protocol import MemberContext

Synonyms = Mapping[str, tuple[str, ...]]  # the other names of each name, in lower case


def read_synonyms(path: Path | None) -> Synonyms:
    """Return the other names of each name, in lower case, from blendkit's own list and a user's CSV.

    A CSV has two names of one species per line. Raises BlendkitError naming the lines that have not.
    """
    pairs = list(csv.reader((files("blendkit.member") / "synonyms.csv").read_text(encoding="utf-8").splitlines()))
    if path is not None:
        text = read_text_file(path, "these synonyms")
        own = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text)))
        own = own[1:] if own and own[0][:1] == ["sep="] else own  # a line for spreadsheets
        bad = [f"line {i}: {','.join(row)}" for i, row in enumerate(own, 1) if row and len(row) != 2]
        if bad:
            raise BlendkitError(f"{path}: expected two names a line", bad[:5])
        pairs = [*own, *pairs]  # the first match counts: the user's
    found: dict[str, tuple[str, ...]] = {}
    for row in pairs:
        if len(row) == 2:
            one, other = (n.strip().lower() for n in row)
            found[one] = (*found.get(one, ()), other)
            found[other] = (*found.get(other, ()), one)
    return found


def first_known(names: Sequence[str], known: Container[str], synonyms: Synonyms) -> str | None:
    """Return the first of some names, and then of their synonyms, that is known; all in lower case."""
    others = (other for name in names for other in synonyms.get(name, ()))
    return next((name for name in (*names, *others) if name in known), None)


def classes_by_name(names: Iterable[str], context: MemberContext, synonyms: Path | None) -> dict[str, str]:
    """Return the run's class of each name that has one: by id, scientific or common name or synonym, ignoring case.

    `Scientific_Common`, as some tables of BirdNET say, is read by its first part. synonyms: a CSV of two names a line.
    """
    at = {c.lower(): c for c in context.classes}
    for c in context.classes:
        at.setdefault(context.taxonomy.scientific_name(c).lower() or c.lower(), c)
    for name, c in context.taxonomy.by_name().items():  # common names, where one class alone has them
        if c in context.classes:
            at.setdefault(name, c)
    others = read_synonyms(synonyms)
    found = {}
    for text in dict.fromkeys(names):
        plain = composed(text).lower()
        match = first_known([plain, plain.split("_")[0]], at, others)
        if match is not None:
            found[text] = at[match]
    return found
