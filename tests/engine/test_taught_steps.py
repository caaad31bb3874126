"""Steps that were fitted on pseudo-labels: what the teacher learned from stays known, in artefacts and in recipes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from blendkit.blending.fit_artefacts import fit_step_artefact
from blendkit.core import Saw
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.io import read_labels, read_provenance, saw_of_labels
from blendkit.store import saw_of_artefact

Run = Callable[..., RunResult]
SEEN, OTHER, NEW, NEXT = (f"T_S0{i}_20250101_040000" for i in (1, 2, 3, 4))
RECIPE = """
recipe: 1
name: taught
template: null
taxonomy: []
labels: labels.csv
members:
  a: {use: table, path: a.csv, space: prob, steps: [{to: logit}, {site_hour_prior: PRIOR}]}
output: a
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Scores and labels of two recordings, and pseudo-labels of two more by a teacher that learned from the first."""
    rows = [
        f"{r}_{s},{0.2 + 0.1 * i},0.{9 - i}" for i, (r, s) in enumerate((r, s) for r in (SEEN, OTHER) for s in (5, 10))
    ]
    (tmp_path / "a.csv").write_text("\n".join(["row_id,x,y", *rows]) + "\n", encoding="utf-8")
    head, truth = "filename,start,end,primary_label", [f"{r},0,5,{c}" for r, c in ((SEEN, "x"), (OTHER, "y"))]
    (tmp_path / "labels.csv").write_text("\n".join([head, *truth]) + "\n", encoding="utf-8")
    pseudo = tmp_path / "pl"
    pseudo.mkdir()
    lines = [f"{head},labelled_by", f"{NEW},0,5,x,teacher", f"{NEXT},5,10,y,teacher"]
    (pseudo / "pseudo_labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (pseudo / "pseudo.json").write_text(json.dumps(Saw.of([SEEN]).to_json()), encoding="utf-8")
    return tmp_path


def test_what_is_behind_labels(data: Path) -> None:
    def behind(path: Path) -> Saw:
        return saw_of_labels(path, read_labels(path))

    own = data / "pl" / "pseudo_labels.csv"
    assert behind(own) == Saw.of([SEEN])
    assert behind(data / "labels.csv") == Saw()
    (data / "moved.csv").write_bytes(own.read_bytes())
    assert behind(data / "moved.csv") == Saw(known=False)
    own.with_name("pseudo.json").write_text("{", encoding="utf-8")
    assert behind(own) == Saw(known=False)


def test_an_artefact_saw_what_its_teacher_saw(data: Path) -> None:
    said: list[str] = []
    out = data / "prior.npz"
    made = fit_step_artefact("site_hour_prior", out, labels=data / "pl" / "pseudo_labels.csv", note=said.append)
    assert made.saw == (SEEN, NEW, NEXT)
    assert saw_of_artefact(out, made) == Saw.of([SEEN, NEW, NEXT])
    assert said[-1].endswith("; 1 recordings from which it learned are among those that this artefact saw")
    (data / "moved.csv").write_bytes((data / "pl" / "pseudo_labels.csv").read_bytes())
    fit_step_artefact("site_hour_prior", out, labels=data / "moved.csv", note=said.append)
    assert said[-1].endswith("; nobody knows what it learned from")
    assert saw_of_artefact(out, made) == Saw.of([NEW, NEXT], known=False)


def test_such_an_artefact_is_refused_where_its_teacher_learned(data: Path, tmp_path: Path, run_text: Run) -> None:
    fit_step_artefact("site_hour_prior", data / "prior.npz", labels=data / "pl" / "pseudo_labels.csv")
    with pytest.raises(BlendkitError, match="fitted on 1 of the recordings it would be applied to"):
        run_text(RECIPE.replace("PRIOR", "{artefact: prior.npz}"), data, tmp_path / "out")


@pytest.mark.parametrize("folds", ["", ", folds: 2"])
def test_a_step_of_a_recipe_says_it_in_every_figure(data: Path, tmp_path: Path, run_text: Run, folds: str) -> None:
    fit = "{fit: {labels: pl/pseudo_labels.csv}}".replace("}}", f"{folds}}}}}")
    made = run_text(RECIPE.replace("PRIOR", fit), data, tmp_path / "out")
    note = "a: site_hour_prior: the teacher of its pseudo-labels learned from 1 of the 2 scored recordings: figures are in-sample"
    assert note in made.warnings
    assert read_provenance(made.out).in_sample([SEEN, OTHER]) == [SEEN]


def test_a_step_on_pseudo_labels_of_nobody_knows_what_is_unknown(data: Path, tmp_path: Path, run_text: Run) -> None:
    (data / "pl" / "pseudo.json").unlink()
    made = run_text(RECIPE.replace("PRIOR", "{fit: {labels: pl/pseudo_labels.csv}}"), data, tmp_path / "out")
    assert any(
        "the teacher of its pseudo-labels may have learned from the scored recordings" in w for w in made.warnings
    )
    assert read_provenance(made.out).kind_on([SEEN, OTHER]) == "unknown"
