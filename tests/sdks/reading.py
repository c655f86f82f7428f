"""What a bot's events became in the store, beside what they should have become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.stack import Stack
from tests.waiting import until

__all__ = ["Event", "Row", "agree", "event", "rows_of"]

Row = dict[str, Any]

_GATHERED_S = 0.5  # so often the pipeline's figures are gathered
_QUERY = """
    SELECT user_id, platform, direction, kind, text, intent, toBool(not_handled) AS not_handled, message_id,
        conversation_id, session_id, event_name, amount, currency, locale, attributes, user_attributes, sdk, dialect,
        toUnixTimestamp64Milli(at) / 1000 AS at
    FROM bot_events WHERE bot_id = '{bot}' ORDER BY at, direction, raw_partition, raw_offset, raw_index
"""


class Event(NamedTuple):
    """An event that is expected; `TAG` in a text stands for the run's tag. `more` are other columns or attributes."""

    user: str
    platform: str
    direction: str
    kind: str
    text: str
    more: dict[str, Any]


def event(user: str, direction: str, text: str, kind: str = "text", platform: str = "", **more: Any) -> Event:
    """Return an expected event; the platform is the user's name unless it is said."""
    return Event(user, platform or user, direction, kind, text, more)


def rows_of(stack: Stack, bot: dict[str, Any], least: int) -> list[Row]:
    """Return the stored events of *bot* when there are at least *least*, and nothing accepted is under way."""
    query = {"query": _QUERY.format(bot=bot["bot"])}

    def stored() -> list[Row]:
        status, answer = stack.call("POST", "/data/v1/sql", bot["read_key"], query)
        assert status == 200, answer
        found: list[Row] = answer["data"]

        return found

    idle = _idle(stack, bot["read_key"])
    until(lambda: len(stored()) >= least or idle(), 60, _GATHERED_S, f"{least} events")
    until(idle, 60, _GATHERED_S, "the stages to catch up")

    return stored()


def agree(found: list[Row], wanted: list[Event], tag: str) -> None:
    """Fail unless *found* are *wanted*, nothing more and nothing less."""
    expected = Counter((_user(one, tag), one.platform, one.direction, one.kind, one.text) for one in wanted)
    actual = Counter(
        tuple(row[name] for name in ("user_id", "platform", "direction", "kind", "text")) for row in found
    )

    assert expected == actual, f"missing {expected - actual}, too many {actual - expected}"
    for one in wanted:
        more = {name: _tagged(value, tag) for name, value in one.more.items()}
        key = (_user(one, tag), one.direction, one.kind, one.text)
        own = [
            row
            for row in found
            if tuple(row[name] for name in ("user_id", "direction", "kind", "text")) == key
        ]
        kept = [
            {name: row[name] if name in row else row["attributes"].get(name) for name in more} for row in own
        ]
        assert more in kept, f"{key}: {more} is none of {kept}"


def _user(one: Event, tag: str) -> str:
    return f"{one.user}-{tag}" if one.user else ""


def _tagged(value: Any, tag: str) -> Any:
    return value.replace("TAG", tag) if isinstance(value, str) else value


def _idle(stack: Stack, key: str) -> Callable[[], bool]:
    """Return a probe that tells whether every stage has done all there is, as it said at this probe and the last."""
    last: list[object] = []

    def probe() -> bool:
        lags = [
            (one["lag_records"], one["lag_by_topic"]) for one in stack.get("/data/v1/pipeline", key)["stages"]
        ]
        before, last[:] = list(last), lags

        return before == lags and all(not records for records, _ in lags)

    return probe
