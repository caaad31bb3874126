"""A cache of file contents: every version of a file is read and hashed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blendkit.core import LabelTable, Saw
from blendkit.io.readers.label_files import read_labels, saw_of_labels, split_label_source
from blendkit.store import content_hash, saw_of_artefact


@dataclass(frozen=True, eq=False)
class FileContents:
    """Label tables, artefacts and hashes by path; a file that changed since is read again."""

    known: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False)

    def labels(self, path: Path) -> LabelTable:
        """Return a label table of a file, or of `FILE:NAME`, or of a folder. Raises BlendkitError as `read_labels`."""
        file = split_label_source(path)[0]
        if file.is_dir():
            return read_labels(path)  # the time of a folder does not tell whether its files changed
        table: LabelTable = self._once(path, read_labels, file)
        return table

    def saw_of_labels(self, path: Path) -> Saw:
        """Return what the teacher of pseudo-labels learned from; nothing for labels of people."""
        return saw_of_labels(path, self.labels(path))

    def artefact(self, path: Path, load: Callable[[Path], Any]) -> Any:
        """Return the artefact that `load` reads from a path."""
        return self._once(path, load)

    def saw_of(self, path: Path, load: Callable[[Path], Any]) -> Saw:
        """Return what the artefact that `load` reads from a path was fitted on."""
        return saw_of_artefact(path, self.artefact(path, load))

    def sha256(self, path: Path) -> str:
        """Return the hash of the content of a file or folder, or of the file of `FILE:NAME`."""
        path = split_label_source(path)[0]
        found: str = self._once(path, content_hash) if path.is_file() else content_hash(path)
        return found

    def _once(self, path: Path, read: Callable[[Path], Any], file: Path | None = None) -> Any:
        try:
            stat = (file or path).stat()
        except OSError:
            return read(path)  # its error is more specific than this one
        key = (read, path, stat.st_size, stat.st_mtime_ns)
        if key not in self.known:
            self.known[key] = read(path)
        return self.known[key]
