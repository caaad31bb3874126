"""What commands print with `--json` is what the reference says of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from blendkit.cli import _tables
from blendkit.events import EVENT_KEYS


def unknown_keys(event: str, payload: Mapping[str, Any]) -> list[str]:
    """Return `event.key` of every key of a payload that the reference does not name."""
    known = EVENT_KEYS.get(event, tuple(payload))  # the names of events are held to the code
    return [] if isinstance(known, str) else [f"{event}.{key}" for key in payload if key not in known]


def undocumented_keys(printed: str) -> list[str]:
    """Return `event.key` of every key that a command printed and the reference does not name."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"spec_version"')]
    return [key for line in lines for key in unknown_keys(line["event"], line["payload"])]


@contextmanager
def events_held_to_the_reference() -> Iterator[None]:
    """Fail where a command that a test calls in its own process prints another key."""

    def dumps(line: dict[str, Any], **how: Any) -> str:
        assert unknown_keys(line["event"], line["payload"]) == []
        return json.dumps(line, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_tables, "json", SimpleNamespace(dumps=dumps))
        yield
