"""Deployments: which recorder stood where, as a table of its user says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

DeploymentKey = Literal["recording", "folder", "prefix"]


@dataclass(frozen=True)
class Deployment:
    """One line of a table. key: a recording id, a folder or the start of names; tz: its time zone, if stated.

    latitude and longitude are in degrees, None where they are not stated.
    """

    key: str
    site: str
    tz: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class Deployments:
    """A table of deployments, by recording, folder or prefix. source: its file, for messages."""

    source: str
    by: DeploymentKey
    lines: tuple[Deployment, ...]

    @cached_property
    def _by_key(self) -> dict[str, Deployment]:
        return {d.key: d for d in self.lines}

    def of(self, recording: str) -> Deployment | None:
        """Return the line of a recording: that of its id, its nearest folder, or its longest prefix; None without one.

        A prefix is one of the whole id or of the file's name, and ends where a word ends: SM1 is no prefix of SM10_x.
        """
        return next((self._by_key[k] for k in self._keys(recording) if k in self._by_key), None)

    def _keys(self, recording: str) -> Iterator[str]:
        """Yield the keys that would stand for a recording, the narrowest first."""
        if self.by == "recording":
            yield recording
        elif self.by == "folder":
            parts = recording.split("/")
            yield from ("/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
        else:
            names = dict.fromkeys((recording, recording.rpartition("/")[2]))
            yield from (t[:n] for t in names for n in range(len(t), 0, -1) if _ends_word(t, n))


def _ends_word(text: str, n: int) -> bool:
    """Return whether text[:n] ends at the end of a word."""
    return n == len(text) or not (text[n - 1].isalnum() and text[n].isalnum())
