"""Whether a name tells one recording from all others, or is given again and again by recorders and by hand."""

from __future__ import annotations

import re

# fmt: off
_COMMON = frozenset({
    "aufnahme", "audio", "call", "channel", "ch", "chunk", "clip", "cut", "data", "dr", "example", "file", "left",
    "memo", "mic", "mono", "new", "out", "output", "part", "rec", "record", "recording", "right", "sample", "segment",
    "seg", "song", "sound", "stereo", "ste", "take", "tascam", "test", "track", "train", "untitled", "val", "voice",
    "zoom",
})
# fmt: on
_DATE = re.compile(r"(?:19|20)\d{6}(?:t\d{6}z?)?")  # 20250131, 20250131T050000Z


def names_one_recording(name: str) -> bool:
    """Return whether two files of this base name are one recording: XC123456, 5D311F9B, S04_20250131_050000.

    Not names that recorders of one schedule share (20250131_050000), numbers, and words for any sound (rec_001, clip).
    name: as `base_name` gives it, in small letters.
    """
    tokens = [t for t in re.split(r"[\W_]+", name) if t]
    dated = any(_DATE.match(t) for t in tokens)
    words = [re.sub(r"\d", "", t) for t in tokens if not _DATE.fullmatch(t)]
    return any(w not in _COMMON and (len(w) > 1 or (dated and len(w) == 1)) for w in words)
