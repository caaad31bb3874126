"""Short fuzzing of every target, and the finds of longer runs again."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.long_fuzz import mutator
from tests.fuzz.targets import TARGETS, check, of_text
from tests.fuzz.wild_json import is_json, wild

CORPUS = Path(__file__).parent / "corpus"
PARTS = [
    b"-1",
    b"1e999",
    b"nan",
    b"",
    b"\0",
    b"\xff",
    b"9" * 30,
    b"\n",
    b",",
    b'"',
    b"[",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"\xc2\xb2",
]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 8), st.one_of(st.sampled_from(PARTS), st.binary(max_size=4))), max_size=4
)


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Replace some bytes at places that are parts of the whole."""
    for place, length, new in edits:
        at = round(place * len(data))
        data = data[:at] + new + data[at + length :]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_errors_for_people(name: str) -> None:
    seeds = sorted(TARGETS[name].seeds, key=len)[:6]

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(seeds), EDITS)
    @example(b"", [])
    @example(seeds[0], [])
    def fuzz(seed: bytes, edits: list[tuple[float, int, bytes]]) -> None:
        check(name, edited(seed, edits))

    fuzz()


@pytest.mark.parametrize("name", [n for n, t in TARGETS.items() if is_json(t.seeds[0])])
def test_wild_json_is_an_error_for_people(name: str) -> None:
    for seed in range(20):
        check(name, wild(TARGETS[name].seeds[0], seed))


def test_wild_json_stays_json() -> None:
    line = b'{"a": [1, {"b": "c"}], "d": null}'
    changed = [wild(line, seed) for seed in range(500)]
    assert len(set(changed)) > 200
    assert all(isinstance(json.loads(c), dict) for c in changed)
    assert [wild(line, seed) for seed in range(500)] == changed  # whatever was changed before
    assert wild(b"[", 1) == b"["
    assert [is_json(x) for x in (line, b"[1]\nx", b"[", b"a,b", b"3")] == [True, True, False, False, False]


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda p: p.name)
def test_finds_stay_fixed(path: Path) -> None:
    name = path.name.split(".")[0]
    check(name, path.read_bytes())


def test_a_find_would_be_seen() -> None:
    TARGETS["broken"] = of_text(int)
    try:
        with pytest.raises(ValueError, match="invalid literal"):
            check("broken", b"x")
    finally:
        del TARGETS["broken"]


def test_the_long_fuzzer_lists_its_targets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["long_fuzz.py", "--list"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    runpy.run_path(str(Path(__file__).with_name("long_fuzz.py")), run_name="__main__")
    assert capsys.readouterr().out.split() == list(TARGETS)


def test_the_long_fuzzer_changes_json_as_such() -> None:
    change = mutator(lambda data, longest: b"bytes")
    line = b'{"a": 1}'
    assert change(line, 100, 4) == b"bytes"
    assert isinstance(json.loads(change(line, 1000, 1)), dict)
    assert len(change(line, 1, 1)) == 1
