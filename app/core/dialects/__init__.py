"""
The ways in. To add one: a file here that ends in a `Dialect`, and an entry below.

Keyed by what `Delivery.way` says.
"""

from __future__ import annotations

from typing import Final

from app.core.dialects.dashbot import DASHBOT
from app.core.dialects.dialect import Dialect
from app.core.dialects.native import NATIVE

__all__ = ["DIALECTS", "Dialect"]

DIALECTS: Final[dict[str, Dialect]] = {"native": NATIVE, "dashbot": DASHBOT}
