"""Recordings and focal clips as sound, and sound as OGG files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.sample.call_waveforms import Wave, clipped, decibels, phrase, pink_noise
from blendkit.sample.config import CHUNK_SAMPLES, SAMPLE_RATE, Purpose, WorldConfig
from blendkit.sample.recording_schedule import PlannedRecording, Presence
from blendkit.sample.site_and_hour_activity import site_level
from blendkit.sample.species import SPECIES, SpeciesCall, other_calls
from blendkit.sample.weather import background

_BLOCK = 32_000  # one huge write crashes libsndfile's Vorbis encoder


def render(config: WorldConfig, recording: PlannedRecording) -> Wave:
    """Synthesise a recording: (seconds * 32000,), within [-1, 1]."""
    rng = config.rng(Purpose.AUDIO, recording.split, recording.index)
    wave = background(config.seconds * SAMPLE_RATE, rng)
    for presence in (*recording.presences, *_other_animals(config, rng)):
        call = _call(config, presence.species)
        own = config.rng(Purpose.AUDIO, recording.split, recording.index, presence.species + 1)
        for start, sound in phrases(individual(call, own), presence, own):
            wave[start : start + len(sound)] += sound
    return clipped(wave * np.float32(site_level(config, recording.site)))


def focal_clip(call: SpeciesCall, rng: np.random.Generator) -> Wave:
    """Synthesise one clean 5 s clip of a call: (160000,)."""
    presence = Presence(0, float(rng.uniform(-4, 14)), (0,))
    wave = pink_noise(CHUNK_SAMPLES, rng)
    for start, sound in phrases(individual(call, rng), presence, rng):
        wave[start : start + len(sound)] += sound
    return clipped(wave * np.float32(rng.uniform(0.008, 0.02)))


def phrases(call: SpeciesCall, presence: Presence, rng: np.random.Generator) -> Iterator[tuple[int, Wave]]:
    """Yield (first sample, sound) of one to three phrases per calling chunk, wholly inside it."""
    for chunk in presence.chunks:
        for _ in range(int(rng.integers(1, 4))):
            sound = phrase(call, rng) * decibels(presence.snr_db + rng.normal(0, 2))
            yield chunk * CHUNK_SAMPLES + int(rng.integers(0, CHUNK_SAMPLES - len(sound) + 1)), sound


def individual(call: SpeciesCall, rng: np.random.Generator) -> SpeciesCall:
    """Return the call as one animal gives it: pitch within about 3 %, tempo within about 5 %."""
    pitch, tempo = float(rng.normal(1, 0.03)), float(rng.normal(1, 0.05))
    shorter = max(2, min(call.pulses, int(4.5 * call.rate * tempo)))
    return replace(call, base_hz=call.base_hz * pitch, rate=call.rate * tempo, pulses=shorter)


def write_ogg(path: Path, wave: Wave) -> None:
    """Write a wave, (samples,), as 32 kHz mono OGG Vorbis."""
    import soundfile

    with soundfile.SoundFile(path, "w", samplerate=SAMPLE_RATE, channels=1, format="OGG", subtype="VORBIS") as file:
        for start in range(0, len(wave), _BLOCK):
            file.write(wave[start : start + _BLOCK])


def _call(config: WorldConfig, species: int) -> SpeciesCall:
    """Return the call of a species, or of another animal, numbered on from the last species."""
    if species < len(SPECIES):
        return SPECIES[species].call
    return tuple(other_calls(config).values())[species - len(SPECIES)]


def _other_animals(config: WorldConfig, rng: np.random.Generator) -> tuple[Presence, ...]:
    """Draw the calls of up to two animals that are not target classes."""
    others = len(other_calls(config))
    chosen = rng.choice(others, size=int(rng.integers(0, 3)), replace=False)
    return tuple(
        Presence(
            len(SPECIES) + int(other),
            float(rng.uniform(-12, 6)),
            tuple(int(c) for c in np.flatnonzero(rng.random(config.chunks) < 0.4)),
        )
        for other in chosen
    )
