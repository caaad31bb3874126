"""Clips mixed with background audio: copies of them at a random ratio of signal to background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blendkit.audio import Batch, Decoded, Grid, Prepared, Recording, find_audio, prepare_group
from blendkit.core import Contents, Float32, natural_key, text_hash
from blendkit.errors import BlendkitError, shorten
from blendkit.store import MixedCopy

FULL_SCALE = 1.0


@dataclass(frozen=True)
class BackgroundMix:
    """How copies of clips are mixed with background audio.

    audio: files or folders of it; db: the lowest and highest power of a clip over its background, in dB, over the whole
    clip; copies: of every clip; seed: of the draw of backgrounds, places and ratios, which each copy has for itself.
    """

    audio: tuple[Path, ...]
    db: tuple[float, float] = (0.0, 20.0)
    copies: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = self.db
        problems = []
        if not (np.isfinite(low) and np.isfinite(high) and low <= high):
            problems.append(f"the ratio must be LOW:HIGH in dB with LOW at most HIGH, got {low:g}:{high:g}")
        if self.copies < 1:
            problems.append(f"a clip needs 1 mixed copy at least, got {self.copies}")
        if problems:
            raise BlendkitError("this mixture cannot be made", problems)


@dataclass(frozen=True)
class DrawnCopy:
    """One mixed copy to make; at: the place in the background, a share in [0, 1) of the places there are."""

    id: str
    clip: Recording
    background: Recording
    db: float
    at: float

    def record(self) -> MixedCopy:
        """Return what a store says of it."""
        return MixedCopy(self.clip.id, self.background.id, self.db)


def draw_copies(clips: Sequence[Recording], mix: BackgroundMix) -> list[DrawnCopy]:
    """Return the copies of all clips, those of one background next to each other.

    What a copy is made of depends on the seed, its clip's id and the backgrounds, not on the other clips. Raises
    BlendkitError for recordings that are both.
    """
    backgrounds = [r for r in find_audio(mix.audio).recordings if not r.problem]
    own = {r.path.resolve() for r in clips}
    both = [r.id for r in backgrounds if r.path.resolve() in own]
    if both or not backgrounds:
        what = [f"{len(both)} are clips as well: {shorten(both)}"] if both else ["no recording can be used"]
        raise BlendkitError("--mix needs background recordings that are no clips", what)
    made = []
    for clip in clips:
        for k in range(1, mix.copies + 1):
            rng = np.random.default_rng([mix.seed, int(text_hash(f"{clip.id}#mix{k}")[:16], 16)])
            background = backgrounds[int(rng.integers(len(backgrounds)))]
            db = round(float(rng.uniform(*mix.db)), 3)
            made.append(DrawnCopy(f"{clip.id}#mix{k}", clip, background, db, round(float(rng.random()), 9)))
    return sorted(made, key=lambda c: (natural_key(c.background.id), natural_key(c.id)))


def mixed_clip(clip: Float32, background: Float32, db: float, at: float) -> Float32 | None:
    """Return a clip (n,) with a stretch of the background under it; None where either has no power.

    A background that is shorter is repeated. The sum is lowered as a whole where it would exceed full scale.
    """
    n, m = len(clip), len(background)
    if not n or not m:
        return None
    if m >= n:
        start = min(int(at * (m - n + 1)), m - n)
        under = np.asarray(background[start : start + n])
    else:
        under = np.take(background, np.arange(n) + int(at * m), mode="wrap")
    signal, noise = (float(np.mean(np.square(x, dtype=np.float64))) for x in (clip, under))
    if not signal or not noise:
        return None
    out = clip + under * np.float32(np.sqrt(signal / noise / 10 ** (db / 10)))
    most = max(FULL_SCALE, float(np.abs(clip).max()))
    peak = float(np.abs(out).max())
    return np.asarray(out * np.float32(most / peak) if peak > most else out, np.float32)


def prepare_mixed(
    group: Sequence[Recording], rate: int, grid: Grid, copies: Mapping[str, DrawnCopy]
) -> tuple[Batch, Contents]:
    """Prepare the copies of a group, as `prepare_group` does recordings; return also the backgrounds' contents."""
    wanted = list({copies[r.id].background.id: copies[r.id].background for r in group}.values())
    heard = prepare_group(wanted, [rate], replace(grid, expected_s={}))
    with heard.scratch:
        under = {p.recording: p for p in heard.recordings}
        batch = prepare_group(group, [rate], grid)
        drawn = [copies[p.recording] for p in batch.recordings]
        made = [_mixed(p, under[c.background.id], c, rate) for p, c in zip(batch.recordings, drawn, strict=True)]
    contents = {p.recording: p.content for p in heard.recordings if p.content is not None}
    return Batch(tuple(made), batch.scratch), contents


def _mixed(clip: Prepared, background: Prepared, copy: DrawnCopy, rate: int) -> Prepared:
    """Return the clip with its background in it; without chunks, and why, where they cannot be mixed."""
    if clip.status == "unreadable":
        return clip
    sound: Decoded = clip.by_rate[rate]
    samples = mixed_clip(sound.samples, background.by_rate[rate].samples, copy.db, copy.at)
    if samples is None:
        why = f"cannot be mixed: it, or {copy.background.id} where it would be mixed in, is silent or cannot be read"
        note = "; ".join(filter(None, [clip.note, why, background.note]))
        return replace(clip, chunks=0, status="unreadable", note=note)
    return replace(clip, by_rate={rate: replace(sound, samples=samples)})
