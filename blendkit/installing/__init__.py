"""What a machine needs before its first run: packages where there is no network, and compiled loops.

In goes a folder, or nothing; out come wheels that pip installs without an index, checked in an environment of their
own, or loops that are compiled and cached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.installing.compiling_ahead import WarmedUp, warm_up
    from blendkit.installing.wheels import Target, Wheelhouse, make_wheelhouse
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "Target",
    "WarmedUp",
    "Wheelhouse",
    "make_wheelhouse",
    "warm_up",
]
