"""Users' patterns: the same matches as `re`, and never a search without an end."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core import NameRule, patterns, user_pattern
from blendkit.core.name_presets import PATTERNS
from blendkit.core.patterns import LONGEST_NAME, LONGEST_PATTERN
from blendkit.errors import BlendkitError
from blendkit.training.jobs.clips import grouped

ATOMS = st.sampled_from(
    ["a", "S", "_", "0", r"\d", r"\w", r"\D", ".", "[^_]", "[a-f]", "[[]", "[]a]", "[^]a]", "[a[]", "[[:a:]", "{", "{e}", r"\{",
     "^", "$", r"\b", "(?i:s)", "(?:a|aa)", "(S)", "(?=a)", "[a{1}]", "~", "&&", "[a~~b]", "[a||b]", "é"]
)  # fmt: skip
COUNTS = st.sampled_from(["", "", "?", "*", "+", "*?", "{2}", "{1,3}", "{,2}"])
NAMES = st.text("aAS_0123[]{}e:~&|éÉ/-. ", max_size=12)


@given(st.lists(st.tuples(ATOMS, COUNTS), min_size=1, max_size=5), NAMES)
def test_matches_are_those_of_re(parts: list[tuple[str, str]], name: str) -> None:
    text = "".join(a + c for a, c in parts)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            plain = re.compile(text)
    except re.error:
        with pytest.raises(BlendkitError, match="is not a regular expression"):
            user_pattern(text, "--group")
        return
    found, expected = user_pattern(text, "--group").search(name), plain.search(name)
    assert (found and (found.span(), found.groups())) == (expected and (expected.span(), expected.groups()))


@pytest.mark.parametrize("preset", PATTERNS)
def test_presets_written_as_patterns_read_the_same(preset: str) -> None:
    names = ["x_S22_20211231_201500", "20200101_053000T", "5E90A4D4", "SM4-01_20200101_053000",
             "20200101T053000+1000_REC_[-27.3888+152.8808]", "2023-05-01-birdnet-05:30:00", "site-2020-01-01_05-30",
             "A_20200101_053000Z", "2020-01-01T05-30-00"]  # fmt: skip
    own = NameRule(f"(?:{PATTERNS[preset]})")
    expected = [str(NameRule(PATTERNS[preset]).read(n)) for n in names]
    assert [str(own.read(n)) for n in names] == expected
    assert any("fits=True" in e for e in expected)


@pytest.mark.parametrize(
    ("pattern", "limit"),  # the limit of users once; for what else has no end, a shorter one
    [(r"(?P<site>(a|a)*)$", 1), (r"(?P<site>(a|aa)+)$", 0.1), (r"(?P<site>(a|[a-z])+)$", 0.1)],
)
def test_a_pattern_without_an_end_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, pattern: str, limit: float
) -> None:
    assert patterns.LIMIT_S == 1
    monkeypatch.setattr(patterns, "LIMIT_S", limit)
    name = "a" * 60 + "!"
    began = time.process_time()
    with pytest.raises(BlendkitError) as caught:
        NameRule(pattern).read(name)
    assert time.process_time() - began < 3
    assert "names: pattern: the pattern" in str(caught.value)
    assert pattern in str(caught.value)
    assert name in str(caught.value)
    with pytest.raises(BlendkitError, match=rf"--group: the pattern .* takes longer than {limit} s on the name"):
        grouped(["b_a", name], pattern)


def test_long_names_and_patterns_are_refused() -> None:
    with pytest.raises(BlendkitError, match=f"a name of {LONGEST_NAME + 1} letters, at most {LONGEST_NAME}"):
        user_pattern("a", "--group").search("a" * (LONGEST_NAME + 1))
    assert user_pattern("a$", "--group").search("a" * LONGEST_NAME) is not None
    with pytest.raises(BlendkitError, match=f"a pattern of {LONGEST_PATTERN + 1} letters, at most {LONGEST_PATTERN}"):
        user_pattern("a" * (LONGEST_PATTERN + 1), "--group")


def test_counts_that_only_one_of_both_packages_takes_are_refused() -> None:
    for text in ("a{99999999999999999999}", "(" * 400 + ")" * 400, r"\p{L}", "(?R)", "(?<=a+)b"):
        with pytest.raises(BlendkitError, match="is not a regular expression"):
            user_pattern(text, "--group")
