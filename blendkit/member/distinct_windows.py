"""Windows in batches, each distinct one given to the models once: windows of different shifts may be the same samples.

The values of a window go to every place that it has, in the order of the places, so that sums over shifts are the same
bits as if every place had been scored by itself.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from blendkit.core import Float32, Matrix
from blendkit.member.shift_mean import ShiftSums

CallModel = Callable[[Float32], Sequence[Matrix]]
At = tuple[int, int]  # a window's row, and the number of its shift
_ZEROS = "zeros"  # the key of every window whose samples are all 0
_LOOKED_AT = 8  # samples that tell most windows from silence


@dataclass(eq=False)
class DistinctWindows:
    """A queue of windows on their way through the models.

    call: the models, for a batch (B, size); buffer (batch, size): where a batch is collected; uses: how often each key
    still comes, so that values are kept no longer than they are needed; sums: where the values go.
    """

    call: CallModel
    buffer: Float32
    uses: Counter[Hashable]
    sums: Sequence[ShiftSums]
    _batch: list[Hashable] = field(default_factory=list)
    _values: dict[Hashable, list[Matrix]] = field(default_factory=dict)  # by key; empty while they are on their way
    _waiting: deque[tuple[At, Hashable, float]] = field(default_factory=deque)

    def knows(self, key: Hashable) -> bool:
        """Return whether a window of this key is on its way already: its samples need not be cut again."""
        return key in self._values

    def add(self, at: At, key: Hashable, window: Float32 | None) -> None:
        """Add a window (size,) at its place. Windows of one key are the same samples: None where the key is known."""
        if window is not None and _is_zero(window):
            key = _ZEROS
        self._waiting.append((at, key, 0.0))
        if window is None or key in self._values:
            return
        self.buffer[len(self._batch)] = window
        self._values[key] = []
        self._batch.append(key)
        if len(self._batch) == len(self.buffer):
            self.score()

    def add_silence(self, at: At, value: float) -> None:
        """Add a window that is not given to the models; `value` stands for theirs."""
        self._waiting.append((at, None, value))

    def score(self) -> None:
        """Give the models what is collected, and hand on all values up to the first that is not known yet."""
        if self._batch:
            outputs = self.call(self.buffer[: len(self._batch)])
            self._values |= {key: [o[i] for o in outputs] for i, key in enumerate(self._batch)}
        self._hand_on()
        for key in self._batch:  # a model may write its next values into the same array
            if key in self._values:
                self._values[key] = [v.copy() for v in self._values[key]]
        self._batch = []

    def _hand_on(self) -> None:
        ready: list[tuple[At, list[Matrix]]] = []
        while self._waiting:
            at, key, value = self._waiting[0]
            if key is None:
                self._put(ready)
                ready = []
                for sums in self.sums:
                    sums.add_silence(*at, value)
            elif not self._values[key]:
                break
            else:
                ready.append((at, self._values[key]))
                self._used(key)
            self._waiting.popleft()
        self._put(ready)

    def _put(self, ready: Sequence[tuple[At, list[Matrix]]]) -> None:
        if ready:
            places = [at for at, _ in ready]
            outputs = [np.stack(rows) for rows in zip(*(values for _, values in ready), strict=True)]
            for sums in self.sums:
                sums.add(places, outputs)

    def _used(self, key: Hashable) -> None:
        if key == _ZEROS:  # no place says how many there are: they stay to the end
            return
        self.uses[key] -= 1
        if not self.uses[key]:
            del self._values[key]


def _is_zero(window: Float32) -> bool:
    """Return whether all samples are 0, none of them -0.0, which a model may tell apart."""
    if window[:: len(window) // _LOOKED_AT + 1].any():
        return False
    return not np.ascontiguousarray(window).view(np.int32).any()
