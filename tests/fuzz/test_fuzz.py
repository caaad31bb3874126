"""Short fuzzing of every target, and the finds of longer runs again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, check, of_text

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


def test_the_long_fuzzer_lists_its_targets() -> None:
    script = Path(__file__).with_name("long_fuzz.py")
    done = subprocess.run([sys.executable, script, "--list"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == list(TARGETS)
