"""Ids and names of classes as programs change them: `22961.0` of pandas, `X22961` of R, other capitals and blanks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff]")  # letters without a width
_OF_R = re.compile(r"^x(?=\d)")  # make.names puts it before a digit


def plain_spelling(name: str) -> str:
    """Return a name as the eye reads it: in lower case, one blank between words, nothing that has no width."""
    return " ".join(_UNSEEN.sub("", name).split()).lower()


def changed_ids(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return {name: id} of names that are not among the known ids, but one of these as a program writes it.

    No id stands for two names, and no name for two ids.
    """
    ids: dict[str, set[str]] = {}
    for k in known:
        ids.setdefault(plain_spelling(k), set()).add(k)
    found: dict[str, list[str]] = {}
    taken = set(names := list(names)) & set(known)
    for name in names:
        if name in taken:
            continue
        plain = plain_spelling(name)
        forms = (plain, plain.removesuffix(".0"), _OF_R.sub("", plain, count=1))
        own = next((ids[f] for f in forms if f in ids), set())
        if len(own) == 1 and not own & taken:
            found.setdefault(next(iter(own)), []).append(name)
    return {own[0]: k for k, own in found.items() if len(own) == 1}
