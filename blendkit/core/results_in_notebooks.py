"""How results look in a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_ROWS, _COLUMNS = 20, 12


def notebook_view(text: str, frame: pd.DataFrame) -> str:
    """Return one line of text above a table, as HTML; a long or wide table is cut in its middle."""
    return f"<p>{html.escape(text)}</p>{frame.to_html(max_rows=_ROWS, max_cols=_COLUMNS)}"
