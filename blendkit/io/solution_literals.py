"""The dictionary `solutions = {...}` of a notebook, as literals that know where they stand. Nothing is executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blendkit.io.notebook_code import CodeCell

NAMES = ("solutions", "solution", "solut")
_JSON = {"true": True, "false": False, "null": None}  # all else of it parses as Python
_SIGNS = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_SUMS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_CHANGES = ("append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort", "update")


@dataclass(frozen=True)
class Literal:
    """A value and the line it stands on; containers hold further literals."""

    value: Any
    at: str


def without_lines(at: Literal) -> Any:
    """Return a literal's value without the lines, in containers too."""
    if isinstance(at.value, dict):
        return {k: without_lines(v) for k, v in at.value.items()}
    return [without_lines(v) for v in at.value] if isinstance(at.value, list | tuple) else at.value


@dataclass
class Problems:
    """The mistakes that were found so far, and what else is to be said."""

    found: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, at: Literal, text: str) -> None:
        """Note a mistake of a literal."""
        self.found.append(f"{at.at}: {text}")


@dataclass(frozen=True)
class Solutions:
    """The dictionary; changes: lines that change it afterwards."""

    literal: Literal
    changes: tuple[str, ...]


def find_solutions(cells: Sequence[CodeCell], source: str, problems: Problems) -> Solutions | None:
    """Return the dictionary of a notebook: the last one assigned to `solutions`, or a file's only expression."""
    assigned = [(c, s, n) for c in cells for s in c.body for n in _targets(s)]
    ours = [(c, s, n) for c, s, n in assigned if n in NAMES] or [a for a in assigned if _has_models(a[1])]
    if not ours:
        return _only_expression(cells, source, problems)
    cell, statement, name = ours[-1]
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if not isinstance(value, ast.Dict):
        problems.found.append(f"{cell.at(statement.lineno)}: `{name}` is not a literal {{...}}")
        return None
    if len(ours) > 1:
        problems.notes.append(
            f"{len(ours)} dictionaries are assigned; the last is taken, at {cell.at(statement.lineno)}"
        )
    literal = _Reader(cell, _constants(cells, statement), problems).literal(value)
    return Solutions(literal, tuple(_changes(cells, name, statement))) if isinstance(literal.value, dict) else None


def _only_expression(cells: Sequence[CodeCell], source: str, problems: Problems) -> Solutions | None:
    dicts = [(c, s.value) for c in cells for s in c.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Dict)]
    errors = [c.error for c in cells if c.error]
    if len(dicts) == 1:
        cell, value = dicts[0]
        literal = _Reader(cell, {}, problems).literal(value)
        return Solutions(literal, ()) if isinstance(literal.value, dict) else None
    problems.found += errors or [f"{source}: expected one `solutions = {{...}}`, found {len(dicts)}"]
    return None


def _targets(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return [t.id for t in targets if isinstance(t, ast.Name)]


def _has_models(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Dict) and any(isinstance(k, ast.Constant) and k.value == "Models" for k in value.keys)


def _constants(cells: Sequence[CodeCell], before: ast.stmt) -> dict[str, Any]:
    """Return the plain values of names that are surely known where a statement stands."""
    known: dict[str, Any] = {}
    for cell in cells:
        for statement in cell.body:
            if statement is before:
                return known
            names = _targets(statement)
            value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
            stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            for name in stored:
                known.pop(name, None)
            try:
                plain = None if value is None or stored != set(names) else plain_value(value, known)
            except (ValueError, OverflowError, RecursionError):
                continue
            known |= dict.fromkeys(names, plain) if plain is not None else {}
    return known


def _changes(cells: Sequence[CodeCell], name: str, made: ast.stmt) -> Iterator[str]:
    """Yield the lines behind a dictionary that change it."""
    behind = False
    for cell in cells:
        for statement in cell.body:
            if behind:
                nodes = (n for n in ast.walk(statement) if isinstance(n, ast.Call | ast.Subscript))
                yield from (cell.at(n.lineno) for n in nodes if _is_change(n, name))
            behind = behind or statement is made


def _is_change(node: ast.Call | ast.Subscript, name: str) -> bool:
    if isinstance(node, ast.Subscript):
        return not isinstance(node.ctx, ast.Load) and _root(node) == name
    called = node.func
    return isinstance(called, ast.Attribute) and called.attr in _CHANGES and _root(called) == name


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def find_lists(cells: Sequence[CodeCell], names: Sequence[str]) -> list[list[float]]:
    """Return the numbers of the lists that have these names, in functions and their arguments too; [] if one lacks."""
    found: dict[str, list[float]] = {}
    for node in (n for c in cells for s in c.body for n in ast.walk(s)):
        pairs = [(n, node.value) for n in _targets(node)] if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.arguments):
            pairs = [(a.arg, d) for a, d in zip(node.args[::-1], node.defaults[::-1], strict=False)]
        for name, value in pairs:
            if name in names and isinstance(value, ast.List | ast.Tuple):
                try:
                    found[name] = [_number(v, {}) for v in value.elts]
                except (ValueError, OverflowError, RecursionError):
                    continue
    return [found[n] for n in names] if len(found) == len(names) else []


def plain_value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """Return a number, text or None that an expression of literals and known names gives.

    Raises ValueError for all that would have to be executed.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in (*known, *_JSON):
        return known[node.id] if node.id in known else _JSON[node.id]
    if isinstance(node, ast.JoinedStr):
        return "".join(str(_part(n, known)) for n in node.values)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_number(node.operand, known))  # type: ignore[operator]
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        left, right = _number(node.left, known), _number(node.right, known)
        if not (isinstance(node.op, ast.Div) and right == 0):
            return _SUMS[type(node.op)](left, right)
    raise ValueError("not a literal")


def _part(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.FormattedValue):
        if node.format_spec is not None or node.conversion != -1:
            raise ValueError("not a literal")
        return plain_value(node.value, known)
    return plain_value(node, known)


def _number(node: ast.expr, known: Mapping[str, Any]) -> float:
    value = plain_value(node, known)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return value


@dataclass(frozen=True)
class _Reader:
    """Turns nodes of one cell into literals; what would have to be executed becomes a problem."""

    cell: CodeCell
    known: Mapping[str, Any]
    problems: Problems

    def literal(self, node: ast.expr) -> Literal:
        at = self.cell.at(node.lineno)
        if isinstance(node, ast.Dict) and all(isinstance(getattr(k, "value", None), str) for k in node.keys):
            return Literal(self._entries(node), at)
        if isinstance(node, ast.List | ast.Tuple):
            return Literal([self.literal(v) for v in node.elts], at)
        try:
            return Literal(plain_value(node, self.known), at)
        except RecursionError:
            shown = "a sum of very many numbers"
        except (ValueError, OverflowError):
            shown = ast.unparse(_odd_key(node) or node)[:60]
        self.problems.found.append(f"{at}: not a literal, and nothing is executed: {shown}")
        return Literal(None, at)

    def _entries(self, node: ast.Dict) -> dict[str, Literal]:
        held: dict[str, Literal] = {}
        for k, v in zip(node.keys, node.values, strict=True):
            name = str(k.value) if isinstance(k, ast.Constant) else ""
            if name in held:
                self.problems.found.append(f"{self.cell.at(node.lineno)}: key {name!r} is given twice")
            held[name] = self.literal(v)
        return held


def _odd_key(node: ast.expr) -> ast.expr | None:
    """Return the first key of a dictionary that is no text, if there is one."""
    keys = node.keys if isinstance(node, ast.Dict) else []
    return next((k for k in keys if k is not None and not isinstance(getattr(k, "value", None), str)), None)
