"""Out-of-fold figures in words, the same on the screen and in the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_TWO = (
    "The mean of folds compares rows of one head, as on unseen recordings; of all rows together, rows of different "
    "folds' heads are compared too, whose logits lie on different scales."
)


def figure_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the lines of the figures in a fit's report: `oof` by kind, and why a kind in `not_judged` has none."""
    lines = []
    for kind, f in report["oof"].items():
        lines.append(f"{kind}s: {_macro(f)}; over {f['classes']} classes, {f['rows']} rows")
        for name, gain in f["gains"].items():
            more = f"; top-1 {span(gain['top_one'], '+')}" if "top_one" in gain else ""
            lines.append(f"{kind}s, less {name}: macro-AUC {span(gain['macro_auc'], '+')} ({gain['by']}){more}")
    lines += [f"{kind}s: no figure: {why}" for kind, why in report["not_judged"].items()]
    return lines


def two_figures(report: Mapping[str, Any]) -> list[str]:
    """Return the sentence on why the two figures of a kind differ, where there are two."""
    return [_TWO] if any(f["by_fold"] for f in report["oof"].values()) else []


def _macro(f: Mapping[str, Any]) -> str:
    together, own = f"{span(f['macro_auc'])} of all rows together", f["by_fold"]
    if own:
        together = f"{span(own['macro_auc'])} as the mean of {len(own['folds'])} folds, {together}"
    else:
        together += " (folds are too small to be measured by themselves)"
    return f"macro-AUC {together}" + (f"; top-1 {span(f['top_one'])}" if f["top_one"] else "")


def span(found: Sequence[float], sign: str = "") -> str:
    """Return `0.900 [0.873, 0.930]`."""
    return f"{found[0]:{sign}.4f} [{found[1]:{sign}.4f}, {found[2]:{sign}.4f}]"
