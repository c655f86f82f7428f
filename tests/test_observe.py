"""Logs cannot contain a secret, whoever writes them and wherever it stands."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from prometheus_client import REGISTRY

from app.core.api_keys import key_text
from app.observe import without_secrets

KEY = key_text("ingest", 12345)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"authorization": KEY}, id="named like one"),
        pytest.param({"headers": {"Cookie": "x=" + KEY}}, id="named like one, inside"),
        pytest.param({"event": f"answered {KEY}"}, id="a key in a text"),
        pytest.param({"path": "/track?apiKey=other-secret&type=incoming"}, id="a query"),
        pytest.param({"error": ValueError(f"bad {KEY}")}, id="inside an exception"),
        pytest.param({"body": f'{{"access_token": "{KEY}"}}'.encode()}, id="in bytes"),
        pytest.param({"list": [[f"Bearer {KEY}"]]}, id="in a list"),
        pytest.param({"header": "Basic other-secret"}, id="basic"),
        pytest.param({"url": "x?access_token=other-secret"}, id="somebody else's token"),
    ],
)
def test_secrets_are_hidden(fields: dict[str, object]) -> None:
    """Nothing that is called like a secret or looks like one is left."""
    clean = str(without_secrets(None, "info", {"event": "happened", **fields}))

    assert KEY not in clean
    assert "other-secret" not in clean


def test_the_rest_stays() -> None:
    """Ordinary fields are what they were."""
    fields = {
        "event": "batch_inserted",
        "rows": 5,
        "share": 0.5,
        "last": None,
        "name": "monkey",
        "items": ["a"],
    }

    assert fields == without_secrets(None, "info", dict(fields))


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_every_log_goes_through_it(log_format: str) -> None:
    """Our logs, those of libraries and tracebacks come out in one format without the secret."""
    program = (
        "import logging, structlog; from app.observe import set_up_logs\n"
        f"set_up_logs({log_format!r})\n"
        f"structlog.get_logger('x').info('ours', detail='apiKey={KEY}')\n"
        f"logging.getLogger('y').warning('theirs {KEY}')\n"
        "try: raise ValueError('" + KEY + "')\n"
        "except ValueError: logging.getLogger('z').exception('failed')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert KEY not in done.stderr
    assert [] == [word for word in ("ours", "theirs", "failed", "ValueError") if word not in done.stderr]
    if log_format == "json":
        assert [json.loads(line)["level"] for line in done.stderr.splitlines()] == [
            "info",
            "warning",
            "error",
        ]


def test_broken_requests_are_not_logged() -> None:
    """A client's garbage has its answer and no traceback of ours."""
    program = (
        "import logging; from app.observe import set_up_logs; from aiohttp.http_exceptions import BadStatusLine\n"
        "set_up_logs('json')\n"
        "for error in (BadStatusLine('x'), ValueError('ours')):\n"
        "  logging.getLogger('aiohttp.server').error('bad', exc_info=error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert 1 == len(done.stderr.splitlines())
    assert "ours" in done.stderr


def test_no_metric_has_a_label_for_bots_users_or_keys() -> None:
    """Labels are from closed sets, so that metrics stay few and private."""
    labels = {name for metric in REGISTRY.collect() for sample in metric.samples for name in sample.labels}
    assert set() == labels & {"bot", "user", "key", "email"}
