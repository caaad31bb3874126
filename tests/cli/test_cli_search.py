"""`blendkit search`, and the mistakes that it shares with `blendkit whatif`."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oof_folder import RECIPE, one_recording, oof_world

Process = subprocess.CompletedProcess[str]
Many = Callable[..., list[Process]]

SIGMAS = "mix.gaussian.sigma=0.2:0.8:0.2"
SEARCHES: dict[str, tuple[str, ...]] = {
    "greedy": ("greedy", "w/trio.yaml", "--steps", "8"),
    "line": ("line", "w/trio.yaml"),
    "by class name": ("line", "w/trio.yaml", "--by-class-name"),
    "grid": ("grid", "w/trio.yaml", "--over", SIGMAS, "--share", "mix.perch=0:0.4:0.1", "--level", "0.8"),
    "weights and a share": (
        "grid", "w/trio.yaml", "--over", "blends.mix.of.cnn=0.3:0.7:0.2", "--share", "mix.perch=0:0.4:0.2"),
    "no folds": ("greedy", "w/nofolds.yaml", "--steps", "8"),
    "halves of sites": ("greedy", "w/nofolds.yaml", "--steps", "8", "--clusters", "site"),
}  # fmt: skip
HALVES = ("no folds", "halves of sites")
BARE = """\
recipe: 1
name: bare
labels: labels.csv
members:
  cnn: {use: table, path: oof.npz, array: cnn, rows: row_ids, classes: classes, space: logit}
output: cnn
"""
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
WHATIF = ("whatif", "w/trio.yaml")
SWEEP = (*WHATIF, "--sweep")
SAVED = ("logits are not saved below out/tonal/logits", "member 'hum': no saved logits", "`blendkit run`")
BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nothing to change": (WHATIF, ("give --share, --sweep or --set",)),
    "share below 0": ((*WHATIF, "--share", "mix.cnn=-0.1"), ("a share lies between 0 and 1, got -0.1",)),
    "range of shares beyond 1": ((*WHATIF, "--share", "mix.cnn=0:2:0.5"), ("between 0 and 1, got 1.5",)),
    "a share in words": ((*WHATIF, "--share", "mix.cnn=most"), ("--share mix.cnn=most", "between 0 and 1")),
    "two shares of one blend": (
        (*WHATIF, "--share", "mix.cnn=0.1", "--share", "mix.sed=0.2"), ("two shares of 'mix'", "--set")),
    "two shares to search": (
        ("search", "grid", "w/trio.yaml", "--over", SIGMAS, "--share", "mix.cnn=0,1", "--share", "mix.sed=0,1"),
        ("two shares of 'mix'",)),
    "a share of nobody": ((*WHATIF, "--share", "mix=0.1"), ("expected BLEND.MEMBER=SHARE", "blends cnn, sed, perch")),
    "a plot of one point": ((*WHATIF, "--share", "mix.cnn=0.1", "--plot", "x.png"), ("nothing is swept",)),
    "a step misspelt": (
        (*SWEEP, "mix.gausian.sigma=0.1,0.2"), ("no such key or step (did you mean 'gaussian'?)", "blends.mix.gaussian")),
    "silence": (("whatif", "w/silent.yaml", "--share", "mix.cnn=0.1"), ("both positives and negatives",)),
    "silence to search": (("search", "grid", "w/silent.yaml", "--over", SIGMAS), ("both positives and negatives",)),
    "unknown blend": ((*WHATIF, "--share", "mxi.cnn=0.1"), ("no blend is called 'mxi' (did you mean 'mix'?)",)),
    "unknown member": (
        (*WHATIF, "--share", "mix.prech=0.1"),
        ("'mix' does not blend 'prech' (did you mean 'perch'?)", "it blends cnn, sed, perch"),
    ),
    "unknown path": (
        (*SWEEP, "gausian.sigma=0.1,0.2"),
        ("--sweep gausian.sigma=0.1,0.2: no such key", "(did you mean 'gaussian'?)"),
    ),
    "ambiguous path": (
        (*SWEEP, "gaussian.sigma=0.1,0.2"),
        ("'gaussian' is in 2 places", "members.sed.steps.gaussian.sigma", "blends.mix.steps.gaussian.sigma"),
    ),
    "step by number": (
        (*SWEEP, "mix.steps[0].sigma=0.1,0.2"),
        ("name steps by op or id, never by number", "blends.mix.gaussian", "blends.mix.taxonomy_mean"),
    ),
    "no values": ((*SWEEP, "mix.gaussian.sigma"), ("expected PATH=VALUE, PATH=FIRST:LAST:STEP or PATH=A,B,C",)),
    "empty values": ((*SWEEP, "mix.gaussian.sigma="), ("expected PATH=VALUE",)),
    "half a range": ((*SWEEP, "mix.gaussian.sigma=0:1"), ("a range is FIRST:LAST:STEP, as in 0:1:0.05",)),
    "a range of words": ((*SWEEP, "mix.gaussian.sigma=a:b:c"), ("a range is FIRST:LAST:STEP",)),
    "a falling range": ((*SWEEP, "mix.gaussian.sigma=1:0:0.1"), ("a range rises from FIRST to LAST",)),
    "no step": ((*SWEEP, "mix.gaussian.sigma=0:1:0"), ("a range rises from FIRST to LAST by a STEP above 0",)),
    "a range without end": ((*SWEEP, "mix.gaussian.sigma=0:1:1e-9"), ("at most 100001 are swept",)),
    "a value the op refuses": ((*SWEEP, "mix.gaussian.sigma=-1,1"), ("gaussian.sigma", "greater than or equal to 1e-09, got -1")),
    "three sweeps": (
        (*SWEEP, "mix.gaussian.sigma=1,2", "--share", "mix.cnn=0,1", "--sweep", "mix.taxonomy_mean.genus=0.1,0.2"),
        ("3 sweeps; at most two", "--share mix.cnn=0,1", "--sweep mix.gaussian.sigma=1,2", "mix.taxonomy_mean.genus"),
    ),
    "a plot as PDF": ((*WHATIF, "--share", "mix.cnn=0,1", "--plot", "x.pdf"), ("x.pdf: plots are written as .png",)),
    "unknown recipe": (("whatif", "eso7", "--share", "a.b=1"), ("(did you mean 'eos7'?)",)),
    "nothing saved": (("whatif", "w/tonal.yaml", "--share", "mix.hum=0.1"), SAVED),
    "nothing saved to search": (("search", "greedy", "w/tonal.yaml"), SAVED),
    "labels of others": (
        ("whatif", "w/others.yaml", "--share", "mix.cnn=0.1"),
        ("no label matches a row", "others.csv: 12 recordings", "Y_Test_0001", "X_Test_0001"),
    ),
    "labels of others to search": (("search", "line", "w/others.yaml"), ("no label matches a row", "others.csv")),
    "folds misspelt": (
        ("search", "line", "w/trio.yaml", "--set", "members.cnn.folds=flod"),
        ("no array 'flod' for `folds:` (did you mean 'fold'?)",),
    ),
    "one recording": (("search", "greedy", "w/one.yaml"), ("at least two",)),
    "no blend": (("search", "greedy", "w/bare.yaml"), ("the output 'cnn' is not a blend",)),
    "unknown search": (("search", "gird"), ("gird",)),
    "unknown value to search": (
        ("search", "grid", "w/trio.yaml", "--over", "mix.gaussian.sigam=0.1,0.2"), ("'sigma'",)),
    "unknown share to search": (
        ("search", "grid", "w/trio.yaml", "--over", SIGMAS, "--share", "mix.cn=0:1:0.5"), ("did you mean 'cnn'?",)),
    "nothing to search over": (("search", "grid", "w/trio.yaml"), ("--over", "--share")),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("search")
    w = oof_world(base / "w")
    one_recording(w)
    labels = (w / "labels.csv").read_text(encoding="utf-8")
    (w / "others.csv").write_text(labels.replace("X_Test", "Y_Test"), encoding="utf-8")
    nofolds = re.sub(r",? *\bfolds: fold\b", "", RECIPE).replace("name: trio", "name: nofolds")
    lines = [line.rpartition(",")[0] + "," for line in labels.splitlines()[1:]]
    (w / "silent.csv").write_text("\n".join([labels.splitlines()[0], *lines]) + "\n", encoding="utf-8")
    (w / "silent.yaml").write_text(RECIPE.replace("labels.csv", "silent.csv"), encoding="utf-8")
    texts = {"nofolds": nofolds, "bare": BARE, "tonal": TONAL, "others": RECIPE.replace("labels.csv", "others.csv")}
    for name, text in texts.items():
        (w / f"{name}.yaml").write_text(text, encoding="utf-8")
    return base


@pytest.fixture(scope="module")
def searched(folder: Path, many: Many) -> dict[str, Process]:
    fill = ("--replicates", "60", "--ledger-file")
    jobs = {n: ("search", *args, *fill, f"{n}.jsonl") for n, args in SEARCHES.items()}
    jobs |= {"as events": (*jobs["greedy"][:-1], "events.jsonl", "--json")}
    jobs |= {n: args for n, (args, _) in BAD.items()}
    return dict(zip(jobs, many([(args, folder) for args in jobs.values()]), strict=True))


def figure(process: Process, name: str) -> float:
    return float(re.search(rf"^{name}: +([-+.\d]+)", process.stdout, re.MULTILINE)[1])  # type: ignore[index]


def sets(process: Process) -> list[str]:
    """The printed `--set` texts, as a shell would hand them on."""
    return [a for found in re.findall(r"^--set '(.*)'$", process.stdout, re.MULTILINE) for a in ("--set", found)]


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_explained(folder: Path, searched: dict[str, Process], name: str) -> None:
    process = searched[name]
    assert "Traceback" not in process.stderr, process.stderr
    assert process.returncode == 2, process.stdout + process.stderr
    for part in BAD[name][1]:
        assert part in process.stderr
    assert not (folder / "out/ledger.jsonl").exists()
    assert not [*folder.glob("x.*")]


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_always_judged(folder: Path, searched: dict[str, Process], name: str) -> None:
    process = searched[name]
    assert process.returncode == 0, process.stderr
    in_sample, nested, optimism = (figure(process, n) for n in ("in-sample", "nested", "optimism"))
    assert optimism == pytest.approx(in_sample - nested, abs=2e-6)
    gain, level, low, high = re.search(  # type: ignore[union-attr]
        r"nested gain over the best input alone: (\S+), (\d+)% interval (\S+) to (\S+)", process.stdout
    ).groups()
    assert float(low) < float(gain) < float(high)
    assert float(gain) == pytest.approx(nested - figure(process, "best input alone"), abs=2e-6)
    assert level == ("80" if name == "grid" else "95")
    assert re.search(r"^verdict: (real|undecided|not): ", process.stdout, re.MULTILINE)
    (over_recipe,) = re.findall(r"nested gain over the recipe as it is: (\S+),", process.stdout)
    assert float(over_recipe) == pytest.approx(nested - figure(process, "recipe as it is"), abs=2e-6)
    assert ("keep that" in process.stdout) == (float(over_recipe) <= 0)
    parts = "sites" if name == "halves of sites" else "recordings"
    assert f"(each quarter of the {parts} held out in turn, twice)" in process.stdout
    (entry,) = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (entry["kind"], entry["from"]) == ("oof", "search")
    assert entry["recipe"] == f"{'nofolds' if name in HALVES else 'trio'} (searched)"
    assert (round(entry["oof"], 6), round(entry["in_sample"], 6)) == (nested, in_sample)


def test_what_is_printed_gives_the_figure_that_was_found(
    folder: Path, searched: dict[str, Process], many: Many
) -> None:
    names = [n for n in SEARCHES if n not in HALVES]
    jobs: list[tuple[tuple[str, ...], Path]] = []
    for name in names:
        given = sets(searched[name])
        assert len(given) == {"greedy": 4, "line": 4}.get(name, 6)  # one of them is `tuned_on`
        jobs.append((("run", "w/trio.yaml", *given, "--out", f"run {name}", "--json"), folder))
        jobs.append((("whatif", "w/trio.yaml", *given, "--sweep", "name=again", "--json"), folder))
    told = iter(many(jobs))
    for name in names:
        run, whatif = next(told), next(told)
        assert run.returncode == whatif.returncode == 0, run.stderr + whatif.stderr
        report = json.loads((folder / f"run {name}/run.json").read_text(encoding="utf-8"))
        payload: dict[str, Any] = json.loads(whatif.stdout.splitlines()[-1])["payload"]
        in_sample = figure(searched[name], "in-sample")
        assert round(report["streams"]["mix"]["macro_auc"], 6) == in_sample, name
        assert payload["changed"] == report["streams"]["mix"]["macro_auc"]
        (entry,) = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(entry)["in_sample"] == payload["changed"]


def test_events_say_the_same(searched: dict[str, Process]) -> None:
    event = json.loads(searched["as events"].stdout.splitlines()[-1])
    found, shown = event["payload"], searched["greedy"]
    assert event["event"] == "search"
    assert round(found["in_sample"], 6) == figure(shown, "in-sample")
    assert round(found["nested"], 6) == figure(shown, "nested")
    assert found["judgement"] == "real"
    assert f"verdict: real: {found['verdict']}" in shown.stdout
    of = found["values"]["blends.mix.of"]
    assert all(w == int(w) for w in of.values())
    assert 1 <= sum(of.values()) <= 8  # --steps 8, kept up to the best of them
    assert sets(shown)[1] == f"blends.mix.of={json.dumps(of)}"
    assert found["in_sample"] > found["alone"]
    assert found["gain"]["low"] < found["gain"]["estimate"] < found["gain"]["high"]
