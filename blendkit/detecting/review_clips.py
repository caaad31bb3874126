"""The audio of a review's clips, cut from the recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from blendkit.audio import cut, decode, release
from blendkit.detecting.review_table import ReviewClips
from blendkit.errors import shorten
from blendkit.store import atomic_path
from blendkit.temporaries import scratch_folder

SUFFIX = ".wav"


def cut_clips(clips: ReviewClips, files: Mapping[str, Path], folder: Path, context_s: float = 0.0) -> tuple[str, ...]:
    """Write `<clip>.wav` below a folder for every clip, and return notes on those that could not be cut.

    files: of the recordings; each is decoded once, to mono at its own rate. context_s: seconds before and after a clip,
    as far as the recording goes.
    """
    by_recording: dict[str, list[int]] = {}
    for i, recording in enumerate(clips.recording):
        by_recording.setdefault(recording, []).append(i)
    failed: dict[str, str] = {}
    count = 0
    for recording, at in by_recording.items():
        lost, why = _cut_from(files[recording], clips, at, folder, context_s)
        if lost:
            failed[recording], count = why, count + lost
    note = f"{count} clips of {len(failed)} recordings could not be cut, and have no sound: "
    return (note + shorten(f"{r}: {why}" for r, why in failed.items()),) if failed else ()


def _cut_from(file: Path, clips: ReviewClips, at: Sequence[int], folder: Path, context_s: float) -> tuple[int, str]:
    """Write the clips of one recording; return how many could not be cut, and why."""
    import soundfile

    with scratch_folder() as scratch:
        decoded = decode(file, Path(scratch))
        if not len(decoded.samples):
            return len(at), decoded.note or decoded.status
        late = 0
        for i in at:
            first = max(round((clips.start_s[i] - context_s) * decoded.rate), 0)
            end = min(round((clips.end_s[i] + context_s) * decoded.rate), len(decoded.samples))
            if end <= first:
                late += 1
                continue
            samples = cut(decoded.samples, first, end - first)
            with atomic_path(folder / f"{clips.clip[i]}{SUFFIX}") as temporary:
                soundfile.write(temporary, samples, decoded.rate, format="WAV", subtype="PCM_16")
        release(decoded.samples)
    return late, f"it ends after {decoded.duration_s:g} s"
