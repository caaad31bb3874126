"""Which sample rates can be believed."""

from __future__ import annotations

MIN_RATE, MAX_RATE = 1000, 10_000_000  # Hz; no recorder of animals is slower or faster: the header is broken
