"""Shards: a job over many recordings, dealt out to several processes or machines by the recordings' ids alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from blendkit.core import text_hash
from blendkit.errors import BlendkitError


@dataclass(frozen=True)
class Shard:
    """Share `number` (from 1) of `of`. Which recordings it holds depends on their ids, not on what else there is."""

    number: int
    of: int

    def __post_init__(self) -> None:
        """Raise ValueError unless 1 <= number <= of."""
        if self.of < 1:
            raise ValueError(f"shard {self.number} of {self.of}: expected 1 share or more")
        if not 1 <= self.number <= self.of:
            raise ValueError(f"shard {self.number} of {self.of}: expected a number from 1 to {self.of}")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `i/n`. Raises ValueError for anything else."""
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
        if not found:
            raise ValueError(f"expected I/N, such as 2/8, got {text!r}")
        return cls(int(found[1]), int(found[2]))

    def holds(self, recording: str) -> bool:
        """Return whether a recording, by its id, belongs to this share."""
        return int(text_hash(recording)[:12], 16) % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def as_shard(value: Shard | str) -> Shard:
    """Return a shard, also of its text `i/n`. Raises BlendkitError for anything else."""
    if isinstance(value, Shard):
        return value
    try:
        return Shard.parse(str(value))
    except ValueError as error:
        raise BlendkitError(f"shard: {error}") from error
