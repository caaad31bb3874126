"""Regular expressions that users give: searched as `re` does, but never longer than a moment.

`re` can take years over a short name, and cannot be stopped. The package `regex` reads nearly the same language and
takes a time limit; where it would read a pattern in another way, the pattern is rewritten so that both agree.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blendkit.errors import BlendkitError, brief

LONGEST_PATTERN = 1000  # letters
LONGEST_NAME = 5000  # letters: a path has at most 4096
LIMIT_S = 1.0  # for one name, of which most take a millionth
_OTHERWISE = re.compile(r"\\N\{[^}]*\}|\\.|\[\^?\]?|\]|\{(?!\d*,?\d*\})", re.DOTALL)


@dataclass(frozen=True, eq=False)
class UserPattern:
    """A pattern that was checked. said: where it was given, for messages; groups: how many it has; named: by name."""

    text: str
    said: str
    groups: int
    named: Mapping[str, int]
    compiled: Any

    def search(self, name: str) -> re.Match[str] | None:
        """Return the first match in a name, as `re.search` does.

        Raises BlendkitError naming the pattern and the name if the search takes longer than a second, and for a name
        of more than 5000 letters.
        """
        if len(name) > LONGEST_NAME:
            what = f"a name of {len(name)} letters, at most {LONGEST_NAME} are searched"
            raise BlendkitError(f"{self.said}: {what}", [brief(name)])
        try:
            found: re.Match[str] | None = self.compiled.search(name, timeout=LIMIT_S)
        except TimeoutError as error:
            slow = f"the pattern {brief(self.text)!r} takes longer than {LIMIT_S:g} s on the name {brief(name)!r}"
            way = "repeat nothing that is itself repeated: `(a+)+` becomes `a+`; say `[^_]+` for what `.+` stands for"
            raise BlendkitError(f"{self.said}: {slow}", [way]) from error
        return found


def user_pattern(text: str, said: str) -> UserPattern:
    """Return a user's pattern. said: the option or key that gave it, for messages.

    Raises BlendkitError for what is not a regular expression, and for one of more than 1000 letters.
    """
    if len(text) > LONGEST_PATTERN:
        raise BlendkitError(f"{said}: a pattern of {len(text)} letters, at most {LONGEST_PATTERN} are read")
    import regex

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of sets that a later Python may read in another way
            plain = re.compile(text)
        compiled = regex.compile(_for_regex(text), regex.VERSION0)
    except (re.error, regex.error, OverflowError, RecursionError) as error:
        raise BlendkitError(f"{said}: {brief(text)!r} is not a regular expression", [str(error)]) from error
    return UserPattern(text, said, plain.groups, dict(plain.groupindex), compiled)


def _for_regex(text: str) -> str:
    """Return a pattern that `regex` reads as `re` does `text`: `[` in a set and `{` that counts nothing are letters."""
    inside = False

    def as_letter(found: re.Match[str]) -> str:
        nonlocal inside
        part = found[0]
        if part.startswith("\\"):
            return part
        if part.startswith("["):
            opening = not inside
            inside = opening or not part.endswith("]")
            return part if opening else "\\" + part
        if part == "]":
            inside = False
            return part
        return "\\{"

    return _OTHERWISE.sub(as_letter, text)
