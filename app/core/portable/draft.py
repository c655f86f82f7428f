"""Commands carried out one after the other on a state of one's own, as parts of one change to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.core.refusal import Refusal
from app.core.registry import Change, Fact, State
from app.core.registry.changes import encode_change, key_of, read_record
from app.core.registry.folding import Folder
from app.core.registry.judging import first_fault

__all__ = ["Draft", "Shell", "Unfit"]


class Shell(NamedTuple):
    """
    What a plan needs from outside, the same however often it is made.

    `when` is the time of what is new; `new_id` makes ids; `sealed_for` a sealed secret for a webhook of an alert, by the
    alert's id and the address.  `prune` removes what the file does not name.
    """

    when: int
    new_id: Callable[[str], str]
    sealed_for: Callable[[str, str], str]
    prune: bool = False


class Unfit(Exception):  # noqa: N818 carried to whoever plans
    """Something of the file is refused; the refusal's `field` is the place."""

    def __init__(self, refusal: Refusal, place: str) -> None:
        super().__init__(refusal.message)
        field = ".".join(filter(None, (place, refusal.field)))
        self.refusal = Refusal(refusal.code, f"{place}: {refusal.message}", field)


class Draft:
    """
    What is to be changed so far (`facts`), the `state` with it, and `notes` on what is left alone.

    Only the whole is judged: names may be swapped, and who administers may change.
    """

    def __init__(self, state: State, shell: Shell) -> None:
        self.before = state
        self.state = state
        self.shell = shell
        self.facts: list[Fact] = []
        self.notes: list[str] = []
        self._places: list[str] = []

    def do(self, outcome: Sequence[Fact] | Refusal, place: str) -> None:
        """Take in what a command answered on `state`; raise Unfit where it refused."""
        if isinstance(outcome, Refusal):
            raise Unfit(outcome, place)
        if not outcome:
            return
        _be_readable(outcome, place)
        folder = Folder(self.state)
        folder.put(outcome, self.shell.when)
        self.state = folder.state
        self.facts += outcome
        self._places += [place] * len(outcome)

    def close(self, place: str) -> None:
        """Make sure that all of it is accepted as one change."""
        if not self.facts:
            return
        _be_readable(self.facts, place)
        found = first_fault(self.before, Change("draft", 0, "", tuple(self.facts)))
        if found is not None:
            number, fault = found
            raise Unfit(fault, place if number is None else self._places[number])


def _be_readable(facts: Sequence[Fact], place: str) -> None:
    change = Change("draft", 0, "", tuple(facts))
    try:
        read_record(key_of(change), encode_change(change))
    except (ValueError, OverflowError, RecursionError) as error:
        raise Unfit(Refusal("unreadable", str(error)), place) from error
