"""State -> file: the same state is the same file, and what is added stands after what was there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from app.core.alerts.watching import dashboard_watched
from app.core.commands.recounting import wanted_reporting
from app.core.portable.shape import (
    FORMAT,
    Portable,
    PortableAlert,
    PortableBot,
    PortableChannel,
    PortableDashboard,
    PortableHook,
    PortableInstance,
    PortableKey,
    PortablePerson,
)
from app.core.registry import Alert, Bot, Dashboard, HookSecret, Instance, Key, Person, State
from app.core.rules.writing import write_rule
from app.core.times import iso

__all__ = ["Extent", "portable_of"]

S = TypeVar("S", Alert, Bot, Dashboard, HookSecret, Instance, Key)


class Extent(NamedTuple):
    """How much goes into the file: `secrets` are sealed ones and the hashes of passwords; keys are those valid at `when`."""

    secrets: bool = False
    instances: bool = False
    when: int = 0


_PLAIN: Final = Extent()


def portable_of(state: State, extent: Extent = _PLAIN) -> Portable:
    """Return the file of *state*."""
    return Portable(
        botpulse=FORMAT,
        bots={one.id: _bot(state, one, extent) for one in _by_age(state.bots.values())},
        keys=_keys(state, None, extent),
        people={
            one.email: _person(one, extent)
            for one in sorted(state.people.values(), key=lambda one: (one.created_at, one.email))
        },
    )


def _bot(state: State, bot: Bot, extent: Extent) -> PortableBot:
    reporting = wanted_reporting(bot)
    dashboards = {one.id: _dashboard(one) for one in state.dashboards_of(bot.id)}
    found = PortableBot(
        bot.name,
        bot.platform,
        list(bot.more_platforms),
        reporting.zone,
        reporting.week_start,
        reporting.session_gap_s,
        reporting.confidence_threshold,
        bot.archived_at is not None,
        iso(bot.created_at),
        dashboards,
        {
            one.id: _alert(one, extent)
            for one in state.alerts_of(bot.id)
            if dashboard_watched(one.measure) in ("", *dashboards)
        },
        _keys(state, bot.id, extent),
    )
    if extent.secrets:
        hooks = [one for one in state.hook_secrets.values() if one.bot == bot.id and one.revoked_at is None]
        found.hooks = {
            one.id: PortableHook(one.platform, one.sealed, iso(one.created_at)) for one in _by_age(hooks)
        }
    if extent.instances:
        own = [one for one in state.instances.values() if one.bot == bot.id]
        found.instances = {one.id: _instance(one, extent) for one in _by_age(own)}
    return found


def _dashboard(one: Dashboard) -> PortableDashboard:
    return PortableDashboard(
        one.name,
        write_rule(one.rule) if one.rule else "",
        one.measure,
        one.enabled,
        one.default,
        one.version,
        one.counted_from,
        iso(one.created_at),
    )


def _alert(one: Alert, extent: Extent) -> PortableAlert:
    return PortableAlert(
        one.name,
        one.measure,
        one.condition.op,
        one.condition.threshold,
        one.condition.against,
        one.window_s,
        one.for_s,
        one.cool_down_s,
        [PortableChannel(to.kind, to.to, to.sealed if extent.secrets else "") for to in one.channels],
        one.enabled,
        iso(one.created_at),
    )


def _keys(state: State, bot: str | None, extent: Extent) -> dict[str, PortableKey]:
    own = [one for one in state.keys.values() if one.bot == bot and one.is_valid(extent.when)]
    return {
        one.id: PortableKey(
            one.scope, one.sha256, one.channel, one.name, iso(one.expires_at) or "", iso(one.created_at)
        )
        for one in _by_age(own)
    }


def _instance(one: Instance, extent: Extent) -> PortableInstance:
    return PortableInstance(
        one.platform,
        one.token_sha256,
        one.state,
        one.uid,
        dict(sorted(one.attributes.items())),
        one.sealed if extent.secrets else "",
        iso(one.installed_at),
        iso(one.created_at),
    )


def _person(one: Person, extent: Extent) -> PortablePerson:
    return PortablePerson(
        one.id,
        one.name,
        one.admin,
        one.zone,
        dict(sorted(one.roles.items())),
        one.disabled_at is not None,
        one.password if extent.secrets else "",
        one.passed_on and extent.secrets,
        iso(one.created_at),
    )


def _by_age(subjects: Iterable[S]) -> list[S]:
    return sorted(subjects, key=lambda one: (one.created_at, one.id))
