"""What a run tells while it works; the command line shows it as bars and tables or as NDJSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Emit = Callable[[str, dict[str, Any]], None]


def silent(event: str, payload: dict[str, Any]) -> None:
    """Tell nobody."""
