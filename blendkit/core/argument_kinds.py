"""What a Python caller gives, checked where it comes in: a wrong kind is named before anything is done with it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from blendkit.errors import BlendkitError, did_you_mean


def require_path(value: object, what: str, *ways: str) -> None:
    """Raise BlendkitError for a value that is no path of a file: a table in memory, a number, a list.

    what: the argument in words ("scores"); ways: out of it, added to the message.
    """
    if isinstance(value, (str, os.PathLike)):
        return
    raise BlendkitError(f"{what}: expected the path of a file, got {_kind(value)}", ways)


def require_kind(value: object, kinds: type | tuple[type, ...], what: str, *ways: str) -> None:
    """Raise BlendkitError for a value of another kind than those: `scores: expected Scores, got a DataFrame`."""
    if isinstance(value, kinds):
        return
    names = [k.__name__ for k in (kinds if isinstance(kinds, tuple) else (kinds,))]
    raise BlendkitError(f"{what}: expected {' or '.join(names)}, got {_kind(value)}", ways)


def require_choice(value: object, choices: Iterable[str], what: str) -> None:
    """Raise BlendkitError, with the nearest, for a word that is none of the choices."""
    known = list(choices)
    if value not in known:
        near = did_you_mean(value, known)
        raise BlendkitError(f"{what}: expected one of {', '.join(known)}, got {value!r}{near}")


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}" if value is not None else "None"
