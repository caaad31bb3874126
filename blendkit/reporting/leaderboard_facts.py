"""Leaderboard questions of a report: what rounds alike, and how ranks shake up between public and private rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from blendkit.core import Float64
from blendkit.offline import Comparison, Rules, future_words, lumps_words, plateau_words, worth_words
from blendkit.reporting.stream_facts import StreamFigures


def leaderboard_facts(figures: StreamFigures, rules: Rules) -> dict[str, Any] | None:
    """Return plateaus and simulated leaderboards; None for a single stream, or where none can be simulated."""
    found = figures.compared
    if found is None or len(found) < 2:
        return None
    first = found.lines[0].name
    lines = []
    for x in found.lines:
        shake = found.split.shake_up(x.name)
        low, high = np.quantile(shake, [0.05, 0.95]).tolist() if len(shake) else (math.nan, math.nan)
        lines.append({
            "name": x.name, "public": _mean(found.split.public[x.name]), "private": _mean(found.split.private[x.name]),
            "lost_low": low, "lost_high": high,
            "above": None if x.name == first else found.split.above(x.name, first),
            "stays": None if x.name == first else found.split.stays_above(x.name, first),
        })  # fmt: skip
    return {
        "plateaus": found.plateaus, "decimals": rules.decimals, "lines": lines, "first": first,
        "correlation": found.split.rank_correlation(), "public": float(found.split.shares.mean()),
        "split_by": rules.split_by, "draws": len(found.split.shares),
        "ahead": _ahead(found, rules),
    }  # fmt: skip


def _ahead(found: Comparison, rules: Rules) -> list[str]:
    """Sentences on lumpy splits and on the plateau, where they were asked for."""
    lumps = [] if found.lumps is None else [lumps_words(found.lumps, rules.split_by, rules.public)]
    own = found.outlook
    if own is None:
        return lumps
    return [*lumps, plateau_words(own, found.lines[0].name), future_words(own), worth_words(own)]


def _mean(draws: Float64) -> float:
    known = [d for d in draws.tolist() if not math.isnan(d)]
    return math.fsum(known) / len(known) if known else math.nan
