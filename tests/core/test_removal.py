"""Deleting a bot, as far as the registry goes: who may, what the report says, and which records may leave the log."""

from __future__ import annotations

import pytest

from app.core.commands.bots import create_bot
from app.core.commands.removal import count_removed, finish_removal, remove_bot
from app.core.refusal import Refusal
from app.core.registry import (
    Bot,
    Change,
    Dashboard,
    Fact,
    Import,
    Key,
    KeyUse,
    Person,
    Record,
    RecountProgress,
    ShortLink,
    State,
    fold_all,
    forgettable,
    record_of,
)
from app.core.removal import notes_of, removal_of, removed_bots, unfinished
from tests.facts import records_of, told

AT = 1_700_000_000_000
ARCHIVED = Bot("b", "The Bot", "kik", AT, archived_at=AT)
ALL = (
    ARCHIVED,
    Bot("c", "C", "kik", AT),
    Key("kb", "ingest", "a" * 64, AT, "b"),
    Key("kc", "ingest", "b" * 64, AT, "c"),
    Dashboard("d1", "b", "One", AT, measure="events"),
    Dashboard("d2", "b", "Two", AT, measure="events"),
    Person("p", "p@example.org", "x", AT, roles={"b": "owner", "c": "viewer"}),
    ShortLink("s1", "b", "u", "https://x", AT),
    ShortLink("s2", "c", "u", "https://x", AT),
    Import("i", "b"),
    KeyUse("kb", AT),
    KeyUse("kc", AT),
    RecountProgress("b", 1, 5, 9, AT),
    RecountProgress("c", 1, 5, 9, AT),
)


def _after(records: list[Record], facts: list[Fact] | Refusal, name: str) -> list[Record]:
    assert isinstance(facts, list)
    after = [*records, record_of(Change(name, AT, "test", tuple(facts)))]
    assert 0 == _state(after).refused

    return after


def _state(records: list[Record]) -> State:
    return fold_all(State(), records).state


def _removed() -> list[Record]:
    records = records_of(*ALL)

    return _after(records, remove_bot(_state(records), "b", "The Bot", AT + 1, AT + 2), "gone")


@pytest.mark.parametrize(
    ("expected", "bot", "confirmation"),
    [
        pytest.param("unknown_bot", "nobody", "nobody", id="no such bot"),
        pytest.param("not_archived", "c", "C", id="in use"),
        pytest.param("not_confirmed", "b", "", id="not confirmed"),
        pytest.param("not_confirmed", "b", "the bot", id="nearly confirmed"),
    ],
)
def test_refusals(expected: str, bot: str, confirmation: str) -> None:
    """Nobody deletes a bot by mistake."""
    found = remove_bot(told(*ALL), bot, confirmation, AT, AT)

    assert isinstance(found, Refusal)
    assert expected == found.code


@pytest.mark.parametrize("confirmation", ["b", "The Bot"])
def test_what_belonged_to_it(confirmation: str) -> None:
    """The report begins with what the bot had; nothing of it is left, and its id is taken for ever."""
    facts = remove_bot(told(*ALL), "b", confirmation, AT + 1, AT + 2)
    state = _state(_after(records_of(*ALL), facts, "gone"))
    found = removal_of(state.removed["bot:b"])

    assert ("b", AT + 1, None, AT + 2) == (found.bot, found.removed_at, found.finished_at, found.kept_until)
    assert {
        "alerts": 0, "dashboards": 2, "hook_secrets": 0, "imports": 1, "instances": 0, "keys": 1, "short_links": 1,
    } == dict(sorted(found.removed.items()))  # fmt: skip
    assert ({"c"}, {"kc"}, {}) == (set(state.bots), set(state.keys), state.dashboards)
    assert isinstance(create_bot(state, ARCHIVED), Refusal)


def test_the_report_grows() -> None:
    """Rows are counted once, whoever counts them again, and the end is told once."""
    records = _removed()
    assert ["b"] == [one.id for one in unfinished(_state(records))]
    records = _after(records, count_removed(_state(records), "b", {"events": 5}, 2), "counted")
    assert [] == count_removed(_state(records), "b", {"events": 3}, 1)
    records = _after(records, finish_removal(_state(records), "b", {"links": 4}, AT + 9), "done")
    state = _state(records)
    found = removal_of(state.removed["bot:b"])

    assert [] == finish_removal(state, "b", {"links": 0}, AT + 10)
    assert ([], {"b"}) == (unfinished(state), removed_bots(state))
    assert (AT + 9, 5, 2, 4, 2) == (
        found.finished_at,
        found.removed["rows.events"],
        found.removed["users"],
        found.removed["links"],
        found.removed["dashboards"],
    )


def test_a_bot_that_is_there_is_not_counted() -> None:
    """Nothing is told of what nobody deleted."""
    assert [] == count_removed(told(*ALL), "b", {"events": 1}, 1)
    assert [] == finish_removal(told(*ALL), "b", {}, AT)


def test_notes_go_with_it() -> None:
    """Links, imports, a recount and uses of keys that are the bot's, and only those that still stand."""
    records = _removed()
    notes = {b"link:s1", b"import:b:i", b"key_use:kb", b"recount:b"}

    assert notes == set(notes_of(records, "b"))
    assert notes - {b"link:s1"} == set(notes_of([*records, (b"link:s1", None)], "b"))


def test_whoever_reads_the_log_without_them_sees_the_same() -> None:
    """Notes and history of the bot may be gone, all or the first of them: there is no difference in what there is."""
    records = _removed()
    keys = [*notes_of(records, "b"), *forgettable(records)]
    assert b"change:gone" not in keys
    assert len(keys) >= 4 + 4
    for n in range(len(keys) + 1):
        left = [one for one in records if one[0] not in keys[:n]]
        state, whole = _state(left), _state(records)

        assert (whole.bots, whole.keys, whole.people, whole.removed, whole.short_links, whole.recounts) == (
            state.bots, state.keys, state.people, state.removed, state.short_links, state.recounts,
        )  # fmt: skip
