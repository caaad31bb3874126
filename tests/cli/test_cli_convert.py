from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from blendkit.cli.top import cli
from blendkit.errors import BlendkitError

SCORES = "row_id,ara,frog\nR1_5,0.1,0.9\nR1_10,0.25,0.5\n"
FOUND = "file,start,end,label,score\nR1.wav,0,5,ara,0.5\nR2.wav,5,10,frog,0.25\n"


def call(*args: object) -> tuple[int, str]:
    """Run `blendkit ARGS` in this process: its exit code, and what it says."""
    done = CliRunner().invoke(cli, [str(a) for a in args])
    if isinstance(done.exception, BlendkitError):
        return done.exception.exit_code, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_scores_and_detections(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(SCORES, encoding="utf-8")
    (tmp_path / "d.csv").write_text(FOUND, encoding="utf-8")
    scores, found = tmp_path / "s.csv", tmp_path / "d.csv"
    kept, again, back, folder, said = (
        call(*args)
        for args in (
            ("convert", scores, tmp_path / "s.npz", "--space", "prob"),
            ("convert", scores, tmp_path / "s.npz"),
            ("convert", f"{tmp_path}/s.npz:scores", "--out", tmp_path / "t.csv"),
            ("convert", found, tmp_path / "raven", "--to", "raven"),
            ("convert", found, tmp_path / "c.parquet", "--to", "matrix", "--json"),
        )
    )
    assert kept[0] == 0, kept[1]
    assert "s.npz (arrays): 2 chunks of 1 recording, 2 classes, prob" in kept[1]
    assert "and beside it s.npz.provenance.json" in kept[1]
    assert "note: read it as s.npz:scores" in kept[1]
    assert again[0] == 2
    assert "exists already: choose another name" in again[1]
    assert back[0] == 0, back[1]
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").replace('"', "") == SCORES
    assert "raven (raven): 2 detections of 2 recordings, 2 classes, prob" in folder[1]
    assert sorted(p.name for p in (tmp_path / "raven").iterdir()) == [
        "R1.selections.txt", "R2.selections.txt", "combined.selections.txt",
    ]  # fmt: skip
    event = json.loads(said[1])
    assert event["payload"]["count"] == 3
    assert event["payload"]["format"] == "matrix"


def test_what_is_missing_or_too_much(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(SCORES, encoding="utf-8")
    scores = tmp_path / "s.csv"
    nowhere, twice, threshold, recipe = (
        call(*args)
        for args in (
            ("convert", scores),
            ("convert", scores, tmp_path / "a.npz", "--out", tmp_path / "b.npz"),
            ("convert", scores, tmp_path / "raven", "--to", "raven"),
            ("convert", scores, tmp_path / "a.yaml", "--from", "solutions", "--to", "npy"),
        )
    )
    for done, why in (
        (nowhere, "where to? `blendkit convert SOURCE TARGET`"),
        (twice, "TARGET and --out are the same"),
        (threshold, "blendkit detect"),
        (recipe, "--to is for scores and detections"),
    ):
        assert done[0] == 2
        assert why in done[1]


def test_a_notebook_becomes_a_recipe_with_a_checklist(tmp_path: Path) -> None:
    dictionary = "solutions = {'type_add': 'single', 'task': 'dance', 'Models': [\n"
    code = (
        dictionary
        + "{'Model': 7, 'subm': 's.csv', 'weight': 1, 'xSED': [], 'LB': '0.948'}]}\n!pip list\np = mirror(p)\n"
    )
    cells = [{"cell_type": "code", "source": code, "outputs": []}]
    (tmp_path / "nb.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
    (tmp_path / "s.csv").write_text(SCORES, encoding="utf-8")
    done = call("convert", tmp_path / "nb.ipynb", tmp_path / "r.yaml")
    assert done[0] == 0, done[1]
    assert done[1].splitlines()[1:] == [
        "  note: nb.ipynb, cell 1, line 1: task: the task 'dance' is not known, and is left out",
        "not in the recipe, but in the notebook's code by name (write what counts as steps):",
        "  [ ] mirrors: mirror (nb.ipynb, cell 1, line 4); in a recipe: mirror",
    ]
    ran = call("run", tmp_path / "r.yaml", "--out", tmp_path / "out")
    assert ran[0] == 0, ran[1]
    assert (tmp_path / "out/submission.csv").read_text(encoding="utf-8").replace('"', "") == SCORES
