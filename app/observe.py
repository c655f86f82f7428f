"""
What a process tells its operator: every metric, declared once, and logs that cannot contain a secret.

Labels come from closed sets; never a bot, a user or a key.  Log events are past-tense snake_case words with fields.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Final, cast

import stamina.instrumentation
import structlog
from prometheus_client import Counter, Gauge, Histogram
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = [
    "ACK_SECONDS",
    "AWAY",
    "BUFFERED_BYTES",
    "ENVELOPES",
    "ENVELOPE_ITEMS",
    "EVENTS_ACCEPTED",
    "EVENTS_REJECTED",
    "HOOKS_REFUSED",
    "LINKS_DROPPED",
    "REGISTRY_SKIPPED",
    "REQUESTS",
    "SECRETS_REMOVED",
    "SIGN_INS",
    "set_up_logs",
    "without_secrets",
]

REQUESTS: Final = Counter("botpulse_ingest_requests", "Requests answered by ingest.", ["way", "status"])
EVENTS_ACCEPTED: Final = Counter(
    "botpulse_ingest_events_accepted", "Items acknowledged by the broker.", ["way"]
)
EVENTS_REJECTED: Final = Counter("botpulse_ingest_events_rejected", "Items refused.", ["way", "reason"])
SECRETS_REMOVED: Final = Counter("botpulse_ingest_secrets_removed", "Third-party secrets cut out.", ["way"])
HOOKS_REFUSED: Final = Counter(
    "botpulse_hooks_refused", "Webhook requests that are not known to be genuine.", ["platform", "reason"]
)
LINKS_DROPPED: Final = Counter("botpulse_links_dropped", "Links that other web processes were not told.")
ENVELOPES: Final = Counter("botpulse_edge_envelopes", "Records sent to raw-events.", ["result"])
ENVELOPE_ITEMS: Final = Histogram(
    "botpulse_edge_envelope_items", "Items of one record.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
ACK_SECONDS: Final = Histogram(
    "botpulse_edge_ack_seconds",
    "From sending a record to its acknowledgement.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 10),
)
BUFFERED_BYTES: Final = Gauge("botpulse_edge_buffered_bytes", "Bytes waiting for the broker.")
AWAY: Final = Gauge("botpulse_edge_away", "1 while the broker does not answer.")
REGISTRY_SKIPPED: Final = Gauge(
    "botpulse_registry_skipped_facts", "Facts of the registry that cannot be read."
)
SIGN_INS: Final = Counter("botpulse_sign_ins", "Attempts to sign in.", ["result"])

_HIDDEN: Final = "[hidden]"
_SECRET_NAMES: Final = re.compile(
    r"(?i)authorization|api_?key|ingest_key|read_key|password|passwd|secret|token|cookie|signature"
)
_SECRET_TEXTS: Final = re.compile(
    r"bp(?:ingest|read|admin)[0-9A-Za-z]{8,}"
    r"|(?i:(?P<head>(?:api_?key|access_token|token|password|secret)[\"']?\s*[=:]\s*[\"']?|bearer\s+|basic\s+))"
    r"[^\s&\"',;]+"
)


def set_up_logs(log_format: str, level: int = logging.INFO) -> None:
    """Send all logs of this process, those of libraries included, to stderr in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format, shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Both repeat every failed try, several a second while a broker is away; we say it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    stamina.instrumentation.set_on_retry_hooks([])
    logging.getLogger("aiohttp.server").addFilter(_is_ours)


def without_secrets(_logger: WrappedLogger | None, _method: str, event: EventDict) -> EventDict:
    """Hide whatever is called like a secret or looks like one, at any depth."""
    return cast("EventDict", _clean(event))


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a record of the HTTP server is more than somebody's broken request, which has its answer."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__module__ != "aiohttp.http_exceptions"


def _formatter(log_format: str, shared: list[Processor]) -> logging.Formatter:
    last: list[Processor] = (
        [structlog.processors.JSONRenderer(default=str)]
        if log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            without_secrets,
            *last,
        ],
    )


def _clean(value: object, name: str = "") -> object:
    if name and _SECRET_NAMES.search(name):
        return _HIDDEN
    if isinstance(value, Mapping):
        return {key: _clean(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return _SECRET_TEXTS.sub(lambda found: (found["head"] or "") + _HIDDEN, text)
