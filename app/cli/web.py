"""
Run the web process: ingest, sign-in, the read API and pages.

`botpulse up` starts it with everything else; alone it needs a broker that has its topics.
"""

from __future__ import annotations

from pathlib import Path

import click

from app.cli._registry import here
from app.cli._settings import found
from app.web.server import run

__all__ = ["command"]


@click.command()
@click.option("--host", help="Address to listen on (BOTPULSE_HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for a free one (BOTPULSE_PORT)."
)
@here
def command(host: str | None, port: int | None, home: Path | None) -> None:
    """
    Run the web process: ingest, sign-in, the read API and pages.

    \b
    Example:
      BOTPULSE_KAFKA=broker:9092 botpulse web --port 8080
    """
    run(found(host=host, port=port, home=home))
