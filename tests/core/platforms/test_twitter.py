"""Twitter's account activity: what the real payloads leave open."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.twitter import read_twitter

AT = 1_586_214_250_037


def _read(**body: Any) -> Outcome:
    return read_twitter(body, Context("bot", AT + 1, "webhook", "twitter"))


def test_typing_towards_the_bot_and_from_it() -> None:
    """The user is the other account, whoever is typing."""
    typing = [
        {"created_timestamp": str(AT), "sender_id": "U", "target": {"recipient_id": "B"}},
        {"created_timestamp": str(AT), "sender_id": "B", "target": {"recipient_id": "U"}},
    ]
    events = _read(for_user_id="B", direct_message_indicate_typing_events=typing).events

    assert [(event.kind, event.direction, event.user_id) for event in events] == [("typing", "none", "U")] * 2


def test_a_tweet_is_a_notice_with_its_author() -> None:
    """Tweets about the account are no messages to the bot."""
    (event,) = _read(
        for_user_id="B", tweet_create_events=[{"user": {"id_str": "U"}, "timestamp_ms": str(AT)}]
    ).events

    assert (event.kind, event.direction, event.user_id, event.at) == ("system", "none", "U", AT)
    assert event.attributes == {"event": "tweet_create_events"}


def test_a_notice_without_a_time() -> None:
    """Where Twitter gives no time, the time of receipt holds."""
    (event,) = _read(favorite_events=[{}]).events

    assert (event.at, event.warnings, event.user_id) == (AT + 1, ["no_time"], "")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param({"for_user_id": "B"}, "", id="no list"),
        pytest.param({"follow_events": [5]}, "follow_events[0]", id="no object in it"),
    ],
)
def test_refusals(body: dict[str, Any], path: str) -> None:
    """A body without events and a list without objects are refused by place."""
    assert [(Reason.UNKNOWN_SHAPE, path)] == [(one.reason, one.path) for one in _read(**body).rejections]


def test_notices_are_known_again() -> None:
    """A follow that is delivered twice is one; to unfollow at the same instant is another."""
    follow = {"type": "follow", "created_timestamp": str(AT), "source": {"id": "U"}, "target": {"id": "B"}}
    events = _read(for_user_id="B", follow_events=[follow, follow, follow | {"type": "unfollow"}]).events
    first, again, other = (event.event_id for event in events)

    assert (True, False) == (first == again != "", first == other)


def test_a_user_who_revokes_the_app() -> None:
    """It is told outside of any list, once however often it comes."""
    revoke = {"date_time": "2020-04-06T23:04:10+00:00", "source": {"user_id": "U"}, "target": {"app_id": "1"}}
    first, again = (_read(user_event={"revoke": revoke}).events[0] for _ in range(2))

    assert ("uninstall", "none", "U", 1_586_214_250_000) == (
        first.kind, first.direction, first.user_id, first.at,
    )  # fmt: skip
    assert first.event_id == again.event_id != ""
