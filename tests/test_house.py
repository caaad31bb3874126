"""The house itself: faces, layers of names, and who may look behind a face."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import blendkit
from blendkit import _face

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "blendkit"
PACKAGES = sorted(p.parent for p in PACKAGE.glob("*/__init__.py") if p.parent.name != "cli")
SHARED = {
    "_face",
    "_version",
    "errors",
    "events",
    "registry",
    "remote",
    "temporaries",
    "terminal",
}  # single files that every package may use
SOURCES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "members").glob("*.py"), *(ROOT / "examples").rglob("*.py")])


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


homes_of = cache(_face.homes_of)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Every import of blendkit's own modules in a file: (line, module, names)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "blendkit":
            yield node.lineno, str(node.module), [a.name for a in node.names]
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, a.name, []) for a in node.names if a.name.split(".")[0] == "blendkit")


@pytest.mark.parametrize("folder", [PACKAGE, *PACKAGES], ids=lambda p: p.name)
def test_a_face_lists_its_names_once_and_each_is_there(folder: Path) -> None:
    module = importlib.import_module(module_of(folder / "__init__.py"))
    homes = homes_of(folder / "__init__.py")
    assert sorted(module.__all__) == sorted({*homes, *({"__version__"} if folder == PACKAGE else ())})
    for name in homes:
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match="no attribute 'nothing_such'"):
        module.nothing_such  # noqa: B018


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda p: p.name)
def test_a_face_says_what_it_is_for(folder: Path) -> None:
    text = importlib.import_module(module_of(folder / "__init__.py")).__doc__ or ""
    assert len(re.findall(r"\.(?:\s|$)", text)) >= 2, "what it is for, what goes in, what comes out"


@pytest.mark.parametrize("folder", [PACKAGE, *PACKAGES], ids=lambda p: p.name)
def test_no_public_name_is_also_a_module_of_its_package(folder: Path) -> None:
    # importing the module would put it in the name's place
    modules = {p.stem for p in folder.glob("*.py")} | {p.parent.name for p in folder.glob("*/__init__.py")}
    assert not modules & set(homes_of(folder / "__init__.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_other_packages_are_reached_through_their_faces(path: Path) -> None:
    own = module_of(path).split(".")[:2]
    for line, module, names in imports(path):
        parts = module.split(".")
        if parts[:2] == own and len(own) == 2 and own[0] == "blendkit":
            assert len(parts) > 2 or own[1] in SHARED or path.name == "__init__.py", f"{path}:{line}: its own face"
            continue
        where = f"{path.relative_to(ROOT)}:{line}: {module}"
        if len(parts) == 1:
            face = {*homes_of(PACKAGE / "__init__.py"), *(p.name for p in PACKAGES), "__version__"}
            assert set(names) <= face, where
        else:
            assert len(parts) == 2, f"{where} is behind a face"
            if parts[1] not in SHARED:
                assert set(names) <= set(homes_of(PACKAGE / parts[1] / "__init__.py")), f"{where}: {names}"


@pytest.mark.parametrize(
    "path",
    sorted(
        [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("members/*.md")]
    ),
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_documents_name_only_what_is_public(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for found in re.findall(r"\bblendkit((?:\.[A-Za-z_]\w*)+)", text):
        parts = found.strip(".").split(".")
        at: object = blendkit
        if parts[0] in ("members", "ops", "geo_models", "readers", "writers") and len(parts) == 1:
            continue  # the names of entry point groups
        for part in parts:
            public = getattr(at, "__all__", None)
            package = f"{getattr(at, '__name__', '')}.{part}"
            if public is not None and part not in public and package.count(".") == 1:
                at = importlib.import_module(package)
                continue
            assert public is None or part in public, f"{path.name}: blendkit{found}"
            at = getattr(at, part)


def test_no_two_modules_share_a_name_without_need() -> None:
    """Commands are named as a user calls them; nothing else may be found under two roofs."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "members").glob("*.py")]:
        if path.stem != "__init__" and "commands" not in path.parts:
            by_name[path.stem].append(path.relative_to(ROOT).as_posix())
    assert not {name: found for name, found in by_name.items() if len(found) > 1}


def test_no_public_class_or_function_has_two_homes() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "members").glob("*.py")]:
        if "commands" in path.parts:
            continue  # a command is called as the function that it calls
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path.relative_to(ROOT).as_posix())
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_files_import_each_other_in_one_direction() -> None:
    """No circle between files, faces looked through."""
    links: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        found: set[str] = set()
        for _, module, names in imports(path):
            init = ROOT / module.replace(".", "/") / "__init__.py"
            homes = homes_of(init) if init.is_file() else {}
            found |= {homes[n][0] for n in names if n in homes} or {module}
        if path.name != "__init__.py":
            links[module_of(path)] = found
    order = {m: {n for n in found if n in links} for m, found in links.items()}
    from graphlib import TopologicalSorter

    assert list(TopologicalSorter(order).static_order())


def test_the_distribution_holds_every_package() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    found = {module_of(p) for p in PACKAGE.rglob("__init__.py")}
    assert set(listed) == found | {"blendkit.recipes", "blendkit_members"}


def test_files_and_functions_stay_small() -> None:
    long = []
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "members").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 275:
            long.append(path.name)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                doc = ast.get_docstring(node, clean=False) or ""
                first = node.body[0].lineno
                lines = node.end_lineno - first + 1 - (doc.count("\n") + 1 if doc else 0)
                if lines > 45:
                    long.append(f"{path.name}:{node.name} {lines}")
    assert not long
