"""Tells a registry what there is, without a command: for tests that need a bot, a key, a person to be there."""

from __future__ import annotations

from app.core.registry import Change, Note, Record, State, Subject, fold_all, record_of
from app.ports import Decide, Registry

__all__ = ["records_of", "saying", "tell", "told"]


def saying(*subjects: Subject) -> Decide:
    """Return the command that all of *subjects* are as they are, in one change."""
    return lambda state: [state.fact("told", one) for one in subjects]


async def tell(registry: Registry, *all_told: Subject | Note) -> None:
    """Let *registry* know that each of *all_told* is as it is, one after the other."""
    for one in all_told:
        if isinstance(one, Note):
            await registry.note(one)
        else:
            await registry.change(saying(one), "test")


def told(*all_told: Subject | Note) -> State:
    """Return what a registry says that was told *all_told*."""
    return fold_all(State(), records_of(*all_told)).state


def records_of(*all_told: Subject | Note) -> list[Record]:
    """Return the records of a registry that was told *all_told*."""
    state, records = State(), list[Record]()
    for number, one in enumerate(all_told):
        entry = (
            one if isinstance(one, Note) else Change(f"t{number}", number, "test", (state.fact("told", one),))
        )
        records.append(record_of(entry))
        state = fold_all(state, records[-1:]).state

    return records
