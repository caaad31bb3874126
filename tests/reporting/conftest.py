"""One report, and one browser that looks at it, for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blendkit.reporting.made_report import Report, report
from tests.reporting.report_folder import FAST, hostile_world
from tests.reporting.watched_page import Watched

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe of a small world with hostile names."""
    return hostile_world(tmp_path_factory.mktemp("report") / "w")


@pytest.fixture(scope="session")
def made(recipe: Path) -> Report:
    """Its report, written beside it."""
    return report(recipe, out=recipe.parent / "report.html", rules=FAST)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; skips where there is none."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to look with")
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser was found ({', '.join(_BROWSERS)}): the page is not looked at")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def watched(browser: Any, made: Report) -> Watched:
    """The report, opened once from its file."""
    return Watched(browser.new_page(viewport={"width": 1200, "height": 900}), Path(str(made.path)))
