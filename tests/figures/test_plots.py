from __future__ import annotations

import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.figures.house_style import save_figure
from blendkit.figures.sweep_plots import check_plot_path, draw_climb, draw_curve, draw_heat_map

VALUES = (0.0, 0.25, 0.5, 1.0)
MACRO = np.array([0.71, 0.735, 0.73, 0.5])
GRID = np.array([[0.5, 0.6, 0.7], [0.8, 0.75, np.nan]])


def curve(path: Path, values: tuple[Any, ...] = VALUES, macro: np.ndarray = MACRO) -> Path:
    save_figure(draw_curve("share of a in mix", values, macro, 0.72), path)
    return path


def heat_map(path: Path) -> Path:
    save_figure(
        draw_heat_map(["share of a in mix", "mix.by"], [[0.1, 0.2], ["rank", "prob", "logit"]], GRID, 0.72), path
    )
    return path


def texts(path: Path) -> list[str]:
    """What an SVG says: matplotlib draws text as shapes, and keeps it beside them as comments."""
    builder = ElementTree.TreeBuilder(insert_comments=True)
    root = ElementTree.parse(path, ElementTree.XMLParser(target=builder)).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return [str(e.text).strip() for e in root.iter() if e.tag is ElementTree.Comment]


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.SVG"])
def test_formats_that_can_be_written(name: str) -> None:
    check_plot_path(Path(name))


@pytest.mark.parametrize("name", ["a.pdf", "a", "svg", "a.svg.gz", "a.jpg"])
def test_other_formats_are_refused(name: str) -> None:
    with pytest.raises(BlendkitError, match=r"plots are written as \.png or \.svg"):
        check_plot_path(Path(name))


@pytest.mark.parametrize("draw", [curve, heat_map])
def test_a_png_is_a_png(tmp_path: Path, draw: Callable[[Path], Path]) -> None:
    data = draw(tmp_path / "a.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1200, 750)
    assert data[-8:-4] == b"IEND"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("draw", [curve, heat_map])
@pytest.mark.parametrize("suffix", ["svg", "SVG", "png"])
def test_equal_figures_give_equal_bytes(tmp_path: Path, draw: Callable[[Path], Path], suffix: str) -> None:
    one, two = (draw(tmp_path / f"{n}.{suffix}").read_bytes() for n in "ab")
    assert one == two
    assert b"<dc:date>" not in one


def test_a_curve_says_its_axis_its_best_and_the_recipe(tmp_path: Path) -> None:
    words = texts(curve(tmp_path / "a.svg"))
    for text in ("share of a in mix", "macro-AUC", "best 0.735000 at 0.25", "recipe as it is 0.720000"):
        assert text in words
    assert curve(tmp_path / "b.svg", macro=MACRO[::-1]).read_bytes() != (tmp_path / "a.svg").read_bytes()


@pytest.mark.parametrize("values", [("rank", "prob", "sum", "logit"), (True, False, None, [1, 2])])
def test_values_that_are_no_numbers_are_ticks(tmp_path: Path, values: tuple[Any, ...]) -> None:
    words = texts(curve(tmp_path / "a.svg", values))
    for value in values:
        assert str(value) in words
    assert f"best 0.735000 at {values[1]}" in words


def test_points_without_a_figure_are_left_out(tmp_path: Path) -> None:
    words = texts(curve(tmp_path / "a.svg", macro=np.array([np.nan, 0.6, np.nan, 0.7])))
    assert "best 0.700000 at 1.0" in words


def test_a_heat_map_says_both_axes_and_the_best(tmp_path: Path) -> None:
    words = texts(heat_map(tmp_path / "a.svg"))
    wanted = ("share of a in mix", "mix.by", "0.1", "0.2", "rank", "prob", "logit")
    for text in (*wanted, "best 0.800000, recipe as it is 0.720000"):
        assert text in words


def test_long_axes_show_some_of_their_ticks(tmp_path: Path) -> None:
    many = [f"v{i}" for i in range(30)]
    figure = draw_heat_map(["x", "y"], [many, [1, 2]], np.linspace(0, 1, 60).reshape(30, 2), 0.5)
    save_figure(figure, tmp_path / "a.svg")
    assert [t for t in texts(tmp_path / "a.svg") if t.startswith("v")] == many[::3]


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curve(tmp_path / "a.svg")
    before = (tmp_path / "a.svg").read_bytes()

    def fail(self: object, path: Path, **kind: object) -> None:
        Path(path).write_text("half", encoding="utf-8")
        raise OSError("no space left")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="no space left"):
        curve(tmp_path / "a.svg", macro=MACRO[::-1])
    assert (tmp_path / "a.svg").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]


def test_a_climb_has_what_was_chosen_by_beside_what_was_held_out() -> None:
    (axes,) = draw_climb((0, 2, 5), (0.8, 0.9, 0.95), (0.8, 0.88, 0.87), 0.79).axes
    inside, held, alone = axes.get_lines()
    assert list(inside.get_xdata()) == list(held.get_xdata()) == [0, 2, 5]
    assert (list(inside.get_ydata()), list(held.get_ydata())) == ([0.8, 0.9, 0.95], [0.8, 0.88, 0.87])
    assert set(alone.get_ydata()) == {0.79}
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [
        "on the labels that chose 0.950000", "held out 0.870000", "best input alone 0.790000"
    ]  # fmt: skip
