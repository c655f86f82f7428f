"""What the live view of a web process forgets when the registry says something new, and whom that wakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from app.adapters.live import Live, Watcher
from app.core.counters import CellBatch
from app.core.events import Reporting
from app.core.registry import (
    Bot,
    Key,
    KeyUse,
    Note,
    Person,
    Recounting,
    Removed,
    Subject,
    fold_all,
)
from tests.facts import records_of, told

NOW_MS = 20_000 * 86_400_000
SHOWN = Bot("pizza", "Pizza", "kik", 1)
COMING = Reporting("Asia/Tokyo", generation=2)
WANTED = msgspec.structs.replace(SHOWN, recounting=Recounting(Reporting("Asia/Tokyo")))
BEGUN = msgspec.structs.replace(SHOWN, recounting=Recounting(COMING, "w1", 1), generations=2)
COUNTED = msgspec.structs.replace(SHOWN, reporting=COMING, generations=2)
PASTA = Bot("pasta", "Pasta", "kik", 1)
NAMES = ("pasta", "pizza", "pizza~1", "pizza~2")


def live_of(*names: str) -> Live:
    """Return a view in which there are numbers of *names*."""
    nothing: Any = None
    live = Live("", nothing, list, lambda: NOW_MS)
    cells = [(name, "messages", "", "day", NOW_MS // 1000, "", 5) for name in names]
    live.view.take(CellBatch(0, 20_000, 1, [*cells]), NOW_MS)
    return live


@pytest.mark.parametrize(
    ("kept", "subjects"),
    [
        pytest.param({"pasta", "pizza", "pizza~2"}, (PASTA, SHOWN, BEGUN), id="being counted"),
        pytest.param({"pasta", "pizza~2"}, (PASTA, BEGUN, COUNTED), id="shown"),
        pytest.param({"pasta", "pizza", "pizza~2"}, (PASTA, BEGUN), id="begun by another"),
        pytest.param({"pasta"}, (PASTA, BEGUN, Removed("bot", "pizza", 9)), id="deleted while it is counted"),
        pytest.param({"pasta", "pizza", "pizza~2"}, (PASTA, BEGUN, msgspec.structs.replace(BEGUN, name="P")), id="renamed"),
    ],
)  # fmt: skip
def test_generations_that_are_neither_shown_nor_counted_are_forgotten(
    kept: set[str], subjects: tuple[Subject, ...]
) -> None:
    """Their numbers go, as do all of a bot that was deleted; those of others stay."""
    live = live_of(*NAMES)
    live.follow(told(*subjects))

    assert kept == set(live.view.names())


def test_what_is_called_off_is_forgotten() -> None:
    """A generation that nobody counts any more leaves no numbers."""
    live = live_of("pizza", "pizza~2")
    live.follow(told(BEGUN))
    live.follow(told(BEGUN, msgspec.structs.replace(SHOWN, generations=2)))

    assert ["pizza"] == live.view.names()


def test_bots_that_are_not_known_yet_are_not_forgotten() -> None:
    """Numbers may be there before the registry says of whom they are."""
    live = live_of("pizza", "later")
    live.follow(told(PASTA, SHOWN))

    assert {"pizza", "later"} == set(live.view.names())


@pytest.mark.parametrize(
    ("expected", "new"),
    [
        pytest.param({"pizza"}, [BEGUN, COUNTED], id="another generation"),
        pytest.param({"pizza"}, [Removed("bot", "pizza", 9)], id="deleted"),
        pytest.param(set(), [Bot("new", "New", "kik", 1)], id="another bot"),
        pytest.param({"pizza", "pasta"}, [Key("k1", "read", "0" * 64, 1, revoked_at=2)], id="a key"),
        pytest.param({"pizza", "pasta"}, [Person("p1", "a@example.org", "", 1)], id="a person"),
        pytest.param(set(), [KeyUse("k1", 2)], id="a use of a key"),
    ],
)
def test_who_watches_hears_of_it(expected: set[str], new: Sequence[Subject | Note]) -> None:
    """
    Whoever looks at the bot that changed is woken at once, and nobody else.

    Where a key or person changed everybody is, as it may be theirs, and end what they may.
    """
    live = live_of("pizza")
    before = told(PASTA, SHOWN)
    live.follow(before)
    watchers = [Watcher("pizza"), Watcher("pasta")]
    live.watchers.update(watchers)
    live.follow(fold_all(before, records_of(PASTA, SHOWN, *new)[2:]).state)

    assert expected == {one.bot for one in watchers if one.woken.is_set()}
