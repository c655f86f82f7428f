r"""
Cuts the text form of a rule into words, quoted texts and signs.

In quotes only `\"` and `\\` are escapes, so that patterns need hardly any.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from app.core.rules.language import Fault

__all__ = ["Token", "Unexpected", "expected", "tokens_of", "unquoted"]

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<word>(?:user_)?attributes\."(?:[^"\\]|\\.)*" | [^\s()",=!<>~'][^\s()",=!<>~]*)
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<sign>!=|<=|>=|[=<>~(),])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r'\\([\\"])')


class Token(NamedTuple):
    """A piece of the text: of what kind (`word`, `quoted`, `sign` or `end`), what it says, and where it begins."""

    kind: str
    text: str
    at: int

    def says(self, word: str) -> bool:
        """Tell whether this is *word*, not in quotes."""
        return self.kind != "quoted" and self.text.lower() == word


class Unexpected(Exception):  # noqa: N818
    """The text goes on otherwise than a rule can."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def expected(what: str, found: Token) -> Unexpected:
    """Return the exception that says what was expected in the place of *found*."""
    there = f"`{found.text[:20]}`" if found.text else "the end"

    return Unexpected(Fault(f"Character {found.at + 1}: expected {what}; found {there}.", at=found.at))


def tokens_of(text: str) -> list[Token]:
    """Return the pieces of *text*, the end as the last. Raises Unexpected."""
    tokens: list[Token] = []
    end = 0
    while not tokens or tokens[-1].kind != "end":
        found = _TOKEN.match(text, end)
        if found is None:
            rest = text[end:].lstrip()
            what = "a closing quote" if rest.startswith('"') else "a word, a sign or double quotes"
            raise expected(what, Token("", rest, len(text) - len(rest)))
        kind = found.lastgroup or "end"
        tokens.append(Token(kind, found[kind], found.start(kind)))
        end = found.end()

    return tokens


def unquoted(text: str) -> str:
    """Return what stands between the quotes of *text*."""
    return _ESCAPE.sub(r"\1", text[1:-1])
