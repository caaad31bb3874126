"""An op: classes that call at night alone lose logits by day."""

from typing import Annotated

import numpy as np
from annotated_types import Interval

from blendkit.ops import ClassIds, Keys, RowsOf, op


@op("night_voices", scope="chunk", classwise=True, spaces=("logit",), needs=("hour",))
def night_voices(
    x: np.ndarray, *, rows: RowsOf, classes: ClassIds,
    night: Annotated[tuple[str, ...], Keys("classes")] = (), penalty: Annotated[float, Interval(ge=0, le=20)] = 2.0,
) -> np.ndarray:  # fmt: skip
    """Take `penalty` off the logits of some classes from 6 to 18 hours.

    x: (N, C) logits. night: the classes that call at night alone; penalty: in logits. Chunks of unknown hour stay as
    they are. Returns (N, C) in the dtype of x.
    """
    out = x.copy()
    by_day = (rows.hour >= 6) & (rows.hour < 18)  # -1 where the hour is not known
    for c in night:
        if c in classes:
            out[by_day, classes.index(c)] -= np.asarray(penalty, x.dtype)
    return out
