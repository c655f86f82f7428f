"""
What is kept of one user: active days for ever, and for two days after receipt what late and repeated events need.

`fold_event` is the whole of per-user counting.  It is exact in any order of arrival.  The deltas go to a `Ledger`,
which knows the bot's calendar and gathers them until they are written.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from app.core.activity import Days, Step, Streaks, late_day, streaks_after
from app.core.bits import highest
from app.core.calendar import DAY_MS, Calendar
from app.core.events import CUSTOM, MESSAGE_KINDS, BotEvent
from app.core.repeats import Richer, Seen, fingerprint, prune_seen, remember
from app.core.sessions import Named, Runs, add_message, add_named, cut_runs, prune_runs
from app.core.turns import Turns, add_flag, add_turn, prune_turns

__all__ = ["MEMORY_HOURS", "Ledger", "User", "decode_user", "encode_user", "fold_event", "is_bare", "prune"]

MEMORY_HOURS: Final = 48
"""How long after receipt repeats are recognised and sessions still change."""


class Ledger(Protocol):
    """Where deltas of one bot go."""

    calendar: Calendar
    session_gap_ms: int

    def add(self, measure: str, dim: str, window: str, start: int, key: str, delta: int) -> None:
        """Change one cell."""

    def step(self, step: Step) -> None:
        """Count a user's new day after all others."""

    def tally(self, start_ms: int, sessions: int, length_ms: int, messages: int, bounces: int) -> None:
        """Change the sessions that start at an instant."""

    def count_not_handled(self, start_ms: int, delta: int) -> None:
        """Change the turns not handled that start at an instant."""

    def count_repeat(self, event: BotEvent) -> None:
        """Count an event that was counted before, as nothing but that."""

    def count_intent(self, event: BotEvent) -> None:
        """Count the intent of an event that was counted without one."""

    def count_hits(self, event: BotEvent, before: list[str], before_ms: int) -> None:
        """Count the dashboards of an event that was counted with those of *before*, at another time perhaps."""

    def count(self, event: BotEvent, session_late: bool) -> None:
        """Count an event in the totals and dimensions of its periods."""


class User(msgspec.Struct, array_like=True, gc=False):
    """
    State of one user of one bot.

    `first_day` and `active` (little-endian bitmap) are the active local days, `streaks` follow from them; `sealed` are
    UTC days, relative to `sealed_from`, whose sessions are no longer remembered.  What is forgotten comes last.
    """

    first_day: int = 0
    active: bytes = b""
    streaks: Streaks = (0, 0, 0, 0)
    sealed_from: int = 0
    sealed: bytes = b""
    seen: list[Seen] = []
    runs: Runs = msgspec.field(default_factory=Runs)
    named: dict[str, Named] = {}
    turns: Turns = msgspec.field(default_factory=Turns)


_MINUTE_MS: Final = 60_000
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(User)
_BARE_FIELDS: Final = 5
_BARE: Final = msgspec.msgpack.encode([0] * _BARE_FIELDS)[0]


def encode_user(user: User) -> bytes:
    """Write a user as it stands in the changelog, after its stamp; without what is empty once all is forgotten."""
    turns = user.turns
    if user.seen or user.runs.starts or user.named or turns.starts or turns.flags:
        return _encoder.encode(user)

    return _encoder.encode((user.first_day, user.active, user.streaks, user.sealed_from, user.sealed))


def decode_user(value: bytes) -> User:
    """Read a user from the changelog. Raises msgspec.DecodeError on anything we did not write."""
    return _decoder.decode(value)


def fold_event(user: User, event: BotEvent, hour: int, ledger: Ledger) -> None:
    """
    Count *event*, received in log hour *hour*, once; a repeat adds no more than what the first lacked.

    The caller has pruned *user* for this hour (`prune`).
    """
    at = event.at
    if event.repeats:
        is_rich = event.intent != "" or event.not_handled
        mark, timed = fingerprint(event.event_id), not event.warnings
        arrival = remember(user.seen, at // _MINUTE_MS, mark, hour, timed, is_rich, event.dashboards)
        if arrival != "new":
            ledger.count_repeat(event)
            if isinstance(arrival, Richer):
                _enrich(user, event, arrival, hour, ledger)
            return
    session_late = False
    if event.user_id:  # a page's feed has messages of nobody
        is_message, direction = event.kind in MESSAGE_KINDS, event.direction
        if is_message and direction != "none":
            session_late = not _fold_message(user, event, direction == "in", hour, ledger)
        if event.not_handled:
            add_flag(user.turns, at, hour, ledger.count_not_handled)
        if (is_message and direction == "in") or event.kind == CUSTOM:
            day = ledger.calendar.day(at)
            n = day - user.first_day
            if not (0 <= n >> 3 < len(user.active) and user.active[n >> 3] >> (n & 7) & 1):
                _activate(user, day, ledger)
    ledger.count(event, session_late)


def _enrich(user: User, event: BotEvent, arrival: Richer, hour: int, ledger: Ledger) -> None:
    """Add what a repeat says and the event before it did not."""
    ledger.count_hits(event, arrival.before, arrival.minute * _MINUTE_MS)
    if event.intent:
        ledger.count_intent(event)
    if event.not_handled and event.user_id:
        add_flag(user.turns, event.at, hour, ledger.count_not_handled)


def is_bare(value: bytes) -> bool:
    """Tell whether nothing is left to forget in an encoded user."""
    return value[0] == _BARE


def prune(user: User, hour: int) -> None:
    """
    Forget what is older than the memory, as seen from log hour *hour*.

    Done at several hours, one after the other, it leaves what the last would have left alone.
    """
    oldest = hour - MEMORY_HOURS
    prune_seen(user.seen, oldest)
    prune_turns(user.turns, oldest)
    _seal(user, prune_runs(user.runs, oldest))
    if any(session.touched < oldest for session in user.named.values()):
        user.named = {name: one for name, one in user.named.items() if one.touched >= oldest}


def _activate(user: User, day: int, ledger: Ledger) -> None:
    """Add a newly active day, nearly always the first or later than all others."""
    bits = int.from_bytes(user.active, "little")
    if not bits:
        ledger.step(Step(day, None, day, user.streaks))
        user.first_day, user.active = day, b"\1"
        return
    first, last = user.first_day, user.first_day + highest(bits)
    if day < last:
        _activate_late(user, Days(first, bits), day, ledger)
        return
    ledger.step(Step(first, last, day, user.streaks))
    user.streaks = streaks_after(first, last, day, user.streaks, ledger.calendar.week_start)
    user.active = _to_bytes(bits | 1 << (day - first))


def _activate_late(user: User, days: Days, day: int, ledger: Ledger) -> None:
    """Add a day that is not in *days* and lies before the last of them."""
    changes, user.streaks = late_day(days, day, ledger.calendar)
    for change in changes:
        ledger.add(*change)
    after = days.plus(day)
    user.first_day, user.active = after.first, _to_bytes(after.bits)


def _fold_message(user: User, event: BotEvent, is_in: bool, hour: int, ledger: Ledger) -> bool:
    """Put a message into its session and turn; False where its session is too old to be known."""
    if is_in:
        add_turn(user.turns, event.at, hour, ledger.count_not_handled)
    if event.session_id:
        add_named(user.named, event.session_id, event.at, is_in, hour, ledger.tally)
        return True
    if user.sealed and _is_sealed(user, event.at, ledger.session_gap_ms):
        return False
    add_message(user.runs, event.at, is_in, ledger.session_gap_ms, hour, ledger.tally)
    _seal(user, cut_runs(user.runs))

    return True


def _seal(user: User, gone: list[tuple[int, int]]) -> None:
    """Remember the days of runs that are known no more."""
    if not gone:
        return
    sealed = Days(user.sealed_from, int.from_bytes(user.sealed, "little"))
    for start, end in gone:
        for day in range(start // DAY_MS, end // DAY_MS + 1):
            sealed = sealed.plus(day)
    user.sealed_from, user.sealed = sealed.first, _to_bytes(sealed.bits)


def _is_sealed(user: User, at_ms: int, gap_ms: int) -> bool:
    sealed = Days(user.sealed_from, int.from_bytes(user.sealed, "little"))

    return any(sealed.has(day) for day in range((at_ms - gap_ms) // DAY_MS, (at_ms + gap_ms) // DAY_MS + 1))


def _to_bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")
