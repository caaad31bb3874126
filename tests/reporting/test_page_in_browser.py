"""The report in a real browser: what it asks for, what it counts, who can use it."""

from __future__ import annotations

import base64
import json
import math
import zlib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.metrics.weight_paths import weight_path
from blendkit.offline.offline_files import open_workspaces
from blendkit.offline.sweeps import blend_sides
from blendkit.recipe.plan import make_plan
from blendkit.reporting.packed_arrays import packed
from blendkit.reporting.page_bundle import bundled
from blendkit.reporting.write_report import Report, report
from tests.reporting.report_folder import IMAGE, SCRIPT
from tests.reporting.watched_page import Watched

SECTIONS = [
    "Verdict", "The recipe", "Members and streams", "Differences", "What each part contributes",
    "The share of a member", "Classes", "Recordings", "Detections and activity", "Leaderboard", "Provenance",
]  # fmt: skip


def test_it_says_nothing_and_asks_for_nothing_but_itself(watched: Watched, made: Report) -> None:
    assert watched.page.locator("section").count() == len(SECTIONS)
    assert [h.inner_text() for h in watched.page.locator("h2").all()] == SECTIONS
    assert watched.said == []
    assert all(u.startswith(("blob:", f"file://{made.path}")) for u in watched.asked), watched.asked


def test_names_are_texts(watched: Watched) -> None:
    page = watched.page
    page.click("#classes .more") if page.locator("#classes .more").is_visible() else None
    assert {IMAGE, SCRIPT} <= set(page.locator("#classes tbody th button").all_inner_texts())
    assert page.evaluate("document.broken") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3


@pytest.mark.parametrize("share", [0.0, 0.137, 0.5, 1.0])
def test_the_slider_counts_what_python_counts(watched: Watched, recipe: Path, share: float) -> None:
    page = watched.page
    member = page.input_value("#member")
    page.evaluate(
        "k => { const i = document.getElementById('share-input'); i.value = k; i.dispatchEvent(new Event('input')); }",
        round(share * 1000),
    )
    page.wait_for_function("s => document.getElementById('share-said').dataset.share === s", arg=f"{share:g}")
    workspaces, loaded = open_workspaces(recipe)
    workspace = workspaces.workspace(make_plan(loaded))
    a, b = blend_sides(workspaces, make_plan(loaded), "mix", member)
    exact = weight_path(workspace.truth, a, b, [share], workspace.labelled).macro.item()
    assert float(page.evaluate("document.getElementById('share-said').dataset.macro")) == exact


def test_figures_on_the_page_are_those_of_the_payload(watched: Watched, made: Report) -> None:
    lines = [r.split("\t") for r in watched.text("#members table.streams tbody").splitlines()]
    told = {s.name: s for s in made.data.streams}
    for name, role, macro, *_ in lines:
        own = told[name.strip()]
        assert own.macro is not None
        assert role == own.role
        assert macro == f"{own.macro.estimate:.4f} [{own.macro.low:.4f}, {own.macro.high:.4f}]"
    payload = json.loads(watched.page.evaluate("document.getElementById('payload').textContent"))
    assert payload == json.loads(made.data.json())


def test_a_keyboard_is_enough(watched: Watched) -> None:
    page = watched.page
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.focus("#classes thead button")
    page.keyboard.press("Enter")
    assert page.get_attribute("#classes thead th", "aria-sort") == "ascending"
    page.focus("#classes tbody tr:last-child th button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#classes .detail svg")
    assert page.evaluate("document.activeElement.tagName") == "H3"
    page.focus("#share-input")
    before = page.input_value("#share-input")
    page.keyboard.press("ArrowRight" if before != "1000" else "ArrowLeft")
    assert abs(int(page.input_value("#share-input")) - int(before)) == 1


AXE = {"light": "['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']", "dark": "['color-contrast']"}


@pytest.mark.parametrize("theme", AXE)
def test_axe_finds_no_fault(watched: Watched, theme: str) -> None:
    page = watched.page
    while page.evaluate("document.documentElement.dataset.theme") != theme:
        page.click("button.theme")
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run({{runOnly: {AXE[theme]}}})")
    assert [(v["id"], v["nodes"][0]["html"][:200], v["nodes"][0]["failureSummary"]) for v in found["violations"]] == []
    assert len(found["passes"]) > (15 if theme == "light" else 0)


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_nothing_is_wider_than_the_window(watched: Watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    watched.page.wait_for_timeout(60)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_is_light_and_its_texts_are_open(watched: Watched) -> None:
    page = watched.page
    while page.evaluate("document.documentElement.dataset.theme") != "dark":
        page.click("button.theme")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    colours = page.evaluate("(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))")
    shown = page.locator("#provenance pre").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert colours == ["rgb(29, 35, 41)", "rgb(255, 255, 255)"]
    assert shown
    assert not page.locator("#provenance pre").first.is_visible()


GRAPH = """([g, width]) => { const box = document.createElement("div"); box.style.width = `${width}px`; document.body.append(box);
  %s
  box.append(drawnGraph(g));
  return new Promise((done) => setTimeout(() => {
    const boxes = [...box.querySelectorAll(".box")].map((b) => { const [x, y] = b.getAttribute("transform").match(/[-\\d.]+/g).map(Number), r = b.querySelector("rect");
      return [x, y, x + Number(r.getAttribute("width")), y + Number(r.getAttribute("height"))]; });
    const inside = [...box.querySelectorAll(".edge path")].flatMap((p) => { const found = []; for (let s = 6; s < p.getTotalLength() - 6; s += 3) { const {x, y} = p.getPointAtLength(s);
      if (boxes.some(([l, t, r, b]) => x > l + 1 && x < r - 1 && y > t + 1 && y < b - 1)) found.push([x, y]); } return found; });
    box.remove();
    done([boxes.length, inside]);
  }, 60)); }"""


@pytest.mark.parametrize("width", [1000, 380])
def test_lines_of_the_graph_run_around_boxes(watched: Watched, width: int) -> None:
    names = [f"m{i}" for i in range(6)]
    layers = {
        **dict.fromkeys(names, ()),
        "b1": names[:3],
        "b2": names[2:],
        "fin": ["b1", "b2", *names],
        "out": ["fin", *names],
    }
    about = {"made": "by rank", "steps": ["gaussian"], "space": "rank", "covered": 3, "written": False}
    graph = {
        "name": "g",
        "boxes": [{**about, "name": n, "kind": "member" if n in names else "blend"} for n in layers],
        "lines": [
            {"source": s, "target": t, "share": 0.5, "weight": None, "reads": False}
            for t, ss in layers.items()
            for s in ss
        ],
    }
    count, inside = watched.page.evaluate(GRAPH % bundled("graph.js"), [graph, width])
    assert (count, inside) == (10, [])


def test_shares_of_the_graph_are_seen_on_a_narrow_page(watched: Watched) -> None:
    page = watched.page
    seen = """e => { scrollBy({top: e.getBoundingClientRect().y - 300, behavior: "instant"});
      const r = e.getBoundingClientRect(); return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) === e; }"""
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_timeout(60)
    texts = page.locator("svg.graph .edge text").element_handles()
    assert texts
    assert [text.text_content() for text in texts if not text.evaluate(seen)] == []


def _cases() -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    made = []
    for kind in ("whole", "tied", "floats", "nearly"):
        n, c = 40, 3
        y = rng.random((n, c)) < 0.3
        y[:2] = [[True], [False]]
        a, b = (rng.integers(0, 9 if kind == "tied" else 80, (n, c)).astype(np.float64) for _ in range(2))
        if kind == "floats":
            a, b = a / 7, b / 11
        if kind == "nearly":  # float64 alone would tie these
            a, b = 1 + a * 2.0**-52, 1 + b * 2.0**-52
        made.append({"y": y, "a": a, "b": b})
    return made


def test_counts_and_sums_are_exact(watched: Watched) -> None:
    page = watched.page
    count = f"""([cases, sums]) => {{ {bundled("auc.js")}
      return [cases.map((t) => macroAuc(t.a, t.b, t.y, t.n, t.k, 1000).macro), sums.map(fsum)]; }}"""
    rng = np.random.default_rng(4)
    sums = [(rng.standard_normal(30) * 10.0 ** rng.integers(-12, 12, 30)).tolist() for _ in range(20)]
    cases, exact = [], []
    for case in _cases():
        for k in (0, 1, 333, 500, 1000):
            flat = {key: case[key].ravel(order="F").astype(float).tolist() for key in case}
            cases.append({**flat, "n": len(case["y"]), "k": k})
            exact.append(weight_path(case["y"], case["a"], case["b"], [k / 1000]).macro.item())
    counted, summed = page.evaluate(count, [cases, sums])
    assert counted == exact
    assert summed == [math.fsum(s) for s in sums]


@pytest.mark.parametrize(
    "values",
    [np.arange(300), np.array([[0, 70_000], [255, 1 << 31]]), np.array([0.1, -1e300, 5e-324]), np.array([1 << 40])],
)
def test_arrays_arrive_as_they_were(watched: Watched, values: np.ndarray) -> None:
    own = packed(values)
    script = f"async (p) => {{ {bundled('packed.js')} return Array.from(await unpack(p)); }}"
    assert watched.page.evaluate(script, {"type": own.type, "data": own.data}) == values.ravel(order="F").tolist()


def test_without_labels_there_are_no_figures(browser: Any, recipe: Path, tmp_path: Path) -> None:
    made = report(f"{recipe.parent / 'oof.npz'}:cnn", out=tmp_path / "plain.html")
    looked = Watched(browser.new_page(), Path(str(made.path)))
    assert looked.said == []
    assert [h.inner_text() for h in looked.page.locator("h2").all()] == [
        "Verdict", "Members and streams", "Recordings", "Provenance",
    ]  # fmt: skip
    assert "No labels: nothing was measured" in looked.text("#verdict")
    assert "AUC" not in looked.text("main")
    looked.page.close()


def test_a_threshold_retrieves_what_python_counts(watched: Watched, recipe: Path) -> None:
    page = watched.page
    page.click("#classes tbody tr:last-child th button")
    page.wait_for_selector(".picked-said")
    name = page.inner_text("#classes .detail h3").split(",")[0]
    workspaces, loaded = open_workspaces(recipe)
    workspace, scores = workspaces.output(loaded)
    x = np.asarray(scores.values)[workspace.labelled, workspace.classes.index(name)]
    y = workspace.truth[workspace.labelled, workspace.classes.index(name)]
    for _ in range(3):
        told = page.evaluate("({...document.querySelector('.picked-said').dataset})")
        above = x >= float(told["score"])
        assert (int(told["retrieved"]), int(told["found"])) == (above.sum(), y[above].sum())
        page.focus(".detail input[type=range]")
        page.keyboard.press("ArrowRight")


def test_curves_of_a_class_give_its_auc(made: Report) -> None:
    table = made.data.sections["by_class"]
    for i in range(len(table["ids"])):
        assert auc_from_counts(made, i) == pytest.approx(table["auc"]["mix"][i], abs=1e-12)


def auc_from_counts(made: Report, i: int) -> float:
    """The AUC of a class from its precision-recall counts: found and retrieved at every distinct score."""
    table = made.data.sections["by_class"]
    curves = table["curves"]["mix"]
    at = slice(curves["offsets"][i], curves["offsets"][i + 1])
    arrays = []
    for key in ("found", "retrieved"):
        own = curves[key]
        raw = np.frombuffer(zlib.decompress(base64.b64decode(own.data)), np.uint8)
        size = np.dtype(own.type).itemsize
        arrays.append(raw.reshape(size, -1).T.copy().view(own.type).ravel()[at].astype(float))
    found, retrieved = arrays
    positives = found[-1]
    negatives = retrieved[-1] - positives
    recall = np.concatenate([[0], found / positives])
    false = np.concatenate([[0], (retrieved - found) / negatives])
    return float(np.trapezoid(recall, false))
