"""Groups of recordings, decoded by several threads ahead of the models, in their order and within bounds of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from blendkit.audio import GROUP_S, Grid, Prepared, Recording, prepare_recording
from blendkit.scoring.recording_keys import recording_key
from blendkit.temporaries import scratch_folder

AHEAD_S = 120.0  # seconds of audio that each thread may be ahead of the models


@dataclass(frozen=True)
class Group:
    """Recordings to decode and to score together: their number in the run, and the sample rates (Hz) to decode them at.

    audio_s: how long they are by their headers.
    """

    number: int
    recordings: Sequence[Recording]
    rates: Sequence[int]
    audio_s: float


@dataclass(frozen=True, eq=False)
class DecodedGroup:
    """A group that is decoded: its number, the recordings, and the key of each."""

    number: int
    recordings: tuple[Prepared, ...]
    keys: dict[str, str]


@dataclass(frozen=True, eq=False)
class _Coming:
    group: Group
    scratch: TemporaryDirectory[str]
    decoded: list[Future[tuple[Prepared, str]]]


def decoded_groups(
    following: Callable[[], Group | None], keys: Mapping[str, str], grid: Grid, threads: int
) -> Generator[DecodedGroup]:
    """Yield groups in order, decoded by threads while the ones before are scored.

    following: gives the next group, None while there is none. keys: of recordings whose file was read before; that of
    any other is made by the thread that decodes it, so that a file comes from its disk once. A group is begun while
    those ahead are shorter than `AHEAD_S` for each thread, or a full group, in all. A batch's folder goes when the next
    batch is asked for, or when the caller stops; then nothing more is decoded.
    """
    most_s = max(GROUP_S, AHEAD_S * threads)
    coming: deque[_Coming] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decoding")
    try:
        while True:
            _begin(following, coming, pool, most_s, keys, grid)
            if not coming:
                return
            found = [future.result() for future in coming[0].decoded]
            now = coming.popleft()
            with now.scratch:
                _begin(following, coming, pool, most_s, keys, grid)
                now.decoded.clear()
                keys_now = {p.recording: key for p, key in found}
                recordings = tuple(p for p, _ in found)
                del found
                yield DecodedGroup(now.group.number, recordings, keys_now)
                del recordings  # its samples go before the next ones come
    finally:
        pool.shutdown(cancel_futures=True)
        for unused in coming:
            unused.scratch.cleanup()


def _begin(
    following: Callable[[], Group | None],
    coming: deque[_Coming],
    pool: ThreadPoolExecutor,
    most_s: float,
    keys: Mapping[str, str],
    grid: Grid,
) -> None:
    """Let the pool decode further groups, as long as there is room for what they hold."""
    while not coming or sum(c.group.audio_s for c in coming) < most_s:
        group = following()
        if group is None:
            return
        scratch = scratch_folder()
        coming.append(_Coming(group, scratch, []))
        for r in group.recordings:
            given = keys.get(r.id)
            coming[-1].decoded.append(pool.submit(_decoded, r, group.rates, grid, Path(scratch.name), given))


def _decoded(r: Recording, rates: Sequence[int], grid: Grid, scratch: Path, known: str | None) -> tuple[Prepared, str]:
    key = recording_key(r, grid) if known is None else known
    return prepare_recording(r, rates, grid, scratch), key
