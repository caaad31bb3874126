"""What people write as the answer to a clip of a review: yes, no or unsure."""

from __future__ import annotations

from blendkit.core import without_accents

_TEXTS = {
    "y": ("y", "yes", "1", "true", "j", "ja", "o", "oui", "s", "si", "sim"),
    "n": ("n", "no", "0", "false", "nein", "non", "nao", "nee"),
    "u": ("u", "unsure", "unknown", "?", "unklar", "unsicher", "incertain", "dudoso", "incerto", "onzeker"),
}  # English, German, French, Spanish, Portuguese, Italian and Dutch, without accents
_MEANING = {text: answer for answer, texts in _TEXTS.items() for text in texts} | {"": ""}


def meaning_of(text: str) -> str | None:
    """Return y, n, u or "" for what somebody wrote as an answer; None if it is none."""
    return _MEANING.get(without_accents(text.strip().lower()))
