"""Conversion of the public notebooks' dictionary `solutions = {...}` to a recipe. Nothing is executed."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError, did_you_mean

TYPES = ("direct", "rank.1", "division_attention")
SMOOTHING = "TAX_SMOOTHING"
SPLIT = 117  # the column at which the notebooks' division_attention changes weights
_KEYS = ("type_add", "task1", "task2", "Models")
_MODEL_KEYS = ("Model", "subm", "weight", "xSED", "LB")
_CONSTANTS = {"true": True, "false": False, "null": None}  # in JSON; all else of it parses as Python


@dataclass(frozen=True)
class Literal:
    """A value and the line it stands on; containers hold further literals."""

    value: Any
    line: int


@dataclass
class _Reading:
    """The name of a file that is being read, and the problems found in it."""

    source: str
    problems: list[str] = field(default_factory=list)

    def wrong(self, at: Literal, text: str) -> None:
        self.problems.append(f"{self.source}:{at.line}: {text}")


def read_solutions(path: Path) -> str:
    """Return the recipe text of a `solutions` dictionary: JSON, or Python whose literal is read, never run.

    Weights and inner blends get names, `xSED` becomes a rank blend, `direct` and `rank.1` the blend. Raises
    BlendkitError listing every key, type and value that is not known, with its line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BlendkitError(f"{path}: cannot read this file", [str(error)]) from error
    reading = _Reading(path.name)
    found = _find(text, reading)
    recipe = _recipe(found, reading, re.sub(r"\W+", "_", path.stem).strip("_")) if found is not None else ""
    if reading.problems:
        raise BlendkitError(f"{path}: not converted", reading.problems)
    return recipe


def _find(text: str, reading: _Reading) -> Literal | None:
    """Return the dictionary of the file: its only expression, or the value assigned to `solutions`."""
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        reading.problems.append(f"{reading.source}:{error.lineno}: neither JSON nor Python: {error.msg}")
        return None
    assigned = [n for n in body if isinstance(n, ast.Assign | ast.AnnAssign) and "solutions" in _targets(n)]
    nodes = [n.value for n in assigned] or [n.value for n in body if isinstance(n, ast.Expr)]
    dicts = [n for n in nodes if isinstance(n, ast.Dict)]
    if len(assigned) == 1 and not dicts:
        reading.problems.append(f"{reading.source}:{assigned[0].lineno}: `solutions` is not a literal {{...}}")
        return None
    if len(dicts) != 1:
        reading.problems.append(f"{reading.source}: expected one `solutions = {{...}}`, found {len(dicts)}")
        return None
    found = _literal(dicts[0], reading)
    return found if isinstance(found.value, dict) else None


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [t.id for t in targets if isinstance(t, ast.Name)]


def _literal(node: ast.expr, reading: _Reading) -> Literal:
    """Return a literal with its lines; anything that would have to be executed is a problem."""
    if isinstance(node, ast.Dict):
        pairs = [(k, v) for k, v in zip(node.keys, node.values, strict=True)]
        if all(isinstance(k, ast.Constant) and isinstance(k.value, str) for k, _ in pairs):
            held: dict[str, Literal] = {}
            for k, v in pairs:
                name = str(k.value) if isinstance(k, ast.Constant) else ""
                if name in held:
                    reading.problems.append(f"{reading.source}:{node.lineno}: key {name!r} is given twice")
                held[name] = _literal(v, reading)
            return Literal(held, node.lineno)
    elif isinstance(node, ast.List | ast.Tuple):
        return Literal([_literal(v, reading) for v in node.elts], node.lineno)
    elif isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return Literal(_CONSTANTS[node.id], node.lineno)
    else:
        try:
            return Literal(ast.literal_eval(node), node.lineno)
        except ValueError:
            pass
    reading.problems.append(
        f"{reading.source}:{node.lineno}: not a literal, and nothing is executed: {ast.unparse(node)[:60]}"
    )
    return Literal(None, node.lineno)


@dataclass(frozen=True)
class _Model:
    name: str
    file: str
    weight: list[float]
    xsed: list[float] | None
    shown: str


def _recipe(found: Literal, reading: _Reading, stem: str) -> str:
    _check_keys(found, _KEYS, reading)
    given = found.value
    how, smooth = _type(given.get("type_add"), found, reading)
    models = _models(given.get("Models"), found, how, reading)
    also = _tasks(given, reading, models)
    return "" if reading.problems else _text(stem, how, smooth, models, also, reading.source)


def _check_keys(at: Literal, known: tuple[str, ...], reading: _Reading) -> None:
    for key, value in at.value.items():
        if key not in known:
            reading.wrong(value, f"unknown key {key!r}{did_you_mean(key, known)}; known: {', '.join(known)}")


def _type(at: Literal | None, whole: Literal, reading: _Reading) -> tuple[str, bool]:
    """Return the blend's type, and whether taxonomy smoothing follows it."""
    if at is None or not isinstance(at.value, str):
        reading.wrong(at or whole, f"`type_add` is a text: {', '.join(TYPES)}, with or without {SMOOTHING}")
        return "direct", False
    words = [w for w in re.split(r"[\s,;+&]+", at.value) if w]
    kinds = [w for w in words if w != SMOOTHING]
    for w in kinds:
        if w not in TYPES:
            reading.wrong(
                at, f"unknown blend type {w!r}{did_you_mean(w, TYPES)}; known: {', '.join(TYPES)}, {SMOOTHING}"
            )
    if len(kinds) > 1:
        reading.wrong(at, f"`type_add` names {len(kinds)} blend types; expected one")
    return (kinds or ["direct"])[0], SMOOTHING in words


def _models(at: Literal | None, whole: Literal, how: str, reading: _Reading) -> list[_Model]:
    if at is None or not isinstance(at.value, list) or not at.value:
        reading.wrong(at or whole, "`Models` is a list of models")
        return []
    out: list[_Model] = []
    for one in at.value:
        if not isinstance(one.value, dict):
            reading.wrong(one, f"a model is a dictionary, got {one.value!r}")
            continue
        _check_keys(one, _MODEL_KEYS, reading)
        made = _model(one, how, reading)
        if made is not None and made.name in [m.name for m in out]:
            reading.wrong(one, f"two models are called {made.name!r}")
        out += [made] if made is not None else []
    return out


def _model(at: Literal, how: str, reading: _Reading) -> _Model | None:
    before = len(reading.problems)
    given: dict[str, Literal] = at.value
    for key in ("Model", "subm", "weight"):
        if key not in given:
            reading.wrong(at, f"a model needs {key!r}")
    if len(reading.problems) > before:
        return None
    weight = _numbers(given["weight"], "weight", 2 if how == "division_attention" else 1, reading)
    xsed = _numbers(given["xSED"], "xSED", 2, reading) if "xSED" in given and given["xSED"].value is not None else None
    file = given["subm"].value
    if not isinstance(file, str):
        reading.wrong(given["subm"], f"`subm` is a file name, got {file!r}")
    shown = str(given["LB"].value) if "LB" in given else ""
    name = re.sub(r"\W+", "_", str(given["Model"].value)).strip("_")
    name = name if re.match(r"[A-Za-z]", name) else f"model_{name}"
    name = f"{name}_model" if name in ("sed", "blend") else name  # names the recipe itself uses
    return None if len(reading.problems) > before else _Model(name, file, weight, xsed, shown)


def _numbers(at: Literal, what: str, count: int, reading: _Reading) -> list[float]:
    found = [v.value for v in at.value] if isinstance(at.value, list) else [at.value]
    numbers = [v for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != len(found) or len(found) != count:
        expected = "a number" if count == 1 else f"{count} numbers"
        reading.wrong(at, f"`{what}` is {expected}, got {found if len(found) != 1 else found[0]!r}")
    elif min(numbers) < 0:
        reading.wrong(at, f"`{what}` cannot be negative")
    return numbers


def _tasks(given: dict[str, Literal], reading: _Reading, models: list[_Model]) -> list[str]:
    """Return the further streams to write, from `task2: save PSSM as ...`; `task1: run SED once` needs nothing."""
    also: list[str] = []
    for key in ("task1", "task2"):
        at = given.get(key)
        words = "" if at is None or at.value is None else str(at.value).strip().lower()
        if at is None or words in ("", "run sed once"):
            continue
        inner = [f"{m.name}_proto" for m in models if m.xsed is not None]
        if words.startswith("save pssm") and inner:
            also += [n for n in inner if n not in also]
        else:
            reading.wrong(
                at, f"unknown task {at.value!r}; known: 'run SED once', 'save PSSM as FILE' (of a model with xSED)"
            )
    return also


def _text(stem: str, how: str, smooth: bool, models: list[_Model], also: list[str], source: str) -> str:
    lines = [f"# Converted from {source}: `type_add` {how}{' and ' + SMOOTHING if smooth else ''}."]
    lines += [f"#   {m.name}: leaderboard {m.shown}" for m in models if m.shown]
    lines.append("# Check the spaces: if a notebook wrote ranks, say `space: rank`; the values alone cannot prove it.")
    if any(m.xsed for m in models):
        lines.append("# xSED blends a model's two branches: save both from its notebook under the names below.")
    lines += ["recipe: 1", f"name: {stem if stem[:1].isalpha() else 'r_' + stem}", "members:"]
    if any(m.xsed for m in models):
        lines.append("  sed: {use: table, path: submission_sed.csv, space: prob}")
    for m in models:
        file = m.file if m.xsed is None else f"{Path(m.file).stem}_proto.csv"
        name = m.name if m.xsed is None else f"{m.name}_proto"
        lines.append(f"  {name}: {{use: table, path: {_quoted(file)}, space: prob}}")
    lines.append("blends:")
    for m in models:
        if m.xsed is not None:
            lines += [
                f"  {m.name}:  # xSED",
                "    by: rank",
                f"    of: {{{m.name}_proto: {m.xsed[0]:g}, sed: {m.xsed[1]:g}}}",
            ]
    lines += ["  blend:", f"    by: {'rank' if how == 'rank.1' else 'direct'}"]
    ranked = {m.xsed is not None for m in models}
    if how != "rank.1" and len(ranked) == 2:
        lines.append("    mixed: true  # the notebook averages probabilities with ranks")
    lines.append(f"    of: {_weights(models, 0)}")
    if how == "division_attention":
        lines.append(
            f"    weights_by: {{split: {{at: {SPLIT}, before: {_weights(models, 0)}, after: {_weights(models, 1)}}}}}"
        )
    if smooth:
        lines += ["    steps:", "      - taxonomy_mean: {genus: 0.15, class_name: 0.05, sonotypes: group}"]
    lines.append("output: blend")
    lines += [f"also: [{', '.join(also)}]"] if also else []
    return "\n".join(lines) + "\n"


def _weights(models: list[_Model], side: int) -> str:
    return "{" + ", ".join(f"{m.name}: {m.weight[side]!r}" for m in models) + "}"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./-]+", text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
