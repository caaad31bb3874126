"""The text of a recipe that blends score files and members, with comments that say why each value stands there."""

from __future__ import annotations

import inspect
import os
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import UnknownClasses, require_path
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.io import ColumnNames, split_label_source
from blendkit.offline.data_lint import FAR
from blendkit.offline.score_facts import WORDS, ScoreFacts
from blendkit.ops import signature
from blendkit.recipe import SCHEMA_LINE, flow_text
from blendkit.registry import MEMBERS, registry

BLEND = "blend"
_WIDTH = 110  # of the comments
_NO_SPREAD = 1e-9  # of another file's spread: rounding of a constant


@dataclass(frozen=True)
class BlendFiles:
    """Which files a recipe blends, and what is known of them.

    files: score files; test: the same models' scores to deliver, in the same order (none: those of `files`); members:
    names of audio members, which score the folder `audio`; labels, taxonomy, template: files, if there are such.
    """

    files: tuple[Path | str, ...] = ()
    test: tuple[Path | str, ...] = ()
    members: tuple[str, ...] = ()
    audio: Path | None = None
    labels: Path | str | None = None
    taxonomy: Path | None = None
    template: Path | None = None

    def __post_init__(self) -> None:
        """Take texts for paths, as everywhere, and refuse what is none."""
        for name in ("audio", "taxonomy", "template"):
            given = getattr(self, name)
            if given is not None:
                require_path(given, name)
                object.__setattr__(self, name, Path(given))


@dataclass(frozen=True, eq=False)
class Draft:
    """What a recipe is written from. root: the folder of its files; by and why: the blend and the reason for it."""

    given: BlendFiles
    facts: tuple[ScoreFacts, ...]
    tests: tuple[ScoreFacts, ...]
    names: ColumnNames
    root: Path
    by: str
    why: str
    weights: Mapping[str, float]
    said: tuple[str, ...] = field(default=())  # of the weights
    tuned_on: tuple[str | dict[str, Any], ...] = ()  # the labels that the weights were chosen on
    unknown_classes: UnknownClasses = "error"

    def text(self, place: Path) -> str:
        """Return the recipe as YAML. place: where the file will lie, for the command in its first comment."""
        data = "" if self.root == place.resolve().parent else f" --data {shown(self.root)}"
        lines = [
            f"# {len(self.weights)} models blended by {self.by}. Run it: blendkit run {shown(place)}{data}",
            *(line for text in self.said for line in _comment(text)),
            SCHEMA_LINE, "recipe: 1", f"name: {BLEND}", *self._inputs(), *self._defaults(), "members:",
        ]  # fmt: skip
        for facts, params in zip(self.facts, self._tables(), strict=True):
            own = {k: v for k, v in params.items() if k not in self._shared()}
            lines += [*_comment(str(facts), 2), f"  {facts.name}: {flow_text({'use': 'table', **own})}"]
        for name in self.given.members:
            lines += _member(name)
        lines += ["blends:", f"  {BLEND}:", *_comment(self.why, 4), f"    by: {self.by}"]
        return "\n".join([*lines, f"    of: {flow_text(dict(self.weights))}", f"output: {BLEND}", ""])

    def _inputs(self) -> list[str]:
        """Every key that names an input: none is found by chance beside the score files."""
        given = self.given
        labels = [] if given.labels is None else [_name(given.labels, self.root)]
        keys: dict[str, Any] = {
            "taxonomy": [] if given.taxonomy is None else [_name(given.taxonomy, self.root)],
            "template": None if given.template is None else _name(given.template, self.root),
            "labels": labels,
        }
        if self.tuned_on:
            keys["tuned_on"] = list(self.tuned_on)
        if given.audio is not None:
            keys["audio"] = [_name(given.audio, self.root)]
        if self.names.chunk_s != ColumnNames().chunk_s:
            keys["chunk_s"] = self.names.chunk_s
        return [f"{k}: {flow_text(v)}" for k, v in keys.items()]

    def _tables(self) -> list[dict[str, Any]]:
        out = []
        for i, f in enumerate(self.facts):
            params = self._table(f)
            if self.tests:
                other = self._table(self.tests[i])
                alike = {k for k, v in params.items() if k != "path" and v == other[k]}
                params = {k: v if k in alike else {"oof": v, "test": other[k]} for k, v in params.items()}
            params["missing_rows"] = None if f.missing_rows == "error" else f.missing_rows
            params["unknown_classes"] = None if self.unknown_classes == "error" else self.unknown_classes
            params["unlikely"] = True if f.space == "logit" and float(f.scores.values.min()) >= 0 else None
            out.append({k: v for k, v in params.items() if v is not None})
        return out

    def _table(self, f: ScoreFacts) -> dict[str, Any]:
        named = {k: getattr(f.names, k) for k in ("rows", "classes", "folds", "format", "score")}
        return {"path": _name(f.path, self.root), "array": f.array, "space": f.space, **named}

    def _shared(self) -> dict[str, Any]:
        """What all score files have alike, where there are several."""
        first, *others = self._tables() or [{}]
        return {k: v for k, v in first.items() if others and all(o.get(k) == v for o in others)}

    def _defaults(self) -> list[str]:
        shared = self._shared()
        return [f"defaults: {flow_text({'table': shared})}  # of every member with `use: table`"] if shared else []


def root_of(given: BlendFiles, facts: Sequence[ScoreFacts], place: Path) -> Path:
    """Return the folder below which all files lie: that of the recipe where it can be, else the nearest they share."""
    labels = [] if given.labels is None else [split_label_source(given.labels)[0]]
    others = [p for p in (given.audio, given.taxonomy, given.template) if p is not None]
    every = [f.path.parent for f in facts] + [p.resolve().parent for p in (*labels, *others)]
    own = place.resolve().parent
    if all(p.is_relative_to(own) for p in every):
        return own
    try:
        return Path(os.path.commonpath(every))
    except ValueError as error:  # on two drives of Windows
        raise BlendkitError("the files lie on different drives: copy them below one folder") from error


def common_blend(facts: Sequence[ScoreFacts], members: Sequence[str]) -> tuple[str, str]:
    """Return the blend that fits what the files hold, and why.

    Logits and probabilities are averaged as they are where all files hold them on a like scale; else their ranks are.
    """
    if members:
        return "rank", f"rank: the scale of what {members[0]} will give is not known yet"
    spaces = {f.space for f in facts}
    if spaces == {"rank"}:
        return "rank", "rank: every file holds ranks"
    if len(spaces) > 1:
        listed = ", ".join(f"{f.name} {WORDS[f.space]}" for f in facts)
        return "rank", f"rank: only the order can be compared ({listed})"
    space = facts[0].space
    common = [c for c in facts[0].scores.classes if all(c in set(f.scores.classes) for f in facts)]
    spread = {f.name: _spread(f, common) for f in facts}
    low, high = min(spread, key=lambda n: spread[n]), max(spread, key=lambda n: spread[n])
    if spread[low] * FAR < spread[high]:
        far = (
            f"{high}'s {WORDS[space]} spread {spread[high] / spread[low]:.1f} times as far as {low}'s"
            if spread[low] > _NO_SPREAD * spread[high]
            else f"{low}'s {WORDS[space]} do not spread at all"
        )
        return "rank", f"rank: {far}, and a mean would be mostly {high}"
    return space, f"{space}: every file holds {WORDS[space]}, on a like scale"


def _spread(facts: ScoreFacts, classes: Sequence[str]) -> float:
    """The mean standard deviation of the classes."""
    at = {c: i for i, c in enumerate(facts.scores.classes)}
    return float(np.asarray(facts.scores.values)[:, [at[c] for c in classes]].std(axis=0, dtype=np.float64).mean())


def _member(name: str) -> list[str]:
    """A member with the defaults of its parameters as comments."""
    known = registry(MEMBERS)
    parameters = signature(known.get(name))
    if "space" in parameters:
        raise BlendkitError(f"{name} reads score files: name the files themselves", ["--member takes audio members"])
    listed = ["      # its parameters, with their defaults:"]
    for key, (_, context, default) in parameters.items():
        if context is None:
            shown = "REQUIRED" if default is inspect.Parameter.empty else flow_text(default)
            listed.append(f"      # {key}: {shown}")
    known_only = "      unknown_classes: ignore  # those that nothing else in the recipe knows are left out"
    return [f"  {name}:", f"      use: {name}", known_only, *listed]


def require_members(names: Sequence[str], *, runnable: bool) -> None:
    """Raise BlendkitError for members that are not there or twice, and, if they are to run, that need parameters."""
    known = registry(MEMBERS)
    problems = [f"{n!r}: no such member{did_you_mean(n, known.names())}" for n in names if n not in known.names()]
    problems += [f"{n!r} is given twice" for n in dict.fromkeys(names) if list(names).count(n) > 1]
    if not problems and runnable:
        for name in names:
            found = signature(known.get(name)).items()
            needs = [k for k, (_, context, d) in found if context is None and d is inspect.Parameter.empty]
            problems += (
                [f"{name} needs {', '.join(needs)}: write the recipe with `blendkit new` and fill in"] if needs else []
            )
    if problems:
        raise BlendkitError("these members cannot be used here", problems)


def _name(path: Path | str, root: Path) -> str:
    file, inside = split_label_source(path)
    return file.resolve().relative_to(root).as_posix() + (f":{inside}" if inside else "")


def shown(path: Path) -> str:
    """Return a path as a command that is given in this folder names it, on one line."""
    whole, here = path.resolve(), Path.cwd().resolve()
    text = whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.as_posix()
    return shlex.quote("".join(c if c.isprintable() else "?" for c in text))


def _comment(text: str, indent: int = 0) -> list[str]:
    return [f"{' ' * indent}# {line}" for line in textwrap.wrap(text, _WIDTH - indent)]
