import numpy as np
from blendkit_night_voices import night_voices

from blendkit.core import NameRule, rows_from_ids
from blendkit.testing import check_op


def test_it_is_an_op():
    check_op("night_voices", night=("grekis1",))


def test_two_chunks_by_hand():
    at_night, by_day = "BC2026_Test_0001_S01_20240501_230000_5", "BC2026_Test_0002_S01_20240502_120000_5"
    rows = rows_from_ids([at_night, by_day], 5.0, NameRule())
    made = night_voices(np.ones((2, 2)), rows=rows, classes=("owl", "dove"), night=("owl",))
    assert made.tolist() == [[1.0, 1.0], [-1.0, 1.0]]
