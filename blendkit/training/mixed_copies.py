"""Copies of clips that are mixed with background audio: learned from beside their clips, and never judged on."""

from __future__ import annotations

from collections.abc import Mapping

from blendkit.core import Int64
from blendkit.training.examples import MixedCopies


def backgrounds_behind(copies: MixedCopies | None, index: Int64) -> frozenset[str]:
    """Return the backgrounds of the copies at `index`, none without copies."""
    return frozenset() if copies is None else frozenset(copies.background[index].tolist())


def renamed(backgrounds: Mapping[str, object], taken: Mapping[str, object]) -> dict[str, str]:
    """Return {background: the name under which it is listed}: another one where its id is another sound's already."""
    return {b: b if taken.get(b, own) == own else f"background/{b}" for b, own in backgrounds.items()}
