"""Options of the rules by which a teacher's cells become labels: those of `gate` and of `rounds`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from blendkit.cli._options import Number, setting
from blendkit.training import GateRules

RULES = ("least", "percentile", "floor", "cap", "top", "power", "negative_below", "whole_rows")


def rule_options(default: GateRules) -> tuple[Callable[[Any], Any], ...]:
    """Return the options that are named by `RULES`, with these defaults."""
    return (
        setting("--least", default.least, Number(0, 1), "Lowest probability that makes a label."),
        setting(
            "--percentile",
            default.percentile,
            Number(0, 100, max_open=True),
            "Percentile of a class's own scores that a label must reach.",
        ),
        setting("--floor", default.floor, Number(0, 1), "Lowest threshold that --percentile may give a class."),
        setting("--cap", default.cap, Number(0, 1), "Highest threshold that --percentile may give a class."),
        setting("--top", default.top, click.IntRange(1), "Most chunks of one recording that a class may label."),
        setting("--power", default.power, Number(0.01), "Exponent that sharpens soft targets."),
        setting(
            "--negative-below",
            default.negative_below,
            Number(0, 1),
            "A cell that is no label counts as absent below this probability, and is masked from the loss above it "
            "(default: all of them count as absent).",
        ),
        click.option("--whole-rows", is_flag=True, help="Keep the soft targets of all cells in a chunk with a label."),
    )
