"""What run.json says to the commands that work on a run's folder: how names were read, and how long chunks are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from blendkit.core import Deployment, Deployments, NameRule, json_value
from blendkit.errors import BlendkitError
from blendkit.io.score_places import split_source

T = TypeVar("T")
_KEYS = ("pattern", "tz", "report_tz", "site_from")


def rule_facts(rule: NameRule) -> dict[str, Any]:
    """Return a rule as plain data, with its table of deployments: the run's folder may go where the table is not."""
    table = rule.deployments
    lines = None if table is None else {"source": table.source, "by": table.by, "lines": list(map(asdict, table.lines))}
    return {**{k: getattr(rule, k) for k in _KEYS}, "deployments": lines}


def is_of_run(source: Path | str) -> bool:
    """Return whether scores are the result of a run: its folder, or a file in it."""
    path, _ = split_source(source)
    return ((path if path.is_dir() else path.parent) / "run.json").is_file()


def rule_of_run(source: Path | str) -> NameRule | None:
    """Return the rule by which a run's folder, or a file in it, got its names; None where no run.json states one.

    Raises BlendkitError for a damaged run.json.
    """
    return _told(source, lambda known: _rule(known["name_rule"]) if known.get("name_rule") is not None else None)


def chunk_s_of_run(source: Path | str) -> float | None:
    """Return the length in seconds of the chunks of a run's folder, or of a file in it; None where no run.json tells.

    Raises BlendkitError for a damaged run.json.
    """
    found = _told(source, lambda known: known.get("recipe", {}).get("chunk_s"))
    return None if found is None else float(found)


def heard_s_of_run(source: Path | str) -> dict[str, float]:
    """Return {recording: seconds} that a run could read, of files that say otherwise, too; {} where no run.json tells.

    Raises BlendkitError for a damaged run.json.
    """

    def heard(known: dict[str, Any]) -> dict[str, float]:
        found = {r: about.get("duration_s") for r, about in known.get("recordings", {}).items()}
        return {r: float(s) for r, s in found.items() if s}

    return _told(source, heard) or {}


def _told(source: Path | str, what: Callable[[dict[str, Any]], T | None]) -> T | None:
    path, _ = split_source(source)
    facts = (path if path.is_dir() else path.parent) / "run.json"
    if not facts.is_file():
        return None
    try:
        known = json_value(facts.read_text(encoding="utf-8"))
        if not path.is_dir() and path.name not in {w["file"] for w in known["written"].values()}:
            return None
        return what(known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BlendkitError(f"{facts}: not the facts of a run", [str(error), "run the recipe again"]) from error


def _rule(facts: dict[str, Any]) -> NameRule:
    table = facts["deployments"]
    if table is not None:
        table = Deployments(str(table["source"]), table["by"], tuple(Deployment(**d) for d in table["lines"]))
    return NameRule(**{k: facts[k] for k in _KEYS}, deployments=table)
