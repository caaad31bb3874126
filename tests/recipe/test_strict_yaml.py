from __future__ import annotations

from typing import Any

import pytest

from blendkit.errors import BlendkitError
from blendkit.recipe.strict_yaml import parse, scalar


def value(text: str) -> Any:
    return parse(text, "r.yaml")[0]


def refusal(text: str) -> str:
    with pytest.raises(BlendkitError) as caught:
        parse(text, "r.yaml")
    assert "r.yaml" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # words that plain YAML 1.1 would read as booleans, times or octal numbers
        ("no", "no"),
        ("NO", "NO"),
        ("off", "off"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        # what YAML 1.2 knows
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("22961", 22961),
        ("-3", -3),
        ("+3", 3),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("-1.5e+2", -150.0),
        ("1e5", 100000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("0.93", 0.93),
        # no number at all
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("1e", "1e"),
        ("-", "-"),
        (".", "."),
        ("47158son01", "47158son01"),
        ("tRue", "tRue"),
    ],
)
def test_plain_scalars(text: str, expected: Any) -> None:
    got = scalar(text)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize("text", ["22961", "1e5", "true", "null", "~", "", "0.5", "no"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_scalars_stay_text(text: str, quote: str) -> None:
    assert value(f"key: {quote}{text}{quote}") == {"key": text}


@pytest.mark.parametrize("text", ["|\n  12\n", ">\n  12\n"])
def test_block_scalars_are_text(text: str) -> None:
    assert value(f"key: {text}") == {"key": "12\n"}


def test_keys_stay_text() -> None:
    assert value("22961: a\n1e5: b\ntrue: c\nnull: d\n") == {"22961": "a", "1e5": "b", "true": "c", "null": "d"}


def test_nested_data() -> None:
    text = "a:\n  - {b: 1, c: [x, 2.5]}\n  - no\nd: {}\ne: []\n"
    assert value(text) == {"a": [{"b": 1, "c": ["x", 2.5]}, "no"], "d": {}, "e": []}


def test_every_key_and_item_has_its_line() -> None:
    _, lines = parse("a: 1\nb:\n  - x\n  - c: {d: 2,\n        e: 3}\n", "r.yaml")
    assert lines["a",] == 1
    assert lines["b",] == 2
    assert lines["b", 0] == 3
    assert lines["b", 1, "c"] == 4
    assert lines["b", 1, "c", "d"] == 4
    assert lines["b", 1, "c", "e"] == 5


def test_duplicate_keys_are_refused_with_both_lines() -> None:
    message = refusal("a: 1\nb:\n  x: 1\n  y: 2\n  x: 3\n")
    assert "'x'" in message
    assert "line 5" in message
    assert "line 3" in message


def test_every_duplicate_is_listed() -> None:
    message = refusal("a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n")
    assert message.count("'a'") == 2
    assert message.count("'c'") == 1


def test_a_quoted_key_is_the_same_key() -> None:
    assert "'12'" in refusal('12: a\n"12": b\n')


def test_the_same_key_in_two_mappings_is_fine() -> None:
    assert value("a: {x: 1}\nb: {x: 2}") == {"a": {"x": 1}, "b": {"x": 2}}


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("a: &base\n  x: 1\n", "anchor", 1),
        ("a: 1\nb: *base\n", "alias", 2),
        ("a: 1\n<<: {b: 2}\n", "merge", 2),
        ("a: 1\nb: !!python/object:os.system {}\n", "tag", 2),
        ("a: !!str 1\n", "tag", 1),
        ("a: !own 1\n", "tag", 1),
        ("%YAML 1.1\n---\na: 1\n", "directive", 1),
    ],
)
def test_what_can_surprise_is_refused_with_its_line(text: str, what: str, line: int) -> None:
    message = refusal(text)
    assert what in message
    assert f"line {line}" in message


def test_all_refusals_of_a_file_come_at_once() -> None:
    message = refusal("a: &x 1\nb: !!str 2\nc: *x\n")
    assert all(word in message for word in ("anchors", "tags", "aliases"))


@pytest.mark.parametrize("text", ["*.csv", "&amp"])
def test_signs_at_the_start_of_a_word_need_quotes(text: str) -> None:
    refusal(f"a: {text}\n")
    assert value(f"a: '{text}'\n") == {"a": text}


@pytest.mark.parametrize(
    "text",
    ["a: [1, 2\n", "a: b: c\n", "a:\n\t- b\n", "a: 'open\n", "a: 1\n--- \nb: 2\n", "a: \x07\n", "[" * 1000],
    ids=["open list", "two colons", "tab", "open quote", "two documents", "control character", "depth"],
)
def test_broken_files_are_refused_in_words(text: str) -> None:
    refusal(text)


def test_the_place_of_a_syntax_error_is_given() -> None:
    message = refusal("a: 1\nb: [1,\nc: 2}\n")
    assert "line 3" in message
    assert "column" in message


def test_a_number_too_long_for_python_is_refused_in_words() -> None:
    assert "line 2" in refusal("a: 1\nb: " + "9" * 5000)


def test_four_hundred_digits_are_a_number_and_one_more_is_a_mistake() -> None:
    assert scalar("1" + "0" * 399) == 10**399
    with pytest.raises(ValueError, match="a number of 401 digits"):
        scalar("1" + "0" * 400)


def test_a_key_that_is_no_word_is_refused_in_words() -> None:
    message = refusal("a: 1\n? [b, c]\n: d\n")
    assert "line 2" in message
    assert "ScalarNode" not in message


def test_nothing_is_nothing() -> None:
    assert value("") is None
    assert value("# only a comment\n") is None


@pytest.mark.parametrize("text", ['a: "b\\0.csv"', 'a: ["\\uD800"]', '"k\\0": 1', "a: {b: 'x', c: \"\\uDFFF\"}"])
def test_characters_that_no_file_can_hold_are_refused(text: str) -> None:
    with pytest.raises(BlendkitError) as caught:
        parse(text, "r.yaml")
    assert all(
        p.startswith("line 1: ") and "holds a character that no file can hold" in p for p in caught.value.problems
    )
