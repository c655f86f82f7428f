"""
Sessions: maximal runs of a user's messages with no silence longer than the gap.

Runs are kept as sorted lists, so a message is put in its place whenever it arrives: it extends a run, begins one, or
joins two.  A session id of the client's overrides the gap: messages that name one belong together, however far apart.

    gap 30 min    |--x--x---x--|         |---x-x--|        a message here ->  ?  joins both

A session counts in the period in which it starts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import compress, islice
from typing import Final

import msgspec

__all__ = [
    "MOST_NAMED",
    "MOST_RUNS",
    "Named",
    "Runs",
    "Tally",
    "add_message",
    "add_named",
    "cut_runs",
    "prune_runs",
]

Tally = Callable[[int, int, int, int, int], None]
"""tally(start_ms, sessions, length_ms, messages, bounces): a change of the sessions that start at start_ms"""

MOST_NAMED: Final = 4096
"""Named sessions remembered of a user; beyond it an eighth is forgotten, those that began to be known first."""

MOST_RUNS: Final = 65_536
"""Runs remembered of a user; beyond it an eighth is forgotten, the earliest. Both bound what an entry takes of a record."""

_BOUNCES_BY: Final = {1: 1, 2: -1}
"""The first incoming message of a run makes it a bounce, the second makes it none again."""


class Runs(msgspec.Struct, array_like=True, gc=False):
    """Sessions cut by silence, sorted by start; parallel lists. `touched`: hour of receipt of the last change."""

    starts: list[int] = []
    ends: list[int] = []
    sizes: list[int] = []
    incoming: list[int] = []
    touched: list[int] = []


class Named(msgspec.Struct, array_like=True, gc=False):
    """A session named by the client."""

    start: int
    end: int
    size: int
    incoming: int
    touched: int


def add_message(runs: Runs, at_ms: int, is_in: bool, gap_ms: int, hour: int, tally: Tally) -> None:
    """Put a message into its run."""
    starts, ends = runs.starts, runs.ends
    i = bisect_right(starts, at_ms) - 1
    if i >= 0 and (longer := at_ms - ends[i]) <= gap_ms:
        _extend(runs, i, longer, is_in, tally)
        runs.touched[i] = hour
        if i + 1 < len(starts) and starts[i + 1] - ends[i] <= gap_ms:
            _join_next(runs, i, tally)
    elif i + 1 < len(starts) and starts[i + 1] - at_ms <= gap_ms:
        _begin_earlier(runs, i + 1, at_ms, is_in, hour, tally)
    else:
        _begin(runs, i + 1, at_ms, is_in, hour)
        tally(at_ms, 1, 0, 1, int(is_in))


def add_named(
    sessions: dict[str, Named], name: str, at_ms: int, is_in: bool, hour: int, tally: Tally
) -> None:
    """Put a message into the session it names."""
    session = sessions.get(name)
    if session is None:
        if len(sessions) >= MOST_NAMED:
            for oldest in list(islice(sessions, MOST_NAMED // 8)):
                del sessions[oldest]
        sessions[name] = Named(at_ms, at_ms, 1, int(is_in), hour)
        tally(at_ms, 1, 0, 1, int(is_in))
        return
    tally(session.start, -1, session.start - session.end, -session.size, -_bounce(session.incoming))
    session.start, session.end = min(session.start, at_ms), max(session.end, at_ms)
    session.size, session.incoming, session.touched = session.size + 1, session.incoming + is_in, hour
    tally(session.start, 1, session.end - session.start, session.size, _bounce(session.incoming))


def prune_runs(runs: Runs, oldest_hour: int) -> list[tuple[int, int]]:
    """Forget runs not touched since *oldest_hour* and return their (start, end)."""
    touched = runs.touched
    if not touched or min(touched) >= oldest_hour:
        return []

    return _keep(runs, [hour >= oldest_hour for hour in touched])


def cut_runs(runs: Runs) -> list[tuple[int, int]]:
    """Forget the earliest of too many runs and return their (start, end)."""
    if len(runs.starts) <= MOST_RUNS:
        return []

    return _keep(runs, [i >= MOST_RUNS // 8 for i in range(len(runs.starts))])


def _keep(runs: Runs, is_kept: list[bool]) -> list[tuple[int, int]]:
    gone = [(runs.starts[i], runs.ends[i]) for i, kept in enumerate(is_kept) if not kept]
    for values in (runs.starts, runs.ends, runs.sizes, runs.incoming, runs.touched):
        values[:] = compress(values, is_kept)

    return gone


def _begin(runs: Runs, i: int, at_ms: int, is_in: bool, hour: int) -> None:
    runs.starts.insert(i, at_ms)
    runs.ends.insert(i, at_ms)
    runs.sizes.insert(i, 1)
    runs.incoming.insert(i, int(is_in))
    runs.touched.insert(i, hour)


def _extend(runs: Runs, i: int, longer: int, is_in: bool, tally: Tally) -> None:
    """The message falls into run i, or as many ms after its end: the start stays."""
    if longer > 0:
        runs.ends[i] += longer
    else:
        longer = 0
    runs.sizes[i] += 1
    bounces = 0
    if is_in:
        runs.incoming[i] += 1
        bounces = _BOUNCES_BY.get(runs.incoming[i], 0)
    tally(runs.starts[i], 0, longer, 1, bounces)


def _begin_earlier(runs: Runs, i: int, at_ms: int, is_in: bool, hour: int, tally: Tally) -> None:
    _tally_run(runs, i, -1, tally)
    runs.starts[i] = at_ms
    runs.sizes[i] += 1
    runs.incoming[i] += is_in
    runs.touched[i] = hour
    _tally_run(runs, i, 1, tally)


def _join_next(runs: Runs, i: int, tally: Tally) -> None:
    _tally_run(runs, i, -1, tally)
    _tally_run(runs, i + 1, -1, tally)
    runs.ends[i] = runs.ends.pop(i + 1)
    runs.sizes[i] += runs.sizes.pop(i + 1)
    runs.incoming[i] += runs.incoming.pop(i + 1)
    del runs.starts[i + 1], runs.touched[i + 1]
    _tally_run(runs, i, 1, tally)


def _tally_run(runs: Runs, i: int, sign: int, tally: Tally) -> None:
    length = runs.ends[i] - runs.starts[i]
    tally(runs.starts[i], sign, sign * length, sign * runs.sizes[i], sign * _bounce(runs.incoming[i]))


def _bounce(incoming: int) -> int:
    return int(incoming == 1)
