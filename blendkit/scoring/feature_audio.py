"""What features are made of: recordings as they are, or copies of them that are mixed with background audio."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from blendkit.audio import Grid, Prepared, Recording, groups, stated_seconds_of
from blendkit.scoring.background_mixing import BackgroundMix, DrawnCopy, draw_copies, prepare_mixed
from blendkit.scoring.cpus import cpu_count
from blendkit.scoring.decoding_ahead import Group, decoded_groups
from blendkit.scoring.recording_keys import recording_keys
from blendkit.store import FeatureStore, mix_facts


@dataclass(frozen=True)
class FeatureAudio:
    """Recordings to make features of.

    keys: what the features of each depend on beside the model; facts: what the store says of them from its beginning
    on; copies: the mixed ones by id.
    """

    recordings: list[Recording]
    keys: dict[str, str]
    grid: Grid
    facts: dict[str, Any] = field(default_factory=dict)
    copies: Mapping[str, DrawnCopy] = field(default_factory=dict)

    @classmethod
    def of(cls, recordings: list[Recording], grid: Grid, mix: BackgroundMix | None) -> FeatureAudio:
        """Return the recordings, or their mixed copies. Raises BlendkitError as `draw_copies` does."""
        keys = recording_keys(recordings, grid)
        if mix is None:
            return cls(recordings, keys, grid)
        drawn = draw_copies(recordings, mix)
        below = recording_keys(list({c.background.id: c.background for c in drawn}.values()), grid)
        own = {c.id: f"{keys[c.clip.id]}+{below[c.background.id]}@{c.db:g}dB,{c.at:g}" for c in drawn}
        copies = {c.id: c for c in drawn}
        facts = mix_facts(mix.db, mix.copies, mix.seed)
        return cls([replace(c.clip, id=c.id) for c in drawn], own, grid, facts, copies)

    def decoded(self, todo: Sequence[Recording], rate: int, store: FeatureStore) -> Generator[tuple[Prepared, ...]]:
        """Yield recordings in groups, decoded at a rate (Hz); say in the store what mixed copies are made of."""
        if not self.copies:
            numbered = enumerate(groups(todo))
            ahead = decoded_groups(lambda: _following(numbered, rate), self.keys, self.grid, cpu_count())
            with closing(ahead) as coming:
                for heard in coming:
                    yield heard.recordings
                    del heard
            return
        for group in groups(todo):
            batch, contents = prepare_mixed(group, rate, self.grid, self.copies)
            store.say_mixed({r.id: self.copies[r.id].record() for r in group}, contents)
            with batch.scratch:
                yield batch.recordings


def _following(numbered: Iterator[tuple[int, list[Recording]]], rate: int) -> Group | None:
    number, group = next(numbered, (0, []))
    return Group(number, group, [rate], sum(map(stated_seconds_of, group))) if group else None
