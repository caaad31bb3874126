"""How large a recipe may be: far above any that a person writes, and small enough to be refused in under a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from blendkit.errors import BlendkitError, why_no_file

LETTERS = 1 << 18  # of a recipe
SCALAR = 10_000  # letters of one value or key
DEPTH = 40  # brackets and indents inside each other
TOKENS = 20_000  # words and marks: a list of 8,000 class ids has 16,000
STEPS = 500  # of all streams, gates included
COUNTS = {"members": 200, "streams": 500, "blends": 200}
_WAY_OUT = "a recipe is a short text: scores, class lists and names belong in files of their own"
_OPEN = (
    yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken, yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken,
)  # fmt: skip
_CLOSE = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def read_recipe(path: Path) -> str:
    """Return the text of a recipe file. Raises BlendkitError if it is no text in UTF-8, or too large to be a recipe."""
    try:
        with path.open("rb") as file:
            data = file.read(4 * LETTERS + 1)  # a letter has at most four bytes
        if len(data) > 4 * LETTERS:
            raise _too_much(path.name, f"it has {path.stat().st_size} bytes, at most {4 * LETTERS} are read")
        return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BlendkitError(f"{path}: cannot read this recipe", [why_no_file(path, error)]) from error


def require_short(text: str, source: str) -> None:
    """Raise BlendkitError for a text that is longer than a recipe may be. source: names it in the message."""
    if len(text) > LETTERS:
        raise _too_much(source, f"it has {len(text)} letters, at most {LETTERS} are read")


def bounded_tokens(text: str, source: str) -> Iterator[yaml.Token]:
    """Yield the tokens of a YAML text up to its end.

    Raises BlendkitError with the line where it is nested too deeply, has a value that is too long, or has too many
    words and marks; and what `yaml.scan` raises.
    """
    depth = 0
    for number, token in enumerate(yaml.scan(text), 1):
        depth += isinstance(token, _OPEN) - isinstance(token, _CLOSE)
        line = f"line {token.start_mark.line + 1}"
        if depth > DEPTH:
            raise _too_much(source, f"{line}: nested {depth} deep, at most {DEPTH} are read")
        if isinstance(token, yaml.ScalarToken) and len(token.value) > SCALAR:
            raise _too_much(source, f"{line}: a value of {len(token.value)} letters, at most {SCALAR} are read")
        if number > TOKENS:
            raise _too_much(source, f"{line}: more than {TOKENS} words and marks up to here, at most {TOKENS} are read")
        yield token


def require_few(data: dict[str, Any], source: str) -> None:
    """Raise BlendkitError for raw recipe data with more members, streams, blends or steps than a recipe may have."""
    problems = [
        f"{len(data[section])} {section}, at most {most} are allowed"
        for section, most in COUNTS.items()
        if isinstance(data.get(section), dict) and len(data[section]) > most
    ]
    streams = [s for section in COUNTS if isinstance(data.get(section), dict) for s in data[section].values()]
    steps = sum(_steps(s.get("steps")) for s in streams if isinstance(s, dict))
    problems += [f"{steps} steps, at most {STEPS} are allowed"] if steps > STEPS else []
    if problems:
        raise _too_much(source, *problems)


def _steps(steps: Any) -> int:
    """Return how many steps a list has, with the gates in it, which may hold gates."""
    if not isinstance(steps, list):
        return 0
    return len(steps) + sum(_steps(s.get("gates")) for s in steps if isinstance(s, dict))


def _too_much(source: str, *problems: str) -> BlendkitError:
    return BlendkitError(f"{source}: too large for a recipe", [*problems, _WAY_OUT])
