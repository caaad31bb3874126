"""Coverage's tracer stays out of numba, and goes on afterwards."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numba
import pytest

from tests.untraced import untraced


def inner() -> str:
    return "inner"


def after() -> str:
    return "after"


def test_a_tracer_sees_what_comes_after_and_not_what_is_left_out() -> None:
    seen: list[str] = []

    def tracer(frame: FrameType, event: str, arg: Any) -> None:
        seen.append(frame.f_code.co_name)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        assert untraced(inner)() == "inner"
        with pytest.raises(ZeroDivisionError):
            untraced(lambda: 1 // 0)()
        numba.njit(lambda x: x + 1)(1)
        assert sys.gettrace() is tracer
        after()
    finally:
        sys.settrace(before)
    assert "after" in seen
    assert not {"inner", "lower", "run_pass"}.intersection(seen)
