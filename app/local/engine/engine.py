"""
The engine of this process: opens sessions with the settings of one query, and kills what runs in them.

A setting lives as long as its session, and some (``readonly``) cannot be taken back.  So a query that brings
settings gets a session of its own, which costs a fraction of a millisecond, and nothing can leak from it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from app.local.engine.failure import Failure
from app.local.engine.session import Session
from app.local.engine.sql import quote

__all__ = ["Engine", "query_params"]

_UNKNOWN_SETTING = 115
_MIB = 1 << 20
_PARAM = "param_"


class Engine:
    """One data directory, opened."""

    def __init__(self, path: Path, max_memory_bytes: int) -> None:
        options = {
            "max_server_memory_usage": max_memory_bytes,
            "mark_cache_size": 64 * _MIB,
            "index_mark_cache_size": 16 * _MIB,
            "primary_index_cache_size": 64 * _MIB,
            "query_condition_cache_size": 16 * _MIB,
        }
        self._source = f"{path}?" + "&".join(f"{name}={value}" for name, value in options.items())
        self._admin = Session(self._source)
        self._admin_lock = threading.Lock()
        [[self.version, self.timezone]] = self._admin.rows("SELECT version(), timezone()")
        self._known = {row[0] for row in self._admin.rows("SELECT name FROM system.settings")}

    def connect(
        self,
        tag: str,
        database: str = "",
        settings: Mapping[str, str] | None = None,
        required: Iterable[str] = (),
        before: Iterable[str] = (),
    ) -> Session:
        """
        Open a session whose queries ``kill(tag)`` ends.

        *before* is run first (the SETs and USEs of a client), then *settings* are set.  Unknown settings are
        skipped unless *required*, as the server does.
        """
        session = Session(self._source)
        try:
            if database:
                session.query(f"USE `{database.replace('`', '``')}`")
            for statement in before:
                session.query(statement)
            session.query(self._assignments(tag, settings or {}, set(required)))
        except Failure:
            session.close()
            raise
        return session

    def kill(self, tag: str) -> None:
        """End the query that runs in the session opened with *tag*, if one does; it fails with code 394."""
        with self._admin_lock:
            self._admin.query(f"KILL QUERY WHERE Settings['log_comment'] = {quote(tag)} ASYNC")

    def close(self) -> None:
        """Close our own session; the engine ends with the process."""
        self._admin.close()

    def _assignments(self, tag: str, settings: Mapping[str, str], required: set[str]) -> str:
        """
        One SET for all, with two of ours.

        The tag travels as log_comment: the engine takes no query id, and keeps no log.  Types must come on one
        line; that cannot be asked for later, in a session that has become readonly.
        """
        wanted = {"log_comment": tag, "print_pretty_type_names": "0"}
        for name, value in settings.items():
            if name not in self._known and name in required and not name.startswith(_PARAM):
                raise Failure(_UNKNOWN_SETTING, f"Unknown setting {quote(name)}. (UNKNOWN_SETTING)")
            if name in self._known:
                wanted.setdefault(name, value)
        return "SET " + ", ".join(f"{name} = {quote(value)}" for name, value in wanted.items())


def query_params(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the values for ``{name:Type}`` that travel among the settings as ``param_name``."""
    return {
        name.removeprefix(_PARAM): value for name, value in settings.items() if re.match(r"param_\w+\Z", name)
    }
