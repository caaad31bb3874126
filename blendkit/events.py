"""Events and notes that running work reports; the command line shows them as bars and tables or as NDJSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Emit = Callable[[str, dict[str, Any]], None]
"""Called with an event's name and its payload of plain values."""

Note = Callable[[str, str], None]
"""Called with a stream's name and a sentence about what was done to it."""


def silent(event: str, payload: dict[str, Any]) -> None:
    """Show no event."""


def ignore_note(stream: str, text: str) -> None:
    """Drop a note on a stream."""


def ignore_text(text: str) -> None:
    """Drop a note where the stream or step it is about is known."""
