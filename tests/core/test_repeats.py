"""What is remembered of an event that may come again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.repeats import MOST_IDS, Arrival, Richer, Seen, fingerprint, prune_seen, remember
from app.core.users import User, encode_user

HOUR = 473_000
DAY = 19_700
MINUTE = DAY * 1440 + 754


def arrive(
    seen: list[Seen], name: str, *, rich: bool = False, hits: list[str] | None = None, minute: int = MINUTE
) -> Arrival:
    """File an event of one day and hour."""
    return remember(seen, minute, fingerprint(name), HOUR, True, rich, hits or [])


def richer(hits: list[str]) -> Richer:
    """Return what the rich repeat of an event that hit these finds."""
    return Richer(hits, MINUTE if hits else 0)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=800))
def test_a_richer_repeat_finds_what_the_first_hit(sent: list[tuple[int, int]]) -> None:
    """However many sets of dashboards a user's events hit on a day, more than a byte can number included."""
    seen: list[Seen] = []
    first: dict[int, list[str]] = {}
    for n, dashboard in sent:
        hits = [f"d{dashboard}@1"][: dashboard % 5]
        known = n in first

        assert ("repeat" if known else "new") == arrive(seen, str(n), hits=hits)
        first.setdefault(n, hits)

    assert [richer(hits) for hits in first.values()] == [arrive(seen, str(n), rich=True) for n in first]
    assert ["repeat"] * len(first) == [arrive(seen, str(n), rich=True) for n in first]


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 5), st.booleans()), max_size=200))
def test_days_in_any_order(sent: list[tuple[int, int, bool]]) -> None:
    """A repeat is known by its day, or without a time of its own by the two days before, too, however many days there are."""
    seen: list[Seen] = []
    filed: set[tuple[int, int]] = set()
    for day, n, timed in sent:
        known = (day, n) in filed or (not timed and bool(filed & {(day - 1, n), (day - 2, n)}))

        assert ("repeat" if known else "new") == remember(
            seen, day * 1440, fingerprint(str(n)), HOUR, timed, False, []
        )
        if not known:
            filed.add((day, n))

    assert {day for day, _ in filed} == {entry.day for entry in seen}


def test_more_sets_than_a_byte_numbers() -> None:
    """The day goes on in another entry, and each event is still found."""
    seen: list[Seen] = []
    for n in range(600):
        arrive(seen, str(n), hits=[f"d{n}@1"])

    assert [254, 254, 92] == [len(entry.sets) for entry in seen]
    assert [richer([f"d{n}@1"]) for n in (0, 253, 254, 599)] == [
        arrive(seen, str(n), rich=True) for n in (0, 253, 254, 599)
    ]


def test_events_without_hits_take_eight_bytes() -> None:
    """And nothing beside them."""
    seen: list[Seen] = []
    for n in range(10):
        arrive(seen, str(n))

    assert [Seen(DAY, HOUR, seen[0].prints)] == seen
    assert 80 == len(seen[0].prints)


def test_what_was_hit_is_forgotten_with_the_rest() -> None:
    """After two days without anything new."""
    seen: list[Seen] = []
    for n in range(300):
        arrive(seen, str(n), hits=[f"d{n}@1"])
    prune_seen(seen, HOUR + 1)

    assert [] == seen


def test_when_a_plain_event_was_counted_is_known() -> None:
    """By the minute, whatever came before it and after it on that day, with hits and without."""
    seen: list[Seen] = []
    for n in range(300):
        arrive(seen, str(n), hits=[f"d{n % 7}@1"] * (n % 3 == 1), minute=DAY * 1440 + n)

    assert [Richer(["d4@1"], DAY * 1440 + 4), Richer([], 0), Richer(["d4@1"], DAY * 1440 + 298)] == [
        arrive(seen, str(n), rich=True) for n in (4, 5, 298)
    ]


def test_past_the_most_ids_the_newest_are_still_recognised() -> None:
    """An eighth is forgotten, the oldest; the others are found, and what they hit."""
    plain = b"".join(fingerprint(str(n)) + b"\0" for n in range(MOST_IDS - 1))
    seen = [Seen(DAY, HOUR, plain)]
    arrive(seen, str(MOST_IDS - 1), hits=["d@1"])
    arrive(seen, str(MOST_IDS))
    gone = (MOST_IDS + 1) // 8

    assert ["repeat"] * 4 == [arrive(seen, str(n)) for n in (MOST_IDS, MOST_IDS - 1, 40_000, gone)]
    assert [richer(["d@1"]), richer([])] == [
        arrive(seen, str(n), rich=True) for n in (MOST_IDS - 1, MOST_IDS)
    ]
    assert ["new", "new", "repeat"] == [arrive(seen, name) for name in (str(gone - 1), "fresh", "fresh")]


def test_a_thousand_events_that_each_hit_another_thousand_dashboards() -> None:
    """Take a bit for each dashboard, and none is forgotten."""
    user, ids = User(), [f"d{n:012x}@1" for n in range(1000)]
    for n in range(1000):
        arrive(user.seen, str(n), hits=ids[:n] + ids[n + 1 :])

    assert len(encode_user(user)) < 300_000
    assert [richer(ids[:n] + ids[n + 1 :]) for n in (0, 500, 999)] == [
        Richer(sorted(found.before), found.minute)
        for n in (0, 500, 999)
        if isinstance(found := arrive(user.seen, str(n), rich=True), Richer)
    ]


def test_a_user_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it the oldest is forgotten first, however many sets of dashboards there are: an entry has to fit a record."""
    monkeypatch.setattr("app.core.repeats.MOST_BYTES", 500_000)
    user = User()
    for n in range(5000):
        arrive(user.seen, str(n), hits=[f"{one}@{n}" for one in range(20)])

    assert 400_000 < len(encode_user(user)) < 600_000
    assert ["new", "repeat"] == [arrive(user.seen, name) for name in ("0", "4999")]
