"""`channels:` and `silence:` through recipes and `score`: what is said of them, and which saved logits stay valid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from blendkit.audio.prepare import Grid
from blendkit.cli.top import cli
from blendkit.core.names import NameRule
from blendkit.core.taxonomy import Taxonomy
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.member.protocol import TTA, MemberContext
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan
from blendkit.recipe.recipe_files import RecipeFiles
from blendkit.scoring.identity import member_facts
from blendkit.scoring.standalone import one_member, score
from blendkit.store.logits import LogitStore

Run = Callable[..., RunResult]
RATE = 8000
FROM = "{use: table, path: a.csv, space: prob}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a stereo recording (10 s: a quiet left and a loud right, then silence) and a mono one."""
    folder = tmp_path_factory.mktemp("data") / "test_soundscapes"
    folder.mkdir()
    tone = np.sin(2 * np.pi * 300 * np.arange(5 * RATE) / RATE)
    stereo = np.concatenate([np.stack([0.1 * tone, 0.4 * tone], axis=1), np.zeros((5 * RATE, 2))])
    soundfile.write(folder / "two.wav", stereo, RATE, subtype="FLOAT")
    soundfile.write(folder / "one.wav", 0.2 * tone, RATE, subtype="FLOAT")
    return folder.parent


def notes(data: Path, out: Path, **more: Any) -> dict[str, tuple[str, str]]:
    return {r: (s.status, s.note) for r, s in score("tone", data, out, **more).items()}


def test_a_members_files_are_known_by_their_content(tmp_path: Path) -> None:
    def facts(name: str, text: str) -> dict[str, Any]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        member = make_plan(parse_recipe(f"recipe: 1\nname: r\nmembers: {{a: {FROM}}}\noutput: a\n", "r.yaml")).members[
            "a"
        ]
        files = RecipeFiles({("members", "a", "path"): tmp_path / name})
        return member_facts(member, files, MemberContext((), Taxonomy({})), TTA(), Grid(5.0, "pad", NameRule()))

    first = facts("one.csv", "abc")
    # the SHA-256 of "abc", as FIPS 180-2 gives it
    assert first["params"]["path"] == {"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
    assert facts("two.csv", "abc") == first
    assert facts("two.csv", "abd") != first


STILL = "its last 5.000 s are one value throughout: was it copied or recorded whole?"


def test_the_channel_is_noted_and_heard(data: Path, tmp_path: Path) -> None:
    assert notes(data, tmp_path / "a")["test_soundscapes/two"] == ("ok", f"2 channels averaged; {STILL}")
    assert notes(data, tmp_path / "b", channels=2)["test_soundscapes/two"] == ("ok", f"channel 2 of 2 taken; {STILL}")
    found = [LogitStore.open(tmp_path / n).read(NameRule()).values[-2, 0] for n in ("a", "b")]
    # 20 log10(0.4 / 0.25) dB louder, and the logit is a power's decimal logarithm
    assert found[1] - found[0] == pytest.approx(2 * np.log10(0.4 / 0.25), abs=1e-5)


def test_a_recording_without_the_channel_costs_itself(data: Path, tmp_path: Path) -> None:
    found = notes(data, tmp_path / "a", channels=2)
    assert found["test_soundscapes/one"] == ("unreadable", "it has 1 channel, and no channel 2")
    assert found["test_soundscapes/two"][0] == "ok"


def test_silent_windows_are_counted_in_the_note(data: Path, tmp_path: Path) -> None:
    found = notes(data, tmp_path / "a", silence="floor")
    said = f"2 channels averaged; {STILL}; 1 windows of digital silence were not scored: their logits are -15"
    assert found == {"test_soundscapes/one": ("ok", ""), "test_soundscapes/two": ("ok", said)}
    assert (LogitStore.open(tmp_path / "a").read(NameRule()).values[2] == -15).all()


def test_only_what_differs_from_the_default_changes_the_identity(data: Path) -> None:
    def facts(**more: Any) -> dict[str, Any]:
        return one_member("tone", [data], **more).facts

    assert not {"channels", "silence"} & set(facts())
    assert facts(channels="mean", silence="score") == facts()
    assert facts(channels="loudest") == {**facts(), "channels": "loudest"}
    assert facts(channels="first") == facts(channels=1) == {**facts(), "channels": 1}
    assert facts(silence="floor") == {**facts(), "silence": "floor"}


def test_a_run_says_both(data: Path, tmp_path: Path, run_text: Run, tone_recipe: str) -> None:
    run_text(tone_recipe, data, tmp_path / "out")
    keys = [["channels=loudest", "silence=floor"], ["channels=1"]]
    made = [run_text(tone_recipe, data, tmp_path / "out", overrides=k) for k in keys]
    assert len(list((tmp_path / "out/logits").iterdir())) == 3
    (said,) = [w for w in made[0].warnings if "two" in w]
    note = f"channel 2 of 2 taken, the loudest; {STILL}; 1 windows of digital sil"
    assert said.startswith(f"1 recording with a note: two ({note}")


def test_the_command_line_takes_both(data: Path, tmp_path: Path) -> None:
    given = ["score", "tone", str(data), "--channels", "2", "--silence", "floor", "--strict"]
    found = CliRunner().invoke(cli, [*given, "--out", str(tmp_path / "s")])
    assert found.exit_code == 1, found.output  # one recording lacks channel 2
    assert "channel 2 of 2 taken" in found.output
    wrong = CliRunner().invoke(cli, ["score", "tone", str(data), "--channels", "0", "--out", str(tmp_path / "t")])
    assert wrong.exit_code == 2
    assert "expected mean, first, loudest or the number of a channel, counted from 1; got '0'" in wrong.output


@pytest.mark.parametrize("value", ["0", "-1", "left", "true", "1.0", "[1]"])
def test_a_wrong_channel_in_a_recipe(data: Path, tmp_path: Path, run_text: Run, tone_recipe: str, value: str) -> None:
    with pytest.raises(BlendkitError, match="channels: expected mean, first, loudest or the number of a channel"):
        run_text(tone_recipe, data, tmp_path / "out", overrides=[f"channels={value}"])


def test_a_member_that_reads_files_by_itself_says_that_they_do_not_reach_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.py").write_text(
        "import numpy as np, pandas as pd\n"
        "def predict(files):\n"
        "    rows = [(f, t, t + 5.0, 0.5) for f in files for t in ([0.0, 5.0] if 'two' in f else [0.0])]\n"
        "    return pd.DataFrame(rows, columns=['file', 'start_time', 'end_time', 'x']).set_index(\n"
        "        ['file', 'start_time', 'end_time'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings = ["function=own:predict", "classes=[x]", "gives=prob"]
    given = ["score", "callable", str(data), "--allow-code", "--channels", "first", *(f"--set={s}" for s in settings)]
    found = CliRunner().invoke(cli, [*given, "--out", str(tmp_path / "s")])
    assert found.exit_code == 0, found.exception
    said = "reads the files by itself: `channels: first` has no effect on it"
    assert said in found.output, found.output
    assert said in LogitStore.open(tmp_path / "s").about["notes"]  # of which run.json's are made
