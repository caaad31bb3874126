"""One headless browser for all tests that look at pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session", name="browser")
def opened_browser() -> Iterator[Any]:
    """A headless Chromium; skips where there is none."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to look with")
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser was found ({', '.join(_BROWSERS)}): the page is not looked at")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()
