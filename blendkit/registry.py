"""One lazy table over the installed entry points: members and ops, built-in and third-party alike."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from blendkit.errors import BlendkitError, did_you_mean, shorten

MEMBERS = "blendkit.members"
OPS = "blendkit.ops"
GEO_MODELS = "blendkit.geo_models"
READERS = "blendkit.readers"
WRITERS = "blendkit.writers"
ALLOWED = "BLENDKIT_PLUGINS"
_LISTED = 20  # names in a message; a longer list hides the nearest one
_KIND = {MEMBERS: "member", OPS: "op", GEO_MODELS: "model of places", READERS: "format", WRITERS: "format to write"}


@dataclass(frozen=True)
class Registry:
    """The entry points of one group; nothing is imported until `get`.

    `BLENDKIT_PLUGINS` (comma-separated names of distributions or entry points) limits which plugins may be loaded:
    the others are in `blocked`. Without it all may, and blendkit's own always.
    """

    group: str
    entries: dict[str, tuple[EntryPoint, ...]]
    blocked: dict[str, tuple[EntryPoint, ...]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the registered names, sorted."""
        return sorted(self.entries)

    def source(self, name: str) -> str:
        """Return `distribution version (module:attribute)` of a name's entry point."""
        return " and ".join(_describe(e) for e in self.entries[name])

    def distribution(self, name: str) -> str:
        """Return the normalised name of the package that registers a name, without its version."""
        return " and ".join(_normal(e.dist.name) if e.dist else "?" for e in self.entries[name])

    def blocked_lines(self) -> list[str]:
        """Return a line for every name that `BLENDKIT_PLUGINS` does not allow, sorted: `loudness of owls 1.2 (...)`."""
        return [f"{n} of {_describe(e)}" for n, found in sorted(self.blocked.items()) for e in found]

    def loads(self, name: str) -> bool:
        """Return whether a name's object can be loaded."""
        try:
            self.get(name)
        except BlendkitError:
            return False
        return True

    def get(self, name: str) -> Any:
        """Load a name's object.

        Raises BlendkitError for an unknown name (with the nearest), a name that `BLENDKIT_PLUGINS` blocks, a name two
        packages claim (both named), and a plugin that fails to import (with the package and the reason).
        """
        kind = _KIND.get(self.group, self.group)
        if name not in self.entries and name in self.blocked:
            raise BlendkitError(
                f"{kind} {name!r} is blocked: {ALLOWED} does not name it",
                [*map(_describe, self.blocked[name]), f"if you trust it, add {name} or its package to {ALLOWED}"],
            )
        if name not in self.entries:
            raise BlendkitError(
                f"unknown {kind} {name!r}{did_you_mean(name, self.entries)}",
                [
                    f"available: {shorten(self.names(), _LISTED)}",
                    *([f"blocked by {ALLOWED}: {shorten(self.blocked_lines())}"] if self.blocked else []),
                ],
            )
        found = self.entries[name]
        if len(found) > 1:
            raise BlendkitError(
                f"{kind} {name!r} is claimed by {len(found)} packages",
                [*map(_describe, found), "uninstall one of them"],
            )
        try:
            return found[0].load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise BlendkitError(f"{kind} {name!r} cannot be loaded from {_describe(found[0])}", [reason]) from error


@cache
def registry(group: str) -> Registry:
    """Return the table of a group, scanned once per process."""
    allowed = os.environ.get(ALLOWED)
    names = None if allowed is None else {a.strip() for a in allowed.split(",")}
    table: dict[str, dict[str, EntryPoint]] = {}
    blocked: dict[str, dict[str, EntryPoint]] = {}
    dist_name = cache(lambda dist: dist.name if dist else "?")  # a name is parsed out of all of a package's metadata
    for entry in entry_points(group=group):
        dist = dist_name(entry.dist)
        into = table if names is None or _is_allowed(entry.name, dist, names) else blocked
        into.setdefault(entry.name, {})[f"{dist}:{entry.value}"] = entry
    return Registry(group, _sorted(table), _sorted(blocked))


def _is_allowed(entry: str, dist: str, names: Collection[str]) -> bool:
    return entry in names or _normal(dist) in {"blendkit", *map(_normal, names)}


def _sorted(table: dict[str, dict[str, EntryPoint]]) -> dict[str, tuple[EntryPoint, ...]]:
    return {name: tuple(found.values()) for name, found in sorted(table.items())}


def _normal(distribution: str) -> str:
    """A distribution's name as packaging compares it: case, `-`, `_` and `.` do not matter."""
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def _describe(entry: EntryPoint) -> str:
    # without the commit of a build between two releases, which would fill a column
    dist = f"{entry.dist.name} {entry.dist.version.partition('+')[0]}" if entry.dist else "an unknown package"
    return f"{dist} ({entry.value})"
