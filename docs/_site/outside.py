"""Pages of the site that lie elsewhere in the repository, and links to files outside the docs folder."""

from __future__ import annotations

import posixpath
import re
from importlib.metadata import EntryPoint
from pathlib import Path

from blendkit.registry import MEMBERS, registry

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "examples/README.md": "how-to/examples.md",
    "examples/public_chains.md": "how-to/public_chains.md",
    "examples/seqhead_ladder.md": "explanation/seqhead_ladder.md",
    "examples/kaggle/README.md": "tutorials/kaggle_notebook.md",
    "examples/write_a_member/README.md": "how-to/example_member.md",
    "examples/write_an_op/README.md": "how-to/example_op.md",
}
MEASURED = re.compile(r"tests/benchmarks/(\w+)\.md")
MEMBER_PAGE = re.compile(r"members/(\w+)\.md")
LINK = re.compile(r"(!?)\[([^\]\n]*(?:\n[^\]\n]*)?)\]\(([^)\s]+)\)")  # a link, or with ! an image
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def outside_pages() -> dict[str, str]:
    """Return {path in the site: Markdown} of documents that lie beside the docs folder."""
    measured = {p.relative_to(ROOT).as_posix() for p in ROOT.glob("tests/benchmarks/*.md")}
    found = {p: site_place(p) for p in (*PAGES, *sorted(measured)) if (ROOT / p).is_file()}
    return {site: (ROOT / path).read_text(encoding="utf-8") for path, site in found.items()}


def site_place(path: str) -> str:
    """Return where a file of the repository lies in the site."""
    if path in PAGES:
        return PAGES[path]
    if found := MEMBER_PAGE.fullmatch(path):
        return f"reference/members/{_member_of(found[1])}.md"
    if found := MEASURED.fullmatch(path):
        return f"project/measured/{found[1]}.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}"


def _member_of(module: str) -> str:
    """Return the name of the first member of a module in `members/`."""
    return next((n for n, e in _members().items() if e[0].module == f"blendkit_members.{module}"), module)


def _members() -> dict[str, tuple[EntryPoint, ...]]:
    return registry(MEMBERS).entries


def origin_of(site: str) -> str:
    """Return the file of the repository that a page of the site is made from."""
    if site.startswith("project/measured/"):
        return f"tests/benchmarks/{posixpath.basename(site)}"
    if site.startswith("reference/members/") and (entries := _members().get(posixpath.basename(site)[:-3])):
        return f"members/{entries[0].module.rpartition('.')[2]}.md"
    return next((path for path, place in PAGES.items() if place == site), f"docs/{site}")


def links(text: str) -> list[str]:
    """Return the targets of a document's links and images, code left out."""
    return [target for _, _, target in LINK.findall(CODE.sub("", text))]


def repository_path(origin: str, target: str) -> str:
    """Return the file that a link of a document names, from the repository's root; "" for other links."""
    if re.match(r"[a-z]+:", target) or target.startswith("#"):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), target.partition("#")[0]))


def rewritten(text: str, origin: str, site: str) -> str:
    """Return a document with its links as the site needs them. origin: its file in the repository."""

    def link(found: re.Match[str]) -> str:
        mark, shown, target = found.groups()
        path = repository_path(origin, target)
        if not path or not (ROOT / path).exists():
            return found[0]
        place = site_place(path)
        if (ROOT / path).is_dir():
            return shown  # a folder has no page
        anchor = target.partition("#")[1] + target.partition("#")[2]
        return f"{mark}[{shown}]({posixpath.relpath(place, posixpath.dirname(site) or '.')}{anchor})"

    parts = re.split(r"(```.*?```|`[^`\n]*`)", text, flags=re.DOTALL)
    kept = {f"\0{i}\0": part for i, part in enumerate(parts) if i % 2}
    joined = "".join(f"\0{i}\0" if i % 2 else part for i, part in enumerate(parts))
    out = LINK.sub(link, joined)
    for mark, part in kept.items():
        out = out.replace(mark, part)
    return out


def carried(documents: dict[str, str]) -> dict[str, Path]:
    """Return {path in the site: file} of the files that documents link and that are no pages."""
    out = {}
    for site, text in documents.items():
        for target in links(text):
            path = repository_path(origin_of(site), target)
            place = site_place(path) if path else ""
            if place.startswith("files/") and (ROOT / path).is_file():
                out[place] = ROOT / path
    return out
