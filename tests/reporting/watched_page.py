"""A page in a browser, and everything it said or asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Watched:
    """A page, and everything it said or asked for while it was open."""

    def __init__(self, page: Any, file: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda m: self.said.append(m.text))
        page.on("pageerror", lambda e: self.said.append(str(e)))
        page.on("request", lambda r: self.asked.append(r.url))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]")

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))
