"""Detections and activity, for the tools and tables of people who listen.

In go scores of chunks (a run's folder, a store, a score file) and thresholds, or labels to choose them by. Out come
selection tables, label tracks and other lists of detections, and tables and a picture of when and where classes occur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.detecting.activity_run import Activity, activity
    from blendkit.detecting.class_thresholds import ClassThresholds, ThresholdRule
    from blendkit.detecting.detection_run import Detected, detect
    from blendkit.detecting.found_cells import Merging
    from blendkit.detecting.opened_source import Reading
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = ["Activity", "ClassThresholds", "Detected", "Merging", "Reading", "ThresholdRule", "activity", "detect"]
