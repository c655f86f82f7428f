"""
Measure how fast botpulse is on this machine, as tables with machine, versions and ratios.

Each part starts what it needs (a broker, an engine, processes) on a home of its own and removes it again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from app.errors import BotpulseError

__all__ = ["PARTS", "command"]

PARTS = ("ingest", "normalise", "registry", "rules", "shard", "stream", "store")

_SOURCE = Path(__file__).parents[2]


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--json", "is_json", is_flag=True, help="Answer in JSON, one document a part.")
def command(parts: tuple[str, ...], is_json: bool) -> None:
    """
    Measure PARTS, or all of them: ingest, normalise, registry, rules, shard, stream, store.

    \b
    Examples:
      botpulse bench
      botpulse bench stream --json
    """
    if not (_SOURCE / "benchmarks").is_dir():
        raise BotpulseError(
            "the benchmarks are part of the source tree: run this in a clone, by `make bench`"
        )
    options = ["--json"] if is_json else []
    for part in parts or PARTS:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{part}", *options], cwd=_SOURCE, check=False
        )
        if done.returncode:
            raise BotpulseError(f"the benchmark {part} failed; what it printed says why")
