"""What of the facts behind two stores differs, in words."""

from __future__ import annotations

from typing import Any

_LONG = 40  # letters; of a longer text only the place where two part is shown


def differing_facts(one: Any, other: Any) -> list[tuple[str, str, str]]:
    """Return (key, value of one, value of the other) of what differs in two nested facts, sorted by key."""
    a, b = _flat(one), _flat(other)
    return [(k, *_apart(a.get(k), b.get(k))) for k in sorted({*a, *b}) if a.get(k) != b.get(k)]


def _flat(facts: Any, at: str = "") -> dict[str, Any]:
    if not isinstance(facts, dict):
        return {at: facts}
    return {k: v for key, value in facts.items() for k, v in _flat(value, f"{at}.{key}".strip(".")).items()}


def _apart(a: object, b: object) -> tuple[str, str]:
    """Return two differing values as texts, long ones cut to the place where they part: beginnings alone may agree."""
    one, other = ("nothing" if v is None else str(v) for v in (a, b))
    if one == other:  # such as the number 1 and the text '1'
        return repr(a), repr(b)
    agree = next((i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
    start = max(0, agree - 8) if max(len(one), len(other)) > _LONG else 0
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    if len(text) <= _LONG:
        return text
    return f"{'...' if start else ''}{text[start : start + 20]}{'...' if len(text) > start + 20 else ''}"
