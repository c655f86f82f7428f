"""Create, list, show, change and remove alerts, and see what came of telling."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from app.adapters.alerts import AlertLog
from app.adapters.ids import new_id
from app.cli._registry import (
    as_json,
    because,
    change,
    fields_of,
    here,
    now_ms,
    say,
    settings_at,
    state_at,
    table,
    tell_history,
)
from app.cli._watching import channels_of, condition_of, seconds_of, words_of
from app.cli.bots import bot_in
from app.core.alerts.past import AlertPast
from app.core.commands.alerts import change_alert, create_alert, remove_alert
from app.core.registry import Alert, State
from app.core.shown import AlertShown, DeliveryShown, alert_shown, delivery_shown
from app.errors import BotpulseError

__all__ = ["command"]

_PATIENCE_S = 30.0
_LOOK_S = 0.05
_MEASURES = "messages_in, active_users, dashboard:ID, new_error_reasons (of dead letters), ..."


@click.group()
def command() -> None:
    """
    Create, list, show, change and remove alerts, and see what came of telling.

    \b
    Examples:
      botpulse alerts create --bot pizza-bot-x1y2 --name Silence --measure messages_in --window 10m --when "below 1" \\
          --webhook https://example.org/alert
      botpulse alerts set a1b2 --when "rises_by 50 against week"
    """


@command.command("list")
@click.option("--bot", required=True, help="The bot's id.")
@here
@as_json
def list_(bot: str, home: Path | None, is_json: bool) -> None:
    """List the alerts of a bot."""
    state = state_at(home)
    shown = [alert_shown(one) for one in state.alerts_of(bot_in(state, bot).id)]
    rows = [(one.id, one.name, one.measure, words_of(one), "" if one.enabled else "off") for one in shown]
    say(shown, is_json, table(rows) or ["no alerts; `botpulse alerts create` makes one"])


@command.command()
@click.argument("alert")
@here
@as_json
def show(alert: str, home: Path | None, is_json: bool) -> None:
    """Show ALERT."""
    shown = alert_shown(_alert_in(state_at(home), alert))
    say(shown, is_json, fields_of(shown))


@command.command()
@click.option("--bot", required=True, help="The bot's id.")
@click.option("--name", required=True, help="What people call it.")
@click.option("--measure", required=True, help=_MEASURES)
@click.option(
    "--when", "condition", required=True, help='"above 10", "below 1", "rises_by 50 against week", ...'
)
@click.option("--window", default="1h", show_default=True, help="Length of the window: 10m, 1h, 24h.")
@click.option("--for", "held", default="0s", show_default=True, help="How long it holds before it fires.")
@click.option("--cool-down", default="5m", show_default=True, help="How long it is over before it resolves.")
@click.option("--webhook", "webhooks", multiple=True, help="Address to tell; may be repeated.")
@click.option("--email", "emails", multiple=True, help="E-mail address to tell; may be repeated.")
@because
@here
@as_json
def create(
    bot: str,
    name: str,
    measure: str,
    condition: str,
    window: str,
    held: str,
    cool_down: str,
    webhooks: tuple[str, ...],
    emails: tuple[str, ...],
    why: str,
    home: Path | None,
    is_json: bool,
) -> None:
    """Create an alert. Secrets that its webhooks are signed with are shown once."""
    channels, made = channels_of(home, webhooks, emails, ())
    wanted = Alert(
        new_id("a"),
        bot,
        name,
        measure,
        seconds_of(window),
        condition_of(condition),
        now_ms(),
        seconds_of(held),
        seconds_of(cool_down),
        channels,
    )
    after = change(home, lambda state: create_alert(state, wanted), why)
    _say(after.alerts[wanted.id], made, is_json)


@command.command("set")
@click.argument("alert")
@click.option("--name", help="What people call it.")
@click.option("--measure", help=_MEASURES)
@click.option("--when", "condition", help='"above 10", "below 1", "rises_by 50 against week", ...')
@click.option("--window", help="Length of the window: 10m, 1h, 24h.")
@click.option("--for", "held", help="How long it holds before it fires.")
@click.option("--cool-down", help="How long it is over before it resolves.")
@click.option("--webhook", "webhooks", multiple=True, help="Address to tell; with --email names all of them.")
@click.option("--email", "emails", multiple=True, help="E-mail address to tell.")
@click.option("--silent", is_flag=True, help="Tell nobody.")
@click.option("--on/--off", "enabled", default=None, help="Whether it watches.")
@because
@here
@as_json
def set_(
    alert: str,
    name: str | None,
    measure: str | None,
    condition: str | None,
    window: str | None,
    held: str | None,
    cool_down: str | None,
    webhooks: tuple[str, ...],
    emails: tuple[str, ...],
    silent: bool,
    enabled: bool | None,
    why: str,
    home: Path | None,
    is_json: bool,
) -> None:
    """Change ALERT."""
    asked: dict[str, Any] = {
        "name": name,
        "measure": measure,
        "condition": None if condition is None else condition_of(condition),
        "window_s": None if window is None else seconds_of(window),
        "for_s": None if held is None else seconds_of(held),
        "cool_down_s": None if cool_down is None else seconds_of(cool_down),
        "enabled": enabled,
    }
    changes, made = {field: value for field, value in asked.items() if value is not None}, dict[str, str]()
    if not (changes or webhooks or emails or silent):
        raise click.UsageError("name something to change, such as --when")
    before = _alert_in(state_at(home), alert)
    if webhooks or emails or silent:
        changes["channels"], made = channels_of(home, webhooks, emails, before.channels)
    after = change(home, lambda state: change_alert(state, before.bot, alert, changes), why)
    _say(after.alerts[alert], made, is_json)


@command.command()
@click.argument("alert")
@because
@here
@as_json
def remove(alert: str, why: str, home: Path | None, is_json: bool) -> None:
    """Remove ALERT: it watches no more; its history stays."""
    bot, when = _alert_in(state_at(home), alert).bot, now_ms()
    after = change(home, lambda state: remove_alert(state, bot, alert, when), why)
    say(alert_shown(after.alerts[alert]), is_json, [f"{alert} is removed"])


@command.command()
@click.argument("alert")
@here
@as_json
def history(alert: str, home: Path | None, is_json: bool) -> None:
    """Tell who changed ALERT, when and why."""
    tell_history(home, "alert", alert, is_json)


@command.command()
@click.argument("alert")
@here
@as_json
def deliveries(alert: str, home: Path | None, is_json: bool) -> None:
    """Tell what was sent of ALERT, to whom, and what was answered, the newest first."""
    found = _alert_in(state_at(home), alert)
    past = asyncio.run(_past(settings_at(home).kafka))
    shown = [delivery_shown(one) for one in past.deliveries(found.id)]
    rows = [
        (str(one.created_at), one.type, one.kind, one.to, one.state, f"tries: {one.tries}", _last_answer(one))
        for one in shown
    ]
    say(shown, is_json, table(rows) or ["nothing was sent yet"])


async def _past(bootstrap: str) -> AlertPast:
    """Return what the topics say of alerts now."""
    log = AlertLog(bootstrap, lambda _told: None)
    reading = asyncio.create_task(log.run())
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not log.is_ready:
                await asyncio.wait([reading], timeout=_LOOK_S)
                if reading.done():
                    reading.result()
    except TimeoutError as error:
        raise BotpulseError("the broker does not give the log of alerts; try again", "kafka") from error
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return log.past


def _last_answer(one: DeliveryShown) -> str:
    last = one.attempts[-1] if one.attempts else None
    return f"{last.status} {last.answer[:60]}" if last else ""


def _alert_in(state: State, alert: str) -> Alert:
    found = state.alerts.get(alert)
    if found is None or found.removed_at is not None:
        msg = f"There is no alert {alert[:60]!r}; `botpulse alerts list --bot B` shows them."
        raise BotpulseError(msg, "unknown_alert")
    return found


def _say(alert: Alert, made: dict[str, str], is_json: bool) -> None:
    shown = alert_shown(alert)
    lines = [f"secret of {to}  {secret}  (shown only now)" for to, secret in made.items()]
    say({**_plain(shown), "secrets": made}, is_json, [*fields_of(shown), *lines])


def _plain(shown: AlertShown) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(shown))
