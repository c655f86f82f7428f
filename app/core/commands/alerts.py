"""Alerts: create, change, remove. What cannot be watched, compared or told is refused with the field at fault."""

from __future__ import annotations

import math
import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from app.core.alerts.watching import DAILY, dashboard_watched, is_watchable
from app.core.commands.bots import no_bot
from app.core.commands.dashboards import dashboard_of
from app.core.commands.kept import kept_of, removal_of
from app.core.commands.names import fault_of_name
from app.core.refusal import Refusal
from app.core.registry import Alert, Channel, Condition, Fact, State

__all__ = [
    "LONGEST_WINDOW_S",
    "MOST_ALERTS",
    "MOST_CHANNELS",
    "SHORTEST_WINDOW_S",
    "alert_of",
    "change_alert",
    "create_alert",
    "fault_of_channel",
    "remove_alert",
]

MOST_ALERTS: Final = 500
"""Of one bot: each is judged every second."""

MOST_CHANNELS: Final = 10
SHORTEST_WINDOW_S: Final = 60
LONGEST_WINDOW_S: Final = 24 * 3600
_LONGEST_WAIT_S: Final = 24 * 3600
_LARGEST: Final = 1e15
_LONGEST_URL: Final = 2048
_LONGEST_EMAIL: Final = 254
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+")
_CHANGEABLE: Final = (
    "name",
    "measure",
    "window_s",
    "condition",
    "for_s",
    "cool_down_s",
    "channels",
    "enabled",
)


def create_alert(state: State, alert: Alert) -> list[Fact] | Refusal:
    """Return the fact that *alert* watches from now on."""
    if alert.bot not in state.bots:
        return no_bot(alert.bot)
    if alert.id in state.alerts:
        return Refusal("id_taken", f"There is an alert {alert.id!r} already.", "id")
    if len(state.alerts_of(alert.bot)) >= MOST_ALERTS:
        return Refusal("too_many", f"A bot has at most {MOST_ALERTS} alerts; remove one first.")
    fault = _fault_of_measure(state, alert) or _fault_of(alert)
    return fault or [state.fact("alert_created", alert)]


def change_alert(state: State, bot: str, id: str, changes: dict[str, Any]) -> list[Fact] | Refusal:
    """
    Return the fact that an alert has new values for some of its fields; nothing where they are what it has.

    The measure is judged where it is another: whatever became of a dashboard, its alert can be turned off.
    """
    before = alert_of(state, bot, id)
    if isinstance(before, Refusal):
        return before
    after = msgspec.structs.replace(
        before, **{name: changes[name] for name in _CHANGEABLE if name in changes}
    )
    if after == before:
        return []
    fault = _fault_of_measure(state, after) if after.measure != before.measure else None
    return fault or _fault_of(after) or [state.fact("alert_changed", after)]


def remove_alert(state: State, bot: str, id: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that an alert watches no more and is shown no more; its history stays."""
    return removal_of(state, alert_of(state, bot, id), when)


def alert_of(state: State, bot: str, id: str) -> Alert | Refusal:
    """Return the alert *id* of *bot*."""
    return kept_of(state.alerts, "alert", bot, id)


def fault_of_channel(channel: Channel, field: str) -> Refusal | None:
    """Return what is wrong with where a channel leads."""
    if channel.kind == "email":
        if len(channel.to) <= _LONGEST_EMAIL and _EMAIL.fullmatch(channel.to):
            return None
        return Refusal("bad_address", f"{channel.to[:60]!r} is no e-mail address.", f"{field}.to")
    if _is_url(channel.to):
        return None
    return Refusal(
        "bad_address",
        f"{channel.to[:60]!r} is no address of a webhook: write http:// or https://, a host and a path, "
        "without name and password.",
        f"{field}.to",
    )


def _fault_of(alert: Alert) -> Refusal | None:
    return (
        fault_of_name(alert.name, "An alert's")
        or _fault_of_times(alert)
        or _fault_of_condition(alert.condition)
        or _fault_of_channels(alert.channels)
    )


def _fault_of_measure(state: State, alert: Alert) -> Refusal | None:
    if not is_watchable(alert.measure):
        return Refusal(
            "bad_measure",
            f"{alert.measure[:60]!r} cannot be watched; write active_users, messages_in, not_handled_share, "
            "dashboard:ID or another of those that docs/alerts.md lists.",
            "measure",
        )
    if ":" not in alert.measure:
        return None
    found = dashboard_of(state, alert.bot, dashboard_watched(alert.measure))
    if isinstance(found, Refusal):
        return Refusal("bad_measure", found.message, "measure")
    if found.rule is not None:
        return None
    return Refusal(
        "bad_measure",
        f"The dashboard {found.name!r} shows {found.measure}; watch that measure itself.",
        "measure",
    )


def _fault_of_times(alert: Alert) -> Refusal | None:
    if not SHORTEST_WINDOW_S <= alert.window_s <= LONGEST_WINDOW_S:
        return Refusal(
            "bad_window",
            f"A window is {SHORTEST_WINDOW_S} to {LONGEST_WINDOW_S} seconds long, not {alert.window_s}.",
            "window_s",
        )
    if alert.window_s % 60:
        return Refusal(
            "bad_window", f"A window is whole minutes long, and {alert.window_s} s are not.", "window_s"
        )
    if alert.measure in DAILY and alert.window_s != LONGEST_WINDOW_S:
        return Refusal(
            "bad_window",
            f"{alert.measure} is a number of a day: its window is {LONGEST_WINDOW_S} s.",
            "window_s",
        )
    for name in ("for_s", "cool_down_s"):
        value = getattr(alert, name)
        if not 0 <= value <= _LONGEST_WAIT_S:
            return Refusal("bad_wait", f"`{name}` is 0 to {_LONGEST_WAIT_S} seconds, not {value}.", name)
    return None


def _fault_of_condition(condition: Condition) -> Refusal | None:
    threshold, field = condition.threshold, "condition.threshold"
    if not math.isfinite(threshold) or abs(threshold) > _LARGEST:
        return Refusal("bad_threshold", f"{threshold} is no number to compare with.", field)
    if condition.op in ("rises_by", "falls_by"):
        most = 100 if condition.op == "falls_by" else _LARGEST
        if 0 < threshold <= most:
            return None
        words = "more than 0 per cent" if threshold <= 0 else "at most 100 per cent"
        return Refusal("bad_threshold", f"This changes by {words}, not by {threshold}.", field)
    if condition.against != "before":
        return Refusal(
            "bad_condition", "`against` is for rises_by and falls_by; leave it out.", "condition.against"
        )
    if threshold < 0 or (condition.op == "below" and threshold == 0):
        message = "Nothing here is ever below 0; for a fall to zero write below 1."
        return Refusal("bad_threshold", message, field)
    return None


def _fault_of_channels(channels: tuple[Channel, ...]) -> Refusal | None:
    if len(channels) > MOST_CHANNELS:
        return Refusal("too_many", f"An alert has at most {MOST_CHANNELS} channels.", "channels")
    seen: set[tuple[str, str]] = set()
    for number, channel in enumerate(channels):
        field = f"channels[{number}]"
        fault = fault_of_channel(channel, field)
        if fault:
            return fault
        if (channel.kind, channel.to) in seen:
            return Refusal("repeated_channel", f"{channel.to[:60]!r} is there twice; name it once.", field)
        seen.add((channel.kind, channel.to))
        if channel.kind == "webhook" and not channel.sealed:
            return Refusal("no_secret", "A webhook needs a secret to sign with.", f"{field}.secret")
    return None


def _is_url(text: str) -> bool:
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and parts.username is None
        and parts.password is None
        and not parts.fragment
    )
