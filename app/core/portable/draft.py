"""Commands carried out one after the other on a state of one's own, as parts of one change to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from app.core.refusal import Refusal
from app.core.registry import Change, Fact, State, fold_all, record_of

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
    """What is to be changed so far (`facts`), the `state` with it, and `notes` on what is left alone."""

    def __init__(self, state: State, shell: Shell) -> None:
        self.before = state
        self.state = state
        self.shell = shell
        self.facts: list[Fact] = []
        self.notes: list[str] = []

    def do(self, outcome: Sequence[Fact] | Refusal, place: str) -> None:
        """Take in what a command answered on `state`; raise Unfit where it refused."""
        if isinstance(outcome, Refusal):
            raise Unfit(outcome, place)
        if not outcome:
            return
        self.state = _after(self.state, outcome, place)
        self.facts += outcome

    def close(self, place: str) -> None:
        """Make sure that all of it is accepted as one change."""
        if self.facts:
            _after(self.before, self.facts, place)


def _after(state: State, facts: Sequence[Fact], place: str) -> State:
    change = Change("draft", 0, "", tuple(facts))
    try:
        folded = fold_all(state, [record_of(change)])
    except msgspec.ValidationError as error:
        raise Unfit(Refusal("unreadable", str(error)), place) from error
    if change.id not in folded.verdicts:
        raise Unfit(Refusal("unreadable", folded.state.lost[-1].message), place)
    verdict = folded.verdicts[change.id]
    if verdict is not None:
        raise Unfit(verdict, place)
    return folded.state
