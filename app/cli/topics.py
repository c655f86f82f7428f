"""Create the topics on the broker and correct their settings."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.cli._settings import found

__all__ = ["command"]


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the running system (BOTPULSE_HOME).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(home: Path | None, as_json: bool) -> None:
    """
    Create the topics that are missing and correct the settings of those there; running it again changes nothing.

    \b
    Example:
      BOTPULSE_KAFKA=broker:9092 BOTPULSE_PARTITIONS=12 botpulse topics
    """
    from app.adapters.topics import ensure_topics, topics

    settings = found(home=home)
    created = ensure_topics(settings)
    listed = [
        {"name": one.name, "partitions": one.partitions, "config": one.config} for one in topics(settings)
    ]
    if as_json:
        click.echo(json.dumps({"created": created, "topics": listed}))
        return
    for one in topics(settings):
        click.echo(
            f"{'created' if one.name in created else 'present'}  {one.name}  {one.partitions} partitions"
        )
