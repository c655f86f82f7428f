"""What somebody types for an alert: conditions, lengths of time, and where to tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from app.adapters.emails import email_address
from app.adapters.seal import present_seal
from app.adapters.webhooks_out import new_secret
from app.cli._registry import refused_or, settings_at
from app.core.commands.bots import parse_gap
from app.core.refusal import Refusal
from app.core.registry import Channel, Condition
from app.core.shown import AlertShown
from app.errors import BotpulseError

__all__ = ["channels_of", "condition_of", "seconds_of", "words_of"]

_CONDITION = re.compile(
    r"(above|below|rises_by|falls_by)\s+([0-9.]{1,20})(?:\s+against\s+(before|day|week))?"
)


def channels_of(
    home: Path | None, webhooks: Sequence[str], emails: Sequence[str], before: Sequence[Channel]
) -> tuple[tuple[Channel, ...], dict[str, str]]:
    """Return where to tell, and the secrets that were made for new webhooks."""
    kept = {channel.to: channel for channel in before if channel.kind == "webhook"}
    made = {to: new_secret() for to in webhooks if to not in kept}
    seal = present_seal(settings_at(home)).seal if made else str
    hooks = [kept.get(to) or Channel("webhook", to, seal(made[to])) for to in webhooks]

    return (*hooks, *(Channel("email", _address(to)) for to in emails)), made


def _address(text: str) -> str:
    found = email_address(text)
    if isinstance(found, Refusal):
        raise BotpulseError(found.message, "bad_address")
    return found


def condition_of(text: str) -> Condition:
    """Return the condition that *text* says: `below 1`, `rises_by 50 against week`."""
    found = _CONDITION.fullmatch(text.strip())
    try:
        threshold = float(found[2]) if found else None
    except ValueError:
        threshold = None
    if found is None or threshold is None:
        msg = f'{text[:60]!r} is no condition: write "above 10", "below 1" or "falls_by 50 against week".'
        raise BotpulseError(msg, "bad_condition")
    against = cast('Literal["before", "day", "week"]', found[3] or "before")
    return Condition(cast('Literal["above", "below", "rises_by", "falls_by"]', found[1]), threshold, against)


def seconds_of(text: str) -> int:
    """Return the seconds of `0s`, `90s`, `10m`, `1h`."""
    if re.fullmatch(r"0+[smh]?", text):
        return 0
    fault = Refusal("bad_time", f"{text[:40]!r} is no length of time: write 90s, 10m or 1h, at most 24h.")
    return refused_or(parse_gap(text) or fault)


def words_of(shown: AlertShown) -> str:
    """Return when an alert is bad, for people."""
    condition = shown.condition
    change = condition.op in ("rises_by", "falls_by")
    against = f" % against {condition.against}" if change else ""
    return f"{condition.op} {condition.threshold:g}{against} in {shown.window_s} s"
