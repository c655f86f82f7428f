"""
Every setting, once: name, default, meaning.  Environment only (`BOTPULSE_*`); command-line flags set the same fields.

Read at the start of a process into one frozen object that is handed down; nothing else looks at the environment.
Secrets come as files (`*_file`), so that they appear in no process list and no log.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.networks import networks_of

__all__ = ["KIB", "MIB", "Settings"]

KIB = 1024
MIB = 1024 * KIB


class Settings(BaseSettings):
    """What can be chosen. One prefix, one place; `docs/settings.md` is generated from here."""

    model_config = SettingsConfigDict(env_prefix="BOTPULSE_", frozen=True, extra="ignore")

    # -- where
    home: Path = Field(
        Path(".botpulse"), description="Folder of all local state: broker, engine, logs, run.json."
    )
    host: str = Field("127.0.0.1", description="Address the web process listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port of the web process; 0 takes a free one.")
    public_url: str = Field(
        "", description="Address under which people reach the web process, if not host and port."
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of reverse proxies, separated by commas, whose X-Forwarded-For is believed; "
        "behind one that is not named, everybody shares the limit on sign-ins of its address.",
    )

    cache: Path = Field(
        Path("~/.cache/botpulse"), description="Folder of downloaded parts, shared by all homes."
    )
    maven_url: str = Field(
        "", description="Maven repository the local broker comes from; empty is Maven Central."
    )
    workers: int = Field(
        1, ge=1, le=64, description="Processes of normalise and of track that `up` starts, each."
    )
    demo: bool = Field(True, description="Whether `up` starts the demo bot.")

    # -- the outside parts
    kafka: str = Field(
        "", description="Bootstrap servers, host:port[,host:port]; empty starts a local broker."
    )
    clickhouse: str = Field(
        "", description="clickhouse://user@host:9000/database; empty starts the embedded engine."
    )
    clickhouse_password_file: Path | None = Field(None, description="File holding the ClickHouse password.")
    secret_file: Path | None = Field(None, description="File holding the key that signs page sessions.")
    seal_key_file: Path | None = Field(
        None,
        description="File holding the key that seals webhook secrets, one key a line: the first seals, all open.",
    )

    # -- topics
    partitions: int = Field(
        4, ge=1, le=1000, description="Partitions of raw-events and bot-events when created."
    )
    replication: int = Field(1, ge=1, description="Replication factor of topics when created.")
    raw_retention_days: int = Field(90, ge=1, description="How long raw-events keeps the source of truth.")
    raw_retention_bytes: int = Field(
        -1, description="Most bytes of raw-events per partition; -1 for no limit."
    )

    # -- ingest
    max_event_bytes: int = Field(MIB, ge=1 * KIB, description="Largest single event.")
    max_request_bytes: int = Field(
        8 * MIB, ge=1 * KIB, description="Largest request body, after decompression."
    )
    max_buffer_bytes: int = Field(
        64 * MIB, ge=1 * MIB, description="Most bytes waiting for the broker before 503."
    )
    ingest_linger_ms: int = Field(5, ge=0, le=1000, description="How long a micro-batch waits for company.")
    ingest_timeout_s: float = Field(
        10, gt=0, description="How long a request waits for the broker before 503."
    )
    ingest_rate: int = Field(
        0,
        ge=0,
        description="Most events a second of one bot through one web process before 429, ten times that at once "
        "after a silence; 0 for no limit.",
    )

    # -- Rasa's event broker
    rasa_topic: str = Field("", description="Topic of a Rasa event broker whose events are taken in.")
    rasa_bot: str = Field("", description="Bot that they are for.")
    rasa_kafka: str = Field("", description="Bootstrap servers of that topic, if they are not our own.")

    # -- track
    flush_interval_ms: int = Field(
        100, ge=1, le=10_000, description="How long track gathers changes before writing."
    )

    # -- store
    store_batch_rows: int = Field(50_000, ge=1, description="Most rows of one insert.")
    store_interval_ms: int = Field(500, ge=1, description="Longest wait before rows are inserted.")
    event_retention_days: int = Field(
        1825, ge=1, description="Time after receipt at which events are removed from ClickHouse."
    )
    minute_retention_days: int = Field(30, ge=2, description="Age at which minute counters are removed.")
    disk_budget_bytes: int = Field(20 * 1024 * MIB, ge=64 * MIB, description="Most disk for ClickHouse data.")

    # -- reading
    sql_timeout_s: float = Field(20, gt=0, description="Time limit of an analyst's query.")
    sql_memory_bytes: int = Field(1024 * MIB, ge=MIB, description="Memory limit of an analyst's query.")
    sql_rows: int = Field(100_000, ge=1, description="Most rows an analyst's query returns.")
    sql_bytes: int = Field(
        32 * MIB, ge=KIB, description="Largest answer to an analyst's query; a larger one is refused."
    )

    # -- the first account
    admin_email: str = Field("admin@localhost", description="Sign-in name of the first administrator.")
    admin_password: SecretStr | None = Field(
        None, description="Its password; empty makes one and shows it once."
    )

    # -- mail
    smtp: SecretStr | None = Field(
        None,
        description="Mail server, smtp://user:password@host:587 or smtps://...:465; without one no mail is sent, and "
        "links of invitations are shown on the page.",
    )
    mail_from: str = Field("botpulse@localhost", description="Sender of mails.")

    # -- webhooks of alerts
    webhook_networks: str = Field(
        "",
        description="Networks besides public ones that webhooks of alerts may be sent to: 127.0.0.0/8,10.1.0.0/16.",
    )

    @field_validator("trusted_proxies", "webhook_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        networks_of(text)
        return text

    @field_validator("clickhouse")
    @classmethod
    def _is_address(cls, text: str) -> str:
        parts = urlsplit(text)
        if text and not (parts.scheme in ("clickhouse", "clickhouses") and parts.hostname):
            raise ValueError("write it as clickhouse://user@host:9000/database")
        _ = parts.port  # which refuses what is no port
        return text

    log_format: str = Field(
        "console", pattern="^(console|json)$", description="console for people, json for collectors."
    )
    traceback: bool = Field(
        False, description="Show where a command failed, for developers and in worker logs."
    )
