"""The folders in which a recipe's files are looked for: one or several, which names may not leave unless allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io import FileContents, split_label_source

_MOST_SEARCHED = 5000  # files that a message for a missing one looks through


@dataclass(frozen=True)
class DataFolder:
    """The folder of a recipe's files, and further ones, in the order in which they are searched.

    outside: files may lie outside all of them. contents: the files that were read already.
    """

    root: Path
    outside: bool = False
    contents: FileContents = field(default_factory=FileContents, compare=False, repr=False)
    others: tuple[Path, ...] = ()

    @property
    def roots(self) -> tuple[Path, ...]:
        """All folders, in the order in which they are searched."""
        return (self.root, *self.others)

    @property
    def said(self) -> str:
        """All folders as a text for people."""
        return str(self.root) if not self.others else f"any of {shorten(self.roots, 8)}"

    def find(self, name: str) -> Path:
        """Return the absolute path of a name: of the first folder that has it, else of the first folder.

        Raises BlendkitError if the name leaves the folders.
        """
        found = self._inside(name)
        if not found:
            where = f"the data folder {self.root}" if not self.others else f"the data folders {shorten(self.roots, 8)}"
            raise BlendkitError(f"{name!r} leaves {where}; --allow-outside permits it")
        return next((p for p in found if split_label_source(p)[0].exists()), found[0])

    def require(self, name: str, *, folder: bool = False) -> Path:
        """As `find`, for a file (or a folder) that must exist; the error names the most similar file."""
        path = self.find(name)
        if path.is_file() or (folder and path.is_dir()):
            return path
        raise self._missing(name)

    def require_labels(self, name: str) -> Path:
        """As `find`, for labels that must exist: a file, `FILE:NAME`, or a folder."""
        path = self.find(name)
        if not split_label_source(path)[0].exists():
            raise self._missing(name)
        return path

    def require_roots(self) -> None:
        """Raise BlendkitError unless every folder exists."""
        missing = [str(r) for r in self.roots if not r.is_dir()]
        if missing:
            raise BlendkitError(f"{missing[0]}: no such data folder", missing[1:])

    def doubled(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return a note for every name that several folders have: which is used, and which is not."""
        notes = []
        for name in dict.fromkeys(names):
            first, *rest = [p for p in self._inside(name) if split_label_source(p)[0].exists()] or [Path()]
            if others := [str(p) for p in rest if p != first]:
                notes.append(f"{name!r} is in several data folders: {first} is used, not {shorten(others)}")
        return tuple(notes)

    def relative(self, path: Path) -> str:
        """Return the name of an absolute path below the first folder that holds it; its own name if none does."""
        inside = (path.relative_to(r.resolve()) for r in self.roots if path.is_relative_to(r.resolve()))
        return next(inside, Path(path.name)).as_posix()

    def _inside(self, name: str) -> list[Path]:
        """Return the name's path in every folder, without those that leave all folders."""
        paths = dict.fromkeys((root / name).resolve() for root in self.roots)
        if self.outside:
            return list(paths)
        tops = [root.resolve() for root in self.roots]
        return [p for p in paths if any(p.is_relative_to(top) for top in tops)]

    def _missing(self, name: str) -> BlendkitError:
        title = f"{name!r} is not in {self.said}"
        beside = [p for root in self.roots if (p := (root / name).resolve().parent).is_dir()]
        near = did_you_mean(Path(name).name, sorted({p.name for folder in beside for p in folder.iterdir()}))
        if near or not self.others:
            way = "give its path" if self.outside else "--data names the folder that has it"
            return BlendkitError(title + (near or f"; {way}"))
        same = sorted({f.as_posix() for root in self.roots for f in _files_called(root, Path(name).name)})
        return BlendkitError(title + (f"; of that name there is {shorten(same, 3)}" if same else ""))


def _files_called(root: Path, name: str) -> list[Path]:
    """Return the files of a name anywhere below a folder, as far as a short search goes."""
    every = islice(root.rglob("*"), _MOST_SEARCHED) if root.is_dir() else ()
    return [p for p in every if p.name == name]
