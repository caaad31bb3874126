"""Features, a head, pseudo-labels and a student, as a user makes them; torch and ONNX say the same in the end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'blendkit[train]'")
Blendkit = Callable[..., subprocess.CompletedProcess[str]]
BLOCKS = ("--blocks", "block5_add", "--blocks", "block6_add")
QUICK = ("--epochs", 1, "--folds", 3, "--width", 16)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, world: Path, blendkit: Blendkit) -> Path:
    """Feature stores of all the world's audio, and a head on them."""
    folder = tmp_path_factory.mktemp("fit")
    settings = ("--set", f"model={world}/models/perch_v2.onnx", "--set", f"labels={world}/models/perch_labels.csv")
    for audio in ("train_audio", "train_soundscapes", "unlabelled_soundscapes"):
        done = blendkit("fit", "features", "perch", world / audio, "--out", folder / audio, *settings)
        assert done.returncode == 0, done.stderr
    done = blendkit("fit", "seqhead", *rows(folder, world), *BLOCKS, *QUICK, "--out", folder / "head")
    assert done.returncode == 0, done.stderr
    assert "out of fold, chunks: macro-AUC" in done.stdout
    assert "wrote" in done.stdout
    assert f"next: blendkit eval {folder}/head/oof.npz:logits" in done.stdout
    return folder


def rows(folder: Path, world: Path) -> tuple[object, ...]:
    labels = ("--labels", world / "train_soundscapes_labels.csv", "--taxonomy", world / "taxonomy.csv")
    return (folder / "train_audio", "--soundscapes", folder / "train_soundscapes", *labels)


def test_a_head_runs_in_a_recipe_as_it_was_judged(
    fitted: Path, world: Path, tmp_path: Path, blendkit: Blendkit
) -> None:
    set_head = ("--set", f"members.seqhead.head={fitted / 'head' / 'head.onnx'}")
    args = ("run", "seqhead_v4", "--data", world, "--allow-outside", *set_head)
    done = blendkit(*args, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    other = blendkit(*args, "--out", tmp_path / "peak", "--set", "members.seqhead.normalise=peak")
    assert other.returncode == 2
    assert "normalise: fitted with 'none', this recipe has 'peak'" in other.stderr
    judged = blendkit("eval", f"{fitted}/head/oof.npz:logits", "--labels", world / "train_soundscapes_labels.csv")
    assert judged.returncode == 0, judged.stderr  # the command that the card points to
    card = (fitted / "head" / "card.md").read_text(encoding="utf-8")
    assert "Out-of-fold figures" in card
    told = json.loads((fitted / "head" / "fit.json").read_text(encoding="utf-8"))
    assert max(told["onnx_difference"].values()) < 1e-4
    assert told["oof"]["chunk"]["rows"] == sum(1 for k in np.load(fitted / "head" / "oof.npz")["kind"] if k == "chunk")


def test_whatif_reads_the_out_of_fold_table(fitted: Path, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    with np.load(fitted / "head" / "oof.npz") as held:
        keep = held["kind"] == "chunk"
        part = {k: v[keep] if len(v) == len(keep) else v for k, v in held.items()}
    np.savez(tmp_path / "oof.npz", **part, other=part["logits"][:, ::-1])
    table = "use: table, path: oof.npz, rows: row_ids, classes: classes, folds: fold, space: logit"
    text = f"recipe: 1\nname: w\nlabels: [l.csv]\nmembers:\n  a: {{{table}, array: logits}}\n  b: {{{table}, array: other}}\n"
    (tmp_path / "w.yaml").write_text(f"{text}blends:\n  mix: {{by: logit, of: {{a: 1, b: 1}}}}\noutput: mix\n")
    (tmp_path / "l.csv").write_bytes((world / "train_soundscapes_labels.csv").read_bytes())
    done = blendkit("whatif", tmp_path / "w.yaml", "--share", "mix.a=0:1:0.5", "--replicates", 40)
    assert done.returncode == 0, done.stderr


def test_pseudo_labels_guard_against_leaks(fitted: Path, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    gate = ("pseudolabel", "gate", "seqhead_v4", "--data", world, "--out", tmp_path / "pl", "--top", 2, "--least", 0.1)
    labels = ("--labels", world / "train_soundscapes_labels.csv")
    none = blendkit("pseudolabel", "gate", "seqhead_v4", "--data", world, "--out", tmp_path / "no")
    assert "no gate" in none.stderr
    seen = blendkit(*gate, *labels, "--audio", "train_soundscapes")
    assert seen.returncode == 2
    assert "learned from" in seen.stderr
    inflated = ("--oof", f"{fitted / 'head' / 'oof.npz'}:logits", "--seen-audio", "train_soundscapes")
    done = blendkit(*gate, *labels, *inflated)
    assert done.returncode == 0, done.stderr
    assert "inflation: on labelled recordings the teacher scores" in done.stdout
    told = json.loads((tmp_path / "pl" / "pseudo.json").read_text(encoding="utf-8"))
    assert told["saw"]
    assert told["cells"] == sum(c["chunks"] for c in told["classes"]) > 0
    student = ("fit", "seqhead", *rows(fitted, world), *BLOCKS, *QUICK, "--out", tmp_path / "h")
    done = blendkit(*student, "--pseudo", tmp_path / "pl", "--unlabelled", fitted / "unlabelled_soundscapes")
    assert done.returncode == 0, done.stderr
    assert "they do not count as out-of-fold" in done.stdout
    assert "out of fold, chunks: no figure: a teacher behind the fit learned from all" in done.stdout


def test_a_student_scores_waves_in_a_recipe(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    head = ("--set", f"backbone={world}/models/perch_v2.onnx", "--set", f"head={world}/models/seqhead.onnx")
    audio = world / "train_soundscapes"
    assert blendkit("score", "perch-seqhead", audio, *head, "--out", tmp_path / "teacher").returncode == 0
    fit = ("fit", "student", audio, "--teacher", tmp_path / "teacher", "--width", 0.25, "--device", "cpu")
    done = blendkit(*fit, "--labels", world / "train_soundscapes_labels.csv", "--epochs", 1, "--out", tmp_path / "s")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "s" / "student.json").read_text(encoding="utf-8"))
    assert told["onnx_difference"] < 1e-3
    assert len(told["saw"]) == 6
    recipe = Path(__file__).parents[2] / "examples" / "eos7_student.yaml"
    here = ("--set", f"members.student.folds=[{tmp_path / 's' / 'student.onnx'}]")
    run = blendkit("run", recipe, "--data", world, "--allow-outside", *here, "--out", tmp_path / "o")
    assert run.returncode == 0, run.stderr


def test_mistakes(fitted: Path, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    out = ("--out", tmp_path / "x")
    wrong = blendkit("fit", "seqhead", fitted / "train_audio", "--blocks", "block7_add", *out)
    assert wrong.returncode == 2
    assert "did you mean 'block6_add'" in wrong.stderr
    assert "nothing to learn from" in blendkit("fit", "seqhead", *out).stderr
    settings = ("--set", f"model={world}/models/perch_v2.onnx", "--set", f"labels={world}/models/perch_labels.csv")
    peak = ("--set", "normalise=peak", "--out", tmp_path / "peak")
    assert blendkit("fit", "features", "perch", world / "train_soundscapes", *settings, *peak).returncode == 0
    labels = ("--labels", world / "train_soundscapes_labels.csv")
    mixed = blendkit("fit", "seqhead", fitted / "train_audio", "--soundscapes", tmp_path / "peak", *labels, *out)
    assert mixed.returncode == 2
    assert "params.normalise none against peak" in mixed.stderr


def test_without_torch_it_says_the_extra() -> None:
    code = "import sys; sys.modules['torch'] = None; sys.argv = ['blendkit', 'fit', 'seqhead', '.', '--out', 'y']\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "from blendkit.cli.main import main; main()"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "pip install 'blendkit[train]'" in done.stderr
