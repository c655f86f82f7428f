"""
How a stage ends when something happens that it has no answer to: at once, without acknowledging anything.

What was not acknowledged is read again by the next start, so stopping loses nothing, while going on might.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

import structlog

__all__ = ["CRASHED", "fatal"]

CRASHED = 70
"""Exit code of a stage that ended itself."""

_log = structlog.get_logger(__name__)


def fatal(what: str, error: BaseException) -> NoReturn:
    """Say what failed and end the process; the supervisor starts it again."""
    _log.critical("stage_crashed", what=what, exc_info=error)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(CRASHED)
