"""The protocols of members, and the code that their adapters share.

Windows of audio, whole files or finished scores go in; logits per chunk come out. Adapters in any package may use the
class maps, spectrograms, head files and frame members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.member.class_file import ClassBy, ClassNames, read_class_names
    from blendkit.member.class_map import (
        ClassMap,
        Proxies,
        by_id,
        by_name_or_id,
        by_scientific_name,
        match_classes,
        names_in_common,
    )
    from blendkit.member.clip_and_frame import ClipAndFrame, find_clip_and_frame, part_frames
    from blendkit.member.detection_grid import detections_on_grid, windows_on_grid
    from blendkit.member.frame_checks import FrameError
    from blendkit.member.frames import FrameMember, Gives, frame_member, import_code
    from blendkit.member.geo_model import GeoModel
    from blendkit.member.graph_input import GraphInput, audio_input, picture_input
    from blendkit.member.graph_output import GraphOutput, score_output, with_shapes
    from blendkit.member.graph_runner import GraphRunner, apart, trial_windows
    from blendkit.member.graph_space import as_logits, as_probabilities, stated_space
    from blendkit.member.head_file import FoldHeads, open_heads, try_silence
    from blendkit.member.leaving_out_folds import FoldEnsemble, saw_of_folds
    from blendkit.member.mel import Image, Mel
    from blendkit.member.model_files import locate, model_folders, package_folder
    from blendkit.member.names_by_synonym import read_synonyms
    from blendkit.member.non_finite import ALL_LOST, FLOOR, LOST, NO_CHUNK, NO_WINDOW, Lost
    from blendkit.member.onnx_blocks import OnnxBlocks
    from blendkit.member.parameter_bounds import (
        Batch,
        Cells,
        Column,
        Factor,
        FrameShift,
        Hertz,
        Part,
        Pixels,
        Rate,
        Rolls,
        Seconds,
        Sensitivity,
    )
    from blendkit.member.protocol import (
        BELOW_FLOAT32,
        SCORING_FORMAT,
        TTA,
        DataFile,
        FeatureMember,
        FileMember,
        FilePath,
        FinishedMember,
        FoldedMember,
        FrontedMember,
        Member,
        MemberContext,
        MemberInfo,
        is_isolated,
        isolated,
        logits_version,
        logits_version_of,
    )
    from blendkit.member.slim_graph import slim_or_whole
    from blendkit.member.spread import PART, SpreadFront, Threads, of_each_on_parts, part_of
    from blendkit.member.window_parts import PartFrames, WindowParts, frame_moves
    from blendkit.member.window_places import RecordingAudio, passes_of, shift_notes
    from blendkit.member.windows import (
        Before,
        GroupScores,
        check_window,
        chunk_windows,
        features_of,
        same_front_end,
        score_together,
    )
    from blendkit.member.windows_of_other_tools import NO_SCORE, on_grid, score_files
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "ALL_LOST",
    "BELOW_FLOAT32",
    "FLOOR",
    "LOST",
    "NO_CHUNK",
    "NO_SCORE",
    "NO_WINDOW",
    "PART",
    "SCORING_FORMAT",
    "TTA",
    "Batch",
    "Before",
    "Cells",
    "ClassBy",
    "ClassMap",
    "ClassNames",
    "ClipAndFrame",
    "Column",
    "DataFile",
    "Factor",
    "FeatureMember",
    "FileMember",
    "FilePath",
    "FinishedMember",
    "FoldEnsemble",
    "FoldHeads",
    "FoldedMember",
    "FrameError",
    "FrameMember",
    "FrameShift",
    "FrontedMember",
    "GeoModel",
    "Gives",
    "GraphInput",
    "GraphOutput",
    "GraphRunner",
    "GroupScores",
    "Hertz",
    "Image",
    "Lost",
    "Mel",
    "Member",
    "MemberContext",
    "MemberInfo",
    "OnnxBlocks",
    "Part",
    "PartFrames",
    "Pixels",
    "Proxies",
    "Rate",
    "RecordingAudio",
    "Rolls",
    "Seconds",
    "Sensitivity",
    "SpreadFront",
    "Threads",
    "WindowParts",
    "apart",
    "as_logits",
    "as_probabilities",
    "audio_input",
    "by_id",
    "by_name_or_id",
    "by_scientific_name",
    "check_window",
    "chunk_windows",
    "detections_on_grid",
    "features_of",
    "find_clip_and_frame",
    "frame_member",
    "frame_moves",
    "import_code",
    "is_isolated",
    "isolated",
    "locate",
    "logits_version",
    "logits_version_of",
    "match_classes",
    "model_folders",
    "names_in_common",
    "of_each_on_parts",
    "on_grid",
    "open_heads",
    "package_folder",
    "part_frames",
    "part_of",
    "passes_of",
    "picture_input",
    "read_class_names",
    "read_synonyms",
    "same_front_end",
    "saw_of_folds",
    "score_files",
    "score_output",
    "score_together",
    "shift_notes",
    "slim_or_whole",
    "stated_space",
    "trial_windows",
    "try_silence",
    "windows_on_grid",
    "with_shapes",
]
