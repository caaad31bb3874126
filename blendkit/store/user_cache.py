"""Where files lie that can be made again: the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """Return the folder for files that can be made again: `BLENDKIT_CACHE`, or `blendkit` in the user's cache.

    That is `~/.cache` or `XDG_CACHE_HOME` on Linux, `~/Library/Caches` on macOS, and `AppData/Local` on Windows.
    """
    own = os.environ.get("BLENDKIT_CACHE")
    return Path(own) if own else user_cache_path("blendkit", appauthor=False)
