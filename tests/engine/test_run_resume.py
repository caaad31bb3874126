"""Saved logits: what is scored again, and what a killed run leaves behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError

Run = Callable[..., RunResult]
Scored = Callable[[Path], dict[str, int]]
Tones = Callable[..., Path]
NAMES = [f"rec{i}" for i in range(1, 13)]  # rec10 comes after rec9: two parts of 8 and 4 recordings

# A run whose member takes its time, so that it can be killed between two parts.
SLOW = """
import sys, time
import blendkit_members.tone as tone
quick = tone.ToneMember.predict
def slow(self, windows):
    time.sleep(0.25)
    return quick(self, windows)
tone.ToneMember.predict = slow
from blendkit.cli.main import main
main()
"""


def parts(out: Path) -> list[Path]:
    return sorted(out.glob("logits/*/part-*.parquet"))


@pytest.fixture
def done(tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str) -> RunResult:
    data = tones(dict.fromkeys(NAMES, 10.0))
    return run_text(tone_recipe, data, tmp_path / "out")


def test_a_run_packs_its_parts_in_natural_order(done: RunResult, scored: Scored) -> None:
    assert scored(done.out) == {"t": 12}
    (part,) = parts(done.out)
    stored = pd.read_parquet(part)["recording"].tolist()
    assert list(dict.fromkeys(stored)) == NAMES
    assert not list(part.parent.glob("journal-*"))


@pytest.mark.parametrize("damage", ["deleted", "cut", "flipped"])
def test_a_lost_part_is_scored_again(
    done: RunResult, tmp_path: Path, run_text: Run, tone_recipe: str, scored: Scored, damage: str
) -> None:
    before = done.submission.read_bytes()
    (part,) = parts(done.out)
    content = part.read_bytes()
    if damage == "deleted":
        part.unlink()
    else:
        at = len(content) // 2
        part.write_bytes(content[:at] if damage == "cut" else content[:at] + b"\xff\x00" + content[at + 2 :])
    run_text(tone_recipe, tmp_path / "data", done.out)
    assert scored(done.out) == {"t": 12}
    assert done.submission.read_bytes() == before
    assert part.read_bytes() == content
    run_text(tone_recipe, tmp_path / "data", done.out)
    assert scored(done.out) == {"t": 0}


def test_lost_facts_cost_time_but_no_correctness(
    done: RunResult, tmp_path: Path, run_text: Run, tone_recipe: str, scored: Scored
) -> None:
    before = done.submission.read_bytes()
    (facts,) = done.out.glob("logits/*/store.json")
    facts.unlink()
    run_text(tone_recipe, tmp_path / "data", done.out)
    assert scored(done.out) == {"t": 12}
    assert done.submission.read_bytes() == before


def test_broken_facts_are_named(done: RunResult, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    (facts,) = done.out.glob("logits/*/store.json")
    facts.write_text('{"format": 2', encoding="utf-8")
    with pytest.raises(BlendkitError, match="not as it was written") as error:
        run_text(tone_recipe, tmp_path / "data", done.out)
    assert facts.parent.name in str(error.value)


def test_a_new_recording_alone_is_scored(
    done: RunResult, tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, scored: Scored
) -> None:
    tones({"a_new_one": 5.0})
    result = run_text(tone_recipe, tmp_path / "data", done.out)
    assert scored(done.out) == {"t": 1}
    assert result.rows == 25


def test_a_changed_recording_alone_is_scored(
    done: RunResult, tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, scored: Scored
) -> None:
    before = done.submission.read_text(encoding="utf-8").splitlines()
    tones({"x": 5.0, "rec3": 10.0})  # the second of a set is other noise than rec3 was
    (tmp_path / "data/test_soundscapes/x.wav").unlink()
    notes: list[str] = []
    run_text(
        tone_recipe, tmp_path / "data", done.out, emit=lambda n, p: notes.extend(p["notes"] if n == "store" else ())
    )
    after = done.submission.read_text(encoding="utf-8").splitlines()
    assert scored(done.out) == {"t": 1}
    (said,) = notes
    assert said.startswith(
        "1 recording has other audio than when the saved logits were made, which are replaced now: rec3"
    )
    assert [a.split(",")[0].strip('"') for a, b in zip(before, after, strict=True) if a != b] == ["rec3_5", "rec3_10"]


def test_a_removed_recording_is_left_out(
    done: RunResult, tmp_path: Path, run_text: Run, tone_recipe: str, scored: Scored
) -> None:
    (tmp_path / "data/test_soundscapes/rec5.wav").unlink()
    result = run_text(tone_recipe, tmp_path / "data", done.out)
    assert scored(done.out) == {"t": 0}
    assert result.rows == 22
    assert "rec5_" not in done.submission.read_text(encoding="utf-8")


def killed_run(recipe: Path, data: Path, out: Path) -> None:
    """Start a slow run and kill it, without mercy, as soon as its first part is on disk."""
    command = [sys.executable, "-c", SLOW, "run", str(recipe), "--data", str(data), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not parts(out) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() not in (0, 1)


def test_a_killed_run_goes_on_where_it_was(
    tones: Tones, tmp_path: Path, run_text: Run, tone_recipe: str, scored: Scored
) -> None:
    data = tones({f"rec{i}": 15.0 for i in range(1, 25)})
    recipe, out = tmp_path / "tones.yaml", tmp_path / "killed"
    recipe.write_text(tone_recipe, encoding="utf-8")
    killed_run(recipe, data, out)
    saved = len(parts(out))
    assert 1 <= saved < 3
    assert not (out / "submission.csv").exists()
    run_text(tone_recipe, data, out)
    # the last part may have been written without being listed in the journal yet
    assert scored(out)["t"] in (24 - 8 * saved, 24 - 8 * (saved - 1))
    whole = run_text(tone_recipe, data, tmp_path / "whole").out
    for name in ("submission.csv", "run.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_failed_run_leaves_the_last_result_alone(
    done: RunResult, tmp_path: Path, run_text: Run, tone_recipe: str
) -> None:
    before = {p.name: p.read_bytes() for p in done.out.iterdir() if p.is_file()}
    with pytest.raises(BlendkitError):
        run_text(tone_recipe, tmp_path / "data", done.out, overrides=["members.t.low_hz=-1"])
    assert {p.name: p.read_bytes() for p in done.out.iterdir() if p.is_file()} == before
