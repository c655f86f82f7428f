"""Rows of files become events: which column is what, and what a row says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.deliveries import MAX_ITEMS
from app.core.import_plan import Plan, import_id_of, plan_of
from app.core.importing import CHUNK_BYTES, Reading, RowReader, chunked
from app.core.outcome import Reason, Rejection
from app.core.refusal import Refusal

NOW = 1_800_000_000_000
START = 1_704_067_200_000


def planned(names: list[str], **chosen: str) -> Plan:
    """Return the plan for these columns."""
    plan = plan_of(names, chosen, start_ms=START)
    assert isinstance(plan, Plan)
    return plan


def reader_of(plan: Plan) -> RowReader:
    """Return a reader whose import is called `f`."""
    return RowReader(plan, "f", "generic", NOW)


def item_of(plan: Plan, **row: Any) -> dict[str, Any]:
    """Return the item of the first row."""
    raw = reader_of(plan).read(1, row)
    assert isinstance(raw, bytes), raw
    return dict(json.loads(raw))


def refusal_of(plan: Plan, **row: Any) -> Reason:
    """Return why the first row is refused."""
    outcome = reader_of(plan).read(1, row)
    assert isinstance(outcome, Rejection), outcome
    return outcome.reason


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["ts", "sender", "receiver"], {"at": "ts", "user": "sender"}, id="private messages"),
        pytest.param(["ts", "user_id", "text_len"], {"at": "ts", "user": "user_id"}, id="channel log"),
        pytest.param(
            ["dialogue_id", "turn", "speaker", "text", "intent", "service"],
            {"conversation": "dialogue_id", "direction": "speaker", "text": "text", "intent": "intent"},
            id="dialogues",
        ),
        pytest.param(
            ["Timestamp", "User", "ID"], {"at": "Timestamp", "user": "User", "id": "ID"}, id="capitals"
        ),
    ],
)
def test_columns_are_found_by_name(names: list[str], expected: dict[str, str]) -> None:
    """Usual names of columns need no option."""
    assert expected == planned(names).columns


def test_a_chosen_column_wins() -> None:
    """What the caller names is used even where another column looks right; '' means none."""
    plan = planned(["ts", "user", "phone", "id"], user="phone", id="")

    assert {"at": "ts", "user": "phone"} == plan.columns


@pytest.mark.parametrize(
    ("names", "chosen", "words"),
    [
        pytest.param(["ts", "user"], {"text": "said"}, "'said'", id="a column that is not there"),
        pytest.param(["ts", "who"], {}, "--user", id="no user"),
        pytest.param(["user", "text"], {}, "--time", id="no time and no dialogues"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(names: list[str], chosen: dict[str, str], words: str) -> None:
    """What is missing is named, and so are the columns there are."""
    refusal = plan_of(names, chosen, start_ms=START)

    assert isinstance(refusal, Refusal)
    assert words in refusal.message
    assert ", ".join(names) in refusal.message


def test_a_row_is_an_event_of_its_own() -> None:
    """The id is made of the import and the number of the row; columns without a meaning become attributes."""
    item = item_of(planned(["ts", "sender", "receiver"]), ts="1082040961", sender="1", receiver="2")

    assert item == {
        "id": "import:f:1",
        "direction": "in",
        "at": 1_082_040_961_000,
        "user": "1",
        "attributes": {"receiver": "2"},
    }


def test_equal_rows_are_two_events() -> None:
    """Two rows that say the same differ in their ids only."""
    reader = reader_of(planned(["ts", "user"]))
    first, second = (json.loads(reader.read(n, {"ts": "1082040961", "user": "u"})) for n in (1, 2))  # type: ignore[arg-type]

    assert ("import:f:1", "import:f:2") == (first.pop("id"), second.pop("id"))
    assert first == second


def test_an_id_column_names_the_event() -> None:
    """With a column of ids, the number of the row plays no part."""
    assert item_of(planned(["ts", "user", "id"]), ts="1082040961", user="u", id="m-7")["id"] == "m-7"


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        pytest.param("auto", "1082040961", 1_082_040_961_000, id="seconds by their size"),
        pytest.param("auto", 1_082_040_961_500, 1_082_040_961_500, id="milliseconds by their size"),
        pytest.param("auto", "2004-04-15T14:56:01Z", 1_082_040_961_000, id="ISO 8601"),
        pytest.param("s", "1082040961.25", 1_082_040_961_250, id="seconds with a fraction"),
        pytest.param("s", "99999999", 99_999_999, id="seconds of 1973 stay seconds"),
        pytest.param("ms", "86400000", 86_400, id="milliseconds of 1970 are written as seconds"),
        pytest.param("ms", 1_082_040_961_500.0, 1_082_040_961_500, id="milliseconds as a float"),
    ],
)
def test_times(unit: Any, value: Any, expected: float) -> None:
    """A time is read by its unit and written so that it is read back as the same."""
    plan = plan_of(["ts", "user"], {}, unit)
    assert isinstance(plan, Plan)

    assert expected == item_of(plan, ts=value, user="u")["at"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"ts": "", "user": "u"}, Reason.BAD_TIME, id="no time"),
        pytest.param({"ts": "soon", "user": "u"}, Reason.BAD_TIME, id="no time at all"),
        pytest.param({"ts": "nan", "user": "u"}, Reason.BAD_TIME, id="not a number"),
        pytest.param({"ts": [1], "user": "u"}, Reason.BAD_TIME, id="a list"),
        pytest.param({"ts": str(NOW + 600_000), "user": "u"}, Reason.BAD_TIME, id="the future"),
        pytest.param({"ts": "1082040961", "user": ""}, Reason.MISSING_USER, id="nobody"),
        pytest.param({"ts": "1082040961", "user": "u" * 201}, Reason.BAD_VALUE, id="too long a name"),
        pytest.param(
            {"ts": "1082040961", "user": "u", "direction": "up"}, Reason.BAD_VALUE, id="no direction"
        ),
        pytest.param({"ts": "1082040961", "user": "u", "amount": "much"}, Reason.WRONG_TYPE, id="no amount"),
        pytest.param({"ts": "1082040961", "user": "u", "text": "\udcff"}, Reason.NOT_JSON, id="not UTF-8"),
    ],
)
def test_unreadable_rows_are_refused(row: dict[str, Any], reason: Reason) -> None:
    """What is wrong with a row is said by its reason."""
    assert reason == refusal_of(planned(["ts", "user", "direction", "amount", "text"]), **row)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("user", "in"), ("Bot", "out"), ("outgoing", "out"), (" in ", "in"), ("", "in"), (None, "in")],
)
def test_directions(said: str | None, expected: str) -> None:
    """Who speaks is understood in several words, and left at incoming where it is not said."""
    plan = planned(["ts", "user", "speaker"])

    assert expected == item_of(plan, ts="1082040961", user="u", speaker=said)["direction"]


LATER = plan_of(["ts", "user"], {"text": "said", "id": ""}, are_all=False)


def test_names_that_come_later_are_found() -> None:
    """Where a row brings the first name that fits a field, it is that field from then on; not where there is to be none."""
    assert isinstance(LATER, Plan)
    reader = reader_of(LATER)
    rows = [
        {"ts": "1082040961", "user": "u"},
        {"ts": "1082040961", "user": "u", "Intent": "book", "speaker": "bot", "id": "7", "said": "x"},
        {"ts": "1082040961", "user": "u", "Intent": "buy", "intent_name": "other"},
    ]
    items = [json.loads(reader.read(n, row)) for n, row in enumerate(rows, 1)]  # type: ignore[arg-type]

    assert [None, "book", "buy"] == [item.get("intent") for item in items]
    assert ("out", "x", "import:f:2") == tuple(items[1][name] for name in ("direction", "text", "id"))
    assert ({"id": "7"}, {"intent_name": "other"}) == (items[1]["attributes"], items[2]["attributes"])


def test_a_chosen_column_that_never_comes_is_known() -> None:
    """A column named by the caller that no row had, as it may be misspelt, can be told at the end."""
    assert isinstance(LATER, Plan)
    reader = reader_of(LATER)
    reader.read(1, {"ts": "1082040961", "user": "u"})

    assert {"said"} == reader.absent


def test_one_direction_for_all_rows() -> None:
    """`out` as direction is no name of a column."""
    plan = planned(["ts", "user"], direction="out")

    assert item_of(plan, ts="1082040961", user="u")["direction"] == "out"


def test_nothing_is_made_of_empty_values() -> None:
    """Null and empty values leave no trace in the event."""
    plan = planned(["ts", "user", "text", "intent", "extra"])

    assert {"id", "direction", "at", "user"} == set(
        item_of(plan, ts="1082040961", user="u", text="", intent=None, extra="")
    )


def test_secrets_do_not_come_through() -> None:
    """Access tokens in rows are cut out as those in requests are."""
    item = item_of(planned(["ts", "user", "access_token"]), ts="1082040961", user="u", access_token="s3cret")

    assert "s3cret" not in json.dumps(item)


def test_dialogues_get_times_and_users() -> None:
    """Dialogue n starts n times ten minutes after the start, turns follow every seven seconds, users return."""
    plan = planned(["dialogue_id", "speaker", "text"])
    turns = [{"dialogue_id": name, "text": "x"} for n in range(1001) for name in (f"d{n}", f"d{n}")]
    chunks = Reading(reader_of(plan), enumerate(turns, 1)).chunks()
    items = [json.loads(item) for chunk in chunks for item in chunk.items]

    assert [(START, "user-0"), (START + 7000, "user-0"), (START + 600_000, "user-1")] == [
        (item["at"], item["user"]) for item in items[:3]
    ]
    assert (START + 600_000_000, "user-0", "d1000") == tuple(
        items[2000][name] for name in ("at", "user", "conversation")
    )


def test_import_id_depends_on_content_and_columns() -> None:
    """The same content read in the same way has the same id, and any difference makes another."""
    one, other = planned(["ts", "user", "id"]), planned(["ts", "user", "id"], id="")

    assert import_id_of(b"1", one) == import_id_of(b"1", planned(["ts", "user", "id"]))
    assert 3 == len({import_id_of(b"1", one), import_id_of(b"2", one), import_id_of(b"1", other)})


def rows(count: int, bad: frozenset[int] = frozenset()) -> list[tuple[int, Any]]:
    """Return rows with their lines; those of *bad* have no time."""
    return [
        (n + 2, {"ts": "" if n in bad else str(1_082_040_961 + n), "user": f"u{n}"}) for n in range(count)
    ]


def reading_of(count: int, bad: frozenset[int] = frozenset()) -> Reading:
    """Return a file of *count* rows, ready to be read."""
    return Reading(reader_of(planned(["ts", "user"])), rows(count, bad))


def test_refused_rows_are_counted_and_listed() -> None:
    """All refused rows are counted, the first twenty are listed with their lines, and the others come through."""
    reading = reading_of(100, frozenset(range(0, 100, 2)))
    sent = sum(len(chunk.items) for chunk in reading.chunks())

    assert (50, 50, 100) == (sent, reading.rejected, reading.rows)
    assert [2 + 2 * n for n in range(20)] == [line for line, _ in reading.first]


@given(
    count=st.integers(0, 3 * MAX_ITEMS),
    bad=st.frozensets(st.integers(0, 3 * MAX_ITEMS)),
    stop=st.integers(0, 4),
)
def test_going_on_after_any_chunk_gives_the_rest(count: int, bad: frozenset[int], stop: int) -> None:
    """Chunks are the same after an interruption: those that were sent and those of a second run make the whole."""
    whole = list(reading_of(count, bad).chunks())
    before = whole[:stop]
    rest = list(reading_of(count, bad).chunks(before[-1].rows if before else 0))

    assert whole[len(before) :] == rest or (len(before) == len(whole) and [[]] == [one.items for one in rest])
    assert count == whole[-1].rows


def test_chunks_are_bounded() -> None:
    """No chunk has more items or, of several items, more bytes than allowed."""
    sizes = [10] * 1000 + [CHUNK_BYTES, CHUNK_BYTES + 1, 1, CHUNK_BYTES // 2, CHUNK_BYTES // 2 + 1]
    chunks = list(chunked((n, b"x" * size) for n, size in enumerate(sizes, 1)))

    assert sizes == [len(item) for chunk in chunks for item in chunk.items]
    assert all(len(one.items) <= MAX_ITEMS for one in chunks)
    assert all(len(one.items) == 1 or sum(map(len, one.items)) <= CHUNK_BYTES for one in chunks)
