"""Write out a bot's events, as JSON lines or CSV."""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from app.adapters.clickhouse import session
from app.adapters.export import Format, exported, written
from app.cli._registry import as_json, here, say, state_at
from app.cli._settings import found
from app.cli.bots import bot_in
from app.core.times import ACCEPTED_TIMES, END_MS, parse_at

__all__ = ["command"]


def _instant(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    at = parse_at(text) if text else None
    if text and at is None:
        msg = f"{text!r} is no time; write {ACCEPTED_TIMES}"
        raise click.BadParameter(msg)

    return at


@click.command()
@click.option("--bot", required=True, help="The bot's id.")
@click.option(
    "--from", "from_ms", callback=_instant, metavar="TIME", help="First instant; UTC if it names no zone."
)
@click.option("--to", "to_ms", callback=_instant, metavar="TIME", help="First instant no more included.")
@click.option("--format", "format", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File, .gz to compress it."
)
@here
@as_json
def command(
    bot: str,
    from_ms: int | None,
    to_ms: int | None,
    format: Format,
    output: Path | None,
    home: Path | None,
    is_json: bool,
) -> None:
    """
    Write out the events of a bot in the order in which they happened, to a file or to standard output.

    The columns are those of `bot_events`.  A file appears under its name when it is complete.

    \b
    Examples:
      botpulse export --bot pizza-bot-x1y2 -o events.ndjson.gz
      botpulse export --bot pizza-bot-x1y2 --from 2024-05-01 --to 2024-06-01 --format csv > may.csv
    """
    bot_in(state_at(home), bot)
    with session(found(home=home)) as client, _target(output) as write:
        rows = exported(client, bot, from_ms or 0, END_MS if to_ms is None else to_ms)
        count = written(rows, format, write)
    if output:
        say(
            {"bot": bot, "events": count, "file": str(output)},
            is_json,
            [f"{count} events of {bot} in {output}"],
        )


@contextlib.contextmanager
def _target(output: Path | None) -> Iterator[Callable[[bytes], Any]]:
    """Give what writes; what is interrupted leaves no file."""
    if output is None:
        yield _to_stdout
        return
    partial = output.with_name(f"{output.name}.part")
    try:
        with (
            gzip.open(partial, "wb", compresslevel=6)
            if output.suffix == ".gz"
            else partial.open("wb") as target
        ):
            yield target.write
        partial.rename(output)
    finally:
        partial.unlink(missing_ok=True)


def _to_stdout(block: bytes) -> None:
    try:
        sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        # whoever reads has enough; what is still in the buffer goes nowhere, and Python says nothing of it at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(1) from error
