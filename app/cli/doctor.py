"""Say what is wrong on this machine and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from app.cli._settings import chosen

__all__ = ["command"]


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Folder of all state (BOTPULSE_HOME).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, home: Path | None, as_json: bool) -> None:
    """
    Check Python, Java, the broker's jars, disk, ports, and what runs: broker, topics, engine, web, stages.

    Each check is one line, ok or failed with what to do.  Exit code 1 when one failed.

    \b
    Example:
      botpulse doctor --json
    """
    from app.local.checks import examine

    findings = examine(chosen(home=home))
    healthy = all(one.ok for one in findings)
    if as_json:
        click.echo(json.dumps({"ok": healthy, "checks": [asdict(one) for one in findings]}))
    else:
        for one in findings:
            click.echo(f"{'ok    ' if one.ok else 'failed'}  {one.name:8}  {one.words}")
    if not healthy:
        context.exit(1)
