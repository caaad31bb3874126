"""Decoding of recordings, and the placing of windows on chunks.

Paths of audio files go in; mono float32 samples at the members' rates come out, with a status for damaged files.
Windows are placed on chunks in exact sample arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.audio.channels import Channels, check_channels, odd_parts
    from blendkit.audio.cutting import Edge, cut
    from blendkit.audio.decoded import Decoded, Samples
    from blendkit.audio.decoding import decode
    from blendkit.audio.fingerprints import content_of
    from blendkit.audio.grid import (
        Anchor,
        FramePool,
        Overlaps,
        Pool,
        WindowPool,
        edges,
        frames_onto_chunks,
        onto_chunks,
        overlaps,
        place,
        samples_at,
    )
    from blendkit.audio.headers import probe_duration
    from blendkit.audio.ogg import Segment, intact_segments, is_truncated
    from blendkit.audio.prepare import (
        GROUP_S,
        Batch,
        Grid,
        Prepared,
        Silence,
        groups,
        prepare_group,
        prepare_recording,
        stated_seconds_of,
    )
    from blendkit.audio.recorder_comments import stated_zone
    from blendkit.audio.recordings import (
        FoundAudio,
        Recording,
        find_audio,
        find_recordings,
        find_remote_recordings,
        unique_recordings,
    )
    from blendkit.audio.resampling import resample
    from blendkit.audio.scratch import release
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "GROUP_S",
    "Anchor",
    "Batch",
    "Channels",
    "Decoded",
    "Edge",
    "FoundAudio",
    "FramePool",
    "Grid",
    "Overlaps",
    "Pool",
    "Prepared",
    "Recording",
    "Samples",
    "Segment",
    "Silence",
    "WindowPool",
    "check_channels",
    "content_of",
    "cut",
    "decode",
    "edges",
    "find_audio",
    "find_recordings",
    "find_remote_recordings",
    "frames_onto_chunks",
    "groups",
    "intact_segments",
    "is_truncated",
    "odd_parts",
    "onto_chunks",
    "overlaps",
    "place",
    "prepare_group",
    "prepare_recording",
    "probe_duration",
    "release",
    "resample",
    "samples_at",
    "stated_seconds_of",
    "stated_zone",
    "unique_recordings",
]
