"""The registry as a file: what goes out comes in again, and what is wrong is said with its place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given

from app.core.events import Reporting
from app.core.portable import (
    Extent,
    Misplaced,
    Plan,
    Portable,
    Shell,
    addresses_in,
    plain_of,
    plan_all,
    plan_part,
    portable_of,
    read_portable,
    sealed_in,
)
from app.core.portable.shape import PortableDashboard, PortableHook, PortablePerson
from app.core.refusal import Refusal
from app.core.registry import (
    Alert,
    Bot,
    Channel,
    Condition,
    Dashboard,
    HookSecret,
    Instance,
    Key,
    Person,
    State,
    Subject,
    fold_all,
    record_of,
)
from app.core.registry.changes import Change
from app.core.rules.language import Rule
from app.core.rules.reading import check_rule
from tests.core.rules.strategies import rules
from tests.facts import told

NOW_MS = 1_700_000_000_000
PAST_MS = NOW_MS - 86_400_000
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$" + "aGFz" * 11
ALL = Extent(secrets=True, instances=True)
RULE = Rule(all=(Rule(field="direction", value="in"), Rule(field="text", op="matches", value="refund|money")))
SHELL = Shell(NOW_MS, lambda email: f"p-{email.partition('@')[0]}", lambda alert, to: f"sealed {alert} {to}")
PRUNING = SHELL._replace(prune=True)


def some() -> list[Subject]:
    """Return one of everything that a file can hold, and what it leaves out."""
    channels = (
        Channel("webhook", "https://example.org/hook", "sealed 1"),
        Channel("email", "ops@example.org"),
    )
    return [
        Bot("pizza", "Pizza \N{SLICE OF PIZZA}", "facebook", PAST_MS, Reporting("Europe/Rome", "sunday", 1800, 0.4), more_platforms=("slack",)),
        Bot("old", "no", "generic", PAST_MS, archived_at=NOW_MS),
        Instance("123", "pizza", "slack", "c" * 64, PAST_MS, PAST_MS, "enabled", "U1", {"team_id": "T1"}, "sealed 2"),
        Key("k1", "ingest", "a" * 64, PAST_MS, "pizza", name="shop", expires_at=NOW_MS + 1000),
        Key("k2", "admin", "b" * 64, PAST_MS),
        Key("k3", "read", "d" * 64, PAST_MS, "pizza", revoked_at=NOW_MS),
        HookSecret("h1", "pizza", "slack", PAST_MS, "sealed 3"),
        HookSecret("h2", "pizza", "slack", PAST_MS, revoked_at=NOW_MS),
        Dashboard("d1", "pizza", "Refunds", PAST_MS, RULE, version=3, counted_from=2),
        Dashboard("d2", "pizza", "New users", PAST_MS, measure="new_users", default="new-users"),
        Dashboard("d3", "pizza", "Gone", PAST_MS, RULE, removed_at=NOW_MS, enabled=False),
        Alert("a1", "pizza", "Many", "dashboard:d1", 600, Condition("rises_by", 50, "week"), PAST_MS, 60, 120, channels, False),
        Person("p1", "anna@example.org", HASH, PAST_MS, admin=True, zone="Europe/Rome"),
        Person("p2", "Bo@example.org", "", PAST_MS, name="Bo", roles={"pizza": "editor", "old": "viewer"}, disabled_at=NOW_MS),
    ]  # fmt: skip


def carried_out(state: State, file: Portable, shell: Shell = SHELL) -> tuple[State, list[Plan]]:
    """Return the state after everything that is planned, each plan one change."""
    plans = plan_all(state, file, shell)
    assert not isinstance(plans, Refusal), plans
    for number, name in enumerate(plan.name for plan in plans):
        plan = plan_part(state, file, name, shell)
        assert isinstance(plan, Plan)
        change = Change(f"c{number}", NOW_MS, "test", tuple(plan.facts))
        folded = fold_all(state, [record_of(change)])
        assert {change.id: None} == folded.verdicts
        state = folded.state
    return state, plans


def facts_of(plans: list[Plan]) -> list[tuple[str, str]]:
    """Return what would be changed."""
    return [(fact.type, fact.subject.id) for plan in plans for fact in plan.facts]


def edited(file: Portable, **sections: Any) -> Portable:
    """Return *file* with other sections in the bot `pizza`."""
    assert file.bots is not None
    bot = msgspec.structs.replace(file.bots["pizza"], **sections)
    return msgspec.structs.replace(file, bots=file.bots | {"pizza": bot})


@pytest.mark.parametrize("extent", [Extent(), ALL], ids=["plain", "everything"])
def test_an_empty_registry_becomes_the_same(extent: Extent) -> None:
    """Export, import into an empty registry, export: the same file."""
    file = portable_of(told(*some()), extent)
    state, _ = carried_out(State(), read_again(file))

    assert file == portable_of(state, extent)


def read_again(file: Portable) -> Portable:
    """Return *file* after a way through plain data."""
    found = read_portable(plain_of(file))
    assert isinstance(found, Portable), found
    return found


def test_everything_comes_back() -> None:
    """With secrets and installs what is in use is the same again, to the field."""
    before = told(*some())
    after, _ = carried_out(State(), read_again(portable_of(before, ALL)))

    for table in ("bots", "instances", "people"):
        for name, one in getattr(before, table).items():
            ignored = {"epoch": 0, "archived_at": 0, "disabled_at": 0}
            assert replaced(one, ignored) == replaced(getattr(after, table)[name], ignored)
    assert {"k1", "k2"} == set(after.keys)
    assert before.dashboards["d1"] == after.dashboards["d1"]
    assert before.alerts == after.alerts
    assert before.hook_secrets["h1"] == after.hook_secrets["h1"]


def replaced(one: Any, ignored: dict[str, Any]) -> Any:
    """Return *one* without what a way through a file does not keep."""
    known = {field: value for field, value in ignored.items() if hasattr(one, field)}
    return msgspec.structs.replace(one, **known)


@pytest.mark.parametrize("shell", [SHELL, PRUNING], ids=["plain", "pruning"])
@pytest.mark.parametrize("extent", [Extent(), ALL], ids=["plain", "everything"])
def test_again_changes_nothing(extent: Extent, shell: Shell) -> None:
    """A registry that is as the file says stays untouched."""
    state = told(*some())

    assert [] == facts_of(carried_out(state, portable_of(state, extent), shell)[1])


def test_nothing_secret_goes_out_unasked() -> None:
    """Neither sealed texts nor hashes of passwords."""
    plain, whole = (str(portable_of(told(*some()), extent)) for extent in (Extent(), ALL))

    assert (False, False) == ("sealed 1" in plain, "argon2" in plain)
    assert (True, True) == ("sealed 3" in whole, "argon2" in whole)


def test_a_changed_rule_is_a_new_version() -> None:
    """What the file says of versions counts only for a dashboard that is new."""
    state = told(*some())
    file = portable_of(state)
    assert file.bots
    assert file.bots["pizza"].dashboards
    changed = msgspec.structs.replace(file.bots["pizza"].dashboards["d1"], rule="direction = out", version=1)
    after, plans = carried_out(state, edited(file, dashboards={"d1": changed}))

    assert [("dashboard_changed", "d1")] == facts_of(plans)
    assert (4, 2) == (after.dashboards["d1"].version, after.dashboards["d1"].counted_from)


def test_what_is_left_out_is_left_alone() -> None:
    """A section that is not there, and without pruning also what a section does not name."""
    state = told(*some())
    file = edited(portable_of(state), dashboards={}, alerts=None, keys={})

    assert [] == facts_of(carried_out(state, file)[1])


def test_pruning() -> None:
    """Removes what sections do not name: dashboards, alerts, keys, people and their roles; bots are archived."""
    state = told(*some(), Bot("more", "More", "generic", NOW_MS), Person("p3", "c@example.org", "", NOW_MS))
    file = portable_of(told(*some()))
    file.people = {"anna@example.org": file.people["anna@example.org"]} if file.people else None
    after, plans = carried_out(state, edited(file, dashboards={}, alerts={}, keys={}), PRUNING)

    assert {
        ("dashboard_removed", "d1"), ("dashboard_removed", "d2"), ("alert_removed", "a1"), ("key_revoked", "k1"),
        ("bot_archived", "more"), ("person_removed", "p2"), ("person_removed", "p3"),
    } == set(facts_of(plans))  # fmt: skip
    assert {"h1"} == {one.id for one in after.hook_secrets.values() if one.revoked_at is None}


@pytest.mark.parametrize(
    ("measure", "code"), [("dashboard:d1", "watched"), ("dashboard:d2x", ""), ("events", "")]
)
def test_a_dashboard_goes_with_what_watches_it(measure: str, code: str) -> None:
    """It is pruned where the file lets its alert watch something else, also a dashboard that is new, and not else."""
    state = told(*some())
    file = portable_of(state)
    assert file.bots
    assert file.bots["pizza"].alerts
    alert = msgspec.structs.replace(file.bots["pizza"].alerts["a1"], measure=measure)
    dashboards = {"d2x": PortableDashboard("Another", "direction = in")}
    plans = plan_all(state, edited(file, dashboards=dashboards, alerts={"a1": alert}), PRUNING)
    left = plan_all(state, edited(file, dashboards=dashboards, alerts=None), PRUNING)

    assert code == (plans.code if isinstance(plans, Refusal) else "")
    assert isinstance(left, Refusal)
    assert ("watched", "bots.pizza.dashboards.d1") == (left.code, left.field)


def test_an_alert_that_watches_nothing_is_left_out() -> None:
    """Made in the moment in which its dashboard was removed, it is in no file, which can be imported anywhere."""
    lost = Alert("a2", "pizza", "Lost", "dashboard_users:d3", 600, Condition("above", 5), PAST_MS)
    state = told(*some(), lost)
    file = portable_of(state, ALL)

    assert file == portable_of(told(*some()), ALL)
    assert [] == facts_of(carried_out(state, file)[1])
    assert [("alert_removed", "a2")] == facts_of(carried_out(state, file, PRUNING)[1])


@given(rule=rules())
def test_any_rule_again_changes_nothing(rule: Rule) -> None:
    """However a rule was written, with shells or without, the file does not make it another."""
    assume(check_rule(rule) is None)
    state = told(*some()[:1], Dashboard("d1", "pizza", "Refunds", PAST_MS, rule))

    assert [] == facts_of(carried_out(state, read_again(portable_of(state)))[1])


def test_the_last_administrator_stays() -> None:
    """A file of other people cannot lock everybody out."""
    file = Portable(1, people={})
    outcome = plan_all(told(*some()), file, PRUNING)

    assert isinstance(outcome, Refusal)
    assert "last_admin" == outcome.code


def test_a_revoked_key_stays_revoked() -> None:
    """A file from before does not open what was closed."""
    state = told(*some())
    file = edited(portable_of(state), keys={"k3": portable_key()})
    after, plans = carried_out(state, file)

    assert [["bots.pizza.keys.k3 is revoked and stays so"]] == [plan.notes for plan in plans if plan.notes]
    assert after.keys["k3"].revoked_at is not None


def test_a_rotated_key_is_not_opened_again() -> None:
    """A file from before the rotation, and one that was edited, neither prolong it nor make it last for ever."""
    key = Key("k4", "read", "e" * 64, PAST_MS, "pizza", expires_at=NOW_MS + 1000)
    file = portable_of(told(*some(), msgspec.structs.replace(key, expires_at=None)))
    rotated = told(*some(), msgspec.structs.replace(key, expires_at=NOW_MS - 1, rotated_at=NOW_MS - 1))
    ending = told(*some(), key)

    assert rotated.keys["k4"] == carried_out(rotated, file)[0].keys["k4"]
    assert NOW_MS + 1000 == carried_out(ending, file)[0].keys["k4"].expires_at
    assert [["bots.pizza.keys.k4 was rotated and stays so"]] == notes_of(carried_out(rotated, file)[1])
    assert [["bots.pizza.keys.k4 ends earlier than the file says and still does"]] == notes_of(carried_out(ending, file)[1])  # fmt: skip


def notes_of(plans: list[Plan]) -> list[list[str]]:
    """Return what was left alone."""
    return [plan.notes for plan in plans if plan.notes]


def test_what_opens_nothing_is_not_exported() -> None:
    """A key that has expired is not in the file, and not pruned for it."""
    state = told(*some())
    file = portable_of(state, Extent(when=NOW_MS + 1000))
    later = PRUNING._replace(when=NOW_MS + 1000)

    assert file.bots
    assert {} == file.bots["pizza"].keys
    assert [] == facts_of(carried_out(state, file, later)[1])


@pytest.mark.parametrize("name", ["x\ny", "\x1b[31mred", "x" * 201])
def test_a_key_is_not_renamed_to_nonsense(name: str) -> None:
    """What a command refuses a file is refused, too."""
    state = told(*some())
    file = portable_of(state)
    assert file.bots
    assert file.bots["pizza"].keys
    key = msgspec.structs.replace(file.bots["pizza"].keys["k1"], name=name)
    outcome = plan_all(state, edited(file, keys={"k1": key}), SHELL)

    assert isinstance(outcome, Refusal)
    assert ("bad_name", "bots.pizza.keys.k1.name") == (outcome.code, outcome.field)


def refunds(**others: str) -> dict[str, Any]:
    """Return dashboards by id, each with a name."""
    return {id_: PortableDashboard(name, "direction = in") for id_, name in others.items()}


@pytest.mark.parametrize(
    ("shell", "wanted"),
    [
        pytest.param(SHELL, {"d1": "New users", "d4": "Refunds"}, id="swapped"),
        pytest.param(SHELL, {"d4": "New users", "d1": "Refunds"}, id="swapped the other way"),
        pytest.param(PRUNING, {"d9": "Refunds"}, id="under another id"),
    ],
)
def test_names_change_hands(shell: Shell, wanted: dict[str, str]) -> None:
    """What somebody gives up in the same change another may take, in any order, and nobody else after."""
    swapped = Dashboard("d4", "pizza", "new USERS", PAST_MS, RULE)
    state = told(*[one for one in some() if getattr(one, "id", "") not in ("d2", "a1")], swapped)
    after, _ = carried_out(state, edited(portable_of(state), dashboards=refunds(**wanted)), shell)
    name = {one.name: one.id for one in after.dashboards_of("pizza")}
    again = plan_all(after, edited(portable_of(after), dashboards=refunds(d8="Refunds")), SHELL)

    assert {name: id_ for id_, name in wanted.items()} == name
    assert isinstance(again, Refusal)
    assert "name_taken" == again.code


@pytest.mark.parametrize("is_first", [True, False])
def test_administration_is_handed_over(*, is_first: bool) -> None:
    """One file may take it from one and give it to another, whoever stands first."""
    new = {"bo@example.org": PortablePerson(admin=True, password=HASH)}
    old = {"anna@example.org": PortablePerson(admin=False)}
    after, _ = carried_out(told(*some()), Portable(1, people=new | old if is_first else old | new))

    assert {"bo@example.org"} == {one.email.lower() for one in after.people.values() if one.admin}


def test_everything_sealed_is_found() -> None:
    """Secrets of webhooks, of alerts and of installs, with their places, for whoever has the seal."""
    assert {
        ("bots.pizza.hooks.h1.sealed", "sealed 3"),
        ("bots.pizza.instances.123.sealed", "sealed 2"),
        ("bots.pizza.alerts.a1.channels[0].sealed", "sealed 1"),
    } == set(sealed_in(portable_of(told(*some()), ALL)))


def test_addresses_are_found() -> None:
    """Those of alerts, with their places."""
    found = list(addresses_in(portable_of(told(*some()))))

    assert [("bots.pizza.alerts.a1.channels[1].to", "ops@example.org")] == found


def test_a_hook_has_the_platforms_own_name() -> None:
    """Requests are looked up by it."""
    file = portable_of(told(*some()))
    after, _ = carried_out(State(), edited(file, hooks={"h9": PortableHook("Messenger", "sealed")}))

    assert {("pizza", "facebook"): ("sealed",)} == after.sealed_by_hook


def portable_key() -> Any:
    """Return what a file says of the key that is revoked."""
    found = portable_of(told(*some()[:1], Key("k3", "read", "d" * 64, PAST_MS, "pizza"))).bots
    assert found
    assert found["pizza"].keys
    return found["pizza"].keys["k3"]


def test_webhooks_get_secrets() -> None:
    """A new webhook gets one, and one that is there keeps its own whatever the file leaves out."""
    fresh, _ = carried_out(State(), portable_of(told(*some())))
    state = told(*some())
    same, _ = carried_out(state, portable_of(state))

    assert "sealed a1 https://example.org/hook" == fresh.alerts["a1"].channels[0].sealed
    assert "sealed 1" == same.alerts["a1"].channels[0].sealed
    assert "" == fresh.alerts["a1"].channels[1].sealed


def test_people_are_known_by_e_mail() -> None:
    """Somebody with this e-mail under another id is the same."""
    state = told(Person("p7", "ANNA@example.org", "hash", NOW_MS, admin=True))
    after, plans = carried_out(
        state, Portable(1, people=portable_of(told(*some())).people and {"anna@example.org": person()})
    )

    assert ["p7"] == list(after.people)
    assert [("person_changed", "p7")] == facts_of(plans)


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new"])
def test_a_password_that_was_passed_on_gives_no_more_power(is_known: bool) -> None:
    """Who is made administrator in the file needs a new one, as whoever was shown the link may know this one."""
    anna, bo = (
        Person(id_, f"{id_}@example.org", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", NOW_MS)
        for id_ in ("p1", "p2")
    )
    state = told(msgspec.structs.replace(anna, admin=True), msgspec.structs.replace(bo, passed_on=True))
    people = portable_of(state, Extent(secrets=True)).people
    assert people
    file = Portable(1, people=people | {bo.email: msgspec.structs.replace(people[bo.email], admin=True)})
    after, _ = carried_out(state if is_known else State(), file)
    found = {one.email: one for one in after.people.values()}

    assert (True, "") == (found[bo.email].admin, found[bo.email].password)
    assert anna.password == found[anna.email].password


def person() -> Any:
    """Return the administrator of the file."""
    people = portable_of(told(*some())).people
    assert people
    return people["anna@example.org"]


def test_a_bot_by_hand() -> None:
    """A name is enough; a bot without a word on dashboards gets those of its platforms."""
    file = read_portable({"botpulse": 1, "bots": {"pizza": {"name": "Pizza"}}})
    assert isinstance(file, Portable)
    state, _ = carried_out(State(), file)

    assert ("Pizza", NOW_MS) == (state.bots["pizza"].name, state.bots["pizza"].created_at)
    assert state.dashboards_of("pizza")


BOT = {"name": "Pizza"}
WRONG: list[tuple[str, str, Any]] = [
    ("bots.pizza", "there is no field `nmae`", {"bots": {"pizza": BOT | {"nmae": "x"}}}),
    ("bots.pizza.name", "expected `str`, got `bool`", {"bots": {"pizza": {"name": True}}}),
    ("bots.Pizza", "an id is 1 to 64", {"bots": {"Pizza": BOT}}),
    ("bots.7", "put it into quotes", {"bots": {7: BOT}}),
    ("bots.pizza.created_at", "is no time", {"bots": {"pizza": BOT | {"created_at": "yesterday"}}}),
    ("bots.pizza.dashboards.d1", "there is no field `ruel`", {"bots": {"pizza": BOT | {"dashboards": {"d1": {"name": "x", "ruel": ""}}}}}),
    ("bots.pizza.alerts.a1.channels[0]", "there is no field `secret`", {"bots": {"pizza": BOT | {"alerts": {"a1": {"name": "x", "measure": "events", "op": "above", "threshold": 1, "channels": [{"kind": "email", "to": "x", "secret": "s"}]}}}}}),
    ("bots.pizza.keys.k1.sha256", "matching regex", {"bots": {"pizza": BOT | {"keys": {"k1": {"scope": "read", "sha256": "x"}}}}}),
    ("people.anna", "under their e-mail", {"people": {"anna": {}}}),
    ("people.a@b.id", "an id is 1 to 64", {"people": {"a@b": {"id": "P 1"}}}),
    ("people.a@b.password", "no argon2id hash", {"people": {"a@b": {"password": "hunter2-in-clear"}}}),
    ("people.a@b.password", "no argon2id hash", {"people": {"a@b": {"password": "$argon2id$v=19$m=1,t=1,p=1$hunter2-in-clear"}}}),
    ("botpulse", "invalid enum value 2", {"botpulse": 2}),
    ("", "there is no field `robots`", {"robots": {}}),
    ("", "expected `object`, got `array`", []),
]  # fmt: skip


@pytest.mark.parametrize(("place", "words", "data"), WRONG, ids=[f"{one[0]} {one[1]}" for one in WRONG])
def test_what_is_wrong_has_a_place(place: str, words: str, data: Any) -> None:
    """Unknown fields, wrong types and bad values are refused with where they stand."""
    found = read_portable({"botpulse": 1} | data if isinstance(data, dict) else data)

    assert isinstance(found, Misplaced)
    assert place == found.place
    assert words in found.message


REFUSED: list[tuple[str, str, Any]] = [
    ("bad_rule", "bots.pizza.dashboards.d9.rule", {"dashboards": {"d9": {"name": "x", "rule": "nonsense"}}}),
    ("name_taken", "bots.pizza.dashboards.d9.name", {"dashboards": {"d9": {"name": "Refunds", "rule": "direction = in"}}}),
    ("bad_version", "bots.pizza.dashboards.d9.counted_from", {"dashboards": {"d9": {"name": "x", "rule": "direction = in", "counted_from": 2}}}),
    ("bad_measure", "bots.pizza.alerts.a9.measure", {"alerts": {"a9": {"name": "x", "measure": "dashboard:d9", "op": "above", "threshold": 1}}}),
    ("id_taken", "bots.pizza.keys.k2", {"keys": {"k2": {"scope": "admin", "sha256": "b" * 64}}}),
    ("key_taken", "bots.pizza.keys.k9", {"keys": {"k9": {"scope": "read", "sha256": "b" * 64}}}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "field", "section"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_is_refused_has_a_place(code: str, field: str, section: dict[str, Any]) -> None:
    """A command that refuses part of the file is told with where it stands, and nothing is planned."""
    state = told(*some())
    bots = plain_of(portable_of(state))["bots"]
    file = read_portable({"botpulse": 1, "bots": {"pizza": bots["pizza"] | section}})
    assert isinstance(file, Portable), file
    outcome = plan_all(state, file, SHELL)

    assert isinstance(outcome, Refusal)
    assert (code, field) == (outcome.code, outcome.field)


def test_a_zone_that_is_none_has_a_place() -> None:
    """Called as in the file."""
    file = read_portable({"botpulse": 1, "bots": {"pizza": BOT | {"time_zone": "Mars/Base"}}})
    assert isinstance(file, Portable)
    outcome = plan_all(State(), file, SHELL)

    assert isinstance(outcome, Refusal)
    assert ("bad_zone", "bots.pizza.time_zone") == (outcome.code, outcome.field)
