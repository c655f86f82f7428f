"""Requests to the registry become facts, or refusals that say why."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bots import (
    SCOPES,
    Refusal,
    archive_bot,
    bot_id,
    change_bot,
    create_bot,
    create_key,
    hash_of,
    key_text,
    parse_gap,
    reporting_of,
    revoke_key,
)
from app.core.events import Reporting
from app.core.registry import Bot, Fact, Key, Scope, State

PIZZA = Bot("pizza-x1y2", "Pizza", "facebook", 1_000)
INGEST = Key("k1", "ingest", "a" * 64, 1_000, "pizza-x1y2")
STATE = State({"pizza-x1y2": PIZZA}, {"k1": INGEST})


def code_of(outcome: Fact | Refusal | Reporting) -> str:
    """Return the code of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code


@pytest.mark.parametrize(
    ("expected", "bot"),
    [
        pytest.param("id_taken", PIZZA, id="id taken"),
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
    assert expected == code_of(create_bot(STATE, bot, "me"))


def test_create_bot() -> None:
    """A sound bot becomes a fact that carries it."""
    assert Fact("bot_created", 1_000, "me", PIZZA) == create_bot(State(), PIZZA, "me")


def test_change_bot() -> None:
    """Name, platform and threshold change; the rest stays."""
    changed = change_bot(
        STATE, PIZZA.id, {"name": "P", "platform": "slack", "confidence_threshold": 0.4}, 2, "me"
    )

    after = Bot(PIZZA.id, "P", "slack", 1_000, Reporting(confidence_threshold=0.4))
    assert Fact("bot_changed", 2, "me", after) == changed


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param("cut_by_it", {"zone": "Europe/Rome"}, id="time zone"),
        pytest.param("cut_by_it", {"week_start": "sunday", "name": "n"}, id="week start, with a name"),
        pytest.param("cut_by_it", {"session_gap_s": "30m"}, id="session gap"),
        pytest.param("bad_platform", {"platform": "?"}, id="bad platform"),
    ],
)
def test_change_bot_refuses(expected: str, changes: dict[str, object]) -> None:
    """What the numbers so far are cut by cannot change."""
    assert expected == code_of(change_bot(STATE, PIZZA.id, changes, 2, "me"))


def test_change_of_no_bot() -> None:
    """An unknown bot is said to be unknown."""
    assert code_of(change_bot(STATE, "nobody", {"name": "n"}, 2, "me")) == "unknown_bot"


def test_archive_bot_once() -> None:
    """An archived bot keeps everything and has the time; again is refused."""
    archived = msgspec.structs.replace(PIZZA, archived_at=5)
    assert Fact("bot_archived", 5, "me", archived) == archive_bot(STATE, PIZZA.id, 5, "me")
    assert code_of(archive_bot(State({PIZZA.id: archived}), PIZZA.id, 6, "me")) == "archived"


@pytest.mark.parametrize(
    ("expected", "scope", "bot"),
    [
        pytest.param("needs_bot", "ingest", None, id="ingest for all bots"),
        pytest.param("unknown_bot", "read", "nobody", id="unknown bot"),
    ],
)
def test_create_key_refuses(expected: str, scope: Scope, bot: str | None) -> None:
    """An ingest key is for one bot, and any bot named exists."""
    assert expected == code_of(create_key(STATE, Key("k2", scope, "b" * 64, 1, bot), "me"))


@pytest.mark.parametrize(
    ("expected", "scope", "bot", "channel"),
    [
        pytest.param("needs_channel", "botanalytics-v2", PIZZA.id, "", id="no channel"),
        pytest.param("needs_channel", "botanalytics-v2", PIZZA.id, "smoke", id="unknown channel"),
        pytest.param("needs_channel", "botanalytics-v2", None, "rasa", id="no bot"),
        pytest.param("no_channel", "ingest", PIZZA.id, "rasa", id="channel of another scope"),
    ],
)
def test_channels_of_keys(expected: str, scope: Scope, bot: str | None, channel: str) -> None:
    """A key for Botanalytics v2, and no other, is for one channel of one bot."""
    key = Key("k2", scope, "b" * 64, 1, bot, channel=channel)

    assert expected == code_of(create_key(STATE, key, "me"))


def test_a_key_of_a_channel() -> None:
    """With bot and channel the key is made."""
    key = Key("k2", "botanalytics-v2", "b" * 64, 1, PIZZA.id, channel="rasa")

    assert Fact("key_created", 1, "me", key) == create_key(STATE, key, "me")


def test_revoke_key_once() -> None:
    """A revoked key has the time; again, and of no key, is refused."""
    revoked = msgspec.structs.replace(INGEST, revoked_at=7)
    assert Fact("key_revoked", 7, "me", revoked) == revoke_key(STATE, "k1", 7, "me")
    assert code_of(revoke_key(State({}, {"k1": revoked}), "k1", 8, "me")) == "revoked"
    assert code_of(revoke_key(STATE, "k9", 8, "me")) == "unknown_key"


@given(st.text(), st.integers(0, 2**64))
def test_bot_id_is_always_an_id(name: str, bits: int) -> None:
    """Whatever the name, the id is a slug that create_bot takes."""
    bot = Bot(bot_id(name, bits), "n", "generic", 1)

    assert isinstance(create_bot(State(), bot, "me"), Fact)


def test_bot_id_is_readable() -> None:
    """The id begins with the name, accents aside."""
    assert re.fullmatch(r"cafe-no-1-[0-9a-z]{4}", bot_id("Café No. 1!", 123456789))


@given(st.sampled_from(SCOPES), st.integers(0, 2**256 - 1))
def test_key_text(scope: Scope, bits: int) -> None:
    """A key has only letters and digits, since some SDKs do not encode it, and shows its scope."""
    assert re.fullmatch(rf"bp{scope}[0-9A-Za-z]{{32}}", key_text(scope, bits))


def test_key_text_uses_the_bits() -> None:
    """Other bits are another key, and another hash."""
    assert hash_of(key_text("read", 1)) != hash_of(key_text("read", 2))


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
