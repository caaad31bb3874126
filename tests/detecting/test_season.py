"""The page on a season of recorders works as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from blendkit.cli.top import cli
from blendkit.io import read_labels
from tests.detecting.season_folder import ROOT, make_season, season_ids

PAGE = (ROOT / "docs/ecologist.md").read_text(encoding="utf-8")
BLOCKS = [b for b in re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if b.startswith("blendkit ")]


def listen(folder: Path, world: Path) -> None:
    """Answer every clip as the sample world's labels do."""
    labels, ids = read_labels(world / "test_soundscapes_labels.csv"), season_ids(world)
    spans = {ids[r]: own for r, own in labels.spans.items() if r in ids}
    table = pd.read_csv(folder / "review.csv", dtype=str, keep_default_na=False)
    table["answer"] = [
        "y" if any(a < float(end) * 1000 and b > float(start) * 1000 and c in held for a, b, held in spans[r]) else "n"
        for r, start, end, c in table[["recording", "start_s", "end_s", "class"]].itertuples(index=False)
    ]
    table.to_csv(folder / "review.csv", index=False)


@pytest.fixture(scope="module")
def said(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder after all commands of the page, and what each block printed."""
    folder = tmp_path_factory.mktemp("season")
    make_season(folder, world)
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in BLOCKS:
            text = ""
            for line in block.replace("\\\n", " ").splitlines():
                name, *args = shlex.split(line, comments=True)
                assert name == "blendkit"
                done = CliRunner().invoke(cli, args, catch_exceptions=False)
                assert done.exit_code == 0, done.output
                text += done.output
            printed.append(text)
            if "--out listen" in block:
                listen(folder / "listen", world)
    return folder, printed


def test_detections_are_of_the_wanted_species_at_the_sites(said: tuple[Path, list[str]]) -> None:
    folder, printed = said
    assert "audiomoth fits 3 of 3" in printed[1]
    wanted = set(pd.read_csv(folder / "wanted.csv")["common_name"])
    found = pd.read_csv(folder / "found/csv/detections.csv")
    assert set(found["Common name"]) <= wanted
    assert pd.read_csv(folder / "found/sites.csv")["site"].tolist() == ["creek", "ridge"]
    assert set(pd.read_csv(folder / "when/cells.csv")["site"]) == {"creek", "ridge"}


def test_clips_can_be_heard_and_answers_are_weighed(said: tuple[Path, list[str]]) -> None:
    folder, printed = said
    clips = pd.read_csv(folder / "listen/review.csv")
    assert all((folder / f"listen/clips/{c}.wav").is_file() for c in clips["clip"])
    assert (1 / clips["inclusion_probability"]).sum() == pytest.approx(4 * 36)
    shares = pd.read_csv(folder / "answers/precision.csv")
    assert np.isfinite(shares["precision"]).all()
    lowest, chosen = printed[3].split("note: thresholds for a precision of 0.8")  # which stands where they are shown
    assert "scores from" in lowest
    assert "chosen threshold" not in lowest
    assert "chosen threshold" in chosen
    assert (folder / "sure/thresholds.csv").is_file()
    assert "models: second_model, birdnet_results" in printed[4]


def test_the_recipe_shown_is_the_recipe_shipped() -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    shipped = (ROOT / "examples/recordings_to_detections/season.yaml").read_text(encoding="utf-8")
    assert shown == "".join(line for line in shipped.splitlines(keepends=True) if not line.startswith("#"))


def test_options_of_the_other_use_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").touch()
    Path("r").mkdir()
    cases: dict[tuple[str, ...], str] = {
        (): "give a SOURCE to draw clips from, or --read FOLDER",
        ("s.csv", "--read", "r"): "give a SOURCE to draw clips from, or --read FOLDER",
        ("s.csv", "--precision", "0.9"): "--precision: serve --read",
        ("--read", "r", "--per-class", "5", "--clips"): "--per-class, --clips: draws clips, and --read reads answers",
    }
    for args, why in cases.items():
        done = CliRunner().invoke(cli, ["review", *args, "--out", "o"])
        assert done.exit_code == 2
        assert why in done.output


def test_events(said: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(said[0])
    draw = ["review", "out/season", "--per-class", "6", "--out", str(tmp_path / "r"), "--json"]
    read = ["review", "--read", "listen", "--out", str(tmp_path / "a"), "--precision", "0.8", "--json"]
    events = [CliRunner().invoke(cli, a, catch_exceptions=False).stdout.splitlines() for a in (draw, read)]
    assert '"event": "review"' in events[0][-1].replace('":"', '": "')
    assert '"event": "reviewed"' in events[1][-1].replace('":"', '": "')
    assert len(events[0]) > 24
