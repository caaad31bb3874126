"""What commands print with `--json` is what the reference says of events."""

from __future__ import annotations

import json

from blendkit.events import EVENT_KEYS


def undocumented_keys(printed: str) -> list[str]:
    """Return `event.key` of every key of a payload that the reference does not name."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"spec_version"')]
    said = [(line["event"], key, EVENT_KEYS.get(line["event"], ())) for line in lines for key in line["payload"]]
    return [f"{event}.{key}" for event, key, known in said if not isinstance(known, str) and key not in known]
