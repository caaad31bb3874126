from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.blending.fit_artefacts import fit_step_artefact
from blendkit.errors import BlendkitError
from blendkit.ops.fitted.reference import Reference

SCORES = "row_id,a,b\nr_5,0.1,0.9\nr_10,0.4,0.8\n"


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    (tmp_path / "s.csv").write_text(SCORES, encoding="utf-8")
    return tmp_path / "s.csv"


def refused(op: str, scores: Path, **options: object) -> BlendkitError:
    with pytest.raises(BlendkitError) as caught:
        fit_step_artefact(op, scores.parent / "out.npz", scores=scores, **options)  # type: ignore[arg-type]
    assert not (scores.parent / "out.npz").exists()
    return caught.value


def test_a_reference_is_fitted_and_written(scores: Path) -> None:
    made = fit_step_artefact("quantile_map", scores.parent / "out.npz", scores=scores, space="prob")
    assert made.scores.tolist() == [0.1, 0.4, 0.8, 0.9]
    assert made.ranks.tolist() == [0.5, 1.0, 0.5, 1.0]
    assert Reference.load(scores.parent / "out.npz").saw == made.saw == ("r",)


def test_an_op_that_is_not_fitted(scores: Path) -> None:
    found = refused("gaussian", scores, space="prob")
    assert found.title == "gaussian is not a fitted op"
    assert "site_hour_prior" in found.problems[0]
    assert "gaussian" not in found.problems[0]


def test_scores_need_a_space_and_ranks_go_nowhere(scores: Path) -> None:
    assert "say what its scores are" in refused("quantile_map", scores).title
    assert "ranks cannot become a logit again" in refused("platt", scores, space="rank").title


def test_settings_are_key_and_value(scores: Path) -> None:
    assert refused("quantile_map", scores, space="prob", settings=["knots"]).title == "--set knots: expected key=value"
    fewer = fit_step_artefact(
        "quantile_map", scores.parent / "out.npz", scores=scores, space="prob", settings=["knots=2"]
    )
    assert len(fewer.scores) <= 4
