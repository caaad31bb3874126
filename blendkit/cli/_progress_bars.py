"""Progress bars of scoring, on a terminal: one of all recordings, and one per member with its own speed."""

from __future__ import annotations

from typing import Any

from blendkit.events import Emit


class Bars:
    """Bars of one scoring: of all recordings, and per member."""

    def __init__(self, progress: Any, others: Emit) -> None:
        """Start without a bar. progress: of rich, with the fields done, speed, left; others: shows all other events."""
        self.progress, self.others = progress, others
        self.every = progress.add_task("recordings", total=None, visible=False, done="", speed="", left="")
        self.scored, self.total = 0, 0
        self.members: dict[str, Any] = {}
        self.left_s: dict[str, float] = {}

    def __call__(self, name: str, payload: dict[str, Any]) -> None:
        """Show an event."""
        if name == "scoring":
            self.total = payload["to_score"]
            self._whole()
        elif name == "scored":
            self.scored += len(payload["recordings"])
            self._whole()
        elif name == "progress":
            self._member(**payload)
        else:
            self.others(name, payload)

    def _whole(self) -> None:
        left = duration(sum(self.left_s.values())) if self.left_s else ""
        self.progress.update(self.every, total=self.total, completed=self.scored, visible=self.total > 0,
                             done=f"{self.scored}/{self.total}", left=left)  # fmt: skip

    def _member(self, name: str, done: float, of: int, per_s: float, left_s: float) -> None:
        if name not in self.members:
            self.members[name] = self.progress.add_task(f"  {name}", total=of, done="", speed="", left="")
        self.left_s[name] = left_s
        speed = f"{per_s:.3g} recordings/s" if per_s >= 1 else f"{1 / per_s:.3g} s/recording"
        self.progress.update(self.members[name], total=of, completed=done, done=f"{done:.0f}/{of}", speed=speed,
                             left=duration(left_s))  # fmt: skip
        self._whole()


def duration(seconds: float) -> str:
    """Return seconds as hours, minutes and seconds that are left: `1:02:03 left`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02} left"
