"""Where all of it comes from: versions, hashes, what was learned from, how to cite it, and the recipe itself."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from blendkit._version import __version__
from blendkit.core import text_hash
from blendkit.recipe import Plan, check_files, filled_text
from blendkit.reporting.report_sources import Material

_PACKAGES = ("numpy", "scipy", "numba", "onnxruntime", "soundfile", "pandas", "pyarrow")
_BIBTEX = """\
@software{{blendkit,
  title   = {{blendkit: blend, post-process and honestly evaluate several bioacoustic models}},
  version = {{{version}}},
  license = {{Apache-2.0}}
}}
"""


def provenance_facts(material: Material) -> dict[str, Any]:
    """Return hashes, versions, what members and fitted steps saw, BibTeX and the recipes' filled texts."""
    told = material.facts.get("recipe_sha256")  # of the run's own text: run.json sorts the keys of its recipe
    texts = {n: filled_text(p) for n, p in material.plans.items()}
    versions = {"blendkit": __version__, "python": platform.python_version(), **{p: version(p) for p in _PACKAGES}}
    return {
        "versions": versions,
        "recipes": [{"name": n, "sha256": told or text_hash(t), "text": t} for n, t in texts.items()],
        "streams": {n: s.made_by for n, s in material.scores.items() if s.made_by},
        "inputs": dict(material.facts.get("inputs", {})) or _inputs(material),
        "written": {n: {k: w.get(k) for k in ("file", "sha256", "rows", "classes", "ties_by_writing")}
                    for n, w in material.facts.get("written", {}).items()},
        "labels": list(_labels(material)),
        "saw": _saw(material),
        "bibtex": _BIBTEX.format(version=__version__),
    }  # fmt: skip


def _labels(material: Material) -> tuple[str, ...]:
    if material.workspaces is None or material.recipe is None:
        return tuple(material.facts.get("labels", {}).get("files", ()))
    (plan,) = material.plans.values()
    return material.workspaces.workspace(plan).labels


def _inputs(material: Material) -> dict[str, str]:
    """Hashes of the files that a recipe names, where they are there."""
    if material.workspaces is None:
        return {}
    (plan,) = material.plans.values()
    files = check_files(plan, material.workspaces.data, set(plan.members))
    data = material.workspaces.data
    return {data.relative(p): files.contents.sha256(p) for p in sorted(files.paths.values()) if p.is_file()}


def _saw(material: Material) -> list[dict[str, Any]]:
    """What members and fitted steps learned from: how many recordings, and whether these are all."""
    told = material.facts.get("saw_by", {})
    if told:
        return [{"name": n, "recordings": len(s["recordings"]), "known": s["known"]} for n, s in told.items()]
    found = [{"name": n, "recordings": len(s), "known": s.known} for n, s in material.saw.items()]
    return found + [line for plan in material.plans.values() for line in _steps(plan)]


def _steps(plan: Plan) -> list[dict[str, Any]]:
    """Steps that are fitted in the recipe, cross-fitted or from an artefact."""
    return [
        {"name": f"{s.name}.{step.label}", "recordings": None, "known": bool(step.folds),
         "how": f"fitted on labels in {step.folds} folds" if step.folds else "an artefact"}
        for s in plan.streams for step in s.ops if step.folds or "artefact" in step.params
    ]  # fmt: skip
