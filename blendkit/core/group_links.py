"""Groups that share something, joined into one."""

from __future__ import annotations

from collections.abc import Iterable


def linked_groups(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return {group: the first name, in text order, of all groups that links join it with}, for groups in a link."""
    first: dict[str, str] = {}

    def of(group: str) -> str:
        while first.setdefault(group, group) != group:
            group = first[group]
        return group

    for a, b in links:
        one, other = sorted((of(a), of(b)))
        first[other] = one
    return {g: of(g) for g in list(first)}
