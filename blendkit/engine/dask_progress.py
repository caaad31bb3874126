"""How far a scoring on many workers is: the events of a scoring on one machine, from the words of the workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from blendkit.events import Emit
from blendkit.scoring import AudioMember, GroupDone, to_do


@dataclass
class Tally:
    """What came back so far: per member the recordings that it has scored, and what all of them cost."""

    members: Sequence[AudioMember]
    recordings: Sequence[str]
    emit: Emit
    decode_s: float = 0.0
    resample_s: float = 0.0
    threads: int | None = None
    _lacking: dict[str, int] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _since: float = 0.0

    def begin(self) -> None:
        """Say how many recordings there are, and how many no store knows; the workers see whether files changed."""
        lacks = {m.name: set(self.recordings) - set(m.store.recordings() if m.store else ()) for m in self.members}
        self._lacking = {n: len(found) for n, found in lacks.items()}
        self._since = time.monotonic()
        self.emit("scoring", to_do(len(self.recordings), len(set().union(*lacks.values()))))

    def note(self, done: GroupDone) -> None:
        """Count a group that lies in the stores."""
        for name, notes in done.notes.items():
            if name not in self._said:  # every worker builds the member, and has the same to say
                self._said.add(name)
                self.emit("member", {"name": name, "notes": notes})
        self.decode_s += done.decode_s
        self.resample_s += done.resample_s
        self.threads = done.threads
        if done.scored:
            self.emit("scored", {"recordings": list(done.scored), "status": list(done.scored.values())})
        for m in (m for m in self.members if m.name in done.spent):
            scored, seconds, inference_s, audio_s = done.spent[m.name]
            m.scored, m.seconds = m.scored + scored, m.seconds + seconds
            m.inference_s, m.audio_s = m.inference_s + inference_s, m.audio_s + audio_s
            self._tell(m)

    def _tell(self, member: AudioMember) -> None:
        of = max(self._lacking[member.name], member.scored)
        each_s = max(time.monotonic() - self._since, 1e-6) / max(member.scored, 1)
        told = {"done": member.scored, "of": of, "per_s": 1 / each_s, "left_s": (of - member.scored) * each_s}
        self.emit("progress", {"name": member.name, **told})
