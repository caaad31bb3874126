"""Fitted artefacts on disk: an NPZ of plain arrays and one JSON text, without pickle.

An artefact lists the recordings that it was fitted on, its `saw`, so that it can refuse to score them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from blendkit.core import Contents, Saw, contents_to_json, json_value
from blendkit.errors import BlendkitError, shorten
from blendkit.store.array_headers import BROKEN_NPZ, read_npz
from blendkit.store.files import atomic_path

T = TypeVar("T")
_BROKEN = (*BROKEN_NPZ, IndexError, AttributeError, OverflowError)
_FORMAT = "blendkit_artefact"


@dataclass(frozen=True)
class ArtefactFormat:
    """How a class is stored on disk. shapes: of every array field, as names of lengths: C is that of `classes`."""

    kind: str
    version: int
    shapes: Mapping[str, tuple[str | int, ...]]


def artefact(kind: str, *, version: int = 1, **shapes: tuple[str | int, ...]) -> Callable[[type[T]], type[T]]:
    """Give a frozen dataclass `save(path)` and `load(path)`, and say which of its fields are arrays.

    `slope=("C",)` says that `slope` is an array with one entry per class; other letters stand for lengths that must
    agree between the arrays. All other fields are stored as JSON. The class checks any further condition in its
    `__post_init__` and raises ValueError. `saw` holds the recordings it was fitted on.
    """

    def declare(cls: type[T]) -> type[T]:
        setattr(cls, _FORMAT, ArtefactFormat(kind, version, shapes))
        cls.save = save_artefact  # type: ignore[attr-defined]
        cls.load = staticmethod(lambda path: load_artefact(path, cls))  # type: ignore[attr-defined]
        return cls

    return declare


def loader_of(cls: type[T]) -> Callable[[Path], T]:
    """Return the function that reads an artefact of a class, for `@op(load=...)`."""
    return lambda path: load_artefact(path, cls)


def save_artefact(made: Any, path: Path, contents: Contents | None = None, *, known: bool = True) -> None:
    """Write an artefact, whole or not at all. contents: what the recordings that it saw sound like, where known.

    known: whether it saw no others.
    """
    own: ArtefactFormat = getattr(made, _FORMAT)
    values = {f.name: getattr(made, f.name) for f in fields(made)}
    plain = {n: asdict(v) if is_dataclass(v) and not isinstance(v, type) else v
             for n, v in values.items() if n not in own.shapes}  # fmt: skip
    heard = contents_to_json(contents, made.saw) if contents else {}
    more: dict[str, Any] = {"saw_contents": heard} if heard else {}
    meta = {"kind": own.kind, "version": own.version, **plain, **more, **({} if known else {"saw_known": False})}
    arrays: dict[str, Any] = {"meta": np.array(json.dumps(meta)), **{n: values[n] for n in own.shapes}}
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, **arrays)


def load_artefact(path: Path, cls: type[T]) -> T:
    """Read an artefact of a class, as `save_artefact` wrote it. Raises BlendkitError if the file is something else."""
    own: ArtefactFormat = getattr(cls, _FORMAT)
    try:
        arrays = read_npz(path, ["meta"], list(own.shapes))
        meta = json_value(str(arrays.pop("meta")))
        if meta["kind"] != own.kind:
            raise ValueError(f"it is a {meta['kind']}")
        if meta["version"] != own.version:
            raise ValueError(f"it has version {meta['version']}, this blendkit reads {own.version}")
        plain = {f.name: _plain(cls, f.name, meta[f.name]) for f in fields(cls) if f.name not in own.shapes}  # type: ignore[arg-type]
        _check_shapes(own, {n: arrays[n].shape for n in own.shapes}, len(plain["classes"]))
        return cls(**plain, **arrays)
    except _BROKEN as error:
        raise wrong_artefact(path, own.kind, error) from error


def saw_of_artefact(path: Path, made: Any) -> Saw:
    """Return what an artefact saw, with the contents that its file holds; a file of another format holds none."""
    try:
        return Saw.from_json(json_value(str(read_npz(path, ["meta"])["meta"])), known=True)
    except _BROKEN:
        return Saw.of(made.saw)


def _plain(cls: type, name: str, value: Any) -> Any:
    """Return a field's value from JSON: lists become tuples, objects become the dataclass of the field."""
    if isinstance(value, dict):
        return get_type_hints(cls)[name](**value)
    return tuple(value) if isinstance(value, list) else value


def _check_shapes(own: ArtefactFormat, found: Mapping[str, tuple[int, ...]], classes: int) -> None:
    lengths: dict[str | int, int] = {"C": classes, "C+1": classes + 1}
    for name, shape in own.shapes.items():
        at = found[name]
        wanted = [d if isinstance(d, int) else lengths.setdefault(d, n) for d, n in zip(shape, at, strict=False)]
        if len(at) != len(shape) or list(at) != wanted:
            listed = ", ".join(f"{n} {s}" for n, s in found.items())
            raise ValueError(f"its arrays do not fit together and {classes} classes: {listed}")


def wrong_artefact(path: Path, kind: str, error: Exception) -> BlendkitError:
    """Return the error for a file that does not hold an artefact of that kind."""
    return BlendkitError(f"{path}: not a saved {kind}", [str(error)])


def refuse_seen(what: str, saw: Iterable[str], recordings: Iterable[str], allow: bool) -> None:
    """Raise BlendkitError if an artefact would meet recordings that it was fitted on, unless that is allowed."""
    both = sorted(Saw.of(saw).among(dict.fromkeys(map(str, recordings))))
    if both and not allow:
        raise BlendkitError(
            f"{what} was fitted on {len(both)} of these recordings: its figures there would be in-sample",
            [shorten(both), "apply it to other recordings, or pass allow_seen=True"],
        )
