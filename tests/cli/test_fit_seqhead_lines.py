"""What `fit seqhead` prints of a fit."""

from __future__ import annotations

from typing import Any

import pytest

from blendkit.cli.commands.fit_seqhead import _show


def test_every_note_figure_and_reason_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    clip = {
        "rows": 9, "classes": 2, "macro_auc": [0.5, 0.25, 0.75], "top_one": None, "gains": {},
        "by_fold": {"macro_auc": [0.75, 0.5, 1.0], "folds": [0.5, 1.0]},
    }  # fmt: skip
    report: dict[str, Any] = {
        "kind": "scalarmix", "parameters": 1234, "rows": {"clip": 9, "chunk": 4}, "classes": ["x", "y"],
        "notes": ["3 groups by author of train.csv"], "oof": {"clip": clip}, "not_judged": {"chunk": "one recording"},
        "weights": {"b": [1.0, 0.0]}, "spearman": {"rho": 0.5, "p": 0.45, "tokens": 5},
    }  # fmt: skip
    _show(report, None)
    shown = capsys.readouterr().out
    for words in (
        "3 groups by author of train.csv\n", "out of fold, clips: macro-AUC 0.7500 [0.5000, 1.0000] as the mean of 2",
        "out of fold, chunks: no figure: one recording\n", "\nThe mean of folds compares rows of one head",
        "ranking: +0.50 over 5 tokens (orders by chance agree as well with probability 0.450)",
    ):  # fmt: skip
        assert words in shown
    _show({**report, "spearman": None}, None)
    assert "Spearman" not in capsys.readouterr().out
