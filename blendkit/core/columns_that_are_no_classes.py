"""Names of columns that are no classes: what tables say of their files, models and statistics."""

from __future__ import annotations

import re

# fmt: off
_WORDS = frozenset({
    "target", "targets", "truth", "pred", "preds", "prediction", "predictions", "prob", "probs", "probability",
    "score", "scores", "logit", "logits", "confidence", "conf", "mean", "avg", "average", "median", "max", "maximum",
    "min", "minimum", "std", "stdev", "var", "variance", "sum", "total", "n", "num", "number", "count", "counts",
    "rank", "extra", "version", "file", "files", "row", "rows", "size", "bytes", "model", "weight", "seed", "epoch",
    "year", "month", "lon", "lat", "longitude", "latitude", "fold", "folds", "split", "chunk", "index", "id",
    "label", "labels", "duration", "week", "day", "date", "minute", "second", "seconds", "time", "start", "end", "site",
    "window", "frame", "sample", "is", "train", "val", "valid", "test", "unnamed", "level",
    "dow", "doy", "weekday", "obs", "observer", "observers", "top", "top1", "top2", "top3", "top5",
    "entropy", "threshold", "loss", "auc", "quality", "rating", "channel", "channels", "rate", "length", "idx", "best",
})
# fmt: on


_MADE_BY_PANDAS = re.compile(r"|index|level_\d+|unnamed: \d+(_level_\d+)?|__index_level_\d+__", re.IGNORECASE)


def numbers_rows(column: str) -> bool:
    """Return whether a column has a name that pandas and polars give to numbers of rows: ``, `Unnamed: 0`, `index`."""
    return _MADE_BY_PANDAS.fullmatch(column.strip()) is not None


def is_bookkeeping(column: str) -> bool:
    """Return whether all words of a column are of statistics and files (`mean_prob`, `n`, `file_size`), never a class.

    No eBird code, scientific or common name consists of such words alone, and a number alone is no word.
    """
    words = [w for w in re.findall(r"[^\W_]+", column.lower()) if not w.isdecimal()]
    return bool(words) and words != ["train"] and _WORDS.issuperset(words)  # a train alone is a sound
