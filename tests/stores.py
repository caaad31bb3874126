"""Stores as another release, or another member, would have written them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blendkit.core import canonical_json, text_hash


def edit_facts(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a store's facts in place, with the hash that belongs to them."""
    file = folder / "store.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    del facts["sha256"]
    change(facts)
    file.write_text(json.dumps({**facts, "sha256": text_hash(canonical_json(facts))}), encoding="utf-8")
