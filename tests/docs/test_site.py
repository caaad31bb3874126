"""Nothing is undocumented, no link is dead, and no page states a default that the code does not have."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import hooks
import numpy as np
import outside
import pyarrow.parquet as pq
import pytest
import reference_commands
import reference_files
import reference_ops
import reference_python
import words

import blendkit
from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.events import EVENT_KEYS, EVENTS
from blendkit.ops import info_of, signature
from blendkit.recipe import parameters_in_words
from blendkit.registry import GEO_MODELS, MEMBERS, OPS, READERS, WRITERS, registry
from blendkit.store import LogitStore, Stored
from tests.docs.pages import ROOT, documents


def own_names(group: str) -> list[str]:
    """What this repository registers: a contributor's environment may have others."""
    packages = ("blendkit.", "blendkit_members.")
    return [n for n, entries in registry(group).entries.items() if entries[0].module.startswith(packages)]


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return hooks.generated()


@pytest.fixture(scope="module")
def site(generated: dict[str, str]) -> dict[str, str]:
    """Every page of the site by its path, as mkdocs gets it."""
    own = {p.relative_to(ROOT / "docs").as_posix(): p for p in (ROOT / "docs").rglob("*.md")}
    return {**{n: p.read_text(encoding="utf-8") for n, p in own.items()}, **generated}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub and mkdocs make them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", t.replace("\\", "")).strip().lower().replace(" ", "-") for t in titles}


@pytest.mark.parametrize("path", documents(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_link_is_dead(path: Path, generated: dict[str, str]) -> None:
    origin, dead = path.relative_to(ROOT).as_posix(), []
    for target in outside.links(path.read_text(encoding="utf-8")):
        name, anchor = outside.repository_path(origin, target), target.partition("#")[2]
        made = generated.get(name.removeprefix("docs/"))
        text = made if made is not None else read(ROOT / name) if name else read(path)
        if re.match(r"[a-z]+:", target):
            continue
        if text is None or (anchor and anchor not in anchors(text)):
            dead.append(target)
    assert not dead


def read(path: Path) -> str | None:
    """A page's text, "" of a folder or a file that is no page, None of what is not there."""
    if not path.exists():
        return None
    return path.read_text(encoding="utf-8") if path.suffix == ".md" else ""


def test_links_of_the_site_lead_to_pages(site: dict[str, str]) -> None:
    images = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs/images").iterdir()}
    files = {*site, *images, *outside.carried(site)}
    dead = []
    for page, text in site.items():
        if page.endswith(".md"):
            for target in outside.links(outside.rewritten(text, outside.origin_of(page), page)):
                name = outside.repository_path(page, target)
                dead += [f"{page}: {target}"] if name and name not in files else []
    assert not dead


def test_every_page_is_in_a_section(site: dict[str, str]) -> None:
    pages = [p for p in site if p.endswith(".md")]
    shown = [p for part in hooks.navigation(pages)[1:] for own in part.values() for p in own]
    assert sorted([*shown, "index.md"]) == sorted(pages)
    assert all(re.match(r"(<!--.*?-->\s*)?# ", site[p]) for p in pages)


@pytest.mark.parametrize("name", own_names(OPS))
def test_an_op_is_documented(name: str, generated: dict[str, str]) -> None:
    function = registry(OPS).get(name)
    info = info_of(function)
    assert info is not None
    assert f"\n## {name}\n" in generated[f"reference/{info.kind}s.md"]
    text = inspect.getdoc(function) or ""
    assert re.search(r"N, C|[Aa]ll else as in|as in `", text), "its shapes, or the op that it is like"
    assert re.search(r"\bSource: \S", " ".join(text.split())), "where it comes from"


def test_every_parameter_of_an_op_a_fit_and_a_member_has_a_meaning() -> None:
    functions = {n: registry(group).get(n) for group in (OPS, MEMBERS) for n in own_names(group)}
    infos = [info for f in functions.values() if (info := info_of(f)) is not None]
    fits = {f"fit of {i.name}": i.fit_in_recipe for i in infos if i.fit_in_recipe is not None}
    every = {**functions, **fits}
    assert len(every) > 80
    assert [(n, p.name) for n, f in every.items() for p in parameters_in_words(f) if not p.note] == []


@pytest.mark.parametrize("name", own_names(MEMBERS))
def test_a_member_has_a_page_that_names_its_parameters(name: str, generated: dict[str, str]) -> None:
    factory, page = registry(MEMBERS).get(name), generated[f"reference/members/{name}.md"]
    for parameter, (_, context, default) in signature(factory).items():
        if context is None:
            assert f"| `{parameter}` |" in page
            assert default is inspect.Parameter.empty or f"| `{default!r}` |" in page.replace("\\|", "|")
    assert Path(inspect.getfile(factory)).with_suffix(".md").is_file()


def test_a_parameter_of_an_op_stands_with_the_default_of_its_function(generated: dict[str, str]) -> None:
    pages = "".join(generated[f"reference/{kind}s.md"] for kind in reference_ops.KINDS)
    for name in registry(OPS).names():
        section = pages.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for parameter, (_, context, default) in signature(registry(OPS).get(name)).items():
            if context is None:
                shown = "required" if default is inspect.Parameter.empty else f"`{default!r}`"
                assert re.search(rf"\| `{parameter}` \| .* \| {re.escape(shown)} \|", section), (name, parameter)


def test_every_command_and_option_is_documented(generated: dict[str, str]) -> None:
    text = "".join(t for p, t in generated.items() if p.startswith("reference/commands/"))
    found = list(reference_commands.commands())
    assert len(found) > 40
    for name, command in found:
        assert re.search(rf"^#+ {name}$", text, re.MULTILINE), name
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"
                assert f"`{parameter.opts[0]}" in text or parameter.opts[0] in text


def test_every_format_is_documented(generated: dict[str, str]) -> None:
    for group in (READERS, WRITERS, GEO_MODELS):
        for name in registry(group).names():
            assert f"| `{name}` |" in generated["reference/formats.md"]
            assert getattr(registry(group).get(name), "about", None) or registry(group).get(name).__doc__
    page = (ROOT / "docs/score_files.md").read_text(encoding="utf-8")
    assert not [n for n in registry(READERS).names() if f"`{n}`" not in page]
    page = "".join((ROOT / f"docs/{n}.md").read_text(encoding="utf-8") for n in ("detections", "convert"))
    assert not [n for n in registry(WRITERS).names() if not re.search(rf"[` ]{n}[`/]", page)]


def test_every_extra_is_documented() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs/installing.md").read_text(encoding="utf-8")
    assert not [e for e in project["optional-dependencies"] if not re.search(rf"^\|[^|]*`{e}`", page, re.MULTILINE)]


def test_every_event_is_documented_and_none_is_made_up() -> None:
    named = reference_files.emitted()
    assert set(EVENTS) == set(EVENT_KEYS) == set(named)
    assert all(EVENTS.values())
    assert all(EVENT_KEYS.values())
    unknown = {n: keys - set(EVENT_KEYS[n]) for n, keys in named.items() if not isinstance(EVENT_KEYS[n], str)}
    assert {n: keys for n, keys in unknown.items() if keys} == {}  # commands that tests run are held to them, too


@pytest.mark.parametrize("module", ["blendkit", *(f"blendkit.{name}" for name in reference_python.PACKAGES)])
def test_every_public_function_and_class_is_documented(module: str) -> None:
    undocumented = [n for n, thing in reference_python.public(module) if not own_docstring(thing)]
    assert not undocumented


def own_docstring(thing: Any) -> str | None:
    """The docstring that was written for it: dataclasses without one get their signature."""
    text: str | None = thing.__doc__
    return None if text is None or text.startswith(f"{thing.__name__}(") else text


CONTENT = {"whole": "0" * 64, "levels": "8" * 32, "marks": "a1b2c3d4e5f6" * 20}
COUNTED = re.compile(r"\b(\d[\d.]*)\s[\w\s]{1,25}\(`(--[a-z-]+)`\)")  # 10 labelled chunks (`--fewest`)
OF_OTHERS = {
    *("--extra-index-url", "--index-url", "--no-index", "--find-links", "--quiet", "--no-deps", "--array"),
    *("--cpus-per-task", "--time", "--requeue", "--wrap", "--dependency", "--version", "--help", "--rm", "--shifts"),
}  # options of other programs


def test_options_that_pages_name_are_there_with_the_numbers_that_pages_count() -> None:
    options: dict[str, set[str]] = {}
    for _, command in reference_commands.commands():
        for parameter in (p for p in command.params if isinstance(p, click.Option)):
            for option in (*parameter.opts, *parameter.secondary_opts):
                own = {str(parameter.default), *re.findall(r"\(default: (\w+)", parameter.help or "")}
                options.setdefault(option, set()).update(own)
    stated, unknown = [], []
    for path in documents():
        if path.name in ("CHANGELOG.md", "mistakes.md"):
            continue  # they name what was there once, and what is wrong
        text = prose(path.read_text(encoding="utf-8"))
        found = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)\b", text))
        unknown += [f"{path.name}: {option}" for option in found - set(options) - OF_OTHERS]
        stated += [(path.name, option, number) for number, option in COUNTED.findall(text)]
    assert not unknown
    assert len(stated) > 2
    assert not [s for s in stated if s[2] not in options[s[1]]]


def prose(text: str) -> str:
    return re.sub(r"^```text\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def test_the_keys_of_run_json_are_documented(world: Path, tmp_path: Path) -> None:
    blendkit.run("rank_blend", world, tmp_path / "out")
    run = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert set(run) <= set(words.RUN_JSON)
    assert set(words.RUN_JSON) - set(run) == {"budget"}
    timings = json.loads((tmp_path / "out/timings.json").read_text(encoding="utf-8"))
    assert {re.sub(r"_for_\d+_(.*)_on_\d+_", r"_for_N_\1_on_K_", k) for k in timings} <= set(words.TIMINGS_JSON)


def test_the_form_of_a_store_is_documented(tmp_path: Path) -> None:
    store = LogitStore.create(tmp_path / "s", "h" * 64, ("a", "b"), [True] * 2, {"facts": {}, "notes": []})
    rows = chunk_rows({"r": 2}, 5.0, NameRule())
    entry = Stored("k", 2, "ok", "", 10.0, CONTENT, {"clip": "c"})
    store.write(Scores.build(np.zeros((2, 2), np.float32), rows, ("a", "b"), "logit"), {"r": entry})
    assert set(json.loads((tmp_path / "s/store.json").read_text(encoding="utf-8"))) == set(words.STORE_FACTS)
    (journal,) = (tmp_path / "s").glob("journal-*.jsonl")
    _, line = json.loads(journal.read_text(encoding="utf-8").splitlines()[0])
    assert set(line) == set(words.JOURNAL_LINE)
    assert set(line["recordings"]["r"]) == set(words.STORED)
    (part,) = (tmp_path / "s").glob("part-*.parquet")
    assert pq.read_schema(part).names == [*list(words.STORE_PART)[:3], "logits"]
    store.finish()
    kinds = {re.sub(r"-.*\.", "-*.", p.name) for p in (tmp_path / "s").iterdir()}
    assert kinds <= set(words.STORE_FILES)


def test_the_reference_covers_the_packages_that_pages_promise() -> None:
    for name in reference_python.PACKAGES:
        assert importlib.import_module(f"blendkit.{name}").__doc__
