"""The example plugin is a real package: pip installs it, and recipes find its member."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from blendkit.testing import new_plugin
from tests.processes import unmeasured

ROOT = Path(__file__).parents[2]
EXAMPLE, OP_EXAMPLE = ROOT / "examples/write_a_member", ROOT / "examples/write_an_op"
RECIPE = """
recipe: 1
name: loud
members:
  l: {use: loudness, gain: 2.0, rate: 8000}
output: l
"""


def run(*command: object, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in unmeasured().items() if k != "PYTHONPATH"} | dict(env or {})
    return subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of its own that also sees this one's packages, with the example installed.

    No network: pip and the build backend are this environment's own.
    """
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("the build backend is older than the example asks for (setuptools>=77)")
    folder = tmp_path_factory.mktemp("plugin")
    venv.create(folder / "venv", symlinks=os.name != "nt")
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    inside = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).stdout.strip()
    parents = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    lines = [f"import site; site.addsitedir({p!r})" for p in parents]  # runs the parent's own .pth files too
    Path(inside, "parent.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copytree(EXAMPLE, folder / "example")  # a build leaves files beside the source
    shutil.copytree(OP_EXAMPLE, folder / "op_example")
    new_plugin("op", "night_owls", folder / "owls")
    pip = (python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    done = run(*pip, *(folder / n for n in ("example", "op_example", "owls")), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def test_a_recipe_finds_the_installed_member(python: Path, tone_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "loud.yaml").write_text(RECIPE, encoding="utf-8")
    blendkit = (python, "-m", "blendkit.cli.main")
    listed = run(*blendkit, "members", "list", cwd=tmp_path)
    assert "blendkit-loudness 0.1.0 (blendkit_loudness:loudness)" in listed.stdout, listed.stderr
    done = run(*blendkit, "run", "loud.yaml", "--data", tone_folder, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out/submission.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["row_id"] for r in rows] == ["r2_5", "r2_10", "r10_5", "r10_10"]
    # noise of standard deviation 0.1: logit 2 x log10(0.01) = -4; the padded chunk holds 2 s of 5 s
    assert float(rows[0]["loud"]) == pytest.approx(0.018, abs=0.001)
    assert float(rows[3]["loud"]) < float(rows[2]["loud"])
    wrong = run(*blendkit, "run", "loud.yaml", "--data", tone_folder, "--set", "members.l.gian=1", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean 'gain'?" in wrong.stderr


def test_the_examples_own_tests_pass(python: Path, tmp_path: Path) -> None:
    for test in (EXAMPLE / "test_loudness.py", OP_EXAMPLE / "test_night_voices.py"):
        shutil.copy(test, tmp_path)
    done = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_new_plugin_is_ready_to_install(python: Path, tmp_path: Path) -> None:
    shown = run(python, "-m", "blendkit.cli.main", "ops", "show", "night_owls", cwd=tmp_path)
    assert shown.stdout.startswith("night_owls: step, scope chunk, classwise, spaces prob, monotone weak"), shown.stderr
    assert "blendkit-night-owls 0.1.0 (blendkit_night_owls:step)" in shown.stdout


def test_it_is_not_installed_here() -> None:
    # else the tests above would prove nothing
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('blendkit_loudness') is not None)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_python_started_in_a_checkout_works_as_anywhere(tmp_path: Path) -> None:
    """After a plain install Python finds the working tree first: packaged recipes must be found beside it."""
    root = Path(__file__).parents[2]
    for part in ("blendkit", "recipes"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import blendkit as bk; print(bk.__file__); print(bk.check('eos7'), bk.check('recipes/eos7.yaml'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    file, checks = done.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path)
    assert checks.count("Check(eos7: 2 members, 3 streams") == 2
