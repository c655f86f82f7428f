"""
Import a file of historical events, of any age.

What the columns are is seen from their names, or said by options; `--dry-run` shows it.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.adapters.import_file import Format, ImportFile, checksum, opened
from app.adapters.importing import Chunks, Sent
from app.cli._importing import send_import, wait_until_counted
from app.cli._progress import progress
from app.cli._registry import as_json, here, now_ms, refused_or, say, settings_at
from app.config import Settings
from app.core.import_plan import Plan, TimeUnit, import_id_of, plan_of
from app.core.importing import Reading, RowReader
from app.core.outcome import Rejection
from app.core.registry import Bot

__all__ = ["command"]

_DRY_ROWS = 5


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--bot", required=True, help="The bot's id.")
@click.option(
    "--format", "format", type=click.Choice(["auto", "csv", "ndjson"]), default="auto", show_default=True
)
@click.option("--time", "at", help="Column of the event's time.")
@click.option("--time-unit", type=click.Choice(["auto", "s", "ms"]), default="auto", show_default=True)
@click.option("--user", help="Column of the user's id.")
@click.option("--text", help="Column of what was said.")
@click.option("--intent", help="Column of the intent.")
@click.option("--direction", help="`in` or `out` for all rows, or the column that says it.")
@click.option("--id", "id", help="Column of ids; rows with equal ids are one event. '' for none.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    default="2024-01-01",
    show_default=True,
    help="UTC; first instant of the times made up for dialogues without times.",
)
@click.option("--import-id", help="Name of this import; made of the content and the columns if left out.")
@click.option("--dry-run", is_flag=True, help="Show how the first rows are read, and send nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until everything is counted.")
@here
@as_json
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path,
    bot: str,
    format: Format,
    time_unit: TimeUnit,
    start: datetime,
    import_id: str | None,
    dry_run: bool,
    wait: bool,
    home: Path | None,
    is_json: bool,
    **columns: str | None,
) -> None:
    """
    Import a file of historical events, of any age.

    FILE is CSV with a header or one JSON object a line, plain or gzip; `-` is standard input.  Running the same
    import again counts nothing twice, and goes on where an interrupted one stopped.

    \b
    Examples:
      botpulse import --bot pizza-bot-x1y2 messages.csv.gz
      botpulse import --bot pizza-bot-x1y2 --time sent_on --user phone --id msg_id old.ndjson
      botpulse import --bot pizza-bot-x1y2 --dry-run messages.csv
    """
    if str(file) == "-" and not import_id and not dry_run:
        raise click.UsageError("standard input needs a name for the import: --import-id")
    with opened(file, format) as source:
        chosen = {field: column for field, column in columns.items() if column is not None}
        start_ms = int(start.replace(tzinfo=UTC).timestamp() * 1000)
        plan = refused_or(plan_of(source.names, chosen, time_unit, start_ms, are_all=source.are_all_names))
        if dry_run:
            _show_first(source, plan, is_json)
            return
        settings = settings_at(home)
        name = import_id or import_id_of(checksum(file), plan)
        done = _Import(settings, source, plan, name).run(bot)
    waited_s = wait_until_counted(settings) if wait and not done.sent.was_finished else None
    say(done.answer(bot, waited_s), is_json, done.lines(waited_s))
    context.exit(1 if done.rejected or done.absent else 0)


class _Import:
    """One run, and what there is to say of it."""

    def __init__(self, settings: Settings, source: ImportFile, plan: Plan, import_id: str) -> None:
        self._settings = settings
        self._source = source
        self._plan = plan
        self._import_id = import_id
        self._reader: RowReader | None = None
        self._reading: Reading | None = None
        self._seconds = 0.0
        self.sent = Sent(0, 0)

    def run(self, bot: str) -> _Import:
        """Send what is left."""
        began = time.monotonic()
        with progress(f"importing for {bot}") as tell:

            def rows_done(rows: int) -> None:
                rate = rows / max(time.monotonic() - began, 0.001)
                tell(
                    f"{rows} rows, {rate:.0f} rows/s",
                    self._source.read_bytes / max(self._source.size_bytes, 1),
                )

            self.sent = send_import(self._settings, bot, self._import_id, self._chunks_of, rows_done)
        self._seconds = time.monotonic() - began
        return self

    @property
    def rejected(self) -> int:
        """How many rows were refused."""
        return self._reading.rejected if self._reading else 0

    @property
    def absent(self) -> list[str]:
        """Name the columns that were asked for and that no row had."""
        return sorted(self._reader.absent - set(self._source.names)) if self._reader else []

    def answer(self, bot: str, waited_s: float | None) -> dict[str, Any]:
        """Return what a machine wants to know."""
        return {
            "bot": bot,
            "import_id": self._import_id,
            "already_imported": self.sent.was_finished,
            "rows": self.sent.rows,
            "sent": self.sent.events,
            "rejected": self.rejected,
            "rejections": [
                {"line": line, "reason": one.reason, "message": one.message} for line, one in self._refusals
            ],
            "absent_columns": self.absent,
            "seconds": round(self._seconds, 2),
            "waited_seconds": None if waited_s is None else round(waited_s, 2),
        }

    def lines(self, waited_s: float | None) -> list[str]:
        """Return the same for a person."""
        if self.sent.was_finished:
            return [
                f"import {self._import_id} was finished before ({self.sent.rows} rows); nothing is sent again"
            ]
        rate = self.sent.rows / max(self._seconds, 0.001)
        what = f"import {self._import_id}: {self.sent.events} events of {self.sent.rows} rows sent"
        lines = [f"{what} in {self._seconds:.1f} s ({rate:.0f} rows/s)"]
        if waited_s is not None:
            lines.append(f"counted and stored {waited_s:.1f} s later")
        if self.absent:
            lines.append(f"no row has a column {', '.join(map(repr, self.absent))}")
        if self.rejected:
            lines.append(f"{self.rejected} rows were rejected, all others are imported:")
            lines += [f"  line {line}: {one.reason}: {one.message}" for line, one in self._refusals]
            more = self.rejected - len(self._refusals)
            lines += [f"  and {more} more"] if more else []
        return lines

    @property
    def _refusals(self) -> list[tuple[int, Rejection]]:
        return self._reading.first if self._reading else []

    def _chunks_of(self, bot: Bot) -> Chunks:
        self._reader = RowReader(self._plan, self._import_id, bot.platform, now_ms())
        self._reading = Reading(self._reader, self._source.rows())
        return self._reading.chunks


def _show_first(source: ImportFile, plan: Plan, is_json: bool) -> None:
    reader = RowReader(plan, "dry-run", "generic", now_ms())
    shown: list[dict[str, Any]] = []
    for number, (line, row) in enumerate(source.rows(), 1):
        outcome = row if isinstance(row, Rejection) else reader.read(number, row)
        if isinstance(outcome, Rejection):
            shown.append({"line": line, "rejected": {"reason": outcome.reason, "message": outcome.message}})
        else:
            shown.append({"line": line, "event": json.loads(outcome)})
        if number == _DRY_ROWS:
            break
    lines = [f"{field:13} {column}" for field, column in plan.columns.items()]
    if plan.made_up:
        lines.append("no times: they are made up, see docs/import.md")
    lines += [f"line {one['line']}: {json.dumps(one.get('event') or one['rejected'])}" for one in shown]
    say({"columns": plan.columns, "made_up_times": plan.made_up is not None, "rows": shown}, is_json, lines)
