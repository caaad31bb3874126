"""Merge what several processes or machines scored: stores, or the folders of runs with all their stores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blendkit.engine.output_folder import LOGITS, open_folder
from blendkit.errors import BlendkitError
from blendkit.store import Merged, is_store, merge_stores


def merge(sources: Sequence[Path | str] | Path | str, out: Path | str | None = None) -> list[Merged]:
    """Merge stores that `score`, `fit features` or `run` filled into one; return what each merged store holds.

    sources: stores, or folders of runs, whose stores are merged member by member. out: the merged store or run folder;
    needed for several sources, which stay as they are, and may be one of them; a single source is packed in place.
    However the recordings were split, and however often a process was stopped, the merged files are the same.
    Raises BlendkitError for folders that hold no store, and for stores that do not belong together.
    """
    folders = [Path(sources)] if isinstance(sources, (Path, str)) else [Path(s) for s in sources]
    if out is None and len(folders) != 1:
        raise BlendkitError(f"{len(folders)} sources need a folder to be merged into", ["say it with --out"])
    target = Path(out) if out is not None else folders[0]
    found = [_stores(f) for f in folders]
    if len({"" in stores for stores in found}) > 1:
        raise BlendkitError("stores and folders of runs cannot be merged with each other")
    if "" not in found[0] and target not in folders:
        open_folder(target)
    names = sorted({name for stores in found for name in stores})
    return [merge_stores([s[n] for s in found if n in s], target / LOGITS / n if n else target) for n in names]


def _stores(folder: Path) -> dict[str, Path]:
    """Return the stores of a run's folder by their names, or the one store by the name ""."""
    if is_store(folder):
        return {"": folder}
    found = {p.name: p for p in sorted((folder / LOGITS).glob("*")) if is_store(p)}
    if not found:
        raise BlendkitError(
            f"{folder}: holds no store",
            ["expected a folder that `blendkit score` or `fit features` filled, or the --out of `blendkit run`"],
        )
    return found
