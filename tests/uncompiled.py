"""librosa as an oracle, without the loops that it compiles at its import: a new machine takes over 20 s for them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numba
import pytest

LOOPS = ("vectorize", "guvectorize")  # of numba, which these decorators call at once


def librosa_oracle() -> Any:
    """Return `librosa` with its spectrograms imported; of its compiled loops, these need only what acts on arrays, too."""

    def as_it_is(*_: object, **__: object) -> Callable[[Any], Any]:
        return lambda function: function

    with pytest.MonkeyPatch.context() as patch:
        for name in LOOPS:
            patch.setattr(numba, name, as_it_is)
        importlib.import_module("librosa.feature.spectral")
    return importlib.import_module("librosa")
