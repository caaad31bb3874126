"""What the continuous tests run is what the README and pyproject.toml say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from blendkit._version import __version__

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    assert found[True] == {"push": {"branches": ["main"]}, "pull_request": None}  # YAML takes `on` for true
    return dict(found["jobs"])


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_every_system_runs_the_readmes_test_command(jobs: dict[str, Any]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (wanted,) = re.findall(r"^pip install .*pytest.*$", text, re.MULTILINE)
    assert commands(jobs["systems"]) == [wanted]
    matrix = jobs["systems"]["strategy"]["matrix"]
    assert [os.partition("-")[0] for os in matrix["os"]] == ["ubuntu", "windows", "macos"]
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert matrix["python"][0] == lowest.removeprefix(">=")


def test_the_lowest_versions_are_those_that_are_declared(jobs: dict[str, Any]) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    floors = dict(d.split(">=") for d in declared)
    pinned = dict(re.findall(r"(\w+)==([\d.]+)", commands(jobs["lowest"])[0]))
    assert set(pinned) == {"numba", "numpy", "pandas", "pyarrow", "scipy"}
    for name, version in pinned.items():
        assert (version.split(".") + ["0"])[:3] == (floors[name].split(".") + ["0", "0"])[:3], name


def test_the_script_for_a_fresh_machine_is_run(jobs: dict[str, Any]) -> None:
    assert commands(jobs["fresh-machine"]) == [".ci/run"]
    assert (ROOT / ".ci/run").is_file()


def test_the_conda_recipe_has_the_floors_that_are_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    run = yaml.safe_load((ROOT / "packaging/conda-recipe.yaml").read_text(encoding="utf-8"))["requirements"]["run"]
    renamed = {"soundfile": "pysoundfile", "soxr": "python-soxr"}
    wanted = {renamed.get(n.lower(), n.lower()): floor for n, floor in (d.split(">=") for d in declared)}
    assert dict(entry.split(" >=") for entry in run) == {"python": "3.11", **wanted}


def test_a_release_is_built_tried_and_published_only_where_its_tag_is_the_version() -> None:
    found = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    assert found[True] == {"push": {"tags": ["v*"]}}
    first, *others = commands(found["jobs"]["build"])
    code = first.partition("$(")[2].removesuffix(')"').removeprefix("python -c '").removesuffix("'")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.strip() == (
        __version__
    )
    assert first.startswith('test "$GITHUB_REF_NAME" = "v$(')
    assert [any(w in c for c in others) for w in ("python -m build", "run eos7")] == [True, True]
    assert found["jobs"]["publish"]["needs"] == "build"


def test_the_version_stands_in_one_file_and_the_conda_recipe_has_it() -> None:
    recipe = yaml.safe_load((ROOT / "packaging/conda-recipe.yaml").read_text(encoding="utf-8"))
    assert recipe["context"]["version"] == __version__
    texts = [ROOT / "pyproject.toml", ROOT / "CITATION.cff", *ROOT.glob("docs/**/*.md")]
    assert [p.name for p in texts if f'"{__version__}"' in p.read_text(encoding="utf-8")] == []


def test_the_forms_for_issues_are_forms() -> None:
    for path in (p for p in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if p.stem != "config"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        assert all(part["attributes"]["label"] for part in form["body"])
