"""Copies of clips that are mixed with background audio: learned from beside their clips, and never judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Int64, Saw

if TYPE_CHECKING:
    from blendkit.training.examples import Examples


@dataclass(frozen=True, eq=False)
class MixedCopies:
    """Mixed copies of clips.

    rows: one per chunk, of the kind `clip`; a row's recording and group are its clip's. background (N,): the recording
    that is mixed in; rows.contents holds what both sound like.
    """

    rows: Examples
    background: NDArray[np.str_]

    def saw(self, index: Int64 | None = None) -> Saw:
        """Return the backgrounds that a fit on these rows (default: all) hears."""
        own = self.background if index is None else self.background[index]
        return Saw.of(own.tolist(), self.rows.contents)

    def beside(self, learn: Examples, unheard: Examples) -> Int64:
        """Return the copies to learn from in a fold: those of the clips it learns from.

        A copy stays out if its background is one of the unheard recordings, on which the fold stops or is judged.
        """
        known = np.isin(self.rows.recording, learn.recording)
        names = sorted(set(self.background.tolist()))
        apart = Saw.of(unheard.recording.tolist(), unheard.contents).among(names, self.rows.contents)
        return np.flatnonzero(known & ~np.isin(self.background, apart))


def backgrounds_behind(copies: MixedCopies | None, index: Int64) -> frozenset[str]:
    """Return the backgrounds of the copies at `index`, none without copies."""
    return frozenset() if copies is None else frozenset(copies.background[index].tolist())


def renamed(backgrounds: Mapping[str, object], taken: Mapping[str, object]) -> dict[str, str]:
    """Return {background: the name under which it is listed}: another one where its id is another sound's already."""
    return {b: b if taken.get(b, own) == own else f"background/{b}" for b, own in backgrounds.items()}
