"""What is remembered of an event that may come again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.repeats import Arrival, Richer, Seen, fingerprint, prune_seen, remember

HOUR = 473_000
DAY = 19_700


def arrive(seen: list[Seen], name: str, *, rich: bool = False, hits: list[str] | None = None) -> Arrival:
    """File an event of one day and hour."""
    return remember(seen, DAY, fingerprint(name), HOUR, True, rich, hits or [])


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

    assert [Richer(hits) for hits in first.values()] == [arrive(seen, str(n), rich=True) for n in first]
    assert ["repeat"] * len(first) == [arrive(seen, str(n), rich=True) for n in first]


def test_more_sets_than_a_byte_numbers() -> None:
    """The day goes on in another entry, and each event is still found."""
    seen: list[Seen] = []
    for n in range(600):
        arrive(seen, str(n), hits=[f"d{n}@1"])

    assert [254, 254, 92] == [len(entry.sets) for entry in seen]
    assert [Richer([f"d{n}@1"]) for n in (0, 253, 254, 599)] == [
        arrive(seen, str(n), rich=True) for n in (0, 253, 254, 599)
    ]


def test_events_without_hits_take_eight_bytes() -> None:
    """And nothing beside them."""
    seen: list[Seen] = []
    for n in range(10):
        arrive(seen, str(n))

    assert [Seen(DAY, HOUR, seen[0].prints, [])] == seen
    assert 80 == len(seen[0].prints)


def test_what_was_hit_is_forgotten_with_the_rest() -> None:
    """After two days without anything new."""
    seen: list[Seen] = []
    for n in range(300):
        arrive(seen, str(n), hits=[f"d{n}@1"])
    prune_seen(seen, HOUR + 1)

    assert [] == seen
