"""Settings on both halves: exact figures, what many looks cost, and the latest question first."""

from __future__ import annotations

import base64
import shlex
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.blending import streams
from blendkit.errors import BlendkitError
from blendkit.metrics import weight_path
from blendkit.offline.offline_files import Place, open_workspaces
from blendkit.offline.what_if import whatif
from blendkit.recipe import load_recipe, parse_recipe, with_values
from blendkit.studio.opened_studio import Studio, StudioFiles, open_studio
from blendkit.studio.recipe_controls import controls_of
from blendkit.studio.tried_settings import TriedSettings, optimism_of_best
from blendkit.studio.websocket_questions import answered
from tests.studio.studio_world import live

ADDRESS = "members.sed.steps.gaussian.sigma"


def unpacked(own: dict[str, Any]) -> np.ndarray:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(own["data"])), np.uint8)
    size = np.dtype(own["type"]).itemsize
    flat = np.ascontiguousarray(raw.reshape(size, -1).T).view(own["type"]).ravel()
    return flat.reshape(own["shape"], order="F").astype(np.float64)


def test_the_halves_hold_every_labelled_chunk_once_and_recordings_whole(studio: Studio) -> None:
    live = studio.live
    assert live is not None
    looked, held = live.halves.each().values()
    assert not (looked & held).any()
    assert ((looked | held) == live.truth.labelled).all()
    names = live.truth.rows.recording
    assert not set(names[looked]) & set(names[held])
    assert len(set(names[looked])) == len(set(names[held])) == 6


def test_both_halves_are_counted_exactly_along_a_share(studio: Studio) -> None:
    live = studio.live
    assert live is not None
    sides = live.sides({}, "mix", "cnn")
    for share in (0.137, 0.5, 0.9):
        told = live.figures({}, ("mix", "cnn", share))["macro"]
        for half, own in sides.items():
            a, b, y = (unpacked(own["arrays"][n]) for n in ("a", "b", "truth"))
            assert weight_path(y > 0, a, b, [share]).macro.item() == pytest.approx(told[half], abs=1e-12)


def test_a_large_blend_has_the_same_figures_along_its_path(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    live = studio.live
    assert live is not None
    monkeypatch.setattr("blendkit.studio.live_blend._MOST_CELLS", 0)
    levels = live.sides({}, "mix", "cnn")["levels"]
    assert sorted(s for level in levels for s in level) == [k / 20 for k in range(21)]
    found = live.path({}, "mix", "cnn", levels[1])
    for i, share in enumerate(found["shares"]):
        told = live.figures({}, ("mix", "cnn", share))["macro"]
        assert {n: m[i] for n, m in found["macro"].items()} == pytest.approx(told, abs=1e-12)
    assert "does not blend" in live.path({}, "mix", "nobody", [0.5])["why_not"]


def test_a_value_of_a_later_step_keeps_the_blend(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blendkit.offline.workspace._MEMO_BYTES", 0)  # as if the data were as large as any room for it
    workspaces, recipe = open_workspaces(world / "trio.yaml")
    made = []
    blend = streams._blend
    monkeypatch.setattr(streams, "_blend", lambda *a: made.append(1) or blend(*a))
    for sigma in (0.4, 0.5, 0.6, 0.7):
        workspaces.output(with_values(recipe, {"blends.mix.steps.gaussian.sigma": sigma}, "a test"))
    assert len(made) == 1


def test_the_command_opens_what_the_studio_opened(world: Path, tmp_path: Path) -> None:
    labels = tmp_path / "some labels.csv"
    labels.write_text("".join((world / "labels.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:40]))
    files, place = StudioFiles(answers=tmp_path / "a"), Place(data=(world,))
    opened = open_studio(world / "trio.yaml", labels, files, place=place, scratch=tmp_path)
    assert opened.live is not None
    assert opened.text is not None
    name, what, source, *given = shlex.split(opened.text.command({ADDRESS: 0.9}))
    assert (name, what, source) == ("blendkit", "whatif", str(world / "trio.yaml"))
    assert given == ["--data", str(world), "--set", f"labels={labels}", "--allow-outside", "--set", f"{ADDRESS}=0.9"]
    found = whatif(source, overrides=[given[3], given[6]], place=Place(data=world, allow_outside=True))
    assert opened.live.judged({ADDRESS: 0.9})["whole"] == pytest.approx(found.best, abs=1e-12)


def test_the_whole_figure_is_that_of_whatif(studio: Studio, world: Path) -> None:
    live = studio.live
    assert live is not None
    values = live.figures({ADDRESS: 0.8}, ("mix", "cnn", 0.25))["values"]
    found = live.judged(values)
    overrides = [f"{ADDRESS}=0.8", "blends.mix.of={cnn: 0.25, sed: 0.45, perch: 0.3}"]
    assert found["whole"] == pytest.approx(whatif(world / "trio.yaml", overrides=overrides).best, abs=1e-12)
    for half in found["halves"].values():
        assert half["macro"]["low"] < half["macro"]["estimate"] < half["macro"]["high"]
        assert half["judgement"] in ("real", "undecided", "not")


def test_equal_settings_are_one_look(studio: Studio) -> None:
    live = studio.live
    assert live is not None
    live.figures({})
    live.figures({"blends.mix.of": {"cnn": 0.5, "sed": 0.3, "perch": 0.2}})
    assert live.figures({ADDRESS: 0.5})["looks"] == 1
    assert live.figures({ADDRESS: 0.6})["looks"] == 2
    found = live.passed({}, "mix", "cnn", [k / 100 for k in range(40, 51)])
    assert found["looks"] == 12
    assert found["redrawn"] == 5
    assert found["optimism"] >= 0


def test_optimism_of_a_table_counted_by_hand() -> None:
    figures = np.array([0.5, 0.6])
    redraws = np.array([[0.4, 0.5, 0.7], [0.5, 0.8, 0.6]])
    # best: 2nd, 2nd, 1st; leads -0.1, 0.2, 0.2; of the first setting -0.1, 0.0, 0.2
    assert optimism_of_best(figures, redraws) == pytest.approx((0.0 + 0.2 + 0.0) / 3)
    assert np.isnan(optimism_of_best(figures, np.full((2, 3), np.nan)))
    assert np.isnan(TriedSettings().optimism())


def test_one_setting_has_no_optimism_and_noise_has_that_of_its_highest() -> None:
    rng = np.random.default_rng(0)
    assert optimism_of_best(np.array([0.7]), rng.normal(0.7, 0.1, (1, 200))) == 0
    true, drawn = np.zeros(20), rng.standard_normal((20, 20_000))
    highest = 1.867  # the mean of the highest of twenty standard normal draws
    assert optimism_of_best(true, drawn) == pytest.approx(highest, abs=0.03)


def test_of_many_questions_the_latest_is_answered(client: Any, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def slow(live: Any, question: Any) -> dict[str, Any]:
        asked.append(question["share"][2])
        time.sleep(0.05)
        return answered(live, question)

    monkeypatch.setattr("blendkit.studio.websocket_questions.answered", slow)
    with live(client) as channel:
        for i in range(20):
            channel.send_json({"kind": "figures", "id": i, "values": {}, "share": ["mix", "cnn", i / 20]})
        ids = [channel.receive_json()["id"]]
        while ids[-1] != 19:
            ids.append(channel.receive_json()["id"])
    assert ids == sorted(ids)
    assert len(ids) == len(asked) < 20


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"kind": "figures", "values": {"members.sed.steps.gausian.sigma": 1}}, "did you mean 'gaussian'"),
        ({"kind": "figures", "values": {ADDRESS: -1}}, "sigma"),
        ({"kind": "figures", "values": {}, "share": ["mix", "cnn", 2]}, "between 0 and 1"),
        ({"kind": "figures", "values": {}, "share": ["mix"]}, "not a question"),
        ({"kind": "figures", "values": {}, "more": 1}, "not a question"),
        ({"kind": "sides", "values": {}}, "not a question"),
        ({"kind": "answered"}, "expected one of figures, settled, sides"),
        ([1, 2], "expected one of"),
    ],
)
def test_a_mistake_is_answered_and_the_channel_stays(client: Any, question: Any, said: str) -> None:
    with live(client) as channel:
        channel.send_json(question)
        assert said in channel.receive_json()["error"]
        channel.send_json({"kind": "figures", "id": 7, "values": {}})
        assert channel.receive_json()["id"] == 7


def test_a_recipe_is_saved_with_its_comments_and_gives_the_same_figure(client: Any, world: Path) -> None:
    values = {"blends.mix.of": {"cnn": 0.4, "sed": 0.4, "perch": 0.2}, ADDRESS: 0.75}
    told = client.post("do/save", json={"name": "kept", "values": values})
    path = Path(told.json()["file"])
    try:
        text = path.read_text(encoding="utf-8")
        assert "by: rank # ranks tie exactly\n    of: {cnn: 0.4, sed: 0.4, perch: 0.2}\n" in text
        assert load_recipe(path).model.blends["mix"].of == values["blends.mix.of"]
        again = client.post("do/save", json={"name": "kept", "values": values})
        assert (again.status_code, "is not replaced" in again.json()["error"]) == (400, True)
    finally:
        path.unlink()
    for name in ("../out", "a/b", "", "1x", "x" * 101):
        assert "is no name" in client.post("do/save", json={"name": name, "values": {}}).json()["error"]
    command = client.post("do/command", json={"values": values}).json()["command"]
    assert command.endswith(
        "--set 'blends.mix.of={cnn: 0.4, sed: 0.4, perch: 0.2}' --set members.sed.steps.gaussian.sigma=0.75"
    )


def test_a_member_that_had_all_of_the_weight_gives_it_back(studio: Studio) -> None:
    live = studio.live
    assert live is not None
    alone = live.figures({ADDRESS: 0.8}, ("mix", "cnn", 1.0))["values"]
    again, straight = (live.figures(v, ("mix", "cnn", 0.25)) for v in (alone, {ADDRESS: 0.8}))
    assert again == straight
    with pytest.raises(BlendkitError, match="'mix' does not blend 'x'"):
        live.figures(alone, ("mix", "x", 0.25))


def test_only_what_can_be_addressed_has_a_slider(world: Path) -> None:
    text = (world / "trio.yaml").read_text(encoding="utf-8")
    again = text.replace("- gaussian: {", "- {gaussian: {sigma: 2.0}, id: other}\n      - gaussian: {", 1)
    assert again != text
    found = controls_of(parse_recipe(again, "r.yaml"))
    assert [v["address"] for v in found["values"] if v["stream"] == "sed"] == ["members.sed.steps.other.sigma"]
    assert found["without"] == ["sed: several steps are called 'gaussian': give each an `id:`"]


def test_without_labels_there_is_nothing_to_move(world: Path, tmp_path: Path) -> None:
    opened = open_studio(f"{world / 'oof.npz'}:cnn", None, StudioFiles(answers=tmp_path / "a"), scratch=tmp_path)
    assert opened.live is None
    assert opened.listening.chunks("top", "amabird", 3)["chunks"]
    with pytest.raises(BlendkitError, match="no labels"):
        opened.listening.chunks("missed", "amabird", 3)
    with pytest.raises(BlendkitError, match="one member cannot disagree"):
        opened.listening.chunks("disagreement", "", 3)
