"""Model files that a recipe need not name: where they are on this machine, or where to get them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.store import cache_folder


def model_folders() -> list[Path]:
    """Return the folders searched for models: `BLENDKIT_MODELS`, the user's cache, hub caches, Kaggle's input."""
    own = os.environ.get("BLENDKIT_MODELS")
    # these two tools use ~/.cache on every system, whatever its rules are
    home = Path.home() / ".cache"
    hub = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or home) / "huggingface"
    kaggle = os.environ.get("KAGGLEHUB_CACHE") or home / "kagglehub"
    return [
        *([Path(own)] if own else []),
        cache_folder() / "models",
        Path(hub) / "hub",
        Path(kaggle) / "models",
        Path("/kaggle/input"),
    ]


def package_folder(package: str, *parts: str) -> Path | None:
    """Return a folder inside an installed package, without importing it; None if it is not installed."""
    spec = find_spec(package)
    roots = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(roots)), *parts) if roots else None


def locate(what: str, names: Sequence[str], folders: Callable[[], Iterable[Path | None]], advice: str) -> Path:
    """Return the first file below the folders that has one of the names, in their order.

    Raises BlendkitError that says which folders were searched, and where to get the file.
    """
    searched = [f for f in folders() if f is not None]
    for folder in searched:
        for name in names:
            found = sorted(folder.rglob(name)) if folder.is_dir() else []
            if found:
                return found[0]
    where = f"searched for {' or '.join(names)} below {', '.join(map(str, searched))}"
    raise BlendkitError(f"{what} was not found", [where, advice])
