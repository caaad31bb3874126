"""What run.json says to the commands that work on a run's folder: how names were read, and how long chunks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blendkit.core import Deployment, Deployments, NameRule, json_value
from blendkit.errors import BlendkitError
from blendkit.io.score_places import split_source

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


@dataclass(frozen=True, eq=False)
class RunFacts:
    """How a run read its recordings' names (None: not told), the seconds of its chunks, and what of each it could read.

    heard_s: {recording: seconds}, less than its file says where that is damaged.
    """

    rule: NameRule | None
    chunk_s: float | None
    heard_s: Mapping[str, float]


def run_facts(source: Path | str) -> RunFacts | None:
    """Return what run.json says of a run's folder, or of a file in it; None where there is none.

    Raises BlendkitError for a damaged run.json.
    """
    path, _ = split_source(source)
    facts = (path if path.is_dir() else path.parent) / "run.json"
    if not facts.is_file():
        return None
    try:
        known = json_value(facts.read_text(encoding="utf-8"))
        if not path.is_dir() and path.name not in {w["file"] for w in known["written"].values()}:
            return None
        rule, chunk_s = known.get("name_rule"), known.get("recipe", {}).get("chunk_s")
        heard = {r: about.get("duration_s") for r, about in known.get("recordings", {}).items()}
        return RunFacts(
            None if rule is None else _rule(rule), None if chunk_s is None else float(chunk_s),
            {r: float(s) for r, s in heard.items() if s},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BlendkitError(f"{facts}: not the facts of a run", [str(error), "run the recipe again"]) from error


def _rule(facts: dict[str, Any]) -> NameRule:
    table = facts["deployments"]
    if table is not None:
        table = Deployments(str(table["source"]), table["by"], tuple(Deployment(**d) for d in table["lines"]))
    return NameRule(**{k: facts[k] for k in _KEYS}, deployments=table)
