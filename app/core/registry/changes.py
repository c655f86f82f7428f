"""
What stands in the topic `registry`: changes of subjects, each a record of its own for ever, and notes.

    change:<id>     what one command did, all of it or nothing (Change)
    import:<bot>:<import id>   link:<id>   key_use:<id>   recount:<bot>      notes, of which compaction keeps the last

A change has a key of its own, since compaction must keep every one: what a subject is follows from all that happened to it,
and so does whether a later change was accepted.
"""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.registry.subjects import (
    Bot,
    Import,
    KeyUse,
    Note,
    Person,
    RecountProgress,
    ShortLink,
    Subject,
    is_zone,
    note_key_of,
)

__all__ = [
    "CHANGE",
    "Change",
    "Entry",
    "Fact",
    "Record",
    "encode_change",
    "encode_note",
    "key_of",
    "read_record",
    "record_of",
]

Record = tuple[bytes, bytes | None]
"""Key and value of a record of `registry`."""

CHANGE: Final = b"change:"


class Fact(msgspec.Struct, frozen=True):
    """What happened to a subject (`bot_renamed`), the subject after it, and its revision with this one."""

    type: str
    subject: Subject
    revision: int


class Change(msgspec.Struct, tag="change", frozen=True, omit_defaults=True):
    """What one command did: when (ms), who (`person:<id>`, `key:<id>`, `cli:<user>`), why if they said, and the facts."""

    id: str
    when: int
    who: str
    facts: tuple[Fact, ...]
    why: str = ""


Entry = Change | ShortLink | Import | KeyUse | RecountProgress
"""What the value of a record can be."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def key_of(change: Change) -> bytes:
    """Return the record key of *change*."""
    return CHANGE + change.id.encode()


def encode_change(change: Change) -> bytes:
    """Write the value of a change's record."""
    return _encoder.encode(change)


def encode_note(note: Note) -> bytes:
    """Write the value of a note's record."""
    return _encoder.encode(note)


def record_of(entry: Entry) -> Record:
    """Return the record that holds *entry*."""
    if isinstance(entry, Change):
        return key_of(entry), encode_change(entry)
    return note_key_of(entry), encode_note(entry)


def read_record(key: bytes, value: bytes) -> Entry:
    """Read a record. Raises ValueError on what this version cannot read, and on what nobody could count by."""
    entry = _decoder.decode(value)
    if isinstance(entry, Change):
        expected = key_of(entry)
        for fact in entry.facts:
            _check(fact.subject)
    else:
        expected = note_key_of(entry)
    if key != expected:
        raise ValueError("the key is that of another record")
    return entry


def _check(subject: Subject) -> None:
    if isinstance(subject, Bot):
        cuts = [subject.reporting, *([subject.recounting.reporting] if subject.recounting else [])]
        if not all(is_zone(cut.zone) and cut.session_gap_s > 0 for cut in cuts):
            raise ValueError("a bot has a time zone of the IANA database and a session gap")
    elif isinstance(subject, Person) and not is_zone(subject.zone):
        raise ValueError("a person has a time zone of the IANA database")
