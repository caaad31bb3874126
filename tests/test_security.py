"""SECURITY.md promises what a test shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = re.findall(r"^\| (.+?) \| (tests/\S+) \|$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_there_are_promises() -> None:
    assert len(ROWS) >= 15
    lines = [x for x in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines() if x.startswith("| ")]
    assert len(lines) == len(ROWS) + 2


@pytest.mark.parametrize("named", sorted({test for _, test in ROWS}))
def test_the_test_of_a_promise_exists(named: str) -> None:
    path, _, function = named.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def calls(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Every call of a file: its name as written, and its keywords."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg is not None})
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


def test_nothing_loads_pickled_objects() -> None:
    refused = {"pickle.load", "pickle.loads", "joblib.load", "yaml.load", "eval", "exec", "pd.read_pickle"}
    found = []
    for path in [*ROOT.glob("blendkit/**/*.py"), *ROOT.glob("members/*.py")]:
        for name, given in calls(path):
            unsafe = name in refused
            unsafe |= name == "np.load" and given.get("allow_pickle") != "False"
            unsafe |= name == "torch.load" and given.get("weights_only") != "True"
            found += [f"{path.name}: {name}"] * unsafe
    assert found == []
