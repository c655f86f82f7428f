"""Requests about bots become facts, or refusals that say why."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.commands.bots import (
    archive_bot,
    bot_id,
    change_bot,
    create_bot,
    parse_gap,
    reporting_of,
    restore_bot,
)
from app.core.events import Reporting
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Key, Recounting, Removed, State
from tests.facts import told

PIZZA = Bot("pizza-x1y2", "Pizza", "facebook", 1_000)
INGEST = Key("k1", "ingest", "a" * 64, 1_000, "pizza-x1y2")
STATE = told(PIZZA, Bot("gone", "Gone", "generic", 1), Removed("bot", "gone", 2))


def code_of(outcome: Sequence[Fact] | Refusal | Reporting) -> str:
    """Return the code of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code


@pytest.mark.parametrize(
    ("expected", "bot"),
    [
        pytest.param("id_taken", PIZZA, id="id taken"),
        pytest.param("id_taken", Bot("gone", "Gone", "generic", 1), id="id of one that was deleted"),
        pytest.param("bad_id", Bot("No Way", "x", "generic", 1), id="id not a slug"),
        pytest.param("bad_name", Bot("x", "  ", "generic", 1), id="blank name"),
        pytest.param("bad_platform", Bot("x", "x", "Face Book", 1), id="platform not a word"),
        pytest.param(
            "bad_threshold", Bot("x", "x", "generic", 1, Reporting(confidence_threshold=2)), id="threshold"
        ),
    ],
)
def test_create_bot_refuses(expected: str, bot: Bot) -> None:
    """A bot that could not be told apart, shown or counted is refused."""
    assert expected == code_of(create_bot(STATE, bot))


def test_create_bot() -> None:
    """A sound bot comes with its dashboards and keys, all in one change."""
    facts = create_bot(State(), PIZZA, (INGEST,))

    assert isinstance(facts, list)
    assert Fact("bot_created", PIZZA, 1) == facts[0]
    assert Fact("key_created", INGEST, 1) == facts[-1]
    assert {"dashboard_created"} == {fact.type for fact in facts[1:-1]}


def test_change_bot() -> None:
    """Name and threshold change at once; the rest stays."""
    after = Bot(PIZZA.id, "P", "facebook", 1_000, Reporting(confidence_threshold=0.4))

    assert [Fact("bot_changed", after, 2)] == change_bot(
        STATE, PIZZA.id, {"name": "P", "confidence_threshold": 0.4}
    )


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        pytest.param(Reporting("Europe/Rome"), {"zone": "Europe/Rome"}, id="time zone"),
        pytest.param(
            Reporting(week_start="sunday"),
            {"week_start": "sunday", "name": "n"},
            id="week start, with a name",
        ),
        pytest.param(Reporting(session_gap_s=1800), {"session_gap_s": 1800}, id="session gap"),
    ],
)
def test_what_numbers_are_cut_by_is_to_be_counted(wanted: Reporting, changes: dict[str, object]) -> None:
    """The numbers are shown as they were, and are to be counted by the new settings; a name holds at once."""
    after = Bot(PIZZA.id, str(changes.get("name", "Pizza")), "facebook", 1_000, recounting=Recounting(wanted))

    assert [Fact("bot_changed", after, 2)] == change_bot(STATE, PIZZA.id, changes)


@pytest.mark.parametrize(
    ("expected", "field", "changes"),
    [
        pytest.param("bad_platform", "platform", {"platform": "?"}, id="platform"),
        pytest.param("bad_zone", "zone", {"zone": "Mars/Base", "name": "n"}, id="time zone"),
        pytest.param("bad_gap", "session_gap_s", {"session_gap_s": 0}, id="no session gap"),
        pytest.param("bad_gap", "session_gap_s", {"session_gap_s": 86_401}, id="more than a day"),
        pytest.param(
            "bad_threshold", "confidence_threshold", {"confidence_threshold": 1.1}, id="above certain"
        ),
    ],
)
def test_change_bot_refuses(expected: str, field: str, changes: dict[str, object]) -> None:
    """What nothing could be counted by is refused, and said of which field."""
    refusal = change_bot(STATE, PIZZA.id, changes)

    assert isinstance(refusal, Refusal)
    assert (expected, field) == (refusal.code, refusal.field)


def test_change_of_no_bot() -> None:
    """An unknown bot is said to be unknown."""
    assert code_of(change_bot(STATE, "nobody", {"name": "n"})) == "unknown_bot"


def test_archive_bot_once() -> None:
    """An archived bot keeps everything and has the time; again is refused."""
    archived = msgspec.structs.replace(PIZZA, archived_at=5)

    assert [Fact("bot_archived", archived, 2)] == archive_bot(STATE, PIZZA.id, 5)
    assert "archived" == code_of(archive_bot(told(archived), PIZZA.id, 6))
    assert "unknown_bot" == code_of(archive_bot(STATE, "gone", 6))


def test_restore_bot_once() -> None:
    """An archived bot is as it was before; what is in use cannot be restored."""
    archived = msgspec.structs.replace(PIZZA, archived_at=5)

    assert [Fact("bot_restored", PIZZA, 3)] == restore_bot(told(PIZZA, archived), PIZZA.id)
    assert "not_archived" == code_of(restore_bot(STATE, PIZZA.id))
    assert "unknown_bot" == code_of(restore_bot(STATE, "gone"))


@given(st.text(), st.integers(0, 2**64))
def test_bot_id_is_always_an_id(name: str, bits: int) -> None:
    """Whatever the name, the id is a slug that create_bot takes."""
    bot = Bot(bot_id(name, bits), "n", "generic", 1)

    assert isinstance(create_bot(State(), bot), list)


def test_bot_id_is_readable() -> None:
    """The id begins with the name, accents aside."""
    assert re.fullmatch(r"cafe-no-1-[0-9a-z]{4}", bot_id("Café No. 1!", 123456789))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(1800, "30m", id="minutes"),
        pytest.param(900, "900s", id="seconds"),
        pytest.param(3600, "1h", id="hours"),
        pytest.param(86_400, "24h", id="a day"),
        pytest.param(None, "25h", id="more than a day"),
        pytest.param(None, "0s", id="none"),
        pytest.param(None, "30", id="no unit"),
        pytest.param(None, "-5m", id="negative"),
        pytest.param(None, "1.5h", id="fraction"),
        pytest.param(None, "٣m", id="other digits"),
    ],
)
def test_parse_gap(expected: int | None, text: str) -> None:
    """A gap is a whole number of s, m or h, up to a day."""
    assert expected == parse_gap(text)


@pytest.mark.parametrize(
    ("expected", "zone", "gap"),
    [
        pytest.param("bad_zone", "Mars/Base", "30m", id="zone"),
        pytest.param("bad_gap", "UTC", "soon", id="gap"),
    ],
)
def test_reporting_refuses(expected: str, zone: str, gap: str) -> None:
    """A zone or gap that could not be counted by is refused."""
    assert expected == code_of(reporting_of(zone, gap, "monday", None))


def test_reporting() -> None:
    """Sound settings are what track counts by."""
    assert Reporting("Europe/Rome", "sunday", 1800, 0.5) == reporting_of("Europe/Rome", "30m", "sunday", 0.5)
