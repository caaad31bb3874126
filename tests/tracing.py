"""Let coverage follow what tests call, and not what pytest does around them: it would take twice as long.

Coverage traces every call in a process, of whatever file. Modules of this project are imported under its eyes first;
collecting tests, and what pytest does between their fixtures and calls, goes on without it. Where nothing traces,
nothing changes.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.processes import import_own_modules


@contextmanager
def _tracer(wanted: object) -> Generator[None, None, None]:
    """Trace with `wanted` meanwhile, where None is nothing."""
    before = sys.gettrace()
    sys.settrace(wanted)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.settrace(before)


class TestsAlone:
    """The hooks. tracer: what traces when pytest begins to collect; coverage starts later than plugins are made."""

    tracer: object = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Import the project with the tracer, the tests without it."""
        self.tracer = sys.gettrace()
        if self.tracer:
            import_own_modules()
        with _tracer(None):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Leave out what pytest does for a test."""
        with _tracer(None):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self) -> Generator[None, object, object]:
        """Trace a fixture."""
        with _tracer(self.tracer):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Generator[None, object, object]:
        """Trace a test."""
        with _tracer(self.tracer):
            return (yield)
