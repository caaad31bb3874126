"""What a report says: the figures of the offline package, and nothing where there is nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from blendkit.cli.top import cli
from blendkit.engine.local import run
from blendkit.errors import BlendkitError
from blendkit.io import read_scores, write_scores
from blendkit.offline.ablation import ablate
from blendkit.offline.compare_sources import compare
from blendkit.offline.offline_files import Place
from blendkit.offline.what_if import whatif
from blendkit.reporting import page_bundle
from blendkit.reporting.detection_facts import detection_facts
from blendkit.reporting.drawn_figures import pictures
from blendkit.reporting.page_bundle import MAIN, WORKER, bundled
from blendkit.reporting.report_size_limits import Effort, effort_for
from blendkit.reporting.write_report import Report, report
from tests.reporting.report_folder import FAST, HOSTILE, IMAGE

PAGE = Path(page_bundle.__file__).parent / "page"
TOP_LEVEL = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def test_figures_and_differences_are_those_of_compare(made: Report, recipe: Path) -> None:
    found = compare({"mix": recipe, "cnn": f"{recipe.parent / 'oof.npz'}:cnn"}, rules=FAST)
    streams = {s.name: s for s in made.data.streams}
    for line in found.lines:
        own = streams[line.name].macro
        assert own is not None
        assert (own.estimate, own.low, own.high) == (line.macro.estimate, line.macro.low, line.macro.high)
    change, own = found.lines[1].change, streams["cnn"].change
    assert change is not None
    assert own is not None
    assert (own.estimate, own.low, own.high, own.p) == (change.estimate, change.low, change.high, change.p)


def test_parts_contribute_what_an_ablation_says(made: Report, recipe: Path) -> None:
    exact = {x.name: x.change for x in ablate(recipe, rules=FAST).lines}
    told = {x["name"]: x["change"] for x in made.data.sections["ablation"]["lines"]}
    assert set(told) == set(exact)
    for name, change in exact.items():
        assert change is not None
        assert (told[name].estimate, told[name].low, told[name].high) == (change.estimate, change.low, change.high)


def test_members_are_removed_one_after_the_other(made: Report, recipe: Path) -> None:
    whole, *others = made.data.sections["ablation"]["fall"]
    alone = {x["name"]: x["change"].estimate for x in made.data.sections["ablation"]["lines"]}
    order = sorted(("cnn", "sed", "perch"), key=lambda n: -alone[f"mix.of.{n}"])
    assert [x["member"] for x in others] == order[:2]
    assert [x["left"] for x in (whole, *others)] == [3, 2, 1]
    weights, before = {"cnn": 0.5, "sed": 0.3, "perch": 0.2}, whole["macro"].estimate
    for x in others:
        weights[x["member"]] = 0
        of = ", ".join(f"{n}: {w}" for n, w in weights.items())
        assert x["macro"].estimate == whatif(recipe, overrides=[f"blends.mix.of={{{of}}}"]).best
        assert x["change"].estimate == pytest.approx(x["macro"].estimate - before, abs=1e-15)
        assert x["change"].low <= x["change"].estimate <= x["change"].high
        before = x["macro"].estimate


def test_folders_of_detections_are_shown_as_they_are(recipe: Path, tmp_path: Path) -> None:
    folder = recipe.parent / "found"
    (found,) = detection_facts([folder]) or [{}]
    assert [(t["class"], t["threshold"], t["precision"], t["why"]) for t in found["thresholds"]] == [
        (IMAGE, 0.5, 0.75, None), ("22961", None, None, "too few positives"),
    ]  # fmt: skip
    hours = found["activity"]["hour"]
    assert (hours["cells"], hours["recordings"], hours["hours"]) == (["04", "16"], [2, 2], [0.5, 0.5])
    assert [(x["id"], x["detections"], x["per_hour"]) for x in hours["lines"]] == [
        ("22961", 2, [4.0, 0.0]), (IMAGE, 1, [2.0, 0.0]),
    ]  # fmt: skip
    assert set(found["activity"]) == {"hour", "site"}
    assert detection_facts([]) is None
    with pytest.raises(BlendkitError, match="no folder of detections or activity"):
        report(recipe, detections=[tmp_path])
    shutil.copytree(folder, tmp_path / "cut")
    (tmp_path / "cut/activity.csv").write_text("by,cell\nhour,04\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="its results cannot be read"):
        detection_facts([tmp_path / "cut"])


def test_a_share_has_the_path_of_a_what_if(made: Report, recipe: Path) -> None:
    for path in made.data.sections["shares"].paths:
        found = whatif(recipe, shares=[f"mix.{path.member}=0:1:0.01"])
        assert found.swept is not None
        # between the ends: there a what-if measures the recipe itself, whose rounding may break a tie
        assert list(path.macro[10:-10:10]) == found.swept.macro[1:-1].tolist()
        assert path.best_macro == max(path.macro)
    first = made.data.sections["shares"].paths[0]
    assert first.band is not None
    assert first.best in first.band.alike
    assert all(low < high for low, high in zip(first.band.low, first.band.high, strict=True))


def test_the_verdict_names_the_best_member_and_the_caution(made: Report) -> None:
    verdict = made.data.verdict
    best = max((s for s in made.data.streams if s.role == "member"), key=lambda s: s.macro.estimate if s.macro else 0)
    assert verdict.headline.startswith("mix: macro-AUC 0.")
    assert f"its best member, {best.name} (" in verdict.sentences[0]
    assert verdict.judgement in ("above", "below", "alike")
    assert "in-sample" in verdict.sentences[-1]


def test_the_graph_has_every_stream_and_share(made: Report) -> None:
    (drawing,) = made.data.graphs
    assert [(b.name, b.kind, b.written) for b in drawing.boxes] == [
        ("cnn", "member", False), ("sed", "member", False), ("perch", "member", False), ("mix", "blend", True),
    ]  # fmt: skip
    assert {(f.source, f.target, f.share) for f in drawing.lines} == {
        ("cnn", "mix", 0.5), ("sed", "mix", 0.3), ("perch", "mix", 0.2),
    }  # fmt: skip
    assert drawing.boxes[1].steps == ("gaussian sigma 0.5",)
    assert drawing.boxes[3].steps == ("gaussian sigma 0.4", "taxonomy_mean genus 0.1")


def test_names_cannot_end_the_script_they_lie_in(made: Report) -> None:
    assert set(HOSTILE[:2]) <= set(made.data.sections["by_class"]["ids"])
    page = made.html()
    assert page.count("<script") == page.count("</script>") == 3
    assert "onerror" not in page.replace("\\u003cimg src=x onerror=document.broken=1\\u003e", "")


def test_the_policy_allows_this_script_alone(made: Report) -> None:
    page = made.html()
    script = page.rpartition('<script type="module">')[2].partition("</script>")[0]
    style = page.partition("<style>")[2].partition("</style>")[0]
    policy = page.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    for text in (script, style):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "unsafe" not in policy


def test_a_notebook_shows_the_streams(made: Report) -> None:
    frame = made.to_frame()
    assert list(frame.index) == ["mix", "cnn", "sed", "perch"]
    assert frame["macro_auc"].tolist() == [s.macro.estimate for s in made.data.streams if s.macro]
    assert made.data.verdict.headline in made._repr_html_()
    assert repr(made).startswith("Report(mix: macro-AUC 0.")


def test_equal_work_gives_an_equal_page(made: Report, recipe: Path) -> None:
    assert report(recipe, rules=FAST, detections=[recipe.parent / "found"]).html() == made.html()


@pytest.mark.parametrize("main", [MAIN, WORKER])
def test_modules_share_one_scope_without_a_clash(main: str) -> None:
    text = bundled(main)
    names = TOP_LEVEL.findall(text)
    assert len(names) == len(set(names))
    assert not re.search(r"^(import|export) ", text, re.MULTILINE)


def test_every_module_is_part_of_a_page() -> None:
    used = set(re.findall(r"^// (\w+\.js)$", bundled(MAIN) + bundled(WORKER), re.MULTILINE))
    assert used == {p.name for p in PAGE.glob("*.js")}


def test_a_run_folder_says_what_run_json_knows(recipe: Path, tmp_path: Path) -> None:
    run(recipe, out=tmp_path / "out")
    told = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    told["warnings"].append("the time budget of 20 s: dropped 'perch'")
    (tmp_path / "out/run.json").write_text(json.dumps(told), encoding="utf-8")
    plain = report(tmp_path / "out").data
    assert told["warnings"][-1] in plain.verdict.alarms
    assert {s.name: s.macro.estimate for s in plain.streams if s.macro} == {
        n: s["macro_auc"] for n, s in told["streams"].items()
    }
    assert "kept no interval" in plain.verdict.sentences[0]
    assert any("--data" in note for note in plain.verdict.notes)
    whole = report(tmp_path / "out", rules=FAST, place=Place(recipe.parent)).data
    assert {s.name for s in whole.streams} == {"mix", "cnn", "sed", "perch"}
    assert whole.provenance["recipes"][0]["sha256"] == told["recipe_sha256"]
    assert whole.provenance["written"]["mix"]["file"] == "submission.csv"


def test_labels_of_one_recording_give_figures_without_intervals(recipe: Path, tmp_path: Path) -> None:
    lines = (recipe.parent / "labels.csv").read_text(encoding="utf-8").splitlines()[:7]
    (tmp_path / "one.csv").write_text("\n".join(lines), encoding="utf-8")
    found = report(recipe, tmp_path / "one.csv", rules=FAST).data
    assert found.measured is not None
    assert "at least two clusters" in found.measured.why_not
    assert found.streams[0].macro is not None
    assert found.payload()["streams"][0]["macro"]["low"] is None
    assert "leaderboard" not in {k for k, v in found.sections.items() if v is not None}


def test_classes_that_a_source_lacks_are_said_to_count_as_constant(recipe: Path, tmp_path: Path) -> None:
    cnn = read_scores(f"{recipe.parent / 'oof.npz'}:cnn")
    few = cnn.align(cnn.rows, cnn.classes[:2], unknown_classes="ignore")
    for name, scores in {"all": cnn, "few": few}.items():
        write_scores(scores, tmp_path / f"{name}.csv")
    sources = [tmp_path / "all.csv", tmp_path / "few.csv"]
    found = report(sources, labels=recipe.parent / "labels.csv", rules=FAST)
    assert any(
        n.startswith("few: 3 of 5 classes are not covered and count as constant") for n in found.data.verdict.notes
    )


def test_large_data_do_less_unless_asked() -> None:
    assert effort_for(708 * 234, 9, full=False) == Effort()
    large = effort_for(50_000 * 234, 9, full=False)
    assert (large.replicates, large.band, large.ablate) == (200, 0, False)
    assert effort_for(1_000_000, 3, rows=1_000_000, full=False) == large
    assert effort_for(50_000 * 234, 9, full=True) == Effort(points=101)


def test_no_source_is_an_error() -> None:
    for command in ("report", "studio"):
        done = CliRunner().invoke(cli, [command])
        assert isinstance(done.exception, BlendkitError)
        assert "needs a source" in done.exception.title
        assert any(f"blendkit {command} " in way for way in done.exception.problems)
    with pytest.raises(BlendkitError, match="a report needs a source"):
        report([])


def test_commands_write_it(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(recipe.parent, "w")
    sources = ["w/oof.npz:cnn", "w/oof.npz:sed"]
    few = ["--replicates", "60"]
    jobs = {
        "r.html": ["report", "w/trio.yaml", "-o", "r.html", *few, "--detections", "w/found"],
        "c.html": ["compare", *sources, "--labels", "w/labels.csv", "--report", "c.html", *few],
        "out/trio/report.html": ["run", "w/trio.yaml", "--on", "oof", "--report"],
        "out/blend/report.html": ["blend", *sources, "--labels", "w/labels.csv", *few],
    }
    for file, args in jobs.items():
        done = CliRunner().invoke(cli, args, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert file in done.output
        assert Path(file).read_text(encoding="utf-8").startswith("<!doctype html>")
    blend = (tmp_path / "out/blend/report.html").read_text(encoding="utf-8")
    assert "on held-out recordings" in blend
    gone = CliRunner().invoke(cli, ["blend", *sources, "--out", "bare", "--no-report"], catch_exceptions=False)
    assert gone.exit_code == 0
    assert not Path("bare/report.html").exists()


def test_pictures_are_written_as_svg_and_pdf(made: Report, tmp_path: Path) -> None:
    few = replace(made.data, sections={}, correlation=None, measured=None)
    files = Report(few).write_figures(tmp_path / "f")
    assert [p.name for p in files] == ["differences.svg", "differences.pdf"]
    assert [p.read_bytes()[:5] for p in files] == [b"<?xml", b"%PDF-"]
    assert {name for name, _ in pictures(made.data)} == {
        "macro_auc", "differences", "error_correlation", "parts", "removals", "share_perch", "share_sed", "share_cnn",
        "classes", "activity_hour", "activity_site",
    }  # fmt: skip
