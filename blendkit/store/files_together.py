"""Files that belong together: all are written before the first gets its name, and a seal says that the last has it.

Files cannot be renamed all at once. So the old seal is put aside, the files are renamed, and the new seal comes last: a
seal that is there belongs to the files beside it, and while none is there, the one put aside says that a process was
ended in between. Whoever makes the files again mends that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.store.files import sync_folder
from blendkit.temporaries import errors_naming, temporary_beside


@contextmanager
def written_together(folder: Path, seal: str, drop: Collection[str] = ()) -> Iterator[Path]:
    """Yield a new folder for files; on success they replace those of `folder` that have their names, `seal` last.

    drop: names of files in `folder` that are removed if they are not among the new ones. Whatever fails inside, a full
    disk above all, leaves `folder` as it was. The files should have been written through `atomic_path`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_beside(folder / seal) as new, errors_naming(new, folder):
        new.mkdir()
        yield new
        _move(new, folder, seal, drop)


def last_seal(folder: Path, seal: str) -> Path:
    """Return the file that describes what is or was in a folder: its seal, or the one put aside."""
    aside = _aside(folder, seal)
    return aside if is_half_replaced(folder, seal) else folder / seal


def is_half_replaced(folder: Path, seal: str) -> bool:
    """Return whether a process was ended while it replaced the files of a folder."""
    return not (folder / seal).exists() and _aside(folder, seal).exists()


def require_sealed(folder: Path, seal: str, way_out: str) -> None:
    """Raise BlendkitError, with the way out, if the files of a folder may be of two makings."""
    if is_half_replaced(folder, seal):
        raise BlendkitError(f"{folder}: its files were being replaced when the process was ended", [way_out])


def _aside(folder: Path, seal: str) -> Path:
    return folder / f".{seal}.before"


def _move(new: Path, folder: Path, seal: str, drop: Collection[str]) -> None:
    names = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
    aside = _aside(folder, seal)
    if (folder / seal).exists():
        (folder / seal).replace(aside)
    elif not aside.exists():
        aside.touch()
    for name in (n for n in names if n != seal):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(folder / name)
    for name in sorted(set(drop) - set(names)):
        (folder / name).unlink(missing_ok=True)
    for changed in {(folder / name).parent for name in names}:
        sync_folder(changed)  # before the seal has its name, so that it never outlives what it belongs to
    (new / seal).replace(folder / seal)
    sync_folder(folder)
    aside.unlink()
