from __future__ import annotations

import ast
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="mutants run in processes of POSIX")
sys.path.insert(0, str(Path(__file__).parent))

from mutants import mutants_of
from run_mutants import all_mutants, drawn, own_tests
from trees import ROOT, Tree


def changes(text: str) -> list[tuple[str, str]]:
    return [(m.before, m.after) for m in mutants_of(textwrap.dedent(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", [("<", "<="), ("<", ">=")]),
        ("a is  not b", [("is  not", "is")]),
        ("a not in b == c", [("not in", "in"), ("==", "!=")]),
        ("(a) + (b - c)", [("+", "-"), ("-", "+")]),
        ("a //= b", [("//", "*")]),
        ("a and b and c", [("and", "or"), ("and", "or")]),
        ("x = not a", [("not ", "")]),
        ("x = -a", [("-", "")]),
        ("x = 0", [("0", "1")]),
        ("x = 0.5", [("0.5", "0.0"), ("0.5", "1.5")]),
        ("x = True", [("True", "False")]),
        ("x = min(a.max(), np.minimum(b))", [("min", "max"), ("max", "min"), ("minimum", "maximum")]),
        ("x[a:b]", [("a", ""), ("b", "")]),
        ("def f():\n    return x", [("x", "None")]),
        ("def f():\n    return None", []),
        ("f(x)", [("f(x)", "pass")]),
        ("def f(a: int = 1, *, edge='drop'): pass", [("1", "0"), ("1", "2"), ("'drop'", '""')]),
    ],
)
def test_each_kind_of_fault(text: str, expected: list[tuple[str, str]]) -> None:
    assert changes(text) == expected


def test_a_test_that_is_never_met_stands_for_its_lone_raise() -> None:
    assert changes("if bad:\n    raise ValueError(f'{n + 1} rows', 2)\n") == [("bad", "False")]
    both = "if bad:\n    raise ValueError\nelse:\n    raise KeyError\n"
    assert changes(both) == [("bad", "False"), ("raise ValueError", "pass"), ("raise KeyError", "pass")]


def test_what_nobody_observes_is_left_alone() -> None:
    text = '''
    """Words, 1 < 2."""
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        import a
    __all__ = ["a"] + ["b"]
    Shape = Left | Right
    @dataclass(frozen=True)
    class C:
        """Words."""
        x: Annotated[int, Field(ge=1)]
        name: str = "of"
    @compiled(parallel=True)
    def f(a: A | B) -> A | None:
        """Words."""
        assert a > 0
        print(f"{a + 1}", "1" + b)
        for _ in zip(a, b, strict=True): g = cast(A | B, a)
    '''
    assert changes(text) == [('"of"', '""'), ('print(f"{a + 1}", "1" + b)', "pass")]


def test_positions_hold_after_letters_of_several_bytes() -> None:
    text = 'x = 1\ny = "é×" if a else b < c  # α\nz = "×", 7; w = 8\n'
    by_name = {m.name: m for m in mutants_of(text)}
    assert list(by_name) == [f"text.py:{n}" for n in ("1:0", "1:1", "2:0", "2:1", "3:0", "3:1", "3:2", "3:3")]
    assert by_name["text.py:2:0"].applied(text) == text.replace("<", "<=")
    assert by_name["text.py:3:3"].applied(text) == text.replace("w = 8", "w = 9")


def test_every_mutant_of_a_real_module_is_python_and_differs() -> None:
    path = ROOT / "blendkit" / "metrics" / "auc.py"
    text = path.read_text(encoding="utf-8")
    found = mutants_of(text)
    assert len({m.name for m in found}) == len(found) > 40
    assert len({ast.dump(ast.parse(m.applied(text))) for m in found} | {ast.dump(ast.parse(text))}) == len(found) + 1


def test_one_seed_draws_the_same_mutants() -> None:
    found = all_mutants(["scoring"])
    assert drawn(found, 20, 3) == drawn(all_mutants(["scoring"]), 20, 3) != drawn(found, 20, 4)
    assert len(drawn(found, 10**6, 0)) == len(found)


def test_a_tree_takes_a_mutant_and_its_compiled_code_and_gives_both_back(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "worker")
    path = tree.folder / "blendkit" / "metrics" / "kernels" / "buckets.py"
    before = path.read_text(encoding="utf-8")
    mutant = next(m for m in mutants_of(before, "blendkit/metrics/kernels/buckets.py"))
    cache = path.parent / "__pycache__"
    cache.mkdir(exist_ok=True)
    for name in ("buckets.f-1.py311.nbi", "pair_counts.g-1.py311.nbi", "ranking.h-1.py311.nbi"):
        (cache / name).write_text("compiled before")  # pair_counts calls buckets, ranking does not
    with tree.with_mutant(mutant):
        assert path.read_text(encoding="utf-8") == mutant.applied(before)
        assert not list(cache.glob("buckets.*.nb?"))
        assert not list(cache.glob("pair_counts.*.nb?"))
        assert (cache / "ranking.h-1.py311.nbi").exists()
        (cache / "buckets.f-1.py311.nbi").write_text("compiled from the mutant")
    assert path.read_text(encoding="utf-8") == before
    assert (cache / "buckets.f-1.py311.nbi").read_text() == "compiled before"
    assert (cache / "pair_counts.g-1.py311.nbi").exists()
    assert own_tests(tree, mutant)[:2] == ["tests/metrics/test_auc_state.py", "tests/metrics/test_pair_counts.py"]


def test_the_copy_is_what_is_imported(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "worker")
    test = tree.folder / "tests" / "recipe" / "test_where.py"
    test.write_text(f"import blendkit\ndef test_where(): assert blendkit.__file__.startswith({str(tree.folder)!r})\n")
    assert tree.run(["tests/recipe/test_where.py"], 100).ended == "passed"
    test.write_text("def test_no(): assert False\n")
    run = tree.run(["tests/recipe/test_where.py"], 100)
    assert (run.ended, "test_no" in run.told) == ("failed", True)
    test.write_text("import time\ndef test_long(): time.sleep(100)\n")
    assert tree.run(["tests/recipe/test_where.py"], 3).ended == "hung"
