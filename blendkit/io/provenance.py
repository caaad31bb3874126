"""Where scores come from: their space, what was behind them, and whether they are out-of-fold; kept with the scores."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from blendkit.core import (
    AudioContent,
    Contents,
    FileSpace,
    Saw,
    ScoreKind,
    contents_to_json,
    held_out_of,
    json_value,
    written_space,
)
from blendkit.errors import BlendkitError
from blendkit.io.edited_files import archived_marks, array_marks, hash_now, same_as_written
from blendkit.io.parquet_provenance import PARQUET_START, metadata_of, put_metadata
from blendkit.io.readers.result_folder import result_tables
from blendkit.io.score_places import SUBMISSION, score_file, split_source
from blendkit.store import BROKEN_NPZ, LogitStore, is_store, read_npz, require_sealed, write_json

PROVENANCE = "provenance"  # the array of an NPZ
_SIDE = ".provenance.json"
_FILE, _ARRAYS = "sha256", "arrays"  # of what the provenance is: the file beside it, or the arrays (CRC-32)
UNKNOWN_SAW = Saw(known=False)
NOT_KNOWN = "what these scores learned from is not known: the figure may be in-sample"


@dataclass(frozen=True)
class Provenance:
    """What is known of a file's scores.

    saw: the recordings behind them; contents: what the scored recordings sound like. kind: what the file says of
    itself; `unknown` where it says nothing. held_out: recordings among `saw` that were scored only by what did not
    learn from them. uncovered: classes of which nothing behind the scores says anything. edited: whether the file was
    changed after this was said of it: then what is known holds for other scores.
    """

    space: FileSpace = "unknown"
    saw: Saw = UNKNOWN_SAW
    kind: ScoreKind = "unknown"
    contents: Contents = field(default_factory=dict, repr=False)
    held_out: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    edited: bool = False

    def in_sample(self, recordings: Iterable[str]) -> list[str]:
        """Return which of these recordings the scores are in-sample on: none of out-of-fold scores."""
        if self.kind == "oof":
            return []
        held_out = set(self.held_out)
        return [r for r in self.saw.among(recordings, self.contents) if r not in held_out]

    def kind_on(self, recordings: Iterable[str]) -> ScoreKind:
        """Return what the scores of these recordings are."""
        asked = list(recordings)
        if self.kind == "oof":
            return "oof"
        if self.in_sample(asked):
            return "in-sample"
        if not self.saw.known or self._speaks_of_others(asked):
            return "unknown"
        return "oof" if set(self.held_out) & set(asked) else "unseen"

    def _speaks_of_others(self, recordings: Sequence[str]) -> bool:
        """Return whether it heard recordings, and none of these: names were changed after the scores were written."""
        return bool(recordings and self.contents) and not any(r in self.contents for r in recordings)

    def to_json(self) -> dict[str, Any]:
        """Return a form that JSON can hold."""
        scored = contents_to_json(self.contents, self.contents)
        own = {"held_out": list(self.held_out), "uncovered": list(self.uncovered), "contents": scored}
        return {"space": self.space, "kind": self.kind, **self.saw.to_json(), **own}

    @classmethod
    def from_json(cls, value: Any) -> Provenance:
        """Read what `to_json` made. Raises ValueError for anything else."""
        if not isinstance(value, Mapping) or value.get("kind") not in get_args(ScoreKind):
            raise ValueError("it does not say what kind of scores these are")
        if value.get("space") not in get_args(FileSpace):
            raise ValueError("it does not say the space of its scores")
        contents = {r: AudioContent.from_json(c) for r, c in dict(value.get("contents", {})).items()}
        held_out, uncovered = (tuple(map(str, value.get(k, ()))) for k in ("held_out", "uncovered"))
        return cls(value["space"], Saw.from_json(value), value["kind"], contents, held_out, uncovered)


_WORST_FIRST: tuple[ScoreKind, ...] = ("in-sample", "unknown", "oof", "unseen")


def joined(parts: Iterable[Provenance], recordings: Sequence[str], contents: Contents) -> Provenance:
    """Return what is known of scores of these recordings that were made from all of the parts.

    They are what the worst part is: in-sample, else of unknown origin, else out-of-fold. contents: of the recordings.
    """
    every = tuple(parts)
    kinds = {p.kind_on(recordings) for p in every}
    unsure: ScoreKind = "unknown"
    kind = next((k for k in _WORST_FIRST if k in kinds), unsure)
    saw = Saw().joined(*(p.saw for p in every))
    seen = {r for p in every for r in p.in_sample(recordings)}
    held_out = tuple(r for r in saw.among(recordings, contents) if r not in seen)
    return Provenance("unknown", saw, kind, contents, held_out)


def of_store(store: LogitStore) -> Provenance:
    """Return what is known of a store's logits."""
    contents = store.contents()
    held_out = tuple(held_out_of(store.fold_saw, store.recordings(), contents))
    uncovered = tuple(c for c, k in zip(store.classes, store.covered, strict=True) if not k)
    return Provenance("logit", store.saw, "unknown", contents, held_out, uncovered)


def read_provenance(source: Path | str) -> Provenance:
    """Return what is known of the scores of a store, a run's folder or file, or any file that blendkit wrote.

    Of a folder of such files: what is known of all of them. A file of other tools says nothing: then all is unknown.
    Raises BlendkitError for damaged facts, and for the files of a run that was ended while it replaced them.
    """
    path, array = split_source(source)
    own = score_file(path)
    folder, file = (path, SUBMISSION if own == path else own.name) if path.is_dir() else (path.parent, path.name)
    if is_store(path):
        return of_store(LogitStore.open(path))
    try:
        said = _own(path, array) if path.is_file() else None
    except (*BROKEN_NPZ, AttributeError, IndexError) as error:
        raise BlendkitError(f"{path}: its provenance is damaged", [str(error)]) from error
    if said is not None:
        return said
    require_sealed(folder, "run.json", "run the recipe again: it goes on with what is saved, and replaces the rest")
    if (folder / "run.json").is_file():
        return _of_run(folder / "run.json", file, own=path.is_dir())
    return _of_parts(path) if path.is_dir() else Provenance()


def _of_parts(folder: Path) -> Provenance:
    """What is known of a folder's tables, parts of one table with recordings of their own; nothing if one says nothing.

    A recording is held out where the part that scored it did not learn from it, whatever the others learned from.
    Raises BlendkitError for parts of different spaces.
    """
    parts: dict[Path, Provenance] = {}
    for path in result_tables(folder):
        parts[path] = read_provenance(path)
        if parts[path] == Provenance():
            return Provenance()
    if not parts:
        return Provenance()
    by_space = {p.space: path.relative_to(folder).as_posix() for path, p in parts.items()}
    if len(by_space) > 1:
        problems = [f"{where} holds {space} scores" for space, where in sorted(by_space.items())]
        raise BlendkitError(f"{folder.name}: its tables are of different spaces", problems)
    every = tuple(parts.values())
    own = joined(every, (), {r: c for p in every for r, c in p.contents.items()})
    seen = {r for p in every for r in p.in_sample([*p.contents, *p.held_out])}
    apart = {r for p in every for r in (*p.contents, *p.held_out)} - seen
    kinds = {p.kind for p in every}
    unsure: ScoreKind = "unknown"
    return replace(
        own,
        space=next(iter(by_space)),
        kind=next(iter(kinds)) if len(kinds) == 1 else unsure,
        held_out=tuple(sorted(own.saw.among(apart, own.contents))),
        uncovered=tuple(sorted({c for p in every for c in p.uncovered})),
    )


def known_space(source: Path | str, stated: FileSpace) -> FileSpace:
    """Return the space that a source says of its scores, else the stated one. Raises BlendkitError if they differ."""
    return agreed_space(source, provenance_of(source), stated)


def provenance_of(source: Path | str) -> Provenance:
    """Return what `read_provenance` does; of what is not there nothing is known, and its reader will say so."""
    return read_provenance(source) if split_source(source)[0].exists() else Provenance()


def agreed_space(source: Path | str, known: Provenance, stated: FileSpace) -> FileSpace:
    """Return the space that is known of a source, else the stated one. Raises BlendkitError if they differ."""
    if "unknown" not in (known.space, stated) and known.space != stated:
        raise BlendkitError(f"{source}: it says that its scores are {known.space}, not {stated}", ["leave --space out"])
    return stated if known.space == "unknown" else known.space


def write_side_provenance(path: Path, provenance: Provenance) -> None:
    """Write the provenance of a file beside it, when the file is written; a Parquet file gets it as metadata, too.

    So a Parquet file that is moved alone still says what is behind it.
    """
    with path.open("rb") as handle:
        if handle.read(4) == PARQUET_START:
            put_metadata(path, provenance.to_json())
    write_json(path.with_name(path.name + _SIDE), {**provenance.to_json(), _FILE: hash_now(path)})


def provenance_array(provenance: Provenance, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the array PROVENANCE of an NPZ that holds these arrays beside it."""
    return np.array([json.dumps({**provenance.to_json(), _ARRAYS: array_marks(arrays)})])


def _of_others(made: Provenance) -> Provenance:
    """What is known of scores in the place of those of which this was said: what was behind them may be behind these.

    Nothing says that they are out-of-fold, nor that they are not.
    """
    held_out = set(made.held_out)
    behind = [] if made.kind == "oof" else [r for r in made.saw.recordings if r not in held_out]
    return Provenance(saw=Saw.of(behind, made.saw.contents, known=False), contents=made.contents, edited=True)


def _own(path: Path, array: str | None) -> Provenance | None:
    """What a file says of itself: an array of an NPZ, metadata of a Parquet file, or a side file."""
    side = path.with_name(path.name + _SIDE)
    if side.is_file():
        said = json_value(side.read_text(encoding="utf-8"))
        made = Provenance.from_json(said)
        return made if not said.get(_FILE) or same_as_written(path, said[_FILE]) else _of_others(made)
    with path.open("rb") as handle:
        start = handle.read(4)
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if f"{PROVENANCE}.npy" not in archive.namelist():
                return None
            held = archived_marks(archive)
        said = json_value(str(read_npz(path, [PROVENANCE])[PROVENANCE].ravel()[0]))
        made, marks = Provenance.from_json(said), said.get(_ARRAYS, {})
        same = not marks or ({n: held.get(n) for n in marks} == marks and (array is None or array in marks))
        return made if same else _of_others(made)
    inside = metadata_of(path) if start == PARQUET_START else None
    if inside is None:
        return None
    made = Provenance.from_json(inside[0])
    return made if inside[1] else _of_others(made)


def _of_run(path: Path, file: str, *, own: bool) -> Provenance:
    """What run.json says of a file of its folder; of another file, only what its members saw.

    own: whether it is known to be the run's file.
    """
    try:
        facts = json_value(path.read_text(encoding="utf-8"))
        known = Provenance.from_json(facts["provenance"])
        written = {w["file"]: (n, w) for n, w in facts.get("written", {}).items()}
        if not own and file not in written:
            unsure = replace(known.saw, known=False)
            return Provenance(saw=unsure, contents=known.contents)
        if file not in written:
            return known
        name, about = written[file]
        place = path.with_name(file)
        if place.is_file() and about.get("sha256") and not same_as_written(place, about["sha256"]):
            return _of_others(known)
        space: FileSpace = facts["streams"][name]["space"]
        uncovered = tuple(map(str, about["uncovered"]))
        if "kind" in about:  # what is behind this stream, which may be less than what is behind the run's output
            held_out = tuple(map(str, about["held_out"]))
            known = replace(known, saw=Saw.from_json(about), kind=about["kind"], held_out=held_out)
        return replace(known, space=written_space(space), uncovered=uncovered)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BlendkitError(f"{path}: not the facts of a run", [reason, "run the recipe again"]) from error
