"""Why something is not done, said once for every shell."""

from __future__ import annotations

import msgspec

__all__ = ["Refusal"]


class Refusal(msgspec.Struct, frozen=True):
    """Why something is not done, for machines (`code`, and the `field` at fault) and people (`message`)."""

    code: str
    message: str
    field: str = ""
