"""One report, and one browser that looks at it, for all tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blendkit.reporting.write_report import Report, report
from tests.reporting.report_folder import FAST, hostile_world
from tests.reporting.watched_page import Watched


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe of a small world with hostile names."""
    return hostile_world(tmp_path_factory.mktemp("report") / "w")


@pytest.fixture(scope="session")
def made(recipe: Path) -> Report:
    """Its report, written beside it."""
    return report(recipe, out=recipe.parent / "report.html", rules=FAST, detections=[recipe.parent / "found"])


@pytest.fixture(scope="session")
def watched(browser: Any, made: Report) -> Watched:
    """The report, opened once from its file."""
    return Watched(browser.new_page(viewport={"width": 1200, "height": 900}), Path(str(made.path)))
