"""Ask the web process whether every stage is ready; it hears from all of them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

__all__ = ["obstacles"]

TIMEOUT_S = 5


def obstacles(url: str) -> str:
    """Return why the system at *url* is not ready yet, in the words of /readyz; empty when it is."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=TIMEOUT_S):  # noqa: S310  # our own address
            return ""
    except urllib.error.HTTPError as error:
        return _reasons(error.read()) or f"{url}/readyz answers {error.code}"
    except OSError:
        return f"{url} does not answer, see logs/web.log"


def _reasons(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    reasons = answer.get("reasons") or answer.get("error", {}).get("message", "")
    return reasons if isinstance(reasons, str) else "; ".join(map(str, reasons))
