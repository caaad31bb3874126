"""The ranges of numbers that members take: wide enough for any model, too narrow to hang a run or fill the memory."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval, Len

Seconds = Annotated[float, Interval(ge=0.01, le=3600)]  # a window, or the way from one to the next
Hertz = Annotated[float, Interval(ge=0.01, le=1e6)]
Rate = Annotated[int, Interval(ge=10, le=1_000_000)]  # samples of a second
Batch = Annotated[int, Interval(ge=1, le=65_536)]  # windows of one call
Pixels = Annotated[int, Interval(ge=1, le=8192)]
Factor = Annotated[float, Interval(ge=-1e6, le=1e6)]  # of logits, or added to them
Part = Annotated[float, Interval(ge=0, le=1)]
Rolls = Annotated[list[Annotated[int, Interval(ge=-100_000, le=100_000)]], Len(1, 64)]  # in chunks
FrameShift = Annotated[int, Interval(ge=0, le=100_000)]  # frames
Sensitivity = Annotated[float, Interval(ge=0.01, le=100)]  # a factor of logits
Cells = list[Annotated[int, Interval(ge=1, le=4096)]]  # of a block, in time and frequency
Column = Annotated[int, Interval(ge=0, le=100_000)]
