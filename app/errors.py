"""
The errors a person is meant to read: what is wrong, and what to do about it.

Raise these where the cause is known.  The command line shows the message as one line and exits with 1; anything else that
escapes is a defect.
"""

from __future__ import annotations

__all__ = ["BotpulseError"]


class BotpulseError(Exception):
    """Something the reader can put right; the message says how. *code* is for machines."""

    def __init__(self, message: str, code: str = "failed") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
