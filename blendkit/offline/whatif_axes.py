"""What a what-if changes: a member's share of a blend, or any value of the recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops import WEIGHTS_DO
from blendkit.recipe import Recipe, blend_op, with_values, yaml_value

_MOST = 100_001


@dataclass(frozen=True)
class Axis:
    """One changed value and the points it is tried at.

    origin: the option as the user wrote it, for messages. address: where in the recipe, or (blend, member) of a share.
    """

    origin: str
    address: str | tuple[str, str]
    values: tuple[Any, ...]

    @property
    def label(self) -> str:
        """What a table or a plot calls it."""
        return self.address if isinstance(self.address, str) else f"share of {self.address[1]} in {self.address[0]}"

    def applied(self, recipe: Recipe, value: Any) -> Recipe:
        """Return the recipe with one of the values."""
        if isinstance(self.address, str):
            return with_values(recipe, {self.address: value}, self.origin)
        blend, member = self.address
        return with_values(recipe, {f"blends.{blend}.of": share_weights(recipe, blend, member, value)}, self.origin)


def read_axis(text: str, option: str) -> Axis:
    """Read `PATH=VALUES`: one value, `A:B:STEP` (both ends included), or a list `A,B,C`.

    Raises BlendkitError for other texts.
    """
    address, equals, values = text.partition("=")
    origin = f"{option} {text}"
    if not equals or not address or not values.strip():
        raise BlendkitError(f"{origin}: expected PATH=VALUE, PATH=FIRST:LAST:STEP or PATH=A,B,C")
    return Axis(origin, address, _values(values.strip(), origin))


def read_share(text: str, recipe: Recipe) -> Axis:
    """Read `BLEND.MEMBER=SHARE`, a share from 0 to 1 or a range of shares.

    Raises BlendkitError for blends and members that do not exist, and shares outside 0 to 1.
    """
    axis = read_axis(text, "--share")
    blends = recipe.model.blends
    blend, dot, member = str(axis.address).removeprefix("blends.").partition(".")
    member = member.removeprefix("of.")
    if blend not in blends:
        hint = did_you_mean(blend, blends)
        raise BlendkitError(f"{axis.origin}: expected BLEND.MEMBER=SHARE; no blend is called {blend!r}{hint}")
    of = blends[blend].of
    if not dot:
        raise BlendkitError(f"{axis.origin}: expected BLEND.MEMBER=SHARE, and {blend!r} blends {', '.join(of)}")
    if member not in of:
        hint = did_you_mean(member, of)
        raise BlendkitError(f"{axis.origin}: {blend!r} does not blend {member!r}{hint}", [f"it blends {', '.join(of)}"])
    kind = blend_op(recipe, blend).weights
    if kind != "relative":
        raise BlendkitError(
            f"{axis.origin}: `by: {blends[blend].by}` {WEIGHTS_DO[kind]}, so it has no shares; "
            f"sweep blends.{blend}.of.{member}"
        )
    if blends[blend].weights_by is not None:
        raise BlendkitError(f"{axis.origin}: {blend!r} weighs by group; sweep a path below blends.{blend}.weights_by")
    if not any(w for n, w in of.items() if n != member):
        raise BlendkitError(f"{axis.origin}: no other input of {blend!r} has a weight, so its share is always 1")
    bad = [v for v in axis.values if isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v <= 1]
    if bad:
        raise BlendkitError(f"{axis.origin}: a share lies between 0 and 1, got {bad[0]!r}")
    return Axis(axis.origin, (blend, member), axis.values)


def check_shares(axes: Sequence[Axis]) -> None:
    """Raise BlendkitError if two shares of one blend are to be set: the second would change the first."""
    blends = [a.address[0] for a in axes if not isinstance(a.address, str)]
    twice = [b for b in blends if blends.count(b) > 1]
    if twice:
        raise BlendkitError(
            f"two shares of {twice[0]!r}: setting one changes the other",
            ["give one as a share, or weights: --set " + f"'blends.{twice[0]}.of={{A: 0.5, B: 0.3, C: 0.2}}'"],
        )


def share_weights(recipe: Recipe, blend: str, member: str, share: float) -> dict[str, float]:
    """Return a blend's weights with a member's final share set and the ratio of the others unchanged, as decimals."""
    of: Mapping[str, float] = recipe.model.blends[blend].of
    part = Fraction(str(share))  # the decimal the user wrote: rounding in floats would break exact ties of ranks
    others = {n: Fraction(str(w)) for n, w in of.items() if n != member}
    total = sum(others.values())
    fair = {n: part if n == member else others[n] / total * (1 - part) for n in of}
    if not all(_short(w) for w in fair.values()):  # relative weights of the same ratios, without division
        fair = {n: part * total if n == member else others[n] * (1 - part) for n in of}
    return {n: float(w) for n, w in fair.items()}


def _short(w: Fraction) -> bool:
    return (w * 10**9).denominator == 1


def _values(text: str, origin: str) -> tuple[Any, ...]:
    if ":" in text and not text.startswith(("{", "[", '"', "'")):
        return _range(text.split(":"), origin)
    if text.startswith(("[", "{", '"', "'")):
        return (yaml_value(text, origin),)
    return tuple(yaml_value(part, origin) for part in text.split(","))


def _range(parts: list[str], origin: str) -> tuple[Any, ...]:
    try:
        first, last, step = (Decimal(p.strip()) for p in parts)
    except (InvalidOperation, ValueError) as error:
        raise BlendkitError(f"{origin}: a range is FIRST:LAST:STEP, as in 0:1:0.05") from error
    if not (first.is_finite() and last.is_finite() and step.is_finite() and step > 0 and last > first):
        raise BlendkitError(f"{origin}: a range rises from FIRST to LAST by a STEP above 0")
    count = int((last - first) / step) + 1
    if count > _MOST:
        raise BlendkitError(f"{origin}: {count} points; at most {_MOST} are swept")
    points = [first + i * step for i in range(count)]
    points += [last] if points[-1] != last else []
    whole = all(p == p.to_integral_value() and "." not in t for p, t in zip((first, step, last), parts, strict=True))
    return tuple(int(p) if whole else float(p) for p in points)
