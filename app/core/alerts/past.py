"""
What the web process knows of alerts: where each stands, what became of it before, and what was sent to whom.

Made of the topics `alerts` and `alert-deliveries`, from their beginnings.  What was told twice is known once.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from app.core.alerts.deliveries import AlertDelivery
from app.core.alerts.machine import Phase, Transition

__all__ = ["MOST_KEPT", "AlertPast", "phase_after"]

MOST_KEPT: Final = 500
"""Transitions and deliveries of one alert that are kept; ClickHouse has all of the former."""

_PHASES: Final[dict[str, Phase]] = {
    "pending": "pending",
    "firing": "firing",
    "resolved": "ok",
    "ok": "ok",
}
_RANK: Final = {"pending": 0, "firing": 1, "ok": 2, "resolved": 2}


class AlertPast:
    """By alert; an alert nobody has told of yet stands at ok."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._told: dict[str, deque[Transition]] = {}
        self._deliveries: dict[str, OrderedDict[str, AlertDelivery]] = {}

    def take(self, told: Transition) -> bool:
        """Take one record of `alerts`; return whether it is news."""
        past = self._told.setdefault(told.alert, deque(maxlen=self._most))
        if past and _place(told) <= _place(past[-1]):
            return False
        past.append(told)
        return True

    def take_delivery(self, delivery: AlertDelivery) -> None:
        """Take one record of `alert-deliveries`; the last one of a delivery holds."""
        own = self._deliveries.setdefault(delivery.transition.alert, OrderedDict())
        own[delivery.id] = delivery
        if len(own) > self._most:
            own.popitem(last=False)

    def forget(self, bot: str) -> None:
        """Forget everything of *bot*, which was deleted."""
        gone = [alert for alert, past in self._told.items() if past[-1].bot == bot]
        gone += [alert for alert, own in self._deliveries.items() if _bot_of(own) == bot]
        for alert in gone:
            self._told.pop(alert, None)
            self._deliveries.pop(alert, None)

    def phase(self, alert: str) -> Phase:
        """Return where an alert stands."""
        last = self.last(alert)
        return "ok" if last is None else phase_after(last)

    def last(self, alert: str) -> Transition | None:
        """Return what was told of an alert last; None where nothing was."""
        past = self._told.get(alert)
        return past[-1] if past else None

    def transitions(self, alert: str) -> list[Transition]:
        """Return what was told of an alert, the newest first."""
        return list(reversed(self._told.get(alert, ())))

    def deliveries(self, alert: str) -> list[AlertDelivery]:
        """Return what was sent of an alert, the newest first."""
        return list(reversed(self._deliveries.get(alert, {}).values()))

    def of_bot(self, bot: str) -> list[Transition]:
        """Return what was told last of each alert of *bot*, the oldest first."""
        last = [past[-1] for past in self._told.values() if past and past[-1].bot == bot]
        return sorted(last, key=lambda told: (told.at, told.id))


def phase_after(told: Transition) -> Phase:
    """Return where an alert stands after *told*."""
    return _PHASES[told.type]


def _bot_of(deliveries: OrderedDict[str, AlertDelivery]) -> str:
    return next(iter(deliveries.values())).transition.bot


def _place(told: Transition) -> tuple[int, int]:
    return told.episode, _RANK[told.type]
