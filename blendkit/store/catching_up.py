"""What other processes have added to an open store since the last look, without reading all of it again."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from blendkit.store.journal import JOURNALS, read_tail
from blendkit.store.manifest import Manifest

_LISTED_S = 30.0  # how long a list of journals is believed: a store of many parts is a long list of files


@dataclass
class CatchUp:
    """How far the journals of a store were read, and when they were listed.

    A journal that is not listed yet is missed for a while, and with it what its process has done: that may be done a
    second time, with the same bytes.
    """

    manifest: Manifest
    _read_to: dict[Path, int] = field(default_factory=dict)
    _listed_at: float = float("-inf")

    def look(self) -> None:
        """Take in the lines that others have added; where a store was packed meanwhile, all of it is read again.

        A line that is cut short is taken in once its rest is there.
        """
        if time.monotonic() - self._listed_at > _LISTED_S:
            self._listed_at = time.monotonic()
            self._read_to = {p: self._read_to.get(p, 0) for p in self.manifest.folder.glob(JOURNALS)}
        try:
            for path in sorted(self._read_to.keys() - {self.manifest.journal}):
                self._read(path)
        except FileNotFoundError:
            self._read_to, self._listed_at = {}, float("-inf")
            with suppress(FileNotFoundError):
                self.manifest.load()

    def _read(self, path: Path) -> None:
        if path.stat().st_size != self._read_to[path]:
            lines, self._read_to[path] = read_tail(path, self._read_to[path])
            self.manifest.take_in(lines, path)
