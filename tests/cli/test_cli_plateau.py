"""`blendkit compare --plateau`: the outlook of a plateau, as lines, as an event and in a report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from oof_folder import oof_world

import blendkit as bk
from blendkit.cli.top import cli
from blendkit.errors import BlendkitError

BOARD = "TeamId,Score\n" + "".join(f"{i},{s}\n" for i, s in enumerate([0.97, 0.951] + [0.9504] * 8 + [0.949] * 5))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = oof_world(tmp_path_factory.mktemp("plateau"))
    (folder / "board.csv").write_text(BOARD, encoding="utf-8")
    return folder


def asked(world: Path, *args: str) -> Result:
    sources = (str(world / "trio.yaml"), f"{world / 'oof.npz'}:cnn")
    return CliRunner().invoke(cli, ["compare", *sources, "--replicates", "40", *args])


def event(result: Result, name: str) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return next(e["payload"] for e in map(json.loads, result.stdout.splitlines()) if e["event"] == name)


def test_a_plateau_as_an_event_and_from_python(world: Path) -> None:
    given = ("--plateau", "12", "--at", "0.950", "--above", "3", "--place", "15", "--tries", "5", "--split", "site")
    found = event(asked(world, *given, "--json"), "plateau")
    assert (found["band"], found["place"], found["tries"]) == ([4, 15], 15, 5)
    for way in ("chased", "careful"):
        assert sum(found[way]["chances"]) == pytest.approx(1)
        assert found[way]["moves"]["10"]["lose"] == 0  # the last of the plateau can only gain
    assert found["worth"]["places"] > 0
    assert 0 < found["correlation"] < 1
    crowd = bk.Crowd(12, 0.95, above=3, place=15, tries=5)
    rules = bk.Rules(bk.Judging(replicates=40), split_by="site", crowd=crowd)
    same = bk.compare([world / "trio.yaml", f"{world / 'oof.npz'}:cnn"], rules=rules).outlook
    assert same is not None
    assert same.careful.median == found["careful"]["median"]
    assert same.correlation == found["correlation"]


def test_a_plateau_in_words_and_in_a_report(world: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    done = asked(
        world, "--plateau", "8", "--at", "0.95", "--split", "site", "--correlation", "0.9", "--report", str(page)
    )
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "plateau 0.950: 8 teams share the places 1 to 8" in text
    assert "errors that correlate by 0.900" in text
    assert "3 sites: S01 holds 33% of the chunks" in text
    assert "not by public" in text
    table = done.stdout[done.stdout.index("picked") :].split("chance of each tenth")[0]
    assert "place [90%]" in table
    assert re.search(r"best of 10 +\d+ \[\d+-\d+\]", table)
    assert "of two submissions that show alike" in text
    assert "8 teams share the places 1 to 8" in page.read_text(encoding="utf-8")


def test_a_leaderboard_counts_the_teams(world: Path) -> None:
    found = event(asked(world, "--at", "0.95", "--leaderboard", str(world / "board.csv"), "--json"), "plateau")
    assert (found["teams"], found["above"]) == (8, 2)
    none = asked(world, "--at", "0.96", "--leaderboard", str(world / "board.csv"))
    assert isinstance(none.exception, BlendkitError)
    assert "0 teams show 0.960" in str(none.exception)
    assert "0.951" in str(none.exception)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--plateau", "8"), "a plateau needs its figure: --at 0.950"),
        (("--at", "0.95"), "how many teams show 0.950? Give --plateau 757"),
        (("--plateau", "8", "--at", "0.95", "--place", "9"), "place 9 is not on the plateau"),
    ],
)
def test_a_mistake_in_a_plateau_is_explained(world: Path, args: tuple[str, ...], said: str) -> None:
    done = asked(world, *args)
    assert isinstance(done.exception, BlendkitError)
    assert done.exception.exit_code == 2
    assert said in " ".join(str(done.exception).split())
