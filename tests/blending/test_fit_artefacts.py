from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from blendkit.blending.fit_artefacts import fit_places, fit_step_artefact
from blendkit.errors import BlendkitError
from blendkit.ops.fitted.rate_tables import load_site
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


def test_a_fit_on_scores_needs_labelled_recordings_and_one_on_labels_needs_no_scores_of_them(scores: Path) -> None:
    labels = scores.parent / "labels.csv"
    labels.write_text("filename,start,end,primary_label\nT_S01_20250101_040000.ogg,0,5,a\n", encoding="utf-8")
    assert refused("platt", scores, space="prob", labels=labels).title == (
        "platt: is fitted on scores of labelled recordings, and this run scores none of them"
    )
    made = fit_step_artefact("site_hour_prior", scores.parent / "out.npz", scores=scores, space="prob", labels=labels)
    assert made.saw == ("T_S01_20250101_040000",)


def test_an_artefact_knows_its_recordings_by_content_where_their_audio_is_given(
    scores: Path, write_wav: Callable[..., Path], run_text: Callable[..., object]
) -> None:
    """A table has no audio, but the folder of its recordings may: a renamed copy is then refused."""
    folder, out = scores.parent, scores.parent / "map.npz"
    noise = (np.random.default_rng(0).standard_normal(80000) * 0.1).astype(np.float32)
    write_wav(folder / "heard" / "site" / "r.wav", noise, 8000)
    write_wav(folder / "test_soundscapes" / "copy.wav", noise, 8000)
    said: list[str] = []
    fit = partial(fit_step_artefact, "quantile_map", out, scores=scores, space="prob", note=said.append)
    recipe = """
        recipe: 1
        name: q
        members:
          t: {use: tone, classes: [a, b], steps: [{to: prob}, {quantile_map: {artefact: map.npz}}]}
        output: t
        """
    fit()
    assert said == [
        "1 of the 1 recordings of this fit are known by name only; --audio FOLDER, with their files, lets copies of them "
        "be found"
    ]
    run_text(recipe, folder, folder / "by-name")  # nothing tells that the copy is r
    said.clear()
    fit(audio=folder / "heard")
    assert said == []
    with pytest.raises(BlendkitError, match="fitted on 1 of the recordings it would be applied to") as caught:
        run_text(recipe, folder, folder / "by-content")
    assert caught.value.problems[0] == "copy"
    with pytest.raises(BlendkitError, match="holds none of the recordings of this fit"):
        fit(audio=folder / "test_soundscapes")


@pytest.mark.parametrize(("header", "saw"), [("filename", ("R1", "site/R2")), ("note", ())])
def test_a_table_of_places_lists_the_recordings_of_its_finds(tmp_path: Path, header: str, saw: tuple[str, ...]) -> None:
    lines = [
        "R1.ogg,a,10,20",
        "R1.ogg,b,10,20",
        "site/R2.ogg,a,11,20",
        "R3.ogg,a,,",
    ]  # R3 has no place, and counts nowhere
    finds = [f"{header},primary_label,latitude,longitude", *lines]
    (tmp_path / "finds.csv").write_text("\n".join([*finds, ""]), encoding="utf-8")
    (tmp_path / "sites.csv").write_text("site,latitude,longitude\nS1,10,20\n", encoding="utf-8")
    fit_places(tmp_path / "finds.csv", tmp_path / "sites.csv", tmp_path / "places.npz")
    assert load_site(tmp_path / "places.npz").saw == saw
