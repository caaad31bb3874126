"""Without matplotlib everything works but pictures, and who asks for one is told the way out before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import blendkit as bk
import blendkit.figures.house_style as house
from blendkit.cli.top import cli
from blendkit.errors import BlendkitError
from blendkit.figures import draw_curve


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    found = house.find_spec
    monkeypatch.setattr(house, "find_spec", lambda name: None if name == "matplotlib" else found(name))


def test_a_plot_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="matplotlib") as caught:
        draw_curve("share", [0, 1], [0.5, 0.6], 0.5)  # type: ignore[arg-type]
    assert "pip install 'blendkit[plot]'" in str(caught.value)


@pytest.mark.parametrize("args", [("whatif", "eos7", "--plot", "x.png"), ("probe", "tone", ".", "--plot", "png")])
def test_commands_say_so_before_they_work(args: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, args)
    assert isinstance(done.exception, BlendkitError)
    assert "matplotlib" in str(done.exception)


def test_activity_leaves_the_picture_out_and_says_so(world: Path, tmp_path: Path) -> None:
    reading = bk.Reading(space="prob")
    made = bk.activity(world / "external/cnn.csv", tmp_path / "a", bk.ThresholdRule(0.5), reading=reading)
    assert made.picture is None
    assert (tmp_path / "a/activity.csv").is_file()
    assert any("blendkit[plot]" in note for note in made.notes)
