"""Compiled text of float64 numbers: the shortest digits that read back as the same number, of these the nearest.

0.000001 to 9999999999 are written out, others with an exponent: 1e-7, 1.5e+10. Indices are unsigned words: numba tests
signed ones for negative values, which costs as much as the work of these loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from blendkit.core import compiled
from blendkit.io.kernels.powers import LEAST, high_word

CELL_BYTES = 26  # of the longest number, with the comma before it
SLACK = 32  # bytes beyond the text that may be written to: whole words are stored
_U = np.uint64
_ONE, _TWO, _FOUR, _TEN, _FORTY, _ALL = _U(1), _U(2), _U(4), _U(10), _U(40), _U(64)
_MANTISSA, _HIDDEN, _WITHOUT_SIGN = _U(2**52 - 1), _U(2**52), _U(2**63 - 1)
_WITHOUT_QUARTERS = _U(2**64 - 4)
_E4, _E8, _E16, _HUNDRED = _U(10**4), _U(10**8), _U(10**16), _U(100)
_ZEROS = _U(int.from_bytes(b"00000000", "little"))
_POINT = _U(int.from_bytes(b"0.000000", "little"))
_COMMA, _MINUS, _PLUS, _DOT, _ZERO, _LETTER_E, _LINE_END = b",-+.0e\n"
_SMALLEST, _LARGEST = -6, 9  # exponents of numbers that are written out
_FIRST = -LEAST


@compiled()
def write_rows(bits: Any, ids: Any, ends: Any, powers: Any, tens: Any, out: Any, words: Any) -> Any:
    """Write rows of numbers, given as their bits (N, C), each after its id; return how many bytes of out are text.

    ids: the bytes of all row ids; ends (N + 1,): where they begin and end. powers, tens: `powers_up`, `whole_powers`.
    out: room for the text, with SLACK; words: the words at its bytes.
    """
    p = _U(0)
    for i in range(_U(bits.shape[0])):
        for j in range(ends[i], ends[i + _ONE]):
            out[p] = ids[_U(j)]
            p += _ONE
        p = _write_row(bits, i, powers, tens, out, words, p)
        out[p] = _LINE_END
        p += _ONE
    return p


@compiled()
def _write_row(bits: Any, i: Any, powers: Any, tens: Any, out: Any, words: Any, p: Any) -> Any:
    for column in range(_U(bits.shape[1])):
        out[p] = _COMMA
        p += _ONE
        x = bits[i, column]
        if x > _WITHOUT_SIGN:
            out[p] = _MINUS
            p += _ONE
            x &= _WITHOUT_SIGN
        if x == _U(0):
            out[p] = _ZERO
            p += _ONE
            continue
        c, q, closer = _taken_apart(x)
        if -53 < q <= 0 and (c & ((_ONE << _U(-q)) - _ONE)) == _U(0):
            digits, k = c >> _U(-q), np.int64(0)  # a whole number
        else:
            k = (q * 1262611 - 524031 * closer) >> 22  # floor of log10 of 2^q, or of 3/4 of it
            at = _U(_FIRST - k)
            digits = _shortest(c, _U(q + ((-k * 1741647) >> 19) + 1), powers[at, 0], powers[at, 1], closer)
        n = _U(16) + _U(digits >= _E16)
        while digits < tens[n - _ONE]:
            n -= _ONE
        e = np.int64(n) + k - 1  # of the first digit
        start = p + _ONE
        if _SMALLEST <= e < 0:
            words[p] = _POINT
            start = p + _U(1 - e)
        end = start + n
        digits *= tens[_U(17) - n]
        high = digits // _E8
        first = high // _E8
        out[start] = np.uint8(_U(_ZERO) + first)
        words[start + _ONE] = _eight_digits(high - first * _E8)
        words[start + _U(9)] = _eight_digits(digits - high * _E8)
        while out[end - _ONE] == _ZERO:
            end -= _ONE
        p = end if _SMALLEST <= e < 0 else _with_point(out, p, end, e)
    return p


@compiled()
def _taken_apart(x: Any) -> Any:
    """Return c and q of a positive number c 2^q, and 1 if its lower neighbour is half as far as its upper one."""
    mantissa, exponent = x & _MANTISSA, np.int64(x >> _U(52))
    closer = np.int64(mantissa == _U(0) and exponent > 1)
    if exponent == 0:
        return mantissa, np.int64(-1074), closer
    return mantissa | _HIDDEN, exponent - 1075, closer


@compiled()
def _shortest(c: Any, h: Any, high: Any, low: Any, closer: Any) -> Any:
    """Return the digits of c 2^q, c < 2^53; high, low: a power of ten, h: what scales it to four times the digits."""
    odd = c & _ONE
    scaled = c << (h + _TWO)
    p0, p1, p2 = low * scaled, high * scaled, high_word(high, scaled)
    carried = high_word(low, scaled)
    p1 += carried
    p2 += _U(p1 < carried)
    half, rest = h + _ONE, _ALL - (h + _ONE)  # half the distance to a neighbour, as three words
    a0, a1, a2 = low << half, (high << half) | (low >> rest), high >> rest
    carry = _U(p0 + a0 < a0)
    upper = _odd_if_more(p1 + a1 + carry, p2 + a2 + _U(p1 + a1 < a1) + _U(p1 + a1 + carry < carry)) - odd
    if closer:
        a0, a1, a2 = (a0 >> _ONE) | (a1 << _U(63)), (a1 >> _ONE) | (a2 << _U(63)), a2 >> _ONE
    borrow = _U(p0 < a0)
    lower = _odd_if_more(p1 - a1 - borrow, p2 - a2 - _U(p1 < a1) - _U(p1 - a1 < borrow)) + odd
    exact = _odd_if_more(p1, p2)
    digits = exact >> _TWO
    shorter = digits // _TEN
    if shorter:
        t = _FORTY * shorter
        below, above = lower <= t, t + _FORTY <= upper
        if below != above:
            return (shorter + _U(above)) * _TEN
    t = exact & _WITHOUT_QUARTERS
    below, above = lower <= t, t + _FOUR <= upper
    if below != above:
        return digits + _U(above)
    middle = t + _TWO
    return digits + _U(exact > middle or (exact == middle and (digits & _ONE) != _U(0)))


@compiled()
def _odd_if_more(middle: Any, upper: Any) -> Any:
    """Return the upper word of a product, made odd where more than a rounding of the power lies below it."""
    return upper | _U(middle > _ONE)


@compiled()
def _eight_digits(x: Any) -> Any:
    """Return the text of eight digits as a word: digits are split in halves, all at once."""
    high = x // _E4
    m = high | ((x - high * _E4) << _U(32))
    tens = ((m * _U(10486)) >> _U(20)) & _U(0x7F0000007F)  # m // 100 in both halves
    m = tens | ((m - tens * _HUNDRED) << _U(16))
    tens = ((m * _U(103)) >> _TEN) & _U(0x000F000F000F000F)  # m // 10 in all quarters
    return _ZEROS + (tens | ((m - tens * _TEN) << _U(8)))


@compiled()
def _with_point(out: Any, p: Any, end: Any, e: Any) -> Any:
    """Put a point, and an exponent where there must be one, into the digits at p + 1; return where the text ends."""
    start = p + _ONE
    if 0 <= e <= _LARGEST:
        whole = _U(e) + _ONE
        for j in range(whole):
            out[p + j] = out[start + j]  # trailing zeros of the digits are still there
        out[p + whole] = _DOT
        return end if end > start + whole else p + whole
    out[p] = out[start]
    out[start] = _DOT
    end = start if end == start + _ONE else end
    out[end] = _LETTER_E
    out[end + _ONE] = _MINUS if e < 0 else _PLUS
    end += _TWO
    size = _U(abs(e))
    if size >= _HUNDRED:
        out[end] = np.uint8(_U(_ZERO) + size // _HUNDRED)
        end += _ONE
    if size >= _TEN:
        out[end] = np.uint8(_U(_ZERO) + size // _TEN % _TEN)
        end += _ONE
    out[end] = np.uint8(_U(_ZERO) + size % _TEN)
    return end + _ONE
