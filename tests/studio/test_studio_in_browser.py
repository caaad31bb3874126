"""The studio in a real browser: a drag, a clip, an answer, and a server that stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from blendkit.io import read_labels
from blendkit.studio.given_answers import GivenAnswers
from blendkit.studio.opened_studio import Studio
from blendkit.studio.serving import Serving, server_of

SLIDER = '[data-share="mix.cnn"]'
ADDRESS = "members.sed.steps.gaussian.sigma"
SIGMA = f'[data-address="{ADDRESS}"]'
HEARD = """new Promise((done) => { const sound = document.querySelector("audio");
  const told = () => done(Number.isFinite(sound.duration) ? sound.duration : null);
  sound.addEventListener("loadedmetadata", told); sound.addEventListener("error", told); sound.load(); })"""


class Served:
    """A studio behind a real server, and one page that looks at it."""

    def __init__(self, studio: Studio, browser: Any) -> None:
        self.studio, self.place = studio, Serving.take()
        self.server = server_of(studio, self.place)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.place.socket]})
        self.place.socket.listen()
        self.thread.start()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": 1200, "height": 900})
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.goto(self.place.url)
        self.page.wait_for_selector("html[data-ready]")

    def open(self, name: str) -> Any:
        self.page.evaluate("name => { location.hash = name }", name)
        self.page.wait_for_selector(f"#page-{name}")
        return self.page

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.place.socket.close()


@pytest.fixture(scope="module")
def served(opened: Studio, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("uvicorn", reason="the extra `studio` is not installed")
    own = Served(replace(opened, answers=GivenAnswers(tmp_path_factory.mktemp("answers"))), browser)
    yield own
    own.page.close()
    own.stop()


def check_page(page: Any) -> None:
    """The page is never wider than its window, and axe-core, where it is installed, finds no fault."""
    for width in (400, 800, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(30)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if find_spec("axe_playwright_python") is None:
        return
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']})")
    assert [(v["id"], v["nodes"][0]["html"][:200], v["nodes"][0]["failureSummary"]) for v in found["violations"]] == []


def figures(page: Any) -> dict[str, float]:
    return {n: float(page.get_attribute(f"#figure-{n}", "data-macro")) for n in ("looked", "held")}


def test_a_share_is_dragged_and_both_figures_are_exact(served: Served) -> None:
    page, live = served.page, served.studio.live
    assert live is not None
    page.wait_for_selector("#figure-held[data-macro]")
    page.wait_for_selector("#looks[data-looks]")
    page.focus(SLIDER)
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_selector('#looks[data-looks="4"]')
    assert figures(page) == live.figures({}, ("mix", "cnn", 0.502))["macro"]
    page.click("text=Undo")
    page.wait_for_selector("button:has-text('Redo'):not([disabled])")
    assert page.input_value(SLIDER) == "500"
    assert figures(page) == live.figures({})["macro"]
    page.focus(SIGMA)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("pre.command:has-text('sigma')")
    assert figures(page) == live.figures({ADDRESS: float(page.input_value(SIGMA))})["macro"]
    check_page(page)
    assert served.said == []
    assert all(u.startswith((served.place.url, "data:,")) for u in served.asked)


def test_a_chunk_is_heard_and_its_answer_is_a_label(served: Served) -> None:
    page, folder = served.open("listen"), served.studio.answers.folder
    page.wait_for_selector("#clip canvas")
    heard = page.evaluate(HEARD)
    first = page.inner_text("ol li:first-child strong"), page.inner_text("#clip h3")
    assert heard == (5 if any(r in first[1] for r in served.studio.clips.recordings) else None)
    page.keyboard.press("y")
    page.wait_for_selector(f'#clip h3:not(:has-text("{first[1]}"))')
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("[data-answer=y][aria-pressed=true]")
    table = read_labels(folder / "labels" / f"{first[0]}.csv")
    ((recording, spans),) = table.spans.items()
    assert recording in first[1]
    assert [set(c) for *_, c in spans] == [{first[0]}]
    check_page(page)
    assert [t for t in served.said if "404" not in t] == []  # ten of twelve recordings have no sound


def test_an_answer_belongs_to_the_chunk_that_is_shown(served: Served) -> None:
    page, folder = served.open("listen"), served.studio.answers.folder
    page.wait_for_selector("#clip canvas")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("ol li:nth-child(2) [aria-current=true]")
    page.wait_for_selector("[data-answer=y]:not([disabled])")
    shown, held = page.inner_text("#clip h3"), list[Any]()
    before = (folder / "answers.csv").read_text(encoding="utf-8") if (folder / "answers.csv").exists() else ""
    page.route("**/ask/around*", lambda route: held.append(route))
    page.keyboard.press("u")
    page.wait_for_selector("[data-answer=u][disabled]")
    for key in ("n", "y", "n"):  # nothing else is on the page yet
        page.keyboard.press(key)
    assert page.inner_text("#clip h3") == shown
    new = (folder / "answers.csv").read_text(encoding="utf-8").removeprefix(before)
    assert len(new.strip().splitlines()) - (not before) == 1
    for route in held:
        route.continue_()
    page.wait_for_selector(f'#clip h3:not(:has-text("{shown}"))')
    page.unroute("**/ask/around*")


def test_the_list_is_that_of_the_last_question(served: Served) -> None:
    page, first, second, held = served.open("listen"), "amabird", "dowlark", list[Any]()
    page.wait_for_selector("#clip canvas")
    page.route(f"**/ask/chunks*class={first}*", lambda route: held.append(route))
    page.select_option("#order", "top")
    for name in (first, second):
        page.fill("#class", name)
        page.keyboard.press("Enter")
    page.wait_for_selector(f"ol li:first-child strong:has-text('{second}')")
    for route in held:
        route.continue_()
    page.wait_for_timeout(300)
    assert page.inner_text("ol li:first-child strong") == second
    page.unroute(f"**/ask/chunks*class={first}*")
    page.evaluate(f"location.hash = 'listen/{first}'")  # as a link of the page of classes
    page.wait_for_selector(f"ol li:first-child strong:has-text('{first}')")
    page.evaluate("location.hash = 'listen/100%'")
    page.wait_for_selector("[role=status]:has-text('100%')")
    assert not [t for t in served.said if "URI" in t]
    served.said.clear()  # that there is no such class


TOGETHER = """(moves) => { for (const [name, value] of moves) { const own = document.querySelector(name);
  own.value = value; own.dispatchEvent(new Event(own.type === "number" ? "change" : "input")); } }"""


def test_controls_that_are_moved_at_once_all_count(served: Served, world: Path) -> None:
    page, live = served.open("blend"), served.studio.live
    assert live is not None
    page.reload()
    page.wait_for_selector("#looks[data-looks]")
    for moves in ([(SLIDER, 600), (SIGMA, 1.4)], [(SIGMA, 0.8), (SLIDER, 300)]):
        page.evaluate(TOGETHER, moves)
        at = dict(moves)
        page.wait_for_function(
            "([a, b]) => [a, b].every((t) => document.querySelector('pre.command').textContent.includes(t))",
            arg=[f"sigma={at[SIGMA]}", str(at[SLIDER] / 1000)],
        )
        assert figures(page) == live.figures({ADDRESS: at[SIGMA]}, ("mix", "cnn", at[SLIDER] / 1000))["macro"]
        assert (page.input_value(SIGMA), page.input_value(SLIDER)) == (str(at[SIGMA]), str(at[SLIDER]))
    before = figures(page)
    page.evaluate(TOGETHER, [(f"div:has(> {SIGMA}) > [type=number]", -1)])
    page.wait_for_selector("[role=alert]:has-text('sigma')")
    page.wait_for_function(f"() => document.querySelector('{SIGMA}').value === '0.8'")
    assert figures(page) == before
    page.evaluate(
        f"(moves) => {{ ({TOGETHER})(moves); document.querySelector('#save').click(); }}",
        [(f"div:has(> {SIGMA}) > [type=number]", -2)],
    )
    page.wait_for_selector("text=Nothing was saved: the last change was refused.")
    page.evaluate(TOGETHER, [(SLIDER, 350)])  # what was refused is still said when another control moves
    page.wait_for_selector("pre.command:has-text('0.35')")
    assert page.locator("[role=alert]:has-text('sigma')").count() == 1
    page.evaluate(TOGETHER, [(SIGMA, 0.9)])
    page.wait_for_selector("[role=alert]:has-text('sigma')", state="detached")
    page.fill("[aria-label='Name of the new recipe']", "at_once")
    page.evaluate(f"(moves) => {{ ({TOGETHER})(moves); document.querySelector('#save').click(); }}", [(SLIDER, 700)])
    page.wait_for_selector("text=Saved as")
    saved = world / "at_once.yaml"
    assert "cnn: 0.7" in saved.read_text(encoding="utf-8")
    saved.unlink()
    page.reload()
    page.wait_for_selector("#looks[data-looks]")


DRAGGED = """([name, to]) => { const own = document.querySelector(name);
  for (const value of to) { own.value = value; own.dispatchEvent(new Event("input")); } }"""


def test_each_of_two_tabs_has_its_own_setting(served: Served, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    live, one = served.studio.live, served.open("blend")
    assert live is not None
    two = browser.new_page()
    two.goto(served.place.url)
    two.wait_for_selector("#looks[data-looks]")
    for page, last in ((one, 0.9), (two, 1.3)):  # both ask at once, and of each only the last question counts
        page.evaluate(DRAGGED, [SIGMA, [0.7, 0.8, last]])
    for page, last in ((one, 0.9), (two, 1.3)):
        page.wait_for_selector(f"pre.command:has-text('sigma={last}')")
        assert figures(page) == live.figures({ADDRESS: last})["macro"]
        assert page.input_value(SIGMA) == str(last)
    # the same recipe as if it were large: the server counts the path, and the page shows its nearest share
    monkeypatch.setattr("blendkit.studio.live_blend._MOST_CELLS", 0)
    two.reload()
    two.wait_for_selector("#looks[data-looks]")
    two.evaluate(DRAGGED, [SLIDER, [507]])
    two.wait_for_selector("pre.command:has-text('0.507')")
    assert figures(two) == live.figures({}, ("mix", "cnn", 0.507))["macro"]
    two.evaluate(
        "window.seen = []; new MutationObserver(() => seen.push(document.body.innerText)).observe(document.body, {subtree: true, childList: true, characterData: true})"
    )
    two.evaluate(DRAGGED, [SLIDER, [512]])
    two.wait_for_selector("pre.command:has-text('0.512')")
    assert two.evaluate("seen.some((t) => t.includes('exact figures at share 0.5,'))")
    assert figures(one) == live.figures({ADDRESS: 0.9})["macro"]
    two.close()


def test_nobody_waits_for_a_server_that_stopped(served: Served) -> None:
    served.open("listen")
    served.page.reload()  # the page of the blend is never opened
    served.page.wait_for_selector("#clip canvas")
    served.stop()
    served.page.wait_for_selector("#lost:not([hidden])")
    assert "has stopped" in served.page.inner_text("#lost")
