"""Show what is read from a body, without storing it; nothing needs to run for it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from app.core.dialects import DIALECTS
from app.core.explaining import explain

__all__ = ["command"]


@click.command()
@click.option("--way", type=click.Choice(list(DIALECTS)), required=True, help="How the body comes.")
@click.option(
    "--platform", default="generic", show_default=True, help="Where it was said: facebook, slack, ..."
)
@click.option("--type", "kind", default="", help="What the caller says of it: incoming, outgoing, event, ...")
@click.option(
    "--path", default="", help="Where it is sent, for ways whose path says what it is: /v1/messages/slack/."
)
@click.option("--bot", default="", help="Put this bot into the events.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.pass_context
def command(
    context: click.Context, way: str, platform: str, kind: str, path: str, bot: str, file: Path
) -> None:
    """
    Show as JSON what is read from the body in FILE (- is stdin): events, rejections, secrets removed, warnings.

    The exit code is 1 if nothing but rejections came of it.

    \b
    Examples:
      botpulse explain --way webhook --platform slack body.json
      botpulse explain --way dashbot --platform facebook --type incoming body.json
      botpulse explain --way botanalytics-v1 --path /v1/messages/facebook-messenger/ body.json
    """
    body = click.get_binary_stream("stdin").read() if str(file) == "-" else file.read_bytes()
    report = explain(way, platform, kind, path, body, bot, time.time_ns() // 1_000_000)
    click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    context.exit(1 if report["rejections"] and not report["events"] else 0)
