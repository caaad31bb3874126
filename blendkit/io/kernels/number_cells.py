"""Compiled reading of numbers in lines of text, each to the nearest float64; anything unusual is left to others.

A number is digits, maybe with a point between them, a minus before them and an exponent behind; lines end in a line
feed, maybe after a carriage return. Whatever else a block holds, from quotes around a number to a missing one, ends the
work on it, and so does a number of which the nearest float64 is not told by 19 digits. Indices are unsigned words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import compiled
from blendkit.io.kernels.powers import LEAST, high_word

SLACK = 32  # bytes that must lie behind the text: whole words are looked at
_U = np.uint64
_ZERO, _ONE, _TWO, _FOUR, _EIGHT, _TEN, _ALL_ONES = _U(0), _U(1), _U(2), _U(4), _U(8), _U(10), _U(2**64 - 1)
_EVERY_FOURTH = _U(0x000000FF000000FF)
_ZEROS = _U(int.from_bytes(b"00000000", "little"))
_SEVEN_BITS, _ABOVE_NINE, _TOPS, _LOWEST = (_U(int.from_bytes([b] * 8, "little")) for b in (0x7F, 0x76, 0x80, 0x01))
_E8, _E11, _E18, _NEAREST = _U(10**8), _U(10**11), _U(10**18), _U(2**53)
_MINUS, _PLUS, _DOT, _LETTER_E, _LINE_END, _RETURN, _QUOTE = b'-+.e\n\r"'
_DIGITS, _LOWER_CASE, _NINE = np.uint8(48), np.uint8(32), np.uint8(9)
_FIRST = -LEAST


@compiled()
def read_rows(
    data: Any, words: Any, size: Any, runs: Any, separator: Any, numbers: Any, texts: Any,
    tens: Any, exact: Any, powers: Any,
) -> Any:  # fmt: skip
    """Read lines of cells; return how many rows there were, and how long texts is: (-1, 0) if any cell is unusual.

    data: `size` bytes of whole lines, and SLACK; words: the words at its bytes. runs (K,): of each column that is the
    first of several of numbers, one past the last; of a column of text its own place. Numbers go to numbers (N, C), the
    cells of other columns to texts, as lines with the same separator.
    """
    p, row, n = _ZERO, _ZERO, _ZERO
    columns = _U(runs.shape[0])
    while p < size:
        if data[p] == _LINE_END or (data[p] == _RETURN and data[p + _ONE] == _LINE_END):
            p += _ONE if data[p] == _LINE_END else _TWO
            continue
        column, number, line = _ZERO, _ZERO, n
        while column < columns:
            end = _U(runs[column])
            if end == column:
                p, n = _copy_text(data, p, separator, texts, n)
                end += _ONE
                texts[n] = separator
                n += _ONE
            else:
                p = _read_numbers(
                    data, words, p, separator, numbers[row, number : number + end - column], tens, exact, powers
                )
                number += end - column
            if p == _ZERO or (end < columns and data[p] != separator):
                return -1, _ZERO
            p += _U(end < columns)
            column = end
        p += _U(data[p] == _RETURN)
        if data[p] != _LINE_END:
            return -1, _ZERO
        if n > line:
            texts[n - _ONE] = _LINE_END
        p += _ONE
        row += _ONE
    return np.int64(row), n


@compiled()
def _copy_text(data: Any, p: Any, separator: Any, texts: Any, n: Any) -> Any:
    """Copy a cell, with its quotes where it stands in some; return where it ends, in data (0: unusual) and in texts."""
    quoted = data[p] == _QUOTE
    if quoted:
        texts[n] = _QUOTE
        p, n = p + _ONE, n + _ONE
        while data[p] != _QUOTE and data[p] != _LINE_END:
            texts[n] = data[p]
            p, n = p + _ONE, n + _ONE
        if data[p] != _QUOTE:
            return _ZERO, n
        texts[n] = _QUOTE
        return p + _ONE, n + _ONE
    while data[p] != separator and data[p] != _LINE_END and data[p] != _RETURN:
        if data[p] == _QUOTE:
            return _ZERO, n
        texts[n] = data[p]
        p, n = p + _ONE, n + _ONE
    return p, n


@compiled()
def _read_numbers(data: Any, words: Any, p: Any, separator: Any, out: Any, tens: Any, exact: Any, powers: Any) -> Any:
    """Read numbers with a separator between them; return where the last one ends, 0 if one is unusual."""
    for i in range(_U(out.shape[0])):
        if i:
            if data[p] != separator:
                return _ZERO
            p += _ONE
        minus = data[p] == _MINUS
        p += _U(minus)
        w, p = _whole_digits(data, p)
        q = np.int64(0)
        if p and data[p] == _DOT:
            start = p + _ONE
            w, p = _more_digits(words, tens, w, start)
            q = -np.int64(p - start)
        if p and data[p] | _LOWER_CASE == _LETTER_E:
            p, x = _read_exponent(data, p + _ONE)
            q += x
        bits = _bits_of(w, q, exact, powers)
        if p == _ZERO or bits == _ALL_ONES:
            return _ZERO
        v = _U(bits).view(np.float64)
        out[i] = -v if minus else v
    return p


@compiled()
def _whole_digits(data: Any, p: Any) -> Any:
    """Return the number of the digits at p, and where they end; where there are none or too many, the first byte."""
    w, start = _ZERO, p
    b = data[p] ^ _DIGITS
    while b <= _NINE:
        if w >= _E18:
            return w, _ZERO
        w, p = w * _TEN + _U(b), p + _ONE
        b = data[p] ^ _DIGITS
    return w, (_ZERO if p == start else p)


@compiled()
def _more_digits(words: Any, tens: Any, w: Any, p: Any) -> Any:
    """Return w continued by the digits at p, and where they end; where there are none or too many, the first byte."""
    start, t = p, words[p] ^ _ZEROS
    other = _no_digits(t)
    while other == _ZERO:
        if w >= _E11:
            return w, _ZERO
        w, p = w * _E8 + _eight_digits(t), p + _EIGHT
        t = words[p] ^ _ZEROS
        other = _no_digits(t)
    n = (((other & (_ZERO - other)) - _ONE & _LOWEST) * _LOWEST >> _U(56)) - _ONE  # digits before the first other byte
    if w >= tens[_U(19) - n] or p + n == start:
        return w, _ZERO
    return w * tens[n] + _eight_digits((t << _EIGHT) << (_EIGHT * (_U(7) - n))), p + n


@compiled()
def _bits_of(w: Any, q: Any, exact: Any, powers: Any) -> Any:
    """Return the bits of the float64 nearest to w 10^q; all ones if it is not told by the simple ways."""
    if w <= _NEAREST and -22 <= q <= 22:  # both are exact, so that one rounding is right
        v = np.float64(w) / exact[_U(-q)] if q < 0 else np.float64(w) * exact[_U(q)]
        return np.float64(v).view(np.uint64)
    if -342 <= q <= 308:
        return _nearest(w, q, powers[_U(q + _FIRST), 0], powers[_U(q + _FIRST), 1])
    return _ALL_ONES


@compiled()
def _no_digits(t: Any) -> Any:
    """Return the top bit of every byte that is above 9."""
    return (((t & _SEVEN_BITS) + _ABOVE_NINE) | t) & _TOPS


@compiled()
def _eight_digits(t: Any) -> Any:
    """Return the number of eight digits, the first in the lowest byte."""
    pairs = t * _TEN + (t >> _EIGHT)
    first, second = pairs & _EVERY_FOURTH, (pairs >> _U(16)) & _EVERY_FOURTH
    return (first * _U(100 + (10**6 << 32)) + second * _U(1 + (10**4 << 32))) >> _U(32)


@compiled()
def _read_exponent(data: Any, p: Any) -> Any:
    """Return where an exponent ends (0: it is none), and its value."""
    minus = data[p] == _MINUS
    p += _U(minus or data[p] == _PLUS)
    x, start = np.int64(0), p
    while data[p] ^ _DIGITS <= _NINE and p < start + _FOUR:
        x, p = x * 10 + np.int64(data[p] ^ _DIGITS), p + _ONE
    return (_ZERO if p == start else p), (-x if minus else x)


@compiled()
def _nearest(w: Any, q: Any, high: Any, low: Any) -> Any:
    """Return the bits of the float64 nearest to w 10^q; all ones where that takes more than 128 bits, or is no normal.

    high, low: the power. The leading zeros of w are told by its conversion to float64, kept from rounding up.
    """
    if w == _ZERO:
        return w
    zeros = _U(63 + 1023) - (np.float64(w & ~(w >> _ONE)).view(np.uint64) >> _U(52))
    x = w << zeros
    upper, lower = high_word(x, high), x * high
    if upper & _U(0x1FF) == _U(0x1FF):
        more = high_word(x, low)
        lower += more
        upper += _U(lower < more)
    top = upper >> _U(63)
    shift = top + _U(9)
    m = upper >> shift
    e = ((217706 * q) >> 16) + 63 + 1023 + np.int64(top) - np.int64(zeros)
    if lower <= _ONE and -4 <= q <= 23 and m & _U(3) == _ONE and m << shift == upper:
        m &= _U(2**64 - 2)  # half-way: to even
    m = (m + (m & _ONE)) >> _ONE
    if m == _NEAREST:
        m, e = m >> _ONE, e + 1
    if lower == _ALL_ONES or not 0 < e < 2047:
        return _ALL_ONES
    return (m & _U(2**52 - 1)) | (_U(e) << _U(52))
