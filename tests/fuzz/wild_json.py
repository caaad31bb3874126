"""Changes of JSON that keep it JSON: bytes changed at random are refused by the parser, and reach nothing behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

WILD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1 << 31, 1 << 62, 1 << 63, 10**30, 0.5, -0.5, 1e308, 1e999, -1e999, float("nan")),
    *("", " ", "\0", "\ud800", "../x", "/etc/passwd", "part-0123456789abcdef.parquet", "é" * 300, "=1", "r1", "a"),
    *([], {}, [[]], [None], {"": None}, ["a", "a"], [1, "a"], {"a": {}}, {"\udfff": 1}),
)


def is_json(data: bytes) -> bool:
    """Whether the first line is JSON of a list or an object."""
    return data[:1] in (b"{", b"[") and _read(data.split(b"\n")[0]) is not None


def wild(data: bytes, seed: int) -> bytes:
    """Return the data with one to three changes in one of its lines: a value, a key, or a part of it that goes."""
    random = Random(seed)
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    found = _read(lines[at])
    if not isinstance(found, list | dict):
        return data
    for _ in range(random.choice((1, 1, 2, 3))):
        _change(found, random)
    lines[at] = json.dumps(found).encode()
    return b"\n".join(lines)


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _change(value: Any, random: Random) -> None:
    places = list(_places(value))
    if not places:
        return
    inside, key = random.choice(places)
    what = random.randrange(6)
    if what == 0:
        del inside[key]
    elif what == 1:
        other, name = random.choice(places)
        inside[key] = deepcopy(other[name]) if name in _keys(other) else None
    elif what == 2 and isinstance(inside, dict):
        inside[str(random.choice(WILD))] = inside.pop(key)
    else:
        inside[key] = deepcopy(random.choice(WILD))


def _keys(value: Any) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value below this one: what holds it, and its key or number there."""
    for key in _keys(value):
        yield value, key
        if isinstance(value[key], list | dict):
            yield from _places(value[key])
