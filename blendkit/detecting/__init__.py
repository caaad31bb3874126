"""Detections, activity and reviews, for the tools and tables of people who listen.

In go scores of chunks (a run's folder, a store, a score file) and thresholds, or labels to choose them by. Out come
selection tables, label tracks and other lists of detections, tables and a picture of when and where classes occur, and
clips to listen to, whose answers give precision, thresholds and labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.detecting.activity_run import Activity, activity
    from blendkit.detecting.detection_run import Detected, detect
    from blendkit.detecting.detections_above import Merging
    from blendkit.detecting.opened_source import Reading
    from blendkit.detecting.recording_clocks import Clocks
    from blendkit.detecting.review_draw import DrawRule
    from blendkit.detecting.review_read import Reviewed, ReviewRule, read_review
    from blendkit.detecting.review_run import Review, review
    from blendkit.detecting.thresholds_of_source import ClassThresholds, ThresholdRule
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "Activity",
    "ClassThresholds",
    "Clocks",
    "Detected",
    "DrawRule",
    "Merging",
    "Reading",
    "Review",
    "ReviewRule",
    "Reviewed",
    "ThresholdRule",
    "activity",
    "detect",
    "read_review",
    "review",
]
