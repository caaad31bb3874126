"""What a recording sounds like, in a few hashes: two files of the same audio are told to be one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ENVELOPE_PARTS = 16  # equal parts of a recording whose levels are kept
ENVELOPE_STEP_DB = 0.5
_APART_STEPS = 3  # a lossy copy keeps each level within 1.5 dB; other sounds under the same name do not
MARK_DIGITS = 12  # hex digits: among 10^5 recordings on each side, one false match in about a thousand comparisons


@dataclass(frozen=True)
class AudioContent:
    """Hashes of a recording's decoded samples (mono, as 16-bit integers); nothing of the file's metadata.

    whole: the hash of all samples. marks: hashes of short stretches, at places that the samples themselves choose: a
    cut of the recording shares marks with it, wherever it begins. levels: of 16 equal parts, in steps of 0.5 dB, two
    hex digits each.
    """

    whole: str
    marks: tuple[str, ...] = ()
    levels: str = ""

    def sounds_like(self, other: AudioContent) -> bool:
        """Return whether the two may be copies of one recording in other encodings: their levels agree in all parts."""
        one, two = bytes.fromhex(self.levels), bytes.fromhex(other.levels)
        return len(one) == len(two) and all(abs(a - b) <= _APART_STEPS for a, b in zip(one, two, strict=True))

    def to_json(self) -> dict[str, str]:
        """Return a form that JSON can hold."""
        return {"whole": self.whole, "levels": self.levels, "marks": "".join(self.marks)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> AudioContent:
        """Read what `to_json` made. Raises ValueError for anything else."""
        whole, levels, marks = content_texts(value)
        return cls(whole, tuple(marks[i : i + MARK_DIGITS] for i in range(0, len(marks), MARK_DIGITS)), levels)


def content_texts(value: Any) -> tuple[str, str, str]:
    """Return `whole`, `levels` and `marks` of a content as JSON has it. Raises ValueError for anything else."""
    found = [value.get(k) for k in ("whole", "levels", "marks")] if isinstance(value, (dict, Mapping)) else []
    if [type(t) for t in found] != [str, str, str]:
        raise ValueError("a content has `whole`, `levels` and `marks`, each a text of hex digits")
    whole, levels, marks = found
    bytes.fromhex(levels)
    return whole, levels, marks


def contents_to_json(contents: Mapping[str, AudioContent], recordings: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the contents of those recordings that have one, in a form that JSON can hold."""
    return {r: contents[r].to_json() for r in recordings if r in contents}
