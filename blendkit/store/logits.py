"""LogitStore: a member's saved logits, one Parquet part per group of recordings, with a hashed manifest.

A part has one row per chunk: `recording`, `start_s`, `end_s`, then one float32 column per class, so
pandas, polars and DuckDB can read it. The manifest names every part, its hash and, per recording, the
hash of the audio and its decoding status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Contents, NameRule, Saw, Scores, concat, make_rows
from blendkit.errors import BlendkitError
from blendkit.store.files import atomic_path
from blendkit.store.manifest import KEYS, Manifest, Stored

_FACTS = ("classes", "covered", "about")


@dataclass
class LogitStore:
    """One member's logits on disk. `made_by` is the member's hash; `about` describes it."""

    manifest: Manifest

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.manifest.folder

    @property
    def made_by(self) -> str:
        """The member's hash."""
        return self.manifest.made_by

    @property
    def classes(self) -> tuple[str, ...]:
        """The class ids, one per column."""
        return tuple(self.manifest.facts["classes"])

    @property
    def covered(self) -> tuple[bool, ...]:
        """Which columns the member really scores."""
        return tuple(self.manifest.facts["covered"])

    @property
    def about(self) -> dict[str, Any]:
        """The member's description of itself."""
        found: dict[str, Any] = self.manifest.facts["about"]
        return found

    @property
    def saw(self) -> Saw:
        """The recordings that the member was fitted on. Raises BlendkitError if the manifest's facts are damaged."""
        try:
            return Saw.from_json(self.about)
        except ValueError as error:
            raise BlendkitError(f"{self.folder}: not a logit store", [str(error)]) from error

    def contents(self) -> Contents:
        """What the stored recordings sound like, of those whose content is known."""
        return self.manifest.contents()

    @property
    def parts(self) -> dict[str, dict[str, Any]]:
        """The parts by file name."""
        return self.manifest.parts

    @classmethod
    def create(
        cls, folder: Path, made_by: str, classes: Sequence[str], covered: Sequence[bool], about: Mapping[str, Any]
    ) -> LogitStore:
        """Open a member's store, new or partly filled.

        Raises BlendkitError if the folder holds another member's logits.
        """
        clash = sorted(set(classes) & set(KEYS))
        if clash:
            raise BlendkitError(f"class ids {clash} are names of the store's own columns")
        if (folder / "manifest.json").exists():
            found = cls.open(folder)
            if found.made_by != made_by or found.classes != tuple(classes):
                raise BlendkitError(f"{folder}: holds logits of another member", [str(found.about)])
            return found
        facts = {"classes": list(classes), "covered": [bool(c) for c in covered], "about": dict(about)}
        return cls(Manifest(folder, made_by, facts, {}))

    @classmethod
    def open(cls, folder: Path) -> LogitStore:
        """Open an existing store. Raises BlendkitError if there is none, or if it has another format."""
        return cls(Manifest.read(folder, "logit store", _FACTS))

    def recordings(self) -> dict[str, Stored]:
        """Return what is stored, per recording id."""
        return self.manifest.recordings()

    def drop_damaged(self) -> list[str]:
        """Drop parts whose file is missing or changed, so that they are scored again; return their names."""
        return self.manifest.drop_damaged()

    def write(self, scores: Scores, stored: Mapping[str, Stored]) -> None:
        """Add one part, the scores of a group of recordings. The file is written before the manifest lists it."""
        if scores.classes != self.classes or scores.space != "logit":
            raise BlendkitError(
                f"{self.folder}: holds logits of {len(self.classes)} classes, got {scores.space} "
                f"scores of {len(scores.classes)}"
            )
        name = self.manifest.part_name(stored)
        self._write_part(self.folder / name, scores)
        self.manifest.add(name, stored)

    def read(self, names: NameRule, recordings: Sequence[str] | None = None) -> Scores:
        """Return the logits of the given recordings (default: all), with N > 0 rows.

        Raises BlendkitError if a recording is not stored, or none has a chunk.
        """
        known = self.recordings()
        wanted = list(known) if recordings is None else list(recordings)
        missing = [r for r in wanted if r not in known]
        if missing:
            raise BlendkitError(f"{self.folder}: {len(missing)} recordings are not stored", missing[:5])
        nonempty = {r for r in wanted if known[r].chunks}
        parts = [self._read_part(n, names, nonempty & set(p["recordings"])) for n, p in self.parts.items()]
        found = [p for p in parts if p is not None]
        if not found:
            raise BlendkitError(f"{self.folder}: no chunk is stored")
        return concat(found)

    def _write_part(self, path: Path, scores: Scores) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns: list[Any] = [pa.array(scores.rows.recording, pa.string()), scores.rows.start_s, scores.rows.end_s]
        columns += [np.ascontiguousarray(c, np.float32) for c in scores.values.T]
        meta = {
            "blendkit.space": scores.space,
            "blendkit.made_by": self.made_by,
            "blendkit.covered": json.dumps(self.covered),
        }
        table = pa.table(columns, names=[*KEYS, *scores.classes], metadata=meta)
        with atomic_path(path) as temporary:
            pq.write_table(table, temporary, use_dictionary=["recording"], compression="zstd")

    def _read_part(self, name: str, names: NameRule, recordings: set[str]) -> Scores | None:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        if not recordings:
            return None
        try:
            table = pq.read_table(self.folder / name)
        except (OSError, pa.ArrowException) as error:
            raise BlendkitError(f"{self.folder / name}: cannot read this part", [str(error)]) from error
        table = table.filter(pc.is_in(table["recording"], pa.array(sorted(recordings), pa.string())))
        rows = make_rows(table["recording"].to_pylist(), table["start_s"].to_numpy(), table["end_s"].to_numpy(), names)
        values = np.array([table[c].to_numpy() for c in self.classes]).T  # class-major, as on disk
        return Scores.build(
            values,
            rows,
            self.classes,
            "logit",
            covered=np.array(self.covered, bool),
            made_by=self.made_by,
            source=str(self.folder / name),
        )
