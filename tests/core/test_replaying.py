"""From dead letters back to deliveries."""

from __future__ import annotations

import msgspec
import pytest

from app.core.deliveries import Delivery, encode_delivery
from app.core.events import Reporting
from app.core.normalise import normalise
from app.core.outcome import DeadLetter
from app.core.refusal import Refusal
from app.core.registry import Bot
from app.core.replaying import delivery_of, letter_id

BOT = Bot("b1", "Bot", "generic", 1, Reporting("Europe/Rome"))
SENT = Delivery(
    "b1", "native", 5_000, [msgspec.Raw(b'{"user":"u","at":"?"}')], platform="generic", type="t", sdk="x/1"
)


def letter() -> DeadLetter:
    """Return what normalise makes of a bad item."""
    [made] = normalise(encode_delivery(SENT), 3, 14, 4).dead_letters
    return made


def test_the_delivery_is_the_one_that_was_sent() -> None:
    """A replayed letter is the delivery it came from, with the settings its bot has now."""
    again = delivery_of(letter(), BOT)

    assert isinstance(again, Delivery)
    assert encode_delivery(msgspec.structs.replace(SENT, reporting=BOT.reporting)) == encode_delivery(again)


def test_a_letter_is_named_by_its_place() -> None:
    """The name is partition, offset and index in raw-events."""
    assert letter_id(letter()) == "3-14-0"


@pytest.mark.parametrize(
    ("changed", "bot", "code"),
    [
        pytest.param({"stage": "store"}, BOT, "no_item", id="refused by another stage"),
        pytest.param({"way": ""}, BOT, "no_item", id="a line that was no delivery"),
        pytest.param({}, None, "unknown_bot", id="a bot that is gone"),
        pytest.param({}, msgspec.structs.replace(BOT, archived_at=2), "unknown_bot", id="an archived bot"),
        pytest.param({"body": '{"user"'}, BOT, "not_json", id="a body that is cut off"),
    ],
)
def test_what_cannot_be_replayed_says_why(changed: dict[str, str], bot: Bot | None, code: str) -> None:
    """A letter that would spoil raw-events, or that nobody waits for, is left out."""
    outcome = delivery_of(msgspec.structs.replace(letter(), **changed), bot)

    assert isinstance(outcome, Refusal)
    assert code == outcome.code
