"""What people write as the answer to a clip of a review: yes, no or unsure."""

from __future__ import annotations

_TEXTS = {
    "y": ("y", "yes", "1", "true"),
    "n": ("n", "no", "0", "false"),
    "u": ("u", "unsure", "unknown", "?"),
}
_MEANING = {text: answer for answer, texts in _TEXTS.items() for text in texts} | {"": ""}


def meaning_of(text: str) -> str | None:
    """Return y, n, u or "" for what somebody wrote as an answer; None if it is none."""
    return _MEANING.get(text.strip().lower())
