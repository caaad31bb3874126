"""Where scores come from: their space, what was behind them, and whether they are out-of-fold; kept with the scores."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from blendkit.core import AudioContent, Contents, FileSpace, Saw, ScoreKind, contents_to_json
from blendkit.errors import BlendkitError
from blendkit.io.readers.score_sources import SUBMISSION, split_source
from blendkit.store import BROKEN_NPZ, LogitStore, is_store, read_npz, require_sealed, write_json

PROVENANCE = "provenance"  # the array of an NPZ, and with `blendkit.` before it the key of Parquet metadata
_SIDE = ".provenance.json"
UNKNOWN_SAW = Saw(known=False)


@dataclass(frozen=True)
class Provenance:
    """What is known of a file's scores.

    saw: the recordings behind them; contents: what the scored recordings sound like. kind: what the file says of
    itself; `unknown` where it says nothing.
    """

    space: FileSpace = "unknown"
    saw: Saw = UNKNOWN_SAW
    kind: ScoreKind = "unknown"
    contents: Contents = field(default_factory=dict, repr=False)

    def in_sample(self, recordings: Iterable[str]) -> list[str]:
        """Return which of these recordings the scores are in-sample on: none of out-of-fold scores."""
        return [] if self.kind == "oof" else self.saw.among(recordings, self.contents)

    def to_json(self) -> dict[str, Any]:
        """Return a form that JSON can hold."""
        scored = contents_to_json(self.contents, self.contents)
        return {"space": self.space, "kind": self.kind, **self.saw.to_json(), "contents": scored}

    @classmethod
    def from_json(cls, value: Any) -> Provenance:
        """Read what `to_json` made. Raises ValueError for anything else."""
        if not isinstance(value, Mapping) or value.get("kind") not in get_args(ScoreKind):
            raise ValueError("it does not say what kind of scores these are")
        if value.get("space") not in get_args(FileSpace):
            raise ValueError("it does not say the space of its scores")
        contents = {r: AudioContent.from_json(c) for r, c in dict(value.get("contents", {})).items()}
        return cls(value["space"], Saw.from_json(value), value["kind"], contents)


def read_provenance(source: Path | str) -> Provenance:
    """Return what is known of the scores of a store, a run's folder or file, or any file that blendkit wrote.

    A file of other tools says nothing: then all is unknown. Raises BlendkitError for damaged facts, and for the files
    of a run that was ended while it replaced them.
    """
    path, _ = split_source(source)
    folder, file = (path, SUBMISSION) if path.is_dir() else (path.parent, path.name)
    if is_store(path):
        store = LogitStore.open(path)
        return Provenance("logit", store.saw, "unknown", store.contents())
    try:
        said = _own(path) if path.is_file() else None
    except (*BROKEN_NPZ, AttributeError, IndexError) as error:
        raise BlendkitError(f"{path}: its provenance is damaged", [str(error)]) from error
    if said is not None:
        return said
    require_sealed(folder, "run.json", "run the recipe again: it goes on with what is saved, and replaces the rest")
    of_run = (folder / "run.json").is_file()
    return _of_run(folder / "run.json", file, own=path.is_dir()) if of_run else Provenance()


def write_side_provenance(path: Path, provenance: Provenance) -> None:
    """Write the provenance of a file that has no place for it, such as a CSV, beside it."""
    write_json(path.with_name(path.name + _SIDE), provenance.to_json())


def _own(path: Path) -> Provenance | None:
    """What a file says of itself: an array of an NPZ, metadata of a Parquet file, or a side file."""
    side = path.with_name(path.name + _SIDE)
    if side.is_file():
        return Provenance.from_json(json.loads(side.read_text(encoding="utf-8")))
    with path.open("rb") as handle:
        start = handle.read(4)
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if f"{PROVENANCE}.npy" not in archive.namelist():
                return None
        return Provenance.from_json(json.loads(str(read_npz(path, [PROVENANCE])[PROVENANCE].ravel()[0])))
    if start == b"PAR1":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            text = (pq.read_schema(path).metadata or {}).get(f"blendkit.{PROVENANCE}".encode())
        except pa.ArrowException:
            return None  # its reader says what is wrong
        return None if text is None else Provenance.from_json(json.loads(text))
    return None


def _of_run(path: Path, file: str, *, own: bool) -> Provenance:
    """What run.json says of a file of its folder; of another file, only what its members saw.

    own: whether it is known to be the run's file.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        by_name, members = facts["saw"], list(facts.get("recipe", {}).get("members", {}))
        names = sorted({str(r) for own in by_name.values() for r in own})
        stream = {w["file"]: n for n, w in facts.get("written", {}).items()}.get(file)
        known = (own or stream is not None) and bool(members) and all(by_name.get(m) for m in members)
        known &= not facts.get("saw_unknown", [])
        saw = Saw.from_json({"saw": names, "saw_known": known, "saw_contents": facts.get("saw_contents", {})})
        entries = facts.get("recordings", {})
        contents = {r: AudioContent.from_json(e["content"]) for r, e in entries.items() if e.get("content")}
        space: FileSpace = facts.get("streams", {}).get(stream, {}).get("space", "unknown")
        return Provenance("prob" if space == "logit" else space, saw, facts.get("kind", "unknown"), contents)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not the facts of a run", [reason, "run the recipe again"]) from error
