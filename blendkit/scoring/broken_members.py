"""Whether it is a member that is broken, or the recordings on which it fails."""

from __future__ import annotations

import re
import wave
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Grid, Prepared, Recording, prepare_group
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit
from blendkit.member import ALL_LOST, FileMember, Lost, Member
from blendkit.scoring.isolated_failures import FAILED, Score, score_surviving
from blendkit.store import LogitStore, Stored, key_to_score_again
from blendkit.temporaries import scratch_folder

_ENOUGH = 8  # failures, and nothing else, before a member is tried on silence
_RATE_HZ = 32000  # of what members are tried on
_WITHOUT_SOUND = ("silent", "unreadable")


def check_some_scored(name: str, store: LogitStore) -> None:
    """Raise BlendkitError if a member failed on every recording that has audio, or gave no finite value for any sound.

    Then nothing of it is of use.
    """
    heard, failed = _heard(store)
    if failed and len(failed) == heard:
        listed = [f"{r}: {why}" for r, why in failed.items()]
        raise BlendkitError(f"member {name!r} failed on all of {len(failed)} recordings", [shorten(listed, 3)])
    sound = _sound(store)
    if sound and not any(sound.values()):
        raise _never_finite(name, sound)


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
    _, failed = _tried(member, score, grid, limit_s, {"silence": _silence(grid)})
    if failed:
        ways = ["it fails on silence, too, so that the recordings are not the reason"]
        raise BlendkitError(
            f"member {name!r} is broken: it failed on {_ENOUGH} recordings or more", [*failed.values(), *ways]
        )


def check_on_noise(
    name: str,
    member: Member | FileMember,
    score: Score,
    grid: Grid,
    limit_s: float | None,
    recordings: Iterable[str],
) -> None:
    """Raise BlendkitError if a member that gave no finite value for recordings gives none for silence and noise either.

    These last two chunks each.
    """
    noise = np.random.default_rng(0).integers(-3000, 3000, len(_silence(grid)), dtype=np.int16)
    lost, failed = _tried(member, score, grid, limit_s, {"silence": _silence(grid), "noise": noise})
    if all(r in failed or (r in lost and lost[r].everything) for r in ("silence", "noise")):
        raise _never_finite(
            name, recordings, "it gives none for silence and noise, too: the recordings are not the reason"
        )


@contextmanager
def naming_untried(untried: Callable[[], list[str]], emit: Emit) -> Iterator[None]:
    """Say of a BlendkitError that ends a run which recordings were not tried: in its message, and all in an event."""
    try:
        yield
    except BlendkitError as error:
        recordings = untried()  # looked up only now, for it takes time with many recordings
        if not recordings:
            raise
        emit("not_tried", {"recordings": recordings})
        left = f"{len(recordings)} recordings were not tried: {shorten(recordings)}"
        raise BlendkitError(error.title, [*error.problems, left]) from error


@contextmanager
def ending_journals(stores: Iterable[LogitStore | None]) -> Iterator[None]:
    """Say in the journals of stores that a run which ends with an error adds no more: a next one may pack its parts.

    In one Python session the process lives on, and would count as still at work.
    """
    try:
        yield
    except BaseException:
        for store in stores:
            if store is not None:
                store.manifest.end()
        raise


def lacks_finite(store: LogitStore, prepared: Sequence[Prepared], lost: Mapping[str, Lost]) -> set[str]:
    """Return the recordings of sound for which a member gave no finite value, if it gave none for any so far.

    After a finite value it is the recordings that are odd: they hold what stands in.
    """
    sound = {p.recording for p in prepared if p.chunks and p.status not in _WITHOUT_SOUND}
    none_here = all(r in lost and lost[r].everything for r in sound)
    return sound if none_here and not any(_sound(store).values()) else set()


def unproven_entries(stored: Mapping[str, Stored], recordings: Container[str]) -> dict[str, Stored]:
    """Return the entries of a store, some with a key that is scored again: the run may end with an error."""
    again = {
        r: replace(s, key=key_to_score_again(s.key, "no finite value")) for r, s in stored.items() if r in recordings
    }
    return {**stored, **again}


def _never_finite(name: str, recordings: Iterable[str], *why: str) -> BlendkitError:
    reason = (
        f"gave NaN or infinite values for every window of recordings that hold sound: {shorten(sorted(recordings))}"
    )
    return BlendkitError(f"member {name!r}: {reason}", why)


def _tried(
    member: Member | FileMember,
    score: Score,
    grid: Grid,
    limit_s: float | None,
    sounds: Mapping[str, NDArray[np.int16]],
) -> tuple[Mapping[str, Lost], dict[str, str]]:
    """Score sounds (n,) with a member; return what it gave no finite values for, and why which failed."""
    with scratch_folder() as folder:
        for name, samples in sounds.items():
            with wave.open(f"{folder}/{name}.wav", "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(_RATE_HZ)
                file.writeframes(samples.astype("<i2").tobytes())
        rates = [member.info.rate] if isinstance(member, Member) else []
        batch = prepare_group([Recording(name, Path(folder) / f"{name}.wav") for name in sounds], rates, grid)
        with batch.scratch:
            scores, failed = score_surviving(member, score, batch.recordings, limit_s)
    return scores.lost[0], failed


def _silence(grid: Grid) -> NDArray[np.int16]:
    """Return two chunks of next to nothing: windows of digital silence may not reach the member."""
    return np.tile(np.array([1, 0], np.int16), round(grid.chunk_s * _RATE_HZ))


def _heard(store: LogitStore) -> tuple[int, dict[str, str]]:
    """Return how many recordings with audio a store knows, and why the member failed on which of them."""
    heard = {r: s for r, s in store.recordings().items() if s.chunks}
    return len(heard), {r: s.note for r, s in heard.items() if s.status == FAILED}


def _sound(store: LogitStore) -> dict[str, bool]:
    """Return whether the member gave finite values for each recording of sound that it scored."""
    kept = store.recordings().items()
    return {r: ALL_LOST not in s.note for r, s in kept if s.chunks and s.status not in (*_WITHOUT_SOUND, FAILED)}
