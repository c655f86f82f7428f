"""The part of the OpenAPI table on what is configured: bots, keys, webhooks, dashboards, alerts."""

from __future__ import annotations

from typing import Any, Final

from app.core.shown import AlertShown, BotShown, DashboardShown, HookShown, KeyShown, RemovalShown
from app.web.api import (
    alert_log,
    alerts,
    backfills,
    bots,
    changing,
    dashboard_events,
    dashboards,
    hooks,
    keys,
    registry,
)
from app.web.api.routes import Parameter, Route

__all__ = ["REGISTRY_ROUTES"]

_BOT: Final = "/data/v1/bots/{bot}"
_KEYS: Final = f"{_BOT}/keys"
_HOOKS: Final = f"{_BOT}/hooks"
_DASHBOARDS: Final = f"{_BOT}/dashboards"
_DASHBOARD: Final = f"{_DASHBOARDS}/{{dashboard}}"
_ALERTS: Final = f"{_BOT}/alerts"
_ALERT: Final = f"{_ALERTS}/{{alert}}"
_WHY: Final = (Parameter("why", f"The reason, for the history; at most {changing.LONGEST_WHY} characters."),)
_CHANGE: Final = (403, 409)
_LOG: Final = (Parameter("limit", "Most items, up to 500.", default="50"),)
_HITS: Final = (
    Parameter("from", "Date or ISO 8601 time; local to the bot's zone where it names no offset."),
    Parameter("to", "The same, exclusive."),
    Parameter("limit", "Most items, up to 1000.", default="50"),
    Parameter("cursor", "`next_cursor` of the page before."),
)


def _get(path: str, about: str, answer: Any, parameters: tuple[Parameter, ...] = ()) -> Route:
    return Route("GET", path, "configure", about, answer, "read", parameters, statuses=(403,))


def _post(
    path: str,
    about: str,
    answer: Any,
    body: Any = None,
    status: int = 201,
    parameters: tuple[Parameter, ...] = (),
    *,
    is_body_needed: bool = True,
) -> Route:
    return Route(
        "POST", path, "configure", about, answer, "read", parameters, body, statuses=_CHANGE, status=status,
        is_body_needed=is_body_needed,
    )  # fmt: skip


def _patch(path: str, about: str, answer: Any, body: Any) -> Route:
    return Route("PATCH", path, "configure", about, answer, "read", body=body, statuses=_CHANGE)


def _delete(path: str, about: str, answer: Any) -> Route:
    return Route("DELETE", path, "configure", about, answer, "read", _WHY, statuses=_CHANGE)


REGISTRY_ROUTES: Final = (
    _get("/data/v1/bots", "The bots the caller may read.", bots.BotList),
    _post("/data/v1/bots", "Create a bot with an ingest and a read key; for administrators.", bots.BotMade, bots.BotWanted),
    _get(_BOT, "A bot.", BotShown),
    _patch(_BOT, "Change a bot; for its owners.", BotShown, bots.BotChange),
    _post(f"{_BOT}/archive", "Let a bot take no events any more; what was counted stays. For its owners.", BotShown, status=200, parameters=_WHY),
    _post(f"{_BOT}/restore", "Let an archived bot take events again; for its owners.", BotShown, status=200, parameters=_WHY),
    Route(
        "DELETE", _BOT, "configure", "Delete an archived bot with all its data, for good; for its owners.", RemovalShown,
        "read", (Parameter("confirm", "The name or the id of the bot.", required=True), *_WHY), statuses=_CHANGE, status=202,
    ),
    _get(f"{_BOT}/removal", "How far the deletion of a bot is; for administrators.", RemovalShown),
    _get(f"{_BOT}/history", "Who changed the bot, when and why, the newest first.", changing.History),
    _get(f"{_BOT}/instances", "Where the bot is installed.", bots.InstanceList),
    _get(f"{_BOT}/instances/{{instance}}/history", "Who changed an install, when and why, the newest first.", changing.History),
    _get(_KEYS, "The keys of a bot; for its owners.", keys.KeyList),
    _post(_KEYS, "Create a key, whose text is told once; for owners of the bot.", keys.KeyMade, keys.KeyWanted),
    _post(f"{_KEYS}/{{key}}/rotate", "Put a new key in the place of one; for owners of the bot.", keys.KeyMade, keys.KeyRotation, is_body_needed=False),
    _delete(f"{_KEYS}/{{key}}", "Revoke a key at once and for good; for owners of the bot.", KeyShown),
    _get(f"{_KEYS}/{{key}}/history", "Who changed a key, when and why, the newest first; for owners of the bot.", changing.History),
    _get("/data/v1/keys", "The keys of every bot, and those for all of them; for administrators.", keys.KeyList),
    _post("/data/v1/keys", "Create a key, also one for all bots; for administrators.", keys.KeyMade, keys.KeyWantedAnywhere),
    _post("/data/v1/keys/{key}/rotate", "Put a new key in the place of one; for administrators.", keys.KeyMade, keys.KeyRotation, is_body_needed=False),
    _delete("/data/v1/keys/{key}", "Revoke a key at once and for good; for administrators.", KeyShown),
    _get("/data/v1/keys/{key}/history", "Who changed a key, when and why, the newest first; for administrators.", changing.History),
    _get(_HOOKS, "The secrets of a bot's webhooks, not what they say; for its owners.", hooks.HookList),
    _post(_HOOKS, "Add a secret by which a platform's requests are known to be genuine; for owners of the bot.", HookShown, hooks.HookWanted),
    _delete(f"{_HOOKS}/{{hook}}", "Revoke a secret of a webhook; for owners of the bot.", HookShown),
    _get(f"{_HOOKS}/{{hook}}/history", "Who changed a secret of a webhook, when and why, the newest first; for owners of the bot.", changing.History),
    _get(_DASHBOARDS, "The dashboards of a bot.", dashboards.DashboardList),
    _post(_DASHBOARDS, "Create a dashboard by a rule; for editors.", DashboardShown, dashboards.DashboardWanted),
    _get(_DASHBOARD, "A dashboard.", DashboardShown),
    _patch(_DASHBOARD, "Change a dashboard; another rule is a new version. For editors.", DashboardShown, dashboards.DashboardChange),
    _delete(_DASHBOARD, "Remove a dashboard that no alert watches; its history stays. For editors.", DashboardShown),
    _get(f"{_DASHBOARD}/history", "Who changed the dashboard, when and why, the newest first.", changing.History),
    _post(f"{_DASHBOARDS}/preview", "Try a rule on the newest events of the bot; nothing is kept.", dashboard_events.Previewed, dashboard_events.RuleAsked, status=200),
    _get(f"{_DASHBOARD}/backfill", "How far the rule is applied back over history.", backfills.BackfillShown),
    _post(f"{_DASHBOARD}/backfill", "Apply the rule back over history; it goes on after the answer. For editors.", backfills.BackfillShown, status=202, parameters=_WHY),
    _get(f"{_DASHBOARD}/users", "Users whose events hit the dashboard.", dashboard_events.HitUsers, _HITS),
    _get(f"{_DASHBOARD}/events", "Events that hit the dashboard, the newest first.", dashboard_events.HitPage, _HITS),
    _get("/data/v1/rules/schema", "What a rule looks like, as JSON Schema.", dict[str, Any]),
    _get(_ALERTS, "The alerts of a bot.", alerts.AlertList),
    _post(_ALERTS, "Create an alert; secrets that are made for its webhooks are told once. For editors.", alerts.AlertMade, alerts.AlertWanted),
    _get(_ALERT, "An alert and where it stands.", alerts.AlertStanding),
    _patch(_ALERT, "Change an alert; for editors.", alerts.AlertMade, alerts.AlertChange),
    _delete(_ALERT, "Remove an alert; its history stays. For editors.", AlertShown),
    _get(f"{_ALERT}/history", "Who changed the alert, when and why, the newest first.", changing.History),
    _get(f"{_ALERT}/transitions", "When the alert fired and resolved, the newest first.", alert_log.TransitionList, _LOG),
    _get(f"{_ALERT}/deliveries", "What was sent of the alert, to whom, and, for editors, what was answered.", alert_log.DeliveryList, _LOG),
    Route(
        "POST", f"{_ALERT}/test", "configure", "Tell every channel once, now, to see what it answers. For editors.",
        alert_log.TestDone, "read", statuses=(*_CHANGE, 429),
    ),
    _get("/data/v1/registry", "What the registry holds, and what its log holds in vain; for administrators.", registry.RegistryShown),
)  # fmt: skip
