"""JSON of others: what could not be written again, or not computed with, is refused when it is read."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import json_value

ROOT = Path(__file__).parents[2]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.booleans())
def test_what_can_be_written_is_read(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json_value(text) == json_value(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("[9223372036854775808]", "a whole number beyond 64 bits: 9223372036854775808"),
        ("-9223372036854775809", "beyond 64 bits"),
        ("9" * 5000, "beyond 64 bits"),
        (r'{"\ud800": 1}', r"half a letter: '\\ud800'"),
        (r'"\uDE00\uD83D"', "half a letter"),
        ("", "Expecting value"),
        (b"\xff", "can't decode"),
    ],
)
def test_what_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        json_value(text)


def test_what_looks_odd_and_is_not() -> None:
    assert json_value(r'"\ud83d\ude00"') == "\U0001f600"
    assert json_value(b"\xef\xbb\xbf[1]") == [1]  # as editors of Windows save it
    assert json_value("[9223372036854775807, -9223372036854775808]") == [(1 << 63) - 1, -(1 << 63)]


def test_nothing_reads_json_past_these_checks() -> None:
    found = []
    for path in [*ROOT.glob("blendkit/**/*.py"), *ROOT.glob("members/*.py")]:
        calls = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call))
        found += [path.name for c in calls if ast.unparse(c.func) in ("json.loads", "json.load")]
    assert found == ["json_texts.py"]
