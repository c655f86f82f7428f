"""Create, list, show, change and remove dashboards, and try their rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from app.adapters.backfill import BackFilled, apply_to_history
from app.adapters.dashboards import preview, users_of
from app.adapters.ids import new_id
from app.adapters.reader import Reader
from app.adapters.registry import KafkaRegistry
from app.cli._registry import (
    as_json,
    because,
    change,
    fields_of,
    here,
    now_ms,
    refused_or,
    say,
    settings_at,
    state_at,
    table,
    tell_history,
    who,
)
from app.cli.bots import bot_in
from app.config import Settings
from app.core.commands.dashboards import change_dashboard, create_dashboard, remove_dashboard, rule_of
from app.core.registry import Dashboard, State
from app.core.rules.language import Rule
from app.core.rules.writing import write_rule
from app.core.shown import dashboard_shown, event_shown
from app.core.times import iso
from app.errors import BotpulseError

__all__ = ["command"]

T = TypeVar("T")


@click.group()
def command() -> None:
    """
    Create, list, show, change and remove dashboards, and try their rules.

    \b
    Examples:
      botpulse dashboards create --bot pizza-bot-x1y2 --name Refunds --rule 'direction = in and text ~ "refund|money back"'
      botpulse dashboards list --bot pizza-bot-x1y2
    """


@command.command("list")
@click.option("--bot", required=True, help="The bot's id.")
@here
@as_json
def list_(bot: str, home: Path | None, is_json: bool) -> None:
    """List the dashboards of a bot."""
    state = state_at(home)
    shown = [dashboard_shown(one) for one in state.dashboards_of(bot_in(state, bot).id)]
    rows = [(one.id, one.name, one.text or one.measure, "" if one.enabled else "off") for one in shown]
    say(shown, is_json, table(rows) or ["no dashboards; `botpulse dashboards create` makes one"])


@command.command()
@click.argument("dashboard")
@here
@as_json
def show(dashboard: str, home: Path | None, is_json: bool) -> None:
    """Show DASHBOARD and its rule."""
    shown = dashboard_shown(_dashboard_in(state_at(home), dashboard))
    say(shown, is_json, fields_of(shown))


@command.command()
@click.option("--bot", required=True, help="The bot's id.")
@click.option("--name", required=True, help="What people call it.")
@click.option("--rule", help="What it counts, as text; `{...}` is JSON.")
@click.option("--measure", default="", help="Show this measure, without a rule.")
@because
@here
@as_json
def create(
    bot: str, name: str, rule: str | None, measure: str, why: str, home: Path | None, is_json: bool
) -> None:
    """Create a dashboard, which counts from now on."""
    read = _read(rule) if rule is not None or not measure else None
    wanted = Dashboard(new_id("d"), bot, name, now_ms(), read, measure)
    after = change(home, lambda state: create_dashboard(state, wanted), why)
    shown = dashboard_shown(after.dashboards[wanted.id])
    say(shown, is_json, fields_of(shown))


@command.command("set")
@click.argument("dashboard")
@click.option("--name", help="What people call it.")
@click.option("--rule", help="What it counts, as text; `{...}` is JSON. Another rule is a new version.")
@click.option("--on/--off", "enabled", default=None, help="Whether it counts.")
@because
@here
@as_json
def set_(
    dashboard: str,
    name: str | None,
    rule: str | None,
    enabled: bool | None,
    why: str,
    home: Path | None,
    is_json: bool,
) -> None:
    """Change DASHBOARD."""
    asked: dict[str, Any] = {"name": name, "rule": None if rule is None else _read(rule), "enabled": enabled}
    changes = {name: value for name, value in asked.items() if value is not None}
    if not changes:
        raise click.UsageError("name something to change, such as --rule")
    bot = _dashboard_in(state_at(home), dashboard).bot
    after = change(home, lambda state: change_dashboard(state, bot, dashboard, changes), why)
    shown = dashboard_shown(after.dashboards[dashboard])
    say(shown, is_json, fields_of(shown))


@command.command()
@click.argument("dashboard")
@because
@here
@as_json
def remove(dashboard: str, why: str, home: Path | None, is_json: bool) -> None:
    """Remove DASHBOARD: it counts no more; its history stays."""
    bot, when = _dashboard_in(state_at(home), dashboard).bot, now_ms()
    after = change(home, lambda state: remove_dashboard(state, bot, dashboard, when), why)
    say(dashboard_shown(after.dashboards[dashboard]), is_json, [f"{dashboard} is removed"])


@command.command()
@click.argument("dashboard")
@here
@as_json
def history(dashboard: str, home: Path | None, is_json: bool) -> None:
    """Tell who changed DASHBOARD, when and why."""
    tell_history(home, "dashboard", dashboard, is_json)


@command.command("preview")
@click.option("--bot", required=True, help="The bot's id.")
@click.option("--rule", required=True, help="What it would count, as text; `{...}` is JSON.")
@here
@as_json
def preview_(bot: str, rule: str, home: Path | None, is_json: bool) -> None:
    """Try a rule on the newest events of a bot; nothing is kept."""
    bot_in(state_at(home), bot)
    read = _read(rule)
    found = asyncio.run(_with_reader(settings_at(home), lambda reader: preview(reader, bot, read, now_ms())))
    samples = [event_shown(row) for row in found.samples]
    counts = {"events": found.events, "hits": found.hits, "users": found.users}
    lines = [f"{found.hits} of the newest {found.events} events, of {found.users} users: {write_rule(read)}"]
    lines += [f"  {one['at']}  {one['user_id']}  {one['direction']:4} {one['text'][:80]}" for one in samples]
    say({"text": write_rule(read), **counts, "samples": samples}, is_json, lines)


@command.command()
@click.argument("dashboard")
@because
@here
@as_json
def backfill(dashboard: str, why: str, home: Path | None, is_json: bool) -> None:
    """Apply the rule of DASHBOARD to everything that was before it."""
    settings = settings_at(home)
    bot = _dashboard_in(state_at(home), dashboard).bot
    done = asyncio.run(_backfilled(settings, bot, dashboard, why))
    lines = [f"{done.hits} of {done.events} events match; {dashboard} shows all of history"]
    say({"dashboard": dashboard, "events": done.events, "hits": done.hits}, is_json, lines)


@command.command()
@click.argument("dashboard")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@here
@as_json
def users(dashboard: str, limit: int, home: Path | None, is_json: bool) -> None:
    """List the users whose events hit DASHBOARD, those with the newest hit first."""
    found = _dashboard_in(state_at(home), dashboard)
    hits, _ = asyncio.run(_with_reader(settings_at(home), lambda reader: users_of(reader, found, limit)))
    rows = [(one.user_id, str(one.hits), iso(one.last_ms)) for one in hits]
    shown = [
        {"user_id": user, "hits": one.hits, "last_at": at}
        for one, (user, _, at) in zip(hits, rows, strict=True)
    ]
    say(shown, is_json, table(rows) or ["nobody yet"])


async def _with_reader(settings: Settings, work: Callable[[Reader], Awaitable[T]]) -> T:
    reader = Reader(settings, 1)
    try:
        return await work(reader)
    finally:
        reader.close()


async def _backfilled(settings: Settings, bot: str, dashboard: str, why: str) -> BackFilled:
    registry = KafkaRegistry(settings.kafka)
    await registry.start()
    try:
        return await _with_reader(
            settings,
            lambda reader: apply_to_history(
                settings.kafka, reader, registry, bot, dashboard, who(), now_ms, why
            ),
        )
    finally:
        await registry.stop()


def _dashboard_in(state: State, dashboard: str) -> Dashboard:
    found = state.dashboards.get(dashboard)
    if found is None or found.removed_at is not None:
        msg = f"There is no dashboard {dashboard[:60]!r}; `botpulse dashboards list --bot B` shows them."
        raise BotpulseError(msg, "unknown_dashboard")
    return found


def _read(text: str | None) -> Rule:
    """Return the rule that somebody wrote, in either form."""
    if text is None or not text.lstrip().startswith("{"):
        return refused_or(rule_of(None, text))
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BotpulseError(f"The rule begins like JSON and is none: {error}.", "bad_rule") from error
    return refused_or(rule_of(data, None))
