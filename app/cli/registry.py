"""The whole registry as one file: for backup, and for configuration under version control."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import click

from app.adapters.config_file import parse_config, written_config
from app.adapters.emails import email_address
from app.adapters.ids import new_id
from app.adapters.registry import KafkaRegistry
from app.adapters.seal import present_seal
from app.adapters.webhooks_out import new_secret
from app.cli._registry import as_json, because, here, now_ms, refused_or, say, settings_at, state_at, who
from app.core.portable import (
    Extent,
    Misplaced,
    Plan,
    Portable,
    Shell,
    addresses_in,
    plan_all,
    plan_part,
    portable_of,
    sealed_in,
)
from app.core.refusal import Refusal
from app.core.registry import Fact, State, kind_of
from app.errors import BotpulseError
from app.ports import Refused, Seal

__all__ = ["command"]

_MODE = 0o600
"""Addresses are in it that may be all that opens a webhook."""

_ENDS = {
    "all": "made",
    "nothing": "would be made; nothing was",
    "part": "made before it ended; import the file again for the rest",
}
_NO_CHANGES = dict.fromkeys(_ENDS, "everything is as the file says") | {"part": "nothing was changed"}


@click.group()
def command() -> None:
    """
    The whole registry as one file: for backup, and for configuration under version control.

    \b
    Examples:
      botpulse registry export botpulse.yaml
      botpulse registry import botpulse.yaml --dry-run
    """


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--with-secrets", is_flag=True, help="Also sealed secrets and hashes of passwords: keep the file safe."
)
@click.option("--with-instances", is_flag=True, help="Also where bots are installed.")
@here
@as_json
def export(file: Path, with_secrets: bool, with_instances: bool, home: Path | None, is_json: bool) -> None:
    """Write what there is to FILE (`-` for stdout), which only you may read. The same registry is the same file."""
    if not file.parent.is_dir():
        raise BotpulseError(f"There is no folder {file.parent}; make it, or name another file.", "no_folder")
    portable = portable_of(state_at(home), Extent(with_secrets, with_instances, now_ms()))
    text = written_config(portable)
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    file.touch(mode=_MODE)
    if file.is_file():  # not /dev/stdout
        file.chmod(_MODE)
    file.write_text(text, encoding="utf-8")
    counts = {"bots": len(portable.bots or {}), "people": len(portable.people or {})}
    lines = [f"{counts['bots']} bots and {counts['people']} people written to {file}"]
    say({"file": str(file), **counts}, is_json, lines)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option(
    "--prune",
    is_flag=True,
    help="Also remove what the file does not name: dashboards, alerts, keys, people; bots are archived.",
)
@because
@here
@as_json
def import_(file: Path, dry_run: bool, prune: bool, why: str, home: Path | None, is_json: bool) -> None:
    """
    Make the registry what FILE (`-` for stdin) says.

    Each bot is one change, all of it or nothing.  Doing it again changes nothing.  Where it ends halfway, what was made by
    then is told, with its secrets.
    """
    outcome = parse_config(_read(file))
    if isinstance(outcome, Misplaced):
        raise BotpulseError(f"{outcome.place}: {outcome.message}", "bad_file")
    settings = settings_at(home)
    fresh = _Fresh(lambda: present_seal(settings))
    _look_at(outcome, fresh)
    shell = Shell(now_ms(), fresh.new_id, fresh.sealed_for, prune)
    plans = refused_or(plan_all(state_at(home), outcome, shell))
    if dry_run:
        _tell(plans, {}, is_json, "nothing")
        return
    made = list[Plan]()
    try:
        asyncio.run(_apply(settings.kafka, outcome, plans, shell, why, made))
    except BaseException:
        _tell(made, fresh.made_in(made), is_json, "part")
        raise
    _tell(made, fresh.made_in(made), is_json, "all")


class _Fresh:
    """Ids and secrets that are made once for each that needs one, however often it is planned."""

    def __init__(self, find_seal: Callable[[], Seal]) -> None:
        self.seal = cache(find_seal)
        self._made: dict[str, dict[str, str]] = {}
        self._ids: dict[str, str] = {}
        self._sealed: dict[tuple[str, str], str] = {}

    def new_id(self, person: str) -> str:
        return self._ids.setdefault(person, new_id("p"))

    def sealed_for(self, alert: str, to: str) -> str:
        if (alert, to) not in self._sealed:
            secret = new_secret()
            self._made.setdefault(alert, {})[to] = secret
            self._sealed[alert, to] = self.seal().seal(secret)
        return self._sealed[alert, to]

    def made_in(self, plans: list[Plan]) -> dict[str, dict[str, str]]:
        """Return the secrets of alerts that *plans* are about."""
        about = {fact.subject.id for plan in plans for fact in plan.facts}
        return {alert: made for alert, made in self._made.items() if alert in about}


def _look_at(file: Portable, fresh: _Fresh) -> None:
    """Refuse what only the outside can judge: what was not sealed by our key, and addresses that are none."""
    for place, sealed in sealed_in(file):
        try:
            fresh.seal().unseal(sealed)
        except BotpulseError as error:
            raise BotpulseError(f"{place}: {error.message}", error.code) from error
    for place, address in addresses_in(file):
        found = email_address(address)
        if isinstance(found, Refusal):
            raise BotpulseError(f"{place}: {found.message}", "bad_address")


async def _apply(
    bootstrap: str, file: Portable, plans: list[Plan], shell: Shell, why: str, made: list[Plan]
) -> None:
    """Carry out *plans*; those that were are put into *made*, and one of which nobody knows, as it may have been."""
    registry = KafkaRegistry(bootstrap)
    await registry.start()
    try:
        for plan in plans:
            if not plan.facts:
                made.append(plan)
                continue
            deciding = _Deciding(file, plan, shell)
            try:
                await registry.change(deciding, who(), why)
            except Refused:
                raise
            except BaseException:
                made += deciding.plans[-1:]
                raise
            made += deciding.plans[-1:]
    finally:
        await registry.stop()


class _Deciding:
    """Decides one part by the state as it is then, and keeps what was decided."""

    def __init__(self, file: Portable, plan: Plan, shell: Shell) -> None:
        self.plans: list[Plan] = []
        self._file, self._name, self._shell = file, plan.name, shell

    def __call__(self, state: State) -> list[Fact] | Refusal:
        plan = plan_part(state, self._file, self._name, self._shell)
        if isinstance(plan, Refusal):
            return plan
        self.plans.append(plan)
        return plan.facts


def _tell(
    plans: list[Plan],
    made: dict[str, dict[str, str]],
    is_json: bool,
    applied: Literal["all", "part", "nothing"],
) -> None:
    changes = [_change(plan.name, fact) for plan in plans for fact in plan.facts]
    notes = [note for plan in plans for note in plan.notes]
    lines = [
        " ".join(filter(None, (one["what"], one["id"], one["name"] and f"({one['name']})")))
        for one in changes
    ]
    lines += [f"left alone: {note}" for note in notes]
    lines += [
        f"secret of alert {alert}, {to}  {secret}  (shown only now)"
        for alert, of_alert in made.items()
        for to, secret in of_alert.items()
    ]
    summary = f"{len(changes)} changes {_ENDS[applied]}" if changes else _NO_CHANGES[applied]
    answer = {"changes": changes, "left_alone": notes, "secrets": made, "applied": applied}
    say(answer, is_json, [*lines, summary])


def _change(bot: str, fact: Fact) -> dict[str, str]:
    subject = fact.subject
    name = getattr(subject, "name", "") or getattr(subject, "email", "")
    return {"bot": bot, "what": fact.type, "kind": kind_of(subject), "id": subject.id, "name": name}


def _read(file: Path) -> str:
    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BotpulseError(f"{file} is not UTF-8 text", "bad_file") from error
