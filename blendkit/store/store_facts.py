"""The facts of a store, `store.json`: what made its values, and of which classes or features they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blendkit.core import canonical_json, json_value, text_hash
from blendkit.errors import BlendkitError

STORE_FORMAT = 2
OLD_MANIFEST = "manifest.json"  # of stores of format 1
STORE_FACTS = "store.json"


def is_store(folder: Path) -> bool:
    """Return whether a folder is a store, of logits or of features."""
    return (folder / STORE_FACTS).is_file()


def facts_text(facts: Mapping[str, Any]) -> str:
    """Return what `store.json` holds of these facts: they, and their hash."""
    return json.dumps({**facts, "sha256": _facts_hash(facts)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def facts_of(folder: Path, what: str) -> dict[str, Any]:
    """Return a store's facts. Raises BlendkitError for a folder that is no store, or whose facts were edited."""
    if not is_store(folder) and (folder / OLD_MANIFEST).is_file():
        raise BlendkitError(
            f"{folder}: a store of format 1, this blendkit reads {STORE_FORMAT}",
            ["remove the folder, and score the recordings again"],
        )
    try:
        data = json_value((folder / STORE_FACTS).read_text(encoding="utf-8"))
    except OSError as error:
        raise BlendkitError(f"{folder}: not a {what}", [str(error)]) from error
    except (ValueError, RecursionError) as error:
        problems = [str(error), "remove the folder, and score the recordings again"]
        raise BlendkitError(f"{folder / STORE_FACTS}: not as it was written", problems) from error
    if not isinstance(data, dict) or data.get("format") != STORE_FORMAT or not isinstance(data.get("made_by"), str):
        found = data.get("format") if isinstance(data, dict) else None
        raise BlendkitError(f"{folder}: not a {what}", [f"store format {found}, this blendkit reads {STORE_FORMAT}"])
    stated = data.pop("sha256", None)
    odd = _odd_facts(data) if _has_hash(data, stated) else ["its hash does not match its content"]
    if odd:
        problems = [*odd, "remove the folder, and score the recordings again"]
        raise BlendkitError(f"{folder / STORE_FACTS}: not as it was written", problems)
    return data


def _odd_facts(data: Mapping[str, Any]) -> list[str]:
    """Return what no store writes: a hash can be right for anything that somebody made."""
    classes, covered, shapes = data.get("classes", []), data.get("covered", []), data.get("features", {})
    odd = []
    if not isinstance(data.get("about", {}), dict):
        odd.append("`about` is no object")
    if not _all_are(classes, str) or not _all_are(covered, bool) or len(classes) != len(covered):
        odd.append("`classes` and `covered` are not equally many names and true or false")
    if not isinstance(shapes, dict) or not all(_all_are(s, int) and min(s, default=1) > 0 for s in shapes.values()):
        odd.append("`features` are not names with lengths above 0")
    return odd


def _all_are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(type(v) is kind for v in values)


def _has_hash(facts: Mapping[str, Any], stated: object) -> bool:
    """Return whether this is the hash of the facts; those with infinite numbers, which no store writes, have none."""
    try:
        return stated == _facts_hash(facts)
    except ValueError:
        return False


def _facts_hash(facts: Mapping[str, Any]) -> str:
    return text_hash(canonical_json(facts))
