"""Sound and pictures of chunks: clips as WAV files, and log-mel spectrograms, of recordings below one folder."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blendkit.audio import Decoded, Recording, decode, find_recordings
from blendkit.core import Float32, Float64, match_recordings
from blendkit.errors import BlendkitError

LONGEST_S = 120.0
_KEPT = 3  # decoded recordings in memory
_FADE_S = 0.005
_MELS, _FRAMES = 128, 900
_DB = 80.0
Uint8 = NDArray[np.uint8]


class OutsideFolderError(BlendkitError):
    """A file that a link leads to outside the folder of recordings."""


@dataclass(eq=False)
class ClipSounds:
    """Recordings by the id that the scores give them; scratch: for clips and long recordings.

    outside: recordings that links lead out of the folder for; none of them is read.
    """

    folder: Path
    recordings: dict[str, Recording]
    scratch: Path
    outside: tuple[str, ...] = ()
    _decoded: OrderedDict[str, Decoded] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def path_of(self, recording: str) -> Path:
        """Return the file of a recording. Raises BlendkitError for none, and one that lies outside."""
        found = self.recordings.get(recording)
        if found is None:
            raise BlendkitError(f"no audio of {recording!r} in {self.folder}")
        if not found.path.resolve().is_relative_to(self.folder.resolve()):  # asked each time: links can change
            raise OutsideFolderError(f"{recording}: its file lies outside {self.folder}, and is not read")
        return found.path

    def samples(self, recording: str, start_s: float, end_s: float) -> tuple[Float32, int]:
        """Return mono samples of a span, cut at the recording's ends, and their rate in Hz.

        Raises BlendkitError for a recording that is not there or cannot be decoded, and a span that is none.
        """
        if not 0 <= start_s < end_s <= start_s + LONGEST_S:
            raise BlendkitError(f"{recording}: a clip is {LONGEST_S:g} s at most, got {start_s:g} to {end_s:g} s")
        with self._lock:
            found = self._decode(recording)
        if not len(found.samples):
            raise BlendkitError(f"{recording}: {found.status}", [found.note] if found.note else [])
        cut = found.samples[round(start_s * found.rate) : round(end_s * found.rate)]
        if not len(cut):
            raise BlendkitError(f"{recording}: ends at {found.duration_s:g} s, before {start_s:g} s")
        return np.array(cut, np.float32), found.rate

    def _decode(self, recording: str) -> Decoded:
        path = self.path_of(recording)
        if recording not in self._decoded:
            self._decoded[recording] = decode(path, self.scratch)
            while len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(recording)
        return self._decoded[recording]

    def wav(self, recording: str, start_s: float, end_s: float) -> Path:
        """Return a 16-bit WAV file of a span, as loud as its loudest sample allows: quiet birds are to be heard.

        Its ends are faded in and out, for a wave that is cut at any point clicks.
        """
        import soundfile

        samples, rate = self.samples(recording, start_s, end_s)
        peak = float(np.abs(samples).max())
        path = self.scratch / f"{abs(hash((recording, start_s, end_s))):016x}.wav"
        if not path.exists():
            soundfile.write(path, _faded(samples, rate) * (0.9 / peak if peak else 1.0), rate, "PCM_16")
        return path

    def spectrogram(self, recording: str, start_s: float, end_s: float, highest_hz: float) -> tuple[Uint8, float]:
        """Return a log-mel picture (mels, frames), low frequencies first, see `log_mel`.

        highest_hz: the upper end, at most half the rate; the second result is what it is.
        """
        samples, rate = self.samples(recording, start_s, end_s)
        top = min(highest_hz or rate / 2, rate / 2)
        return log_mel(samples, rate, top), top


def _faded(samples: Float32, rate: int) -> Float32:
    """Return samples (T,) with the first and last 5 ms raised from and lowered to 0."""
    out, n = samples.copy(), min(round(_FADE_S * rate), len(samples) // 2)
    ramp = np.linspace(0, 1, n, dtype=np.float32)
    out[:n] *= ramp
    out[len(out) - n :] *= ramp[::-1]
    return out


def log_mel(samples: Float32, rate: int, top_hz: float) -> Uint8:
    """Return a log-mel spectrogram (mels, frames) as bytes: 255 the loudest cell, 0 what is 80 dB below it.

    At most the louder half of all cells is above 0, so that a steady noise does not fill the picture.
    """
    from scipy.signal import spectrogram

    size = min(2048 if rate >= 16_000 else 1024, len(samples))
    hop = max(1, min(size // 2, -(-(len(samples) - size) // _FRAMES) or 1))
    frequency, _, power = spectrogram(samples, rate, nperseg=size, noverlap=size - hop, mode="psd")
    mel = _triangles(np.asarray(frequency, np.float64), top_hz) @ power
    decibel = 10 * np.log10(np.maximum(mel, 1e-20))
    top = float(decibel.max())
    floor = min(max(top - _DB, float(np.median(decibel))), top - 1)
    shade = np.clip((decibel - floor) * (255 / (top - floor)), 0, 255)
    return np.asarray(shade.round(), np.uint8)


def _triangles(frequency: Float64, top_hz: float) -> Float64:
    """Weights (mels, bins) of overlapping triangles, equally spaced on the mel scale 2595 log10(1 + f / 700)."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (20.0, max(top_hz, 100.0)))
    at = 700 * (10 ** (np.linspace(low, high, _MELS + 2) / 2595) - 1)
    up = (frequency - at[:-2, None]) / np.diff(at)[:-1, None]
    down = (at[2:, None] - frequency) / np.diff(at)[1:, None]
    weights = np.maximum(0, np.minimum(up, down))
    narrow = ~weights.any(axis=1)  # a triangle between two bins takes the nearer one
    weights[narrow, np.abs(frequency - at[1:-1, None]).argmin(axis=1)[narrow]] = 1.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def find_clip_sounds(folder: Path, recordings: Iterable[str], scratch: Path) -> ClipSounds:
    """Return the audio of recordings below a folder. Files that are links out of it are named, and never read.

    Raises BlendkitError for a folder that is none, or that holds none of the recordings.
    """
    if not folder.is_dir():
        raise BlendkitError(f"--audio {folder}: no such folder")
    wanted = sorted(set(recordings))
    found = {r.id: r for r in find_recordings(folder).recordings}
    known = {name: found[path] for path, name in match_recordings(found, wanted).items()}
    if not known:
        has = [f"it holds {len(found)} recordings" + (f", such as {next(iter(found))!r}" if found else ""),
               f"the scores have {len(wanted)}, such as {wanted[0]!r}"]  # fmt: skip
        raise BlendkitError(f"--audio {folder}: holds none of the recordings", has)
    root = folder.resolve()
    outside = tuple(n for n, r in known.items() if not r.path.resolve().is_relative_to(root))
    return ClipSounds(folder, known, scratch, outside)
