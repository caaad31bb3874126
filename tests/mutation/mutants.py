"""Small faults, each put into a source text at one place; the rest of the file keeps its text.

In goes the text of a module; out come its mutants, always in the same order. Left alone is what no test can or need
see: docstrings, strings and f-strings (messages), annotations, `if TYPE_CHECKING`, `__all__`, what is raised, asserts
(they speak to the type checker), `zip(strict=...)`, and the settings of `dataclass` and `compiled`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "is": ("is not",), "is not": ("is",), "in": ("not in",), "not in": ("in",),
}  # fmt: skip
COMPUTED = {
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "*", "**": "*", "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<",
}  # fmt: skip
SWAPPED = {"min": "max", "minimum": "maximum", "argmin": "argmax", "any": "all", "fmin": "fmax", "nanmin": "nanmax"}
SWAPPED |= {there: here for here, there in SWAPPED.items()}
OPERATOR = re.compile(rb"\bis\s+not\b|\bnot\s+in\b|\bis\b|\bin\b|\band\b|\bor\b|<<|>>|//|\*\*|[<>=!]=|[<>+\-*/%&|^]")
QUIET_DECORATORS = {"dataclass", "compiled"}


@dataclass(frozen=True, order=True)
class Mutant:
    """One fault: bytes start:end of a file become `after`. index counts the mutants that start on the same line."""

    path: str
    line: int
    start: int
    end: int
    before: str
    after: str
    index: int = 0

    @property
    def name(self) -> str:
        """What `--only` takes: file:line:index."""
        return f"{self.path}:{self.line}:{self.index}"

    @property
    def package(self) -> str:
        """`metrics`, of blendkit/metrics/auc.py."""
        return self.path.split("/")[1]

    def __str__(self) -> str:
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.name}  {before or '(nothing)'} -> {after or '(nothing)'}"

    def applied(self, text: str) -> str:
        """Return the file's text with this fault in it."""
        raw = text.encode()
        return (raw[: self.start] + self.after.encode() + raw[self.end :]).decode()


def mutants_of(text: str, path: str = "text.py") -> list[Mutant]:
    """Return every mutant of a module's text, in the order of their places."""
    found = _Finder(text, path)
    found.visit(ast.parse(text))
    mutants: list[Mutant] = []
    on_line: dict[int, int] = {}
    for m in sorted(set(found.mutants)):
        if _is_python(m, text):
            index = on_line.setdefault(m.line, 0)
            mutants.append(Mutant(m.path, m.line, m.start, m.end, m.before, m.after, index))
            on_line[m.line] += 1
    return mutants


def _is_python(mutant: Mutant, text: str) -> bool:
    """A bound, a sign or a `not` left out may leave no Python; what is put in place of something else always does."""
    try:
        return bool(mutant.after) or bool(ast.parse(mutant.applied(text)))
    except SyntaxError:
        return False


class _Finder(ast.NodeVisitor):
    """Collects mutants. Positions of `ast` count bytes of a line, and so do all positions here."""

    def __init__(self, text: str, path: str) -> None:
        self.raw, self.path = text.encode(), path
        self.lines = [0]
        for line in self.raw.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.mutants: list[Mutant] = []

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.lines[node.end_lineno - 1] + node.end_col_offset

    def add(self, start: int, end: int, after: str) -> None:
        line = self.raw.count(b"\n", 0, start) + 1
        self.mutants.append(Mutant(self.path, line, start, end, self.raw[start:end].decode(), after))

    def replace(self, node: ast.expr | ast.stmt, after: str) -> None:
        self.add(self.start(node), self.end(node), after)

    def operator(self, left: ast.expr, right: ast.expr) -> tuple[int, int, str] | None:
        """Return where the operator between two operands stands, and its text."""
        found = OPERATOR.search(self.raw, self.end(left), self.start(right))
        return (*found.span(), " ".join(found.group().decode().split())) if found else None

    # -- what is left alone

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Messages."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Said to the type checker."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.text_default(node.value)
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {t.id for t in node.targets if isinstance(t, ast.Name)}
        if "__all__" not in names and not (isinstance(node.value, ast.BinOp) and _is_alias(node.value)):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        quiet = (isinstance(d, ast.Call) and getattr(d.func, "id", "") in QUIET_DECORATORS for d in node.decorator_list)
        for decorator, skip in zip(node.decorator_list, quiet, strict=True):
            if not skip:
                self.visit(decorator)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.text_default(default)
                self.visit(default)
        for child in node.body:
            self.visit(child)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for child in node.body:
            self.visit(child)

    # -- what is changed

    def text_default(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            self.replace(node, '""')

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
            found = self.operator(left, right)
            if found:
                for after in COMPARED.get(found[2], ()):
                    self.add(found[0], found[1], after)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        found = self.operator(node.left, node.right)
        if found and found[2] in COMPUTED and not _has_text(node.left) and not _has_text(node.right):
            self.add(found[0], found[1], COMPUTED[found[2]])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        found = self.operator(node.target, node.value)
        if found and found[2] in COMPUTED and not _has_text(node.value):
            self.add(found[0], found[1], COMPUTED[found[2]])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            found = self.operator(left, right)
            if found:
                self.add(found[0], found[1], "or" if isinstance(node.op, ast.And) else "and")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        sign = re.compile(rb"not\s*|[-~]\s*").match(self.raw, self.start(node))
        if sign:
            self.add(*sign.span(), "")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.replace(node, str(not node.value))
        elif isinstance(node.value, int | float):
            self.replace(node, repr(node.value + 1))
            if node.value:
                self.replace(node, repr(type(node.value)(0)))

    def visit_Slice(self, node: ast.Slice) -> None:
        for bound in (node.lower, node.upper):
            if bound is not None:
                self.replace(bound, "")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in SWAPPED:
            self.add(self.end(node.func) - len(name), self.end(node.func), SWAPPED[name])
        self.visit(node.func)
        for argument in node.args[name == "cast" :]:
            self.visit(argument)
        for keyword in node.keywords:
            if (name, keyword.arg) != ("zip", "strict"):
                self.visit(keyword.value)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and ast.unparse(node.value) != "None":
            self.replace(node.value, "None")
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.replace(node, "pass")
        self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.replace(node, "pass")

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.replace(node.test, "False")
            self.visit(node.test)
            for child in node.body:
                if not (isinstance(child, ast.Raise) and len(node.body) == 1 and not node.orelse):
                    self.visit(child)  # a lone raise is as good as gone when the test is never met
        for child in node.orelse:
            self.visit(child)


def _has_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_alias(node: ast.BinOp) -> bool:
    """`A | B | None` names types."""
    parts: Iterator[ast.expr] = iter((node.left, node.right))
    named = (_is_alias(p) if isinstance(p, ast.BinOp) else ast.unparse(p)[:1].isupper() for p in parts)
    return isinstance(node.op, ast.BitOr) and all(named)
