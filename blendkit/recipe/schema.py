"""The shape of a recipe: strict models of what a YAML file may say. No maths, no files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from blendkit.audio import Edge, Silence
from blendkit.core import LONGEST_CHUNK_S, SHORTEST_CHUNK_S, MissingRows, Remainder, UnknownClasses
from blendkit.recipe.names_model import NamesModel
from blendkit.recipe.step_schema import STRICT, Step
from blendkit.recipe.value_types import (
    MOMENT_S,
    Budget,
    Channel,
    ClassId,
    Constant,
    Hashes,
    Name,
    Paths,
    Share,
    Shift,
    TuningLabels,
    Version,
    Weight,
)

WEEK_S = 7 * 24 * 3600


class Strict(BaseModel):
    """No unknown keys, no coercion, nothing changes after reading."""

    model_config: ClassVar[ConfigDict] = STRICT


class TTAModel(Strict):
    """Test-time augmentation by time shifts; see `blendkit.member.TTA`."""

    shifts_s: list[Shift] = Field(default=[0.0], min_length=1, max_length=64)
    edge: Edge = "drop"
    weights: list[Share] = []
    mean: Literal["logit", "prob"] = "logit"

    @model_validator(mode="after")
    def _unshifted(self) -> TTAModel:
        if len(set(self.shifts_s)) != len(self.shifts_s):
            raise ValueError("a shift is listed twice")
        if self.weights and len(self.weights) != len(self.shifts_s):
            raise ValueError(f"{len(self.weights)} weights for {len(self.shifts_s)} shifts: give one for each, or none")
        if self.edge == "drop" and 0 not in self.shifts_s:
            raise ValueError("`edge: drop` needs the shift 0, or a short recording would have no window left")
        return self


class Fill(Strict):
    """The scores of an uncovered class: a constant, its rate in labels, or the scores of its genus.

    by_class: other constants of some classes. after: the step after which they are filled (its id, or its op); before
    all steps where it is not given.
    """

    value: Constant | None = None
    logit: Constant | None = None
    prior: str | None = None
    congeners: Literal["mean", "max"] | None = None
    by_class: dict[ClassId, Constant] = {}
    after: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Fill:
        if self.by_class and self.value is None and self.logit is None:
            raise ValueError("`by_class:` goes with `value:` or `logit:`, which is that of all other classes")
        if sum(v is not None for v in (self.value, self.logit, self.prior, self.congeners)) != 1:
            raise ValueError(
                "give exactly one of value (in the stream's space), logit, prior (a label file), congeners (mean, max)"
            )
        return self


class MemberModel(BaseModel):
    """A member of the blend; keys beyond these are its adapter's parameters.

    missing_rows and unknown_classes are policies for scores that do not fit the run: an error that
    lists them, or the class's median or nothing found for a missing row, and leaving out a class the run
    lacks. isolate: run it in a process of its own (None: as its adapter declares); limit_s: seconds it may take
    there per recording.
    sha256: the hash that its file must have, or a mapping of parameters that name files to hashes; it is no part of
    what saved logits depend on.
    optional: a run may leave it out to keep its time budget.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", strict=True, frozen=True, allow_inf_nan=False)

    use: str
    tta: TTAModel = TTAModel()
    missing_rows: MissingRows = "error"
    unknown_classes: UnknownClasses = "error"
    isolate: bool | None = None
    sha256: Hashes = None
    limit_s: Annotated[float, Field(ge=MOMENT_S, le=WEEK_S)] | None = None
    optional: bool = False
    fill_uncovered: Fill | None = None
    steps: list[Step] = []

    @property
    def params(self) -> dict[str, Any]:
        """The adapter's own parameters."""
        return dict(self.model_extra or {})


class StreamModel(Strict):
    """A fork of another stream, without scoring it again."""

    source: str = Field(alias="from")
    fill_uncovered: Fill | None = None
    steps: list[Step] = []


class WeightsBy(Strict):
    """Weights that differ by group of classes; groups left out use the blend's `of`.

    artefact: a file of `search stack`, with coefficients for every class; allow_seen: also for recordings that these
    were fitted on.
    """

    class_name: dict[str, dict[str, Weight]] | None = None
    genus: dict[str, dict[str, Weight]] | None = None
    classes: list[ClassGroup] | None = None
    split: ColumnSplit | None = None
    covered_by: dict[str, dict[Literal["yes", "no"], dict[str, Weight]]] | None = None
    artefact: str | None = None
    allow_seen: bool = False

    @model_validator(mode="after")
    def _alone(self) -> WeightsBy:
        groups = (self.class_name, self.genus, self.classes, self.split, self.covered_by)
        if self.artefact is not None and any(g is not None for g in groups):
            raise ValueError("`artefact:` has coefficients for every class: no group can be beside it")
        if self.allow_seen and self.artefact is None:
            raise ValueError("`allow_seen:` goes with `artefact:`")
        return self

    def groups(self) -> Iterator[tuple[tuple[str | int, ...], dict[str, float]]]:
        """Yield (key path below `weights_by`, weights) of every group; where groups overlap, the later one applies.

        A genus is narrower than a class, and classes that are listed one by one are narrowest.
        """
        for level, given in (("class_name", self.class_name), ("genus", self.genus)):
            yield from (((level, name), of) for name, of in (given or {}).items())
        if self.split is not None:
            yield ("split", "before"), self.split.before
            yield ("split", "after"), self.split.after
        for member, sides in (self.covered_by or {}).items():
            yield from ((("covered_by", member, side), of) for side, of in sides.items())
        for i, group in enumerate(self.classes or []):
            yield ("classes", i, "of"), group.of


class ClassGroup(Strict):
    """Weights of an explicit list of classes."""

    classes: list[ClassId]
    of: dict[str, Weight]


class ColumnSplit(Strict):
    """Weights that change at a column of the template, counted from 0."""

    at: Annotated[int, Field(ge=1, le=1_000_000)]
    before: dict[str, Weight]
    after: dict[str, Weight]


class BlendModel(Strict):
    """Several streams blended into one. `of` holds their weights, relative for most blends."""

    by: str
    of: dict[str, Weight] = Field(min_length=1)
    weights_by: WeightsBy | None = None
    mixed: bool = False
    params: dict[str, Any] = {}
    fill_uncovered: Fill | None = None
    steps: list[Step] = []


class RecipeModel(Strict):
    """A whole recipe. budget: the seconds that a run may take, None: as long as it takes; defaults: of members."""

    recipe: Version
    name: Name
    description: str = ""
    taxonomy: Paths = ["taxonomy.csv"]
    audio: Annotated[Paths, Field(min_length=1)] = ["test_soundscapes", "train_soundscapes"]
    labels: Paths = ["train_soundscapes_labels.csv", "test_soundscapes_labels.csv"]
    template: str | None = "sample_submission.csv"
    names: NamesModel = NamesModel()
    chunk_s: Annotated[float, Field(ge=SHORTEST_CHUNK_S, le=LONGEST_CHUNK_S)] = 5.0
    recording_s: Annotated[float, Field(ge=SHORTEST_CHUNK_S, le=WEEK_S)] | None = None
    remainder: Remainder = "pad"
    channels: Channel = "mean"
    silence: Silence = "score"
    budget: Budget = None
    tuned_on: TuningLabels = []
    defaults: dict[str, dict[str, Any]] = {}
    members: dict[Name, MemberModel] = Field(min_length=1)
    streams: dict[Name, StreamModel] = {}
    blends: dict[Name, BlendModel] = {}
    output: str
    also: list[str] = []


WeightsBy.model_rebuild()
