"""Training on top of frozen models: heads, students, pseudo-labels, and the probe before them.

In go saved features or recordings, and labels; out come ONNX models, out-of-fold scores and model cards. `jobs` are
what the commands start; torch is imported late, by what trains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.training.figures_in_words import figure_lines, span, two_figures
    from blendkit.training.jobs.block_probe import ClipDraw, ProbedBlocks, Voting, probe_member
    from blendkit.training.jobs.clips import clip_features, find_clips, sample_clips
    from blendkit.training.jobs.distillation import distil
    from blendkit.training.jobs.head_fit import fit_head
    from blendkit.training.jobs.label_requests import GateChoice, PseudoLabelRequest, TeacherCheck, TeacherSource
    from blendkit.training.jobs.labelling import pseudo_label
    from blendkit.training.jobs.noisy_student import RoundsRequest, fit_rounds
    from blendkit.training.jobs.requests import HeadRequest, TrainingRows
    from blendkit.training.jobs.student_task import StudentRequest, fit_student_of, task_of
    from blendkit.training.model_cards import background_note, class_notes, nearness
    from blendkit.training.settings import (
        STUDENT_SCHEDULE,
        Distil,
        GateRules,
        HeadChoice,
        Mixture,
        Picture,
        Rounds,
        Schedule,
        WaveChanges,
    )
    from blendkit.training.torch_install import need_torch
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "STUDENT_SCHEDULE",
    "ClipDraw",
    "Distil",
    "GateChoice",
    "GateRules",
    "HeadChoice",
    "HeadRequest",
    "Mixture",
    "Picture",
    "ProbedBlocks",
    "PseudoLabelRequest",
    "Rounds",
    "RoundsRequest",
    "Schedule",
    "StudentRequest",
    "TeacherCheck",
    "TeacherSource",
    "TrainingRows",
    "Voting",
    "WaveChanges",
    "background_note",
    "class_notes",
    "clip_features",
    "distil",
    "figure_lines",
    "find_clips",
    "fit_head",
    "fit_rounds",
    "fit_student_of",
    "nearness",
    "need_torch",
    "probe_member",
    "pseudo_label",
    "sample_clips",
    "span",
    "task_of",
    "two_figures",
]
