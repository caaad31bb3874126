"""One HTML file out of plain ES modules: no build step, no request, and a policy that allows no other script."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) )", re.MULTILINE)
MAIN, WORKER = "report.js", "auc_worker.js"


@cache
def page_file(name: str) -> str:
    """Return the text of one of the page's files, such as `charts.js`; a server of the same parts reads them here."""
    return files("blendkit.reporting").joinpath("page", name).read_text(encoding="utf-8")


@cache
def page_names() -> frozenset[str]:
    """Return the names of the page's files."""
    return frozenset(f.name for f in files("blendkit.reporting").joinpath("page").iterdir())


@cache
def bundled(main: str) -> str:
    """Return a module and all that it imports as one script, each once, after what it needs.

    The modules share one scope then: their top-level names must differ, which the tests hold them to.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in parts:
            return
        text = page_file(name)
        for other in _IMPORT.findall(text):
            add(other)
        parts[name] = f"// {name}\n{_EXPORT.sub('', _IMPORT.sub('', text))}"

    add(main)
    return "\n".join(parts.values())


def page(title: str, payload: str) -> str:
    """Return the HTML of a report. payload: JSON that holds no `<`."""
    script, style = f"\n{bundled(MAIN)}", f"\n{page_file('report.css')}"
    worker = json.dumps(bundled(WORKER)).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}' blob:; worker-src blob:; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    filled = {
        "TITLE": html.escape(title), "POLICY": policy, "STYLE": style, "SCRIPT": script, "WORKER": worker,
        "PAYLOAD": payload,
    }  # fmt: skip
    return re.sub(r"\{\{(\w+)\}\}", lambda m: filled[m.group(1)], page_file("report.html"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
