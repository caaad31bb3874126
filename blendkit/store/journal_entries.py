"""What a store says of each recording and of each part, as its journals and its index hold it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blendkit.core import content_texts

PART = re.compile(r"part-[0-9a-f]{16}\.parquet")
MOST_CHUNKS = 1 << 31  # of a recording
_AGAIN = "again: "
_OBJECTS = ("content", "mix")


def key_to_score_again(key: str, why: str) -> str:
    """Return the key of a recording that the next run scores again: no file has it."""
    return f"{_AGAIN}{why}: {key}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A store's entry for one recording: the hash of its file, its number of chunks, its status and its content.

    content: of its audio, as JSON has it; None where there is nothing to compare. mix: what a mixed copy is made of.
    """

    key: str
    chunks: int
    status: str
    note: str
    duration_s: float
    content: Mapping[str, str] | None = None
    mix: Mapping[str, Any] | None = None

    @property
    def is_final(self) -> bool:
        """Whether this is what the member says of the recording: else the next run scores it again."""
        return not self.key.startswith(_AGAIN)

    def to_json(self) -> dict[str, Any]:
        """Return a form that JSON can hold, without what is not known."""
        known = {k: v for k in _OBJECTS if (v := getattr(self, k)) is not None}
        return {"key": self.key, "chunks": self.chunks, "status": self.status, "note": self.note,
                "duration_s": self.duration_s, **known}  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Stored:
        """Read what `to_json` made. Raises TypeError or ValueError for anything else."""
        found = cls(**value)
        counted = type(found.chunks) is int and 0 <= found.chunks < MOST_CHUNKS
        if not counted or not type(found.key) is type(found.status) is type(found.note) is str:
            raise ValueError("an entry has a key, a status and a note, and a number of chunks")
        if type(found.duration_s) not in (int, float) or not 0 <= found.duration_s < math.inf:
            raise ValueError(f"a duration is a number of seconds, got {found.duration_s!r}")
        if found.mix is not None and not isinstance(found.mix, Mapping):
            raise ValueError("a content and a mix are objects")
        if found.content is not None:
            content_texts(found.content)
        return found


@dataclass(frozen=True)
class StoredPart:
    """A part's file: its hash and size in bytes, and the time of its last change when its hash was last right.

    changed_ns: None where nobody has looked yet.
    """

    name: str
    sha256: str
    size: int
    changed_ns: int | None = None

    def __post_init__(self) -> None:
        """Refuse any name that leads elsewhere: files of a part are read, and removed when others replace them."""
        if not isinstance(self.name, str) or not PART.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a part")
        if not isinstance(self.sha256, str) or type(self.size) is not int:
            raise ValueError(f"{self.name}: a part has a hash and a size")
