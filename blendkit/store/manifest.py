"""A folder of Parquet parts and its manifest: which recordings each part holds, and the hash of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blendkit.core import AudioContent, Contents, canonical_json, text_hash
from blendkit.errors import BlendkitError
from blendkit.store.files import file_hash, write_json

STORE_FORMAT = 1
KEYS = ("recording", "start_s", "end_s")


@dataclass(frozen=True)
class Stored:
    """A store's entry for one recording: the hash of its file, its number of chunks, its status and its content.

    content: of its audio, as JSON has it; None where there is nothing to compare, and in older stores.
    """

    key: str
    chunks: int
    status: str
    note: str
    duration_s: float
    content: Mapping[str, str] | None = None


@dataclass
class Manifest:
    """The content of a folder. `made_by` is the hash of what made it; `facts` holds the store's own keys."""

    folder: Path
    made_by: str
    facts: dict[str, Any]
    parts: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path, what: str, facts: Sequence[str]) -> Manifest:
        """Read a manifest with the keys `facts`. Raises BlendkitError if it is missing or of another kind or format."""
        try:
            data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BlendkitError(f"{folder}: not a {what}", [str(error)]) from error
        found = data.get("format") if isinstance(data, dict) else None
        lacks = {"made_by", "parts", *facts} - set(data if found else ())
        if found not in (None, STORE_FORMAT):
            raise BlendkitError(f"{folder}: store format {found}, this blendkit reads {STORE_FORMAT}")
        if lacks:
            raise BlendkitError(f"{folder}: not a {what}", [f"its manifest lacks {', '.join(sorted(lacks))}"])
        return cls(folder, data["made_by"], {k: data[k] for k in facts}, data["parts"])

    def recordings(self) -> dict[str, Stored]:
        """Return what is stored, per recording id."""
        return {r: Stored(**s) for p in self.parts.values() for r, s in p["recordings"].items()}

    def contents(self) -> Contents:
        """Return what the stored recordings sound like, of those whose content is known."""
        known = {r: s.content for r, s in self.recordings().items()}
        return {r: AudioContent.from_json(c) for r, c in known.items() if c is not None}

    def drop_damaged(self) -> list[str]:
        """Drop parts whose file is missing or changed; return their names."""
        bad = [n for n, p in self.parts.items() if not _intact(self.folder / n, p["sha256"])]
        for name in bad:
            del self.parts[name]
        return bad

    def part_name(self, stored: Mapping[str, Stored]) -> str:
        """Return the name of the part of these recordings."""
        return f"part-{text_hash(canonical_json({r: s.key for r, s in stored.items()}))[:16]}.parquet"

    def add(self, name: str, stored: Mapping[str, Stored]) -> None:
        """List a written part. A recording belongs to its newest part; parts left without recordings are removed."""
        for part in self.parts.values():
            for recording in stored:
                part["recordings"].pop(recording, None)
        emptied = [n for n, p in self.parts.items() if not p["recordings"] and n != name]
        self.parts = {n: p for n, p in self.parts.items() if p["recordings"]}
        self.parts[name] = {
            "sha256": file_hash(self.folder / name),
            "recordings": {r: asdict(s) for r, s in stored.items()},
        }
        self.save()
        for old in emptied:  # only once the manifest no longer names it
            (self.folder / old).unlink(missing_ok=True)

    def save(self) -> None:
        """Write the manifest, with recordings in the order in which they were stored."""
        about = {"format": STORE_FORMAT, "made_by": self.made_by, **self.facts, "parts": self.parts}
        write_json(self.folder / "manifest.json", about, sort=False)


def _intact(path: Path, sha256: str) -> bool:
    return path.is_file() and file_hash(path) == sha256
