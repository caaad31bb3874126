"""The experiment ledger: an append-only file with one line per measured recipe and per leaderboard score.

Each line is a JSON object. `{"kind": "oof", "recipe": NAME, "sha256": HASH, "oof": X, "low": X, "high": X,
"rows": N, "on": HASH OF THE ROWS, "from": COMMAND}` is a figure that a command measured; `{"kind": "lb", "recipe": NAME
or the start of a hash, "public": X, "private": X}` is added by hand or by `blendkit compare --lb`. A line that starts
as an object and does not end as one was cut short when a process ended: it is left out, with a note.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from blendkit.core import json_value
from blendkit.errors import BlendkitError, did_you_mean, shorten, why_no_file
from blendkit.events import ignore_text
from blendkit.store import add_line, check_place, make_folder

_NUMBERS, _TEXTS = ("oof", "low", "high", "public", "private"), ("recipe", "sha256")
T = TypeVar("T")
IN_SAMPLE = "in-sample"
_TUNED = "tuned"  # true of a figure on recordings that the recipe was tuned on
_NEEDS = {"oof": ("recipe", "sha256", "oof"), "lb": ("recipe",)}


@dataclass(frozen=True)
class Experiment:
    """The latest entry of a recipe: its out-of-fold figure with its interval, and leaderboard scores if any.

    source: the command that measured it; figures of `search` are nested ones. `in-sample` where the recipe was tuned on
    the labels: such a figure never takes the place of one that is not. names: all under which it was measured;
    figures: {the rows it was measured on: (the figure, whether it is in-sample)}, the latest last.
    """

    recipe: str
    sha256: str
    oof: float
    low: float
    high: float
    public: float | None
    private: float | None
    source: str
    names: tuple[str, ...] = ()
    figures: Mapping[str, tuple[float, bool]] = field(default_factory=dict)


def append_entry(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one line, flushed to disk; many processes may do so at once, and a last line cut short stays alone."""
    check_place(path, folder=False)
    make_folder(path.parent)
    add_line(path, json.dumps(dict(entry), ensure_ascii=False, allow_nan=False, sort_keys=True))


def check_entry(path: Path, entry: Mapping[str, Any]) -> str:
    """Return which recipe a leaderboard entry belongs to where several have its name, else "".

    Raises BlendkitError, with the nearest name, if it belongs to no measured recipe.
    """
    known = read_ledger(path) if path.exists() else []
    own = _called(entry, known, lambda e: ((e.recipe,), e.names, e.sha256))
    if len(own) > 1:
        several = shorten([e.sha256[:8] for e in own])
        return f"{len(own)} recipes are called {entry['recipe']!r}: the last that was measured is meant, of {several}"
    if not own:
        near = did_you_mean(entry["recipe"], {n for e in known for n in e.names})
        raise BlendkitError(
            f"{path}: no measured recipe is {entry['recipe']!r}{near}",
            ["`blendkit compare A B --ledger` measures recipes and adds them"],
        )
    return ""


def read_ledger(path: Path, note: Callable[[str], None] = ignore_text) -> list[Experiment]:
    """Return the ledger's experiments by the time of their latest measurement, with the figures of that one.

    Leaderboard scores belong to the recipe of that name, or hash, that was measured last before them. note: told of
    lines that were cut short, and are left out. Raises BlendkitError listing every other line that is not an entry,
    and scores of recipes never measured.
    """
    problems: list[tuple[int, str]] = []
    found: dict[str, dict[str, Any]] = {}
    names: dict[str, tuple[str, ...]] = {}  # all that a recipe was measured under
    figures: dict[str, dict[str, tuple[float, bool]]] = {}
    for number, entry in _lines(path, problems, note):
        if entry["kind"] == "oof":
            before = found.pop(entry["sha256"], {})
            names[entry["sha256"]] = (*names.get(entry["sha256"], ()), str(entry["recipe"]))
            board: dict[str, Any] = {k: before[k] for k in ("public", "private") if k in before}
            worse = before and entry.get(_TUNED) and not before.get(_TUNED)
            found[entry["sha256"]] = before if worse else {**board, **entry}  # the last measured comes last
            _remember(figures.setdefault(entry["sha256"], {}), entry)
            continue
        hashes = _called(entry, list(found), lambda h: (names[h][-1:], names[h], h))
        if hashes:
            found[hashes[-1]] |= {k: float(entry[k]) for k in ("public", "private") if entry.get(k) is not None}
        else:
            near = did_you_mean(entry["recipe"], {n for own in names.values() for n in own})
            problems.append((number, f"no recipe measured before is {entry['recipe']!r}{near}"))
    if problems:
        raise BlendkitError(f"{path}: unusable lines", [f"line {n}: {text}" for n, text in sorted(problems)])
    return [_experiment(e, names[h], figures[h]) for h, e in found.items()]


def _called(
    entry: Mapping[str, Any], known: Sequence[T], of: Callable[[T], tuple[Sequence[str], Sequence[str], str]]
) -> list[T]:
    """Return the measured recipes that an entry means: by their latest name or hash, else by an earlier name.

    of: the latest name, all names and the hash of each.
    """
    named = str(entry["recipe"])
    now = [k for k in known if named in of(k)[0] or (len(named) >= 6 and of(k)[2].startswith(named))]
    return now or [k for k in known if named in of(k)[1]]


def _experiment(e: Mapping[str, Any], names: Sequence[str], figures: Mapping[str, tuple[float, bool]]) -> Experiment:
    low, high = (float(e[k]) if e.get(k) is not None else math.nan for k in ("low", "high"))
    lb = (e.get("public"), e.get("private"))
    source = IN_SAMPLE if e.get(_TUNED) else str(e.get("from", ""))
    named = tuple(dict.fromkeys(names))
    return Experiment(e["recipe"], e["sha256"], float(e["oof"]), low, high, *lb, source, named, figures)


def _lines(
    path: Path, problems: list[tuple[int, str]], note: Callable[[str], None]
) -> list[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_bytes().split(b"\n")  # of text, some letters of a name would end a line, too
    except OSError as error:
        raise BlendkitError(f"{path}: cannot read this ledger", [why_no_file(path, error)]) from error
    out = []
    for number, line in enumerate(map(bytes.strip, lines), 1):
        if not line:
            continue
        if line.startswith(b"{") and not line.endswith(b"}"):
            note(f"{path}: line {number} was cut short when a process ended, and is left out")
            continue
        try:
            entry = json_value(line)
            lacks = [k for k in _NEEDS[entry["kind"]] if entry.get(k) is None]
            bad = [f"{k} must be a number" for k in _NUMBERS if not isinstance(entry.get(k), int | float | None)]
            bad += [f"{k} must be a text" for k in _TEXTS if not isinstance(entry.get(k), str | None)]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems.append((number, f"not an entry ({type(error).__name__}: {error})"))
            continue
        if lacks or bad:
            problems.append((number, f"lacks {lacks}" if lacks else "; ".join(bad)))
        else:
            out.append((number, entry))
    return out


@dataclass(frozen=True)
class Transfer:
    """The gains of a recipe over a reference recipe, out of fold and on the leaderboard.

    oof_gain: on rows that both were measured on, None if there are none. in_sample: one of the two was tuned on the
    labels, so that its figure promises more than it can keep.
    """

    reference: str
    recipe: str
    oof_gain: float | None
    public_gain: float | None
    private_gain: float | None
    in_sample: bool = False


def ledger_transfers(experiments: Sequence[Experiment]) -> list[Transfer]:
    """Return the gains of every recipe with a leaderboard score over the first that has one."""
    scored = [e for e in experiments if e.public is not None or e.private is not None]
    if not scored:
        return []
    first, *others = scored
    return [_transfer(first, e) for e in others]


def _transfer(first: Experiment, other: Experiment) -> Transfer:
    gain, in_sample = _on_the_same_rows(first, other)
    boards = _gain(first.public, other.public), _gain(first.private, other.private)
    return Transfer(first.recipe, other.recipe, gain, *boards, in_sample)


def transfer_agreement(found: Sequence[Transfer]) -> tuple[int, int]:
    """Return (how many gains had the same sign out of fold and on the leaderboard, of how many).

    The public score decides, or the private one where there is no public one. A change of 0 never agrees. In-sample
    gains are not counted, nor are those without rows in common.
    """
    held_out = [t for t in found if not t.in_sample]
    pairs = [(t.oof_gain, t.public_gain if t.public_gain is not None else t.private_gain) for t in held_out]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return sum(a * b > 0 for a, b in known), len(known)


def _remember(figures: dict[str, tuple[float, bool]], entry: Mapping[str, Any]) -> None:
    """Keep a figure with those of its recipe: an in-sample one never takes the place of one that is not."""
    rows, tuned = str(entry.get("on") or entry.get("rows", "")), bool(entry.get(_TUNED))
    if tuned and not figures.get(rows, (0.0, True))[1]:
        return
    figures.pop(rows, None)
    figures[rows] = (float(entry["oof"]), tuned)


def _on_the_same_rows(first: Experiment, other: Experiment) -> tuple[float | None, bool]:
    """Return the gain on rows that both were measured on, None if they never were on the same, and if it is in-sample.

    Of several such sets the last counts, before it those that no figure was tuned on.
    """
    common = [rows for rows in other.figures if rows in first.figures]
    if not common:
        return None, IN_SAMPLE in (first.source, other.source)
    pairs = [(first.figures[rows], other.figures[rows]) for rows in common]
    honest = [p for p in pairs if not p[0][1] and not p[1][1]]
    (a, tuned), (b, also) = (honest or pairs)[-1]
    return b - a, tuned or also


def _gain(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else b - a
