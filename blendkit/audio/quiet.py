"""What libmpg123 writes to the terminal by itself: dropped, for the status of a recording says it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

from blendkit.terminal import without_noise

_NOISE = re.compile(rb"\[src/libmpg123|Warning: Xing|(Warning|Note): .*(MPEG|Xing|frame)|part2_3_length")


def without_mpg123_noise() -> AbstractContextManager[None]:
    """Keep libmpg123's remarks on damaged frames from the terminal, and nothing else."""
    return without_noise(_NOISE)
