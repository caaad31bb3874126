"""When the training of a head stops: the score that decides."""

from __future__ import annotations

import numpy as np

from blendkit.metrics import macro_auc
from blendkit.training.examples import Examples
from blendkit.training.out_of_fold import Logits


def stopping_score(examples: Examples, logits: Logits) -> float:
    """Return the macro-AUC that decides when to stop: of soundscape chunks if they give one, else of clips.

    The head is meant for soundscapes. The score is nan if no class has both positive and negative rows.
    """
    for kind in ("chunk", "clip"):
        rows = examples.of_kind(kind)
        if len(rows):
            mask = None if examples.counts is None else examples.counts[rows]
            score = macro_auc(examples.targets[rows] > 0.5, logits[rows], mask).macro
            if np.isfinite(score):
                return score
    return float("nan")
