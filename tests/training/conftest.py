"""Small examples whose classes one block tells apart, and one fit of a head on them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from blendkit.training.examples import Examples
from blendkit.training.settings import Mixture, Schedule
from tests.untraced import export_untraced

Make = Callable[..., Examples]


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_torch() -> None:
    """Let torch work on one thread: the workers share the cores already, and more threads would only wait."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
        export_untraced()


def made(clips: int = 36, chunks: int = 18, kind: str | None = None, seed: int = 0, prefix: str = "r") -> Examples:
    rng = np.random.default_rng(seed)
    n = clips + chunks
    of = np.arange(n) % 3
    features = {
        "a": rng.standard_normal((n, 4)).astype(np.float32),
        "b": (rng.standard_normal((n, 5)) + 3 * np.eye(5)[of]).astype(np.float32),
    }
    names = np.array([f"{prefix}{i}" for i in range(n)])
    kinds = np.array(["clip"] * clips + ["chunk"] * chunks) if kind is None else np.full(n, kind)
    targets = np.eye(3, dtype=np.float32)[of]
    return Examples(features, targets, np.array([f"{x}_5" for x in names]), names, names, kinds, ("x", "y", "z"))


@pytest.fixture(scope="session")
def make_examples() -> Make:
    """Rows of three classes that lie apart in block `b` and not in block `a`."""
    return made


@pytest.fixture(scope="session")
def head_fit() -> Any:
    """A small job: four epochs of a scalar mix in three folds."""
    from blendkit.training.cross_fit import HeadFit
    from blendkit.training.head_networks import HeadShape, Token

    shape = HeadShape("scalarmix", (Token("a"), Token("b")), {"a": (4,), "b": (5,)}, 3, width=8)
    return HeadFit(shape, Schedule(epochs=6, batch=16), Mixture(fewest=256), folds=3)


@pytest.fixture(scope="session")
def fitted(make_examples: Make, head_fit: Any) -> Any:
    """The fit of that job on these rows."""
    from blendkit.training.cross_fit import fit_seqhead

    return fit_seqhead(make_examples(), head_fit, None)
