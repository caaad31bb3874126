"""FeatureStore: embeddings and block means of chunks, one Parquet part per group of recordings.

A part has one row per chunk: `recording`, `start_s`, `end_s`, then one fixed-size list of float32 per
feature, flattened; the manifest says its shape. pandas, polars and DuckDB can read it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import Contents, Float32, NameRule, Rows, Saw, canonical_order, make_rows
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.store.compaction import finish
from blendkit.store.journal_entries import Stored
from blendkit.store.manifest import KEYS, Manifest
from blendkit.store.mixed_copies_record import MixedCopy, mixed_entries, mixing_of, read_mixed
from blendkit.store.parts import naming_part, read_part, rows_of, write_part
from blendkit.store.store_facts import is_store

if TYPE_CHECKING:
    import pyarrow as pa

FEATURES_FORMAT = 2  # 1, or none stated: before values followed the order of their rows
_FACTS = ("features", "about")


def require_features(who: str, names: Sequence[str], shapes: Mapping[str, Sequence[int]]) -> None:
    """Raise BlendkitError for features that are not in `shapes`, each with the nearest name."""
    unknown = [f"{n!r}{did_you_mean(n, shapes)}" for n in names if n not in shapes]
    if unknown:
        listed = ", ".join(f"{n} {list(s)}" for n, s in shapes.items())
        raise BlendkitError(f"{who}: no feature {', '.join(unknown)}", [f"it has {listed}"])


def _said(mixing: Mapping[str, Any] | None) -> str:
    return "no mixed copies" if mixing is None else ", ".join(f"{k} {v}" for k, v in mixing.items())


@dataclass
class FeatureStore:
    """A member's features on disk, resumable as its logits are."""

    manifest: Manifest
    _mixed: tuple[dict[str, MixedCopy], Contents] = field(default_factory=lambda: ({}, {}))  # of the next part

    @classmethod
    def create(
        cls, folder: Path, made_by: str, shapes: Mapping[str, Sequence[int]], about: Mapping[str, Any]
    ) -> FeatureStore:
        """Open a new or partly filled store. Raises BlendkitError if the folder holds other features."""
        wanted = {n: list(s) for n, s in shapes.items()}
        if is_store(folder):
            found = cls.open(folder)
            if found.manifest.made_by != made_by or found.manifest.facts["features"] != wanted:
                said = [f"it holds {', '.join(found.shapes)}", f"asked: {', '.join(wanted)}", "choose another --out"]
                raise BlendkitError(f"{folder}: holds other features, or another member's", said)
            held, asked = mixing_of(found.manifest.facts["about"]), mixing_of(about)
            if held != asked:
                said = [f"it holds {_said(held)}", f"asked: {_said(asked)}", "choose another folder"]
                raise BlendkitError(f"{folder}: holds features of audio that is mixed in another way", said)
            return found
        facts = {"features": wanted, "about": {"features_format": FEATURES_FORMAT, **about}}
        return cls(Manifest(folder, made_by, facts))

    @classmethod
    def open(cls, folder: Path) -> FeatureStore:
        """Open an existing store. Raises BlendkitError if there is none, and for one of another format."""
        manifest = Manifest.read(folder, "feature store", _FACTS)
        about = manifest.facts["about"]
        found = about.get("features_format") if isinstance(about, dict) else None
        if found != FEATURES_FORMAT:
            raise BlendkitError(
                f"{folder}: features of another format ({found or 'none stated'}; this blendkit reads "
                f"{FEATURES_FORMAT}), which may lie under another recording's name",
                ["delete the folder and make the features again"],
            )
        return cls(manifest)

    def contents(self) -> Contents:
        """What the stored recordings sound like, of those whose content is known."""
        return self.manifest.contents()

    @property
    def saw(self) -> Saw:
        """The recordings that the model of these features learned from, as far as it says."""
        return Saw.from_json(self.manifest.facts["about"], known=True)

    @property
    def says_saw(self) -> bool:
        """Whether the model of these features says what it learned from."""
        return "saw" in self.manifest.facts["about"]

    @property
    def is_mixed(self) -> bool:
        """Whether it holds copies of clips that are mixed with background audio."""
        return mixing_of(self.manifest.facts["about"]) is not None

    def mixes(self) -> tuple[dict[str, MixedCopy], Contents]:
        """Return what every mixed copy is made of, and the contents of the backgrounds."""
        return read_mixed(self.manifest.entries, self.manifest.folder)

    def say_mixed(self, copies: Mapping[str, MixedCopy], contents: Contents) -> None:
        """Say what copies are made of; it is saved with the next part."""
        self._mixed = (dict(copies), contents)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every feature of one chunk."""
        return {n: tuple(s) for n, s in self.manifest.facts["features"].items()}

    def write(self, rows: Rows, values: Sequence[Float32], stored: Mapping[str, Stored]) -> None:
        """Add one part: features (N, D) of a group of recordings, in the order of `shapes`."""
        import pyarrow as pa

        if self.manifest.journal is None:
            self.manifest.begin()
        columns: list[Any] = [pa.array(rows.recording, pa.string()), rows.start_s, rows.end_s]
        for feature in values:
            flat = pa.array(np.ascontiguousarray(feature, np.float32).ravel())
            columns.append(pa.FixedSizeListArray.from_arrays(flat, feature.shape[1]))
        part = write_part(self.manifest.folder, pa.table(columns, names=[*KEYS, *self.shapes]))
        self.manifest.add(part, mixed_entries(stored, *self._mixed))

    def finish(self) -> None:
        """Say that this process adds no more, and pack the small parts."""
        finish(self.manifest, self.layout)

    def layout(self, table: pa.Table) -> pa.Table:
        """Return a part's table as packed parts have it: as it is."""
        return table

    def read(self, name: str, names: NameRule) -> tuple[Rows, Float32]:
        """Return all rows, in canonical order, and one feature (N, *shape).

        Raises BlendkitError for a feature that is not stored, with the nearest, and for an empty store.
        """
        import pyarrow as pa

        require_features(str(self.manifest.folder), [name], self.shapes)
        folder = self.manifest.folder
        found = self.manifest.reading(lambda: self._tables(name))
        if not found:
            raise BlendkitError(f"{folder}: no features are stored")
        table = pa.concat_tables([t.set_column(0, KEYS[0], t[KEYS[0]].cast(pa.string())) for t in found])
        rows = make_rows(table["recording"].to_pylist(), table["start_s"].to_numpy(), table["end_s"].to_numpy(), names)
        flat = table[name].combine_chunks().flatten().to_numpy()
        values = flat.reshape(len(rows), *self.shapes[name]).astype(np.float32)
        order = canonical_order(rows)
        return rows.take(order), values[order]

    def _tables(self, name: str) -> list[pa.Table]:
        """Return the rows of every part, with one feature."""
        found = []
        for part, held in self.manifest.recordings_of_parts().items():
            path, length = self.manifest.folder / part, math.prod(self.shapes[name])
            with naming_part(path):
                table = rows_of(read_part(path, [*KEYS, name]), held)
                if table[name].type.list_size != length:
                    raise ValueError(f"{table[name].type.list_size} values of {name!r} per chunk, expected {length}")
            found.append(table)
        return found
