"""Whether it is a member that is broken, or the recordings on which it fails."""

from __future__ import annotations

import re
import tempfile
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

from blendkit.audio import Grid, Prepared, Recording, prepare_group
from blendkit.errors import BlendkitError, shorten
from blendkit.member import ALL_LOST, FileMember, Lost, Member
from blendkit.scoring.isolation import FAILED, Score, score_surviving
from blendkit.store import LogitStore

_ENOUGH = 8  # failures, and nothing else, before a member is tried on silence
_SILENCE_HZ = 32000


def check_some_scored(name: str, store: LogitStore) -> None:
    """Raise BlendkitError if a member failed on every recording that has audio: then nothing of it is of use."""
    heard, failed = _heard(store)
    if failed and len(failed) == heard:
        listed = [f"{r}: {why}" for r, why in failed.items()]
        raise BlendkitError(f"member {name!r} failed on all of {len(failed)} recordings", [shorten(listed, 3)])


def looks_broken(store: LogitStore) -> bool:
    """Return whether a member failed on several recordings, always for one reason, and scored none so far.

    Only a trial on silence tells whether it is the member or these recordings. Names and numbers in a reason do not
    count.
    """
    heard, failed = _heard(store)
    alike = {re.sub(r"\d+", "#", why.replace(r, "").replace(Path(r).name, "")) for r, why in failed.items()}
    return len(failed) == heard >= _ENOUGH and len(alike) == 1


def check_on_silence(name: str, member: Member | FileMember, score: Score, grid: Grid, limit_s: float | None) -> None:
    """Raise BlendkitError if a member that failed on several recordings also fails on two chunks of silence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "silence.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_SILENCE_HZ)
            # not of zeros: windows of digital silence may not reach the member
            file.writeframes(b"\x01\x00\x00\x00" * round(grid.chunk_s * _SILENCE_HZ))
        rates = [member.info.rate] if isinstance(member, Member) else []
        batch = prepare_group([Recording("silence", path)], rates, grid)
        with batch.scratch:
            _, failed = score_surviving(member, score, batch.recordings, limit_s)
    if failed:
        ways = ["it fails on silence, too, so that the recordings are not the reason"]
        raise BlendkitError(
            f"member {name!r} is broken: it failed on {_ENOUGH} recordings or more", [*failed.values(), *ways]
        )


def _heard(store: LogitStore) -> tuple[int, dict[str, str]]:
    """Return how many recordings with audio a store knows, and why the member failed on which of them."""
    heard = {r: s for r, s in store.recordings().items() if s.chunks}
    return len(heard), {r: s.note for r, s in heard.items() if s.status == FAILED}


def check_finite(name: str, store: LogitStore, prepared: Sequence[Prepared], lost: Mapping[str, Lost]) -> None:
    """Raise BlendkitError for a member that gave no finite value for sound, in this group or before.

    After a finite value it is the recordings that are odd: they hold what stands in.
    """
    sound = {p.recording for p in prepared if p.chunks and p.status not in ("silent", "unreadable")}
    if sound and all(r in lost and lost[r].everything for r in sound) and not _gave_finite(store):
        names = shorten(sorted(sound))
        reason = f"gave NaN or infinite values for every window of recordings that hold sound: {names}"
        raise BlendkitError(f"member {name!r}: {reason}")


def _gave_finite(store: LogitStore) -> bool:
    kept = store.recordings().values()
    return any(s.chunks and s.status not in ("silent", "unreadable", FAILED) and ALL_LOST not in s.note for s in kept)
