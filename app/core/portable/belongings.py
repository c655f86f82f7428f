"""The part of the plan on what belongs to a bot: dashboards, alerts, keys, webhooks, installs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from app.core.commands.alerts import change_alert, create_alert, remove_alert
from app.core.commands.dashboards import change_dashboard, create_dashboard, fault_of_removal, rule_of
from app.core.commands.hook_secrets import add_hook_secret, revoke_hook_secret
from app.core.commands.instances import add_instance
from app.core.commands.kept import removal_of
from app.core.commands.keys import change_key, create_key, revoke_key
from app.core.platforms import canonical
from app.core.portable.draft import Draft, Unfit
from app.core.portable.reading import instant
from app.core.portable.shape import (
    PortableAlert,
    PortableBot,
    PortableDashboard,
    PortableHook,
    PortableInstance,
    PortableKey,
)
from app.core.refusal import Refusal
from app.core.registry import (
    Alert,
    Channel,
    Condition,
    Dashboard,
    HookSecret,
    Instance,
    Key,
)

__all__ = ["plan_belongings", "plan_keys"]


def plan_belongings(draft: Draft, bot: str, wanted: PortableBot, place: str) -> None:
    """Plan everything that the file says of *bot* besides the bot itself."""
    if wanted.dashboards is not None:
        _plan_dashboards(draft, bot, wanted.dashboards, f"{place}.dashboards")
    if wanted.alerts is not None:
        _plan_alerts(draft, bot, wanted.alerts, f"{place}.alerts")
    _be_unwatched(draft, bot, f"{place}.dashboards")
    if wanted.keys is not None:
        plan_keys(draft, bot, wanted.keys, f"{place}.keys")
    if wanted.hooks is not None:
        _plan_hooks(draft, bot, wanted.hooks, f"{place}.hooks")
    for id_, instance in (wanted.instances or {}).items():
        _plan_instance(draft, bot, id_, instance, f"{place}.instances.{id_}")


def plan_keys(draft: Draft, bot: str | None, wanted: Mapping[str, PortableKey], place: str) -> None:
    """Plan the keys of *bot*, or those for all bots."""
    when = draft.shell.when
    if draft.shell.prune:
        own = [one for one in draft.state.keys.values() if one.bot == bot and one.is_valid(when)]
        for one in own:
            if one.id not in wanted:
                draft.do(revoke_key(draft.state, one.id, when), f"{place}.{one.id}")
    for id_, key in wanted.items():
        _plan_key(draft, bot, id_, key, f"{place}.{id_}")


def _plan_key(draft: Draft, bot: str | None, id: str, wanted: PortableKey, place: str) -> None:
    before = draft.state.keys.get(id)
    expires_at = instant(wanted.expires_at, 0) or None
    if before is None:
        created_at = instant(wanted.created_at, draft.shell.when)
        key = Key(
            id,
            wanted.scope,
            wanted.sha256,
            created_at,
            bot,
            channel=wanted.channel,
            name=wanted.name,
            expires_at=expires_at,
        )
        draft.do(create_key(draft.state, key), place)
        return
    if before.revoked_at is not None:
        draft.notes.append(f"{place} is revoked and stays so")
        return
    if before.rotated_at is not None:
        draft.notes.append(f"{place} was rotated and stays so")
        return
    if (before.bot, before.scope, before.sha256, before.channel) != (
        bot,
        wanted.scope,
        wanted.sha256,
        wanted.channel,
    ):
        raise Unfit(Refusal("id_taken", "This id is that of another key; leave this one out."), place)
    draft.do(change_key(draft.state, id, wanted.name, expires_at), place)
    if draft.state.keys[id].expires_at != expires_at:
        draft.notes.append(f"{place} ends earlier than the file says and still does")


def _plan_dashboards(draft: Draft, bot: str, wanted: Mapping[str, PortableDashboard], place: str) -> None:
    if draft.shell.prune:
        for one in draft.state.dashboards_of(bot):
            if one.id not in wanted:
                draft.do(removal_of(draft.state, one, draft.shell.when), f"{place}.{one.id}")
    for id_, dashboard in wanted.items():
        _plan_dashboard(draft, bot, id_, dashboard, f"{place}.{id_}")


def _plan_dashboard(draft: Draft, bot: str, id: str, wanted: PortableDashboard, place: str) -> None:
    rule = rule_of(None, wanted.rule) if wanted.rule else None
    if isinstance(rule, Refusal):
        raise Unfit(msgspec.structs.replace(rule, field="rule"), place)
    before = draft.state.dashboards.get(id)
    if before is not None and before.bot != bot:
        raise Unfit(Refusal("id_taken", "Another bot has a dashboard of this id; take another."), place)
    if before is not None and before.removed_at is None:
        if wanted.measure != before.measure:
            message = "The measure of a dashboard cannot change; give this one another id."
            raise Unfit(Refusal("bad_measure", message, "measure"), place)
        changes = {"name": wanted.name, "rule": rule, "enabled": wanted.enabled}
        draft.do(change_dashboard(draft.state, bot, id, changes), place)
        return
    if not 1 <= wanted.counted_from <= wanted.version:
        message = f"`counted_from` is 1 to {wanted.version}, the version."
        raise Unfit(Refusal("bad_version", message, "counted_from"), place)
    # one that comes back counts anew: what was counted under its last version was counted by another rule, or has a gap
    version = before.version + 1 if before else wanted.version
    counted_from = version if before else wanted.counted_from
    dashboard = Dashboard(
        id,
        bot,
        wanted.name,
        instant(wanted.created_at, draft.shell.when),
        rule,
        wanted.measure,
        version,
        counted_from,
        wanted.default,
        wanted.enabled,
    )
    draft.do(create_dashboard(draft.state, dashboard), place)


def _plan_alerts(draft: Draft, bot: str, wanted: Mapping[str, PortableAlert], place: str) -> None:
    if draft.shell.prune:
        for one in draft.state.alerts_of(bot):
            if one.id not in wanted:
                draft.do(remove_alert(draft.state, bot, one.id, draft.shell.when), f"{place}.{one.id}")
    for id_, alert in wanted.items():
        _plan_alert(draft, bot, id_, alert, f"{place}.{id_}")


def _be_unwatched(draft: Draft, bot: str, place: str) -> None:
    """Refuse what was pruned and is still watched: only now it is known what alerts watch."""
    kept = {one.id for one in draft.state.dashboards_of(bot)}
    for one in draft.before.dashboards_of(bot):
        fault = None if one.id in kept else fault_of_removal(draft.state, one)
        if fault:
            raise Unfit(fault, f"{place}.{one.id}")


def _plan_alert(draft: Draft, bot: str, id: str, wanted: PortableAlert, place: str) -> None:
    before = draft.state.alerts.get(id)
    if before is not None and before.bot != bot:
        raise Unfit(Refusal("id_taken", "Another bot has an alert of this id; take another."), place)
    if before is not None and before.removed_at is not None:
        raise Unfit(Refusal("id_taken", "An alert of this id was removed; take another id."), place)
    alert = Alert(
        id,
        bot,
        wanted.name,
        wanted.measure,
        wanted.window_s,
        Condition(wanted.op, wanted.threshold, wanted.against),
        instant(wanted.created_at, draft.shell.when),
        wanted.for_s,
        wanted.cool_down_s,
        _channels(draft, id, wanted, before),
        wanted.enabled,
    )
    if before is None:
        draft.do(create_alert(draft.state, alert), place)
    else:
        draft.do(change_alert(draft.state, bot, id, msgspec.structs.asdict(alert)), place)


def _channels(draft: Draft, id: str, wanted: PortableAlert, before: Alert | None) -> tuple[Channel, ...]:
    """Return the channels with a secret each: the one that is there, the one in the file, or a new one."""
    kept = {one.to: one.sealed for one in before.channels if one.kind == "webhook"} if before else {}
    found: list[Channel] = []
    for one in wanted.channels:
        is_signed = one.kind == "webhook"
        sealed = (kept.get(one.to) or one.sealed or draft.shell.sealed_for(id, one.to)) if is_signed else ""
        found.append(Channel(one.kind, one.to, sealed))
    return tuple(found)


def _plan_hooks(draft: Draft, bot: str, wanted: Mapping[str, PortableHook], place: str) -> None:
    when = draft.shell.when
    if draft.shell.prune:
        own = [one for one in draft.state.hook_secrets.values() if one.bot == bot and one.revoked_at is None]
        for one in own:
            if one.id not in wanted:
                draft.do(revoke_hook_secret(draft.state, one.id, when), f"{place}.{one.id}")
    for id_, hook in wanted.items():
        before = draft.state.hook_secrets.get(id_)
        if before is None:
            secret = HookSecret(
                id_, bot, canonical(hook.platform), instant(hook.created_at, when), hook.sealed
            )
            draft.do(add_hook_secret(draft.state, secret), f"{place}.{id_}")
        elif before.bot != bot:
            raise Unfit(Refusal("id_taken", "Another bot has a secret of this id."), f"{place}.{id_}")
        elif before.revoked_at is not None:
            draft.notes.append(f"{place}.{id_} is revoked and stays so")


def _plan_instance(draft: Draft, bot: str, id: str, wanted: PortableInstance, place: str) -> None:
    """Add an install that is not there: those that are know more of themselves than a file."""
    if id in draft.state.instances:
        return
    created_at = instant(wanted.created_at, draft.shell.when)
    instance = Instance(
        id,
        bot,
        wanted.platform,
        wanted.token_sha256,
        created_at,
        instant(wanted.installed_at, created_at),
        wanted.state,
        wanted.uid,
        wanted.attributes,
        wanted.sealed,
    )
    draft.do(add_instance(draft.state, instance), place)
