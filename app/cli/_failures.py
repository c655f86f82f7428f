"""How a failed command speaks: one line on stderr, or one JSON object on stdout for machines."""

from __future__ import annotations

import errno
import json

import click
from pydantic import ValidationError

from app.errors import BotpulseError

__all__ = ["explain", "is_foreseen", "report"]

_UNEXPECTED = "unexpected"

_SYSTEM = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder with --home",
    errno.EACCES: "permission denied; choose a folder you may write to with --home",
    errno.EPERM: "not permitted; choose a folder you may write to with --home",
    errno.EROFS: "the disk is read-only; choose another folder with --home",
}


def report(error: Exception, *, as_json: bool) -> None:
    """Print *error* for whoever asked."""
    known = explain(error)
    if as_json:
        click.echo(json.dumps({"error": {"code": known.code, "message": known.message}}))
    else:
        click.echo(f"botpulse: {known.message}", err=True)


def explain(error: Exception) -> BotpulseError:
    """Say *error* in words: what is wrong and what to do."""
    if isinstance(error, BotpulseError):
        return error
    if isinstance(error, ValidationError):
        return BotpulseError(_settings(error), "settings")
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        return BotpulseError(f"{error.filename or 'write'}: {_SYSTEM[error.errno]}", "system")
    hint = "set BOTPULSE_TRACEBACK=1 to see where"
    return BotpulseError(f"unexpected {type(error).__name__}: {error} ({hint})", _UNEXPECTED)


def is_foreseen(error: Exception) -> bool:
    """Tell whether *error* is a refusal, and no defect."""
    return explain(error).code != _UNEXPECTED


def _settings(error: ValidationError) -> str:
    faults = [f"BOTPULSE_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
    return f"wrong setting: {'; '.join(faults)}"
