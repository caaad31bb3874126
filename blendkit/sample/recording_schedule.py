"""The plan of every recording: where, when, who calls in which chunk and how loud."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from blendkit.sample.config import CHUNK_SECONDS, Part, Purpose, WorldConfig
from blendkit.sample.site_and_hour_activity import DrawWeights, draw_hour, draw_site, hour_weights, site_weights
from blendkit.sample.species import SPECIES

_PRESENT = 0.2  # chance that a species is in a recording of an average site and hour


@dataclass(frozen=True)
class Presence:
    """One species in one recording: the chunks it calls in and its level over the background in dB."""

    species: int
    snr_db: float
    chunks: tuple[int, ...]


@dataclass(frozen=True)
class PlannedRecording:
    """One planned recording; `labelled` lists the chunks that have a row in the label file."""

    split: Part
    index: int
    stem: str
    site: int
    hour: int
    presences: tuple[Presence, ...]
    labelled: tuple[int, ...]


def plan_recordings(config: WorldConfig, split: Part) -> tuple[PlannedRecording, ...]:
    """Plan all recordings of a split, in file order."""
    sites, hours = site_weights(config, split), hour_weights(config, split)
    drawn = tuple(_draw(config, split, i, sites, hours) for i in range(config.recordings(split)))
    return _top_up(config, drawn, sites, hours)


def truth(config: WorldConfig, recordings: tuple[PlannedRecording, ...]) -> npt.NDArray[np.uint8]:
    """Return who calls in which chunk: (recordings, chunks, classes), 0 or 1."""
    table = np.zeros((len(recordings), config.chunks, len(SPECIES)), dtype=np.uint8)
    for row, recording in zip(table, recordings, strict=True):
        for presence in recording.presences:
            row[list(presence.chunks), presence.species] = 1
    return table


def row_ids(config: WorldConfig, recordings: tuple[PlannedRecording, ...]) -> tuple[str, ...]:
    """Return `<stem>_<end second>` for every chunk of every recording, in file order."""
    ends = range(CHUNK_SECONDS, config.seconds + 1, CHUNK_SECONDS)
    return tuple(f"{recording.stem}_{end}" for recording in recordings for end in ends)


def _draw(
    config: WorldConfig,
    split: Part,
    index: int,
    sites: DrawWeights,
    hours: DrawWeights,
) -> PlannedRecording:
    rng = config.rng(Purpose.PLAN, split, index)
    site, hour = draw_site(config, split, rng), draw_hour(config, split, rng)
    month = 3 if split is Part.TEST else 2
    date, clock = f"2025{month:02d}{rng.integers(1, 29):02d}", f"{hour:02d}{rng.choice([0, 30]):02d}"
    stem = f"BC2026_{split.title}_{index + 1:04d}_S{site + 1:02d}_{date}_{clock}{rng.integers(4):02d}"
    present = rng.random(len(SPECIES)) < _PRESENT * sites[:, site] * hours[:, hour]
    presences = tuple(_presence(config, split, index, int(s)) for s in np.flatnonzero(present))
    return PlannedRecording(split, index, stem, site, hour, presences, _labelled(config, split, index))


def _presence(config: WorldConfig, split: Part, index: int, species: int) -> Presence:
    rng = config.rng(Purpose.PLAN, split, index, species + 1)
    # Animals call in bouts: calling and silence both tend to go on, so neighbouring chunks agree.
    calling, chunks = bool(rng.random() < 0.5), []
    for chunk in range(config.chunks):
        if calling:
            chunks.append(chunk)
        calling = bool(rng.random() < (0.75 if calling else 0.2))
    if not chunks:
        chunks.append(int(rng.integers(config.chunks)))
    return Presence(species, float(rng.uniform(-14, 8)), tuple(chunks))


def _labelled(config: WorldConfig, split: Part, index: int) -> tuple[int, ...]:
    """Return the labelled chunks: all of them, except in the two training recordings that are partly labelled."""
    everything = tuple(range(config.chunks))
    if split is not Part.TRAIN or not _is_partial(config, index):
        return everything
    rng = config.rng(Purpose.PARTIAL, index)
    labelled = rng.choice(config.chunks, size=max(1, config.chunks // 2), replace=False)
    return tuple(sorted(int(chunk) for chunk in labelled))


def _is_partial(config: WorldConfig, index: int) -> bool:
    return config.chunks > 1 and index in (1, config.train_recordings // 2 + 1)


def _top_up(
    config: WorldConfig, recordings: tuple[PlannedRecording, ...], sites: DrawWeights, hours: DrawWeights
) -> tuple[PlannedRecording, ...]:
    """Add each species that is in no fully labelled recording to the one whose site and hour it prefers."""
    split, full = recordings[0].split, [r for r in recordings if len(r.labelled) == config.chunks]
    present = {presence.species for recording in full for presence in recording.presences}
    added: dict[int, list[Presence]] = {}
    for species in sorted(set(range(len(SPECIES))) - present):
        # In test a few species stay absent, as in any real survey.
        if split is Part.TEST and species % 6 == 0:
            continue
        # Without the jitter, species of equal preferences would all be added to one recording.
        jitter = config.rng(Purpose.TOP_UP, split, species).uniform(0.5, 1.0, size=len(full))
        preference = [sites[species, r.site] * hours[species, r.hour] for r in full] * jitter
        best = full[int(np.argmax(preference))].index
        added.setdefault(best, []).append(_presence(config, split, best, species))
    return tuple(
        replace(r, presences=tuple(sorted([*r.presences, *added.get(r.index, [])], key=lambda p: p.species)))
        for r in recordings
    )
