"""A database of one's own, with all tables, on the shared engine."""

from __future__ import annotations

import uuid
from typing import Any

from app.adapters.migrations import migrate
from app.config import Settings
from tests.engine import KEPT, EngineServer

__all__ = ["empty_database", "fresh_database", "kept_database", "on_engine"]


def fresh_database(engine: EngineServer, **chosen: Any) -> Settings:
    """Return settings that name a new, migrated database."""
    settings = empty_database(engine, **chosen)
    migrate(settings)

    return settings


def empty_database(engine: EngineServer, **chosen: Any) -> Settings:
    """Return settings that name a database nobody has created yet."""
    return on_engine(engine, f"db_{uuid.uuid4().hex[:12]}", **chosen)


def kept_database(engine: EngineServer, **chosen: Any) -> Settings:
    """Return settings that name a new, migrated database which stays when its module is done."""
    settings = on_engine(engine, f"{KEPT}{uuid.uuid4().hex[:12]}", **chosen)
    migrate(settings)

    return settings


def on_engine(engine: EngineServer, database: str, **chosen: Any) -> Settings:
    """Return settings that name *database* on *engine*."""
    return Settings(
        clickhouse=f"clickhouse://default@127.0.0.1:{engine.tcp_port}/{database}",
        clickhouse_password_file=engine.folder.with_name(f"{engine.folder.name}.password"),
        **chosen,
    )
