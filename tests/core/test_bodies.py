"""The first step of all ways in: bytes to JSON, depth, and emoji that were cut in two."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bodies import MAX_DEPTH, mend, object_of, too_deep
from app.core.outcome import Reason, Rejection


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)

    return 0


@given(
    levels=st.integers(MAX_DEPTH - 3, MAX_DEPTH + 3),
    noise=st.lists(st.text(alphabet='[]{}"\\a'), max_size=5),
    wide=st.integers(0, 60),
)
def test_depth_is_counted_outside_strings(levels: int, noise: list[str], wide: int) -> None:
    """Only brackets that nest count, not those side by side and not those in texts."""
    value: object = noise
    for _ in range(levels - 1):
        value = {"[": value}
    item = json.dumps([value, *([[]] * wide)]).encode()

    assert (_depth([value]) > MAX_DEPTH) == too_deep(item)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(rb'"\ud83d"', rb'"\ufffd"', id="first half alone"),
        pytest.param(rb'"\ude00!"', rb'"\ufffd!"', id="second half alone"),
        pytest.param(rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"', id="a half before a whole"),
        pytest.param(rb'"\uD83D\uDE00"', rb'"\uD83D\uDE00"', id="a whole one stays"),
        pytest.param(rb'"\\ud83d"', rb'"\\ud83d"', id="an escaped backslash is no escape"),
        pytest.param(b'"\\n"', b'"\\n"', id="other escapes"),
    ],
)
def test_halves_of_surrogate_pairs(body: bytes, expected: bytes) -> None:
    """A half of a pair becomes U+FFFD; everything else stays byte by byte."""
    assert expected == mend(body)


@given(text=st.text(max_size=20))
def test_mended_json_can_be_read(text: str) -> None:
    """Whatever Python writes with halves of pairs in it can be read once mended."""
    halves = json.dumps({"text": text + "\ud83d" + text})

    assert {"text": text + "\ufffd" + text} == object_of(mend(halves.encode()))


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param(b"", Reason.NOT_JSON, id="empty"),
        pytest.param(b"\xff", Reason.NOT_JSON, id="no UTF-8"),
        pytest.param(b'{"a":"\xff"}', Reason.NOT_JSON, id="no UTF-8 inside"),
        pytest.param(b"[]", Reason.NOT_AN_OBJECT, id="array"),
        pytest.param(b'{"a":1e999}', Reason.BAD_VALUE, id="number out of range"),
        pytest.param(b'{"a":' * 101 + b"1" + b"}" * 101, Reason.TOO_DEEP, id="too deep"),
    ],
)
def test_what_is_no_object(item: bytes, reason: Reason) -> None:
    """Every way of not being an object has its reason."""
    refused = object_of(item)

    assert isinstance(refused, Rejection)
    assert reason is refused.reason
