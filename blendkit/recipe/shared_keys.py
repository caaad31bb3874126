"""Keys that members share: `defaults:` of a recipe, by what the members use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blendkit.errors import did_you_mean

OWN = ("use", "steps")  # keys that every member must give itself


def with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """Return raw recipe data in which every member has the keys that `defaults:` gives to its `use`.

    A key that a member gives itself stays. Data of a wrong shape is returned as it is: the schema says what is wrong.
    """
    given, members = data.get("defaults"), data.get("members")
    if not isinstance(given, dict) or not isinstance(members, dict):
        return data
    return {
        **data,
        "members": {n: {**_shared(given, m), **m} if isinstance(m, dict) else m for n, m in members.items()},
    }


def _shared(given: Mapping[str, Any], member: Mapping[str, Any]) -> dict[str, Any]:
    use = member.get("use")
    own = given.get(use) if isinstance(use, str) else None
    return dict(own) if isinstance(own, dict) else {}


def default_problems(data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Return (key path, problem) for every default that no member can take."""
    given, members = data.get("defaults"), data.get("members")
    if not isinstance(given, dict) or not isinstance(members, dict):
        return []
    used = sorted({str(m["use"]) for m in members.values() if isinstance(m, dict) and "use" in m})
    unused = [u for u in given if u not in used]
    form = f"; write `defaults: {{{next(iter(used), 'table')}: {{...}}}}`, the keys of one `use` below its name"
    problems: list[tuple[tuple[str, ...], str]] = [
        (("defaults", str(u)), f"no member has `use: {u}`{did_you_mean(u, used)}; used: {', '.join(used) or 'none'}"
         + ("" if isinstance(given[u], dict) else form))
        for u in unused
    ]  # fmt: skip
    for use, keys in given.items():
        listed = keys if isinstance(keys, dict) else {}
        problems += [
            (("defaults", str(use), k), f"{k!r} cannot be shared: write it in each member") for k in OWN if k in listed
        ]
    return problems
