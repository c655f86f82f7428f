"""Waiting for what is away is told once, however long it takes."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from app.adapters.patience import patiently
from app.ports import Unavailable


class Away:
    """Something that answers at the nth time it is asked."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def ask(self) -> str:
        """Answer, or be away."""
        if self.left:
            self.left -= 1
            raise Unavailable(f"away, {self.left} to go", retry_after_s=1)
        return "there"


@pytest.mark.parametrize("times", [1, 50])
async def test_a_wait_is_told_at_its_beginning_and_its_end(times: int) -> None:
    """One line with the first reason, one when it goes on, whether it was away for a moment or for long."""
    with capture_logs() as lines:
        answer = await patiently(Away(times).ask, "page", retry_s=0)

    assert "there" == answer
    assert [
        {"event": "waiting", "who": "page", "reason": f"away, {times - 1} to go", "log_level": "info"},
        {"event": "going_on", "who": "page", "log_level": "info"},
    ] == lines


async def test_what_is_there_is_no_news() -> None:
    """Nothing is told."""
    with capture_logs() as lines:
        answer = await patiently(Away(0).ask, "page", retry_s=0)

    assert ("there", []) == (answer, lines)


async def test_what_will_not_pass_is_raised() -> None:
    """Only Unavailable is waited for."""

    async def broken() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await patiently(broken, "page", retry_s=0)
