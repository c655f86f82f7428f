"""
One client of the native TCP protocol, from its greeting to its leaving.

A client's own session keeps its SETs, its USE and its temporary tables.  A query that brings settings runs in
a session of its own, which knows the SETs and the USE but not the temporary tables.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from app.local.engine import blocks
from app.local.engine.engine import query_params
from app.local.engine.failure import Failure
from app.local.engine.packets import REVISION, Block, FromClient, Packets, Query
from app.local.engine.sql import Insert, changes_session, is_select, parse_insert
from app.local.engine.wire import ProtocolError

if TYPE_CHECKING:
    from app.local.engine.server import Job, Server
    from app.local.engine.session import Session

__all__ = ["NativeClient"]

_HELLO_TIMEOUT_S = 10
_SEND_TIMEOUT_S = 300
_CLIENT_TOO_OLD, _NO_SPACE, _TOO_MUCH = 3, 243, 396


class NativeClient:
    """A connection; ``serve`` is the whole of its life, in a thread of its own."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self._server = server
        self._engine = server.engine
        self._sock = sock
        self._packets = Packets(sock)
        self._tag = f"tcp-{uuid.uuid4().hex}"
        self._database = ""
        self._before: list[str] = []

    def serve(self) -> None:
        """Greet, then answer queries and pings until the client leaves, errs or the server stops."""
        self._sock.settimeout(_HELLO_TIMEOUT_S)
        session = self._greet()
        try:
            # An idle client may stay for ever; one that stops reading its answer may not.
            self._sock.settimeout(None)
            self._sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_TIMEOUT_S, 0)
            )
            while self._answer_packet(session):
                pass
        finally:
            session.close()

    def _greet(self) -> Session:
        if self._packets.read_kind() != FromClient.HELLO:
            msg = "no greeting"
            raise ProtocolError(msg)
        greeting = self._packets.read_greeting()
        self._database = greeting.database
        try:
            if greeting.revision < REVISION:
                raise Failure(
                    _CLIENT_TOO_OLD, f"The client is too old: it must speak revision {REVISION} or newer"
                )
            self._server.authenticate(greeting.user, greeting.password)
            session = self._engine.connect(self._tag, greeting.database)
        except Failure as failure:
            self._packets.send_failure(failure)
            msg = f"refused with code {failure.code}"
            raise ProtocolError(msg) from failure
        self._packets.send_hello(self._engine.version, self._engine.timezone)
        return session

    def _answer_packet(self, session: Session) -> bool:
        kind = self._packets.read_kind()
        if self._server.is_stopping:
            return False
        match kind:
            case FromClient.PING:
                self._packets.send_pong()
            case FromClient.QUERY:
                self._answer_query(session)
            case FromClient.CANCEL:
                pass  # it came after its query had ended
            case _:
                msg = f"unexpected packet {kind}"
                raise ProtocolError(msg)
        return True

    def _answer_query(self, session: Session) -> None:
        with self._server.job(self._tag, self._sock) as job:
            query = self._packets.read_query()
            external = list(self._packets.read_blocks())
            try:
                self._run(job, session, query, external)
            except Failure as failure:
                if not job.is_cancelled:
                    self._packets.send_failure(failure)
                    return
            self._packets.send_end()

    def _run(self, job: Job, session: Session, query: Query, external: list[Block]) -> None:
        session.check(query.sql)
        with self._session_for(session, query, external) as own, job.in_engine():
            if changes_session(query.sql):
                self._change(session, own, query.sql)
                return
            self._load_external(own, external)
            insert = parse_insert(query.sql)
            if insert:
                self._insert(job, own, insert)
            elif is_select(query.sql):
                self._select(job, own, query)
            else:
                self._execute(own, query)

    def _change(self, session: Session, own: Session, sql: str) -> None:
        """Run a SET or USE where it is to last, if the query's own settings (readonly) allow it at all."""
        own.query(sql)
        if own is not session:
            session.query(sql)
        self._before = [*(earlier for earlier in self._before if earlier != sql), sql]

    @contextmanager
    def _session_for(self, session: Session, query: Query, external: list[Block]) -> Iterator[Session]:
        if not query.settings and not external:
            yield session
            return
        own = self._engine.connect(self._tag, self._database, query.settings, query.required, self._before)
        try:
            yield own
        finally:
            own.close()

    def _load_external(self, session: Session, external: list[Block]) -> None:
        for block in external:
            columns = ", ".join(f"`{name}` {kind}" for name, kind in block.columns)
            session.query(f"CREATE TEMPORARY TABLE IF NOT EXISTS `{block.table}` ({columns}) ENGINE = Memory")
            with self._rows_file() as data:
                data.write(block.native)
                session.insert(f"`{block.table}`", "Native", data)

    def _execute(self, session: Session, query: Query) -> None:
        """DDL, SHOW, EXPLAIN, INSERT ... SELECT: the engine does not stream these."""
        sql = session.without_format(query.sql)
        answer = session.query(sql, params=query_params(query.settings)).bytes()
        for number, (columns, block) in enumerate(blocks.split_blocks(answer)):
            if not number:
                self._packets.send_header(columns)
            self._packets.send_block(block)

    def _select(self, job: Job, session: Session, query: Query) -> None:
        """A header first: clients take the columns' types from it alone."""
        sql, params = session.without_format(query.sql), query_params(query.settings)
        columns = session.describe(sql, params)
        self._packets.send_header(columns)
        limit_bytes = int(query.settings.get("max_result_bytes", 0))
        total = count = size_bytes = 0
        for block, rows in session.stream(sql, params):
            if job.is_cancelled:
                return
            total, count, size_bytes = total + rows, count + 1, size_bytes + len(block)
            if 0 < limit_bytes < size_bytes:
                raise Failure(_TOO_MUCH, f"Limit for result exceeded, max bytes: {limit_bytes}.")
            self._packets.send_block(blocks.restore_zones(block, columns))
        self._packets.send_profile(total, count, size_bytes)
        self._packets.send_progress(total, size_bytes)

    def _insert(self, job: Job, session: Session, insert: Insert) -> None:
        """Only once all blocks have come is anything written; a client that leaves before leaves nothing."""
        self._packets.send_header(session.insert_columns(insert.table, insert.columns))
        with job.out_of_engine(), self._rows_file() as data:
            if self._receive_rows(data):
                written = session.insert(insert.target, "Native", data, insert.settings)
                self._packets.send_progress(written_rows=written)

    def _receive_rows(self, data: IO[bytes]) -> int:
        """Keep what comes, to the end even when it cannot be kept: the client listens only then."""
        rows, problem = 0, None
        for block in self._packets.read_blocks():
            rows += block.rows
            try:
                data.write(block.native)
            except OSError as error:
                problem = error
        if problem:
            raise Failure(_NO_SPACE, f"Cannot keep the rows of an INSERT: {problem}") from problem
        return rows

    def _rows_file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._server.scratch)
