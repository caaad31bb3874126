"""`blendkit compare`: recipes, arrays and run folders against the same labels; gates, leaderboards, ledger."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oof_folder import RECIPE, one_recording, oof_world

Process = subprocess.CompletedProcess[str]
Many = Callable[..., list[Process]]

OF = "of: {cnn: 0.5, sed: 0.3, perch: 0.2}"
TONAL = """\
recipe: 1
name: tonal
labels: labels.csv
members:
  cnn: {use: table, path: oof.npz, array: cnn, rows: row_ids, classes: classes, space: logit}
  hum: {use: tone, classes: [amabird, barfrog, cicada1, dowlark, katydid]}
blends:
  mix: {by: rank, of: {cnn: 0.5, hum: 0.5}}
output: mix
"""
BOARD = "Rank,TeamId,Score\n1,11,0.95\n2,12,0.90\n3,13,0.85\n4,14,0.75\n"
BROKEN = """\
{"kind": "oof", "recipe": "trio"}
nonsense
{"kind": "lb", "recipe": "trio", "public": 0.9}
{"kind": "oof", "recipe": "trio", "sha256": "abcdef", "oof": "high"}
"""
FILES = ("w/oof.npz:cnn", "w/oof.npz:sed")
SLIGHT = ("w/oof.npz:sed", "w/oof.npz:cnn", "w/trio.yaml")  # cnn gains, but within the noise
LEDGER = ("--ledger-file", "l.jsonl")
JOBS: dict[str, tuple[str, ...]] = {
    "all": ("w/trio.yaml", "w/near.yaml", *FILES, "out/trio", "--json"),
    "all as tables": ("w/trio.yaml", "w/near.yaml", *FILES, "out/trio"),
    "other order": ("w/oof.npz:sed", "w/trio.yaml", "w/oof.npz:cnn", "--json"),
    "same seed": ("w/trio.yaml", "w/oof.npz:cnn", "--json"),
    "other seed": ("w/trio.yaml", "w/oof.npz:cnn", "--json", "--seed", "1"),
    "by site": ("w/trio.yaml", "w/oof.npz:cnn", "--json", "--clusters", "site"),
    "split by site": ("w/trio.yaml", *FILES, "--split", "site", "--public", "0.6"),
    "files only": (*FILES, "--labels", "w/labels.csv", "--folds", "fold", "--json"),
    "gate passes": ("w/oof.npz:cnn", "w/trio.yaml", "--gate", "0.01"),
    "gate fails": (*SLIGHT, "--gate", "-0.001", "--leaderboard", "board.csv", "--bca"),
    "gate fails, as events": (*SLIGHT, "--gate", "-0.001", "--leaderboard", "board.csv", "--json"),
    "ledger": ("w/trio.yaml", "w/far.yaml", "w/oof.npz:cnn", "--ledger", *LEDGER),
    "scores": ("--lb", "trio=0.93/0.92", "--lb", "far=0.91/0.925", *LEDGER),
    "ledger again": ("--ledger", *LEDGER, "--json"),
}
BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "one source": (("w/trio.yaml",), ("give at least two sources to compare",)),
    "no source": ((), ("give at least two sources to compare", "--ledger")),
    "unknown recipe": (("eso7", "w/trio.yaml"), ("no recipe file 'eso7'", "(did you mean 'eos7'?)")),
    "no such file": (("w/trio.yaml", "w/none.csv"), ("none.csv: cannot read this file",)),
    "unknown array": (("w/trio.yaml", "w/oof.npz:cn"), ("no array 'cn'", "(did you mean 'cnn'?)", "sed (72, 5)")),
    "no array": (("w/trio.yaml", "w/oof.npz"), ("oof.npz", "has row_ids (72,)", "cnn (72, 5)")),
    "no labels": (FILES, ("give --labels",)),
    "labels of others": (
        (*FILES, "--labels", "w/others.csv"),
        ("w/others.csv: no label matches a row of w/oof.npz:cnn", "Y_Test_0001", "X_Test_0001"),
    ),
    "a recipe's labels of others": (("w/others.yaml", "w/trio.yaml"), ("no label matches a row", "others.csv: 12")),
    "misspelt folds": ((*FILES, "--labels", "w/labels.csv", "--folds", "folds"), ("(did you mean 'fold'?)",)),
    "one recording": (("w/one.yaml", "w/oof.npz:cnn"), ("at least two clusters (recordings, sites), found 1",)),
    "no site": (
        ("w/plain.npz:cnn", "w/plain.npz:sed", "--labels", "w/plain.csv", "--split", "site"),
        ("12 recordings give no site in their name", "rec1"),
    ),
    "other rows": (("w/trio.yaml", "w/plain.npz:cnn"), ("cnn:", "72 of 72 rows missing")),
    "nothing saved": (
        ("w/tonal.yaml", "w/oof.npz:cnn"),
        ("logits are not saved below out/tonal/logits", "member 'hum'", "`blendkit run`"),
    ),
    "a board without scores": (
        ("w/trio.yaml", "w/oof.npz:cnn", "--leaderboard", "points.csv"),
        ("points.csv: no column Score", "has Team, Points"),
    ),
    "a broken ledger": (
        ("--ledger", "--ledger-file", "broken.jsonl"),
        ("broken.jsonl: unusable lines", "line 1: lacks ['sha256', 'oof']", "line 2: not an entry", "line 4: oof must be a number",
         "line 3: no recipe measured before is 'trio'"),
    ),
    "no ledger": (("--ledger", "--ledger-file", "none.jsonl"), ("none.jsonl: cannot read this ledger, and no recipe is to be added", "starts one with the recipes")),
    "scores without a figure": (("--lb", "trio", *LEDGER), ("--lb trio: expected NAME=PUBLIC",)),
    "scores beyond 1": (("--lb", "trio=1.9", *LEDGER), ("--lb trio=1.9: expected NAME=PUBLIC",)),
    "scores of nobody": (("--lb", "tri=0.9", *LEDGER), ("no measured recipe is 'tri' (did you mean 'trio'?)",)),
}  # fmt: skip


def prepared(base: Path) -> Path:
    """Lay out the world, recipes beside trio.yaml, and the files that go wrong."""
    w = oof_world(base / "w")
    one_recording(w)
    near, far = OF.replace("perch: 0.2", "perch: 0.2001"), OF.replace("perch: 0.2", "perch: 3.0")
    for name, of in (("near", near), ("far", far)):
        text = RECIPE.replace("name: trio", f"name: {name}").replace(OF, of)
        (w / f"{name}.yaml").write_text(text, encoding="utf-8")
    labels = (w / "labels.csv").read_text(encoding="utf-8")
    (w / "others.csv").write_text(labels.replace("X_Test", "Y_Test"), encoding="utf-8")
    (w / "others.yaml").write_text(RECIPE.replace("labels.csv", "others.csv"), encoding="utf-8")
    (w / "tonal.yaml").write_text(TONAL, encoding="utf-8")
    held = dict(np.load(w / "oof.npz"))
    names = list(dict.fromkeys(str(i).rpartition("_")[0] for i in held["row_ids"]))
    for i, name in enumerate(names):
        labels = labels.replace(name, f"rec{i}")
    ids = np.array([f"rec{i // 6}_{5 * (i % 6 + 1)}" for i in range(72)])
    np.savez(w / "plain.npz", **{**held, "row_ids": ids})
    (w / "plain.csv").write_text(labels, encoding="utf-8")
    texts = {"board.csv": BOARD, "points.csv": "Team,Points\na,0.9\n", "broken.jsonl": BROKEN}
    for name, text in texts.items():
        (base / name).write_text(text, encoding="utf-8")
    return base


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("compare"))


@pytest.fixture(scope="module")
def done(folder: Path, many: Many) -> dict[str, Process]:
    """The run that `out/trio` comes from, every good job, then every bad one."""
    jobs = {"run": ("run", "w/trio.yaml")}
    jobs |= {n: ("compare", *args, "--replicates", "60") for n, args in JOBS.items()}
    jobs |= {n: ("compare", *args) for n, (args, _) in BAD.items()}
    return dict(zip(jobs, many([(args, folder) for args in jobs.values()]), strict=True))


def payloads(process: Process, event: str) -> list[dict[str, Any]]:
    found = map(json.loads, process.stdout.splitlines())
    return [e["payload"] for e in found if e["event"] == event]


@pytest.mark.parametrize("name", JOBS)
def test_only_a_failed_gate_is_not_zero(done: dict[str, Process], name: str) -> None:
    assert "Traceback" not in done[name].stderr
    assert done[name].returncode == int(name.startswith("gate fails")), done[name].stderr


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_explained(folder: Path, done: dict[str, Process], name: str) -> None:
    process = done[name]
    assert "Traceback" not in process.stderr, process.stderr
    assert process.returncode == 2, process.stdout + process.stderr
    for part in BAD[name][1]:
        assert part in process.stderr
    assert not (folder / "none.jsonl").exists()


def test_every_source_in_its_order_with_holm(folder: Path, done: dict[str, Process]) -> None:
    sources = payloads(done["all"], "source")
    assert [s["name"] for s in sources] == ["trio", "near", "cnn", "sed", "out/trio"]
    first, *others = sources
    assert "change" not in first
    report = json.loads((folder / "out/trio/run.json").read_text(encoding="utf-8"))
    assert first["macro_auc"] == sources[-1]["macro_auc"] == report["streams"]["mix"]["macro_auc"]
    assert sources[2]["macro_auc"] == report["streams"]["cnn"]["macro_auc"]
    for s in others:
        assert s["change"]["estimate"] == pytest.approx(s["macro_auc"] - first["macro_auc"], abs=1e-12)
    p = {s["name"]: s["change"]["p"] for s in others}
    highest, wanted = 0.0, {}
    for i, name in enumerate(sorted(p, key=lambda n: p[n])):  # Holm 1979
        highest = wanted[name] = max(highest, min(1.0, (len(p) - i) * p[name]))
    assert {s["name"]: s["p_holm"] for s in others} == pytest.approx(wanted)
    assert wanted["cnn"] > p["cnn"]  # so Holm's correction shows
    rows = [line.split() for line in done["all as tables"].stdout.splitlines() if "[" in line]
    row = next(r for r in rows if r[0] == "cnn")
    assert row[1] == f"{sources[2]['macro_auc']:.6f}"
    assert row[-1].removeprefix("<") == f"{wanted['cnn']:.4f}"
    assert "p (Holm)" in done["all as tables"].stdout
    assert "95% percentile intervals, 12 clusters (recording), 60 replicates" in done["all as tables"].stdout


def test_what_a_leaderboard_shows_alike_is_a_plateau(done: dict[str, Process]) -> None:
    (whole,) = payloads(done["all"], "compare")
    first, *others = whole["plateaus"]
    assert sorted(first["names"]) == ["near", "out/trio", "trio"]
    assert [p["names"] for p in others] == [["cnn"], ["sed"]]
    assert f"plateau {first['shown']:.3f}: {', '.join(first['names'])} show alike" in done["all as tables"].stdout
    assert done["all as tables"].stdout.count("plateau") == 1


def test_sources_keep_their_order_and_draws(done: dict[str, Process]) -> None:
    assert [s["name"] for s in payloads(done["other order"], "source")] == ["sed", "trio", "cnn"]
    kept = ("low", "high")
    whole, same, other = (
        {s["name"]: s for s in payloads(done[n], "source")} for n in ("all", "same seed", "other seed")
    )
    assert [same["cnn"][k] for k in kept] == [whole["cnn"][k] for k in kept]
    assert same["cnn"]["change"] == whole["cnn"]["change"]  # the same draws, whoever else is compared
    assert [other["cnn"][k] for k in kept] != [whole["cnn"][k] for k in kept]
    assert other["cnn"]["macro_auc"] == whole["cnn"]["macro_auc"]
    assert payloads(done["by site"], "compare")[0]["clusters"] == 3


def test_splits_by_site_keep_sites_whole(done: dict[str, Process]) -> None:
    assert "60 simulated leaderboards by site, 67% public" in done["split by site"].stdout  # two of three sites
    assert "60 simulated leaderboards by recording, 33% public" in done["all as tables"].stdout  # four of twelve


def test_files_alone_need_labels_and_may_bring_folds(done: dict[str, Process]) -> None:
    cnn, sed = payloads(done["files only"], "source")
    recipe = {s["name"]: s for s in payloads(done["all"], "source")}
    for found in (cnn, sed):
        assert found["macro_auc"] == recipe[found["name"]]["macro_auc"]
        assert found["fold_mean"] == pytest.approx(recipe[found["name"]]["fold_mean"], abs=1e-12)


def test_the_gate(done: dict[str, Process]) -> None:
    assert "gate +0.01: passed" in done["gate passes"].stdout
    assert "gate -0.001: failed by cnn: lower bound -" in done["gate fails"].stdout
    (event,) = payloads(done["gate fails, as events"], "gate")
    assert (event["gate"], event["passed"], len(event["below"])) == (-0.001, False, 1)
    assert payloads(done["gate fails, as events"], "source")[1]["change"]["estimate"] > 0


def test_rank_bands(done: dict[str, Process]) -> None:
    _, cnn, trio = (s["rank_band"] for s in payloads(done["gate fails, as events"], "source"))
    assert [trio["rank"], cnn["rank"]] == [2, 4]  # shows 0.900 beside 0.90; below 0.85
    assert trio["best"] <= 2 <= trio["worst"] <= cnn["worst"]
    assert trio["teams"] == 4
    assert "rank beside 4 teams" in " ".join(done["gate fails"].stdout.split())
    assert "95% BCa intervals" in done["gate fails"].stdout


def test_the_ledger(folder: Path, done: dict[str, Process]) -> None:
    lines = [json.loads(line) for line in (folder / "l.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(e["kind"], e["recipe"]) for e in lines] == [("oof", "trio"), ("oof", "far"), ("lb", "trio"), ("lb", "far")]
    trio, far = lines[:2]
    assert trio["oof"] == payloads(done["all"], "source")[0]["macro_auc"]
    assert trio["sha256"] != far["sha256"]
    assert (trio["rows"], trio["clusters"]) == (72, 12)
    assert "fewer than two recipes have leaderboard scores" in done["ledger"].stdout
    told = done["scores"].stdout
    assert "gains over trio" in told
    (row,) = [line.split() for line in told.splitlines() if line.split()[:1] == ["far"] and "+0.005000" in line]
    assert row == ["far", f"{far['oof'] - trio['oof']:+.6f}", "-0.020000", "+0.005000"]
    assert "1 of 1 out-of-fold gains had the same sign on the leaderboard" in told  # far lost in both
    (event,) = payloads(done["ledger again"], "ledger")
    assert [(r["recipe"], r["public"], r["private"]) for r in event["recipes"]] == [
        ("trio", 0.93, 0.92), ("far", 0.91, 0.925)]  # fmt: skip
    assert event["transfers"][0]["public_gain"] == pytest.approx(-0.02)


def test_recipes_of_one_name_keep_their_own_hashes(folder: Path, many: Many) -> None:
    again = (folder / "w/trio.yaml").read_text(encoding="utf-8").replace(OF, "of: {cnn: 0.2, sed: 0.3, perch: 0.5}")
    (folder / "w/v2.yaml").write_text(again, encoding="utf-8")
    ledger = ("--ledger-file", "twins.jsonl")
    jobs = [
        ("compare", "w/trio.yaml", "w/v2.yaml", "--ledger", *ledger),
        ("search", "greedy", "w/trio.yaml", *ledger),
        ("compare", "--lb", "trio=0.9", *ledger),
        ("compare", "w/trio.yaml", "w/trio.yaml"),
    ]
    *fine, twice = (many([(job, folder)])[0] for job in jobs)
    assert [p.returncode for p in fine] == [0, 0, 0], [p.stderr for p in fine]
    lines = [json.loads(line) for line in (folder / "twins.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(e["kind"], e["recipe"]) for e in lines] == [
        ("oof", "trio"), ("oof", "w/v2.yaml"), ("oof", "trio (searched)"), ("lb", "trio"),
    ]  # fmt: skip
    assert len({e["sha256"] for e in lines[:3]}) == 3
    assert lines[0]["oof"] != lines[1]["oof"]
    shown = [line.split() for line in fine[2].stdout.splitlines()]
    assert ["trio", lines[0]["sha256"][:8], f"{lines[0]['oof']:.6f}", "0.9"] in shown  # not the search's
    assert ["trio", "(searched)", lines[2]["sha256"][:8], f"{lines[2]['oof']:.6f}", "nested"] in shown
    assert twice.returncode == 2
    assert "w/trio.yaml is given twice" in twice.stderr


def test_a_known_public_score_stands_for_its_recipe(folder: Path, many: Many) -> None:
    args = ("compare", "w/trio.yaml", "w/oof.npz:cnn", "--leaderboard", "board.csv", "--ledger-file", "lb.jsonl")
    first, second = many([((*args, "--lb", "trio=0.93", "--json"), folder), (args, folder)])
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    trio, cnn = (p["rank_band"] for p in payloads(first, "source"))
    assert (trio["score"], trio["from"], trio["rank"]) == (0.93, "leaderboard", 2)
    assert (cnn["from"], cnn["rank"]) == ("these labels", 4)
    shown = [line.split() for line in second.stdout.splitlines()]  # from the ledger, which kept it
    assert any(line[:4] == ["trio", "0.930000", "leaderboard", "2"] for line in shown)
    assert "need not be leaderboard scores" in second.stdout
