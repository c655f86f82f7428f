"""
Start the embedded ClickHouse: ``python -m app.local.engine --path DIR [--tcp-port N] [--http-port N] ...``.

Prints one line of JSON when it is ready.  What stops it from starting is one sentence on stderr and exit code 1.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import IO, Any

from chdb import _chdb

from app.errors import BotpulseError
from app.local.engine.engine import Engine
from app.local.engine.failure import Failure
from app.local.engine.http import HttpServer
from app.local.engine.server import Server

_DEFAULT_MEMORY_BYTES = 2 << 30


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    arguments = _parse()
    logging.basicConfig(
        level=arguments.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    try:
        path, lock = _take(arguments.path)
        with lock:
            _serve(path, arguments)
    except BotpulseError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m app.local.engine", description="The embedded ClickHouse."
    )
    parser.add_argument("--path", type=Path, required=True, help="data directory; made if it is missing")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--tcp-port", type=int, default=0, help="native protocol; 0 takes a free port")
    parser.add_argument("--http-port", type=int, default=0, help="HTTP interface; 0 takes a free port")
    parser.add_argument("--password-file", type=Path, help="password of the user default; without it, none")
    parser.add_argument("--max-memory-bytes", type=int, default=_DEFAULT_MEMORY_BYTES)
    parser.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    return parser.parse_args()


def _take(path: Path) -> tuple[Path, IO[str]]:
    """Make the directory and lock it for as long as the returned file is open, or the process lives."""
    path = path.absolute()
    if {"?", "&", "%"} & set(str(path)):
        raise BotpulseError(f"The engine cannot use {path}: choose a path without '?', '&' and '%'.")
    try:
        (path / "tmp").mkdir(parents=True, exist_ok=True)
        lock = (path / "engine.lock").open("a")
    except OSError as error:
        raise BotpulseError(f"Cannot write to {path}: {error.strerror}. Choose another --path.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise BotpulseError(
            f"{path} is in use by another engine. Stop that one, or choose another --path."
        ) from error
    return path, lock


def _serve(path: Path, arguments: argparse.Namespace) -> None:
    password = _read_password(arguments.password_file)
    tcp = _listen(socket.create_server, arguments.host, arguments.tcp_port)
    http = _listen(HttpServer, arguments.host, arguments.http_port)
    engine = _open(path, arguments.max_memory_bytes)
    server = Server(engine, tcp, http, password, path / "tmp")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    ready = {
        "ready": True,
        "tcp_port": tcp.getsockname()[1],
        "http_port": http.server_port,
        "version": engine.version,
    }
    sys.stdout.write(f"{json.dumps(ready)}\n")
    sys.stdout.flush()
    server.serve()


def _read_password(path: Path | None) -> str:
    try:
        return path.read_text().strip() if path else ""
    except OSError as error:
        raise BotpulseError(f"Cannot read the password file {path}: {error.strerror}.") from error


def _listen(make: Any, host: str, port: int) -> Any:
    try:
        return make((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BotpulseError(
            f"Cannot listen on {host}:{port}: {reason}. Choose another port; 0 takes a free one."
        ) from error


def _open(path: Path, max_memory_bytes: int) -> Engine:
    native: Any = _chdb
    native.set_signal_handlers_enabled(
        0
    )  # the engine's own would end the process without waiting for queries
    try:
        return Engine(path, max_memory_bytes)
    except Failure as failure:
        raise BotpulseError(
            f"The engine cannot open {path}; its own words are above. {failure.text}"
        ) from failure


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of clients may still wait for a packet, and the engine's for work
