"""One lazy table over the installed entry points: members and ops, built-in and third-party alike."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from blendkit.errors import BlendkitError, did_you_mean, shorten

MEMBERS = "blendkit.members"
OPS = "blendkit.ops"
GEO_MODELS = "blendkit.geo_models"
READERS = "blendkit.readers"
_LISTED = 20  # names in a message; a longer list hides the nearest one
_KIND = {MEMBERS: "member", OPS: "op", GEO_MODELS: "model of places", READERS: "format"}


@dataclass(frozen=True)
class Registry:
    """The entry points of one group; nothing is imported until `get`.

    `BLENDKIT_PLUGINS` (comma-separated distribution names) limits which packages' plugins are seen;
    blendkit's own are always there.
    """

    group: str
    entries: dict[str, tuple[EntryPoint, ...]]

    def names(self) -> list[str]:
        """Return the registered names, sorted."""
        return sorted(self.entries)

    def source(self, name: str) -> str:
        """Return `distribution version (module:attribute)` of a name's entry point."""
        return " and ".join(_describe(e) for e in self.entries[name])

    def distribution(self, name: str) -> str:
        """Return the normalised name of the package that registers a name, without its version."""
        return " and ".join(_normal(e.dist.name) if e.dist else "?" for e in self.entries[name])

    def loads(self, name: str) -> bool:
        """Return whether a name's object can be loaded."""
        try:
            self.get(name)
        except BlendkitError:
            return False
        return True

    def get(self, name: str) -> Any:
        """Load a name's object.

        Raises BlendkitError for an unknown name (with the nearest), a name two packages claim (both
        named), and a plugin that fails to import (with the package and the reason).
        """
        kind = _KIND.get(self.group, self.group)
        if name not in self.entries:
            raise BlendkitError(
                f"unknown {kind} {name!r}{did_you_mean(name, self.entries)}",
                [f"available: {shorten(self.names(), _LISTED)}"],
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
    allowed = os.environ.get("BLENDKIT_PLUGINS")
    names = None if allowed is None else {_normal(a) for a in allowed.split(",")} | {"blendkit"}
    table: dict[str, dict[str, EntryPoint]] = {}
    dist_name = cache(lambda dist: dist.name if dist else "?")  # a name is parsed out of all of a package's metadata
    for entry in entry_points(group=group):
        dist = dist_name(entry.dist)
        if names is None or _normal(dist) in names:
            table.setdefault(entry.name, {})[f"{dist}:{entry.value}"] = entry
    return Registry(group, {name: tuple(found.values()) for name, found in sorted(table.items())})


def _normal(distribution: str) -> str:
    """A distribution's name as packaging compares it: case, `-`, `_` and `.` do not matter."""
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def _describe(entry: EntryPoint) -> str:
    dist = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
    return f"{dist} ({entry.value})"
