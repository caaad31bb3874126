from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

Blendkit = Callable[..., subprocess.CompletedProcess[str]]


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Parse NDJSON; every line must carry the four keys and a time with a zone."""
    out = []
    for line in text.splitlines():
        event = json.loads(line)
        assert set(event) == {"spec_version", "timestamp", "event", "payload"}
        assert event["spec_version"] == 1
        assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
        out.append((event["event"], event["payload"]))
    return out


def scored(out: Path) -> dict[str, int]:
    members = json.loads((out / "timings.json").read_text(encoding="utf-8"))["members"]
    return {n: m["recordings_scored"] for n, m in members.items()}


def test_eos7_and_other_weights(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    first = blendkit("run", "eos7", "--data", world, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    out = tmp_path / "out/eos7"  # the default
    with (out / "submission.csv").open(encoding="utf-8", newline="") as made:
        rows = list(csv.DictReader(made))
    with (world / "sample_submission.csv").open(encoding="utf-8", newline="") as wanted:
        template = list(csv.DictReader(wanted))
    assert list(rows[0]) == list(template[0])
    assert [r["row_id"] for r in rows] == [t["row_id"] for t in template]
    figure = json.loads((out / "run.json").read_text(encoding="utf-8"))["streams"]["eos7"]["macro_auc"]
    assert f"{figure:.6f}" in first.stdout
    assert "3 recordings: 3 ok" in first.stdout
    assert "36 rows x 24 classes, re-read and checked" in first.stdout
    before = hashlib.sha256((out / "submission.csv").read_bytes()).hexdigest()

    again = blendkit("run", "eos7", "--data", world, "--set", "blends.eos7.of.seqhead=0.2", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert scored(out) == {"seqhead": 0}
    assert hashlib.sha256((out / "submission.csv").read_bytes()).hexdigest() != before


def test_json_events_strict_and_store(tone_folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    recipe, store = tone_folder / "tones.yaml", tmp_path / "store"
    told = blendkit("run", recipe, "--out", tmp_path / "a", "--store", store, "--json")
    assert told.returncode == 0, told.stderr
    found = events(told.stdout)
    names = [n for n, _ in found]
    assert names[0] == "scoring"
    assert names[-1] == "done"
    assert [p["name"] for n, p in found if n == "stream"] == ["t", "a", "both"]
    assert found[-1][1] == {"submission": str(tmp_path / "a/submission.csv"), "rows": 4, "classes": 2}
    assert not (tmp_path / "a/logits").exists()

    strict = blendkit("run", recipe, "--out", tmp_path / "b", "--store", store, "--strict")
    assert strict.returncode == 0, strict.stdout  # nothing to warn of
    assert scored(tmp_path / "b") == {"t": 0}
    # a dry run warns that it is one: a valid result is delivered, and --strict says 1
    rehearsal = ("run", recipe, "--out", tmp_path / "c", "--store", store, "--dry-run", "1")
    done = blendkit(*rehearsal, "--strict")
    assert done.returncode == 1
    assert "note: dry run: 1 of 2 recordings" in done.stdout
    assert (tmp_path / "c/submission.csv").exists()


def test_a_recipe_uses_its_own_folder(tone_folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    data = tmp_path / "mine"
    shutil.copytree(tone_folder, data)
    done = blendkit("run", "mine/tones.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sample world" not in done.stdout
    assert (tmp_path / "out/tones/submission.csv").exists()
    assert not (data / "out").exists()


@pytest.mark.parametrize("recipe", ["mean", "recipes/mean.yaml"])
def test_only_packaged_recipes_fall_back_to_the_sample_world(
    world: Path, tmp_path: Path, blendkit: Blendkit, recipe: str
) -> None:
    """The cached world is put in place by hand: making the default one takes too long."""
    from blendkit import __version__
    from blendkit.core.hashes import text_hash
    from blendkit.sample.config import FORMAT_VERSION, WorldConfig

    name = f"sample-{__version__}-{FORMAT_VERSION}-{text_hash(repr(WorldConfig()))[:8]}"
    (tmp_path / "cache").mkdir()
    shutil.copytree(world, tmp_path / "cache" / name)
    done = blendkit("run", recipe, "--dry-run", "1", cwd=tmp_path, env={"BLENDKIT_CACHE": str(tmp_path / "cache")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no --data given: running on the built-in sample world")
    assert str(tmp_path / "cache" / name) in done.stdout.splitlines()[1]


def test_files_outside_by_flag(tone_folder: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    shutil.copytree(tone_folder, tmp_path / "data")
    shutil.move(tmp_path / "data/a.csv", tmp_path / "a.csv")
    args = ("run", "data/tones.yaml", "--set", "members.a.path=../a.csv")
    assert blendkit(*args, cwd=tmp_path).returncode == 2
    allowed = blendkit(*args, "--allow-outside", cwd=tmp_path)
    assert allowed.returncode == 0, allowed.stderr
