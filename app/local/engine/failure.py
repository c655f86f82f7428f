"""An error as ClickHouse clients expect it: a numeric code and a text."""

from __future__ import annotations

import re

__all__ = ["Failure"]

_CODED = re.compile(r"Code: (\d+)\. (.*)", re.DOTALL)
_STD_EXCEPTION = 1001


class Failure(Exception):
    """What a client is told went wrong; *code* is one of ClickHouse's error codes."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text if text.startswith("DB::") else f"DB::Exception: {text}"

    @classmethod
    def of(cls, message: str) -> Failure:
        """Read the code out of the engine's message: what it raises has no other sign of it."""
        coded = _CODED.search(message)
        return cls(int(coded[1]), coded[2]) if coded else cls(_STD_EXCEPTION, message)
