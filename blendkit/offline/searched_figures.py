"""Figures that a search has looked at: each is measured once, and a search that was stopped goes on from its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blendkit.core import json_value, text_hash
from blendkit.errors import BlendkitError
from blendkit.store import add_line, make_folder

_AT_ONCE = 50  # lines written together
Figures = tuple[float, ...]
_BEGINS = '{"about": "'  # every line: its keys are sorted


@dataclass(eq=False)
class Looks:
    """Figures of chains, one per set of cells; path: a file that gets a line for every look, None for memory alone.

    about: what the figures depend on beside the chain; lines about other data are left alone.
    """

    path: Path | None = None
    about: str = ""
    _known: dict[str, Figures] = field(default_factory=dict)
    _new: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what is known. Raises BlendkitError for a line that is no look, unless it was cut short."""
        if self.path is None or not self.path.exists():
            return
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                about, look, figures = _read(line)
            except (ValueError, KeyError, TypeError) as error:
                if line.startswith(_BEGINS) and not line.endswith("}"):
                    continue  # the process that wrote it was stopped
                ways = ["give a new file, or one that `--looks` of a search wrote; this one stays as it is"]
                raise BlendkitError(f"{self.path}:{number}: not a look of a search", ways) from error
            if about == self.about:
                self._known[look] = figures

    def __len__(self) -> int:
        return len(self._known)

    def get(self, chain: str, measure: Callable[[], Figures]) -> Figures:
        """Return the figures of a chain, measured if they are not known."""
        look = text_hash(chain)
        if look not in self._known:
            self._known[look] = found = measure()
            said = [None if f == float("-inf") else f for f in found]
            self._new.append({"look": look, "figures": said, "chain": chain})
            if len(self._new) >= _AT_ONCE:
                self.flush()
        return self._known[look]

    def flush(self) -> None:
        """Write what is not written yet."""
        if self.path is not None and self._new:
            make_folder(self.path.parent)
            add_line(self.path, "\n".join(json.dumps({"about": self.about, **n}, sort_keys=True) for n in self._new))
        self._new.clear()


def _read(line: str) -> tuple[str, str, Figures]:
    """Return what a line's figures are about, whose they are, and the figures."""
    one = json_value(line)
    about, look, figures = one["about"], one["look"], one["figures"]
    if not isinstance(about, str) or not isinstance(look, str) or not isinstance(figures, list) or "chain" not in one:
        raise TypeError("a look is known by texts")
    return about, look, tuple(float("-inf") if f is None else float(f) for f in figures)
