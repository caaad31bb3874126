"""How the names of a source's recordings, and a table of deployments, give sites and clock times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blendkit.core import (
    AUTO,
    NAME_PRESETS,
    PARTS,
    PATTERNS,
    FoundNames,
    NameRule,
    SiteFrom,
    check_zone,
    fitting_names,
    read_names,
    user_pattern,
)
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.io import read_deployments

ASSUMED_ZONE = "UTC"


_ANOTHER_ZONE = "UTC+1"


@dataclass(frozen=True)
class Clocks:
    """Where site, date and time of recordings come from.

    file_names: a preset (`audiomoth`, `songmeter`, ...), a regular expression with the groups site, date, time, offset
    or epoch, or `auto`: the preset that most names fit. deployments: a table of sites, see `read_deployments`. tz,
    report_tz, site: the time zone of the names (None: UTC is assumed), the one in which times are wanted, and where
    sites are read. Of a run's folder each is that of its recipe, unless it is said anew.
    """

    file_names: str = AUTO
    deployments: Path | str | None = None
    tz: str | None = None
    report_tz: str | None = None
    site: SiteFrom = "name"

    def read(self, recordings: Sequence[str], of_run: NameRule | None = None) -> FoundNames:
        """Return the rule and what it gives. Raises BlendkitError for what is no preset and no such expression, sites
        from two places, an unknown time zone, and a table that cannot be read or has none of the recordings.

        of_run: the rule of the run whose scores these are; it counts where nothing else is said.
        """
        if self.deployments is not None and self.site == "folder":
            raise BlendkitError("sites come from --deployments or from folders (--site folder), not from both")
        table = None if self.deployments is None else read_deployments(Path(self.deployments))
        base = NameRule(PATTERNS["birdclef"], ASSUMED_ZONE) if of_run is None else of_run
        if table is not None or self.site == "folder":
            base = replace(base, deployments=table, site_from=self.site)
        base = replace(base, tz=self.tz or base.tz, report_tz=self.report_tz or base.report_tz)
        if self.file_names == AUTO and of_run is None:
            return fitting_names(recordings, base)
        rule = base if self.file_names == AUTO else replace(base, pattern=self._pattern())
        check_zone(rule)
        return read_names(rule, recordings)

    def assumed(self, recordings: Iterable[str], rule: NameRule, of_run: NameRule | None = None) -> list[str]:
        """Say which time zone was assumed, where times were to be reported in another one.

        Nothing was where all names and deployments state one: then the same names say the same in any other zone.
        """
        if self.report_tz is None or self.tz is not None or of_run is not None:
            return []
        other = replace(rule, tz=_ANOTHER_ZONE)
        if all(str(rule.read(r).moment) == str(other.read(r).moment) for r in recordings):
            return []
        return [
            f"times in names and deployments that state no time zone are taken for {ASSUMED_ZONE}, and reported in "
            f"{self.report_tz}: --tz says another"
        ]

    def _pattern(self) -> str:
        for name, pattern in PATTERNS.items():
            if self.file_names == name:
                return pattern
        groups = set(user_pattern(self.file_names, "--file-names").named)
        if not groups or groups - set(PARTS):
            near = did_you_mean(self.file_names, NAME_PRESETS)
            known = f"a preset is one of {', '.join((AUTO, *NAME_PRESETS))}{near}"
            expected = f"an expression has named groups among {', '.join(PARTS)}, as in (?P<date>\\d{{8}})"
            raise BlendkitError(
                f"--file-names {self.file_names!r}: neither a preset nor an expression", [known, expected]
            )
        return self.file_names
