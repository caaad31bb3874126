"""`blendkit blend` and `blendkit new` as commands: what they print, and their mistakes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from blendkit.cli.top import cli

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
SCORES = {"a": (0.8, 0.3, 0.6, 0.1), "b": (0.3, 0.4, 0.1, 0.35)}  # tests/offline/test_file_blend.py says why


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blend")
    labels = ["filename,start,end,primary_label"]
    for name, scores in SCORES.items():
        lines = [f"r{r}_{5 * i + 5},{s},{round(1 - s, 6)}" for r in range(4) for i, s in enumerate(scores)]
        (folder / f"{name}.csv").write_text("\n".join(["row_id,x,y", *lines]), encoding="utf-8")
    labels += [f"r{r},{5 * i},{5 * i + 5},{'xxyy'[i]}" for r in range(4) for i in range(4)]
    (folder / "labels.csv").write_text("\n".join(labels), encoding="utf-8")
    (folder / "other_labels.csv").write_text("filename,start,end,primary_label\nq,0,5,x\n", encoding="utf-8")
    (folder / "other_rows.csv").write_text("row_id,x,y\nq_5,0.1,0.2\n", encoding="utf-8")
    (folder / "other_classes.csv").write_text("row_id,v,w\nr0_5,0.1,0.2\n", encoding="utf-8")
    (folder / "no_table.csv").write_text("no table\n", encoding="utf-8")
    (folder / "mine").mkdir()
    (folder / "mine/thesis.txt").write_text("mine", encoding="utf-8")
    return folder


def test_one_command_says_what_it_assumed_and_gives_a_verdict(files: Path, blendkit: Blendkit):
    done = blendkit("blend", "a.csv", "b.csv", "--labels", "labels.csv", "--out", "out", cwd=files)
    assert done.returncode == 0, done.stderr
    assert "a: matrix file, 16 chunks of 4 recordings, 2 classes; probabilities" in done.stdout
    assert "blended by prob: every file holds probabilities, on a like scale" in done.stdout
    assert done.stdout.count("redraws of the recordings: real.") == 1
    page = (files / "out/report.html").read_text(encoding="utf-8")
    (held_out,) = re.findall(r'"held_out":([\d.]+)', page)  # the first figure of the report is not the tuned one
    assert f"{float(held_out):.6f} held out" in done.stdout
    assert f"macro-AUC {float(held_out):.4f} held out, " in page
    command = done.stdout.splitlines()[-1].removeprefix("the same again: blendkit ").split()
    again = blendkit(*command, "--out", "again", cwd=files)
    assert again.returncode == 0, again.stderr
    for name in ("submission.csv", "run.json"):
        assert (files / "again" / name).read_bytes() == (files / "out" / name).read_bytes()


def test_events_hold_the_figures(files: Path, blendkit: Blendkit):
    done = blendkit(
        "blend", "a.csv", "b.csv", "--labels", "labels.csv", "--out", "json", "--json", "--no-report", cwd=files
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = next(e["payload"] for e in events if e["event"] == "blend")
    assert (found["judgement"], found["nested"], found["alone"]) == ("real", 1.0, 0.75)
    assert found["gain"]["estimate"] == 0.25


def test_a_new_recipe_never_replaces_a_file(files: Path, blendkit: Blendkit):
    done = blendkit("new", "a.csv", "b.csv", "-o", "r.yaml", cwd=files)
    assert done.returncode == 0, done.stderr
    assert blendkit("check", "r.yaml", "--data", ".", cwd=files).returncode == 0
    assert "REQUIRED" not in done.stdout
    more = blendkit("new", "a.csv", "--member", "onnx", "--audio", ".", "-o", "m.yaml", cwd=files)
    assert "before it runs, fill in what members need, marked REQUIRED: model" in more.stdout, more.stderr
    again = blendkit("new", "a.csv", "b.csv", "-o", "r.yaml", cwd=files)
    assert again.returncode == 2
    assert "r.yaml exists already" in again.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["a.csv"], "a blend needs two score files or members"),
        (["a.csv", "a.csv"], "given twice"),
        (["a.csv", "aa.csv"], "aa.csv: no such file (did you mean 'a.csv'?)"),
        (["a.csv", "no_table.csv"], "no format fits this file"),
        (["a.csv", "other_rows.csv"], "0 in common"),
        (["a.csv", "other_classes.csv"], "a and other_classes have no class in common"),
        (["a.csv", "b.csv", "--labels", "other_labels.csv"], "no label matches a row"),
        (["a.csv", "b.csv", "--labels", "label.csv"], "did you mean 'labels.csv'?"),
        (["a.csv", "b.csv", "--test", "a.csv"], "2 score files and 1 test files"),
        (["a.csv", "b.csv", "--space", "a=odds"], "expected a name and one of logit, prob, rank"),
        (["a.csv", "b.csv", "--space", "c=prob"], "no score file is called c"),
        (["a.csv", "--member", "birdnett", "--audio", "."], "did you mean 'birdnet'?"),
        (["a.csv", "--member", "tone"], "say in which folder (--audio)"),
        (["a.csv", "b.csv", "--out", "mine"], "mine: holds files that blendkit did not make"),
        (["a.csv", "b.csv", "--out", "a.csv"], "a.csv"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(args: list[str], says: str, files: Path, blendkit: Blendkit):
    before = {p: p.read_bytes() for p in files.rglob("*") if p.is_file()}
    done = blendkit("blend", *args, *(() if "--out" in args else ("--out", "none")), cwd=files)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert {p: p.read_bytes() for p in files.rglob("*") if p.is_file()} == before
    assert not (files / "none").exists()


def test_a_member_is_scored_and_blended_with_a_file(blendkit: Blendkit, tmp_path: Path, tone_folder: Path):
    done = blendkit(
        "blend", tone_folder / "a.csv", "--member", "tone", "--audio", tone_folder / "test_soundscapes", "--out", "out", "--no-report",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "rank: the scale of what tone will give is not known yet" in done.stdout
    assert (tmp_path / "out/submission.csv").is_file()


def test_a_member_and_a_file_are_judged_by_labels(tmp_path: Path, world: Path):
    given = ("blend", f"{world}/train_oof.npz:protossm_sed", "--member", "tone", "--audio", world / "train_soundscapes")
    known = ("--labels", world / "train_soundscapes_labels.csv", "--taxonomy", world / "taxonomy.csv")
    done = CliRunner().invoke(cli, [str(a) for a in (*given, *known, "--replicates", 40, "--out", tmp_path / "out")])
    assert done.exit_code == 0, done.exception
    assert "held out" in done.output
    assert re.search(r"blend 0\.\d+ protossm_sed \+ 0\.\d+ tone", done.output)
    rows = (tmp_path / "out/submission.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(np.load(world / "train_oof.npz")["row_ids"])


def test_eval_and_compare_end_with_the_command_that_blends(files: Path, blendkit: Blendkit):
    one = blendkit("eval", "a.csv", "--labels", "labels.csv", cwd=files)
    assert one.stdout.splitlines()[-1] == "to blend it with another: blendkit blend a.csv OTHER --labels labels.csv"
    assert one.stdout.index("macro-AUC: 0.750000") < one.stdout.index("positives")
    two = blendkit("compare", "a.csv", "b.csv", "--labels", "labels.csv", "--replicates", "40", cwd=files)
    command = two.stdout.splitlines()[-1].removeprefix("to blend them: blendkit ")
    assert command == "blend a.csv b.csv --labels labels.csv"
    assert blendkit(*command.split(), "--out", "said", cwd=files).returncode == 0
    (files / "names of all.csv").write_text("primary_label\nx\ny\n", encoding="utf-8")
    named = blendkit("eval", "a.csv", "--labels", "labels.csv", "--taxonomy", "names of all.csv", cwd=files).stdout
    assert named.splitlines()[-1].endswith("a.csv OTHER --labels labels.csv --taxonomy 'names of all.csv'")


def test_recordings_that_one_file_lacks_are_said_and_filled(files: Path, blendkit: Blendkit):
    header, *rows = (files / "a.csv").read_text(encoding="utf-8").splitlines()
    last = rows[-1].split(",")[0].rpartition("_")[0]
    short = [r for r in rows if not r.startswith(last)]
    (files / "short.csv").write_text("\n".join([header, *short]) + "\n", encoding="utf-8")
    done = blendkit("compare", "short.csv", "b.csv", "--labels", "labels.csv", "--replicates", "40", cwd=files)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert f"labelled recordings have no scores in short.csv, and no part in any figure: {last}" in said
    assert f"b: 1 recording that short.csv lacks left out: {last}" in said
    command = done.stdout.splitlines()[-1].removeprefix("to blend them: blendkit ")
    assert command == "blend short.csv b.csv --labels labels.csv --missing-rows median"
    assert blendkit(*command.split(), "--out", "filled", cwd=files).returncode == 0
    one = blendkit("eval", "short.csv", "--labels", "labels.csv", cwd=files)
    assert f"no part in any figure: {last}" in " ".join(one.stdout.split())


def test_a_member_of_one_value_is_the_first_line(tmp_path: Path, blendkit: Blendkit):
    (tmp_path / "a.csv").write_text("row_id,x\nr_5,0.1\nr_10,0.7\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("row_id,x\nr_5,0.5\nr_10,0.5\n", encoding="utf-8")
    done = blendkit("blend", "a.csv", "b.csv", "--out", "o", "--no-report", cwd=tmp_path)
    lines = done.stdout.splitlines()
    said = [i for i, line in enumerate(lines) if "every value is 0.5" in line]
    assert len(said) == 1
    assert lines[said[0]].startswith("warning: member 'b'")
    assert all(line.startswith("names:") for line in lines[: said[0]])


def test_eval_shows_the_ten_lowest_classes(tmp_path: Path, blendkit: Blendkit):
    classes = [f"c{i:02}" for i in range(12)]
    rows = [f"r{r}_5," + ",".join("0.9" if r == i else "0.1" for i in range(12)) for r in range(12)]
    (tmp_path / "s.csv").write_text("\n".join(["row_id," + ",".join(classes), *rows]), encoding="utf-8")
    labels = ["filename,start,end,primary_label", *(f"r{r},0,5,c{r:02}" for r in range(12))]
    (tmp_path / "l.csv").write_text("\n".join(labels), encoding="utf-8")
    said = blendkit("eval", "s.csv", "--labels", "l.csv", cwd=tmp_path).stdout
    assert "the 10 classes of the lowest AUC; --json lists all 12" in said
    assert len(re.findall(r"^ *c\d\d .*1\.000000", said, re.MULTILINE)) == 10


def test_strict_is_about_the_run_and_not_about_what_nobody_knows_of_its_files(files: Path, blendkit: Blendkit):
    assert blendkit("new", "a.csv", "b.csv", "--labels", "labels.csv", "-o", "strict.yaml", cwd=files).returncode == 0
    done = blendkit("run", "strict.yaml", "--out", "o", "--strict", cwd=files)
    assert "what these scores learned from is not known" in done.stdout
    assert done.returncode == 0
    text = (files / "b.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (files / "fewer.csv").write_text("".join(text[:-1]), encoding="utf-8")
    fewer = ("--set", "members.b.path=fewer.csv", "--set", "members.b.missing_rows=median")
    filled = blendkit("run", "strict.yaml", *fewer, "--out", "o", "--strict", cwd=files)
    assert filled.returncode == 1, filled.stderr
