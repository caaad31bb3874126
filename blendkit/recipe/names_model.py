"""`names:` of a recipe: a preset's name, or a pattern, time zones, and where sites come from."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from blendkit.core import (
    AUTO,
    NAME_PRESETS,
    OFFSET_FORMS,
    PARTS,
    PATTERNS,
    Deployments,
    NameRule,
    NameSource,
    SiteFrom,
    check_zone,
    is_zone,
    user_pattern,
    zone,
)
from blendkit.errors import BlendkitError, did_you_mean


class NamesModel(BaseModel):
    """How recording names give site, date and hour; see `blendkit.core.NameRule`.

    preset: a recorder's or an archive's names, `auto` (the preset that most names fit), or None with a `pattern`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)

    preset: NameSource | None = "auto"
    pattern: str | None = None
    tz: str = "UTC"
    report_tz: str | None = None
    site: SiteFrom = "name"
    deployments: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept a preset's name alone, and a pattern without `preset: null`."""
        if isinstance(value, str):
            value = {"preset": value}
        if isinstance(value, dict) and value.get("pattern") is not None:
            if value.get("preset") is not None:
                raise ValueError("give a `preset:` or a `pattern:`, not both")
            value = {**value, "preset": None}
        return value

    @field_validator("preset", mode="before")
    @classmethod
    def _known_preset(cls, value: Any) -> Any:
        known = (AUTO, *NAME_PRESETS)
        if value is not None and value not in known:
            raise ValueError(f"no preset is called {value!r}{did_you_mean(value, known)}; known: {', '.join(known)}")
        return value

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            named = set(user_pattern(value, "names: pattern").named)
        except BlendkitError as error:
            raise ValueError("; ".join([error.title, *error.problems])) from error
        if not named or named - set(PARTS):
            raise ValueError(f"named groups must be among {', '.join(PARTS)}; has {sorted(named) or 'none'}")
        return value

    @field_validator("tz", "report_tz")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return value if value is None or zone(value) else None
        except ValueError as error:
            offset = str(value).replace("GMT", "UTC")  # in IANA names such as Etc/GMT+5 its sign is the other way round
            hint = did_you_mean(offset, [offset] if is_zone(offset) else available_timezones())
            raise ValueError(f"{error}{hint}; expected an IANA name, or {OFFSET_FORMS}") from error

    @model_validator(mode="after")
    def _agrees(self) -> NamesModel:
        if self.preset is None and self.pattern is None:
            raise ValueError("give a `preset:` or a `pattern:`")
        if self.deployments is not None and self.site != "name":
            raise ValueError("sites come from `deployments:` or from folders (`site: folder`), not from both")
        if self.preset != AUTO:
            try:
                check_zone(self.rule())
            except BlendkitError as error:
                raise ValueError("; ".join([error.title, *error.problems])) from error
        return self

    def rule(self, deployments: Deployments | None = None) -> NameRule:
        """Return the rule, with the default pattern where the preset is `auto`."""
        pattern = self.pattern
        if pattern is None:
            pattern = PATTERNS["birdclef" if self.preset is None or self.preset == "auto" else self.preset]
        return NameRule(pattern, self.tz, self.report_tz, self.site, deployments)
