from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from blendkit.errors import BlendkitError
from blendkit.member.frames import frame_member
from blendkit.member.protocol import MemberContext
from blendkit.recipe.params import file_params
from blendkit_members.callable import callable_member

ALLOWED = MemberContext(("b", "a", "z"), allow_code=True)


def model(files: list[str], prob: bool = False, scale: float = 1.0) -> pd.DataFrame:
    rows = [(f, s, s + 5.0) for f in files for s in (0.0, 5.0)]
    index = pd.MultiIndex.from_tuples(rows, names=["file", "start_time", "end_time"])
    values = np.linspace(0.1, 0.9, len(rows))
    values = values if prob else logit(values)
    return pd.DataFrame({"a": values * scale, "b": values[::-1] * scale, "other": 0.0}, index=index)


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    text = "import test_callable_source as s\nmodel = s.model\nnumber = 3\n"
    (tmp_path / "my_models.py").write_text(text, encoding="utf-8")
    (tmp_path / "test_callable_source.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "my_models:model"


def test_a_function_by_name(importable: str) -> None:
    member = callable_member(ALLOWED, function=importable, classes=["a", "b"], gives="prob", arguments={"prob": True})
    assert member.info.covered == (True, True, False)
    frame = member.predict_files([Path("/d/r.wav")])
    assert frame["a"].tolist() == pytest.approx(logit([0.1, 0.9]).tolist())
    assert list(frame.columns) == ["b", "a", "z"] or set(frame.columns) == {"a", "b", "z"}
    assert frame["z"].tolist() == [0.0, 0.0]


def test_code_runs_only_where_it_may() -> None:
    with pytest.raises(
        BlendkitError, match="'my_models:model' is Python code, which a recipe may call only with --allow-code"
    ):
        callable_member(MemberContext(("a",)), function="my_models:model", classes=["a"])


@pytest.mark.parametrize(
    ("function", "text"),
    [("no_such_module:f", "no function"), ("os", "no function"), ("os:nothing", "no function"), ("os:sep", "is a str")],
)
def test_what_is_no_function(function: str, text: str) -> None:
    with pytest.raises(BlendkitError, match=text):
        callable_member(ALLOWED, function=function, classes=["a"])


def test_what_does_not_fit() -> None:
    with pytest.raises(BlendkitError, match="none of the function's classes is one of the run's"):
        frame_member(model, ALLOWED, ["q"])
    with pytest.raises(BlendkitError, match="`gives: prob`, but scores lie in"):
        frame_member(lambda f: model(f, scale=9.0), ALLOWED, ["a", "b"], gives="prob").predict_files([Path("r.wav")])
    with pytest.raises(BlendkitError, match="no column for 1 of its classes") as error:
        frame_member(model, ALLOWED, ["a", "z"]).predict_files([Path("r.wav")])
    assert "'z'" in error.value.problems[0]


def test_classes_and_columns_are_the_same_however_their_accents_are_encoded() -> None:
    apart, whole = (unicodedata.normalize(form, "\u00e9") for form in ("NFD", "NFC"))
    for listed, given in ((apart, apart), (apart, whole), (whole, apart)):
        member = frame_member(lambda f, n=given: model(f).rename(columns={"a": n}), MemberContext((whole,)), [listed])
        assert member.info.covered == (True,)
        assert member.predict_files([Path("r.wav")])[whole].tolist() == pytest.approx(logit([0.1, 0.9]).tolist())


def test_classes_from_a_file(importable: str, tmp_path: Path) -> None:
    listed = tmp_path / "classes.csv"
    listed.write_text("class;index\na;0\nb;1\n", encoding="utf-8")
    member = callable_member(ALLOWED, function=importable, classes=str(listed))
    assert member.info.covered == (True, True, False)
    assert member.info.notes[1] == "2 names from classes.csv (column class, separator `;`)"
    assert set(file_params(callable_member, {"classes": str(listed)})) == {"classes"}
    assert file_params(callable_member, {"classes": ["a", "b"]}) == {}  # names, which are no files


def test_through_score(importable: str, tmp_path: Path, write_wav: Callable[..., Path], monkeypatch: Any) -> None:
    from blendkit.scoring.opened_members import Runtime
    from blendkit.scoring.standalone import one_member, score_audio
    from blendkit.store.logits import LogitStore

    for name in ("r2", "r10"):
        write_wav(tmp_path / "audio" / f"{name}.wav", np.ones(10 * 1000, np.float32), 1000)
    (tmp_path / "audio" / "bad.wav").write_bytes(b"RIFF0000WAVE")
    settings = [f"function={importable}", 'classes=["a", "b"]']
    scorer = one_member("callable", [tmp_path / "audio"], settings=settings, runtime=Runtime("cpu", True))
    status = score_audio(scorer, tmp_path / "out")
    assert {r: s.status for r, s in status.items()} == {"bad": "unreadable", "r2": "ok", "r10": "ok"}
    scores = LogitStore.open(tmp_path / "out").read(MemberContext().names)
    assert scores.rows.ids() == ["r2_5", "r2_10", "r10_5", "r10_10"]
    assert scores.values[:, 0].tolist() == pytest.approx(logit(np.linspace(0.1, 0.9, 4)).tolist(), rel=1e-6)
