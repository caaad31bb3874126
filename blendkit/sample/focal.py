"""Clean in-memory clips of one sound each, and the backbone's label layer fitted on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from blendkit.sample.call_waveforms import Wave, clipped, pink_noise
from blendkit.sample.config import CHUNK_SAMPLES, Purpose, WorldConfig
from blendkit.sample.linear_fit import Layer, fit_classes
from blendkit.sample.sound_rendering import focal_clip, write_ogg
from blendkit.sample.species import SOUND_CLASSES, SPECIES, SpeciesCall, backbone_labels, other_calls
from blendkit.sample.weather import rain, wind

# Sounds that can be given as a call; the weather cannot.
_SOUND_CALLS: Mapping[str, SpeciesCall] = MappingProxyType(
    {
        "Cricket": SpeciesCall(4300, 0, 0.02, 25, 60, 1, 0.2),
        "Engine": SpeciesCall(180, 10, 0.9, 1.1, 4, 8, 0.3),
        "Thunder": SpeciesCall(160, -60, 1.5, 0.5, 2, 6, 1.0),
    }
)


def focal_names() -> tuple[str, ...]:
    """Return every sound that has focal clips: targets by scientific name, then other animals and sounds."""
    known = tuple(species.scientific for species in SPECIES)
    return known + tuple(name for name in backbone_labels() if name not in known)


def focal_waves(config: WorldConfig, name: str) -> Wave:
    """Return the clips of one sound end to end: (focal_clips * 160000,)."""
    number, call = focal_names().index(name), _calls(config).get(name)
    rngs = [config.rng(Purpose.FOCAL, number, i) for i in range(config.focal_clips)]
    return np.concatenate([_weather(name, rng) if call is None else focal_clip(call, rng) for rng in rngs])


def write_clips(config: WorldConfig, label: str, folder: Path) -> None:
    """Write the focal clips of a target class as `<folder>/<label>/FC<number>.ogg`, one file per clip."""
    name = next(s.scientific for s in SPECIES if s.label == label)
    (folder / label).mkdir(parents=True)
    for i, wave in enumerate(focal_waves(config, name).reshape(-1, CHUNK_SAMPLES)):
        write_ogg(folder / label / f"FC{focal_names().index(name):02d}{i:03d}.ogg", wave)


def fit_labels(config: WorldConfig, embedding: npt.NDArray[np.float32]) -> Layer:
    """Fit the label layer; `embedding` (clips, 128) holds the clips of `focal_names()` in that order."""
    return fit_classes(embedding, _owned(config, backbone_labels()), strength=0.05)


def focal_truth(config: WorldConfig) -> npt.NDArray[np.uint8]:
    """Return which target class each clip of `focal_names()` is of: (clips, classes), 0 or 1."""
    return _owned(config, tuple(species.scientific for species in SPECIES))


def _owned(config: WorldConfig, names: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    owners = np.repeat(np.array(focal_names()), config.focal_clips)
    return np.asarray(owners[:, None] == np.array(names), dtype=np.uint8)


def _calls(config: WorldConfig) -> dict[str, SpeciesCall]:
    return {**{s.scientific: s.call for s in SPECIES}, **other_calls(config), **_SOUND_CALLS}


def _weather(name: str, rng: np.random.Generator) -> Wave:
    if name not in SOUND_CLASSES:
        raise ValueError(f"no call is known for {name!r}")
    gust = (rain if name == "Rain" else wind)(CHUNK_SAMPLES, rng)
    wave = pink_noise(CHUNK_SAMPLES, rng) + gust * np.float32(rng.uniform(0.4, 2.0))
    return clipped(wave * np.float32(rng.uniform(0.008, 0.02)))
