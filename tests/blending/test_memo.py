from __future__ import annotations

from blendkit.blending.stream_cache import Memo


def test_what_is_held_is_not_made_again_and_the_least_used_goes_first() -> None:
    memo, made = Memo(limit=10), []

    def get(key: str, size: int) -> str:
        def make() -> str:
            made.append(key)
            return key * size

        return memo.get(key, make, len)

    assert get("a", 4) == "aaaa"
    assert get("b", 6) == "bbbbbb"
    assert (memo.size, memo.hits) == (10, 0)  # as much as may be held
    assert get("a", 4) == "aaaa"
    assert (made, memo.hits) == (["a", "b"], 1)
    assert get("c", 3) == "ccc"  # b was used longest ago
    assert (sorted(memo.stored), memo.size) == (["a", "c"], 7)
    assert get("d", 11) == "d" * 11  # too large to be held at all
    assert (sorted(memo.stored), memo.size) == (["a", "c"], 7)
    assert get("e", 10) == "e" * 10
    assert (sorted(memo.stored), memo.size, memo.hits) == (["e"], 10, 1)


def test_a_limit_of_0_holds_nothing() -> None:
    memo = Memo()
    assert [memo.get("a", lambda: b"x", len) for _ in range(2)] == [b"x", b"x"]
    assert (memo.stored, memo.hits) == ({}, 0)
