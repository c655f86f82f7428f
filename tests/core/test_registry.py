"""The registry is a fold: what records add up to, what is refused, and what of them cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones, reset_tzpath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Reporting
from app.core.refusal import Refusal
from app.core.registry import (
    Alert,
    Bot,
    Change,
    Condition,
    Dashboard,
    Fact,
    HookSecret,
    Import,
    Instance,
    Key,
    KeyUse,
    Lost,
    Note,
    Person,
    Record,
    Recounting,
    RecountProgress,
    Removed,
    ShortLink,
    State,
    Subject,
    fold,
    fold_all,
    hook_of,
    is_zone,
    note_key_of,
    proposed,
    record_of,
    zones,
)
from tests.facts import records_of, told

PIZZA = Bot("pizza", "Pizza", "facebook", 1_000, Reporting("Europe/Rome"))
TEAM = Instance("i1", "pizza", "slack", "b" * 64, 1_000, 1_000)
INGEST = Key("k1", "ingest", "a" * 64, 1_000, "pizza")
ANNA = Person("p1", "anna@example.org", "$argon2id$...", 1_000, admin=True, roles={"pizza": "owner"})
SECRET = HookSecret("h1", "pizza", "slack", 1_000, "gAAA")
ANGRY = Dashboard("d1", "pizza", "Angry", 1_000, measure="new_users")
QUIET = Alert("a1", "pizza", "Quiet", "messages_in", 300, Condition("below", 1), 1_000)
FILE = Import("f00d", "pizza", 400)
LINK = ShortLink("5lug", "pizza", "ada", "https://example.org/menu", 1_000)
USE = KeyUse("k1", 2_000)
COUNTED = RecountProgress("pizza", 2, 300, 400, 2_000)
TOKYO = Recounting(Reporting("Asia/Tokyo", generation=2), "w1", 2_000)
SUBJECTS: tuple[Subject, ...] = (PIZZA, TEAM, INGEST, ANNA, SECRET, ANGRY, QUIET)
NOTES: tuple[Note, ...] = (FILE, LINK, USE, COUNTED)


def change(subject: Subject, revision: int = 1, id: str = "c") -> Record:
    """Return the record that says *subject* is as it is."""
    return record_of(Change(id, 1, "test", (Fact("told", subject, revision),)))


def test_facts_and_notes_add_up() -> None:
    """Everything is found by its id, and what it takes and owns by its name."""
    expected = State(
        bots={"pizza": PIZZA},
        instances={"i1": TEAM},
        keys={"k1": INGEST},
        people={"p1": ANNA},
        hook_secrets={"h1": SECRET},
        dashboards={"d1": ANGRY},
        alerts={"a1": QUIET},
        short_links={"5lug": LINK},
        imports={"pizza:f00d": FILE},
        key_uses={"k1": USE},
        recounts={"pizza": COUNTED},
        key_by_hash={"a" * 64: INGEST},
        sealed_by_hook={("pizza", "slack"): ("gAAA",)},
        revisions=dict.fromkeys(
            ("bot:pizza", "instance:i1", "key:k1", "person:p1", "hook_secret:h1", "dashboard:d1", "alert:a1"),
            1,
        ),
        taken={
            "token:" + "b" * 64: "instance:i1",
            "key:" + "a" * 64: "key:k1",
            "email:anna@example.org": "person:p1",
            "name:dashboard:pizza:angry": "dashboard:d1",
            "name:alert:pizza:quiet": "alert:a1",
        },
        owned={
            "pizza": dict.fromkeys(
                (
                    "instance:i1",
                    "key:k1",
                    "hook_secret:h1",
                    "dashboard:d1",
                    "alert:a1",
                    "import:pizza:f00d",
                    "link:5lug",
                    "recount:pizza",
                )
            )
        },
    )

    assert expected == told(*SUBJECTS, *NOTES)


def test_the_last_fact_holds() -> None:
    """A later fact about a subject replaces the earlier one, and lets go of what that took."""
    other = msgspec.structs.replace(ANNA, email="Anna@example.com")
    state = told(PIZZA, ANNA, other)

    assert ({"p1": other}, {"email:anna@example.com": "person:p1"}) == (state.people, state.taken)


def test_a_changed_key_loses_its_old_hash() -> None:
    """A key is found by its present hash only."""
    again = msgspec.structs.replace(INGEST, sha256="b" * 64)

    assert {"b" * 64: again} == told(PIZZA, INGEST, again).key_by_hash


def test_active_secrets_of_a_hook() -> None:
    """A hook has the secrets of its bot and platform that are not revoked, the oldest first."""
    younger = msgspec.structs.replace(SECRET, id="h0", created_at=2_000, sealed="gBBB")
    elsewhere = msgspec.structs.replace(SECRET, id="h2", platform="line")
    revoked = msgspec.structs.replace(SECRET, id="h3", sealed="", revoked_at=2_000)
    state = told(PIZZA, younger, SECRET, elsewhere, revoked)

    assert ("gAAA", "gBBB") == hook_of(state, "pizza", "slack")


def test_a_hook_without_active_secrets() -> None:
    """After its last secret was revoked a hook has none."""
    state = told(PIZZA, SECRET, msgspec.structs.replace(SECRET, sealed="", revoked_at=2_000))

    assert {} == state.sealed_by_hook


def test_a_deleted_bot_takes_all_of_it_along() -> None:
    """Nothing is left of a bot but that it was deleted; people lose their roles there, and all names are free."""
    gone = Removed("bot", "pizza", 3_000, {"events": 5})
    nobody = msgspec.structs.replace(ANNA, roles={})
    state = told(*SUBJECTS, *NOTES, gone)

    assert state == State(
        people={"p1": nobody},
        removed={"bot:pizza": gone},
        revisions={"bot:pizza": 2, "person:p1": 1},
        taken={"email:anna@example.org": "person:p1"},
    )


def test_a_deleted_person_is_gone() -> None:
    """Somebody who was deleted leaves a free e-mail address."""
    other = msgspec.structs.replace(ANNA, id="p2", email="bob@example.org")
    gone = Removed("person", "p1", 3_000)

    assert ({"p2": other}, {"email:bob@example.org": "person:p2"}) == (
        (state := told(PIZZA, ANNA, other, gone)).people,
        state.taken,
    )


@pytest.mark.parametrize(
    "one", [TEAM, INGEST, SECRET, ANGRY, QUIET, PIZZA], ids=lambda one: type(one).__name__
)
def test_nothing_more_of_a_deleted_bot(one: Subject) -> None:
    """No fact brings back a bot that was deleted, or anything of it."""
    state = told(PIZZA, Removed("bot", "pizza", 3_000))
    refused = proposed(state, Change("c", 1, "test", (state.fact("told", one),)))

    assert isinstance(refused, Refusal)
    assert "unknown_bot" == refused.code


@pytest.mark.parametrize("note", NOTES, ids=lambda note: type(note).__name__)
def test_no_notes_of_a_deleted_bot(note: Note) -> None:
    """A note about what was deleted says nothing, and is no mistake."""
    state = told(PIZZA, INGEST, Removed("bot", "pizza", 3_000))

    assert state == fold(state, *record_of(note))


def test_a_role_given_too_late() -> None:
    """Somebody who is given a role while the bot is deleted does not have it."""
    state = told(PIZZA, Removed("bot", "pizza", 3_000), ANNA)

    assert {} == state.people["p1"].roles


@pytest.mark.parametrize("note", NOTES, ids=lambda note: type(note).__name__)
def test_a_note_without_value_is_gone(note: Note) -> None:
    """A note that is deleted leaves nothing behind."""
    before = told(PIZZA, INGEST)
    after = fold(fold(before, *record_of(note)), note_key_of(note), None)

    assert before == after


def test_how_far_a_recount_is() -> None:
    """Of one bot the last word counts, of whatever generation, and it is no change of the bot."""
    later = RecountProgress("pizza", 3, 1, 400, 3_000)
    state = told(PIZZA, COUNTED, later)

    assert ({"pizza": later}, {"pizza": PIZZA}, 1) == (state.recounts, state.bots, state.revision_of(PIZZA))


def test_a_recount_is_what_it_was_in_every_process() -> None:
    """Who counts, as what and since when is read back as it was written."""
    counted = msgspec.structs.replace(PIZZA, recounting=TOKYO, generations=2)

    assert {"pizza": counted} == told(PIZZA, counted).bots


@pytest.mark.parametrize("note", [FILE, LINK, COUNTED], ids=["import", "short link", "recount"])
def test_a_bot_may_own_nothing_again(note: Note) -> None:
    """The last thing of a bot that is deleted leaves the bot as it was."""
    assert told(PIZZA) == fold(told(PIZZA, note), note_key_of(note), None)


@pytest.mark.parametrize(
    ("expected", "note"),
    [
        pytest.param(b"import:pizza:f00d", FILE, id="import"),
        pytest.param(b"link:5lug", LINK, id="short link"),
        pytest.param(b"key_use:k1", USE, id="use of a key"),
        pytest.param(b"recount:pizza", COUNTED, id="recount"),
    ],
)
def test_keys_of_notes(expected: bytes, note: Note) -> None:
    """The key names kind and id, so compaction keeps the last note of each."""
    assert expected == note_key_of(note)


def test_keys_of_changes() -> None:
    """Each change has a key of its own, so compaction keeps them all."""
    assert [b"change:c1", b"change:c2"] == [change(PIZZA, id=id_)[0] for id_ in ("c1", "c2")]


def test_a_change_of_several_is_all_or_nothing() -> None:
    """A change of which one fact is refused changes nothing."""
    before = told(PIZZA)
    other = Bot("other", "Other", "kik", 1)
    both = Change("c", 1, "test", (before.fact("told", other), State().fact("told", PIZZA)))
    after = fold_all(before, [record_of(both)])

    assert ({"pizza": PIZZA}, "conflict") == (after.state.bots, _code(after.verdicts["c"]))


@pytest.mark.parametrize(
    ("expected", "revision"),
    [
        pytest.param("conflict", 1, id="older"),
        pytest.param("conflict", 2, id="the same"),
        pytest.param(None, 3, id="next"),
        pytest.param(None, 5, id="after what only a later version can read"),
    ],
)
def test_revisions(expected: str | None, revision: int) -> None:
    """A fact counts when it is newer than the present one: whoever wrote it knew of that."""
    before = told(PIZZA, PIZZA)

    assert expected == _code(fold_all(before, [change(PIZZA, revision)]).verdicts["c"])


def test_twice_in_one_change() -> None:
    """A change that says two things of one subject at the same revision is refused."""
    fact = State().fact("told", PIZZA)

    assert "conflict" == _code(
        fold_all(State(), [record_of(Change("c", 1, "t", (fact, fact)))]).verdicts["c"]
    )


def test_twice_taken_in_one_change() -> None:
    """Nor can two subjects of one change take the same name."""
    facts = [State().fact("told", msgspec.structs.replace(ANGRY, id=id_)) for id_ in ("d1", "d2")]
    verdict = fold_all(told(PIZZA), [record_of(Change("c", 1, "t", tuple(facts)))]).verdicts["c"]

    assert "name_taken" == _code(verdict)


def test_who_was_invited_does_not_administer() -> None:
    """Somebody without a password is no reason to let the last administrator go."""
    invited = msgspec.structs.replace(ANNA, id="p2", email="b@example.org", password="")
    state = told(PIZZA, ANNA, invited)
    refused = proposed(
        state, Change("c", 1, "t", (state.fact("told", msgspec.structs.replace(ANNA, admin=False)),))
    )

    assert isinstance(refused, Refusal)
    assert "last_admin" == refused.code


BAD = [
    pytest.param(b"change:c", b"not json", id="not JSON"),
    pytest.param(b"change:c", b"\xff\xfe", id="not text"),
    pytest.param(
        b"change:c",
        b'{"type":"change","id":"c","when":1,"who":"w","facts":[{"type":"t","subject":{"type":"team"},"revision":1}]}',
        id="a later kind",
    ),
    pytest.param(
        b"change:c", b'{"type":"change","id":"c","when":1,"who":"w","facts":[{}]}', id="an empty fact"
    ),
    pytest.param(b"change:c", b'{"type":"snapshot"}', id="a later record"),
    pytest.param(b"change:other", change(PIZZA)[1], id="key of another change"),
    pytest.param(b"import:x:f00d", record_of(FILE)[1], id="key of another note"),
    pytest.param(*change(msgspec.structs.replace(PIZZA, id="BAD ID")), id="no valid id"),
    pytest.param(
        *change(msgspec.structs.replace(PIZZA, reporting=Reporting("Mars/Base"))), id="no such zone"
    ),
    pytest.param(*change(msgspec.structs.replace(PIZZA, reporting=Reporting(session_gap_s=0))), id="no gap"),
    pytest.param(
        *change(msgspec.structs.replace(PIZZA, recounting=Recounting(Reporting("Mars/Base")))),
        id="no such zone to count by",
    ),
    pytest.param(
        *change(msgspec.structs.replace(PIZZA, recounting=Recounting(Reporting(session_gap_s=0)))),
        id="no gap to count by",
    ),
    pytest.param(*change(msgspec.structs.replace(ANNA, zone="Mars/Base")), id="no such zone of a person"),
    pytest.param(b"change:c", b"[" * 100_000, id="too deep"),
    pytest.param(b"\xff\xfe", None, id="removal of nothing we know"),
    pytest.param(b"", b"", id="empty"),
]


@pytest.mark.parametrize(("key", "value"), BAD)
def test_a_bad_record_is_skipped_and_counted(key: bytes, value: bytes | None) -> None:
    """What cannot be read changes nothing but the count and the list of what was lost, and everything after it goes on."""
    before, after = told(PIZZA), told(PIZZA, INGEST)
    [_, follows] = records_of(PIZZA, INGEST)
    state = fold_all(before, [(key, value), follows]).state
    [lost] = state.lost

    assert msgspec.structs.replace(after, skipped=1, lost=(lost,)) == state
    assert (key.decode("utf-8", "replace"), "unreadable") == (lost.key, lost.code)


def test_from_when_something_is_in_use_again() -> None:
    """Since the change that restored or enabled it, until it is deleted; of what was never out of use nothing is said."""
    archived = msgspec.structs.replace(PIZZA, archived_at=1_500)
    disabled = msgspec.structs.replace(QUIET, enabled=False)
    renamed = msgspec.structs.replace(PIZZA, name="Pizzeria")
    log = records_of(
        PIZZA, QUIET, ANGRY, archived, disabled, PIZZA, QUIET, renamed, Removed("bot", "pizza", 1)
    )
    found = [fold_all(State(), log[:end]).state.used_from for end in (5, 8, 9)]

    assert [{}, {"bot:pizza": 5, "alert:a1": 6}, {}] == found


def test_a_refused_change_is_counted_and_shown() -> None:
    """It is said whose change was lost, when and why."""
    state = fold_all(told(PIZZA), [change(PIZZA)]).state
    [lost] = state.lost

    assert (1, 0, Lost("change:c", "conflict", lost.message, 1, "test")) == (
        state.refused,
        state.skipped,
        lost,
    )


def test_only_the_last_of_what_was_lost_is_kept() -> None:
    """However much is lost, only the count grows."""
    state = fold_all(State(), [(b"%d" % number, b"") for number in range(1000)]).state

    assert (1000, True, "999") == (state.skipped, len(state.lost) < 100, state.lost[-1].key)


def test_what_cannot_be_read_back_is_not_written() -> None:
    """A change that no process could read is refused before it is in the log."""
    bad = Change("c", 1, "t", (State().fact("told", msgspec.structs.replace(PIZZA, id="BAD ID")),))
    refused = proposed(State(), bad)

    assert isinstance(refused, Refusal)
    assert "unreadable" == refused.code


def test_what_is_known_to_lose_is_not_written() -> None:
    """A change that is refused as things are does not come into the log."""
    late = Change("c", 1, "t", (State().fact("told", PIZZA),))

    assert isinstance(proposed(told(PIZZA), late), Refusal)
    assert record_of(late) == proposed(State(), late)


_LOG = [
    *records_of(*SUBJECTS, *NOTES, msgspec.structs.replace(SECRET, sealed="", revoked_at=5), Removed("bot", "pizza", 1)),
    *((note_key_of(note), None) for note in NOTES),
    change(ANNA, 1, "late"),
]  # fmt: skip


@given(st.integers(0, len(_LOG)), st.integers(0, len(_LOG)))
def test_states_that_somebody_holds_stay_as_they_are(first: int, last: int) -> None:
    """Folding on leaves every state before as it was, down to what belongs to a bot."""
    state = fold_all(State(), _LOG[:first]).state
    before = msgspec.msgpack.encode(msgspec.structs.replace(state, sealed_by_hook={}))
    hooks = dict(state.sealed_by_hook)
    fold_all(state, _LOG[first : first + last])

    assert (before, hooks) == (
        msgspec.msgpack.encode(msgspec.structs.replace(state, sealed_by_hook={})),
        state.sealed_by_hook,
    )


_anything = st.sampled_from(_LOG) | st.tuples(st.binary(), st.none() | st.binary())


@given(st.lists(_anything), st.lists(_anything))
def test_fold_in_parts(first: list[Record], second: list[Record]) -> None:
    """However the records are cut into batches, whatever they are, the state is the same."""
    whole = fold_all(State(), first + second).state

    assert whole == fold_all(fold_all(State(), first).state, second).state


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
        pytest.param(False, "localtime", id="that of the machine"),
        pytest.param(False, "posixrules", id="rules"),
    ],
)
def test_is_zone(expected: bool, name: str) -> None:
    """Only zones of the IANA database are zones."""
    assert expected is is_zone(name)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[None]:
    """A machine with a zone of its own, and no other."""
    (tmp_path / "Mars").write_bytes(files("tzdata").joinpath("zoneinfo/Europe/Rome").read_bytes())
    before = TZPATH
    reset_tzpath([str(tmp_path)])
    zones.cache_clear()
    yield
    reset_tzpath(before)
    zones.cache_clear()


@pytest.mark.usefixtures("machine")
def test_zones_are_the_same_on_every_machine() -> None:
    """What one process accepts another must not skip; and each of them can be counted by."""
    assert "Mars" in available_timezones()
    assert not is_zone("Mars")
    assert zones() == {ZoneInfo.no_cache(name).key for name in zones()}


def _code(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.code
