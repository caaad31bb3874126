"""What members learned from, asked before they score anything."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from blendkit.core import Saw, as_saw
from blendkit.scoring.audio_members import AudioMember
from blendkit.scoring.isolated_failures import closing_workers


def saw_of_members(members: Sequence[AudioMember]) -> dict[str, Saw]:
    """Return what every audio member was fitted on: its store says it, or the model, which is built for that."""
    found = {}
    for m in members:
        if m.store is not None:
            found[m.name] = m.store.saw
            continue
        with ExitStack() as ending:
            made = m.build()
            ending.enter_context(closing_workers([made]))
            found[m.name] = as_saw(made.info.saw)
    return found
