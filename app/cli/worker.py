"""
Run one process of a stage: normalise, track, alert or store; or of rasa, which takes events of Rasa's event broker in.

`botpulse up` starts one of each, of rasa where BOTPULSE_RASA_TOPIC is set; more processes share a stage's partitions between them.
"""

from __future__ import annotations

from pathlib import Path

import click

from app.cli._registry import here
from app.cli._settings import found

__all__ = ["command"]


@click.command()
@click.argument("stage", type=click.Choice(["normalise", "track", "alert", "store", "rasa"]))
@click.option(
    "--instance", default="1", show_default=True, help="Name of this process among those of its stage."
)
@here
def command(stage: str, instance: str, home: Path | None) -> None:
    """
    Run one process of STAGE until SIGTERM.

    It ends with exit code 70 on anything unexpected, without acknowledging what it was at; start it again and it
    goes on exactly there.

    \b
    Example:
      BOTPULSE_KAFKA=broker:9092 botpulse worker track --instance 2
    """
    from app.observe import set_up_logs
    from app.stages import run_stage

    settings = found(home=home)
    set_up_logs(settings.log_format)
    run_stage(settings, stage, instance)
