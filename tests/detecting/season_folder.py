"""A season of two AudioMoths, made of the sample world: recordings, results of two models, and tables of their user."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.detecting import ThresholdRule, detect
from blendkit.detecting.opened_source import Reading
from blendkit.io import read_scores, write_scores

ROOT = Path(__file__).parents[2]
SITES = ("creek", "ridge")


def season_ids(world: Path) -> dict[str, str]:
    """Return {recording of the world: its name in the season}: a folder per recorder, AudioMoth's names in it."""
    found = sorted(p.stem for p in (world / "test_soundscapes").glob("*.ogg"))
    return {r: f"am{i % 2 + 1}/" + "_".join(r.split("_")[-2:]) for i, r in enumerate(found)}


def make_season(folder: Path, world: Path) -> None:
    """Write the files that the page on a season starts from."""
    ids = season_ids(world)
    folder.mkdir(parents=True, exist_ok=True)
    for r, new in ids.items():
        (folder / "recordings" / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(world / f"test_soundscapes/{r}.ogg", folder / f"recordings/{new}.ogg")
    shutil.copy(world / "taxonomy.csv", folder / "taxonomy.csv")
    shutil.copy(ROOT / "examples/recordings_to_detections/season.yaml", folder / "season.yaml")
    (folder / "deployments.csv").write_text("folder,site,tz\nam1,creek,UTC\nam2,ridge,UTC\n", encoding="utf-8")
    birdnet, second = (_renamed(read_scores(world / f"external/{n}.csv", "prob"), ids) for n in ("birdnet", "sed"))
    write_scores(second, folder / "second_model.csv")
    found = folder / "found"
    reading = Reading(taxonomy=folder / "taxonomy.csv", audio=folder / "recordings")
    detect(birdnet, found, ThresholdRule(value=0.1), formats=["csv"], naming="common", reading=reading)
    (found / "csv").rename(folder / "birdnet_results")
    shutil.rmtree(found)
    with (folder / "taxonomy.csv").open(encoding="utf-8", newline="") as file:
        names = [row["common_name"] for row in csv.DictReader(file)]
    (folder / "wanted.csv").write_text("common_name\n" + "\n".join(names[:4]) + "\n", encoding="utf-8")


def _renamed(scores: Scores, ids: dict[str, str]) -> Scores:
    """Return scores under the season's names; their rows come in its order."""
    rows = scores.rows
    count: dict[str, int] = {}
    for r in rows.recording.tolist():
        count[ids[r]] = count.get(ids[r], 0) + 1
    new = chunk_rows(count, float(rows.end_s[0] - rows.start_s[0]), NameRule())
    at = {
        k: i for i, k in enumerate(zip([ids[r] for r in rows.recording.tolist()], rows.start_s.tolist(), strict=True))
    }
    order = np.array([at[k] for k in zip(new.recording.tolist(), new.start_s.tolist(), strict=True)], np.int64)
    return Scores.build(scores.values[order], new, scores.classes, "prob")
