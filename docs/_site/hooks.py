"""Hooks of mkdocs: the reference is made anew at every build, and documents beside the docs folder become pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import outside
import reference_commands
import reference_files
import reference_ops
import reference_python
from mkdocs.structure.files import File, Files

SECTIONS = {
    "Tutorials": "tutorials/",
    "How-to": "how-to/",
    "Explanation": "explanation/",
    "Reference": "reference/",
    "Project": "project/",
}
EXPLAINED = ("inflation.md", "leaks.md", "out_of_fold.md", "verdicts.md")  # on top of the docs folder, too
FIRST = (  # of a section; the others follow by name
    "tutorials/blend_two_csvs.md",
    "tutorials/first_recipe.md",
    "tutorials/recordings_to_detections.md",
    "reference/recipe.md",
    "reference/steps.md",
    "reference/gates.md",
    "reference/blends.md",
    "reference/members/index.md",
    "reference/formats.md",
    "project/architecture.md",
)


def generated() -> dict[str, str]:
    """Return {path in the site: content} of everything that no file of the docs folder holds."""
    made = outside.outside_pages()
    for module in (reference_ops, reference_commands, reference_python, reference_files):
        made |= module.pages()
    return made


def on_files(files: Files, config: Any) -> Files:
    """Add what is generated, and put every page into its section."""
    made = generated()
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    documents = {f.src_uri: f.content_string for f in files.documentation_pages()}
    for path, source in outside.carried(documents).items():
        files.append(File.generated(config, path, abs_src_path=str(source)))
    config["nav"] = navigation([f.src_uri for f in files.documentation_pages()])
    return files


def navigation(pages: list[str]) -> list[dict[str, Any]]:
    """Return the navigation: every page in the section of its folder; most on top of the docs folder are how-tos."""

    def place(page: str) -> tuple[int, str]:
        return (FIRST.index(page) if page in FIRST else len(FIRST), page)

    top = [p for p in pages if "/" not in p and p != "index.md"]
    nav: list[dict[str, Any]] = [{"Home": "index.md"}]
    for title, folder in SECTIONS.items():
        own = [p for p in pages if p.startswith(folder)]
        own += [p for p in top if folder == ("explanation/" if p in EXPLAINED else "how-to/")]
        nav.append({title: sorted(own, key=place)})
    return nav


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let links lead where the site has what they name."""
    return outside.rewritten(markdown, outside.origin_of(page.file.src_uri), page.file.src_uri)
