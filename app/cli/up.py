"""Start everything on this machine and keep it running."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli._settings import chosen

__all__ = ["command"]


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path), help="Folder of all state (BOTPULSE_HOME; .botpulse)."
)
@click.option("--host", help="Address to listen on (BOTPULSE_HOST; 127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one (BOTPULSE_PORT; 8080).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes of normalise and of track, each (BOTPULSE_WORKERS; 1).",
)
@click.option(
    "--demo/--no-demo", default=None, help="Run a demo bot with made-up traffic (BOTPULSE_DEMO; yes)."
)
@click.option("--admin-email", help="Sign-in of the first administrator (BOTPULSE_ADMIN_EMAIL).")
@click.option(
    "--admin-password", help="Its password (BOTPULSE_ADMIN_PASSWORD); one is made and shown otherwise."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when ready.")
def command(as_json: bool, **flags: object) -> None:
    """
    Start a broker, an engine, the web process and the workers; print `ready ADDRESS` when all of them work.

    Ctrl-C stops everything in order and loses nothing.  A broker or a ClickHouse of yours is used when BOTPULSE_KAFKA or
    BOTPULSE_CLICKHOUSE name it.

    \b
    Examples:
      botpulse up
      botpulse up --home /srv/botpulse --port 9000 --no-demo
    """
    from app.local.stack import LocalStack
    from app.local.up import run
    from app.local.voice import Voice

    run(chosen(**flags), Voice(as_json=as_json), LocalStack)
