"""The registry is a fold: what facts add up to, in which order, and what of them cannot be read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Reporting
from app.core.registry import (
    Bot,
    Fact,
    HookSecret,
    Import,
    Key,
    Person,
    Record,
    ShortLink,
    State,
    Subject,
    encode_fact,
    fold,
    fold_all,
    hook_of,
    is_zone,
    key_of,
)

PIZZA = Bot("pizza-x1y2", "Pizza", "facebook", 1_000, Reporting("Europe/Rome"))
INGEST = Key("k1", "ingest", "a" * 64, 1_000, "pizza-x1y2")
ANNA = Person("p1", "anna@example.org", "$argon2id$...", 1_000, admin=True)
FILE = Import("f00d", "pizza-x1y2", 400)
SECRET = HookSecret("h1", "pizza-x1y2", "slack", 1_000, "gAAA")
LINK = ShortLink("5lug", "pizza-x1y2", "ada", "https://example.org/menu", 1_000)
ALL: tuple[Subject, ...] = (PIZZA, INGEST, ANNA, FILE, SECRET, LINK)


def record(subject: Subject) -> Record:
    """Return the record that says *subject* is as it is."""
    return key_of(subject), encode_fact(Fact("told", 1_000, "test", subject))


@pytest.mark.parametrize(
    ("expected", "subject"),
    [
        pytest.param(b"bot:pizza-x1y2", PIZZA, id="bot"),
        pytest.param(b"key:k1", INGEST, id="key"),
        pytest.param(b"person:p1", ANNA, id="person"),
        pytest.param(b"import:pizza-x1y2:f00d", FILE, id="import"),
        pytest.param(b"hook_secret:h1", SECRET, id="hook secret"),
        pytest.param(b"link:5lug", LINK, id="short link"),
    ],
)
def test_key_of(expected: bytes, subject: Subject) -> None:
    """The record key names kind and id, so compaction keeps the last fact of each subject."""
    assert expected == key_of(subject)


def test_facts_add_up() -> None:
    """Every subject is found by its id, and a key by its hash too."""
    state = fold_all(State(), map(record, ALL))

    expected = State(
        {"pizza-x1y2": PIZZA},
        {"k1": INGEST},
        {"p1": ANNA},
        {"pizza-x1y2:f00d": FILE},
        {"h1": SECRET},
        {"a" * 64: INGEST},
        {("pizza-x1y2", "slack"): ("gAAA",)},
        short_links={"5lug": LINK},
    )
    assert expected == state


def test_the_last_fact_holds() -> None:
    """A later fact about a subject replaces the earlier one."""
    renamed = msgspec.structs.replace(PIZZA, name="Pizza & more")

    assert {"pizza-x1y2": renamed} == fold_all(State(), [record(PIZZA), record(renamed)]).bots


@pytest.mark.parametrize("subject", ALL, ids=["bot", "key", "person", "import", "hook secret", "short link"])
def test_no_value_removes(subject: Subject) -> None:
    """A record without a value leaves nothing of its subject."""
    assert State() == fold(fold(State(), *record(subject)), key_of(subject), None)


def test_active_secrets_of_a_hook() -> None:
    """A hook has the secrets of its bot and platform that are not revoked, the oldest first."""
    younger = msgspec.structs.replace(SECRET, id="h0", created_at=2_000, sealed="gBBB")
    elsewhere = msgspec.structs.replace(SECRET, id="h2", platform="line")
    revoked = msgspec.structs.replace(SECRET, id="h3", sealed="", revoked_at=2_000)
    state = fold_all(State(), map(record, (younger, SECRET, elsewhere, revoked)))

    assert ("gAAA", "gBBB") == hook_of(state, "pizza-x1y2", "slack")


def test_a_changed_key_loses_its_old_hash() -> None:
    """A key is found by its present hash only."""
    again = msgspec.structs.replace(INGEST, sha256="b" * 64)

    assert {"b" * 64: again} == fold_all(State(), [record(INGEST), record(again)]).key_by_hash


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(b"bot:x", b"not json", id="not JSON"),
        pytest.param(
            b"bot:x", b'{"type":"t","when":1,"who":"w","subject":{"type":"dashboard"}}', id="a later kind"
        ),
        pytest.param(b"bot:other", record(PIZZA)[1], id="key of another subject"),
        pytest.param(b"bot:BAD ID", record(msgspec.structs.replace(PIZZA, id="BAD ID"))[1], id="no valid id"),
        pytest.param(
            *record(msgspec.structs.replace(PIZZA, reporting=Reporting("Mars/Base"))), id="no such zone"
        ),
        pytest.param(
            *record(msgspec.structs.replace(PIZZA, reporting=Reporting(session_gap_s=0))), id="no gap"
        ),
        pytest.param(b"\xff\xfe", None, id="removal of nothing we know"),
        pytest.param(b"", b"", id="empty"),
    ],
)
def test_a_bad_fact_is_skipped_and_counted(key: bytes, value: bytes | None) -> None:
    """What cannot be read changes nothing but the count."""
    before = fold(State(), *record(INGEST))

    assert msgspec.structs.replace(before, skipped=1) == fold(before, key, value)


def test_fold_leaves_its_argument_alone() -> None:
    """The state before is still the state before."""
    before = State()
    fold(before, *record(PIZZA))

    assert State() == before


_renamed = msgspec.structs.replace(PIZZA, name="Other")
_readable = st.sampled_from([*map(record, (*ALL, _renamed)), *((key_of(one), None) for one in ALL)])
_anything = _readable | st.tuples(st.binary(), st.none() | st.binary())


@given(st.lists(_anything), st.lists(_anything))
def test_fold_in_parts(first: list[Record], second: list[Record]) -> None:
    """However the records are cut into batches, the state is the same."""
    assert fold_all(State(), first + second) == fold_all(fold_all(State(), first), second)


@given(st.lists(_readable))
def test_compaction_changes_nothing(records: list[Record]) -> None:
    """The last record of each key says everything the log said."""
    compacted = dict(records)

    assert fold_all(State(), records) == fold_all(State(), compacted.items())


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        pytest.param(True, "UTC", id="utc"),
        pytest.param(True, "America/Los_Angeles", id="zone"),
        pytest.param(False, "America", id="folder"),
        pytest.param(False, "Mars/Base", id="unknown"),
        pytest.param(False, "../etc/passwd", id="path"),
        pytest.param(False, "", id="empty"),
        pytest.param(False, "Factory", id="placeholder"),
    ],
)
def test_is_zone(expected: bool, name: str) -> None:
    """Only zones of the IANA database are zones."""
    assert expected is is_zone(name)
