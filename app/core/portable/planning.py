"""Shape + state -> the facts that make the registry what the file says: of each bot one change, and one of all people."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from app.core.commands.bots import archive_bot, change_bot, create_bot, reporting_of, restore_bot
from app.core.commands.recounting import wanted_reporting
from app.core.portable.belongings import plan_belongings, plan_keys
from app.core.portable.draft import Draft, Shell, Unfit
from app.core.portable.people import plan_people
from app.core.portable.reading import instant
from app.core.portable.shape import Portable, PortableBot
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, State

__all__ = ["Plan", "plan_all", "plan_part"]

_FIELDS: Final = {"zone": "time_zone", "session_gap": "session_gap_s"}


class Plan(NamedTuple):
    """The facts of one change, and what was left alone and why. No facts: it is as the file says."""

    name: str
    facts: list[Fact]
    notes: list[str]


def plan_all(state: State, file: Portable, shell: Shell) -> list[Plan] | Refusal:
    """Return everything that is to be changed, in the order in which it can be; nothing, where one part is refused."""
    plans: list[Plan] = []
    for name in _parts_of(state, file, shell):
        draft = Draft(state, shell)
        plan = _plan(draft, file, name)
        if isinstance(plan, Refusal):
            return plan
        state = draft.state
        plans.append(plan)
    return plans


def _parts_of(state: State, file: Portable, shell: Shell) -> list[str]:
    """Return the names of the changes: bots by id, and `""` for what is of no bot."""
    bots = list(file.bots or {})
    if shell.prune and file.bots is not None:
        bots += [one for one in state.bots if one not in file.bots]
    return [*bots, ""]


def plan_part(state: State, file: Portable, name: str, shell: Shell) -> Plan | Refusal:
    """Return one change, asked of the state as it is when it is to be made."""
    return _plan(Draft(state, shell), file, name)


def _plan(draft: Draft, file: Portable, name: str) -> Plan | Refusal:
    try:
        if not name:
            _plan_rest(draft, file)
        elif file.bots and name in file.bots:
            _plan_bot(draft, name, file.bots[name])
        else:
            _archive(draft, name)
        draft.close(f"bots.{name}" if name else "people")
    except Unfit as error:
        return error.refusal
    return Plan(name, draft.facts, draft.notes)


def _plan_bot(draft: Draft, id: str, wanted: PortableBot) -> None:
    place = f"bots.{id}"
    if id in draft.state.bots:
        _change(draft, id, wanted, place)
    else:
        _create(draft, id, wanted, place)
    plan_belongings(draft, id, wanted, place)
    is_archived = draft.state.bots[id].archived_at is not None
    if wanted.archived and not is_archived:
        draft.do(archive_bot(draft.state, id, draft.shell.when), place)


def _create(draft: Draft, id: str, wanted: PortableBot, place: str) -> None:
    reporting = reporting_of(
        wanted.time_zone, f"{wanted.session_gap_s}s", wanted.week_start, wanted.confidence_threshold
    )
    if isinstance(reporting, Refusal):
        raise Unfit(_renamed(reporting), place)
    created_at = instant(wanted.created_at, draft.shell.when)
    bot = Bot(
        id,
        wanted.name,
        wanted.platform,
        created_at,
        reporting,
        more_platforms=tuple(wanted.more_platforms),
    )
    draft.do(_own(create_bot(draft.state, bot), wanted), place)


def _change(draft: Draft, id: str, wanted: PortableBot, place: str) -> None:
    before = draft.state.bots[id]
    cut = wanted_reporting(before)
    if before.archived_at is not None and not wanted.archived:
        draft.do(restore_bot(draft.state, id), place)
    asked = {
        "name": (wanted.name, before.name),
        "platform": (wanted.platform, before.platform),
        "more_platforms": (tuple(wanted.more_platforms), before.more_platforms),
        "zone": (wanted.time_zone, cut.zone),
        "week_start": (wanted.week_start, cut.week_start),
        "session_gap_s": (wanted.session_gap_s, cut.session_gap_s),
        "confidence_threshold": (wanted.confidence_threshold, cut.confidence_threshold),
    }
    changes = {name: new for name, (new, old) in asked.items() if new != old}
    if changes:
        draft.do(_own(change_bot(draft.state, id, changes), wanted), place)


def _own(outcome: list[Fact] | Refusal, wanted: PortableBot) -> list[Fact] | Refusal:
    """Leave out default dashboards where the file says which there are."""
    if isinstance(outcome, Refusal):
        return _renamed(outcome)
    if wanted.dashboards is None:
        return outcome
    return [fact for fact in outcome if isinstance(fact.subject, Bot)]


def _renamed(refusal: Refusal) -> Refusal:
    """Return *refusal* with the field called as it is in the file."""
    return msgspec.structs.replace(refusal, field=_FIELDS.get(refusal.field, refusal.field))


def _archive(draft: Draft, id: str) -> None:
    bot = draft.state.bots.get(id)
    if bot is not None and bot.archived_at is None:
        draft.do(archive_bot(draft.state, id, draft.shell.when), f"bots.{id}")


def _plan_rest(draft: Draft, file: Portable) -> None:
    if file.keys is not None:
        plan_keys(draft, None, file.keys, "keys")
    if file.people is not None:
        plan_people(draft, file.people)
