"""
Writers who race for the registry: each decides by what it has read of the log so far, writes, reads on and learns.

`PLAYS` are commands that get in each other's way; `play` lets three writers give them, `is_sound` says what must always hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from app.core.commands.bots import archive_bot, change_bot, create_bot
from app.core.commands.dashboards import change_dashboard, create_dashboard, remove_dashboard
from app.core.commands.hook_secrets import add_hook_secret, revoke_hook_secret
from app.core.commands.instances import add_instance
from app.core.commands.keys import create_key, revoke_key
from app.core.commands.recounting import claim_recount, finish_recount
from app.core.events import Reporting
from app.core.refusal import Refusal
from app.core.registry import (
    Bot,
    Change,
    Dashboard,
    HookSecret,
    Instance,
    Key,
    KeyUse,
    Note,
    Person,
    Record,
    Recounting,
    RecountProgress,
    Removed,
    ShortLink,
    State,
    fold_all,
    proposed,
    record_of,
)
from app.ports import Decide

__all__ = ["PLAYS", "STEPS", "Outcome", "Writer", "bot", "is_sound", "play", "said"]


class Outcome(NamedTuple):
    """What a command came to, by the name of the command."""

    command: str
    refusal: Refusal | None


class Writer:
    """One process: knows the log up to `position`, and may wait for what becomes of a change."""

    def __init__(self, name: str, log: list[Record]) -> None:
        self.state = State()
        self.outcomes: list[Outcome] = []
        self.asked = 0
        self._name = name
        self._log = log
        self._position = 0
        self._waiting: tuple[str, Decide, Change, int] | None = None

    @property
    def is_waiting(self) -> bool:
        """Tell whether a command is not answered yet."""
        return self._waiting is not None

    def go(self, command: str, ahead: int) -> None:
        """Learn what became of the last change; without one, read *ahead* records and give *command*."""
        if self._waiting is None:
            self._read(min(self._position + ahead, len(self._log)))
            self._ask(command, PLAYS[command])
        else:
            self.learn()

    def note(self, note: Note) -> None:
        """Write a note."""
        self._log.append(record_of(note))

    def learn(self) -> None:
        """Read on to the own change, and ask again if somebody was faster."""
        assert self._waiting is not None
        command, decide, change, offset = self._waiting
        verdict = self._read(offset + 1)[change.id]
        self._waiting = None
        if verdict is not None:
            self._ask(command, decide)
        else:
            self.outcomes.append(Outcome(command, verdict))

    def _ask(self, command: str, decide: Decide) -> None:
        facts = decide(self.state)
        if isinstance(facts, Refusal) or not facts:
            self.outcomes.append(Outcome(command, facts if isinstance(facts, Refusal) else None))
            return
        self.asked += 1
        change = Change(f"{self._name}-{self.asked}", self.asked, f"person:{self._name}", tuple(facts))
        record = proposed(self.state, change)
        if isinstance(record, Refusal):
            self.outcomes.append(Outcome(command, record))
            return
        self._log.append(record)
        self._waiting = command, decide, change, len(self._log) - 1

    def _read(self, until: int) -> dict[str, Refusal | None]:
        self.state, verdicts = fold_all(self.state, self._log[self._position : until])
        self._position = max(self._position, until)
        return verdicts


def bot(id: str) -> Bot:
    """Return a bot."""
    return Bot(id, id.upper(), "kik", 1)


def said(type: str, *subjects: Any) -> Decide:
    """Return the command that *subjects* are so, whatever there is."""
    return lambda state: [state.fact(type, one) for one in subjects]


def play(
    steps: Iterable[tuple[int, str | Note, int]], commands: int = 3
) -> tuple[list[Record], list[Outcome]]:
    """Let writers give commands, or note, in turn, until each knows what came of it; return the log and the outcomes."""
    log: list[Record] = []
    writers = [Writer(f"w{number}", log) for number in range(commands)]
    for number, command, ahead in steps:
        if isinstance(command, str):
            writers[number].go(command, ahead)
        else:
            writers[number].note(command)
    for _ in range(1 + len(writers)):
        for writer in writers:
            while writer.is_waiting:
                writer.learn()

    return log, [one for writer in writers for one in writer.outcomes]


def is_sound(state: State) -> bool:
    """Tell whether nobody has what another has, nothing is about what is not there, and all can be found."""
    live = [one for one in state.dashboards.values() if one.removed_at is None]
    claims = Counter[object](
        [("email", one.email.casefold()) for one in state.people.values()]
        + [("token", one.token_sha256) for one in state.instances.values()]
        + [("place", one.bot, one.platform) for one in state.instances.values() if one.platform == "kik"]
        + [
            ("place", one.bot, team)
            for one in state.instances.values()
            if (team := one.attributes.get("team_id"))
        ]
        + [("key", one.sha256) for one in state.keys.values()]
        + [("name", one.bot, one.name.casefold()) for one in live]
    )
    owned = [one for table in _owned(state) for one in table.values() if one.bot is not None]
    hooks = {(one.bot, one.platform): (one.sealed,) for one in state.hook_secrets.values() if one.sealed}

    return (
        all(count == 1 for count in claims.values())
        and len(claims) == len(state.taken)
        and all(one.bot in state.bots for one in owned)
        and len(owned) == sum(map(len, state.owned.values()))
        and not {f"bot:{one}" for one in state.bots} & set(state.removed)
        and not {f"person:{one}" for one in state.people} & set(state.removed)
        and not any(f"bot:{one}" in state.removed for who in state.people.values() for one in who.roles)
        and {one.sha256: one for one in state.keys.values()} == state.key_by_hash
        and hooks == state.sealed_by_hook
        and set(state.key_uses) <= set(state.keys)
    )


def _owned(state: State) -> Iterator[dict[str, Any]]:
    yield from (
        state.instances,
        state.keys,
        state.hook_secrets,
        state.dashboards,
        state.short_links,
        state.recounts,
    )


def _dashboard(id: str, name: str, of: str = "b1") -> Dashboard:
    return Dashboard(id, of, name, 1, measure="new_users")


def _edited(table: str, id: str, **changes: Any) -> Decide:
    def decide(state: State) -> Any:
        before = getattr(state, table).get(id)
        if before is None:
            return Refusal("unknown", f"There is no {id}.")
        return [state.fact("changed", msgspec.structs.replace(before, **changes))]

    return decide


def _seen(state: State) -> Recounting:
    """Return what a process that looks now sees of the recount of b1."""
    found = state.bots["b1"].recounting if "b1" in state.bots else None

    return found or Recounting(Reporting("Asia/Tokyo"))


def _deleted(table: str, kind: Any, id: str) -> Decide:
    def decide(state: State) -> Any:
        if id not in getattr(state, table):
            return Refusal("unknown", f"There is no {id}.")
        return [state.fact("deleted", Removed(kind, id, 9))]

    return decide


def _of_team(id: str, digit: str) -> Instance:
    return Instance(id, "b1", "slack", digit * 64, 1, 1, attributes={"team_id": "T"})


_ADA = Person("ada", "a@example.org", "hash", 1, admin=True)
_BOB = Person("bob", "b@example.org", "hash", 1, admin=True)
_CYD = Person("cyd", "C@example.org", "hash", 1, roles={"b1": "viewer"})
_DAN = Person("dan", "c@example.org", "", 1, admin=True)
_EVE = Person("eve", "e@example.org", "hash", 1, roles={"b3": "owner"})

PLAYS: dict[str, Decide] = {
    "create b1": lambda state: create_bot(state, bot("b1"), (Key("k0", "ingest", "0" * 64, 1, "b1"),)),
    "create b1 as another": lambda state: create_bot(state, msgspec.structs.replace(bot("b1"), name="X")),
    "create b2": lambda state: create_bot(state, bot("b2")),
    "rename b1": lambda state: change_bot(state, "b1", {"name": "New"}),
    "other zone of b1": lambda state: change_bot(state, "b1", {"zone": "Europe/Rome"}),
    "count b1": lambda state: claim_recount(state, "b1", _seen(state), "w", 5),
    "show what was counted of b1": lambda state: finish_recount(state, "b1", 1),
    "archive b1": lambda state: archive_bot(state, "b1", 5),
    "delete b1": _deleted("bots", "bot", "b1"),
    "delete b2": _deleted("bots", "bot", "b2"),
    "create d1": lambda state: create_dashboard(state, _dashboard("d1", "Angry")),
    "create d1 as another": lambda state: create_dashboard(state, _dashboard("d1", "Calm")),
    "create d2 of that name": lambda state: create_dashboard(state, _dashboard("d2", "ANGRY")),
    "rename d1": lambda state: change_dashboard(state, "b1", "d1", {"name": "Sad"}),
    "rename d2": lambda state: change_dashboard(state, "b1", "d2", {"name": "SAD"}),
    "remove d1": lambda state: remove_dashboard(state, "b1", "d1", 7),
    "install i1": said("installed", Instance("i1", "b1", "kik", "1" * 64, 1, 1)),
    "install i2 with that token": said("installed", Instance("i2", "b2", "kik", "1" * 64, 1, 1)),
    "install i5 with another token": lambda state: add_instance(
        state, Instance("i5", "b1", "kik", "5" * 64, 1, 1)
    ),
    "install i6 of a team": said("installed", _of_team("i6", "6")),
    "install i7 of that team": said("installed", _of_team("i7", "7")),
    "other team of i6": _edited("instances", "i6", attributes={"team_id": "V"}),
    "other token of i1": _edited("instances", "i1", token_sha256="2" * 64),
    "create k1": lambda state: create_key(state, Key("k1", "read", "a" * 64, 1, "b1")),
    "create k2 with that hash": lambda state: create_key(state, Key("k2", "read", "a" * 64, 1)),
    "revoke k1": lambda state: revoke_key(state, "k1", 8),
    "add h1": lambda state: add_hook_secret(state, HookSecret("h1", "b1", "slack", 1, "sealed")),
    "revoke h1": lambda state: revoke_hook_secret(state, "h1", 8),
    "invite ada": said("invited", _ADA),
    "invite bob": said("invited", _BOB),
    "invite bob with that e-mail": said("invited", msgspec.structs.replace(_BOB, email="A@example.org")),
    "invite cyd": said("invited", _CYD),
    "invite dan with the e-mail of cyd": said("invited", _DAN),
    "demote ada": _edited("people", "ada", admin=False),
    "demote bob": _edited("people", "bob", admin=False),
    "disable bob": _edited("people", "bob", disabled_at=6),
    "promote cyd": _edited("people", "cyd", admin=True),
    "other e-mail of cyd": _edited("people", "cyd", email="a@example.org"),
    "role of cyd in b2": _edited("people", "cyd", roles={"b2": "owner"}),
    "delete ada": _deleted("people", "person", "ada"),
    "delete cyd": _deleted("people", "person", "cyd"),
    "delete dan": _deleted("people", "person", "dan"),
    "create b3 of eve": said("created", bot("b3"), _EVE),
    "create b3": said("created", bot("b3")),
    "invite eve": said("invited", _EVE),
    "rename eve": _edited("people", "eve", name="Eve"),
    "dashboard d3 of b3 and eve": lambda state: said(
        "changed", _dashboard("d3", "Calm", "b3"), *(one for one in state.people.values() if one.id == "eve")
    )(state),
    "install i3 of b3 and eve": lambda state: said(
        "installed",
        Instance("i3", "b3", "kik", "3" * 64, 1, 1),
        *(one for one in state.people.values() if one.id == "eve"),
    )(state),
    "other token of i3": _edited("instances", "i3", token_sha256="4" * 64),
    "install i4 with the first token of i3": said("installed", Instance("i4", "b2", "kik", "3" * 64, 1, 1)),
    "delete b3": _deleted("bots", "bot", "b3"),
}

_NOTES: tuple[Note, ...] = (
    ShortLink("s1", "b1", "ada", "https://example.org/1", 1),
    ShortLink("s1", "b1", "ada", "https://example.org/2", 1),
    ShortLink("s2", "b3", "ada", "https://example.org/", 1),
    KeyUse("k0", 1),
    KeyUse("k0", 2),
    KeyUse("k1", 3),
    RecountProgress("b1", 1, 5, 9, 1),
    RecountProgress("b1", 2, 0, 9, 2),
    RecountProgress("b3", 1, 9, 9, 1),
)

STEPS: st.SearchStrategy[list[tuple[int, str | Note, int]]] = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(sorted(PLAYS)) | st.sampled_from(_NOTES), st.integers(0, 9)),
    max_size=60,
)
"""Who gives which command or note, having read how many records more."""
