from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.audio.prepare import Grid
from blendkit.core import Saw
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.errors import BlendkitError
from blendkit.member.protocol import MemberContext, MemberInfo
from blendkit.member.windows import TTA
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import MemberPlan, make_plan
from blendkit.recipe.recipe_files import RecipeFiles
from blendkit.scoring.audio_members import AudioMember, MemberOrder
from blendkit.scoring.built_members import build_member, member_params
from blendkit.scoring.feature_saving import save_features
from blendkit.scoring.opened_members import Opened, audio_member, open_members
from blendkit.scoring.seen_by_members import saw_of_members
from blendkit.scoring.standalone import Scorer, find_audio
from blendkit.store import Stored
from blendkit.store.logits import LogitStore

GRID = Grid(5.0, "pad", NameRule())


class ScoredRecording:
    """An audio member."""

    def __init__(self, batch: int = 1) -> None:
        self.info = MemberInfo(("a", "b"), (True, True), 8000, 5.0, batch)

    def predict(self, windows: Any) -> Any:
        raise AssertionError


class Embedder(ScoredRecording):
    """An audio member that gives features, too."""

    blocks = ("early",)
    feature_shapes = {"early": (2,), "embedding": (3,)}  # noqa: RUF012

    def features(self, windows: Any, names: Any) -> Any:
        raise AssertionError


class Read:
    """A finished member."""

    space = "prob"

    def __init__(self, gives: Scores | Exception) -> None:
        self.gives = gives

    def read(self) -> Scores:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives

    def warnings(self) -> list[str]:
        return ["a doubt"]


def member(made: Any, **params: Any) -> MemberPlan:
    def factory(context: MemberContext, **given: Any) -> Any:
        if isinstance(made, Exception):
            raise made
        return made

    return MemberPlan("m", "table", factory, params, {}, "logit")


def refused(made: Any, **params: Any) -> BlendkitError:
    with pytest.raises(BlendkitError) as caught:
        build_member(member(made, **params), params, MemberContext())
    return caught.value


def test_what_a_factory_may_give() -> None:
    one = ScoredRecording()
    assert build_member(member(one), {}, MemberContext()) is one
    assert "batch must be at least 1, got 0" in refused(ScoredRecording(batch=0)).title
    assert "gave a ScoredRecording without space, read and warnings" in refused(ScoredRecording(), space="prob").title
    assert "gave a Read without info and predict" in refused(Read(ValueError())).title
    assert refused(BlendkitError("no file", ["here"])).title == "member 'm': no file"
    broken = refused(ZeroDivisionError("by 0"))
    assert broken.title.startswith("member 'm' failed in ")
    assert list(broken.problems) == ["ZeroDivisionError: by 0"]


RECIPE = """
recipe: 1
name: demo
members:
  m: {use: table, path: m.csv, space: prob}
output: m
"""


def opened(made: Any, tmp_path: Path, tta: str = "", classes: tuple[str, ...] = ()) -> Opened:
    plan = make_plan(parse_recipe(RECIPE.replace("space: prob", f"space: prob{tta}"), "r.yaml"))
    plan.members["m"] = member(made, space="prob")
    return open_members(plan, MemberContext(classes=classes), RecipeFiles(), tmp_path / "stores")


def scores() -> Scores:
    values = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    return Scores.build(values, chunk_rows({"r": 2}, 5.0, NameRule()), ("a", "b", "c"), "prob", source="m.csv")


def test_a_finished_member_is_read(tmp_path: Path) -> None:
    found = opened(Read(scores()), tmp_path)
    assert found.tables["m"].values.tolist() == scores().values.tolist()
    assert (found.audio, found.warnings, found.folds) == ((), ["member 'm': a doubt"], {})
    cut = opened(Read(scores()), tmp_path, ", unknown_classes: ignore", ("c", "a")).tables["m"]
    assert (cut.classes, cut.values.tolist()) == (("c", "a"), [[0.3, 0.1], [0.6, 0.4]])


def test_a_member_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match="member 'm': tta moves audio windows; table reads finished scores"):
        opened(Read(scores()), tmp_path, ", tta: {shifts_s: [0, 1]}")
    with pytest.raises(BlendkitError, match=r"^member 'm': no rows") as caught:
        opened(Read(BlendkitError("no rows", ["in m.csv"])), tmp_path)
    assert list(caught.value.problems) == ["in m.csv"]
    with pytest.raises(BlendkitError, match=r"^member 'm': read failed in ") as caught:
        opened(Read(KeyError("x")), tmp_path)
    assert list(caught.value.problems) == ["KeyError: 'x'"]


@pytest.fixture
def store_of(tmp_path: Path) -> Any:
    def go(facts: dict[str, Any]) -> Any:
        return audio_member(
            MemberOrder(member(ScoredRecording()), {}, MemberContext(), TTA(), facts, tmp_path / "store", GRID)
        )

    return go


def test_a_store_is_taken_up_by_its_own_member_only(store_of: Any, tmp_path: Path) -> None:
    first = store_of({"x": 1})
    assert first.store is None
    made = first.open_store(first.build())
    values = np.array([[1.0, 2.0]], np.float32)
    logits = Scores.build(values, chunk_rows({"r": 1}, 5.0, NameRule()), ("a", "b"), "logit", source="m")
    made.write(logits, {"r": Stored("key", 1, "ok", "", 5.0)})
    again = store_of({"x": 1}).store
    assert (again.made_by, again.about["facts"], again.about["notes"]) == (made.made_by, {"x": 1}, [])
    with pytest.raises(BlendkitError, match="of another member or of other settings") as caught:
        store_of({"x": 2})
    assert list(caught.value.problems) == ["x: it holds 1, asked for 2"]


def test_a_store_says_which_shifts_were_made(tmp_path: Path) -> None:
    info = MemberInfo(("a", "b"), (True, True), 8, 1.0, pool="frames", frames=2)
    made = audio_member(
        MemberOrder(member(ScoredRecording()), {}, MemberContext(), TTA((0.0, 0.6)), {}, tmp_path / "store", GRID)
    )
    model = ScoredRecording()
    model.info = info
    said = made.open_store(model).about["notes"]
    assert said == ["a shift of 0.6 s is 0.5 s, on frames of 0.5 s"]


@pytest.mark.parametrize(("name", "fits"), [("part-1.parquet", True), (".hidden", True), ("notes.txt", False)])
def test_a_folder_without_a_manifest(store_of: Any, tmp_path: Path, name: str, fits: bool) -> None:
    (tmp_path / "store").mkdir()
    assert store_of({}).store is None  # an empty one is as good as none
    (tmp_path / "store" / name).touch()
    if fits:
        assert store_of({}).store is None
    else:
        with pytest.raises(BlendkitError, match="holds files but is not a logit store"):
            store_of({})


def test_a_member_gets_its_files_as_they_are_found(tmp_path: Path) -> None:
    plan = make_plan(parse_recipe(RECIPE, "r.yaml"))
    params = member_params(plan.members["m"], RecipeFiles({("members", "m", "path"): tmp_path / "m.csv"}))
    assert (params["path"], params["space"]) == (str(tmp_path / "m.csv"), "prob")
    assert plan.recipe.model.members["m"].params["path"] == "m.csv"  # the recipe's own stays
    assert member_params(plan.members["m"], RecipeFiles())["path"] == "m.csv"


def test_audio_is_files_and_folders(tmp_path: Path) -> None:
    for name in ("a/2.wav", "a/10.ogg", "a/notes.txt", "b.flac", "empty/x.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"RIFF")
    found = find_audio([tmp_path / "b.flac", tmp_path / "a"]).recordings
    assert [(r.id, r.path.name) for r in found] == [("2", "2.wav"), ("10", "10.ogg"), ("b", "b.flac")]
    with pytest.raises(BlendkitError) as caught:
        find_audio([tmp_path / "b.flac", tmp_path / "a/notes.txt", tmp_path / "c.wav", tmp_path / "empty"])
    says = [p.removeprefix(f"{tmp_path}/") for p in caught.value.problems]
    assert says == [
        "a/notes.txt: not an audio file",
        "c.wav: no such file or folder",
        "empty: no audio files in this folder",
    ]


def test_what_members_learned_from_is_said_by_their_store_or_by_the_model(tmp_path: Path) -> None:
    store = LogitStore.create(tmp_path / "s", "made", ("a", "b"), (True, True), Saw.of(["r1"]).to_json())
    model = ScoredRecording()
    model.info = replace(model.info, saw=("r2",))

    def refused(*_: object) -> Any:
        raise AssertionError

    stored = AudioMember("stored", refused, TTA(), store, refused)
    found = saw_of_members([stored, AudioMember("built", lambda: model, TTA(), None, refused)])
    assert found == {"stored": Saw.of(["r1"]), "built": Saw.of(["r2"])}


def test_features_are_asked_of_members_that_give_them(tmp_path: Path) -> None:
    grid = Grid(5.0, "pad", NameRule())
    scorer = Scorer(member(ScoredRecording()), {}, MemberContext(), {}, TTA(), grid, [])
    with pytest.raises(BlendkitError, match="'table' gives logits only, no features"):
        save_features(scorer, [], tmp_path / "features")
    with pytest.raises(BlendkitError, match="leave out `tta`"):
        save_features(replace(scorer, tta=TTA((0.0, 1.0))), [], tmp_path / "features")
    embedder = Embedder()
    with pytest.raises(BlendkitError, match="leave out `isolate`"):
        save_features(replace(scorer, member=replace(member(embedder), isolate=True)), [], tmp_path / "features")
    with pytest.raises(BlendkitError, match="table: no feature 'late'"):
        save_features(replace(scorer, member=member(embedder)), ["early", "late"], tmp_path / "features")
    gaps = Embedder()
    gaps.info = replace(gaps.info, hop_s=6.0)
    with pytest.raises(BlendkitError, match="unusable windows"):
        save_features(replace(scorer, member=member(gaps)), [], tmp_path / "features")
    assert not (tmp_path / "features").exists()
    assert save_features(replace(scorer, member=member(embedder)), [], tmp_path / "features") == {}
