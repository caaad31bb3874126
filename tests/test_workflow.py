"""What the continuous tests run is what the README and pyproject.toml say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
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
    for name, pin in pinned.items():
        assert (pin.split(".") + ["0"])[:3] == (floors[name].split(".") + ["0", "0"])[:3], name


def test_the_script_for_a_fresh_machine_is_run(jobs: dict[str, Any]) -> None:
    assert commands(jobs["fresh-machine"]) == [".ci/run"]
    assert (ROOT / ".ci/run").is_file()


def test_every_script_of_the_examples_is_run_by_a_test_or_by_a_job(jobs: dict[str, Any]) -> None:
    run = "\n".join(c for job in jobs.values() for c in commands(job))
    tests = [p for p in ROOT.glob("tests/**/*.py") if p.name != "test_workflow.py"]
    texts = "\n".join(p.read_text(encoding="utf-8") for p in tests)
    scripts = [p.name for p in (ROOT / "examples").glob("*.py")]
    assert [s for s in scripts if f"examples/{s}" not in run and s not in texts] == []
    long = re.findall(r"python examples/(\w+\.py) (--\w+)", run)
    assert [s for s, _ in long] == ["seqhead_ladder.py", "inflation.py"]
    assert all(option in (ROOT / "examples" / s).read_text(encoding="utf-8") for s, option in long)


def test_the_conda_recipe_has_the_floors_that_are_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    run = yaml.safe_load((ROOT / "packaging/conda-recipe.yaml").read_text(encoding="utf-8"))["requirements"]["run"]
    renamed = {"soundfile": "pysoundfile", "soxr": "soxr-python"}
    wanted = {renamed.get(n.lower(), n.lower()): floor for n, floor in (d.split(">=") for d in declared)}
    assert dict(entry.split(" >=") for entry in run) == {"python": "3.11", **wanted}


def test_a_release_is_built_tried_and_published_only_where_its_tag_is_the_version() -> None:
    found = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    assert found[True] == {"push": {"tags": ["v*"]}}
    build, compare, use = commands(found["jobs"]["build"])
    assert "python -m build" in build
    assert "run eos7" in use
    assert compare == 'test -f "dist/blendkit-${GITHUB_REF_NAME#v}-py3-none-any.whl"'
    assert found["jobs"]["publish"]["needs"] == "build"


def described(folder: Path) -> str:
    """Return the version that a build of `folder` would get."""
    code = "from setuptools_scm import get_version; print(get_version(root='.', fallback_version='0.1.0.dev0'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_tag_is_the_version_and_commits_after_it_are_of_the_next(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    assert described(tmp_path) == "0.1.0.dev0"  # no history
    git("init")
    git("commit", "--allow-empty", "--message", "one")
    git("tag", "v0.3.1")
    assert described(tmp_path) == "0.3.1"
    git("commit", "--allow-empty", "--message", "two")
    assert described(tmp_path).startswith("0.3.2.dev1+g")


def test_the_version_is_what_was_installed_and_the_next_one_stands_alike_in_two_files() -> None:
    recipe = yaml.safe_load((ROOT / "packaging/conda-recipe.yaml").read_text(encoding="utf-8"))
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tool["setuptools_scm"]["fallback_version"] == recipe["context"]["version"] + ".dev0"
    assert __version__ == version("blendkit") != "0+unknown"


def test_the_forms_for_issues_are_forms() -> None:
    for path in (p for p in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if p.stem != "config"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        assert all(part["attributes"]["label"] for part in form["body"])
