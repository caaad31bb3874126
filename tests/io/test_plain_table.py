"""Large plain tables are read at once, and as the reader of every form reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blendkit.errors import BlendkitError
from blendkit.io import plain_table, text_tables
from blendkit.io.plain_table import coded
from blendkit.io.text_tables import parse_table

LINES = st.lists(
    st.lists(st.sampled_from(["1", "a b", "", " ", "é", '"q"', "x;y"]), min_size=1, max_size=3), max_size=5
)


def either(text: str, letters: int) -> pd.DataFrame | list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_table, "_LETTERS", letters)
        try:
            return parse_table(text, "t.csv")
        except BlendkitError as error:
            return [error.title, *error.problems]


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@example([["1", "2"], ["3", "4"]], "\r\n", True)
def test_a_plain_table_is_read_as_any_other(lines: list[list[str]], end: str, ended: bool) -> None:
    text = end.join(",".join(cells) for cells in [["a", " b "], *lines]) + end * ended
    plain, any_other = either(text, 0), either(text, 10**9)
    if isinstance(any_other, list):
        assert plain == any_other
    else:
        assert isinstance(plain, pd.DataFrame)
        pd.testing.assert_frame_equal(plain, any_other, check_index_type=False)


def test_what_is_plain() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_table, "_LETTERS", 0)
        found = plain_table.plain_table("a,b\n1,\n2,x\n", ",")
        assert found is not None
        assert found.index.tolist() == [2, 3]
        assert found.to_numpy().tolist() == [["1", ""], ["2", "x"]]
        for other in (
            'a,b\n"1",2\n',
            "a,b\n1,2\n\n3,4\n",
            "a,b\n,\n",
            "a,b\n1\n",
            "a,a\n1,2\n",
            "a,\n1,2\n",
            "a,b\n1,2\r3,4\n",
        ):
            assert plain_table.plain_table(other, ",") is None
    assert plain_table.plain_table("a,b\n1,2\n", ",") is None  # a small one
    assert text_tables.plain_table is plain_table.plain_table


def test_texts_of_a_column() -> None:
    column: pd.Series[Any] = pd.Series(["b", "a", "b"], dtype=str)
    codes, different = coded(column)
    assert np.array(different)[codes].tolist() == ["b", "a", "b"]
