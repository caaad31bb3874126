"""What people write where they are asked whether a class is there: yes, no or unsure."""

from __future__ import annotations

from typing import Literal

from blendkit.core import without_accents

Answer = Literal["y", "n", "u", ""]
_TEXTS: dict[Answer, tuple[str, ...]] = {
    "y": ("y", "yes", "1", "true", "j", "ja", "o", "oui", "s", "si", "sim"),
    "n": ("n", "no", "0", "false", "nein", "non", "nao", "nee"),
    "u": ("u", "unsure", "unknown", "?", "unklar", "unsicher", "incertain", "dudoso", "incerto", "onzeker"),
}  # English, German, French, Spanish, Portuguese, Italian and Dutch, without accents
_OF_TABLES: dict[Answer, tuple[str, ...]] = {  # of columns that say it of every row
    "y": ("1.0", "x", "present", "correct", "confirmed", "true positive", "tp", "valid", "validated", "accepted"),
    "n": (
        "0.0",
        "-1",
        "-1.0",
        "absent",
        "not present",
        "incorrect",
        "rejected",
        "wrong",
        "false positive",
        "fp",
        "invalid",
    ),
    "u": ("(not validated)", "not validated", "unvalidated"),
    "": ("nan", "na", "n/a", "none"),
}
_MEANING: dict[str, Answer] = {text: answer for answer, texts in _TEXTS.items() for text in texts} | {"": ""}
_MEANING_IN_TABLES = _MEANING | {text: answer for answer, texts in _OF_TABLES.items() for text in texts}


def meaning_of(text: str, *, in_tables: bool = False) -> Answer | None:
    """Return y, n, u or "" for what somebody wrote as an answer; None if it is none.

    in_tables: whether it stands in a column about every row, for which programs have words of their own.
    """
    return (_MEANING_IN_TABLES if in_tables else _MEANING).get(without_accents(text.strip().lower()))
