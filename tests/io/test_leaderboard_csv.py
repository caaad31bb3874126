from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.io.readers.leaderboard_csv import read_leaderboard


def written(folder: Path, text: str) -> Path:
    path = folder / "board.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_kaggles_own_file(tmp_path: Path) -> None:
    text = """\
Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames
1,15411117,"Owls, and others",2026-06-03 23:41:52,0.95012,212,"a,b"
2,15411118,Larks,2026-06-02 01:00:00,0.95,7,c
3,15411119,0.99,2026-06-02 01:00:00,0.1,1,d
"""
    found = read_leaderboard(written(tmp_path, text))
    assert found.dtype == np.float64
    assert found.tolist() == [0.95012, 0.95, 0.1]  # in file order


@pytest.mark.parametrize(
    "column", ["Score", "score", "PublicScore", "PrivateScore", "private_score", "PublicLeaderboardScore"]
)
def test_names_of_the_column(tmp_path: Path, column: str) -> None:
    assert read_leaderboard(written(tmp_path, f"Team,{column}\na,0.5\nb,1\n")).tolist() == [0.5, 1.0]


def test_a_byte_order_mark_hides_no_column(tmp_path: Path) -> None:
    assert read_leaderboard(written(tmp_path, "\ufeffScore,Team\n0.5,a\n")).tolist() == [0.5]


def test_no_score_column(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError) as caught:
        read_leaderboard(written(tmp_path, "Team,Points\na,0.9\n"))
    assert "board.csv: no column Score" in caught.value.title
    assert "has Team, Points" in str(caught.value)


@pytest.mark.parametrize("bad", ["none", "inf", "0,9"])
def test_scores_that_are_not_numbers_are_reported_by_line(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BlendkitError, match="scores that are not numbers") as caught:
        read_leaderboard(written(tmp_path, f'Team,Score\na,0.9\nb,"{bad}"\nc,0.8\n'))
    assert "line 3:" in str(caught.value)
    assert "line 2:" not in str(caught.value)


def test_a_board_without_teams_and_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError) as caught:
        read_leaderboard(written(tmp_path, "Team,Score\n"))
    assert "the file lists no team" in str(caught.value)
    for path in (written(tmp_path, ""), tmp_path / "none.csv"):
        with pytest.raises(BlendkitError, match=f"{path.name}: cannot read this leaderboard"):
            read_leaderboard(path)


def test_teams_without_a_score_are_passed_over(tmp_path: Path) -> None:
    assert read_leaderboard(written(tmp_path, 'Team,Score\na,0.9\nb,\nc," "\nd,0.8\n')).tolist() == [0.9, 0.8]
    with pytest.raises(BlendkitError, match="the file lists no team"):
        read_leaderboard(written(tmp_path, "Team,Score\na,\n"))
