"""Members: anything that gives per-chunk scores. The protocol, and scoring a group of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Decoded, Edge, Samples, cut, resample
from blendkit.errors import BlendkitError, broken
from blendkit.grid import Pool, edges, onto_chunks, overlaps, samples_at, window_starts
from blendkit.rows import NameRule
from blendkit.scores import Scores, Space
from blendkit.taxonomy import Taxonomy

SCORING_FORMAT = 1  # raised whenever decoding, cutting or augmentation would give other logits


@dataclass(frozen=True)
class DataFile:
    """Marks a member parameter that names a file: resolved below the data folder, checked, hashed."""


FilePath = Annotated[str, DataFile()]


@dataclass(frozen=True)
class MemberContext:
    """What a member may know of the run it serves.

    classes: the target class ids (empty if the run has none of its own); chunk_s: chunk length in
    seconds; threads: how many the member may use.
    """

    classes: tuple[str, ...] = ()
    taxonomy: Taxonomy = field(default_factory=lambda: Taxonomy({}))
    names: NameRule = field(default_factory=NameRule)
    chunk_s: float = 5.0
    threads: int = 1


@dataclass(frozen=True)
class MemberInfo:
    """What a member says of itself.

    classes: its columns, ids of the run's classes; covered (C,): which of them it really scores.
    rate (Hz) and window_s (seconds): the audio one prediction needs. hop_s: seconds from window to window
    (None: the window, so that none overlap). pool: how windows that are no chunks make up a chunk, see
    `blendkit.grid.onto_chunks`. batch: windows per call.
    notes: conventions worth printing (normalisation, class mapping). saw: the labelled recordings it
    was fitted on, where known: figures on those are in-sample.
    """

    classes: tuple[str, ...]
    covered: tuple[bool, ...]
    rate: int
    window_s: float
    batch: int = 32
    notes: tuple[str, ...] = ()
    saw: tuple[str, ...] = ()
    hop_s: float | None = None
    pool: Pool = "mean"


@runtime_checkable
class Member(Protocol):
    """A model: windows of audio in, logits out. Nothing else is asked of an adapter."""

    @property
    def info(self) -> MemberInfo:
        """What the member says of itself."""
        ...

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (B, C) of windows (B, window_s * rate) of mono audio."""
        ...


@runtime_checkable
class FinishedMember(Protocol):
    """A file of scores somebody else computed; `space` is what its values are.

    Its factory takes a parameter `space`, by which a recipe says it and a plan knows it beforehand.
    """

    @property
    def space(self) -> Space:
        """The space of its values."""
        ...

    def read(self) -> Scores:
        """Return all its scores, on its own rows and classes."""
        ...

    def warnings(self) -> list[str]:
        """Return doubts about the values, after `read`."""
        ...


@runtime_checkable
class FoldedMember(Protocol):
    """A finished member that also knows which fold each recording's out-of-fold scores come from."""

    @property
    def folds(self) -> Mapping[str, str]:
        """The fold of every recording, after `read`; empty if unknown."""
        ...


@dataclass(frozen=True)
class TTA:
    """Test-time augmentation: the window moved by shifts (seconds), logits averaged.

    edge: what becomes of a shifted window that would leave the recording: `drop` leaves that shift
    out for that chunk and averages the rest, `clamp` moves it back inside, `zero` and `reflect` fill.
    A chunk that lies wholly beyond the audio is only ever heard as the silence it is.
    """

    shifts_s: tuple[float, ...] = (0.0,)
    edge: Edge = "drop"

    def __post_init__(self) -> None:
        """Refuse what could leave a chunk without any window."""
        if self.edge == "drop" and 0 not in self.shifts_s:
            raise BlendkitError("TTA that drops shifts at the edges needs the shift 0")


@dataclass(frozen=True, eq=False)
class Job:
    """A recording to score: its id, audio at the member's rate, and its number of chunks."""

    recording: str
    audio: Decoded
    chunks: int


def check_window(name: str, info: MemberInfo, chunk_s: float) -> None:
    """Raise BlendkitError if a member's windows cannot make up chunks of `chunk_s` seconds."""
    hop_s = info.window_s if info.hop_s is None else info.hop_s
    whole = {"rate": info.rate, "window": info.window_s, "hop": hop_s}
    bad = [f"{k} is {v:g}" for k, v in whole.items() if not v > 0]
    if not bad and hop_s > info.window_s:
        bad = [f"its hop of {hop_s:g} s leaves gaps between windows of {info.window_s:g} s"]
    if not bad and chunk_s <= 0:
        bad = [f"chunks are {chunk_s:g} s"]
    if bad:
        raise BlendkitError(f"member {name!r}: unusable windows", bad)


def score_jobs(member: Member, jobs: Sequence[Job], chunk_s: float, tta: TTA) -> NDArray[np.float32]:
    """Return logits (sum of chunks, C) of a group of recordings, averaged over the shifts.

    Windows are cut from the recording's own audio and batched over recordings and shifts; a batch
    never leaves the group, so a group always gives the same bits. Shifts are averaged in logit space,
    then windows that are no chunks are pooled onto them.
    """
    info = member.info
    size = samples_at(info.window_s, info.rate)
    bounds = [edges(j.chunks, chunk_s, info.rate) for j in jobs]
    starts = [_starts(info, chunk_s, e) for e in bounds]
    total = sum(len(s) for s in starts)
    summed = np.zeros((total, len(info.classes)), np.float64)
    count = np.zeros(total, np.int64)
    buffer = np.empty((info.batch, size), np.float32)
    at: list[int] = []
    for row, window in _windows(jobs, starts, size, info.rate, tta):
        buffer[len(at)] = window
        at.append(row)
        if len(at) == info.batch:
            _add(summed, count, at, _predict(member, buffer))
            at = []
    if at:
        _add(summed, count, at, _predict(member, buffer[: len(at)]))
    summed /= np.maximum(count, 1)[:, None]
    if not _hears_chunks(info, chunk_s):
        summed = _on_chunks(summed, info, starts, bounds)
    return summed.astype(np.float32)


def _starts(info: MemberInfo, chunk_s: float, chunk_edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """A recording's windows: its chunks where these are windows, else every hop until the end."""
    if _hears_chunks(info, chunk_s) or len(chunk_edges) == 1:
        return chunk_edges[:-1]
    hop_s = info.window_s if info.hop_s is None else info.hop_s
    return window_starts(int(chunk_edges[-1]), info.window_s, hop_s, info.rate)


def _hears_chunks(info: MemberInfo, chunk_s: float) -> bool:
    return info.window_s == chunk_s and info.hop_s in (None, chunk_s)


def _on_chunks(
    values: NDArray[np.float64],
    info: MemberInfo,
    starts: Sequence[NDArray[np.int64]],
    bounds: Sequence[NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Pool window scores onto chunks, recording by recording."""
    size, parts, row = samples_at(info.window_s, info.rate), [], 0
    for own, chunk_edges in zip(starts, bounds, strict=True):
        if len(own):
            parts.append(onto_chunks(values[row : row + len(own)], overlaps(own, size, chunk_edges), info.pool))
        row += len(own)
    return np.concatenate(parts) if parts else values[:0]


def at_rate(decoded: Decoded, rates: Sequence[int]) -> dict[int, Decoded]:
    """Return the recording at each rate (Hz), resampled once per distinct rate."""
    return {rate: resample(decoded, rate) for rate in dict.fromkeys(rates)}


def _windows(
    jobs: Sequence[Job], starts: Sequence[NDArray[np.int64]], size: int, rate: int, tta: TTA
) -> Iterator[tuple[int, Samples]]:
    shifts = [(s, samples_at(s, rate)) for s in tta.shifts_s]
    row = 0
    for job, own in zip(jobs, starts, strict=True):
        samples = job.audio.samples
        for start in own.tolist():
            silent = start >= len(samples)  # no audio here, and none to borrow
            for shift_s, shift in shifts:
                first = start + shift
                outside = first < 0 or first + size > len(samples)
                if shift_s != 0 and ((outside and tta.edge == "drop") or silent):
                    continue
                # the window itself is only ever zero-padded
                yield row, cut(samples, first, size, tta.edge if shift_s != 0 else "zero")
            row += 1


def _predict(member: Member, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        logits = np.asarray(member.predict(windows))
    except BlendkitError:
        raise
    except Exception as error:  # a member may be a third party's: say whose it is
        raise broken("predict", type(member), error) from error
    expected = (len(windows), len(member.info.classes))
    if logits.shape != expected:
        raise BlendkitError(f"member gave scores of shape {logits.shape}, expected {expected}")
    return logits


def _add(summed: NDArray[np.float64], count: NDArray[np.int64], at: list[int], logits: NDArray[Any]) -> None:
    for row, values in zip(at, logits, strict=True):  # a row may come twice in a batch
        summed[row] += values
        count[row] += 1
