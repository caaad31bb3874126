from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from blendkit.errors import BlendkitError
from blendkit.figures.forest_and_waterfall import draw_forest, draw_waterfall
from blendkit.figures.house_style import house_style, new_axes, save_figure
from blendkit.figures.likeness_map import draw_likeness
from blendkit.figures.share_path_and_classes import draw_classes, draw_share
from blendkit.figures.sweep_plots import draw_curve, draw_heat_map
from blendkit.metrics.bootstrap import Interval
from blendkit.offline.ablation import Ablation
from blendkit.offline.comparison import Line
from blendkit.offline.what_if import WhatIf

A, B = Interval(0.01, -0.02, 0.03, 0.01), Interval(-0.02, -0.03, -0.01, 0.01)


def test_a_forest_shows_every_interval_and_the_line_of_no_difference() -> None:
    (axes,) = draw_forest({"a $x$": A, "b": B}, "change", zero=0).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a $x$", "b"]
    drawn = [line.get_xdata() for line in axes.lines]
    assert list(drawn[0]) == [0, 0]
    assert [list(x) for x in drawn[1:3]] == [[-0.02, 0.03], [-0.03, -0.01]]
    assert list(drawn[3]) == [0.01, -0.02]
    low, high = axes.get_ylim()
    assert low > high, "the first is on top"


ODD = [r"m$\frac{1$", "$$", "<b>_x^2", "x" * 120, "\U0001f438"]


@pytest.mark.filterwarnings("ignore:Glyph")  # what the person's own savefig says of the frog
@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_forest(dict.fromkeys(ODD, A), ODD[0]),
        lambda: draw_waterfall(dict.fromkeys(ODD, (0.8, A)), ODD[0]),
        lambda: draw_share([0, 1], [0.5, 0.6], member=ODD[0], current=(0.5, 0.55)),
        lambda: draw_classes(ODD, {n: np.arange(5) / 5 for n in ODD}),
        lambda: draw_likeness(ODD, np.eye(5), 3),
        lambda: draw_curve(ODD[0], ODD, np.arange(5) / 5, 0.5),
        lambda: draw_heat_map(ODD[:2], [ODD, ODD], np.eye(5), 0.5),
    ],
)
def test_any_name_is_drawn_as_it_is(draw: Callable[[], Figure], tmp_path: Path) -> None:
    figure = draw()
    figure.savefig(io.BytesIO(), format="svg")  # as a person does with what plot() returns
    save_figure(figure, tmp_path / "f.png")
    (axes, *_) = figure.axes
    texts = [axes.get_xlabel(), *(t.get_text() for t in (*axes.get_yticklabels(), *axes.get_xticklabels()))]
    assert any(ODD[0] in t for t in texts)
    assert all(len(t) < 100 for t in texts)


def test_a_figure_without_an_interval_has_none() -> None:
    (axes,) = draw_forest({"a": Interval(0.5, np.nan, np.nan, np.nan)}, "macro-AUC").axes
    assert len(axes.lines) == 1


def test_a_path_marks_the_best_share_and_the_recipe() -> None:
    band = ([0.0, 1.0], [0.5, 0.5], [0.9, 0.9])
    (axes,) = draw_share([0, 0.5, 1], [0.6, 0.8, 0.7], member="m", current=(0.25, 0.7), band=band).axes
    assert axes.get_legend() is not None
    said = [t.get_text() for t in axes.get_legend().get_texts()]
    assert said == ["interval", "exact macro-AUC", "best 0.8000 at 0.5", "recipe 0.7000 at 0.25"]
    assert axes.get_xlabel() == "share of m"


def test_likeness_writes_its_numbers_beside_the_diagonal() -> None:
    axes = draw_likeness(["a", "b"], np.array([[1, 0.25], [0.25, 1]]), 7).axes[0]
    assert [t.get_text() for t in axes.texts] == ["0.25", "0.25"]


def test_a_waterfall_starts_each_bar_where_the_last_ended() -> None:
    rows = {"all": (0.8, None), "without a": (0.81, A), "without $b$": (0.79, B)}
    (axes,) = draw_waterfall(rows, "macro-AUC").axes
    bars = [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches]
    assert np.allclose(bars, [(0.8, 0.81), (0.81, 0.79)])
    spans = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert np.allclose(spans, [(0.78, 0.83), (0.78, 0.80)])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["all", "without a", "without $b$"]


def test_of_many_classes_the_lowest_are_shown() -> None:
    first = np.linspace(0, 1, 70)
    first[3] = np.nan
    (axes,) = draw_classes([f"c{i}" for i in range(70)], {"mix": first, "m": 1 - first}).axes
    shown = [t.get_text() for t in axes.get_yticklabels()]
    assert len(shown) == 60
    assert shown[:4] == ["c0", "c1", "c2", "c4"]
    assert axes.get_title(loc="left") == "the 60 of 70 classes of the lowest AUC"


def test_the_look_leaves_the_settings_of_others_alone() -> None:
    before = dict(mpl.rcParams)
    _, axes = new_axes(2, 1)
    with house_style():
        assert mpl.rcParams["axes.spines.top"] is False
    assert not axes.spines["top"].get_visible()
    assert dict(mpl.rcParams) == before


def test_an_ablation_draws_what_is_lost_the_most_first() -> None:
    lines = (Line("step", A, A, 1.0), Line("member", B, B, 0.1))
    (axes,) = Ablation(Line("whole", A, None, None), lines, {}, 5, ()).plot().axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["member", "step"]
    assert list(axes.lines[1].get_xdata()) == [0.01, 0.03]


def test_nothing_swept_is_nothing_to_draw() -> None:
    with pytest.raises(BlendkitError, match="nothing is swept"):
        WhatIf(0.5, 0.6, None, None, ()).plot()


def test_equal_figures_give_equal_pdf_files(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        save_figure(draw_forest({"a": A}, "change"), tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
