"""Powers of ten as 128-bit words, and what exact conversions between text and float64 share.

Writing follows Giulietti (2020, "The Schubfach way to render doubles"), reading Lemire (2021, "Number parsing at a
gigabyte per second"); both are proved to give the shortest digits and the nearest number.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.core import compiled, read_only

LEAST, MOST = -342, 324  # exponents of ten that a float64 can need
_WORD = 64
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_ROUNDED_UP = -27  # from this exponent up, a reading rounds powers below one up
Words = NDArray[np.uint64]
WORD_BYTES = 8


@cache
def powers_up() -> Words:
    """Return 10^LEAST to 10^MOST (P, 2) as high and low words with the top bit set, rounded up."""
    return _table([_scaled(k, up=True) for k in range(LEAST, MOST + 1)])


@cache
def powers_near() -> Words:
    """Return 10^LEAST to 10^MOST (P, 2) as `powers_up`, but rounded down, except from 10^-27 to 10^-1."""
    return _table([_scaled(k, up=_ROUNDED_UP <= k < 0) for k in range(LEAST, MOST + 1)])


@cache
def whole_powers() -> Words:
    """Return 10^0 to 10^19."""
    return read_only(np.array([10**i for i in range(20)], np.uint64))


@cache
def exact_powers() -> NDArray[np.float64]:
    """Return 10^0 to 10^22, all the powers of ten that float64 holds exactly."""
    return read_only(np.array([10.0**i for i in range(23)]))


def _scaled(exponent: int, *, up: bool) -> int:
    """Return 10^exponent times the power of two that gives it 128 bits."""
    ten = int(10 ** abs(exponent))
    bits = ten.bit_length()
    if exponent >= 0:
        above, below = (ten << (2 * _WORD), 1 << bits)
    else:  # 1 / ten has its top bit at -bits, unless ten is one
        above, below = (1 << (2 * _WORD + bits - 1), ten)
    return -(-above // below) if up else above // below


def _table(values: list[int]) -> Words:
    return read_only(np.array([[v >> _WORD, v & (2**_WORD - 1)] for v in values], np.uint64))


def words_at_bytes(data: NDArray[np.uint8]) -> Words:
    """Return the word that begins at every byte of data (B,), as a view (B - 7,)."""
    assert sys.byteorder == "little"
    view: Words = np.ndarray(len(data) - WORD_BYTES + 1, np.uint64, data.data, strides=(1,))
    return view


@compiled()
def high_word(a: Any, b: Any) -> Any:
    """Return the upper 64 bits of the product of two words."""
    low_a, high_a, low_b, high_b = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    middle = high_a * low_b + (low_a * low_b >> _HALF)
    other = low_a * high_b + (middle & _LOW)
    return high_a * high_b + (middle >> _HALF) + (other >> _HALF)
