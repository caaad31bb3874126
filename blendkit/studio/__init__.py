"""The studio: blends moved by hand and chunks listened to, in a browser on this machine.

In go a recipe with its saved logits, a run's folder or a score file, labels and audio; out come figures with those of a
held-out half beside them, recipes whose comments are kept, and answers that become labels. Nothing leaves the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.studio.opened_studio import Studio, StudioFiles, open_studio
    from blendkit.studio.serving import Serving, serve_studio, studio_application
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = ["Serving", "Studio", "StudioFiles", "open_studio", "serve_studio", "studio_application"]
