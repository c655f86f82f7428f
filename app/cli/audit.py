"""Recompute a bot's numbers from its events and show every difference from the counters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click
import msgspec

from app.adapters.audit import Days, audit
from app.adapters.clickhouse import session
from app.cli._registry import as_json, here, say, state_at
from app.cli._settings import found
from app.cli.bots import bot_in
from app.core.audit import Difference
from app.core.times import END_MS

__all__ = ["command"]

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_MOST_SHOWN = 50
_FIRST, _LAST = date(1970, 1, 1), datetime.fromtimestamp(END_MS / 1000 - 1, UTC).date()


@click.command()
@click.option("--bot", required=True, help="The bot's id.")
@click.option("--day", type=_DAY, help="Only this day of the bot's time zone.")
@click.option("--from", "first", type=_DAY, help="First day.")
@click.option("--to", "last", type=_DAY, help="Last day.")
@here
@as_json
@click.pass_context
def command(
    context: click.Context,
    bot: str,
    day: datetime | None,
    first: datetime | None,
    last: datetime | None,
    home: Path | None,
    is_json: bool,
) -> None:
    """
    Recompute BOT's numbers from its events and compare them with the counters; exit 1 when any differs.

    Without a day, all days are compared.

    \b
    Examples:
      botpulse audit --bot pizza-1a2b --day 2024-05-27
      botpulse audit --bot pizza-1a2b --from 2024-05-01 --to 2024-05-31 --json
    """
    days = _within(_days(day, first, last))
    bot_in(state_at(home), bot)
    with session(found(home=home)) as client:
        differing = audit(client, bot, days)
    say({"bot": bot, "differences": msgspec.to_builtins(differing)}, is_json, _lines(differing))
    if differing:
        context.exit(1)


def _days(day: datetime | None, first: datetime | None, last: datetime | None) -> Days | None:
    if day and not (first or last):
        return day.date(), day.date()
    if first and last and not day and first <= last:
        return first.date(), last.date()
    if day or first or last:
        raise click.UsageError("give --day, or both --from and --to in their order, or none of them")

    return None


def _within(days: Days | None) -> Days | None:
    if days and not (_FIRST <= days[0] and days[1] <= _LAST):
        msg = f"no event has such a day; they are between {_FIRST} and {_LAST}"
        raise click.UsageError(msg)

    return days


def _lines(differing: list[Difference]) -> list[str]:
    if not differing:
        return ["every number is what the events say"]
    lines = [_line(one) for one in differing[:_MOST_SHOWN]]
    if len(differing) > _MOST_SHOWN:
        lines.append(f"and {len(differing) - _MOST_SHOWN} more; --json lists them all")

    return [*lines, f"{len(differing)} numbers differ"]


def _line(one: Difference) -> str:
    dimension = f" {one.dim}={one.key}" if one.dim else ""
    start = datetime.fromtimestamp(one.start, UTC)
    shown: date | datetime = start.replace(tzinfo=None) if one.window == "hour" else start.date()

    return f"{one.measure}{dimension} {one.window} {shown}: events {one.from_events}, counters {one.from_counters}"
