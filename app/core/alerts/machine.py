"""
When an alert fires and resolves: `step`, a pure function of what is known of it.

    ok --holds--> pending --has held for `for_s`--> firing --has not held for `cool_down_s`--> ok
                  pending --holds no more--> ok

Each way from ok and back is an *episode*, and has a number.  What is told of it is a transition; its id is made of the alert,
the episode and the type, so it is the same however often a worker has to say it again, and there is one `firing` in an episode.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from app.core.registry import Alert, Condition

__all__ = ["AlertState", "Phase", "Reading", "Transition", "TransitionType", "dismiss", "step"]

Phase = Literal["ok", "pending", "firing"]
TransitionType = Literal["pending", "firing", "resolved", "ok"]


class Reading(msgspec.Struct, array_like=True, frozen=True):
    """What an alert saw: its number, what it is compared with, the change in per cent. None: there is no such number."""

    value: float | None = None
    base: float | None = None
    change: float | None = None


_NOTHING: Final = Reading()


class Transition(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A record of `alerts`: an alert went from one phase to another.

    `type` is `firing`, `resolved`, `pending` (bad, but not for long enough yet) or `ok` (it was pending, and never fired).
    `started_at` is when the episode became what it now is or ceases to be: of firing and resolved the time of the firing.
    `reason` says why it resolved if not by itself: `disabled` or `changed`.  Times are milliseconds since 1970, UTC.
    """

    id: str
    type: TransitionType
    alert: str
    bot: str
    episode: int
    at: int
    started_at: int
    name: str
    measure: str
    window_s: int
    condition: Condition
    value: float | None = None
    base: float | None = None
    change: float | None = None
    reason: str = ""


class AlertState(msgspec.Struct, array_like=True, frozen=True):
    """
    Where an alert stands.

    `since` is when the phase began, `calm_since` from when on the condition of a firing alert has not held, `rule` what was
    judged: what has held for one rule has not held for another.
    """

    phase: Phase = "ok"
    episode: int = 0
    since: int = 0
    calm_since: int | None = None
    rule: str = ""


def step(
    state: AlertState, alert: Alert, holds: bool | None, now_ms: int, reading: Reading = _NOTHING
) -> tuple[AlertState, Transition | None]:
    """
    Return the state after the condition was looked at, and what is to be told.

    *holds* is None while it cannot be known, and then nothing changes.  An alert that is not to be judged any more ends with
    `dismiss`.
    """
    rule = _rule_of(alert)
    if state.phase == "pending" and state.rule != rule:
        return _ended(state, alert, "ok", now_ms, reading, "changed")
    if holds is None:
        return state, None
    if state.phase == "ok":
        return _begun(state, alert, rule, now_ms, reading) if holds else (state, None)
    if state.phase == "pending":
        return _pending(state, alert, holds, now_ms, reading)
    return _firing(state, alert, holds, now_ms, reading)


def dismiss(state: AlertState, alert: Alert, now_ms: int) -> tuple[AlertState, Transition | None]:
    """Return the state of an alert that was disabled or removed, and what is to be told."""
    if state.phase == "ok":
        return state, None
    return _ended(
        state, alert, "ok" if state.phase == "pending" else "resolved", now_ms, _NOTHING, "disabled"
    )


def _begun(
    state: AlertState, alert: Alert, rule: str, now_ms: int, reading: Reading
) -> tuple[AlertState, Transition]:
    phase: Phase = "pending" if alert.for_s else "firing"
    new = AlertState(phase, state.episode + 1, now_ms, None, rule)
    return new, _transition(new, alert, phase, now_ms, reading)


def _pending(
    state: AlertState, alert: Alert, holds: bool, now_ms: int, reading: Reading
) -> tuple[AlertState, Transition | None]:
    if not holds:
        return _ended(state, alert, "ok", now_ms, reading)
    if now_ms - state.since < alert.for_s * 1000:
        return state, None
    new = msgspec.structs.replace(state, phase="firing", since=now_ms)
    return new, _transition(new, alert, "firing", now_ms, reading)


def _firing(
    state: AlertState, alert: Alert, holds: bool, now_ms: int, reading: Reading
) -> tuple[AlertState, Transition | None]:
    if holds:
        return msgspec.structs.replace(state, calm_since=None), None
    calm_since = now_ms if state.calm_since is None else state.calm_since
    if now_ms - calm_since >= alert.cool_down_s * 1000:
        return _ended(state, alert, "resolved", now_ms, reading)
    return msgspec.structs.replace(state, calm_since=calm_since), None


def _ended(
    state: AlertState, alert: Alert, type: TransitionType, now_ms: int, reading: Reading, reason: str = ""
) -> tuple[AlertState, Transition]:
    told = _transition(state, alert, type, now_ms, reading, reason)
    return AlertState("ok", state.episode, now_ms), told


def _transition(
    state: AlertState, alert: Alert, type: TransitionType, now_ms: int, reading: Reading, reason: str = ""
) -> Transition:
    return Transition(
        id=f"{alert.id}-{state.episode}-{type}",
        type=type,
        alert=alert.id,
        bot=alert.bot,
        episode=state.episode,
        at=now_ms,
        started_at=state.since,
        name=alert.name,
        measure=alert.measure,
        window_s=alert.window_s,
        condition=alert.condition,
        value=reading.value,
        base=reading.base,
        change=reading.change,
        reason=reason,
    )


def _rule_of(alert: Alert) -> str:
    condition = alert.condition
    return f"{alert.measure} {alert.window_s} {condition.op} {condition.threshold} {condition.against}"
