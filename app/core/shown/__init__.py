"""
What the registry holds as people and programs are shown it, the same over HTTP and on the command line; no secret is in it.

    bots  keys  dashboards  alerts  people  history  removal  events
"""

from __future__ import annotations

from app.core.shown.alerts import AlertShown, ChannelShown, alert_shown
from app.core.shown.bots import (
    BotShown,
    InstanceShown,
    RecountShown,
    bot_shown,
    instance_shown,
    recount_shown,
)
from app.core.shown.dashboards import DashboardShown, dashboard_shown
from app.core.shown.deliveries import DeliveryShown, delivery_shown
from app.core.shown.events import event_shown, row_shown
from app.core.shown.history import PastShown, past_shown
from app.core.shown.keys import HookShown, KeyShown, hook_shown, key_shown
from app.core.shown.removal import RemovalShown, removal_shown

__all__ = [
    "AlertShown",
    "BotShown",
    "ChannelShown",
    "DashboardShown",
    "DeliveryShown",
    "HookShown",
    "InstanceShown",
    "KeyShown",
    "PastShown",
    "RecountShown",
    "RemovalShown",
    "alert_shown",
    "bot_shown",
    "dashboard_shown",
    "delivery_shown",
    "event_shown",
    "hook_shown",
    "instance_shown",
    "key_shown",
    "past_shown",
    "recount_shown",
    "removal_shown",
    "row_shown",
]
