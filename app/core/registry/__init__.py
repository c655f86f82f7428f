"""
What bots, installs, keys, people, webhook secrets, dashboards and alerts there are: a fold over the topic `registry`.

    subjects    what there is, with its fields            changes     what happened, as records of the topic
    state       everything there is now, by id            folding     records -> state
    judging     who wins when two want the same           history     how a subject came to be what it is
    forgetting  what may leave the log after a deletion

Who may do what is decided in app/core/commands, by functions of the state.
"""

from __future__ import annotations

from app.core.registry.changes import Change, Entry, Fact, Record, encode_change, encode_note, record_of
from app.core.registry.folding import Folded, fold, fold_all
from app.core.registry.forgetting import forgettable
from app.core.registry.history import Past, history
from app.core.registry.judging import proposed
from app.core.registry.state import Lost, State, hook_of
from app.core.registry.subjects import (
    Alert,
    Bot,
    Channel,
    Condition,
    Dashboard,
    HookSecret,
    Import,
    Instance,
    InstanceState,
    Key,
    KeyUse,
    Note,
    Person,
    Recounting,
    RecountProgress,
    Removed,
    Role,
    Scope,
    ShortLink,
    Subject,
    email_key,
    is_zone,
    kind_of,
    note_key_of,
    zones,
)

__all__ = [
    "Alert",
    "Bot",
    "Change",
    "Channel",
    "Condition",
    "Dashboard",
    "Entry",
    "Fact",
    "Folded",
    "HookSecret",
    "Import",
    "Instance",
    "InstanceState",
    "Key",
    "KeyUse",
    "Lost",
    "Note",
    "Past",
    "Person",
    "Record",
    "RecountProgress",
    "Recounting",
    "Removed",
    "Role",
    "Scope",
    "ShortLink",
    "State",
    "Subject",
    "email_key",
    "encode_change",
    "encode_note",
    "fold",
    "fold_all",
    "forgettable",
    "history",
    "hook_of",
    "is_zone",
    "kind_of",
    "note_key_of",
    "proposed",
    "record_of",
    "zones",
]
