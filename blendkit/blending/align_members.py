"""Align members: bring their scores onto the rows and classes of a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from blendkit.core import (
    MissingRows,
    NameRule,
    NewMatrix,
    Rows,
    Scores,
    compare_rows,
    in_memory,
    matched_by_name,
    named_as,
    same_rows,
    shared_rows,
)
from blendkit.errors import BlendkitError, shorten
from blendkit.recipe import Plan
from blendkit.scoring import Opened, facts_hash

MOSTLY_FILLED = "are stand-ins"  # in a note that must not be overlooked
_ALL_MISSING = re.compile(r"\b(\d+) of \1 rows missing:")
_MOSTLY = 0.5  # of the rows


def aligned(
    plan: Plan,
    opened: Opened,
    rows: Rows,
    classes: tuple[str, ...],
    names: NameRule,
    *,
    rehearsal: bool = False,
    release: Callable[[str], Scores] | None = None,
    new_matrix: NewMatrix = in_memory,
    keep: Callable[[Scores], Scores] = lambda scores: scores,
) -> tuple[dict[str, Scores], list[str]]:
    """Bring every member onto the same rows and classes; return their scores, and notes for the user.

    classes: those of the run, empty where only the members' own are known. rehearsal: rows that a member lacks get
    the class's median, whatever the recipe says; so do rows of recordings that a time budget cut off. release:
    returns a finished member's scores and forgets them (`opened.tables.pop`), so that only the streams hold them in
    memory; default: `opened` keeps them. new_matrix: makes the matrices that stores are read into; keep: puts aligned
    scores where whole members are held. Raises BlendkitError naming every member that does not fit.
    """
    model = plan.recipe.model
    notes = [] if classes else _own_classes(opened.tables, "score file" if opened.audio else "member")
    classes = classes or _union([s.classes for s in opened.tables.values()])
    finished = set(opened.tables)
    out, problems = {}, []
    for name in plan.members:
        table = (release or opened.tables.__getitem__)(name) if name in finished else None
        scores = table if table is not None else _stored(name, opened, names, rows, new_matrix)
        policy = model.members[name].missing_rows
        try:
            out[name] = scores.align(
                rows,
                classes or scores.classes,
                source=f"member {name!r}",
                unknown_classes=model.members[name].unknown_classes,
                missing_rows="median" if name in opened.cut or (rehearsal and policy == "error") else policy,
            )
        except BlendkitError as error:
            problems += [f"{error.title}: {p}" for p in error.problems]
            continue  # the user should see every member that does not fit, not only the first
        # the memo's keys start from this hash: streams are shared only where all that made the logits is equal
        out[name] = replace(keep(out[name]), made_by=facts_hash(opened.facts[name]))
        classes = classes or scores.classes  # with neither targets nor tables, the first audio member sets them
        notes += _row_notes(name, scores, rows, policy)
        if table is None and _looks_like_probabilities(scores):
            notes.append(f"member {name!r}: every logit lies in [0, 1]; the model may give probabilities instead")
    if problems:
        raise BlendkitError("members do not fit the expected rows and classes", [*problems, *_ways_out(problems)])
    return out, notes


def _ways_out(problems: Sequence[str]) -> list[str]:
    """Name the keys of a member that let it differ, for those problems that there are."""
    ways = {
        "rows missing:": "`missing_rows: median` on a member fills the rows that it lacks (`nothing` in detections)",
        "unknown classes:": "`unknown_classes: ignore` on a member leaves out the classes that the run lacks; it has "
        "those of its taxonomy and template: `taxonomy: []` and `template: null` for none",
    }
    # where all rows are missing, medians would stand for every one of them
    some = [p for p in problems if not _ALL_MISSING.search(p)]
    other = ["a member that lacks all rows holds scores of other recordings"] if len(some) < len(problems) else []
    return [*(way for told, way in ways.items() if any(told in p for p in some)), *other]


def _own_classes(tables: Mapping[str, Scores], other: str) -> list[str]:
    """Name the classes that only one of several tables has: without a list of the run's they may be no classes.

    other: what the others are called; audio members score the classes of all.
    """
    count = Counter(c for s in tables.values() for c in s.classes)
    own = {n: [c for c in s.classes if count[c] == 1] for n, s in tables.items()} if len(tables) > 1 else {}
    return [f"member {n!r}: {len(c)} classes that no other {other} has: {shorten(c)}" for n, c in own.items() if c]


def rows_of_members(plan: Plan, tables: Mapping[str, Scores]) -> Rows:
    """Return the rows that finished members share, but for those that a recipe fills (`missing_rows:`).

    Raises BlendkitError where others differ.
    """
    policy = {n: plan.recipe.model.members[n].missing_rows for n in tables}
    lack = [n for n, p in policy.items() if p != "error"]
    return shared_rows(tables, lack, [n for n, p in policy.items() if p == "nothing"])


def _looks_like_probabilities(scores: Scores) -> bool:
    if not len(scores) or not scores.covered.any():
        return False
    low = scores.values.min(axis=0)[scores.covered].min()
    high = scores.values.max(axis=0)[scores.covered].max()
    return bool(low >= 0 and high <= 1 and low < high)


def _row_notes(name: str, scores: Scores, rows: Rows, policy: MissingRows) -> list[str]:
    """Count a member's rows that the run does not expect, and the missing ones that got a stand-in."""
    if same_rows(scores.rows, rows):
        return []
    wanted, own = set(rows.ids()), set(named_as(scores.rows, rows).ids())
    missing = len(wanted - own)
    nothing = policy == "nothing"
    if missing > len(wanted) * _MOSTLY and not nothing:
        text = f"member {name!r}: {missing} of {len(wanted)} rows {MOSTLY_FILLED}, the median of each class"
        apart = compare_rows(rows, scores.rows, "the run", f"member {name!r}")
        return [f"{text}: on these it only moves the others' scores, whatever its weight", *filter(None, [apart])]
    notes = {
        "rows beyond the expected ones left out": len(own - wanted),
        "missing rows count as nothing found" if nothing else "missing rows given the class's median": missing,
    }
    apart = compare_rows(rows, scores.rows, "the run", f"member {name!r}") if all(notes.values()) else ""
    said = [f"member {name!r}: {n} {what}" for what, n in notes.items() if n]
    return [*matched_by_name(scores.rows, rows, f"member {name!r}"), *said, *filter(None, [apart])]


def _stored(name: str, opened: Opened, names: NameRule, rows: Rows, new_matrix: NewMatrix) -> Scores:
    store = next(m.store for m in opened.audio if m.name == name)
    assert store is not None
    cut = opened.cut.get(name, frozenset())
    return store.read(names, [r for r in rows.recordings() if r not in cut], new_matrix=new_matrix)


def _union(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c for classes in lists for c in classes))
