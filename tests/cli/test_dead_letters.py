"""`botpulse dead-letters`: what was refused can be found, read and sent again."""

from __future__ import annotations

import pytest

from app.adapters.clickhouse import insert
from app.core.outcome import DeadLetter, Reason
from app.core.rows import dead_letter_rows
from tests.cli.conftest import System

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

AT = 1_700_000_000_000


def put(system: System, bot: str, place: int, **changed: object) -> str:
    """Put a letter into the tables, whose item can be read by now, and return its name."""
    fields: dict[str, object] = {
        "bot_id": bot,
        "reason": Reason.READER_FAILED,
        "message": "the reader failed",
        "stage": "normalise",
        "raw_partition": 0,
        "raw_offset": place,
        "raw_index": 0,
        "received_at": AT,
        "body": f'{{"user": "zoë",\n "id": "m-{place}"}}',
        "way": "native",
        "platform": "generic",
        **changed,
    }
    with system.clickhouse() as client:
        insert(client, dead_letter_rows([DeadLetter(**fields)]), "")  # type: ignore[arg-type]
    return f"0-{place}-0"


def events(system: System, bot: str) -> list[tuple[str, int]]:
    """Return user and time of the events of *bot*."""
    with system.clickhouse() as client:
        return list(
            client.execute(
                "SELECT user_id, toUnixTimestamp64Milli(at) FROM bot_events WHERE bot_id = %(bot)s",
                {"bot": bot},
            )
        )


def test_letters_are_found_by_bot_and_reason(system: System) -> None:
    """The list is that of the bot and the reason asked for."""
    bot = system.new_bot()
    name = put(system, bot, 900_001)
    put(system, bot, 900_002, reason=Reason.BAD_TIME)
    done = system.run("dead-letters", "list", "--bot", bot, "--reason", "reader_failed", "--json")

    assert [name] == [one["id"] for one in done.answer]


def test_a_letter_is_shown_with_its_item(system: System) -> None:
    """`show` gives the refused item as it came."""
    bot = system.new_bot()
    done = system.run("dead-letters", "show", put(system, bot, 900_003), "--json")

    assert [(bot, '{"user": "zoë",\n "id": "m-900003"}')] == [
        (one["bot_id"], one["body"]) for one in done.answer
    ]


def test_a_replayed_letter_is_counted_once(system: System) -> None:
    """An item with an id, replayed twice, is one event, and happened when it was first received."""
    bot = system.new_bot()
    name = put(system, bot, 900_004)
    codes = [system.run("dead-letters", "replay", name).code for _ in range(2)]
    system.wait()

    assert ([0, 0], [("zoë", AT)]) == (codes, events(system, bot))


def test_what_cannot_be_replayed_is_left_out(system: System) -> None:
    """Of several letters those that can be sent are, the others are named, and the exit code says so."""
    bot = system.new_bot()
    put(system, bot, 900_005)
    bad = put(system, bot, 900_006, body='{"user"')
    done = system.run("dead-letters", "replay", "--bot", bot, "--json")
    system.wait()

    assert (1, 1, 1) == (done.code, done.answer["replayed"], len(events(system, bot)))
    assert bad in done.answer["left_out"][0]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("show", "9-9-9"), 1, id="show an unknown one"),
        pytest.param(("replay", "9-9-9"), 1, id="replay an unknown one"),
        pytest.param(("replay",), 2, id="replay nothing in particular"),
    ],
)
def test_mistakes_are_refused(system: System, words: tuple[str, ...], code: int) -> None:
    """A letter that is not there is refused; replaying everything has to be said."""
    assert code == system.run("dead-letters", *words).code
