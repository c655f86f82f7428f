"""Whether a text is an e-mail address, by the rules and not by a pattern; nothing is asked of the network."""

from __future__ import annotations

from typing import Final

import email_validator
from email_validator import EmailNotValidError, validate_email

from app.core.refusal import Refusal

__all__ = ["email_address"]

_OWN_NETWORKS: Final = frozenset({"local", "localhost", "test"})

# Inside a company's own network these are addresses like any other.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in _OWN_NETWORKS
]


def email_address(text: str) -> str | Refusal:
    """Return *text* in its usual form, or why it is no address."""
    try:
        return validate_email(
            text.strip(), check_deliverability=False, globally_deliverable=False, strict=True
        ).normalized
    except EmailNotValidError as error:
        return Refusal("bad_email", f"This is no e-mail address: {error}", "email")
