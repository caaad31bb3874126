"""Where files lie that can be made again: the user's cache."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for files that can be made again: `BLENDKIT_CACHE`, or `blendkit` in the user's cache."""
    own = os.environ.get("BLENDKIT_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blendkit"
