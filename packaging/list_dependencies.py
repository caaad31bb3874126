"""Print every package that blendkit needs, alone or with an extra: size, licence and who needs it, in Markdown.

    pip install -c .ci/constraints.txt '.[test,openvino,remote,umap]' && python packaging/list_dependencies.py

The table of docs/project/dependencies.md is its output. All is read from the metadata of what is installed: sizes are
those of the files on disk without byte code, licences those that each package states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

FOR_WORK = ("test", "lint", "docs", "browser")  # extras of contributors
LONGEST = 60  # characters of a licence; some state its whole text


def needs(package: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a package needs with some of its extras: names, each with the extras that are asked of it."""
    for text in package.requires or []:
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in extras | {""}):
            yield wanted.name, frozenset(wanted.extras)


def closure(extra: str) -> dict[str, Distribution]:
    """Return {name: distribution} of all that blendkit needs with an extra ("": without any)."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [("blendkit", frozenset([extra]))]
    while left:
        name, extras = left.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[plain(name)] = distribution(name)
        except PackageNotFoundError:
            continue  # of another system or Python
        left += needs(found[plain(name)], extras)
    return {n: d for n, d in found.items() if n != "blendkit"}


def plain(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def size(package: Distribution) -> float:
    """Return a package's megabytes on disk, without byte code."""
    files = [f.locate() for f in package.files or [] if f.suffix != ".pyc"]
    return sum(f.stat().st_size for f in files if f.is_file()) / 1e6  # type: ignore[attr-defined]


def licence(package: Distribution) -> str:
    """Return what a package states: an expression, else classifiers, else the first line of its text."""
    about = package.metadata
    classes = [c for c in about.get_all("Classifier") or [] if c.startswith("License :: OSI Approved")]
    classified = ", ".join(re.sub(r"^.* :: | License$", "", c) for c in classes)
    stated = about.get("License-Expression") or classified or about.get("License") or "none stated"
    return stated.strip().splitlines()[0].strip()[:LONGEST]


def main() -> None:
    """Print the table, the largest packages first, and the sum of what comes without extras."""
    base = closure("")
    extras = sorted(distribution("blendkit").metadata.get_all("Provides-Extra") or [])
    by: dict[str, list[str]] = {n: ["(always)"] for n in base}
    every = dict(base)
    for extra in [e for e in extras if e not in FOR_WORK] + [e for e in extras if e in FOR_WORK]:
        for name, package in closure(extra).items():
            if name not in base and not (extra in FOR_WORK and name in by):
                by.setdefault(name, []).append(extra)
                every[name] = package
    print(f"Without extras: {len(base)} packages, {sum(map(size, base.values())):.0f} MB.\n")
    print("| package | MB | licence it states | needed |\n|---|---:|---|---|")
    for name in sorted(every, key=lambda n: (by[n] != ["(always)"], -size(every[n]), n)):
        needed = "always" if name in base else ", ".join(by[name])
        print(f"| {name} {every[name].version} | {size(every[name]):.1f} | {licence(every[name])} | {needed} |")


if __name__ == "__main__":
    main()
